"""A load on an HTTP server from one process: keep-alive connections, nothing but what is needed to send and to time.

A general client costs more than the server it would measure, and both share the machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Seen:
    """What a load saw: seconds of each answer, answers by status, and laps that the server told (Server-Timing)."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    laps: dict[str, list[float]] = field(default_factory=dict)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.elapsed if self.elapsed else float("nan")

    def add(self, other: Seen) -> None:
        """What another load saw after this one."""
        self.seconds += other.seconds
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        for name, spent in other.laps.items():
            self.laps.setdefault(name, []).extend(spent)
        self.elapsed += other.elapsed

    def note(self, status: int, seconds: float, timing: str) -> None:
        """One answer."""
        self.seconds.append(seconds)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        for part in filter(None, timing.split(", ")):
            name, _, spent = part.partition(";dur=")
            self.laps.setdefault(name, []).append(float(spent))


class Wire:
    """One keep-alive connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def __aenter__(self) -> Self:
        """Connect."""
        self._in, self._out = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Hang up."""
        self._out.close()

    async def post(self, path: str, token: str, body: bytes) -> tuple[int, str]:
        """Post JSON; the status and the Server-Timing header."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._out.write(head.encode() + body)
        said = (await self._in.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in said[1:])}
        await self._in.readexactly(int(fields["content-length"]))
        return int(said[0].split(" ", 2)[1]), fields.get("server-timing", "")


async def closed_loop(host: str, port: int, path: str, token: str, bodies: Iterable[bytes], connections: int) -> Seen:
    """Send all bodies over some connections, each the next as soon as its last was answered."""
    seen, following = Seen(), iter(bodies)

    async def one() -> None:
        async with Wire(host, port) as wire:
            for body in following:
                began = time.perf_counter()
                status, timing = await wire.post(path, token, body)
                seen.note(status, time.perf_counter() - began, timing)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    seen.elapsed = time.perf_counter() - began
    return seen


async def open_loop(
    host: str, port: int, path: str, token: str, bodies: Iterable[bytes], rate: float, connections: int = 32
) -> Seen:
    """Send bodies at a rate, whether or not earlier ones are answered; each is timed from when it was due."""
    seen: Seen = Seen()
    idle: asyncio.Queue[Wire] = asyncio.Queue()
    wires = [Wire(host, port) for _ in range(connections)]
    for wire in wires:
        idle.put_nowait(await wire.__aenter__())

    async def one(body: bytes, due: float) -> None:
        wire = await idle.get()
        status, timing = await wire.post(path, token, body)
        seen.note(status, time.perf_counter() - due, timing)
        idle.put_nowait(wire)

    began = time.perf_counter()
    tasks = []
    for number, body in enumerate(bodies):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(body, due)))
    await asyncio.gather(*tasks)
    seen.elapsed = time.perf_counter() - began
    for wire in wires:
        await wire.__aexit__(None, None, None)
    return seen
