"""Shapes of the API's answers, for its description and for clients; requests are the models of the domain."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rx_review.domain.moves import Action, MoveName, State
from rx_review.domain.problems import Retryable
from rx_review.domain.review import Severity, Subject, Verdict


class Shape(BaseModel):
    """An answer. Callers must accept members that are added later."""

    model_config = ConfigDict(extra="allow")


class Words(Shape):
    """The same in Chinese and English."""

    zh: str
    en: str


class Spoken(Words):
    """A message; `short` has at most 60 characters, for a pop-up."""

    short: str


class FindingShape(Shape):
    """One rule that fired, on lines of the sheet. `key` names it for settling; `code` is the 处方点评 code."""

    rule: str
    version: str
    severity: Severity
    code: str | None
    subject: Subject
    lines: list[int]
    message: Spoken
    basis: list[dict[str, Any]]
    facts: dict[str, Any]
    remedies: list[str]
    key: str


class NotJudgedShape(Shape):
    """A fact that is missing, and the rules that it would settle."""

    fact: str
    label: Words
    rules: list[str]
    lines: list[int]
    outcome: Severity
    ask: dict[str, str] | None


class WayShape(Shape):
    """A way to pass: a verified change as JSON Patch, a fact to supply, or none and why."""

    kind: Literal["change", "supply", "none"]
    says: dict[str, str]
    edits: list[dict[str, Any]]
    verdict: Verdict | None


class Silenced(Shape):
    """A finding that does not count now: its rule is paused or only observed here, or it was settled."""

    key: str
    why: str


class ReviewShape(Shape):
    """What the rules say. `shown` findings, from the first on, are for the doctor; the rest are folded."""

    prescription: str
    revision: int
    verdict: Verdict
    complete: bool
    edition: str
    findings: list[FindingShape]
    not_judged: list[NotJudgedShape]
    shown: int
    counterfactuals: list[WayShape]
    silenced: list[Silenced]


class CheckShape(ReviewShape):
    """The review of a draft: neither stored nor signed nor counted."""

    binding: Verdict


class Approval(Shape):
    """Who approved, how, and which content."""

    by: str | None
    how: Literal["pharmacist", "machine", "released", "rescue", "observed"]
    content: str | None


class Waiting(Shape):
    """The place in the queue."""

    ahead: int
    expected_seconds: int
    level: int
    skill: str
    on_duty: int


class PrescriptionShape(Shape):
    """Where a prescription stands and what to do.

    `action`: proceed to the cashier, fix and submit again, wait, or refuse.
    """

    id: str
    institution: str
    number: str
    issued_on: date
    revision: int
    version: int
    state: State
    state_name: Words
    action: Action
    text: str = Field(max_length=60, description="one line of Chinese for the doctor")
    allowed: list[MoveName]
    binding: Verdict = Field(description="the verdict that counts, after pauses, observing and settled findings")
    observed: bool
    approved: Approval | None
    after_review: Literal["due", "confirmed", "objected"] | None
    holder: str | None
    fence: int | None
    lease_until: datetime | None
    queue: Waiting | None
    poll_after: int | None = Field(description="seconds to wait before asking again")
    phone: str | None = Field(description="duty telephone of the member")
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    replayed: bool = Field(description="this was submitted before, and nothing was done again")
    review: ReviewShape


class ShortShape(Shape):
    """A prescription in a list."""

    id: str
    institution: str
    number: str
    issued_on: date
    revision: int
    version: int
    state: State
    state_name: Words
    action: Action
    verdict: Verdict
    complete: bool
    skill: str
    urgency: int
    level: int
    holder: str | None
    created_at: datetime
    updated_at: datetime


class PageShape(Shape):
    """A page; `next` is the cursor of the page after it."""

    items: list[ShortShape]
    next: str | None


class QueueShape(Shape):
    """The queue of the desk, and what was supplied or released without review."""

    items: list[ShortShape]
    waiting: int
    oldest: datetime | None
    after_review: list[ShortShape]


class BatchItem(Shape):
    """The answer to one prescription of a batch: an answer as alone, or a problem."""

    index: int
    status: int
    key: str | None
    answer: PrescriptionShape | None
    problem: ProblemShape | None


class BatchShape(Shape):
    """Answers in the order of the requests."""

    items: list[BatchItem]


class HistoryShape(Shape):
    """What happened to a prescription, and each of its reviews with what it rested on."""

    entries: list[dict[str, Any]]
    reviews: list[dict[str, Any]]


class IdentityShape(Shape):
    """Who a prescription names; masked unless a reason was given."""

    masked: bool
    identity: dict[str, str | None]


class ReleaseShape(Shape):
    """The cashier's gate: yes or no, for which revision and content, until when."""

    release: bool
    prescription: str
    revision: int
    content: str | None
    state: State
    text: str
    reviewed: bool
    token: str | None
    expires_at: datetime | None


class FaultShape(Shape):
    """One fault of a request."""

    pointer: str
    what: Words


class ProblemShape(Shape):
    """A refusal (RFC 9457)."""

    type: str
    title: Words
    status: int
    detail: Words
    do: Words
    instance: str
    code: str
    retryable: Retryable
    errors: list[FaultShape]
    trace: str | None


class ListShape(Shape):
    """A list of documents."""

    items: list[dict[str, Any]]


BatchItem.model_rebuild()
