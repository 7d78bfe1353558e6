"""Concerns: one line against one row of the formulary that may apply to this patient.

A row whose patient fact is missing becomes a concern that is unknown; a row that certainly does not apply
becomes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rx_review.domain.prescription import Patient, Prescription
from rx_review.facts.age import Age
from rx_review.facts.case import Case, Value
from rx_review.facts.formalities import Diagnoses
from rx_review.facts.knowledge import ORDINARY, Caution, words
from rx_review.facts.line import Understood
from rx_review.facts.resolve import Component, Known, Resolver
from rx_review.library.lookup import fold
from rx_review.library.rows import Contraindication

# A skin test done, ordered or exempt answers what was not asked; it never answers a recorded allergy.
_TESTED = frozenset({"ordered", "negative", "exempt"})
_HEPATIC = {"normal": 0, "mild": 1, "moderate": 2, "severe": 3}


@dataclass(frozen=True, slots=True)
class Person:
    """What concerns ask about the patient, worked out once per prescription."""

    patient: Patient
    age: Age
    groups: frozenset[str]
    possible_groups: frozenset[str]
    all_diagnoses_read: bool
    pregnant: bool | None
    lactating: bool | None
    sex: str | None
    recorded: Mapping[str, str]
    """Ingredients, generics, herb families and classes that were recorded as allergens, with the words used."""
    related: Mapping[str, str]
    """Those, and the classes that a recorded ingredient belongs to."""
    allergies_known: bool
    allergens_unread: bool
    result_days: int
    """How old a laboratory result may be."""
    western: bool = True
    """Whether a Western diagnosis is written."""
    pregnancy_cause: str = "pregnancy"
    """What would settle an unknown pregnancy."""
    lightest: Decimal | None = None
    """The lightest weight to be expected at that age, in kg; None for adults and unknown ages."""

    @classmethod
    def of(
        cls,
        prescription: Prescription,
        whole: Case,
        age: Age,
        diagnoses: Diagnoses,
        resolver: Resolver,
        lightest: Decimal | None,
    ) -> Person:
        """Read the patient of a prescription whose own facts are computed."""
        patient = prescription.patient
        recorded, related, unread = _allergens(patient, diagnoses, resolver)
        asked = patient.allergies is not None and patient.allergies.status != "not_asked"
        pregnant, lactating, sex = (whole.own.get(name) for name in ("pregnant", "lactating", "sex"))
        return cls(
            patient,
            age,
            diagnoses.groups,
            diagnoses.possible,
            diagnoses.all_read,
            None if pregnant is None else bool(pregnant),
            None if lactating is None else bool(lactating),
            None if sex is None else str(sex),
            recorded,
            related,
            asked,
            unread,
            int(resolver.formulary.parameter("renal_result_days", resolver.day) or 0),
            diagnoses.western,
            whole.missing.get("pregnant", "pregnancy"),
            lightest,
        )


def lightest_weight(age: Age, resolver: Resolver) -> Decimal | None:
    """The lightest weight to be expected of a child of that age, in kg; None for adults and unknown ages."""
    days = age.fewest_days
    return resolver.formulary.lightest(days) if days is not None and age.at_least("18y") is False else None


def _allergens(
    patient: Patient, diagnoses: Diagnoses, resolver: Resolver
) -> tuple[Mapping[str, str], Mapping[str, str], bool]:
    formulary, day = resolver.formulary, resolver.day
    recorded: dict[str, str] = {}
    unread = False
    for item in (*(patient.allergies.items if patient.allergies else ()), *diagnoses.allergens):
        targets = formulary.allergens.on(fold(item), day) or _named(item, resolver)
        unread = unread or not targets
        for target in targets:
            recorded.setdefault(target, item)
    related = dict(recorded)
    for target, item in recorded.items():
        for word in formulary.classes_of(target, day):
            related.setdefault(f"class:{word}", item)
    return recorded, related, unread


def _named(item: str, resolver: Resolver) -> tuple[str, ...]:
    """A drug that was recorded by name: its generic, and its active if it has only one; a herb's family."""
    name, _ = resolver.formulary.written_names.get(fold(item), (None, None))
    if name is None:
        return ()
    herb = resolver.formulary.herbs.one(name, resolver.day)
    if herb is not None:
        return herb.herb, herb.family
    parts = resolver.formulary.composition.on(name, resolver.day)
    return (name, parts[0].ingredient) if len(parts) == 1 else (name,)


def line_concerns(
    line: Case, understood: Understood, prescription: Prescription, person: Person, resolver: Resolver
) -> Iterator[Case]:
    """Yield the concerns of a line that contraindications raise; those about doses are in `facts.limit`."""
    known = understood.known
    if known is None:
        return
    excused = is_excused(prescription, "contraindication", line.lines)
    found: dict[tuple[str, str | None, str], Case] = {}
    recorded = {
        part.name: name
        for part in known.components
        if (name := _recorded_allergy(part.name, known, person, resolver)) is not None
    }
    for part in known.components:
        if part.name in recorded:
            name = recorded[part.name]
            found["allergy", None, name] = _allergy_case(line, part, name, person.related[name], excused)
    for caution in understood.cautions:
        row = caution.row
        applies, cause = _applies(row, person)
        if applies is False:
            continue
        if row.topic == "allergy":
            answered = applies is None and line.own.get("skin_test") in _TESTED
            if answered or caution.part.name in recorded:
                continue
        # One concern for each thing that may go wrong; a row that certainly applies says more than an unknown one.
        slot = (row.topic, row.condition, row.grade)
        if slot not in found or (applies and found[slot].known("applies") is None):
            found[slot] = _caution_case(line, caution, applies, cause, excused)
    yield from found.values()


def is_excused(prescription: Prescription, purpose: str, lines: tuple[int, ...]) -> bool:
    """Whether the prescriber gave a reason for that and signed again, for these lines or the whole sheet.

    A reason that names several lines is about those together; one that names a single line is about it with any other.
    """
    if not prescription.reasons:
        return False
    return any(
        reason.for_ == purpose
        and reason.signed_again
        and (
            not reason.lines or set(lines) <= set(reason.lines) or (len(reason.lines) == 1 and reason.lines[0] in lines)
        )
        for reason in prescription.reasons
    )


def _recorded_allergy(ingredient: str, known: Known, person: Person, resolver: Resolver) -> str | None:
    """What was recorded that this is: the ingredient, the drug, its herb's family, or a class that was recorded."""
    if not person.recorded:
        return None
    family = known.herb.family if known.herb is not None else ingredient
    for name in (ingredient, known.generic, family):
        if name in person.recorded:
            return name
    for word in resolver.formulary.classes_of(ingredient, resolver.day):
        if f"class:{word}" in person.recorded:
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
            if row.condition in person.groups:
                return True, ""
            if row.condition in person.possible_groups:
                return None, "diagnosis_certain"
            return (False if person.all_diagnoses_read else None), "diagnosis_code"
        case "renal":
            return _renal(row.under, person)
        case "hepatic":
            hepatic = person.patient.hepatic
            bound = _HEPATIC.get(row.condition or "mild", 1)
            return (None if hepatic is None else _HEPATIC[hepatic] >= bound), "hepatic"
        case "allergy":
            if row.condition in person.related:
                return True, ""
            if person.allergens_unread:
                return None, "allergen"
            return (False if person.allergies_known else None), "allergies"


def _pregnancy(trimester: str | None, person: Person) -> tuple[bool | None, str]:
    if person.pregnant is not True or trimester is None:
        return person.pregnant, person.pregnancy_cause
    weeks = person.patient.gestation
    if weeks is None:
        return None, "gestation"
    return ("first" if weeks < 14 else "second" if weeks < 28 else "third") == trimester, ""


def _renal(under: Decimal | None, person: Person) -> tuple[bool | None, str]:
    measured = person.patient.egfr or person.patient.crcl
    if measured is None or under is None:
        return None, "egfr"
    if measured.on is not None and not 0 <= (person.age.day - measured.on).days <= person.result_days:
        # Too old, or not taken yet.
        return None, "egfr"
    return measured.value < under, ""


def concern_case(
    line: Case,
    part: Component,
    row: str,
    own: Mapping[str, Value],
    missing: Mapping[str, str],
    texts: Mapping[str, object],
    ask: Mapping[str, str] | None = None,
) -> Case:
    """A concern about one active of a line."""
    return Case("concern", line.lines, own, missing, texts, (part.name,), row, ask, line)


def _allergy_case(line: Case, part: Component, recorded: str, written: str, excused: bool) -> Case:
    own: dict[str, Value] = {
        "topic": "allergy", "grade": "contraindicated", "applies": 1,
        "excused": int(excused), "by_weight": 0, "toxic": 0, **ORDINARY,
    }  # fmt: skip
    texts = {"condition": words(written, written), "consequence": words("可致过敏反应", "allergic reaction")}
    return concern_case(line, part, f"allergy:{recorded}", own, {}, texts)


def _caution_case(line: Case, caution: Caution, applies: bool | None, cause: str, excused: bool) -> Case:
    row = caution.row
    topic = "allergy_cross" if row.topic == "allergy" and row.grade == "caution" else row.topic
    own: dict[str, Value] = {
        "topic": topic, "grade": row.grade, "excused": int(excused), "by_weight": 0, "toxic": 0, **ORDINARY,
    }  # fmt: skip
    if applies is not None:
        own["applies"] = int(applies)
    missing = {} if applies is not None else {"applies": cause}
    return concern_case(line, caution.part, caution.name, own, missing, caution.texts, caution.ask)
