"""Benchmarks: each is a command that measures and says whether the bar holds."""

from __future__ import annotations

from rx_review.bench.engine import measure_engine
from rx_review.bench.measures import Measure
from rx_review.bench.review import measure_review

__all__ = ["Measure", "measure_engine", "measure_review"]
