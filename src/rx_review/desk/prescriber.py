"""Moves of the prescriber's side: sign again with a reason, countersign, cancel, the emergency release."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rx_review.desk.reviewing import lay_down, review_sheet
from rx_review.desk.sheet import never_unreviewed
from rx_review.desk.step import Moved, Moving
from rx_review.desk.submission import decided, reviewed_note
from rx_review.desk.timing import first_due
from rx_review.domain.county import StaffEntry
from rx_review.domain.prescription import Prescription, Reason, Signature
from rx_review.domain.problems import Refusal
from rx_review.engine.stored import decision_from_json, facts_from_json
from rx_review.store import county as registers
from rx_review.store import reviews

_FREE: dict[str, Any] = {"holder": None, "lease_until": None}


def resign(moving: Moving) -> Moved:
    """The prescriber gives the reason and signs again (再次签名, 处方管理办法 art. 6): what was returned is asked anew.

    The reasons are written on the sheet; what still fires goes to a pharmacist, who decides. A block stays a block.
    """
    found, request = moving.row, moving.request
    if found.prescriber is not None and found.prescriber != moving.person:
        raise Refusal("other-prescriber")
    sheet, reason = moving.sheet(), request.reason
    assert reason is not None
    written = [each.model_copy(update={"signed_again": True}) for each in request.reasons] or [
        Reason.model_validate({"for": "other", "text": reason.text or reason.code, "signed_again": True})
    ]
    numbers = {line.line for line in sheet.lines}
    if any(set(each.lines) - numbers for each in written):
        raise Refusal("contradiction", "a reason names a line that is not on the sheet", "理由所指的行不在处方上")
    returned = decision_from_json(reviews.unpacked(moving.newest().decision))
    keys = frozenset(finding.key for finding in returned.findings if finding.severity == "return")
    signature = Signature(role="prescriber", person=moving.person, at=moving.at, revision=sheet.revision)
    changed = sheet.model_copy(
        update={"reasons": (*sheet.reasons, *written), "signatures": (*sheet.signatures, signature)}
    )
    return _again(moving, changed, keys)


def countersign(moving: Moving) -> Moved:
    """A physician countersigns the sheet of an assistant (处方管理办法 art. 8)."""
    found = registers.entry(moving.connection, "staff", moving.person)
    part = None if found is None else StaffEntry.model_validate_json(found.document).prescriber
    if part is None or part.licence != "physician" or part.status not in (None, "active"):
        raise Refusal("not-a-physician")
    if moving.person == moving.row.prescriber:
        raise Refusal("same-person")
    sheet = moving.sheet()
    signature = Signature(role="countersign", person=moving.person, at=moving.at, revision=sheet.revision)
    return _again(moving, sheet.model_copy(update={"signatures": (*sheet.signatures, signature)}), _resigned(moving))


def _resigned(moving: Moving) -> frozenset[str]:
    return frozenset(filter(None, moving.row.resigned.split(",")))


def _again(moving: Moving, sheet: Prescription, resigned: frozenset[str]) -> Moved:
    """Review the sheet as it is now written, in the same revision."""
    found = moving.row
    reviewed = review_sheet(
        moving.centre, moving.connection, moving.standing, sheet, found.patient_id, found, moving.at, resigned
    )
    values = decided(moving.centre, moving.standing, reviewed, moving.at)
    laid = lay_down(moving.connection, reviewed, found.id, moving.move.name)
    note = reviewed_note(reviewed, values, laid.digests, found.state)
    return Moved(values.pop("state"), {**values, "resigned": ",".join(sorted(resigned))}, note)


def cancel(moving: Moving) -> Moved:
    """Cancel before it is charged."""
    return Moved("cancelled", {**_FREE, "due_at": None})


def release(moving: Moving) -> Moved:
    """Release in an emergency without review: signed, counted as unreviewed, reviewed after.

    Never for controlled drugs, special-tier antimicrobials, what is contraindicated, or an unknown drug.
    """
    found, newest = moving.row, moving.newest()
    why = never_unreviewed(
        facts_from_json(reviews.unpacked(newest.facts)), decision_from_json(reviews.unpacked(newest.decision))
    )
    if why:
        raise Refusal("not-releasable", more={"because": list(why)})
    values = {
        **_FREE,
        "approved_content": found.content,
        "approved_by": moving.person,
        "approved_how": "released",
        "accepted": "",
        "after_review": "due",
        "after_due_at": moving.at + timedelta(hours=moving.minutes("after_review_hours")),
        "due_at": first_due("released", None, found.expires_at),
    }
    return Moved("released", values, {"content": found.content, "unreviewed": True, "verdict": found.verdict})
