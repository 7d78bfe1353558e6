"""Concerns: one line against one row of the formulary that may apply to this patient.

A row whose patient fact is missing becomes a concern that is unknown; a row that certainly does not apply
becomes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rx_review.domain.prescription import Line, Patient, Prescription
from rx_review.facts.age import Age
from rx_review.facts.case import Case, Sheet
from rx_review.facts.line import is_topical
from rx_review.facts.prescription import age_of, diagnosis_groups
from rx_review.facts.resolve import Component, Known, Resolver
from rx_review.library.formulary import fold
from rx_review.library.rows import Contraindication

_HEPATIC = {"normal": 0, "mild": 1, "moderate": 2, "severe": 3}


@dataclass(frozen=True, slots=True)
class Person:
    """What concerns ask about the patient, worked out once per prescription."""

    patient: Patient
    age: Age
    groups: frozenset[str]
    all_diagnoses_read: bool
    pregnant: bool | None
    lactating: bool | None
    sex: str | None
    allergens: Mapping[str, str]
    """What was recorded: ingredients and classes, each with the words of the record."""
    allergies_known: bool
    allergens_unread: bool

    @classmethod
    def of(cls, prescription: Prescription, sheet: Sheet, resolver: Resolver) -> Person:
        """Read the patient of a prescription whose own facts are computed."""
        patient = prescription.patient
        groups, all_read = diagnosis_groups(prescription, resolver)
        names, unread = _allergens(patient, resolver)
        asked = patient.allergies is not None and patient.allergies.status != "not_asked"
        pregnant, lactating, sex = (sheet.values.get(name) for name in ("pregnant", "lactating", "sex"))
        return cls(
            patient,
            age_of(prescription),
            groups,
            all_read,
            None if pregnant is None else bool(pregnant),
            None if lactating is None else bool(lactating),
            None if sex is None else str(sex),
            names,
            asked,
            unread,
        )


def _allergens(patient: Patient, resolver: Resolver) -> tuple[Mapping[str, str], bool]:
    names: dict[str, str] = {}
    unread = False
    for item in patient.allergies.items if patient.allergies else ():
        targets = resolver.formulary.allergens.on(fold(item), resolver.day)
        generic = resolver.formulary.written_names.get(fold(item))
        if not targets and generic is None:
            unread = True
        for target in (*targets, *((generic[0],) if generic and not targets else ())):
            names.setdefault(target, item)
            for word in resolver.formulary.classes_of(target, resolver.day):
                names.setdefault(f"class:{word}", item)
    return names, unread


def line_concerns(
    sheet: Sheet,
    prescription: Prescription,
    line: Line,
    known: Known,
    person: Person,
    resolver: Resolver,
) -> Iterator[Case]:
    """Yield the concerns of a line that contraindications raise; those about doses are in `facts.limit`."""
    topical = is_topical(line, known, resolver)
    excused = {
        reason.for_
        for reason in prescription.reasons
        if reason.signed_again and (not reason.lines or line.line in reason.lines)
    }
    seen: set[tuple[str, str | None, str]] = set()
    for part in known.components:
        recorded = _recorded_allergy(part.name, person, resolver)
        if recorded is not None:
            words_of_record = person.allergens[recorded]
            yield _allergy_case(sheet, line, part, recorded, words_of_record, "contraindication" in excused)
        for name in (part.name, f"herb:{part.name}", *_family(known)):
            for row in resolver.formulary.contraindications.on(name, resolver.day):
                slot = (row.topic, row.condition, row.grade)
                if slot in seen or (topical and row.scope == "systemic") or not made_as(row.form, known):
                    continue
                if row.topic == "allergy" and recorded is not None:
                    continue
                applies, cause = _applies(row, person)
                if applies is not False:
                    seen.add(slot)
                    yield _row_case(sheet, line, part, row, applies, cause, person, resolver, excused)


def _family(known: Known) -> tuple[str, ...]:
    return (f"herb:{known.herb.family}",) if known.herb is not None and known.herb.family != known.herb.herb else ()


def made_as(form: str | None, known: Known) -> bool:
    """Whether a row for one form speaks of this drug."""
    return form is None or known.form is None or form in (known.form.form, known.form.counts_as)


def _recorded_allergy(ingredient: str, person: Person, resolver: Resolver) -> str | None:
    """The recorded allergen that is this very ingredient, or a class it belongs to that was itself recorded."""
    if not person.allergens:
        return None
    if ingredient in person.allergens:
        return ingredient
    recorded = {name for name in person.allergens if name.startswith("class:")}
    of_ingredients = {
        f"class:{word}"
        for name in person.allergens
        if not name.startswith("class:")
        for word in resolver.formulary.classes_of(name, resolver.day)
    }
    for word in resolver.formulary.classes_of(ingredient, resolver.day):
        if f"class:{word}" in recorded - of_ingredients:
            return f"class:{word}"
    return None


def _applies(row: Contraindication, person: Person) -> tuple[bool | None, str]:
    """Whether a row applies to the person, and what is missing if that cannot be said."""
    match row.topic:
        case "age":
            return person.age.within(row.age_from, row.age_until), "birth_date"
        case "pregnancy":
            return _pregnancy(row.condition, person)
        case "lactation":
            return person.lactating, "lactation" if person.sex else "sex"
        case "sex":
            return (None if person.sex is None else person.sex == row.condition), "sex"
        case "disease":
            found = row.condition in person.groups
            return (True if found else False if person.all_diagnoses_read else None), "diagnosis_code"
        case "renal":
            return _renal(row.under, person)
        case "hepatic":
            hepatic = person.patient.hepatic
            bound = _HEPATIC.get(row.condition or "mild", 1)
            return (None if hepatic is None else _HEPATIC[hepatic] >= bound), "hepatic"
        case "allergy":
            if row.condition in person.allergens:
                return True, ""
            if person.allergens_unread:
                return None, "allergen"
            return (False if person.allergies_known else None), "allergies"


def _pregnancy(trimester: str | None, person: Person) -> tuple[bool | None, str]:
    if person.pregnant is not True or trimester is None:
        return person.pregnant, "pregnancy" if person.sex else "sex"
    weeks = person.patient.gestation
    if weeks is None:
        return None, "gestation"
    return ("first" if weeks < 14 else "second" if weeks < 28 else "third") == trimester, ""


def _renal(under: Decimal | None, person: Person) -> tuple[bool | None, str]:
    measured = person.patient.egfr or person.patient.crcl
    if measured is None or under is None:
        return None, "egfr"
    return measured.value < under, ""


def concern_case(
    sheet: Sheet,
    line: Line,
    part: Component,
    row: str,
    own: Mapping[str, int | str],
    missing: Mapping[str, str],
    texts: Mapping[str, object],
    ask: Mapping[str, str] | None = None,
) -> Case:
    """A concern about one active of a line, with what the line already knows."""
    return Case(
        "concern",
        (line.line,),
        {**sheet.values, **own},
        {**sheet.missing, **missing},
        {**sheet.texts, **texts},
        (part.name,),
        row,
        ask,
    )


def words(zh: str, en: str) -> Mapping[str, str]:
    """The same in both languages."""
    return {"zh": zh, "en": en}


def _allergy_case(
    sheet: Sheet, line: Line, part: Component, recorded: str, written: str, excused: bool
) -> Case:
    own: dict[str, int | str] = {"topic": "allergy", "grade": "contraindicated", "applies": 1, "excused": int(excused)}
    texts = {"condition": words(written, written), "consequence": words("可致过敏反应", "allergic reaction")}
    return concern_case(sheet, line, part, f"allergy:{recorded}", own, {}, texts)


def _row_case(
    sheet: Sheet,
    line: Line,
    part: Component,
    row: Contraindication,
    applies: bool | None,
    cause: str,
    person: Person,
    resolver: Resolver,
    excused: set[str],
) -> Case:
    topic = "allergy_cross" if row.topic == "allergy" and row.grade == "caution" else row.topic
    own: dict[str, int | str] = {"topic": topic, "grade": row.grade, "excused": int("contraindication" in excused)}
    if applies is not None:
        own["applies"] = int(applies)
    missing = {"applies": cause} if applies is None else {}
    texts = {
        "condition": _condition_words(row, resolver),
        "consequence": words(row.consequence_zh, row.consequence_en),
    }
    ask = words(row.ask_zh, row.ask_en or row.ask_zh) if row.ask_zh else None
    name = f"{row.topic}:{row.target}:{row.condition or ''}:{row.age_from or ''}-{row.age_until or ''}"
    return concern_case(sheet, line, part, name, own, missing, texts, ask)


def _condition_words(row: Contraindication, resolver: Resolver) -> Mapping[str, str]:
    if row.topic == "disease" and row.condition is not None:
        return words(*resolver.formulary.group_names.get(row.condition, (row.condition, row.condition)))
    if row.topic == "allergy" and row.condition is not None:
        zh, en, _ = resolver.formulary.class_names.get(row.condition[6:], (row.condition, row.condition, ""))
        return words(zh, en)
    if row.topic == "age":
        return words(*age_words(row.age_from, row.age_until))
    if row.topic == "renal":
        return words(f"eGFR<{row.under}", f"eGFR<{row.under}")
    return words(row.condition or "", row.condition or "")


def age_words(start: str | None, end: str | None) -> tuple[str, str]:
    """An age band in Chinese and English."""

    def bound_words(bound: str) -> tuple[str, str]:
        number, unit = bound[:-1], bound[-1]
        return number + {"d": "天", "m": "月", "y": "岁"}[unit], number + {"d": " d", "m": " m", "y": " y"}[unit]

    low, high = bound_words(start) if start else ("", ""), bound_words(end) if end else ("", "")
    if start and end:
        return f"{low[0]}至{high[0]}", f"{low[1]} to {high[1]}"
    return (f"{high[0]}以下", f"under {high[1]}") if end else (f"{low[0]}及以上", f"{low[1]} and over")
