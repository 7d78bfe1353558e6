"""Concerns about why a drug is given: no diagnosis supports it, or the committee allows the use beyond its label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rx_review.domain.prescription import Prescription
from rx_review.facts.case import Case, Value
from rx_review.facts.concern import Person, concern_case, is_excused
from rx_review.facts.knowledge import NO_WORDS, ORDINARY, words
from rx_review.facts.line import Understood
from rx_review.facts.resolve import Component, Known, Resolver

_DOSES = frozenset({"single_dose", "daily_dose", "weekly_dose", "days", "herb_dose"})


def indication_concerns(
    line: Case, understood: Understood, prescription: Prescription, person: Person, resolver: Resolver
) -> Iterator[Case]:
    """Yield the concern that no diagnosis supports a drug of which that is asked, or that this cannot be said."""
    known = understood.known
    if known is None or understood.topical or not prescription.diagnoses:
        return
    groups = understood.supported_by
    if not groups or groups & person.groups:
        return
    own: dict[str, Value] = {
        "topic": "indication", "grade": "caution", "by_weight": 0, "toxic": 0,
        "excused": int(is_excused(prescription, "choice", line.lines)), **ORDINARY,
    }  # fmt: skip
    missing: dict[str, str] = {}
    if groups & person.possible_groups:
        missing["applies"] = "diagnosis_certain"
    elif not person.all_diagnoses_read or not person.western:
        missing["applies"] = "diagnosis_code"
    else:
        own["applies"] = 1
    names = [resolver.formulary.group_names.get(group, (group, group)) for group in sorted(groups)]
    texts = {
        "condition": words("、".join(zh for zh, _ in names), ", ".join(en for _, en in names)),
        "unit": "",
        "consequence": NO_WORDS,
    }
    yield concern_case(line, Component(known.generic, None, None, False), "indication", own, missing, texts)


def with_approvals(
    line: Case, cases: Iterable[Case], known: Known | None, person: Person, resolver: Resolver
) -> Iterator[Case]:
    """The concerns of a line, marked where the committee allows the use and the patient consented (医师法 art. 29)."""
    if known is None or line.own.get("off_label_consent") != 1:
        yield from cases
        return
    approved = _approved(known, person, resolver)
    for case in cases:
        topic = case.own["topic"]
        if ("dose" if topic in _DOSES else topic) in approved:
            yield case._replace(own={**case.own, "off_label_approved": 1})
        else:
            yield case


def _approved(known: Known, person: Person, resolver: Resolver) -> frozenset[str]:
    rows = resolver.formulary.off_label.on(known.generic, resolver.day)
    return frozenset(row.topic for row in rows if row.condition is None or row.condition in person.groups)
