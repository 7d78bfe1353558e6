"""Moves of the prescriber's side: sign again with a reason, countersign, cancel, the emergency release."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from rx_review.desk.approval import accepted_of, sent_back
from rx_review.desk.circumstances import staff_entry
from rx_review.desk.outcome import decided, reviewed_note
from rx_review.desk.reviewing import lay_down, review_sheet
from rx_review.desk.sheet import never_unreviewed
from rx_review.desk.step import Moved, Moving
from rx_review.desk.timing import first_due
from rx_review.domain.county import StaffPart
from rx_review.domain.prescription import Prescription, Reason, Signature
from rx_review.domain.problems import Refusal
from rx_review.domain.values import county_day
from rx_review.engine.stored import decision_from_json, facts_from_json
from rx_review.store import reviews

_FREE: dict[str, Any] = {"holder": None, "lease_until": None}


def resign(moving: Moving) -> Moved:
    """The prescriber gives the reason and signs again (再次签名, 处方管理办法 art. 6): what was returned is asked anew.

    The reasons are written on the sheet; what still fires goes to a pharmacist, who decides. A block stays a block.
    """
    found, request = moving.row, moving.request
    if found.prescriber != moving.person:
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
    entry = staff_entry(moving.connection, moving.person)
    part = None if entry is None else entry.prescriber
    if part is None or not _may_countersign(part, moving.row.institution, county_day(moving.at)):
        raise Refusal("not-a-physician")
    if moving.person == moving.row.prescriber:
        raise Refusal("same-person")
    sheet = moving.sheet()
    signature = Signature(role="countersign", person=moving.person, at=moving.at, revision=sheet.revision)
    return _again(moving, sheet.model_copy(update={"signatures": (*sheet.signatures, signature)}), _resigned(moving))


def _may_countersign(part: StaffPart, institution: str, day: date) -> bool:
    """A physician with the right to prescribe, no trainee, who is registered at the member or posted to it."""
    there = part.registered_at is None or institution in part.registered_at
    posted = any(each.institution == institution and each.holds(day) for each in part.postings)
    granted = part.rights is None or any(each.kind == "prescribe" and each.holds(day) for each in part.rights)
    full = part.licence == "physician" and part.status in (None, "active") and part.trainee in (None, "none")
    return full and granted and (there or posted)


def _resigned(moving: Moving) -> frozenset[str]:
    return frozenset(filter(None, moving.row.resigned.split(",")))


def _again(moving: Moving, sheet: Prescription, resigned: frozenset[str]) -> Moved:
    """Review the sheet as it is now written, in the same revision."""
    found = moving.row
    reviewed = review_sheet(
        moving.centre, moving.connection, moving.standing, sheet, found.patient_id, found, moving.at, resigned
    )
    by_hand = sent_back(moving.connection, found.id)
    values = decided(moving.centre, moving.standing, reviewed, moving.at, by_hand=by_hand)
    laid = lay_down(moving.connection, reviewed, found.id, moving.move.name)
    note = reviewed_note(reviewed, values, laid.digests, found.state)
    # What was objected to after its release is a sheet like any other now.
    afresh = {"after_review": None, "after_due_at": None, "resigned": ",".join(sorted(resigned))}
    return Moved(values.pop("state"), {**values, **afresh}, note)


def cancel(moving: Moving) -> Moved:
    """Cancel before it is charged."""
    return Moved("cancelled", {**_FREE, "due_at": None})


def release(moving: Moving) -> Moved:
    """Release in an emergency without review: signed, counted as unreviewed, reviewed after.

    Never for controlled drugs, special-tier antimicrobials, what is contraindicated, an unknown drug, or what a
    pharmacist has returned before: that is reviewed, and the answer was no.
    """
    found, newest = moving.row, moving.newest()
    if staff_entry(moving.connection, moving.person) is None:
        raise Refusal("unknown-staff", f"nobody {moving.person} who could sign for it", f"没有登记人员 {moving.person}")
    review = decision_from_json(reviews.unpacked(newest.decision))
    why = never_unreviewed(facts_from_json(reviews.unpacked(newest.facts)), review)
    if sent_back(moving.connection, found.id):
        why = (*why, "returned_by_pharmacist")
    if why:
        raise Refusal("not-releasable", more={"because": list(why)})
    values = {
        **_FREE,
        "approved_content": found.content,
        "approved_by": moving.person,
        "approved_how": "released",
        "accepted": accepted_of(review),
        "after_review": "due",
        "after_due_at": moving.at + timedelta(hours=moving.minutes("after_review_hours")),
        "due_at": first_due("released", None, found.expires_at),
    }
    return Moved("released", values, {"content": found.content, "unreviewed": True, "verdict": found.verdict})
