"""Every peer compiled for the same rules, by its name."""

from __future__ import annotations

from collections.abc import Mapping

from rx_review.bench.peers.asked import Parameters, Peer
from rx_review.domain.review import Subject
from rx_review.engine.language import Program
from rx_review.errors import EnvironmentFault, Fault

NAMES = ("zen-engine", "clips", "cel")
"""The peers, each as its documentation advises."""

EXPRESSION = "zen expression"
"""Measured beside the peers and not one of them: see `ZenExpression`."""


def compile_peers(programs: Mapping[Subject, Program], parameters: Parameters) -> Mapping[str, Peer]:
    """Compile the rules for every peer, with the parameters of one day.

    Returns:
        The peers by name, in the order of `NAMES`, and last what is called `EXPRESSION`.

    Raises:
        EnvironmentFault: if one of them is not installed.
    """
    try:
        from rx_review.bench.peers.cel import Cel
        from rx_review.bench.peers.clips import Clips
        from rx_review.bench.peers.zen import Zen, ZenExpression
    except ImportError as error:
        missing = error.name or str(error)
        do = "install the engines to compare with: pip install 'rx-review[peers]'"
        zh = f"没有安装 {missing}；请运行 pip install 'rx-review[peers]'"
        raise EnvironmentFault(Fault("bench engine", f"{missing} is not installed", do, zh)) from error
    kinds: tuple[type[Peer], ...] = (Zen, Clips, Cel, ZenExpression)
    return {name: kind(programs, parameters) for name, kind in zip((*NAMES, EXPRESSION), kinds, strict=True)}
