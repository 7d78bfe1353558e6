"""How often a caller may ask: a token bucket for each credential, and one for each address that has none.

Kept in the memory of each worker, so that a caller of several workers may ask more often. A credential has a bucket
of its own once it was accepted; until then its requests count for the address they come from, as those do that ask
for a token: who invents credentials gains nothing. Buckets are found by a hash, so that no secret is kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from rx_review.api import problem
from rx_review.domain.problems import Refusal

BURST_SECONDS = 4
"""A bucket holds what comes in so many seconds."""
MOST_BUCKETS = 10_000
ACCEPTED = "accepted"
"""Set in the state of a request whose credential was accepted."""
STRANGERS_ONLY = frozenset({"/v1/token", "/v1/sessions"})
# Those who watch the service must not lose sight of it because somebody else behind their proxy asks too often.
UNCOUNTED = frozenset({"/livez", "/readyz", "/metrics"})


class Rates:
    """Pure ASGI: answers 429 with Retry-After once a bucket is empty.

    Args:
        app: what is guarded.
        per_second: requests a second that a bucket allows in the long run; 0 allows everything.
        clock: seconds that only go forward.
    """

    def __init__(self, app: ASGIApp, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self._clock = app, clock
        self._rate, self._most = per_second, max(1.0, per_second * BURST_SECONDS)
        self._buckets: dict[int, tuple[float, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or not self._rate or scope["path"] in UNCOUNTED:
            await self.app(scope, receive, send)
            return
        credential = None if scope["path"] in STRANGERS_ONLY else _credential(scope)
        known = credential is not None and credential in self._buckets
        bucket = credential if credential is not None and known else _address(scope)
        if (wait := self._take(bucket)) > 0:
            refusal = Refusal("too-many-requests", retry_after=math.ceil(wait))
            await problem.answer(Request(scope), refusal)(scope, receive, send)
        elif known or credential is None:
            await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, send)
            if scope.get("state", {}).get(ACCEPTED):
                self._keep(credential, self._most, self._clock())

    def _take(self, bucket: int) -> float:
        """Take one from a bucket: 0, or the seconds until there is one."""
        now = self._clock()
        left, at = self._buckets.get(bucket, (self._most, now))
        left = min(self._most, left + (now - at) * self._rate)
        if left < 1:
            return (1 - left) / self._rate
        self._keep(bucket, left - 1, now)
        return 0

    def _keep(self, bucket: int, left: float, now: float) -> None:
        if bucket not in self._buckets and len(self._buckets) >= MOST_BUCKETS:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[bucket] = (left, now)


def _credential(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return hash((name, value))
    for name, value in scope["headers"]:
        if name == b"cookie" and b"rx_session=" in value:
            return hash((name, value.partition(b"rx_session=")[2].partition(b";")[0]))
    return None


def _address(scope: Scope) -> int:
    client = scope.get("client")
    return hash((b"address", client[0] if client else None))
