"""Rows of the formulary that a line brings up, whoever the patient is; worked out once for each line understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rx_review.facts.case import Value
from rx_review.facts.resolve import Component, Known, Resolver
from rx_review.facts.supply import Ratio, Supply, exact
from rx_review.library.rows import Contraindication, Limit

Words = Mapping[str, str]
DIGITS = 6


def words(zh: str, en: str) -> Words:
    """The same in both languages."""
    return {"zh": zh, "en": en}


NO_WORDS = words("", "")
ORDINARY: Mapping[str, Value] = {"payment": "none", "off_label_approved": 0}
"""What most concerns say: they are about safety, and no committee has allowed the use."""


@dataclass(frozen=True, slots=True)
class Caution:
    """A contraindication row of an active, with what its concern will say."""

    part: Component
    row: Contraindication
    name: str
    texts: Mapping[str, object]
    ask: Words | None


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit row of an active against what the line gives; `observed` is None where `cause` is missing.

    `own` is what the concern says whatever the patient: topic, grade, observed and so on.
    """

    part: Component
    row: Limit
    maximum: Ratio
    observed: Ratio | None
    cause: str
    name: str
    own: Mapping[str, Value]
    texts: Mapping[str, object]
    beaten_by: tuple[Limit, ...] = ()
    """Limits of the same active and measure that say more: they name the form, the route or the very ingredient."""


def cautions_of(known: Known, topical: bool | None, resolver: Resolver) -> tuple[Caution, ...]:
    """Contraindication rows of a drug's actives, for its form and where it acts."""
    found: list[Caution] = []
    for part in known.components:
        for name in (part.name, f"herb:{part.name}", *_family(known)):
            rows = [
                row
                for row in resolver.formulary.contraindications.on(name, resolver.day)
                if made_as(row.form, known) and not (topical and row.scope == "systemic")
            ]
            found += [
                _caution(part, row, resolver) for row in rows if not any(_overrules(other, row) for other in rows)
            ]
    return tuple(found)


def _overrules(own: Contraindication, row: Contraindication) -> bool:
    """Whether an ingredient's own row speaks of what its class's row says: the same group and overlapping ages."""
    if own.target.startswith("class:") or not row.target.startswith("class:"):
        return False
    if (own.topic, own.condition) != (row.topic, row.condition):
        return False
    return _days(own.age_from, 0) < _days(row.age_until, 10**6) and _days(row.age_from, 0) < _days(own.age_until, 10**6)


def _days(age: str | None, default: int) -> int:
    """An age bound in days, near enough to tell whether two bands overlap."""
    return default if age is None else int(age[:-1]) * {"d": 1, "m": 30, "y": 365}[age[-1]]


def _family(known: Known) -> tuple[str, ...]:
    return (f"herb:{known.herb.family}",) if known.herb is not None and known.herb.family != known.herb.herb else ()


def made_as(form: str | None, known: Known) -> bool:
    """Whether a row for one form speaks of this drug."""
    return form is None or known.form is None or form in (known.form.form, known.form.counts_as)


def _caution(part: Component, row: Contraindication, resolver: Resolver) -> Caution:
    texts = {
        "condition": _condition_words(row, resolver),
        "consequence": words(row.consequence_zh, row.consequence_en),
    }
    ask = words(row.ask_zh, row.ask_en or row.ask_zh) if row.ask_zh else None
    name = f"{row.topic}:{row.target}:{row.condition or ''}:{row.age_from or ''}-{row.age_until or ''}"
    return Caution(part, row, name, texts, ask)


def _condition_words(row: Contraindication, resolver: Resolver) -> Words:
    if row.topic == "disease" and row.condition is not None:
        return words(*resolver.formulary.group_names.get(row.condition, (row.condition, row.condition)))
    if row.topic == "allergy" and row.condition is not None:
        zh, en, _ = resolver.formulary.class_names.get(row.condition[6:], (row.condition, row.condition, ""))
        return words(zh, en)
    if row.topic == "age":
        return age_words(row.age_from, row.age_until)
    if row.topic == "renal":
        return words(f"eGFR<{row.under}", f"eGFR<{row.under}")
    return words(row.condition or "", row.condition or "")


def age_words(start: str | None, end: str | None) -> Words:
    """An age band in Chinese and English."""
    if start is None and end is None:
        return NO_WORDS

    def bound_words(bound: str) -> tuple[str, str]:
        number, unit = bound[:-1], bound[-1]
        return number + {"d": "天", "m": "月", "y": "岁"}[unit], number + {"d": " d", "m": " m", "y": " y"}[unit]

    low, high = bound_words(start) if start else ("", ""), bound_words(end) if end else ("", "")
    if start and end:
        return words(f"{low[0]}至{high[0]}", f"{low[1]} to {high[1]}")
    return words(f"{high[0]}以下", f"under {high[1]}") if end else words(f"{low[0]}及以上", f"{low[1]} and over")


def supporting_groups(known: Known, resolver: Resolver) -> frozenset[str]:
    """Groups of diagnoses that support a drug; none if that is not asked of it."""
    formulary, day = resolver.formulary, resolver.day
    found = set(formulary.indications.on(known.generic, day))
    for key in known.keys:
        if key.startswith("class:"):
            found.update(formulary.indications.on(key, day))
    return frozenset(found)


def bounds_of(
    known: Known, supply: Supply, topical: bool | None, group: Value | None, resolver: Resolver
) -> tuple[Bound, ...]:
    """Limit rows of a drug's actives for its form and route, against what the line gives; none if it acts locally."""
    if topical:
        return ()
    found: list[Bound] = []
    for part in known.components:
        rows = [
            row
            for row in resolver.formulary.limits.on(part.name, resolver.day)
            if made_as(row.form, known) and (row.route is None or group is None or row.route == group)
        ]
        for row in rows:
            rivals = tuple(other for other in rows if _says_more(other, row))
            found.append(replace(_bound(part, row, known, supply, resolver), beaten_by=rivals))
    return tuple(bound for bound in found if not _said_otherwise(bound, found))


def _said_otherwise(bound: Bound, found: Sequence[Bound]) -> bool:
    """Whether a limit in another kind of unit (mg, units) cannot be compared, and its twin in the dose's own can."""
    if bound.observed is not None or bound.cause != "strength":
        return False
    return any(
        other.observed is not None
        and other.part.name == bound.part.name
        and (other.row.measure, other.row.per) == (bound.row.measure, bound.row.per)
        and (other.row.age_from, other.row.age_until) == (bound.row.age_from, bound.row.age_until)
        for other in found
    )


def _says_more(other: Limit, row: Limit) -> bool:
    return other.measure == row.measure and other.per == row.per and _named(other) > _named(row)


def _named(row: Limit) -> tuple[bool, bool, bool]:
    return row.form is not None, row.route is not None, not row.target.startswith("class:")


def _bound(part: Component, row: Limit, known: Known, supply: Supply, resolver: Resolver) -> Bound:
    observed, cause = _observed(part, row, known, supply, resolver)
    own: dict[str, Value] = {
        "topic": row.measure,
        "grade": "bound",
        "by_weight": int(row.per == "kg"),
        # A trace of potassium does not make a rehydration salt high-alert.
        "toxic": int(row.high_alert and len(known.components) == 1),
        **ORDINARY,
    }
    if observed is not None:
        own["observed"] = observed.scaled(DIGITS)
    if row.per != "kg":
        own.update(compared(observed, exact(row.maximum)))
    name = f"{row.measure}:{row.target}:{row.route or ''}:{row.form or ''}:{row.age_from or ''}:{row.per}"
    texts = {
        "condition": age_words(row.age_from, row.age_until),
        "unit": words("日", "d") if row.unit == "day" else row.unit,
        "consequence": NO_WORDS,
    }
    return Bound(part, row, exact(row.maximum), observed, cause, name, own, texts)


def compared(observed: Ratio | None, bound: Ratio) -> Iterator[tuple[str, Value]]:
    """The bound as a fact, and what is observed as a percentage of it, rounded up."""
    yield "bound", bound.scaled(DIGITS)
    if observed is not None and bound.num:
        yield "percent_of_bound", observed.over(bound).scaled(2)


def _observed(
    part: Component, row: Limit, known: Known, supply: Supply, resolver: Resolver
) -> tuple[Ratio | None, str]:
    """What the line gives, in the row's unit, and what is missing otherwise."""
    if row.measure == "days":
        return supply.course, supply.days_cause
    if row.measure == "daily_dose" and supply.daily is None and supply.dose is not None:
        # However often it is given, a day has at least one dose; within the limit, how often decides.
        once, cause = _observed(part, row, known, replace(supply, daily=supply.dose), resolver)
        over = once is not None and exact(row.maximum).under(once) and row.per != "kg"
        return (once if over else None), cause or supply.dose_cause
    amount = {"single_dose": supply.dose, "weekly_dose": supply.weekly}.get(row.measure, supply.daily)
    unit = resolver.unit(row.unit)
    if amount is None or unit is None or unit.factor is None:
        return None, supply.dose_cause
    if len(known.components) > 1 or part.amount is not None:
        share = _share(part, supply, amount, resolver)
        if share is None:
            return None, "composition"
        amount = share
    elif supply.dimension != unit.dimension:
        return None, "strength"
    factor = exact(unit.factor)
    return amount.times(factor.den, factor.num), ""


def _share(part: Component, supply: Supply, amount: Ratio, resolver: Resolver) -> Ratio | None:
    """This component's part of an amount of a compound; only where the composition says how much there is."""
    unit = resolver.unit(part.unit)
    if part.amount is None or unit is None or unit.factor is None or supply.dimension != "count":
        return None
    content = exact(part.amount).times(exact(unit.factor).num, exact(unit.factor).den)
    return amount.times(content.num, content.den)
