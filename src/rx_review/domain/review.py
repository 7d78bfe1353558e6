"""What a review says: verdict, findings, what could not be judged, and what would make it pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["note", "warn", "hold", "return", "block"]
Verdict = Literal["pass", "note", "warn", "hold", "return", "block"]
Subject = Literal["prescription", "line", "concern", "pair"]

VERDICTS: tuple[Verdict, ...] = ("pass", "note", "warn", "hold", "return", "block")
"""From the mildest to the gravest; `pass`, `note` and `warn` go through."""

RANK: Mapping[str, int] = {verdict: rank for rank, verdict in enumerate(VERDICTS)}
GOES_THROUGH = frozenset({"pass", "note", "warn"})


@dataclass(frozen=True, slots=True)
class Message:
    """What is said: to pharmacists and auditors in full, to the doctor's pop-up in at most 60 characters."""

    zh: str
    en: str
    short: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule fired on one thing. `facts` are those the rule names; `key` survives nights and wording."""

    rule: str
    version: str
    severity: Severity
    code: str | None
    subject: Subject
    lines: tuple[int, ...]
    message: Message
    basis: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, Any]
    remedies: tuple[str, ...]
    key: str


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A fact that is missing, the rules it would settle, and what happens meanwhile."""

    fact: str
    label: Mapping[str, str]
    rules: tuple[str, ...]
    lines: tuple[int, ...]
    outcome: Severity
    ask: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A way to pass: a `change` verified by review, a fact to `supply`, or `none` and why.

    `edits` are JSON Patch operations on the prescription; `verdict` is what the changed prescription gets.
    """

    kind: Literal["change", "supply", "none"]
    says: Mapping[str, str]
    edits: tuple[Mapping[str, Any], ...] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """The whole answer."""

    prescription: str
    revision: int
    verdict: Verdict
    complete: bool
    edition: str
    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    counterfactuals: tuple[Counterfactual, ...] = ()
    shown: int = 0
    """How many of the findings, from the first on, the doctor sees; the rest are folded."""


def as_json(review: Review) -> dict[str, Any]:
    """A review as answers carry it; keys in this order are a contract."""
    return {
        "prescription": review.prescription,
        "revision": review.revision,
        "verdict": review.verdict,
        "complete": review.complete,
        "edition": review.edition,
        "findings": [asdict(finding) for finding in review.findings],
        "not_judged": [asdict(entry) for entry in review.not_judged],
        "counterfactuals": [asdict(way) for way in review.counterfactuals],
        "shown": review.shown,
    }
