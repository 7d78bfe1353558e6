"""The rule engines that ours is measured against: the same rules in each one's own language, the same answers."""

from rx_review.bench.peers.compiled import EXPRESSION, NAMES, compile_peers

__all__ = ["EXPRESSION", "NAMES", "compile_peers"]
