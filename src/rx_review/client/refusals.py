"""What a call can end with instead of an answer; the tree stands in the package's docstring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rx_review.client.answers import PointedFault, Problem, Words
from rx_review.domain.problems import Retryable
from rx_review.errors import Fault, RxError

HOLD_EN = (
    "show 审方暂不可用 and hold at the cashier; try again in a moment; for a patient who cannot wait use the signed"
    " emergency release and have it reviewed after"
)
HOLD_ZH = "请提示审方暂不可用，收费处暂缓收费，稍后重试；患者不能等待时签字应急放行，事后补审"


class ClientError(RxError):
    """Any call that did not end with an answer."""


class Refused(ClientError):
    """The service said no, and trying the same again will not help by itself.

    Attributes:
        code: stable; `GET /v1/problems` lists them all.
        status: of HTTP.
        title: what the code means.
        detail: of this very case.
        do: what to do.
        errors: faults of the request, each with a JSON pointer.
        state: where the prescription stands, if that is why.
        allowed: moves that are possible there.
        retryable: `after`: it may succeed once what it names has changed; `no`.
        trace: names the request in the service's log.
        more: what else this code says, such as `holder`, `current`, `findings`, `codes`.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, problem: Problem) -> None:
        pointed = [Fault(each.pointer or "/", each.what.en, "", each.what.zh) for each in problem.errors]
        zh = f"{problem.detail.zh}；{problem.do.zh}"
        super().__init__(Fault(problem.code, problem.detail.en, problem.do.en, zh), *pointed)
        self.code: str = problem.code
        self.status: int = problem.status
        self.title: Words = problem.title
        self.detail: Words = problem.detail
        self.do: Words = problem.do
        self.errors: tuple[PointedFault, ...] = problem.errors
        self.retryable: Retryable = problem.retryable
        self.trace: str | None = problem.trace
        self.more: Mapping[str, Any] = problem.model_extra or {}
        self.state: str | None = self.more.get("state")
        self.allowed: tuple[str, ...] = tuple(self.more.get("allowed", ()))


class Invalid(Refused):
    """The request is wrong: correct what `errors` and `detail` name."""


class Unauthenticated(Refused):
    """Wrong id or secret, or the account pauses after too many failures: ask the administrator."""


class Forbidden(Refused):
    """This system has not the role for it."""


class NotFound(Refused):
    """There is no such thing, or it belongs to a member that this system does not act for."""


class NotAllowed(Refused):
    """Not in this state, or not by this person: see `state`, `allowed`, `more`."""


class Outdated(NotAllowed):
    """The prescription has another revision or content than the caller thinks: read it again."""

    @property
    def current(self) -> int | None:
        """The revision that the service has, where it says so."""
        return self.more.get("current")


class Unavailable(ClientError):
    """No answer within the budget: hold at the cashier, or use the signed emergency release.

    Attributes:
        unknown: True if the request may have been carried out. Calling again with the same arguments is safe.
        code: of the last refusal, such as `busy`; None if nothing of the service answered.
        trace: names the request in the service's log.
    """

    def __init__(self, why: str, *, unknown: bool, code: str | None, trace: str) -> None:
        known = "it is not known whether it was done" if unknown else "nothing was done"
        super().__init__(Fault(code or "unavailable", f"{why}; {known}", HOLD_EN, HOLD_ZH))
        self.unknown, self.code, self.trace = unknown, code, trace


class Unreadable(ClientError):
    """Something else than this service answered, or one whose answers this client cannot read.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, url: str, status: int, why: str) -> None:
        do = "see that base_url is the service's, without /v1, and that client and service are of one year"
        zh = f"应答无法读取（HTTP {status}）；请核对 base_url（不含 /v1）和双方版本"
        super().__init__(Fault(url, f"HTTP {status}: {why}", do, zh))
        self.status = status


_OUTDATED = frozenset(
    {"stale-revision", "revision-gap", "same-revision-other-content", "content-changed", "version-changed"}
)
_BY_STATUS: Mapping[int, type[Refused]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: NotAllowed,
    412: NotAllowed,
    428: NotAllowed,
}


def passes_by_itself(problem: Problem) -> bool:
    """Whether the same request may succeed in a moment. An account pauses for too long to wait for."""
    return problem.code != "paused-account" and (problem.status == 429 or problem.status >= 500)


def refused(problem: Problem) -> Refused:
    """The exception for a refusal. A code that this client does not know goes by its status."""
    if problem.code == "paused-account":
        return Unauthenticated(problem)
    if problem.code in _OUTDATED:
        return Outdated(problem)
    return _BY_STATUS.get(problem.status, Invalid)(problem)
