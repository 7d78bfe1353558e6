"""Requests to the service: tokens, one try of a request, and trying again what may be asked again at any time."""

from __future__ import annotations

import secrets
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar
from urllib.parse import urlencode

import httpx2
from pydantic import ValidationError

from rx_review.client.answers import Answer, Problem, Token
from rx_review.client.effort import Budgets, Effort, Pace
from rx_review.client.refusals import Unauthenticated, Unavailable, Unreadable, passes_by_itself, refused
from rx_review.errors import EnvironmentFault, Fault

JSON, FORM, PROBLEM = "application/json", "application/x-www-form-urlencoded", "application/problem+json"
_KEEP_SECONDS = 15.0
"""Less than the service keeps an idle connection: one that it is about to close is not used."""
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_IN_BETWEEN = frozenset({408, 429})

A = TypeVar("A", bound=Answer)


def new_name() -> str:
    """A name for a call in the service's log."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; all tries of it go by one name in the service's log."""

    method: str
    path: str
    body: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    kind: str = JSON
    name: str = field(default_factory=new_name)


class Failed(Exception):
    """A try without an answer.

    `unsent`: it cannot have been carried out. `over`: the service has finished with it. `lost`: it may have been
    carried out, or may still be.
    """

    def __init__(
        self,
        how: Literal["unsent", "over", "lost"],
        why: str,
        *,
        retry_after: float | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(why)
        self.how, self.why, self.retry_after, self.code = how, why, retry_after, code

    def unavailable(self, name: str, *, unknown: bool) -> Unavailable:
        """What the caller is told when the budget is spent."""
        return Unavailable(self.why, unknown=unknown, code=self.code, trace=name)


class Link:
    """The way to one service, for one system of a member. May be used by several threads."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        ca: str | ssl.SSLContext | None,
        budgets: Budgets,
        pace: Pace,
    ) -> None:
        self._base = _checked(base_url)
        self._http = httpx2.Client(
            verify=_trust(base_url, ca),
            # What the environment says of proxies is meant for browsers, and this carries patients.
            trust_env=False,
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=_KEEP_SECONDS),
        )
        self.client_id, self._secret = client_id, client_secret
        self._connect, self._clock = budgets.connect, pace.clock
        self._turn = threading.Lock()
        self._token: Token | None = None
        self._renewed_at = 0.0

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def ask(self, ask: Ask, effort: Effort, answer: type[A]) -> A:
        """An answer to what may be asked again at any time.

        Raises:
            ClientError: refused, or not answered within the budget.
        """
        while True:
            try:
                return self.once(ask, effort, answer)
            except Failed as failed:
                if not effort.rest(failed.retry_after):
                    unknown = ask.method != "GET" and failed.how != "unsent"
                    raise failed.unavailable(ask.name, unknown=unknown) from failed.__cause__

    def once(self, ask: Ask, effort: Effort, answer: type[A]) -> A:
        """One try. A token that the service no longer knows is renewed once: such a request was not carried out.

        Raises:
            Failed: there was no answer.
            ClientError: it was refused.
        """
        token = self._granted(effort)
        try:
            return self._answered(ask, effort, answer, token)
        except Unauthenticated:
            self._drop(token)
        return self._answered(ask, effort, answer, self._granted(effort))

    def _answered(self, ask: Ask, effort: Effort, answer: type[A], token: Token | None) -> A:
        status, data = self._exchanged(ask, effort, token)
        try:
            return answer.model_validate_json(data)
        except ValidationError as error:
            raise Unreadable(f"{self._base}{ask.path}", status, f"no {answer.__name__}") from error

    def _granted(self, effort: Effort) -> Token:
        if not self._turn.acquire(timeout=effort.left):
            raise Failed("unsent", "the token was not granted in time")
        try:
            asked_at = self._clock()
            if self._token is None or asked_at >= self._renewed_at:
                self._token = self._answered(self._grant(), effort, Token, None)
                # A minute early, so that it does not end on the way.
                self._renewed_at = asked_at + self._token.expires_in - min(60.0, self._token.expires_in / 10)
            return self._token
        except Failed as failed:
            raise Failed("unsent", failed.why, retry_after=failed.retry_after, code=failed.code) from failed.__cause__
        finally:
            self._turn.release()

    def _grant(self) -> Ask:
        told = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self._secret}
        return Ask("POST", "/token", urlencode(told).encode(), kind=FORM)

    def _drop(self, token: Token) -> None:
        with self._turn:
            if self._token is token:
                self._token = None

    def _exchanged(self, ask: Ask, effort: Effort, token: Token | None) -> tuple[int, bytes]:
        request = self._request(ask, effort, token)
        try:
            response = self._http.send(request, stream=True)
            try:
                data = _whole(response, effort)
            finally:
                response.close()
        except _NEVER_SENT as error:
            raise Failed("unsent", f"the service cannot be reached ({_named(error)})") from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise Failed("lost", f"no answer came ({_named(error)})") from error
        if not response.is_success:
            raise _judged(response, data)
        return response.status_code, data

    def _request(self, ask: Ask, effort: Effort, token: Token | None) -> httpx2.Request:
        seconds = effort.share()
        headers = {"Accept": f"{JSON}, {PROBLEM}", "X-Request-ID": ask.name}
        if ask.body is not None:
            headers["Content-Type"] = ask.kind
        if token is not None:
            headers["Authorization"] = f"Bearer {token.access_token}"
        return self._http.build_request(
            ask.method,
            f"{self._base}{ask.path}",
            params=ask.query or None,
            content=ask.body,
            headers=headers,
            timeout=httpx2.Timeout(seconds, connect=min(seconds, self._connect)),
        )


def _whole(response: httpx2.Response, effort: Effort) -> bytes:
    """The body; each read has its time, and all of them together have no more than what is left."""
    parts = []
    for part in response.iter_bytes():
        parts.append(part)
        if not effort.left:
            raise Failed("lost", "the answer came too slowly")
    return b"".join(parts)


def _judged(response: httpx2.Response, data: bytes) -> Exception:
    """What an answer other than success means."""
    asked = response.headers.get("retry-after", "")
    retry_after = float(asked) if asked.isascii() and asked.isdigit() else None
    if response.headers.get("content-type", "").partition(";")[0] == PROBLEM:
        try:
            problem = Problem.model_validate_json(data)
        except ValidationError:
            return Unreadable(str(response.url), response.status_code, "no problem of ours")
        if not passes_by_itself(problem):
            return refused(problem)
        return Failed("over", problem.detail.en, retry_after=retry_after, code=problem.code)
    if response.status_code >= 500 or response.status_code in _IN_BETWEEN:
        # A proxy says that it heard nothing, not that nothing was done.
        return Failed("lost", f"HTTP {response.status_code} from something in between", retry_after=retry_after)
    return Unreadable(str(response.url), response.status_code, "not an answer of rx-review")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _checked(base_url: str) -> str:
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise EnvironmentFault(
            Fault(base_url, "not an address", "write https://HOST:PORT", "地址有误；请写 https://主机:端口")
        )
    return f"{base_url.rstrip('/')}/v1"


def _trust(base_url: str, ca: str | ssl.SSLContext | None) -> ssl.SSLContext | bool:
    if isinstance(ca, ssl.SSLContext):
        return ca
    if not base_url.startswith("https:"):
        return False
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise EnvironmentFault(
            Fault(
                str(ca),
                f"no certificates to trust there ({error.strerror})",
                "let ca name a PEM file with the certificate of the authority",
                "无法读取信任证书；请让 ca 指向 CA 证书的 PEM 文件",
            )
        ) from error
