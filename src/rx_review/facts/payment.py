"""Concerns about what the insurer pays for. They are never about safety, and never stop a prescription."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rx_review.domain.prescription import Prescription
from rx_review.facts.age import Age
from rx_review.facts.case import Case, Value
from rx_review.facts.concern import Person, concern_case
from rx_review.facts.knowledge import NO_WORDS, age_words, made_as, words
from rx_review.facts.line import Understood
from rx_review.facts.resolve import Component, Resolver
from rx_review.facts.supply import exact
from rx_review.library.rows import PaymentLimit

_LEVELS: Mapping[str, int] = {"none": 0, "primary": 1, "secondary": 2, "tertiary": 3}
_INPATIENT = frozenset({"ward", "discharge"})
_EMERGENCY = frozenset({"emergency", "observation"})
_CONDITIONS: Mapping[str, tuple[str, str]] = {
    "male": ("男性", "men"),
    "female": ("女性", "women"),
    "secondary": ("二级及以上医院", "hospitals of level two and above"),
    "tertiary": ("三级医院", "hospitals of level three"),
    "ward": ("住院", "inpatients"),
    "emergency_or_ward": ("急诊、住院", "emergency and inpatients"),
    "work_injury": ("工伤保险", "work injury insurance"),
    "maternity": ("生育保险", "maternity insurance"),
}


def payment_concerns(
    line: Case, understood: Understood, prescription: Prescription, person: Person, resolver: Resolver
) -> Iterator[Case]:
    """Yield each limit of the insurer that a line is outside of, or may be."""
    known = understood.known
    if known is None:
        return
    for row in resolver.formulary.payment_limits.on(known.generic, resolver.day):
        if not made_as(row.form, known):
            continue
        outside, cause = _outside(row, line, understood, prescription, person.age, person.sex)
        if outside and row.form is not None and known.form is None:
            outside, cause = None, "form"
        if outside is False:
            continue
        own: dict[str, Value] = {
            "topic": "payment", "grade": "payment", "payment": row.limit, "by_weight": 0, "toxic": 0, "excused": 0,
            "off_label_approved": 0,
        }  # fmt: skip
        if outside is not None:
            own["applies"] = 1
        missing = {} if outside is not None else {"applies": cause}
        name = f"payment:{row.limit}:{row.condition or ''}:{row.age_from or ''}-{row.age_until or ''}"
        texts = {"condition": _says(row), "unit": "", "consequence": NO_WORDS}
        yield concern_case(line, Component(known.generic, None, None, False), name, own, missing, texts)


def _outside(
    row: PaymentLimit, line: Case, understood: Understood, prescription: Prescription, age: Age, sex: str | None
) -> tuple[bool | None, str]:
    """Whether a line is outside a limit, and what is missing if that cannot be said."""
    match row.limit:
        case "sex":
            return (None if sex is None else sex != row.condition), "sex"
        case "age":
            within = age.within(row.age_from, row.age_until)
            return (None if within is None else not within), "birth_date"
        case "level":
            level = line.known("level")
            if level is None:
                return None, line.cause("level")
            return _LEVELS[str(level)] < _LEVELS[row.condition or "none"], ""
        case "setting":
            paid = _INPATIENT | (_EMERGENCY if row.condition == "emergency_or_ward" else frozenset())
            return prescription.setting not in paid, ""
        case "days":
            days = understood.supply.course
            if days is None or row.days is None:
                return None, understood.supply.days_cause
            return exact(row.days).under(days), ""
        case "scheme":
            payer = line.known("payer")
            return (None if payer is None else payer != row.condition), "payer"


def _says(row: PaymentLimit) -> Mapping[str, str]:
    if row.limit == "age":
        return age_words(row.age_from, row.age_until)
    if row.limit == "days":
        return words(f"{row.days}日", f"{row.days} days")
    return words(*_CONDITIONS.get(row.condition or "", (row.condition or "", row.condition or "")))
