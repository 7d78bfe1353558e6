"""What the service answers. Members that it adds later are ignored; names are those of the API's description.

Two lists may grow: a state or a move that this client does not know arrives as its plain name. `action` says
what to do in any state.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rx_review.domain.moves import Action, MoveName, State
from rx_review.domain.problems import Retryable
from rx_review.domain.review import Severity, Subject, Verdict


class Answer(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Words(Answer):
    """The same in Chinese and English."""

    zh: str
    en: str


class Spoken(Words):
    """A message; `short` has at most 60 characters, for a pop-up."""

    short: str


class Finding(Answer):
    """One rule that fired, on lines of the sheet. `code` is the 处方点评 code."""

    rule: str
    version: str
    severity: Severity
    code: str | None
    subject: Subject
    lines: tuple[int, ...]
    message: Spoken
    basis: tuple[dict[str, Any], ...]
    facts: dict[str, Any]
    remedies: tuple[str, ...]
    key: str


class NotJudged(Answer):
    """A fact that is missing, and the rules that it would settle: never taken for a pass."""

    fact: str
    label: Words
    rules: tuple[str, ...]
    lines: tuple[int, ...]
    outcome: Severity
    ask: dict[str, str] | None


class Way(Answer):
    """A way to pass: a verified change as JSON Patch, a fact to supply, or none and why."""

    kind: Literal["change", "supply", "none"]
    says: dict[str, str]
    edits: tuple[dict[str, Any], ...]
    verdict: Verdict | None


class Silenced(Answer):
    """A finding that does not count now, and why."""

    key: str
    why: str


class Review(Answer):
    """What the rules say. The doctor is shown the first `shown` findings; the rest are folded."""

    prescription: str
    revision: int
    verdict: Verdict
    complete: bool
    edition: str
    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    shown: int
    counterfactuals: tuple[Way, ...]
    silenced: tuple[Silenced, ...]


class Checked(Review):
    """The review of a draft; `binding` is the verdict that would count."""

    binding: Verdict


class Approval(Answer):
    """Who approved, how, and which content."""

    by: str | None
    how: Literal["pharmacist", "machine", "released", "rescue", "observed"]
    content: str | None


class Queue(Answer):
    """The place in the queue."""

    ahead: int
    expected_seconds: int
    level: int
    skill: str
    on_duty: int


class Standing(Answer):
    """Where a prescription stands. `action`: proceed to the cashier, fix and submit again, wait, or refuse.

    `text` is one line of Chinese for the doctor, `binding` the verdict that counts, `replayed` whether the same
    was submitted before, so that nothing was done again.
    """

    id: str
    institution: str
    number: str
    issued_on: date
    revision: int
    version: int
    state: State | str
    state_name: Words
    action: Action
    text: str
    allowed: tuple[MoveName | str, ...]
    binding: Verdict
    observed: bool
    approved: Approval | None
    after_review: Literal["due", "confirmed", "objected"] | None
    holder: str | None
    fence: int | None
    lease_until: datetime | None
    queue: Queue | None
    poll_after: int | None
    phone: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    replayed: bool
    review: Review


class Short(Answer):
    """A prescription in a list."""

    id: str
    institution: str
    number: str
    issued_on: date
    revision: int
    version: int
    state: State | str
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


class Page(Answer):
    """A page of a list; `next` is the cursor of the page after it."""

    items: tuple[Short, ...]
    next: str | None


class Gate(Answer):
    """The cashier's gate: yes or no, for which revision and content, until when."""

    release: bool
    prescription: str
    revision: int
    content: str | None
    state: State | str
    text: str
    reviewed: bool
    token: str | None
    expires_at: datetime | None


class History(Answer):
    """What happened to a prescription, and each of its reviews with what it rested on."""

    entries: tuple[dict[str, Any], ...]
    reviews: tuple[dict[str, Any], ...]


class Token(Answer):
    """An access token (RFC 6749 §5.1); `expires_in` seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class PointedFault(Answer):
    """One fault of a request: a JSON pointer into it, and what is wrong."""

    pointer: str
    what: Words


class Problem(Answer):
    """A refusal (RFC 9457). What a code adds of its own, such as `allowed` or `holder`, is in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str
    title: Words
    status: int
    detail: Words
    do: Words
    instance: str
    code: str
    retryable: Retryable
    errors: tuple[PointedFault, ...]
    trace: str | None


class BatchEntry(Answer):
    """The answer to one prescription of a batch: as if it had come alone."""

    index: int
    status: int
    key: str | None
    answer: Standing | None
    problem: Problem | None


class Batch(Answer):
    """Answers in the order of the requests."""

    items: tuple[BatchEntry, ...]
