"""Concerns about dose and duration: what a line gives against what the label or the pharmacopoeia allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from rx_review.domain.prescription import Prescription
from rx_review.facts.age import Age
from rx_review.facts.case import Case, Value
from rx_review.facts.concern import Person, concern_case, is_excused
from rx_review.facts.knowledge import NO_WORDS, ORDINARY, Bound, compared
from rx_review.facts.line import Understood
from rx_review.facts.resolve import Component
from rx_review.facts.supply import exact


def dose_concerns(line: Case, understood: Understood, prescription: Prescription, person: Person) -> Iterator[Case]:
    """Yield the concerns of a line about its dose, daily dose, duration and, for herbs, grams a day.

    A row that names the form or route beats one that does not, and an ingredient's row beats its class's, if it
    certainly holds at this age.
    """
    known = understood.known
    if known is None:
        return
    excused = is_excused(prescription, "dose", line.lines)
    within = person.age.within
    if not understood.bounds and known.kind == "western" and not understood.topical and not known.is_solvent:
        yield _unbounded_case(line, known.generic, excused)
    for bound in understood.bounds:
        row = bound.row
        held = within(row.age_from, row.age_until)
        if held is False or any(within(other.age_from, other.age_until) for other in bound.beaten_by):
            continue
        yield _limit_case(line, bound, held, person, excused)
    if known.herb is not None and known.kind == "herb" and not understood.topical:
        # The pharmacopoeia's ranges are for what is swallowed; a wash takes what it takes (外用适量).
        yield from _herb_case(line, understood, excused)


def _limit_case(line: Case, bound: Bound, within: bool | None, person: Person, excused: bool) -> Case:
    own: dict[str, Value] = {**bound.own, "excused": int(excused)}
    missing: dict[str, str] = {}
    if within is None:
        missing["applies"] = "birth_date"
    else:
        own["applies"] = 1
    if bound.observed is None:
        missing["observed"] = missing["percent_of_bound"] = bound.cause
    if bound.row.per == "kg":
        weight = person.patient.weight or None
        if weight is None and _within_lightest(bound, person.lightest):
            # Within the bound at the lightest weight to be expected at that age, it is within it at any.
            weight = person.lightest
        if weight is not None:
            kilograms = exact(weight)
            own.update(compared(bound.observed, bound.maximum.times(kilograms.num, kilograms.den)))
        else:
            missing["bound"] = missing["percent_of_bound"] = "weight"
    return concern_case(line, bound.part, bound.name, own, missing, bound.texts)


def _unbounded_case(line: Case, generic: str, excused: bool) -> Case:
    """A drug without any limit in the formulary: its dose cannot be judged, and that is said."""
    own: dict[str, Value] = {
        "topic": "daily_dose", "grade": "bound", "applies": 1, "by_weight": 0, "toxic": 0, "excused": int(excused),
        **ORDINARY,
    }  # fmt: skip
    missing = dict.fromkeys(("observed", "bound", "percent_of_bound"), "limit")
    part = Component(generic, None, None, False)
    return concern_case(
        line, part, "no_limit", own, missing, {"condition": NO_WORDS, "unit": "", "consequence": NO_WORDS}
    )


def _herb_case(line: Case, understood: Understood, excused: bool) -> Iterator[Case]:
    known, supply = understood.known, understood.supply
    if known is None or known.herb is None or known.herb.maximum is None:
        return
    herb = known.herb
    grams = supply.daily.times(1, 1_000_000) if supply.daily is not None else None
    own: dict[str, Value] = {
        "topic": "herb_dose", "grade": "bound", "applies": 1, "by_weight": 0,
        "toxic": int(herb.toxic or herb.footnote_critical), "excused": int(excused), **ORDINARY,
    }  # fmt: skip
    missing: dict[str, str] = {}
    if grams is not None:
        own["observed"] = grams.scaled(6)
    else:
        missing["observed"] = missing["percent_of_bound"] = supply.dose_cause
    own.update(compared(grams, exact(known.herb.maximum)))
    texts = {"condition": NO_WORDS, "unit": "g", "consequence": NO_WORDS}
    yield concern_case(line, known.components[0], f"herb_dose:{herb.herb}", own, missing, texts)


def _within_lightest(bound: Bound, lightest: Decimal | None) -> bool:
    """Whether a dose is within its bound per kg even if the child is as light as can be expected."""
    if lightest is None or bound.observed is None:
        return False
    kilograms = exact(lightest)
    most = bound.maximum.times(kilograms.num, kilograms.den)
    return bound.observed.num * most.den <= most.num * bound.observed.den


def weight_decides(lines: Iterable[Understood], age: Age, lightest: Decimal | None) -> bool:
    """Whether some drug's dose is within its bound by body weight or not according to a weight that is not written.

    What cannot be computed for another reason, such as an antipyretic as needed, no weight would settle.
    """
    return any(
        bound.row.per == "kg"
        and bound.observed is not None
        and age.within(bound.row.age_from, bound.row.age_until) is not False
        and not _within_lightest(bound, lightest)
        for understood in lines
        if understood.by_weight
        for bound in understood.bounds
    )


def needs_weight(lines: Iterable[Understood], age: Age) -> bool:
    """Whether some drug has a bound by body weight at this age."""
    return any(
        bound.row.per == "kg" and age.within(bound.row.age_from, bound.row.age_until) is True
        for understood in lines
        if understood.by_weight
        for bound in understood.bounds
    )
