"""Facts about who signed what, under which revision (处方管理办法 arts. 6, 8, 12, 31 to 33)."""

from __future__ import annotations

from rx_review.domain.prescription import Prescription
from rx_review.facts.case import Sheet

_DISPENSING = frozenset({"reviewer", "dispenser", "checker", "issuer"})
_CHECKING = frozenset({"checker", "issuer"})


def tell_signatures(sheet: Sheet, prescription: Prescription) -> None:
    """Set the facts about a sheet's signatures."""
    signatures, prescriber = prescription.signatures, prescription.prescriber.id
    own = [each for each in signatures if each.role == "prescriber"]
    now = [each for each in signatures if each.revision == prescription.revision]
    dispensing = [each.person for each in now if each.role in _DISPENSING]
    others = [each.revision for each in own if prescriber is not None and each.person != prescriber]
    roles = {each.role for each in now}
    sheet.values.update(
        # Nobody countersigns for himself.
        countersigned=int(any(each.role == "countersign" and each.person != prescriber for each in now)),
        prescriber_signed=int(bool(own)),
        signed_by_another=int(any(revision == 1 for revision in others)),
        altered_by_another=int(any(revision > 1 for revision in others)),
        altered_after_signing=int(bool(own) and max(each.revision for each in own) < prescription.revision),
        dispensing_signatures=len(dispensing),
        reviewer_signed=int("reviewer" in roles),
        checker_signed=int(not _CHECKING.isdisjoint(roles)),
        one_dispenser=int(len(dispensing) > 1 and len(set(dispensing)) == 1),
        prescriber_dispenses=int(prescriber is not None and prescriber in dispensing),
    )
