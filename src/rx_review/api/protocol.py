"""HTTP/1.1 as uvicorn speaks it, with the two limits that it lacks: the size of a head, the time of a request."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


def limited_protocol(head_bytes: int, receive_seconds: float) -> type[HttpToolsProtocol]:
    """A protocol class that refuses heads over `head_bytes` and requests not received whole in `receive_seconds`.

    uvicorn's limit on heads is for its other parser only, and no time limit covers what a client has still to send:
    one that sends a byte now and then would hold a connection, and a growing head, for ever.
    """

    class LimitedProtocol(HttpToolsProtocol):
        _head = 0
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
            super().connection_made(transport)
            self._start_clock()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_clock()
            super().connection_lost(exc)

        def on_message_begin(self) -> None:
            self._head = 0
            self._start_clock()
            super().on_message_begin()

        def on_url(self, url: bytes) -> None:
            self._count(len(url))
            super().on_url(url)

        def on_header(self, name: bytes, value: bytes) -> None:
            self._count(len(name) + len(value) + len(b": \r\n"))
            super().on_header(name, value)

        def on_message_complete(self) -> None:
            self._stop_clock()
            super().on_message_complete()

        def send_400_response(self, msg: str) -> None:
            if not self.transport.is_closing():  # else: refused by us, with a status of its own
                super().send_400_response(msg)

        def _count(self, size: int) -> None:
            self._head += size
            if self._head > head_bytes:
                self._refuse("431 Request Header Fields Too Large")
                # Stops the parser, which reports it as an error of its own.
                raise ValueError("head too large")

        def _start_clock(self) -> None:
            self._stop_clock()
            self._deadline = self.loop.call_later(receive_seconds, self._late)

        def _stop_clock(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _late(self) -> None:
            if self._head:
                self._refuse("408 Request Timeout")
            else:
                self.transport.close()

        def _refuse(self, status: str) -> None:
            cycle: RequestResponseCycle | None = self.cycle
            answering = cycle is not None and cycle.response_started and not cycle.response_complete
            if not answering and not self.transport.is_closing():
                self.transport.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
            self.transport.close()

    return LimitedProtocol
