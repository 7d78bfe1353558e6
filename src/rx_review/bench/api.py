"""The API under load, everything on and durable: what it sustains, how long an answer takes, where the time goes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rx_review.bench.load import Seen, closed_loop, open_loop
from rx_review.bench.measures import Measure, quantile

PATH = "/v1/prescriptions"
CONNECTIONS = 8
RATE = 40.0
WARM = 400
LAPS = ("sign-in", "parse", "lock", "circumstances", "facts", "rules", "ways", "write", "commit")
MEMORY_FLAT = 16.0
"""MiB of all its processes over the second half of a load: the look-ups filled up to their bounds in the first, if
that was long enough."""
LONG = 100_000
SUSTAINED = {"postgresql": 150.0, "sqlite": 100.0}


@dataclass(frozen=True, slots=True)
class Target:
    """A service that runs: where, a token that may submit, and the processes that make it up."""

    host: str
    port: int
    token: str
    processes: Callable[[], Sequence[int]]


def measure_api(kind: str, target: Target, bodies: Iterator[bytes], requests: int, seconds: int) -> list[Measure]:
    """Warm up, load as much as it takes, then at a rate.

    Args:
        kind: sqlite or postgresql.
        target: the service.
        bodies: prescriptions as JSON, each of them new.
        requests: how many are sent as fast as they are answered.
        seconds: how long 40 a second are sent after that.
    """
    host, port, token = target.host, target.port, target.token
    asyncio.run(closed_loop(host, port, PATH, token, islice(bodies, WARM), CONNECTIONS))
    held, full = [resident(target.processes())], Seen()
    for half in (requests // 2, requests - requests // 2):
        full.add(asyncio.run(closed_loop(host, port, PATH, token, islice(bodies, half), CONNECTIONS)))
        held.append(resident(target.processes()))
    calm = asyncio.run(open_loop(host, port, PATH, token, islice(bodies, int(RATE * seconds)), RATE))
    ordered, hurried = sorted(calm.seconds), sorted(full.seconds)
    return [
        Measure(f"api sustained, {kind}", full.rate, "/s", SUSTAINED[kind], at_most=False),
        Measure(f"api p50 under full load, {kind}", quantile(hurried, 0.5) * 1000, "ms"),
        Measure(f"api p50 at 40/s, {kind}", quantile(ordered, 0.5) * 1000, "ms"),
        Measure(f"api p99 at 40/s, {kind}", quantile(ordered, 0.99) * 1000, "ms", 50.0),
        Measure(f"api refused, {kind}", float(_refused(full) + _refused(calm)), "answers", 0.0),
        *(_lap(kind, name, calm) for name in LAPS if name in calm.laps),
        Measure(f"api memory growth while it fills, {kind}", held[1] - held[0], "MiB"),
        Measure(f"api memory growth, {kind}", held[2] - held[1], "MiB", MEMORY_FLAT if requests >= LONG else None),
        Measure(f"api requests under full load, {kind}", float(requests), ""),
    ]


def worst_p99(measures: Sequence[Measure]) -> Measure:
    """The slower of the databases, under the name that other programs read."""
    found = [each.value for each in measures if each.name.startswith("api p99 at 40/s, ")]
    return Measure("api p99 at 40/s", max(found), "ms", 50.0)


def resident(processes: Sequence[int]) -> float:
    """MiB that processes hold in memory."""
    pages = 0
    for process in processes:
        try:
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        except OSError:
            # It ended meanwhile: a worker that was replaced.
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _refused(seen: Seen) -> int:
    return sum(count for status, count in seen.statuses.items() if status not in (200, 201))


def _lap(kind: str, name: str, seen: Seen) -> Measure:
    ordered = sorted(seen.laps[name])
    return Measure(f"api time in {name}, {kind}", quantile(ordered, 0.5), "ms")
