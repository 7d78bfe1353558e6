"""Facts of a line that stock, earlier supplies and the flow tell; what was not looked up stays unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from rx_review.domain.circumstances import Circumstances, History, Stock
from rx_review.domain.prescription import Line, Prescription
from rx_review.domain.values import county_day
from rx_review.facts.case import Value
from rx_review.facts.registers import NOT_LOOKED_UP
from rx_review.facts.resolve import Known, Resolver
from rx_review.facts.supply import DAY_DIGITS, Ratio, Supply, exact

Understands = Callable[[Line], tuple[Known | None, Supply]]
"""What a line of an earlier supply is, and how long it lasts."""


def tell_supplies(
    own: dict[str, Value],
    missing: dict[str, str],
    texts: dict[str, object],
    line: Line,
    known: Known | None,
    supply: Supply,
    prescription: Prescription,
    circumstances: Circumstances,
    resolver: Resolver,
    understands: Understands,
) -> None:
    """Set what stock, earlier supplies and the flow say of a line; what was not looked up stays unknown."""

    def tell(name: str, value: Value | bool | None, cause: str) -> None:
        if value is None:
            missing[name] = cause
        else:
            own[name] = int(value) if isinstance(value, bool) else value

    if circumstances.flow is not None:
        tell("fully_supplied", line.line in circumstances.flow.supplied, "")
    if circumstances.stock is not None:
        state, elsewhere, short = _stock(circumstances.stock, known, supply)
        tell("stock", state, "stock")
        tell("stock_elsewhere", bool(elsewhere), "")
        tell("declared_short", short, "")
        offered = str(texts.get("essential_name") or "")
        rows = resolver.formulary.drugs_of.on(offered, resolver.day)
        counted = [circumstances.stock.quantities.get(row.drug) for row in rows]
        own["essential_out_of_stock"] = int(bool(rows) and all(amount == 0 for amount in counted))
        names = "、".join(elsewhere)
        texts["stock_elsewhere_names"] = {"zh": names, "en": names}
    if circumstances.history is not None:
        days, cause = _on_hand(circumstances.history, known, prescription, resolver, understands)
        tell("on_hand_days", None if days is None else days.scaled(DAY_DIGITS), cause)
        tell("on_hand_percent", *_share(days, supply, cause))


def _stock(stock: Stock, known: Known | None, supply: Supply) -> tuple[str | None, list[str], bool]:
    codes = [] if known is None else [known.drug.drug] if known.drug else [row.drug for row in known.candidates]
    elsewhere = sorted({name for code in codes for name in stock.elsewhere.get(code, ())})
    short = any(code in stock.short for code in codes)
    counted = [exact(stock.quantities[code]) for code in codes if code in stock.quantities]
    if not counted:
        return None, elsewhere, short
    most = max(counted, key=lambda ratio: ratio.num)
    if not most.num:
        # What was not counted may be there.
        return ("none" if len(counted) == len(codes) else None), elsewhere, short
    if supply.units is None:
        return None, elsewhere, short
    return ("short" if most.under(supply.units) else "enough"), elsewhere, short


def _on_hand(
    history: History, known: Known | None, prescription: Prescription, resolver: Resolver, understands: Understands
) -> tuple[Ratio | None, str]:
    """Days that earlier supplies of the same active still last on the day of issue."""
    if known is None:
        return None, "drug"
    today = county_day(prescription.issued_at)
    back = resolver.formulary.parameter("history_days", resolver.day, prescription.institution)
    if back is None or (today - history.since).days < back:
        # Supply before that day is unknown, not nothing.
        return None, NOT_LOOKED_UP
    end = Ratio(0, 1)
    for on, lasts in _same(history, known, prescription.number, today, understands):
        if lasts is None:
            return None, "earlier_supplies"
        # Each is begun when the one before is used up.
        begun = Ratio(on.toordinal(), 1)
        end = (begun if end.under(begun) else end).plus(lasts)
    return end.minus(Ratio(today.toordinal(), 1)), ""


def _same(
    history: History, known: Known, number: str, today: date, understands: Understands
) -> Iterator[tuple[date, Ratio | None]]:
    actives = {part.name for part in known.components}
    for supplied in sorted(history.supplies, key=lambda each: (each.on, each.number, each.line.line)):
        if supplied.number == number or supplied.on > today:
            continue
        other, supply = understands(supplied.line)
        if other is None:
            continue
        same = other.generic == known.generic
        if known.kind == "western" and other.kind == "western":
            same = same or bool(actives & {part.name for part in other.components})
        if same:
            yield supplied.on, supply.days


def _share(days: Ratio | None, supply: Supply, cause: str) -> tuple[int | None, str]:
    if days is None:
        return None, cause
    if not days.num:
        return 0, ""
    if supply.days is None or not supply.days.num:
        return None, supply.days_cause
    return days.over(supply.days).scaled(2), ""
