"""Facts of a line that marks, classes and the way its dose is written tell; the same whoever the patient is."""

from __future__ import annotations

from collections.abc import Mapping

from rx_review.domain.prescription import Line
from rx_review.facts.case import Sheet
from rx_review.facts.registers import NOT_LOOKED_UP
from rx_review.facts.resolve import Known, Resolver
from rx_review.facts.strength import read_strength, split_strength
from rx_review.facts.supply import exact
from rx_review.library.lookup import fold
from rx_review.library.rows import MARKS, Drug, Mark

_OF_CIRCUMSTANCES = ("stock", "stock_elsewhere", "declared_short", "on_hand_days", "on_hand_percent", "fully_supplied")
_OF_KNOWN = (
    "narcotic_herb", "toxic_drug", "systemic_corticosteroid", "systemic_antibacterial", "tcm_injection",
    "potassium_pushed", "potassium_percent",
)  # fmt: skip
_MEASURES = frozenset({"mass", "volume", "activity", "count", "amount"})
_NO_NAMES = {"zh": "", "en": ""}


def tell_marks(sheet: Sheet, line: Line, known: Known | None, topical: bool | None, resolver: Resolver) -> None:
    """Set what marks, classes and the way a dose is written say of a line."""
    unit, frequency = resolver.unit(line.dose_unit), resolver.frequency(line.frequency)
    measured = unit.dimension if unit is not None and unit.dimension in _MEASURES else "none"
    sheet.values.update(dose_measured_in=measured, footnote_written=int(line.footnote is not None))
    rate = None
    if frequency is not None and frequency.times is not None and frequency.period:
        rate = exact(frequency.times).over(exact(frequency.period)).times(7).scaled(2)
    sheet.tell("times_a_week", rate, "frequency")
    sheet.values.update(vehicle=0, essential_out_of_stock=0, refill_reason=0, emergency_reason=0, off_label_consent=0)
    sheet.texts["stock_elsewhere_names"] = _NO_NAMES
    sheet.missing.update(dict.fromkeys(_OF_CIRCUMSTANCES, NOT_LOOKED_UP))
    winners = _winners(known, resolver)
    producer = fold(line.producer) if line.producer is not None else None
    sheet.values["winner_not_chosen"] = int(
        bool(winners) and producer is not None and producer not in map(fold, winners)
    )
    names = "、".join(winners)
    sheet.texts["winner_names"] = {"zh": names, "en": names}
    if known is None:
        for mark in MARKS:
            sheet.tell(mark, None, "drug")
        sheet.values.update(dict.fromkeys(_OF_KNOWN, 0))
        return
    for mark, held in _marks(known, line.strength, resolver).items():
        sheet.tell(mark, held, "form" if known.form is None else "strength")
    route = resolver.route(line.route)
    inhaled = route is not None and route.group == "inhaled"
    injected = known.form is not None and known.form.route == "injection"
    # Whatever form the name leaves open, what goes into a vein is the injection.
    potassium = sheet.values.get("potassium_injection") != 0
    sheet.values.update(
        narcotic_herb=int(known.herb is not None and known.herb.control == "narcotic"),
        toxic_drug=int(any(row.toxic for row in known.candidates)),
        systemic_corticosteroid=int("class:systemic_corticosteroid" in known.keys and topical is False and not inhaled),
        systemic_antibacterial=int(sheet.values.get("antimicrobial", "none") != "none" and topical is False),
        tcm_injection=int(known.kind == "patent" and injected),
        potassium_pushed=int(potassium and route is not None and route.group == "injection" and not route.infusion),
    )
    if not potassium:
        sheet.values["potassium_percent"] = 0
    else:
        sheet.missing["potassium_percent"] = sheet.missing.get("potassium_injection", "solvent")


def _marks(known: Known, strength: str | None, resolver: Resolver) -> Mapping[str, bool | None]:
    """Whether a drug has each mark; None where only some of the products it may be have it."""
    found: dict[str, bool | None] = dict.fromkeys(MARKS, False)
    rows = [
        row
        for target in (known.generic, *(key for key in known.keys if key.startswith("class:")))
        for row in resolver.formulary.marks.on(target, resolver.day)
    ]
    for row in rows:
        held = _held(row, known, strength, resolver)
        if found[row.mark] is not True and held is not False:
            found[row.mark] = held
    return found


def _held(row: Mark, known: Known, strength: str | None, resolver: Resolver) -> bool | None:
    """Whether the products that a line may mean have a mark: all, none, or unknown."""
    if row.form is not None and known.form is not None and row.form not in (known.form.form, known.form.counts_as):
        return False
    if row.strength is not None and known.drug is None and strength is not None:
        # A strength that no product of ours has: by what it contains.
        listed, written = read_strength(fold(row.strength)), read_strength(split_strength(strength)[0] or "")
        if listed is None or written is None:
            return None
        if (listed.amount, listed.base) != (written.amount, written.base):
            return False
        return True if row.form is None or known.form is not None else None
    fits = {_fits(row, drug, known, resolver) for drug in known.candidates}
    return fits.pop() if len(fits) == 1 else True if not known.candidates else None


def _fits(row: Mark, drug: Drug, known: Known, resolver: Resolver) -> bool:
    form = resolver.formulary.forms[drug.form]
    made = row.form is None or known.form is not None or row.form in (form.form, form.counts_as)
    return made and (row.strength is None or fold(row.strength) == fold(drug.strength or ""))


def _winners(known: Known | None, resolver: Resolver) -> list[str]:
    """Producers that won the purchase of this product."""
    if known is None or known.drug is None:
        return []
    drug = known.drug
    rows = resolver.formulary.winners.on(known.generic, resolver.day)
    return [row.producer for row in rows if row.form == drug.form and fold(row.strength) == fold(drug.strength or "")]
