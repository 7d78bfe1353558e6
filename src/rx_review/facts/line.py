"""Facts of one line: what it is, how it is used, how long it lasts, whether the catalogue has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Decoction, Line, Prescription
from rx_review.facts.case import Case, Sheet, Value
from rx_review.facts.catalogue import tell_essential, tell_listing
from rx_review.facts.knowledge import Bound, Caution, bounds_of, cautions_of, supporting_groups
from rx_review.facts.marks import tell_marks
from rx_review.facts.place import LINE_NOT_CARRIED, Place, forget_line
from rx_review.facts.potassium import potassium_percent
from rx_review.facts.resolve import Known, Resolver
from rx_review.facts.supplies import Meant, Understands, tell_supplies
from rx_review.facts.supply import DAY_DIGITS, Ratio, Supply, compute_supply
from rx_review.facts.usage import tell_usage
from rx_review.library.lookup import fold

_OF_KNOWN = (
    "kind", "form_route", "release", "control", "antimicrobial", "listing", "essential", "essential_offered",
    "footnote_missing", "skin_test_needed", "village_listing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Understood:
    """What a line means, whoever the patient is: a county writes the same few thousand lines again and again."""

    known: Known | None
    supply: Supply
    topical: bool | None
    facts: Sheet
    names: tuple[str, ...]
    cautions: tuple[Caution, ...] = ()
    bounds: tuple[Bound, ...] = ()
    as_needed: bool = False
    by_weight: bool = False
    """Whether a bound is per kg of body weight."""
    supported_by: frozenset[str] = frozenset()
    """Groups of diagnoses that support it; empty if that is not asked."""


def understand(line: Line, place: Place, decoction: Decoction | None, resolver: Resolver) -> Understood:
    """Understand a line; the answer is remembered by everything in the line but its number and group."""
    if decoction is not None and line.kind not in (None, "herb", "granule"):
        decoction = None
    key = (
        line.product, line.generic, line.kind, line.form, line.strength, line.pack, line.dose, line.dose_unit,
        line.route, line.frequency, line.days, line.quantity, line.quantity_unit, line.footnote, line.skin_test,
        line.usage, line.producer, place.tier, place.member, decoction,
    )  # fmt: skip
    found = resolver.understood.get(key)
    if found is None:
        found = _understand(line, place, decoction, resolver)
        resolver.remember(key, found)
    return found


def _understand(line: Line, place: Place, decoction: Decoction | None, resolver: Resolver) -> Understood:
    known, tier = resolver.line(line, place.member), place.tier
    sheet = Sheet()
    _written(sheet, line, resolver)
    sheet.texts["drug"] = shown(line, known)
    sheet.tell("drug_known", known is not None)
    sheet.tell("code_unmapped", resolver.unmapped(line, place.member))
    sheet.tell("code_gap_seen", False)
    sheet.texts["unmapped_code"] = line.product or ""
    for reason in ("extended_reason", "choice_reason", "catalogue_reason"):
        sheet.tell(reason, False)
    route = resolver.route(line.route)
    sheet.tell("route_group", route.group if route else None, "route")
    herbal = known is not None and known.herb is not None
    sheet.tell("infusion", route.infusion if route else False if herbal else None, "route")
    topical = is_topical(line, known, resolver) if known is not None else None
    tell_usage(sheet, line, known, topical, resolver)
    if known is None:
        for name in (*_OF_KNOWN, "days_supplied", "days_without_last_pack", "doses_supplied", "route_unsuited"):
            sheet.tell(name, None, "drug")
        for name in ("topical", "infusion_only", "high_alert", "specialist", "toxic_herb", "days_written_alone"):
            sheet.tell(name, 0)
        tell_marks(sheet, line, None, None, resolver)
        return Understood(None, Supply(), None, sheet, (line.generic or line.product or "",))
    supply = compute_supply(line, known, resolver, decoction)
    sheet.tell("kind", known.kind)
    _form(sheet, line, known, topical, resolver)
    _days(sheet, line, supply)
    _legal_classes(sheet, known)
    tell_listing(sheet, tier, known, resolver)
    tell_essential(sheet, tier, line, known, resolver)
    _herb(sheet, line, known)
    _skin_test(sheet, known, resolver)
    tell_marks(sheet, line, known, topical, resolver)
    names = tuple(sorted(part.name for part in known.components)) or (known.generic,)
    group = sheet.values.get("route_group") or sheet.values.get("form_route")
    cautions = cautions_of(known, topical, resolver)
    frequency = resolver.frequency(line.frequency)
    as_needed = frequency is not None and frequency.times is None
    bounds = bounds_of(known, supply, topical, group, resolver)
    by_weight = any(bound.row.per == "kg" for bound in bounds)
    supported_by = supporting_groups(known, resolver)
    return Understood(known, supply, topical, sheet, names, cautions, bounds, as_needed, by_weight, supported_by)


def count_antibacterials(lines: Iterable[Understood]) -> int:
    """Different systemic antibacterials: drugs with a tier of the province's, whatever it is."""
    return len(
        {
            understood.known.generic
            for understood in lines
            if understood.known is not None
            and understood.topical is False
            and understood.facts.values.get("antimicrobial", "none") != "none"
        }
    )


def line_case(
    whole: Case,
    prescription: Prescription,
    circumstances: Circumstances,
    line: Line,
    understood: Understood,
    place: Place,
    resolver: Resolver,
    understands: Understands,
    infusion: Sequence[Understood],
) -> Case:
    """A line as a case: what it means, what was said and looked up for it, and what its system cannot say.

    `infusion` are the lines that share its infusion, itself among them.
    """
    facts = understood.facts
    gaps = circumstances.gaps
    said = prescription.reasons or prescription.consents or place.lacks
    looked_up = circumstances.stock or circumstances.history or circumstances.flow
    marked = facts.values.get("potassium_injection") == 1 or (facts.values["code_unmapped"] and gaps is not None)
    carries = is_solvent(understood) and not all(map(is_solvent, infusion))
    if not said and not looked_up and not marked and not carries:
        return Case("line", (line.line,), facts.values, facts.missing, facts.texts, understood.names, above=whole)
    own = {**facts.values, **_said(prescription, line)}
    missing, texts = dict(facts.missing), dict(facts.texts)
    own["vehicle"] = int(carries)
    own["code_gap_seen"] = int(gaps is not None and line.product in gaps.drugs)
    if own.get("potassium_injection") == 1:
        salts = [(each.known, each.supply, each.facts.values.get("potassium_injection") == 1) for each in infusion]
        strength, cause = potassium_percent(salts)
        if strength is None:
            missing["potassium_percent"] = cause
        else:
            own["potassium_percent"] = strength.scaled(2)
            missing.pop("potassium_percent", None)
    if looked_up:
        meant = Meant(understood.known, understood.supply, understood.topical)
        tell_supplies(own, missing, texts, line, meant, prescription, circumstances, resolver, understands)
    if place.lacks:
        forget_line(own, line, prescription, place.lacks)
        missing = {**dict.fromkeys(facts.values.keys() - own.keys(), LINE_NOT_CARRIED), **missing}
    return Case("line", (line.line,), own, missing, texts, understood.names, above=whole)


def is_solvent(understood: Understood) -> bool:
    """Whether a line is an infusion vehicle."""
    return understood.known is not None and understood.known.is_solvent


def _said(prescription: Prescription, line: Line) -> dict[str, Value]:
    """Reasons given and consents obtained for a line or for the whole sheet."""
    given = {reason.for_ for reason in prescription.reasons if not reason.lines or line.line in reason.lines}
    agreed = {consent.to for consent in prescription.consents if not consent.lines or line.line in consent.lines}
    return {
        "extended_reason": int("quantity" in given),
        "choice_reason": int("choice" in given),
        "catalogue_reason": int("catalogue" in given),
        "refill_reason": int("early_refill" in given),
        "emergency_reason": int("emergency_use" in given),
        "off_label_consent": int("off_label" in agreed),
    }


def shown(line: Line, known: Known | None) -> str:
    """The drug as people read it."""
    if line.generic is not None:
        return line.generic
    if known is None:
        return line.product or ""
    strength = known.drug.strength if known.drug and known.drug.strength else ""
    return f"{known.generic}{known.form.zh if known.form else ''}{strength}"


def is_topical(line: Line, known: Known | None, resolver: Resolver) -> bool | None:
    """Whether the line acts only where it is put; by its route, else by its form; None if neither is known."""
    route = resolver.route(line.route)
    if known is not None and known.kind in ("herb", "granule"):
        # A decoction is drunk unless its route says that it is put on the skin.
        return route is not None and not route.systemic
    if known is not None and known.form is not None and known.form.route == "other":
        # A transdermal patch is written as put on the skin, and acts in the whole body.
        return False
    if known is not None and known.form is not None and known.form.route == "topical" and route is not None:
        return route.group in ("topical", "rectal", "other") or not route.systemic
    if route is not None:
        return not route.systemic
    if known is not None and known.form is not None and line.route is None:
        return known.form.route in ("topical", "inhaled")
    return None


def _written(sheet: Sheet, line: Line, resolver: Resolver) -> None:
    unit = resolver.unit(line.dose_unit)
    sheet.tell("dose_written", line.dose is not None and line.dose_unit is not None and line.dose > 0)
    sheet.tell("dose_unit_unlawful", line.dose_unit is not None and unit is not None and not unit.legal)
    sheet.tell("route_written", line.route is not None)
    sheet.tell("frequency_written", line.frequency is not None)
    counted = line.quantity is not None and line.quantity_unit is not None and line.quantity > 0
    sheet.tell("quantity_written", counted)
    words = (line.usage, line.frequency, line.dose_unit, line.route)
    vague = any(word is not None and ("usage", fold(word)) in resolver.formulary.wordings for word in words)
    sheet.tell("usage_vague", vague)
    sheet.tell("skin_test", line.skin_test or "none")


def _form(sheet: Sheet, line: Line, known: Known, topical: bool | None, resolver: Resolver) -> None:
    route = resolver.route(line.route)
    form = known.form
    sheet.tell("form_route", form.route if form else known.agreed("route"), "form")
    sheet.tell("release", form.release if form else None, "form")
    sheet.tell("topical", bool(topical))
    sheet.tell("infusion_only", "class:infusion_only" in known.keys)
    made_for = sheet.values.get("form_route")
    # Injections are dripped into eyes, nebulised and taken by mouth on purpose; the reverse never is.
    if known.kind in ("herb", "granule") or made_for == "injection":
        sheet.tell("route_unsuited", False)
    elif route is None or made_for is None:
        sheet.tell("route_unsuited", None, "route" if route is None else "form")
    else:
        sheet.tell("route_unsuited", route.group == "injection")


def _days(sheet: Sheet, line: Line, supply: Supply) -> None:
    for name, ratio in (
        ("days_supplied", supply.days),
        ("days_without_last_pack", supply.days_without_last_pack),
        ("doses_supplied", supply.doses),
    ):
        sheet.tell(name, ratio.scaled(DAY_DIGITS) if ratio is not None else None, supply.days_cause)
    alone = line.days if supply.days is None and line.days is not None else None
    sheet.tell("days_written_alone", Ratio(int(alone * 1_000_000), 1_000_000).scaled(DAY_DIGITS) if alone else 0)


def _legal_classes(sheet: Sheet, known: Known) -> None:
    if known.herb is not None:
        sheet.values.update(control="none", antimicrobial="none")
        sheet.tell("toxic_herb", known.herb.toxic)
        sheet.tell("high_alert", known.herb.toxic)
        return
    sheet.tell("toxic_herb", False)
    control = known.control
    sheet.tell("control", None if control is None else control or "none", "form")
    tier = known.agreed("antimicrobial")
    sheet.tell("antimicrobial", None if tier is None else tier or "none", "form")
    sheet.tell("high_alert", any(row.high_alert for row in known.candidates))


def _herb(sheet: Sheet, line: Line, known: Known) -> None:
    herb = known.herb
    due = herb.footnote if herb is not None and known.kind == "herb" else ""
    sheet.texts["footnote_due"] = due
    missing = bool(due) and due not in (line.footnote or "")
    sheet.tell(
        "footnote_missing",
        "none" if not missing or herb is None else "critical" if herb.footnote_critical else "ordinary",
    )


def _skin_test(sheet: Sheet, known: Known, resolver: Resolver) -> None:
    group = sheet.values.get("route_group") or sheet.values.get("form_route")
    routes = [route for part in known.components for route in resolver.formulary.skin_tests.on(part.name, resolver.day)]
    if not routes or any(route is None for route in routes):
        sheet.tell("skin_test_needed", bool(routes))
    else:
        sheet.tell("skin_test_needed", None if group is None else group in routes, "route")
