"""Facts of a line that stock, earlier supplies and the flow tell; what was not looked up stays unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from rx_review.domain.circumstances import Circumstances, History, Stock
from rx_review.domain.prescription import Line, Prescription
from rx_review.domain.values import county_day
from rx_review.facts.case import Value
from rx_review.facts.registers import NOT_LOOKED_UP
from rx_review.facts.resolve import Known, Resolver
from rx_review.facts.supply import DAY_DIGITS, Ratio, Supply, exact


class Meant(NamedTuple):
    """What a line of an earlier supply is, how long it lasts and whether it acts where it is put."""

    known: Known | None
    supply: Supply
    topical: bool | None


Understands = Callable[[Line, str], Meant]
"""What a line that a member wrote means there."""


def tell_supplies(
    own: dict[str, Value],
    missing: dict[str, str],
    texts: dict[str, object],
    line: Line,
    meant: Meant,
    prescription: Prescription,
    circumstances: Circumstances,
    resolver: Resolver,
    understands: Understands,
) -> None:
    """Set what stock, earlier supplies and the flow say of a line; what was not looked up stays unknown."""
    known, supply = meant.known, meant.supply

    def tell(name: str, value: Value | bool | None, cause: str) -> None:
        if value is None:
            missing[name] = cause
        else:
            own[name] = int(value) if isinstance(value, bool) else value
            missing.pop(name, None)

    if circumstances.flow is not None:
        tell("fully_supplied", line.line in circumstances.flow.supplied, "")
    if circumstances.stock is not None:
        stock = circumstances.stock
        codes = _codes(known)
        elsewhere = sorted({name for code in codes for name in stock.elsewhere.get(code, ())})
        tell("stock", *_stock(stock, codes, supply))
        tell("stock_elsewhere", None if known is None else bool(elsewhere), "drug")
        tell("declared_short", None if known is None else any(code in stock.short for code in codes), "drug")
        own["essential_out_of_stock"] = int(_out_of_stock(stock, known, str(texts.get("essential_name")), resolver))
        names = "、".join(elsewhere)
        texts["stock_elsewhere_names"] = {"zh": names, "en": names}
    if circumstances.history is not None:
        days, cause = _on_hand(circumstances.history, meant, prescription, resolver, understands)
        tell("on_hand_days", None if days is None else days.scaled(DAY_DIGITS), cause)
        tell("on_hand_percent", *_share(days, supply, cause))


def _codes(known: Known | None) -> list[str]:
    """Codes of the products that a line may mean."""
    if known is None:
        return []
    return [known.drug.drug] if known.drug else [row.drug for row in known.candidates]


def _stock(stock: Stock, codes: Sequence[str], supply: Supply) -> tuple[str | None, str]:
    """What is in stock of the products a line may mean; what was not counted may be there."""
    counted = [exact(stock.quantities[code]) for code in codes if code in stock.quantities]
    if not codes or not counted:
        return None, "stock" if codes else "drug"
    whole = len(counted) == len(codes)
    most = max(counted, key=lambda ratio: ratio.num)
    if not most.num:
        return ("none", "") if whole else (None, "stock")
    if supply.units is None:
        return None, "quantity"
    if not most.under(supply.units):
        return "enough", ""
    return ("short", "") if whole else (None, "stock")


def _out_of_stock(stock: Stock, known: Known | None, offered: str, resolver: Resolver) -> bool:
    """Whether the essential medicine that is offered, in the form that is offered, is known to be out of stock."""
    if known is None:
        return False
    forms = {
        row.form for row in resolver.formulary.substitutes.on(known.generic, resolver.day) if row.substitute == offered
    }
    rows = [row for row in resolver.formulary.drugs_of.on(offered, resolver.day) if row.form in forms]
    return bool(rows) and all(stock.quantities.get(row.drug) == 0 for row in rows)


def _on_hand(
    history: History, meant: Meant, prescription: Prescription, resolver: Resolver, understands: Understands
) -> tuple[Ratio | None, str]:
    """Days that earlier supplies of the same active still last on the day of issue."""
    if meant.known is None:
        return None, "drug"
    today = county_day(prescription.issued_at)
    back = resolver.formulary.parameter("history_days", resolver.day, prescription.institution)
    if back is None or (today - history.since).days < back:
        # Supply before that day is unknown, not nothing.
        return None, NOT_LOOKED_UP
    end = Ratio(0, 1)
    for on, lasts in _same(history, meant, prescription, today, understands):
        if lasts is None:
            if (today - on).days > back:
                continue
            return None, "earlier_supplies"
        # Each is begun when the one before is used up.
        begun = Ratio(on.toordinal(), 1)
        end = (begun if end.under(begun) else end).plus(lasts)
    return end.minus(Ratio(today.toordinal(), 1)), ""


def _same(
    history: History, meant: Meant, prescription: Prescription, today: date, understands: Understands
) -> Iterator[tuple[date, Ratio | None]]:
    known = meant.known
    actives = {part.name for part in known.components} if known is not None else set()
    here = {prescription.institution, prescription.collection_site}
    for supplied in sorted(history.supplies, key=lambda each: (each.on, each.number, each.line.line)):
        own = supplied.number == prescription.number and supplied.institution in here
        if own or supplied.on > today:
            continue
        other, supply, topical = understands(supplied.line, supplied.institution)
        if known is None or other is None or (topical and not meant.topical):
            # A cream of the same active leaves no tablets over.
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
