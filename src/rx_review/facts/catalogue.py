"""Facts that the community's catalogue and the essential medicines list tell of a line."""

from __future__ import annotations

from collections.abc import Mapping

from rx_review.domain.prescription import Line
from rx_review.facts.case import Sheet
from rx_review.facts.essential import essential_cause, essential_status
from rx_review.facts.resolve import Known, Resolver
from rx_review.library.rows import Listing

_TIERS: Mapping[str, int] = {"village": 0, "township": 1, "county": 2}


def tell_listing(sheet: Sheet, tier: str | None, known: Known, resolver: Resolver) -> None:
    """Set what the catalogue says for the prescribing institution, and for a village."""
    if known.herb is not None:
        sheet.values.update(listing="listed", village_listing="listed")
        return
    sheet.tell("listing", listing_of(known, tier, resolver), "institution")
    sheet.tell("village_listing", listing_of(known, "village", resolver))


def listing_of(known: Known, tier: str | None, resolver: Resolver) -> str | None:
    """What the catalogue says of a drug for an institution of that tier; None if the tier or form is unknown."""
    rows = [row for row in resolver.formulary.listings.on(known.generic, resolver.day) if _covers(row, known)]
    open_rows = [row for row in rows if row.status != "delisted"]
    if not open_rows:
        return "not_listed"
    if tier is None:
        return None
    lowest = min(_TIERS[row.tier] for row in open_rows)
    if _TIERS[tier] < lowest:
        return "above_tier"
    here = [row for row in open_rows if _TIERS[row.tier] <= _TIERS[tier]]
    return "listed" if any(row.status == "listed" for row in here) else "restricted"


def _covers(row: Listing, known: Known) -> bool:
    if row.form is None or known.form is None:
        return True
    return row.form in (known.form.form, known.form.counts_as)


def tell_essential(sheet: Sheet, tier: str | None, line: Line, known: Known, resolver: Resolver) -> None:
    """Set whether a line is an essential medicine, and which one is offered where it is not."""
    essential, specialist = essential_status(known, line.strength, resolver, line.generic)
    sheet.tell("essential", essential, essential_cause(known, resolver, line.generic))
    sheet.tell("specialist", specialist)
    offered = _offered(tier, known, resolver) if essential is False else None
    sheet.tell("essential_offered", offered is not None)
    sheet.texts["essential_name"] = offered or ""


def _offered(tier: str | None, known: Known, resolver: Resolver) -> str | None:
    for row in resolver.formulary.substitutes.on(known.generic, resolver.day):
        other = resolver.drug(None, row.substitute, row.form, row.strength, None, None)
        if other is None or essential_status(other, row.strength, resolver)[0] is not True:
            continue
        if listing_of(other, tier, resolver) == "listed":
            return row.substitute
    return None
