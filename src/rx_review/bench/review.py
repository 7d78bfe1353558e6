"""How fast one core reviews: both executors, three lines, the shipped rules; with and without ways to pass.

The prescriptions are those a county writes most: taken from regimens, not from rules, so that most of them pass.
"""

from __future__ import annotations

import gc
import json
import resource
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice

from rx_review.bench.measures import Measure, quantile
from rx_review.bench.sheets import varied_sheets
from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.prescription import Prescription
from rx_review.engine.review import review
from rx_review.library.edition import Edition

_WARM_UP = 2_000
_WAYS = 5_000


def measure_review(edition: Edition, reviews: int, progress: Callable[[int], None]) -> list[Measure]:
    """Review that many prescriptions and measure.

    Args:
        edition: rules and formulary.
        reviews: how many.
        progress: called with the number done since the last call.

    Returns:
        Measures in ms, per second of CPU time and MiB.
    """
    sheets = list(islice(varied_sheets(), 2_000))
    for sheet in islice(cycle(sheets), _WARM_UP):
        review(sheet, NOTHING_KNOWN, edition, sheet.issued_at, ways=False)
    gc.collect()
    # The sheets to review are the benchmark's own; a service holds none of them, so collections must not walk them.
    gc.freeze()
    before = _resident()
    times: list[float] = []
    started = time.process_time()
    spent = 0.0
    for done, sheet in enumerate(islice(cycle(sheets), reviews), 1):
        start = time.perf_counter()
        review(sheet, NOTHING_KNOWN, edition, sheet.issued_at, ways=False)
        times.append(time.perf_counter() - start)
        if done % 1_000 == 0:
            progress(1_000)
    spent = time.process_time() - started
    growth = _resident() - before
    times.sort()
    parsing = sorted(_timed_parsing(sheets))
    ways = sorted(_timed_with_ways(edition, sheets))
    return [
        Measure("review p50", round(quantile(times, 0.50) * 1e3, 3), "ms", 0.5),
        Measure("review p99", round(quantile(times, 0.99) * 1e3, 3), "ms", 2.0),
        Measure("review per core", round(reviews / spent), "/s", 1_800, at_most=False),
        Measure("review p95 with counterfactuals", round(quantile(ways, 0.95) * 1e3, 3), "ms", 8.0),
        Measure("memory growth", round(growth, 1), "MiB", 16.0),
        # What this machine is at this moment: the median of parsing the same sheets with the standard library.
        Measure("json.loads p50", round(quantile(parsing, 0.50) * 1e3, 4), "ms"),
        Measure("review p50 to json.loads p50", round(quantile(times, 0.50) / quantile(parsing, 0.50), 1), ""),
        Measure("different lines", len({repr(line) for sheet in sheets for line in sheet.lines}), ""),
        Measure("reviews", reviews, ""),
        Measure("rules", sum(1 for rule in edition.rules if rule.status == "active"), ""),
    ]


def _timed_with_ways(edition: Edition, sheets: list[Prescription]) -> Iterator[float]:
    for sheet in islice(cycle(sheets), _WAYS):
        start = time.perf_counter()
        review(sheet, NOTHING_KNOWN, edition, sheet.issued_at)
        yield time.perf_counter() - start


def _timed_parsing(sheets: list[Prescription]) -> Iterator[float]:
    texts = [sheet.model_dump_json(by_alias=True, exclude_none=True) for sheet in sheets]
    for text in texts:
        start = time.perf_counter()
        json.loads(text)
        yield time.perf_counter() - start


def _resident() -> float:
    """Resident memory now, in MiB."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        # No /proc (macOS): the greatest so far, which can only overstate growth.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
