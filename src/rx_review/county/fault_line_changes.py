"""Faults of the lines that stand on the sheet already: doses, routes, directions, quantities, controlled drugs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any

from rx_review.county.fault_kinds import Change, Outcome
from rx_review.county.writing import Written

Line = dict[str, Any]

_SHEET: Outcome = ((), None)
_SOLID = ("片", "胶囊", "丸")
_MASS = {"mg": "g", "g": "mg", "毫克": "g", "克": "mg"}
_SMECTA: Mapping[str, Any] = {
    "generic": "蒙脱石散", "strength": "3g*10袋", "dose": 1, "dose_unit": "袋", "route": "口服", "frequency": "tid",
    "quantity": 3, "quantity_unit": "盒",
}  # fmt: skip


def _is_tablet(line: Line) -> bool:
    """A tablet or capsule with everything written."""
    written = all(line.get(name) is not None for name in ("dose", "dose_unit", "quantity", "strength", "frequency"))
    return written and str(line.get("generic", "")).endswith(_SOLID)


def _has_mass(line: Line) -> bool:
    return _is_tablet(line) and str(line["dose_unit"]).lower() in _MASS


def _on(sheets: tuple[str, ...], fits: Callable[[Line], bool], change: Callable[[Line], None]) -> Change:
    """Change one line that fits, on one of these sheets."""

    def change_one(written: Written, tier: str, random: Random) -> Outcome | None:
        fitting = [line for line in written.sheet["lines"] if fits(line)]
        if written.sheet["sheet"] not in sheets or not fitting:
            return None
        line = random.choice(fitting)
        change(line)
        return (line["line"],), None

    return change_one


def _times(line: Line, factor: int) -> None:
    line["dose"] = Decimal(str(line["dose"])) * factor
    if line.get("quantity") is not None:
        line["quantity"] = Decimal(str(line["quantity"])) * factor


def _milligrams_as_grams(line: Line) -> None:
    unit = str(line["dose_unit"]).lower()
    line["dose_unit"] = _MASS[unit]
    if _MASS[unit] == "mg":
        # Grams written as milligrams are far too little; a thousandfold too much is what happens with the rest.
        line["dose"], line["dose_unit"] = Decimal(str(line["dose"])) * 1000, "g"


def _set(**fields: Any) -> Callable[[Line], None]:
    def change(line: Line) -> None:
        for name, value in fields.items():
            if value is None:
                line.pop(name, None)
            else:
                line[name] = value

    return change


def _same_line_again(written: Written, tier: str, random: Random) -> Outcome | None:
    sheet = written.sheet
    fitting = [line for line in sheet["lines"] if _is_tablet(line)]
    if sheet["sheet"] not in _DRUGS or not fitting:
        return None
    line = random.choice(fitting)
    number = max(each["line"] for each in sheet["lines"]) + 1
    sheet["lines"].append({**line, "line": number})
    return (line["line"], number), None


def _emergency_supply_for_ten_days(written: Written, tier: str, random: Random) -> Outcome | None:
    if written.sheet["setting"] != "emergency":
        return None
    number = max(line["line"] for line in written.sheet["lines"]) + 1
    written.sheet["lines"].append({"line": number, **_SMECTA})
    written.sheet["reasons"] = []
    return (number,), None


def _long_term_for_half_a_year(written: Written, tier: str, random: Random) -> Outcome | None:
    lines = [line for line in written.sheet["lines"] if line.get("quantity_unit") == "盒"]
    if not written.sheet["long_term"] or not lines:
        return None
    for line in lines:
        line["quantity"] = line["quantity"] * 8
        line.pop("days", None)
    return tuple(line["line"] for line in lines), None


def _narcotic(change: Callable[[Written], bool]) -> Change:
    """Change a narcotic sheet; the fault lies with all its lines."""

    def change_sheet(written: Written, tier: str, random: Random) -> Outcome | None:
        if written.sheet["sheet"] != "narcotic" or not change(written):
            return None
        return tuple(line["line"] for line in written.sheet["lines"]), None

    return change_sheet


def _tenfold_supply(written: Written) -> bool:
    for line in written.sheet["lines"]:
        line["quantity"] = (line.get("quantity") or 10) * 10
        line.pop("days", None)
    return True


def _strike_off(written: Written) -> bool:
    register = written.circumstances["patient"]
    if not register["pain_programme"]:
        return False
    register["pain_programme"] = False
    return True


def _without_identity(written: Written, tier: str, random: Random) -> Outcome | None:
    if written.sheet["sheet"] != "narcotic":
        return None
    written.sheet["patient"].pop("identity_number", None)
    return _SHEET


def _on_ordinary_paper(sheet: str) -> Change:
    def change(written: Written, tier: str, random: Random) -> Outcome | None:
        if written.sheet["sheet"] != sheet:
            return None
        written.sheet["sheet"] = "ordinary"
        return _SHEET

    return change


def _decoction(packets: int | None, frequency: str | None) -> Change:
    """Change the number of packets (None: as it is) or how often one is taken; neither: nothing is said of packets."""

    def change(written: Written, tier: str, random: Random) -> Outcome | None:
        sheet = written.sheet
        if sheet["sheet"] != "herbal" or "decoction" not in sheet:
            return None
        if packets is not None:
            sheet["decoction"]["packets"] = packets
            sheet["reasons"] = []
        elif frequency is not None:
            sheet["decoction"]["frequency"] = frequency
        else:
            del sheet["decoction"]
        return _SHEET

    return change


_DRUGS = ("ordinary", "emergency", "paediatric")
_HERBS = ("herbal",)


def _is_herb(line: Line) -> bool:
    return line.get("dose") is not None and line.get("kind") != "granule" and line.get("route") is None


LINE_CHANGES: tuple[tuple[str, tuple[str, ...], Change], ...] = (
    ("own_dose_tenfold", ("2-5",), _on(_DRUGS, _has_mass, lambda line: _times(line, 10))),
    ("own_dose_in_grams", ("2-5",), _on(_DRUGS, _has_mass, _milligrams_as_grams)),
    ("own_dose_every_two_hours", ("2-5",), _on(_DRUGS, _has_mass, _set(frequency="q2h"))),
    ("own_tablet_into_a_vein", ("2-3",), _on(_DRUGS, _is_tablet, _set(route="静脉注射"))),
    ("own_tablet_into_a_muscle", ("2-3",), _on(_DRUGS, _is_tablet, _set(route="肌内注射"))),
    ("own_tablet_into_the_eye", ("2-3",), _on(_DRUGS, _is_tablet, _set(route="滴眼"))),
    ("own_directions_vague", ("1-8",), _on(_DRUGS, _is_tablet, _set(frequency="遵医嘱"))),
    ("own_line_without_dose", ("1-7",), _on(_DRUGS, _is_tablet, _set(dose=None, dose_unit=None))),
    ("own_line_without_quantity", ("1-7",), _on(_DRUGS, _is_tablet, _set(quantity=None, quantity_unit=None))),
    ("own_line_without_strength", ("1-7",), _on(_DRUGS, _is_tablet, _set(strength=None))),
    ("own_line_in_meaningless_unit", ("1-7",), _on(_DRUGS, _is_tablet, _set(dose=1, dose_unit="份"))),
    ("same_line_again", ("2-7",), _same_line_again),
)
"""Name, problem codes and change: on most sheets."""

RARE_LINE_CHANGES: tuple[tuple[str, tuple[str, ...], Change], ...] = (
    ("own_childs_dose_tenfold", ("2-5",), _on(("paediatric",), _has_mass, lambda line: _times(line, 10))),
    ("own_herb_tenfold", ("2-5",), _on(_HERBS, _is_herb, lambda line: _times(line, 10))),
    ("own_herb_without_dose", ("1-7",), _on(_HERBS, _is_herb, _set(dose=None, dose_unit=None))),
    ("emergency_supply_for_ten_days", ("1-12",), _emergency_supply_for_ten_days),
    ("long_term_for_half_a_year", ("1-12",), _long_term_for_half_a_year),
    ("packets_for_two_months", ("1-12",), _decoction(60, None)),
    ("packets_not_counted", ("1-7", "1-8"), _decoction(None, None)),
    ("packets_taken_as_told", ("1-8",), _decoction(None, "遵医嘱")),
    ("opioid_for_a_month", ("1-13",), _narcotic(_tenfold_supply)),
    ("opioid_without_registration", ("1-13",), _narcotic(_strike_off)),
    ("narcotic_without_identity", ("1-13",), _without_identity),
    ("own_narcotic_on_ordinary_paper", ("1-13",), _on_ordinary_paper("narcotic")),
    ("own_sedative_on_ordinary_paper", ("1-13",), _on_ordinary_paper("psychotropic_2")),
)
"""The same, on few sheets."""
