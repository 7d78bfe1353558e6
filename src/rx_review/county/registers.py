"""What the community's registers say of a careful doctor and of the patient, as JSON trees.

Everything is in order here: rights cover what is prescribed, postings cover where. Faults change it afterwards.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from rx_review.county.regimen import Regimen

# How titles, postings and earlier supplies are shared: estimates, for variety; everything drawn is in order.
_TITLES = {
    "village": (("none", 7), ("resident", 3)),
    "township": (("resident", 4), ("attending", 5), ("associate_chief", 1)),
    "county": (("resident", 2), ("attending", 5), ("associate_chief", 2), ("chief", 1)),
}
_GRANTED = "2020-03-01"
_LOOKED_BACK = 400


def draw_circumstances(
    regimen: Regimen, sheet: dict[str, Any], lead: str, tier: str, issued: datetime, random: Random
) -> dict[str, Any]:
    """The circumstances of a prescription that was written in an institution of a tier.

    Args:
        regimen: what is treated.
        sheet: the prescription's tree; consents and assessments that the law asks for are written into it.
        lead: institution that leads the community, from which doctors are posted.
        tier: of the prescribing institution.
        issued: instant of issue.
        random: source of chance.
    """
    as_of = (issued - timedelta(minutes=1)).isoformat()
    day = issued.date()
    entitled = sheet["patient"]["chronic_entitlements"]
    if regimen.long_term:
        sheet["assessed"] = True
        sheet["consents"] = [{"to": "long_term", "on": day.isoformat()}]
    return {
        "visit": {"as_of": as_of, "sheets": []},
        "prescriber": {"as_of": as_of} | _staff(regimen, sheet, lead, tier, random),
        "pharmacists": {"as_of": as_of, "people": []},
        "patient": {
            "as_of": as_of,
            "pain_programme": regimen.patient.pain_programme,
            "pain": _pain(regimen, day, random),
            "long_term": _long_term(regimen, day, random),
            "chronic_entitlements": entitled,
        },
        "history": {
            "as_of": as_of,
            "since": (day - timedelta(days=_LOOKED_BACK)).isoformat(),
            "supplies": _supplies(regimen, sheet, day, random),
        },
        "flow": {"as_of": as_of, "state": "submitted"},
    }


def _staff(regimen: Regimen, sheet: dict[str, Any], lead: str, tier: str, random: Random) -> dict[str, Any]:
    prescriber = sheet["prescriber"]
    licence = prescriber["licence"]
    names, weights = zip(*_TITLES[tier], strict=True)
    title = random.choices(names, weights)[0]
    if licence != "physician":
        title = "none" if licence == "rural_doctor" else "resident"
    elif regimen.long_term and title in ("none", "resident"):
        title = "attending"
    institution = sheet["institution"]
    posted = licence == "physician" and institution != lead and random.random() < 0.15
    return {
        "licence": licence,
        "independent": prescriber["independent"],
        "title": title,
        "status": "active",
        "trainee": "none",
        "registered_at": [lead if posted else institution],
        "postings": [{"institution": institution, "from": "2026-01-01", "until": "2027-01-01"}] if posted else [],
        "rights": [{"kind": kind, "from": _GRANTED} for kind in _rights(regimen, licence, tier)],
        "specimen_on_file": True,
        "tcm": regimen.topic == "tcm" and random.random() < 0.7,
    }


def _rights(regimen: Regimen, licence: str, tier: str) -> list[str]:
    rights = ["prescribe", "antimicrobial_unrestricted", "patent_medicine"]
    if regimen.topic == "tcm":
        rights.append("herbs")
    if licence == "physician" and tier != "village":
        rights += ["antimicrobial_restricted", "narcotic", "toxic"]
        if tier == "county":
            rights += ["antimicrobial_special", "antineoplastic_ordinary", "antineoplastic_restricted"]
    return rights


def _pain(regimen: Regimen, day: date, random: Random) -> dict[str, Any] | None:
    if not regimen.patient.pain_programme:
        return None
    seen = day - timedelta(days=random.randint(3, 80))
    return {"consent": True, "file": True, "last_visit": seen.isoformat()}


def _long_term(regimen: Regimen, day: date, random: Random) -> dict[str, Any]:
    if not regimen.long_term or random.random() < 0.2:
        return {}
    return {"last_issued": (day - timedelta(days=random.randint(28, 84))).isoformat()}


def _supplies(regimen: Regimen, sheet: dict[str, Any], day: date, random: Random) -> list[dict[str, Any]]:
    """What chronic patients collected last time, which lasts until about now."""
    if not regimen.patient.chronic or random.random() < 0.3:
        return []
    lasted = max((int(line.get("days") or 0) for line in sheet["lines"]), default=0)
    on = day - timedelta(days=lasted + random.randint(-2, 6))
    if not lasted or on >= day:
        return []
    return [
        {
            "on": on.isoformat(),
            "number": f"{sheet['number']}-L",
            "institution": sheet["institution"],
            "line": dict(line),
        }
        for line in sheet["lines"]
    ]
