"""Concerns about dose and duration: what a line gives against what the label or the pharmacopoeia allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rx_review.domain.prescription import Line, Prescription
from rx_review.facts.age import Age
from rx_review.facts.case import Case, Sheet
from rx_review.facts.concern import Person, age_words, concern_case, made_as, words
from rx_review.facts.line import is_topical
from rx_review.facts.resolve import Component, Known, Resolver
from rx_review.facts.supply import Ratio, Supply, exact
from rx_review.library.rows import Limit

_DIGITS = 6


def dose_concerns(
    sheet: Sheet,
    prescription: Prescription,
    line: Line,
    known: Known,
    supply: Supply,
    person: Person,
    resolver: Resolver,
) -> Iterator[Case]:
    """Yield the concerns of a line about its dose, daily dose, duration and, for herbs, grams a day."""
    excused = any(
        reason.for_ == "dose" and reason.signed_again and (not reason.lines or line.line in reason.lines)
        for reason in prescription.reasons
    )
    if not is_topical(line, known, resolver):
        for part in known.components:
            yield from _limit_cases(sheet, line, known, part, supply, person, resolver, excused)
    if known.herb is not None and known.kind == "herb":
        yield from _herb_case(sheet, line, known, supply, excused)


def _limit_cases(
    sheet: Sheet,
    line: Line,
    known: Known,
    part: Component,
    supply: Supply,
    person: Person,
    resolver: Resolver,
    excused: bool,
) -> Iterator[Case]:
    rows = [row for row in resolver.formulary.limits.on(part.name, resolver.day) if _limit_fits(row, known, sheet)]
    for row in rows:
        beaten = any(
            other.measure == row.measure
            and other.per == row.per
            and (other.form is not None, other.route is not None) > (row.form is not None, row.route is not None)
            for other in rows
        )
        within = person.age.within(row.age_from, row.age_until)
        if not beaten and within is not False:
            yield _limit_case(sheet, line, part, known, supply, row, within, person, resolver, excused)


def _limit_fits(row: Limit, known: Known, sheet: Sheet) -> bool:
    if not made_as(row.form, known):
        return False
    group = sheet.values.get("route_group") or sheet.values.get("form_route")
    return row.route is None or group is None or row.route == group


def _limit_case(
    sheet: Sheet,
    line: Line,
    part: Component,
    known: Known,
    supply: Supply,
    row: Limit,
    within: bool | None,
    person: Person,
    resolver: Resolver,
    excused: bool,
) -> Case:
    weight = person.patient.weight
    bound: Ratio | None = exact(row.maximum)
    missing: dict[str, str] = {}
    if row.per == "kg":
        bound = exact(row.maximum).times(exact(weight).num, exact(weight).den) if weight and bound else None
        if bound is None:
            missing["bound"] = missing["percent_of_bound"] = "weight"
    observed, cause = _observed(part, known, supply, row, resolver)
    own: dict[str, int | str] = {
        "topic": row.measure, "grade": "bound", "by_weight": int(row.per == "kg"),
        "toxic": int(row.high_alert), "excused": int(excused),
    }  # fmt: skip
    if within is None:
        missing["applies"] = "birth_date"
    else:
        own["applies"] = 1
    if observed is None:
        missing["observed"] = missing["percent_of_bound"] = cause
    else:
        own["observed"] = observed.scaled(_DIGITS)
    if bound is not None:
        own["bound"] = bound.scaled(_DIGITS)
    if observed is not None and bound is not None and bound.num:
        own["percent_of_bound"] = observed.over(bound).scaled(2)
    name = f"{row.measure}:{row.target}:{row.route or ''}:{row.form or ''}:{row.age_from or ''}:{row.per}"
    banded = row.age_from is not None or row.age_until is not None
    texts = {
        "condition": words(*age_words(row.age_from, row.age_until)) if banded else words("", ""),
        "unit": words("日", "d") if row.unit == "day" else row.unit,
        "consequence": words("", ""),
    }
    return concern_case(sheet, line, part, name, own, missing, texts)


def _observed(
    part: Component, known: Known, supply: Supply, row: Limit, resolver: Resolver
) -> tuple[Ratio | None, str]:
    """What the line gives, in the row's unit, and what is missing otherwise."""
    if row.measure == "days":
        return supply.days, supply.days_cause
    amount = supply.dose if row.measure == "single_dose" else supply.daily
    unit = resolver.unit(row.unit)
    if amount is None or unit is None or unit.factor is None:
        return None, supply.dose_cause
    if len(known.components) > 1 or part.amount is not None:
        share = _share(part, known, supply, amount, resolver)
        if share is None:
            return None, "composition"
        amount = share
    elif supply.dimension != unit.dimension:
        return None, "strength"
    factor = exact(unit.factor)
    return amount.times(factor.den, factor.num), ""


def _share(part: Component, known: Known, supply: Supply, amount: Ratio, resolver: Resolver) -> Ratio | None:
    """This component's part of an amount of a compound; only where the composition says how much there is."""
    unit = resolver.unit(part.unit)
    if part.amount is None or unit is None or unit.factor is None:
        return None
    content = exact(part.amount).times(exact(unit.factor).num, exact(unit.factor).den)
    if supply.dimension == "count":
        return amount.times(content.num, content.den)
    return None


def _herb_case(sheet: Sheet, line: Line, known: Known, supply: Supply, excused: bool) -> Iterator[Case]:
    herb = known.herb
    if herb is None or herb.maximum is None:
        return
    own: dict[str, int | str] = {
        "topic": "herb_dose", "grade": "bound", "applies": 1, "toxic": int(herb.toxic or herb.footnote_critical),
        "excused": int(excused), "bound": exact(herb.maximum).scaled(_DIGITS),
    }  # fmt: skip
    missing: dict[str, str] = {}
    if supply.daily is None:
        missing["observed"] = missing["percent_of_bound"] = supply.dose_cause
    else:
        grams = supply.daily.times(1, 1_000_000)
        own["observed"] = grams.scaled(_DIGITS)
        own["percent_of_bound"] = grams.over(exact(herb.maximum)).scaled(2)
    texts = {"condition": words("", ""), "unit": "g", "consequence": words("", "")}
    yield concern_case(sheet, line, known.components[0], f"herb_dose:{herb.herb}", own, missing, texts)


def needs_weight(known: Sequence[Known | None], age: Age, resolver: Resolver) -> bool:
    """Whether some drug has a bound by body weight at this age."""
    return any(
        row.per == "kg" and age.within(row.age_from, row.age_until) is True
        for drug in known
        if drug is not None
        for part in drug.components
        for row in resolver.formulary.limits.on(part.name, resolver.day)
    )
