"""What sites leave out: each field is filled in as often as `fills.csv` says of the tier.

What the law makes an institution ask before it prescribes (the identity of a patient on a narcotic sheet, the age)
is never dropped; neither is what the regimen itself cannot do without, such as an infusion's group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any

from rx_review.county.writing import Written

Fills = Mapping[tuple[str, str], Decimal]
Filled = Callable[[str], bool]

_CHILD = 14 * 365
_JOINTS = ("，", "、", ";", "；", " ", ",")


def leave_gaps(written: Written, tier: str, age_days: int, fills: Fills, random: Random) -> Written:
    """The same prescription with the gaps of a site of that tier. The trees are changed in place."""

    def filled(field: str) -> bool:
        percent = fills.get((field, tier))
        return percent is None or random.random() * 100 < percent

    _patient(written, age_days, filled)
    _diagnoses(written.sheet, filled, random)
    for line in written.sheet["lines"]:
        _line(line, filled)
    sheet, circumstances = written
    if not filled("quantity_reason"):
        sheet["reasons"] = [reason for reason in sheet["reasons"] if reason["for"] != "quantity"]
    if not filled("signature"):
        sheet["signatures"] = []
    if not filled("visit"):
        del sheet["visit"]
        circumstances["visit"] = None
    if not filled("staff_register"):
        circumstances["prescriber"] = None
    else:
        _staff(circumstances["prescriber"], filled)
    if not filled("history"):
        circumstances["history"] = None
    return written


def _patient(written: Written, age_days: int, filled: Filled) -> None:
    patient = written.sheet["patient"]
    if not filled("weight_child" if age_days < _CHILD else "weight_adult"):
        del patient["weight"]
    if not filled("allergies"):
        patient["allergies"] = {"status": "not_asked"}
    for field, names in (("pregnancy", ("pregnancy", "gestation")), ("lactation", ("lactation",)),
                         ("renal", ("egfr",)), ("hepatic", ("hepatic",))):  # fmt: skip
        if not filled(field):
            for name in names:
                patient.pop(name, None)
    if not filled("chronic_entitlement"):
        patient["chronic_entitlements"] = []
        written.circumstances["patient"]["chronic_entitlements"] = []
    if written.sheet["sheet"] not in ("narcotic", "psychotropic_2"):
        # Written on the sheets that the law asks it for, and hardly ever elsewhere.
        del patient["identity_number"]


def _staff(record: dict[str, Any], filled: Filled) -> None:
    """What registers keep: the licence is always there, rights and the rest not everywhere."""
    if not filled("staff_rights"):
        record["rights"] = None
    if not filled("specimen"):
        record["specimen_on_file"] = None


def _diagnoses(sheet: dict[str, Any], filled: Filled, random: Random) -> None:
    kept = []
    for diagnosis in sheet["diagnoses"]:
        if diagnosis["kind"] == "tcm_syndrome" and not filled("syndrome"):
            continue
        if not filled("diagnosis_code"):
            diagnosis["code"] = None
        kept.append(diagnosis)
    if len(kept) > 1 and all(one["code"] is None for one in kept) and not filled("diagnoses_apart"):
        # One field for everything, which is all that many small systems have.
        text = random.choice(_JOINTS).join(one["text"] for one in kept)
        kept = [{"text": text, "code": None, "kind": kept[0]["kind"]}]
    sheet["diagnoses"] = kept or sheet["diagnoses"][:1]


def _line(line: dict[str, Any], filled: Filled) -> None:
    if "days" in line and not filled("days"):
        del line["days"]
    elif "days" in line and not filled("days_right"):
        # Many systems keep 1 unless somebody types something else.
        line["days"] = 1
    if "footnote" in line and not filled("footnote"):
        del line["footnote"]
    if "skin_test" in line and not filled("skin_test"):
        del line["skin_test"]
