"""Who works in the demonstration: invented doctors, pharmacists, and who leads them. Nobody's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rx_review.county.writing import Member
from rx_review.domain.county import Skill, StaffEntry

_GRANTED = "2020-03-01"
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_PHYSICIANS: Mapping[str, int] = {"county": 10, "township": 4, "village": 1}
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "county": (),
    "township": ("assistant", "assistant"),
    "village": ("rural_doctor", "assistant"),
}
_TITLES = ("attending", "associate_chief", "chief")
_TCM = 3
"""One physician in so many practises Chinese medicine; where there is only one, that one does."""


@dataclass(frozen=True, slots=True)
class Doctor:
    """A prescriber of a member, as sheets name him."""

    code: str
    name: str
    licence: str
    tcm: bool

    @property
    def independent(self) -> bool:
        """An assistant of a township or village who may prescribe alone; others need no such leave."""
        return self.licence == "assistant"


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours of a day (24 = midnight) that a pharmacist is on duty, and for which sheets."""

    person: str
    hours: tuple[tuple[float, float], ...]
    skills: tuple[Skill, ...]


PHARMACISTS: Mapping[str, str] = {
    "P001": "赵药师",
    "P002": "钱药师",
    "P003": "孙药师",
    "P004": "李药师",
    "P005": "周药师",
}
LEADERS: Mapping[str, str] = {"L001": "吴组长", "L002": "郑总药师"}
SHIFTS = (
    Shift("P001", ((7.5, 12.0), (13.0, 16.5)), ("general", "herbs", "controlled", "paediatric")),
    Shift("P002", ((8.0, 12.0), (13.5, 18.0)), ("general", "paediatric")),
    Shift("P003", ((8.0, 11.5), (13.0, 18.5)), ("general", "herbs")),
    Shift("P004", ((11.5, 20.0),), ("general", "controlled", "paediatric")),
    # Alone at night, and asleep between two sheets.
    Shift("P005", ((0.0, 7.75), (18.0, 24.0)), ("general", "herbs", "controlled", "paediatric")),
)


def doctors_of(member: Member) -> tuple[Doctor, ...]:
    """The doctors of a member; the first physicians practise Chinese medicine."""
    place = member.institution.rsplit("-", 1)[-1]
    physicians = _PHYSICIANS[member.tier]
    licences = ["physician"] * physicians + list(_OTHERS[member.tier])
    return tuple(
        Doctor(
            f"D{place}{order:02d}",
            f"{_SURNAMES[(order + sum(map(ord, place))) % len(_SURNAMES)]}医生",
            licence,
            licence == "physician" and order <= max(1, physicians // _TCM),
        )
        for order, licence in enumerate(licences, 1)
    )


def dispensers_of(member: Member) -> tuple[str, str]:
    """Codes of who dispenses and who checks at a member; one person does both in a village."""
    place = member.institution.rsplit("-", 1)[-1]
    return (f"Q{place}01", f"Q{place}01" if member.tier == "village" else f"Q{place}02")


def staff(members: Iterable[Member], lead: str) -> dict[str, StaffEntry]:
    """The staff register, by code.

    Args:
        members: who takes part.
        lead: the institution where the reviewing pharmacists belong.
    """
    entries: dict[str, Any] = {}
    for code, name in {**PHARMACISTS, **LEADERS}.items():
        entries[code] = _pharmacist(lead, name, "chief_pharmacist" if code in LEADERS else "pharmacist", True)
    for member in members:
        for order, doctor in enumerate(doctors_of(member)):
            entries[doctor.code] = _doctor(member, doctor, _TITLES[order % 3 if member.tier == "county" else 0])
        for code in dict.fromkeys(dispensers_of(member)):
            entries[code] = _pharmacist(member.institution, "调剂药师", "pharmacist", member.tier != "village")
    return {code: StaffEntry.model_validate(entry) for code, entry in entries.items()}


def _doctor(member: Member, doctor: Doctor, title: str) -> dict[str, Any]:
    physician = doctor.licence == "physician"
    rights = ["prescribe", "antimicrobial_unrestricted", "patent_medicine", "herbs"]
    if physician and member.tier != "village":
        rights += ["antimicrobial_restricted", "narcotic", "toxic"]
        if member.tier == "county":
            rights += ["antimicrobial_special", "antineoplastic_ordinary", "antineoplastic_restricted"]
    return {
        "institution": member.institution,
        "name": doctor.name,
        "prescriber": {
            "licence": doctor.licence,
            "independent": doctor.independent,
            "title": title if physician else "none" if doctor.licence == "rural_doctor" else "resident",
            "status": "active",
            "trainee": "none",
            "registered_at": [member.institution],
            "rights": [{"kind": kind, "from": _GRANTED} for kind in rights],
            "specimen_on_file": True,
            "tcm": doctor.tcm,
        },
    }


def _pharmacist(institution: str, name: str, title: str, narcotic: bool) -> dict[str, Any]:
    part = {"title": title, "years": 6, "review_trained": True, "narcotic_dispensing": narcotic}
    return {"institution": institution, "name": name, "pharmacist": part}
