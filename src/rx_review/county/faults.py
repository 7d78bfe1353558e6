"""Faults planted in reasonable prescriptions, so that what the rules find can be counted. Labelled by official code.

Those that add a drug are in `faults.yaml`; those that take something away or change it are functions here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from rx_review.county.patient import draw_weight
from rx_review.county.writing import Written

NO_CODE = "-"
"""In place of a problem code, where the law has a rule and the official list has no code."""

_TABLE = Path(__file__).with_name("faults.yaml")
_DAYS_IN = {"d": 1.0, "m": 30.4375, "y": 365.25}
_CHILDBEARING = ("pregnancy", "gestation", "lactation")


class Planted(NamedTuple):
    """What was planted: its name, the problem codes it deserves, its lines (none = the sheet), when it is reviewed."""

    fault: str
    codes: frozenset[str]
    lines: tuple[int, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: `plant` changes the trees and returns lines and instant, or None where it does not fit."""

    fault: str
    codes: frozenset[str]
    plant: Callable[[Written, str, Random], tuple[tuple[int, ...], datetime | None] | None]


def plant(written: Written, tier: str, random: Random) -> Planted | None:
    """Plant one fault that fits, each kind as likely as the next; None if none fits. The trees are changed in place."""
    kinds = list(all_faults())
    random.shuffle(kinds)
    for kind in kinds:
        done = kind.plant(written, tier, random)
        if done is not None:
            return Planted(kind.fault, kind.codes, *done)
    return None


@cache
def all_faults() -> tuple[Fault, ...]:
    """Every kind of fault, by name."""
    declared = [_declared(entry) for entry in YAML(typ="safe").load(_TABLE.read_bytes())]
    changed = [Fault(name.replace("_", "-"), frozenset(codes), change) for name, codes, change in _CHANGES]
    return tuple(sorted((*declared, *changed), key=lambda fault: fault.fault))


def _declared(entry: Mapping[str, Any]) -> Fault:
    def add(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], datetime | None] | None:
        sheet = written.sheet
        herbal = sheet["sheet"] == "herbal"
        if herbal != (entry.get("on") == "herbal") or sheet["sheet"] in ("narcotic", "psychotropic_2"):
            return None
        _set_patient(written, entry.get("patient", {}), random)
        if entry.get("no_excuse"):
            sheet["reasons"] = []
            for trees in (sheet["patient"], written.circumstances["patient"]):
                trees["chronic_entitlements"] = []
        for field in ("setting", "sheet"):
            sheet[field] = entry.get(field, sheet[field])
        named = [{"kind": "western", **diagnosis} for diagnosis in entry.get("diagnoses", ())]
        sheet["diagnoses"] = named if entry.get("only_diagnosis") else [*sheet["diagnoses"], *named]
        first = max(line["line"] for line in sheet["lines"]) + 1
        numbers = tuple(range(first, first + len(entry["lines"])))
        sheet["lines"] += [{"line": n, **line} for n, line in zip(numbers, entry["lines"], strict=True)]
        return numbers, None

    return Fault(entry["fault"], frozenset(entry["codes"]), add)


def _set_patient(written: Written, wanted: Mapping[str, Any], random: Random) -> None:
    patient = written.sheet["patient"]
    day = date.fromisoformat(written.sheet["issued_at"][:10])
    if wanted.get("sex") == "male" or "age" in wanted:
        for name in _CHILDBEARING:
            patient.pop(name, None)
    if "sex" in wanted:
        patient["sex"] = wanted["sex"]
    if "age" in wanted:
        age = int(int(wanted["age"][:-1]) * _DAYS_IN[wanted["age"][-1]]) + 40
        patient["birth_date"] = (day - timedelta(days=age)).isoformat()
        if "weight" in patient:
            patient["weight"] = draw_weight(age, patient["sex"], random)
    if "egfr" in wanted:
        patient["egfr"] = {"value": wanted["egfr"], "on": (day - timedelta(days=9)).isoformat()}
    for name in ("pregnancy", "gestation", "lactation", "weight", "allergies"):
        if name in wanted:
            patient[name] = wanted[name]


Change = Callable[[Written, str, Random], tuple[tuple[int, ...], datetime | None] | None]


def _no_diagnosis(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None]:
    written.sheet["diagnoses"] = []
    return (), None


def _diagnosis_that_is_none(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None]:
    written.sheet["diagnoses"] = [{"text": random.choice(("取药", "体检", "开药")), "code": None, "kind": "western"}]
    return (), None


def _expired(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], datetime]:
    issued = datetime.fromisoformat(written.sheet["issued_at"])
    written.sheet["stage"] = "charge"
    return (), issued + timedelta(days=random.randint(2, 6))


def _altered_after_signing(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None]:
    sheet = written.sheet
    sheet["revision"] = 2
    sheet["signatures"] = [
        {"role": "prescriber", "person": sheet["prescriber"]["id"], "at": sheet["issued_at"], "revision": 1}
    ]
    return (), None


def _heading_without_patient(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None]:
    del written.sheet["patient"]["name"]
    del written.sheet["record_number"]
    return (), None


def _infant_age_in_years(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None] | None:
    patient = written.sheet["patient"]
    born = date.fromisoformat(patient["birth_date"])
    years = (date.fromisoformat(written.sheet["issued_at"][:10]) - born).days // 365.25
    if not 1 <= years < 3:
        return None
    del patient["birth_date"]
    patient["age_written"] = f"{int(years)}岁"
    return (), None


def _assistant_alone_in_hospital(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None] | None:
    if tier != "county":
        return None
    written.sheet["prescriber"] |= {"licence": "assistant", "independent": False}
    written.circumstances["prescriber"] = None
    return (), None


def _opioid_for_a_month(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None] | None:
    if written.sheet["sheet"] != "narcotic":
        return None
    for line in written.sheet["lines"]:
        line["quantity"] = (line.get("quantity") or 10) * 10
    return tuple(line["line"] for line in written.sheet["lines"]), None


def _narcotic_without_identity(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None] | None:
    if written.sheet["sheet"] != "narcotic":
        return None
    written.sheet["patient"].pop("identity_number", None)
    return (), None


def _opioid_without_registration(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None] | None:
    register = written.circumstances["patient"]
    if written.sheet["sheet"] != "narcotic" or not register["pain_programme"]:
        return None
    register["pain_programme"] = False
    return tuple(line["line"] for line in written.sheet["lines"]), None


def _long_term_for_half_a_year(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None] | None:
    if not written.sheet["long_term"]:
        return None
    lines = [line for line in written.sheet["lines"] if line.get("quantity_unit") == "盒"]
    for line in lines:
        line["quantity"] = line["quantity"] * 8
        line.pop("days", None)
    return (tuple(line["line"] for line in lines), None) if lines else None


def _emergency_supply_for_ten_days(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None] | None:
    if written.sheet["setting"] != "emergency":
        return None
    number = max(line["line"] for line in written.sheet["lines"]) + 1
    written.sheet["lines"].append(
        {
            "line": number,
            "generic": "蒙脱石散",
            "strength": "3g*10袋",
            "dose": 1,
            "dose_unit": "袋",
            "route": "口服",
            "frequency": "tid",
            "quantity": 3,
            "quantity_unit": "盒",
        }
    )
    return (number,), None


def _syndrome_left_out(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None] | None:
    if written.sheet["sheet"] != "herbal":
        return None
    written.sheet["diagnoses"] = [{"text": "咳嗽", "code": None, "kind": "tcm_disease"}]
    return (), None


def _valid_for_a_week(written: Written, tier: str, random: Random) -> tuple[tuple[int, ...], None]:
    written.sheet["valid_days"] = 7
    return (), None


_CHANGES: tuple[tuple[str, tuple[str, ...], Change], ...] = (
    ("no_diagnosis", ("1-10",), _no_diagnosis),
    ("diagnosis_that_is_none", ("1-10",), _diagnosis_that_is_none),
    ("expired_at_the_counter", (NO_CODE,), _expired),
    ("valid_for_a_week", (NO_CODE,), _valid_for_a_week),
    ("altered_after_signing", ("1-9",), _altered_after_signing),
    ("heading_incomplete", ("1-1",), _heading_without_patient),
    ("infant_age_in_years", ("1-4",), _infant_age_in_years),
    ("assistant_alone_in_hospital", ("1-2",), _assistant_alone_in_hospital),
    ("opioid_for_a_month", ("1-13",), _opioid_for_a_month),
    ("narcotic_without_identity", ("1-13",), _narcotic_without_identity),
    ("opioid_without_registration", ("1-13",), _opioid_without_registration),
    ("long_term_for_half_a_year", ("1-12",), _long_term_for_half_a_year),
    ("emergency_supply_for_ten_days", ("1-12",), _emergency_supply_for_ten_days),
    ("syndrome_left_out", ("1-10",), _syndrome_left_out),
)
"""Name, problem codes and change."""
