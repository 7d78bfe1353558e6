"""Where a prescription is written: the tier, whose codes it uses, and what its system cannot carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rx_review.domain.prescription import Line, Prescription
from rx_review.facts.case import Sheet, Value
from rx_review.library.rows import PERMITS

NOT_CARRIED = "not_carried"
"""Cause of a fact about the sheet's formalities that is unknown because the site's system cannot send it."""
LINE_NOT_CARRIED = "line_not_carried"
"""The same of a line: what its rules do about the unknown holds here too."""


class Permits(NamedTuple):
    """What is known of an institution's level and permits, as facts, and what is missing of them."""

    known: Mapping[str, Value]
    missing: Mapping[str, str]


class Place(NamedTuple):
    """The prescribing institution as facts need it; `tier` is None if it is not a member we know.

    `member` is the institution if it has codes of its own, else empty; `lacks` are fields of `site.CARRIED`.
    """

    tier: str | None
    member: str = ""
    lacks: frozenset[str] = frozenset()
    permits: Permits = Permits({}, {})


_OF_LINE: Mapping[str, tuple[str, ...]] = {
    "skin_test": ("skin_test",),
    "footnote": ("footnote_missing", "footnote_written"),
    "reasons": (
        "extended_reason",
        "choice_reason",
        "catalogue_reason",
        "refill_reason",
        "emergency_reason",
    ),
    "consents": ("off_label_consent",),
    "quantity": ("quantity_written",),
    "days": ("days_written_alone",),
    "route": ("route_written",),
    "frequency": ("frequency_written",),
}
_OF_SHEET: Mapping[str, tuple[str, ...]] = {
    "signatures": (
        "prescriber_signed",
        "countersigned",
        "altered_after_signing",
        "dispensing_signatures",
        "reviewer_signed",
        "checker_signed",
    ),
    "identity_number": ("identity_written",),
    "weight": ("weight_written",),
    "allergies": ("allergy_asked",),
    "decoction": ("packets",),
    "guardian": ("guardian_written",),
    "consultation": ("consultation_written",),
    "long_term_record": ("long_term_assessed",),
    "consents": ("long_term_confirmed",),
}

CARRIED_BY: Mapping[str, str] = {
    fact: field for table in (_OF_LINE, _OF_SHEET) for field, facts in table.items() for fact in facts
} | {"header_missing": "heading"}
"""Facts about what is written that are unknown where a site's system cannot send the field."""


def forget_line(values: dict[str, int | str], line: Line, prescription: Prescription, lacks: frozenset[str]) -> None:
    """Take away what a line does not say only because its system cannot; what is not asked of it stays as it is."""
    due = {"skin_test": values.get("skin_test_needed") != 0, "footnote": values.get("footnote_missing") != "none"}
    for field in lacks & _OF_LINE.keys():
        listed = field in ("reasons", "consents")
        sent = getattr(prescription, field) if listed else getattr(line, field) is not None
        if not sent and due.get(field, True):
            for fact in _OF_LINE[field]:
                values.pop(fact, None)


def forget_sheet(sheet: Sheet, prescription: Prescription, lacks: frozenset[str]) -> None:
    """Take away what a sheet does not say only because its system cannot."""
    patient = prescription.patient
    sent: Mapping[str, object] = {
        "signatures": prescription.signatures,
        "identity_number": patient.identity_number,
        "weight": patient.weight,
        "allergies": patient.allergies,
        "decoction": prescription.decoction,
        "guardian": patient.guardian,
        "consultation": prescription.consultation,
        "long_term_record": prescription.assessed,
        "consents": prescription.consents,
    }
    for field in lacks & _OF_SHEET.keys():
        if not sent[field]:
            for fact in _OF_SHEET[field]:
                sheet.values.pop(fact, None)
                sheet.missing[fact] = NOT_CARRIED


def heading_carried(field: str, lacks: frozenset[str]) -> bool:
    """Whether a site's system can send a field of the heading."""
    return field.removeprefix("patient.") not in lacks and field.replace(".", "_") not in lacks


def permits_of(level: str | None, held: Iterable[tuple[str, bool]], known: bool) -> Permits:
    """An institution's hospital level and permits; without a row, whether it has a permit is unknown."""
    sheet = Sheet()
    sheet.tell("level", level or None, "level" if known else "institution")
    granted = dict(held)
    for name in PERMITS:
        sheet.tell(f"permit_{name}", granted.get(name), "permit" if known else "institution")
    return Permits(sheet.values, sheet.missing)
