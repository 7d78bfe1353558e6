"""What could not be judged: reported once for each missing fact, with the rules it would settle.

It stops a prescription only where a rule's worst is `return` or `block` and, for a row of the formulary, where the
row is contraindicated or high-alert and carries the question that the doctor is then asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rx_review.domain.review import RANK, NotJudged, Severity
from rx_review.engine.language import Condition
from rx_review.facts.case import Case, Value
from rx_review.facts.place import LINE_NOT_CARRIED, NOT_CARRIED
from rx_review.facts.vocabulary import BY_SUBJECT, CAUSES

ENGINE_FAILED = NotJudged(
    "engine",
    {"zh": "规则引擎异常，须人工审核", "en": "rule engine failure: manual review required"},
    (),
    (),
    "hold",
)

_SUSPECTED = frozenset({"diagnosis_certain", "pregnancy_suspected"})

# An unknown drug is one finding of its own and swallows the rest of its line: no rule is named for it.
_SWALLOWED = "drug"


@dataclass(slots=True)
class _Gap:
    rules: set[str] = field(default_factory=set)
    lines: set[int] = field(default_factory=set)
    outcome: Severity = "note"
    ask: dict[str, str] | None = None


def not_judged(undetermined: Iterable[tuple[Condition, Case, Mapping[str, Value]]]) -> tuple[NotJudged, ...]:
    """Gather undetermined rules by what is missing, gravest outcome first.

    Args:
        undetermined: each rule with the case that it cannot judge and what is known of that.
    """
    gaps: dict[str, _Gap] = {}
    for condition, case, known in undetermined:
        # The same for thousands of rules an hour: what a line does not say is looked up where it stands.
        own, causes = case.missing, set()
        for name in condition.open_names:
            if name not in known:
                causes.add(own.get(name) or case.cause(name))
        if _SWALLOWED in causes:
            gaps.setdefault(_SWALLOWED, _Gap()).lines.update(case.lines)
            continue
        if condition.mild:
            for cause in causes:
                gap = gaps.get(cause)
                if gap is None:
                    gap = gaps[cause] = _Gap()
                gap.rules.add(condition.rule.id)
                if case.lines and gap.outcome == "note":
                    gap.lines.update(case.lines)
            continue
        gravest = outcome_of(condition, case)
        for cause in causes:
            outcome = _because(cause, gravest, condition, case)
            gap = gaps.setdefault(cause, _Gap())
            gap.rules.add(condition.rule.id)
            if RANK[outcome] > RANK[gap.outcome]:
                gap.outcome, gap.lines = outcome, set()
            if outcome == gap.outcome:
                # Where it stops the prescription, say which lines do.
                gap.lines.update(case.lines)
            if case.ask is not None and RANK[outcome] >= RANK["hold"]:
                gap.ask = gap.ask or dict(case.ask)
    entries = [
        NotJudged(cause, _label(cause), tuple(sorted(gap.rules)), tuple(sorted(gap.lines)), gap.outcome, gap.ask)
        for cause, gap in gaps.items()
    ]
    return tuple(sorted(entries, key=lambda entry: (-RANK[entry.outcome], entry.fact)))


def _because(cause: str, gravest: Severity, condition: Condition, case: Case) -> Severity:
    """What a missing fact does; the formalities that a system cannot send are settled with the site, not by the sheet.

    A contraindication that the sheet itself suspects, or tells of as past, is looked at by a pharmacist.
    """
    if cause == NOT_CARRIED:
        return "note"
    if cause == LINE_NOT_CARRIED:
        # The prescriber cannot send it either: a pharmacist looks at the sheet itself.
        return min(gravest, "hold", key=RANK.__getitem__)
    stops = RANK[condition.rule.severity] >= RANK["return"] and case.known("grade") == "contraindicated"
    return max(gravest, "hold", key=RANK.__getitem__) if cause in _SUSPECTED and stops else gravest


def outcome_of(condition: Condition, case: Case) -> Severity:
    """What an undetermined rule does meanwhile."""
    rule = condition.rule
    if RANK[rule.severity] < RANK["return"]:
        return "note"
    if rule.about in ("concern", "pair") and not _must_know(case):
        return "note"
    return min(rule.when_unknown, rule.severity, key=RANK.__getitem__)


def _must_know(case: Case) -> bool:
    if case.known("toxic") == 1:
        return True
    return case.known("grade") == "contraindicated" and case.ask is not None


def _label(cause: str) -> dict[str, str]:
    if cause in CAUSES:
        zh, en = CAUSES[cause]
        return {"zh": zh, "en": en}
    for vocabulary in BY_SUBJECT.values():
        if cause in vocabulary:
            return {"zh": vocabulary[cause].zh, "en": vocabulary[cause].en}
    return {"zh": cause, "en": cause}
