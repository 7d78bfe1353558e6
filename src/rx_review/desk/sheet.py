"""What the desk needs to know of a sheet: who may review it, how urgent it is, whether it may ever go unreviewed."""

from __future__ import annotations

from datetime import datetime, timedelta

from rx_review.domain.county import Skill
from rx_review.domain.prescription import Prescription
from rx_review.domain.review import Review
from rx_review.domain.values import CHINA, county_day
from rx_review.facts.case import Facts

_HERBAL = frozenset({"herb", "granule"})
_CONTROLLED_SHEETS = frozenset({"narcotic", "psychotropic_2", "toxic"})


def read_sheet(body: bytes) -> Prescription:
    """A sheet as reviews keep it: without identity."""
    return Prescription.model_validate_json(body)


def sheet_json(prescription: Prescription) -> bytes:
    """A sheet as reviews keep it."""
    return prescription.model_dump_json(by_alias=True, exclude_defaults=True).encode()


def skill_of(prescription: Prescription, facts: Facts) -> Skill:
    """Which skill its review needs; controlled drugs before herbs before children."""
    if prescription.sheet in _CONTROLLED_SHEETS or _controlled(facts):
        return "controlled"
    if prescription.decoction is not None or any(line.kind in _HERBAL for line in prescription.lines):
        return "herbs"
    if prescription.sheet == "paediatric" or _child(facts):
        return "paediatric"
    return "general"


def is_rescue(prescription: Prescription) -> bool:
    """Whether it is a rescue, supplied first and reviewed after: there is none over the internet or at discharge."""
    return prescription.rescue and prescription.setting not in ("internet", "discharge")


def urgency_of(prescription: Prescription) -> int:
    """0: emergency and rescue; 1: observation, or an emergency sheet; 2: everything else."""
    if is_rescue(prescription) or prescription.setting == "emergency":
        return 0
    return 1 if prescription.setting == "observation" or prescription.sheet == "emergency" else 2


def expires_at(prescription: Prescription) -> datetime:
    """The midnight at which it is no longer valid: valid on the day of issue, or for the days written on it.

    Source: 处方管理办法 art. 18.
    """
    days = prescription.valid_days or 1
    last = county_day(prescription.issued_at) + timedelta(days=days)
    return datetime(last.year, last.month, last.day, tzinfo=CHINA)


def never_unreviewed(facts: Facts, review: Review) -> tuple[str, ...]:
    """Why a sheet must not be released without review; empty if it may be.

    Controlled and toxic drugs, special-tier antimicrobials, anything contraindicated that applies, an unknown drug.
    """
    why: list[str] = []
    if _controlled(facts):
        why.append("controlled")
    if any(case.known("antimicrobial") == "special" for case in facts.cases["line"]):
        why.append("special_tier")
    if any(finding.severity == "block" for finding in review.findings):
        why.append("blocked")
    if any(
        case.known("grade") == "contraindicated" and case.known("applies") == 1
        for subject in ("concern", "pair")
        for case in facts.cases[subject]
    ):
        why.append("contraindicated")
    if any(entry.fact in ("drug", "engine") for entry in review.not_judged) or any(
        "drug" in case.missing.values() for case in facts.cases["line"]
    ):
        why.append("unknown_drug")
    return tuple(why)


def _controlled(facts: Facts) -> bool:
    return any(
        case.known("control") not in (None, "none") or case.known("toxic_drug") == 1 or case.known("toxic_herb") == 1
        for case in facts.cases["line"]
    )


def _child(facts: Facts) -> bool:
    age = facts.cases["prescription"][0].known("age_years")
    return isinstance(age, int) and age < 14
