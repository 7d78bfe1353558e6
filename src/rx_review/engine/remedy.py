"""Remedies as edits: what each remedy of a rule that fired would change on this prescription."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Line, Prescription, Reason
from rx_review.engine.reasons import GIVEN, REASON_WORDS, TOPIC_REASON
from rx_review.facts.case import Case
from rx_review.facts.catalogue import listing_of
from rx_review.facts.line import shown
from rx_review.facts.prescription import age_of
from rx_review.facts.resolve import Known, Resolver
from rx_review.facts.supply import Ratio, Supply, compute_supply, exact, units_per_dose

Patch = Mapping[str, Any]

# Candidates are tried in this order: dose or days, another drug, a reason, the line away.
ORDER = ("reduce", "swap", "give", "separate", "drop")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what it says, how it is applied, and as JSON Patch on the prescription as it then stands."""

    kind: str
    zh: str
    en: str
    apply: Callable[[Prescription], Prescription]
    patches: Callable[[Prescription], tuple[Patch, ...]]
    swapped: int | None = None
    """Line on which another drug stands."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What edits are worked out against."""

    prescription: Prescription
    circumstances: Circumstances
    resolver: Resolver
    parameters: Mapping[str, Decimal]
    names: Mapping[int, str]
    """How the sheet as it was sent names each line's drug: an edit before may have swapped it."""


def edits_for(remedy: str, case: Case, ground: Ground) -> Iterator[Edit]:
    """Yield the edits that a remedy means here; none for `supply`, which only a person can do."""
    verb, _, rest = remedy.partition(" ")
    if verb == "give":
        yield _give(rest, case)
    for line in (line for line in ground.prescription.lines if line.line in case.lines):
        known = ground.resolver.line(line, ground.resolver.place(ground.prescription.institution).member)
        if verb in ("drop", "separate") and len(ground.prescription.lines) > 1:
            yield _remove(line, ground.names.get(line.line) or shown(line, known), verb)
        if known is None:
            continue
        if verb == "reduce" and rest.startswith("days_supplied to "):
            yield from _fewer_days(line, known, rest.removeprefix("days_supplied to "), ground)
        elif remedy == "reduce dose to bound":
            yield from _smaller_dose(line, known, case, ground)
        elif remedy == "swap drug":
            yield from _swap(line, known, ground)


def _edit(verb: str, line: Line, zh: str, en: str, /, **changes: object) -> Edit:
    """Change fields of the line with that number; None takes a field away."""

    def apply(prescription: Prescription) -> Prescription:
        lines = tuple(
            kept.model_copy(update=changes) if kept.line == line.line else kept for kept in prescription.lines
        )
        return prescription.model_copy(update={"lines": lines})

    def patches(prescription: Prescription) -> tuple[Patch, ...]:
        position, there = _find(prescription, line.line)
        return tuple(
            _patch(f"/lines/{position}/{name}", getattr(there, name), value)
            for name, value in changes.items()
            if value is not None or getattr(there, name) is not None
        )

    return Edit(verb, zh, en, apply, patches, line.line if verb == "swap" else None)


def _find(prescription: Prescription, number: int) -> tuple[int, Line]:
    return next((i, line) for i, line in enumerate(prescription.lines) if line.line == number)


def _patch(path: str, before: object, after: object) -> Patch:
    if after is None:
        return {"op": "remove", "path": path}
    value = format(after, "f") if isinstance(after, Decimal) else after
    return {"op": "add" if before is None else "replace", "path": path, "value": value}


def _fewer_days(line: Line, known: Known, target: str, ground: Ground) -> Iterator[Edit]:
    value = ground.parameters.get(target[1:]) if target.startswith("$") else Decimal(target)
    supply = compute_supply(line, known, ground.resolver, ground.prescription.decoction)
    if value is None or value <= 0:
        return
    name = shown(line, known)
    if known.herb is not None:
        yield from _fewer_packets(value, supply, ground.prescription)
        return
    if supply.days is None or supply.per_day is None or line.quantity is None:
        if line.days is not None and line.days > value:
            text = f"第{line.line}行 {name} 改为 {value} 日", f"line {line.line} {name}: {value} days"
            yield _edit("reduce", line, *text, days=value)
        return
    quantity = _quantity_for(value, line, supply)
    if quantity is None or quantity >= line.quantity:
        return
    text = (
        f"第{line.line}行 {name} 减至 {quantity}{line.quantity_unit}（{value} 日内）",
        f"line {line.line} {name}: {quantity} {line.quantity_unit}, within {value} days",
    )
    changes: dict[str, object] = {"quantity": quantity}
    if line.days is not None:
        changes["days"] = min(line.days, value)
    yield _edit("reduce", line, *text, **changes)


def _fewer_packets(days: Decimal, supply: Supply, prescription: Prescription) -> Iterator[Edit]:
    decoction = prescription.decoction
    if decoction is None or supply.per_day is None:
        return
    packets = int(days) * supply.per_day.num // supply.per_day.den
    if not 0 < packets < decoction.packets:
        return
    changed = decoction.model_copy(update={"packets": packets})
    yield Edit(
        "reduce",
        f"饮片减至 {packets} 剂",
        f"{packets} packets",
        lambda sheet: sheet.model_copy(update={"decoction": changed}),
        lambda sheet: ({"op": "replace", "path": "/decoction/packets", "value": packets},),
    )


def _quantity_for(days: Decimal, line: Line, supply: Supply) -> Decimal | None:
    """The largest whole quantity, in the line's own unit, that lasts no longer than that."""
    if line.quantity is None or supply.days is None or not supply.days.num:
        return None
    share = exact(days).over(supply.days).times(exact(line.quantity).num, exact(line.quantity).den)
    whole = share.num // share.den
    return Decimal(whole) if whole > 0 else None


def _smaller_dose(line: Line, known: Known, case: Case, ground: Ground) -> Iterator[Edit]:
    observed, bound = case.known("observed"), case.known("bound")
    if line.dose is None or not isinstance(observed, int) or not isinstance(bound, int) or observed <= bound:
        return
    times = ground.parameters.get("unit_error_times")
    if times is not None and observed >= times * bound:
        # Most likely a wrong unit or a slipped point: the largest dose allowed is not what was meant.
        return
    dose = _dose_one_can_give(line, line.dose, known, Ratio(bound, observed), ground.resolver)
    if dose is None:
        return
    name = shown(line, known)
    changes: dict[str, object] = {"dose": dose}
    if line.quantity is not None:
        # Keep the days: a smaller dose from the same quantity would last longer than was meant.
        quantity = (line.quantity * dose / line.dose).to_integral_value(ROUND_FLOOR)
        if 0 < quantity < line.quantity:
            changes["quantity"] = quantity
    text = (
        f"第{line.line}行 {name} 单次用量减至 {dose}{line.dose_unit}",
        f"line {line.line} {name}: {dose} {line.dose_unit} a dose",
    )
    yield _edit("reduce", line, *text, **changes)


def _dose_one_can_give(line: Line, dose: Decimal, known: Known, share: Ratio, resolver: Resolver) -> Decimal | None:
    """The largest dose within that share of the written one: whole capsules, halves of tablets, measured liquids."""
    units = units_per_dose(line, known, resolver.unit(line.dose_unit), resolver)
    if known.form is None or not known.form.solid or units is None:
        return _rounded_down(exact(dose).times(share.num, share.den), dose)
    parts = 2 if known.form.counts_as == "tablet" else 1
    whole = units.num * parts * share.num // (units.den * share.den)
    if not whole:
        return None
    return _plain((dose * whole * units.den / (units.num * parts)).quantize(Decimal("0.000001")))


def _plain(amount: Decimal) -> Decimal:
    """Without an exponent or trailing zeros."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()


def _rounded_down(ratio: Ratio, like: Decimal) -> Decimal | None:
    """A measured dose, in steps no coarser than the written one."""
    for step in (Decimal(1), Decimal("0.5"), Decimal("0.25"), Decimal("0.1"), Decimal("0.05"), Decimal("0.01")):
        if step > like:
            continue
        units = ratio.num * 100 // (ratio.den * int(step * 100))
        if units:
            return _plain(step * units)
    return None


def _swap(line: Line, known: Known, ground: Ground) -> Iterator[Edit]:
    resolver, prescription = ground.resolver, ground.prescription
    supply = compute_supply(line, known, resolver, prescription.decoction)
    days = -(-supply.days.num // supply.days.den) if supply.days else int(line.days) if line.days else None
    institution = resolver.formulary.institutions.get(prescription.institution)
    adult = ground.parameters.get("adult_age_years")
    if (
        days is None
        or institution is None
        or adult is None
        or age_of(prescription).at_least(f"{int(adult)}y") is not True
    ):
        # Doses of substitutes are those of adults.
        return
    for row in resolver.formulary.substitutes.on(known.generic, resolver.day):
        other = resolver.drug(None, row.substitute, row.form, row.strength, None, None)
        if other is None or other.dose_unit is None or listing_of(other, institution.tier, resolver) != "listed":
            continue
        if not _in_stock(other, ground.circumstances):
            continue
        changes = {
            "product": None, "generic": row.substitute, "form": row.form, "strength": row.strength, "pack": None,
            "kind": None, "dose": row.dose, "dose_unit": row.dose_unit, "route": row.route,
            "frequency": row.frequency, "usage": None, "quantity": Decimal(1), "quantity_unit": other.dose_unit,
            "days": Decimal(days),
        }  # fmt: skip
        trial = line.model_copy(update=changes)
        per_day = compute_supply(trial, other, resolver, None).per_day
        if per_day is None:
            continue
        changes["quantity"] = Decimal(-(-days * per_day.num // per_day.den))
        name = shown(line, known)
        text = (
            f"第{line.line}行 {name} 换用 {row.substitute}{row.strength}（须由医师重新开具）",
            f"line {line.line}: {row.substitute} {row.strength} instead of {name}, prescribed anew",
        )
        yield _edit("swap", line, *text, **changes)


def _in_stock(known: Known, circumstances: Circumstances) -> bool:
    if circumstances.stock is None:
        return True
    return any(circumstances.stock.quantities.get(row.drug, 0) > 0 for row in known.candidates)


def _give(what: str, case: Case) -> Edit:
    purpose = GIVEN.get(what) or TOPIC_REASON.get(str(case.known("topic")), "contraindication")
    zh, en = REASON_WORDS[purpose]
    reason = Reason(for_=purpose, text=f"（{zh}）", lines=case.lines, signed_again=True)
    where = f"第{'、'.join(map(str, case.lines))}行 " if case.lines else ""
    return Edit(
        "give",
        f"{where}{zh}",
        f"{'line ' + ', '.join(map(str, case.lines)) + ': ' if case.lines else ''}{en}",
        lambda sheet: sheet.model_copy(update={"reasons": (*sheet.reasons, reason)}),
        lambda sheet: _added_reason(sheet, reason),
    )


def _added_reason(sheet: Prescription, reason: Reason) -> tuple[Patch, ...]:
    value = reason.model_dump(mode="json", by_alias=True)
    if sheet.reasons:
        return ({"op": "add", "path": "/reasons/-", "value": value},)
    return ({"op": "add", "path": "/reasons", "value": [value]},)


def _remove(line: Line, name: str, verb: str) -> Edit:
    words = {
        "drop": (f"删去第{line.line}行 {name}", f"leave out line {line.line} {name}"),
        "separate": (f"第{line.line}行 {name} 另开处方", f"line {line.line} {name} on a sheet of its own"),
    }[verb]

    def apply(prescription: Prescription) -> Prescription:
        lines = tuple(kept for kept in prescription.lines if kept.line != line.line)
        reasons = tuple(
            reason.model_copy(update={"lines": tuple(n for n in reason.lines if n != line.line)})
            for reason in prescription.reasons
            if reason.lines != (line.line,)
        )
        return prescription.model_copy(update={"lines": lines, "reasons": reasons})

    def patches(prescription: Prescription) -> tuple[Patch, ...]:
        position, _ = _find(prescription, line.line)
        left = apply(prescription).reasons
        removal = {"op": "remove", "path": f"/lines/{position}"}
        if left == prescription.reasons:
            return (removal,)
        reasons = [reason.model_dump(mode="json", by_alias=True) for reason in left]
        return removal, {"op": "replace", "path": "/reasons", "value": reasons}

    return Edit(verb, *words, apply, patches)
