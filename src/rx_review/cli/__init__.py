"""Commands: the only floor that prints."""

from __future__ import annotations

from rx_review.cli.app import app, main, run

__all__ = ["app", "main", "run"]
