"""Days of supply, daily doses and packs, in exact integers. What cannot be computed is unknown, with its cause.

Not computable: as-needed and titrated doses, drops, creams and puffs, a part of an ampoule, packs of unknown size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from rx_review.domain.prescription import Decoction, Line
from rx_review.facts.resolve import Known, Resolver
from rx_review.library.rows import Frequency, Unit

_MICRO = Decimal(1_000_000)
DAY_DIGITS = 2
_NEBULISED = frozenset({"inhalation_solution", "inhalation_suspension"})


@dataclass(frozen=True, slots=True)
class Ratio:
    """An exact non-negative fraction; `den` is never zero."""

    num: int
    den: int

    def times(self, num: int, den: int = 1) -> Ratio:
        """This times num/den."""
        return Ratio(self.num * num, self.den * den)

    def over(self, other: Ratio) -> Ratio:
        """This divided by a non-zero other."""
        return Ratio(self.num * other.den, self.den * other.num)

    def plus(self, other: Ratio) -> Ratio:
        """This and another."""
        return Ratio(self.num * other.den + other.num * self.den, self.den * other.den)

    def minus(self, other: Ratio) -> Ratio:
        """This less another, and nothing where that is more."""
        return Ratio(max(0, self.num * other.den - other.num * self.den), self.den * other.den)

    def under(self, other: Ratio) -> bool:
        """Whether this is less than another."""
        return self.num * other.den < other.num * self.den

    def scaled(self, digits: int) -> int:
        """Times 10**digits, rounded up, so that nothing above a bound is ever rounded onto it.

        What is beyond the integers that the engines compare exactly is above every bound, and stays there.
        """
        scaled: int = -(-self.num * 10**digits // self.den)
        return min(scaled, 2**53 - 1)


@dataclass(frozen=True, slots=True)
class Supply:
    """What a line's figures come to; None where unknown, and then `cause` says what is missing.

    `dose` and `daily` are in ug, IU, ml or dose units by `dimension`; days are of the written regimen.
    """

    dose: Ratio | None = None
    daily: Ratio | None = None
    weekly: Ratio | None = None
    dimension: str | None = None
    days: Ratio | None = None
    days_without_last_pack: Ratio | None = None
    doses: Ratio | None = None
    course: Ratio | None = None
    """Days of treatment: as written where the rest is what an unsplit pack leaves over, else the days it lasts."""
    dose_cause: str = "dose"
    days_cause: str = "quantity"
    per_day: Ratio | None = None
    units: Ratio | None = None
    """Dose units supplied."""
    volume: Ratio | None = None
    """What one dose fills, in ml, where the drug is a liquid."""


def exact(value: Decimal) -> Ratio:
    """A decimal with at most six decimals as an exact fraction."""
    return Ratio(int(value * _MICRO), 1_000_000)


def compute_supply(line: Line, known: Known, resolver: Resolver, decoction: Decoction | None) -> Supply:
    """Work out a line's supply. `known` is its drug; `decoction` the packets of a herbal sheet."""
    frequency = resolver.frequency(line.frequency)
    if known.kind == "herb" or (known.kind == "granule" and known.herb is not None):
        return _herbal(line, resolver, decoction)
    dose_unit = resolver.unit(line.dose_unit)
    dose, dimension = _dose(line, known, dose_unit, resolver)
    daily = None if dose is None or (most := _times_a_day(frequency)) is None else dose.times(*most)
    weekly = None if dose is None else _in_a_week(dose, frequency)
    dose_cause = "dose" if dose is None else "frequency"
    units, _ = _units_supplied(line, known, dose_unit, resolver)
    so_far = Supply(
        dose,
        daily,
        weekly,
        dimension,
        dose_cause=dose_cause,
        units=units,
        volume=_volume(line, known, dose_unit, resolver),
    )
    return _with_days(line, known, resolver, dose_unit, frequency, so_far)


def _volume(line: Line, known: Known, unit: Unit | None, resolver: Resolver) -> Ratio | None:
    if line.dose is None or unit is None or unit.factor is None:
        return None
    if unit.dimension == "volume":
        return exact(line.dose).times(*_pair(unit.factor))
    if unit.dimension == "count" and known.volume:
        return exact(line.dose).times(*_pair(known.volume))
    content = _content(known, resolver)
    if known.volume and content is not None and content[1] == unit.dimension and content[0].num:
        return exact(line.dose).times(*_pair(unit.factor)).over(content[0]).times(*_pair(known.volume))
    return None


def _with_days(
    line: Line, known: Known, resolver: Resolver, dose_unit: Unit | None, frequency: Frequency | None, so_far: Supply
) -> Supply:
    route = resolver.route(line.route)
    made_for = known.form.route if known.form is not None else None
    # A patch put on the skin is counted; drops, creams and puffs are not.
    local = route is not None and not route.countable and made_for != "other"
    if local or (route is None and made_for not in (None, "oral", "injection", "rectal", "other")):
        return replace(so_far, days_cause="route")
    per_dose = units_per_dose(line, known, dose_unit, resolver)
    if per_dose is None:
        if not line.dose or dose_unit is None:
            return replace(so_far, days_cause="dose")
        opened = dose_unit.dimension == "count" or _content(known, resolver) is not None
        return replace(so_far, days_cause="multi_dose" if made_for == "injection" and opened else "pack")
    quantity, pack = _units_supplied(line, known, dose_unit, resolver)
    if quantity is None:
        unread = not line.quantity or resolver.unit(line.quantity_unit) is None
        return replace(so_far, days_cause="quantity" if unread else "pack")
    doses = quantity.over(per_dose)
    if frequency is None or frequency.times is None:
        return replace(so_far, doses=doses, days_cause="frequency")
    if frequency.period is None:
        # Given once: one dose is for one day; why there should be more of it is unknown.
        once = Ratio(1, 1) if doses.num <= doses.den else None
        return replace(so_far, days=once, days_without_last_pack=once, course=once, doses=doses, days_cause="frequency")
    rate = exact(frequency.times).over(exact(frequency.period))
    per_day = per_dose.times(rate.num, rate.den)
    days = quantity.over(per_day)
    without = days
    if pack is not None:
        rest = Ratio(max(0, quantity.num * pack.den - pack.num * quantity.den), quantity.den * pack.den)
        without = rest.over(per_day)
    written = exact(line.days) if line.days else days
    course = written if without.under(written) and written.under(days) else days
    return replace(
        so_far, days=days, days_without_last_pack=without, doses=doses, course=course, days_cause="", per_day=per_day
    )


def _herbal(line: Line, resolver: Resolver, decoction: Decoction | None) -> Supply:
    unit = resolver.unit(line.dose_unit)
    grams = line.dose is not None and unit is not None and unit.dimension == "mass" and unit.factor is not None
    dose = exact(line.dose).times(*_pair(unit.factor)) if grams and line.dose and unit and unit.factor else None
    frequency = resolver.frequency(decoction.frequency) if decoction else None
    if decoction is None or frequency is None or frequency.times is None or frequency.period is None:
        return Supply(
            dose, None, None, "mass", dose_cause="dose" if dose is None else "decoction", days_cause="decoction"
        )
    most = _times_a_day(frequency)
    rate = exact(frequency.times).over(exact(frequency.period))
    days = Ratio(decoction.packets, 1).over(rate)
    daily = None if dose is None or most is None else dose.times(*most)
    return Supply(dose, daily, None, "mass", days, days, Ratio(decoction.packets, 1), days, days_cause="", per_day=rate)


def _dose(line: Line, known: Known, unit: Unit | None, resolver: Resolver) -> tuple[Ratio | None, str | None]:
    """One dose as mass (ug), activity (IU), volume (ml), or a count of units whose content is unknown."""
    if line.dose is None or unit is None:
        return None, None
    written = exact(line.dose)
    if unit.dimension in ("mass", "activity", "volume") and unit.factor is not None:
        base = written.times(*_pair(unit.factor))
        if unit.dimension != "volume":
            return base, unit.dimension
        content = _content(known, resolver)
        if content is None or known.volume is None:
            return base, "volume"
        amount, dimension = content
        return base.times(amount.num, amount.den).over(exact(known.volume)), dimension
    if unit.dimension == "count" and unit.factor is not None and known.dose_unit in (None, unit.unit):
        content = _content(known, resolver)
        if content is None:
            return written, "count"
        amount, dimension = content
        return written.times(amount.num, amount.den), dimension
    return None, None


def _content(known: Known, resolver: Resolver) -> tuple[Ratio, str] | None:
    """Active amount in one dose unit, in the base of its dimension."""
    unit = resolver.unit(known.amount_unit)
    if known.amount is None or unit is None or unit.factor is None:
        return None
    return exact(known.amount).times(*_pair(unit.factor)), unit.dimension


def units_per_dose(line: Line, known: Known, unit: Unit | None, resolver: Resolver) -> Ratio | None:
    """Dose units (片, 支, 瓶 …) that one dose takes."""
    if not line.dose or unit is None or unit.factor is None:
        return None
    # Nebules are ampoules too: what is left of an opened one is thrown away.
    injected = known.form is not None and (known.form.route == "injection" or known.form.form in _NEBULISED)
    written = exact(line.dose)
    if unit.dimension == "count":
        # Ampoules and vials are counted in whatever holds them; a sachet of a tablet is not a tablet.
        units = written if injected or known.dose_unit in (None, unit.unit) else None
    elif unit.dimension == "volume":
        units = written.times(*_pair(unit.factor)).over(exact(known.volume)) if known.volume else None
    else:
        content = _content(known, resolver)
        same = content is not None and content[1] == unit.dimension
        units = written.times(*_pair(unit.factor)).over(content[0]) if content is not None and same else None
    if units is not None and injected and units.num % units.den:
        # The rest of an opened ampoule is thrown away. A part that was counted, or measured in units (insulin,
        # heparin), comes from a multi-dose vial or pen, and how long that lasts is unknown.
        opened = units.num // units.den + 1
        if opened == 1 and "class:glp1" in known.keys:
            # A pen that is dosed in mg.
            return None
        return Ratio(opened, 1) if opened > 1 or unit.dimension in ("mass", "volume") else None
    return units


def _units_supplied(
    line: Line, known: Known, dose_unit: Unit | None, resolver: Resolver
) -> tuple[Ratio | None, Ratio | None]:
    """Dose units supplied, and the size of what is not split (a pack, a bottle), if any."""
    unit = resolver.unit(line.quantity_unit)
    if line.quantity is None or unit is None or not line.quantity:
        return None, None
    quantity = exact(line.quantity)
    counted = known.dose_unit or (dose_unit.unit if dose_unit and dose_unit.dimension == "count" else None)
    if counted is None and any(row.dose_unit == unit.unit for row in known.candidates):
        # The form is not written, but one of its forms is counted so.
        counted = unit.unit
    injected = known.form is not None and known.form.route == "injection" and known.pack is None
    if counted is None and unit.dimension == "count" and known.volume:
        # A bottle or bag of a written volume, whatever it is called.
        return quantity, Ratio(1, 1)
    if unit.dimension == "count" and (unit.unit == counted or injected):
        vessel = known.volume is not None or (known.form is not None and not known.form.solid)
        return quantity, Ratio(1, 1) if vessel else None
    if unit.dimension in ("count", "pack"):
        if known.pack is None or not known.pack:
            return None, None
        size = exact(known.pack)
        return quantity.times(size.num, size.den), size
    if unit.dimension == "volume" and unit.factor is not None and known.volume:
        return quantity.times(*_pair(unit.factor)).over(exact(known.volume)), None
    return None, None


def _times_a_day(frequency: Frequency | None) -> tuple[int, int] | None:
    """Most doses on one day: three for tid, one for q72h; None for as needed."""
    if frequency is None or frequency.times is None:
        return None
    if frequency.period is None or frequency.period > 1:
        return 1, 1
    return _pair(frequency.times)


def _in_a_week(dose: Ratio, frequency: Frequency | None) -> Ratio | None:
    """What comes together in seven days; None for as needed and for a single dose."""
    if frequency is None or frequency.times is None or frequency.period is None:
        return None
    rate = exact(frequency.times).over(exact(frequency.period))
    return dose.times(rate.num * 7, rate.den)


def _pair(value: Decimal) -> tuple[int, int]:
    ratio = exact(value)
    return ratio.num, ratio.den
