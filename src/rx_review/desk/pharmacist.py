"""Moves of the desk: take with a lease, put back, approve, return, refuse, and the review of what went unreviewed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rx_review.desk.approval import accepted_of
from rx_review.desk.qualified import must_review
from rx_review.desk.settling import settle
from rx_review.desk.step import Moved, Moving
from rx_review.desk.submission import not_allowed
from rx_review.desk.timing import escalates_at, first_due
from rx_review.domain.moves import State
from rx_review.domain.problems import Refusal
from rx_review.domain.review import Review
from rx_review.engine.stored import decision_from_json
from rx_review.store import county as registers
from rx_review.store import reviews

_LEADING = frozenset({"lead", "chief"})
_FREE: dict[str, Any] = {"holder": None, "lease_until": None}


def take(moving: Moving) -> Moved:
    """Take a sheet for a while. The fence counts up: what an earlier holder still sends is refused."""
    _may_take(moving)
    until = moving.at + timedelta(minutes=moving.minutes("lease_minutes"))
    fence = moving.row.fence + 1
    values = {"holder": moving.person, "lease_until": until, "fence": fence, "due_at": until}
    return Moved("taken", values, {"fence": fence, "waited_seconds": _seconds(moving)})


def _may_take(moving: Moving) -> None:
    """A reviewer of the register, not of a sheet of their own, and on duty for it; a lead needs no roster."""
    found, actor = moving.row, moving.actor
    must_review(moving.centre, moving.connection, moving.person, (found.skill,), moving.at)
    if moving.person == found.prescriber:
        raise Refusal("same-person", "nobody reviews what they prescribed", "不得审核本人开具的处方")
    if actor.roles & _LEADING:
        return
    duty = [each for each in moving.standing.on_duty(moving.at) if each.person == moving.person]
    if not duty:
        raise Refusal("not-on-duty")
    if not any(each.covering(found.institution) for each in duty):
        raise Refusal("lacks-skill", "this member is not covered by your duty", "值班范围不含该机构")
    level = 1 if moving.state == "second" else found.level
    if not any(each.may_take(found.skill, found.institution, level) for each in duty):
        raise Refusal("lacks-skill", more={"skill": found.skill})


def put_back(moving: Moving) -> Moved:
    """Put a sheet back. It keeps its place in the queue: the patient has waited all the time."""
    _must_hold(moving)
    values = {**_FREE, "due_at": _waits(moving), "entered_at": moving.row.created_at}
    return Moved("waiting", values, {"seconds": _seconds(moving)})


def approve(moving: Moving) -> Moved:
    """Approve: bound to the content and the edition. Where a rule asks for two, the first approval is kept."""
    note: dict[str, Any] = {"seconds": _seconds(moving), "pharmacist": _snapshot(moving), "content": moving.row.content}
    if moving.state == "taken":
        _must_hold(moving)
        if moving.row.needs_second:
            values = {**_FREE, "first_approval_by": moving.person, "due_at": _ends(moving)}
            return Moved("second", values, {**note, "first": True})
    else:
        _must_be_other(moving)
    review = _decision(moving)
    settled = settle(moving, review)
    by = moving.person
    if moving.row.first_approval_by is not None:
        by = f"{moving.row.first_approval_by}, {by}"
    _see_gaps(moving, review)
    values = {
        **_FREE,
        "approved_content": moving.row.content,
        "approved_by": by,
        "approved_how": "pharmacist",
        "accepted": accepted_of(review),
        "due_at": _ends(moving, "approved"),
    }
    return Moved("approved", values, {**note, "edition": moving.row.edition, "settled": settled})


def send_back(moving: Moving) -> Moved:
    """Return to the prescriber, or refuse, which must be reported (处方管理办法 arts. 36 and 40)."""
    if moving.state == "taken":
        _must_hold(moving)
    else:
        _must_be_other(moving)
    to = "returned" if moving.move.name == "return" else "refused"
    note = {"seconds": _seconds(moving), "pharmacist": _snapshot(moving), "to_report": to == "refused"}
    return Moved(to, {**_FREE, "due_at": _ends(moving, to)}, note)  # type: ignore[arg-type]


def review_afterwards(moving: Moving) -> Moved:
    """Review what was released or supplied without review; it stays counted as unreviewed at the time.

    An objection to what is not supplied yet stops it: released it is returned, charged it may only be refunded.
    """
    found = moving.row
    if found.after_review != "due":
        more = not_allowed(moving.move.name, found).more
        raise Refusal("move-not-allowed", "no review is due afterwards", "没有待补审", more=more)
    must_review(moving.centre, moving.connection, moving.person, (found.skill,), moving.at)
    if moving.person in (found.approved_by, found.prescriber):
        raise Refusal("same-person", "who released it or prescribed it does not review it", "放行人、开方人不得补审")
    late = found.after_due_at is not None and moving.at > found.after_due_at
    note = {"late": late, "pharmacist": _snapshot(moving)}
    if moving.move.name == "confirm":
        seen = {"after_review": "confirmed", "accepted": accepted_of(_decision(moving))}
        return Moved(moving.state, seen, {"after_review": "confirmed", **note})
    to: State = "returned" if moving.state == "released" else moving.state
    values: dict[str, Any] = {"after_review": "objected", "due_at": _ends(moving, to)}
    if to == "returned":
        values |= {"approved_content": None, "approved_by": None, "approved_how": None, "accepted": ""}
    return Moved(to, values, {"after_review": "objected", **note})


def _must_hold(moving: Moving) -> None:
    found = moving.row
    if found.holder != moving.person:
        raise Refusal("taken-by-other", more={"holder": found.holder})
    ended = found.lease_until is not None and found.lease_until <= moving.at
    if ended or moving.request.fence != found.fence:
        raise Refusal("lease-lost", more={"fence": found.fence} if not ended else {})


def _must_be_other(moving: Moving) -> None:
    """The second signature is another pharmacist's; who is alone on duty signs twice (单人双签名)."""
    found = moving.row
    _may_take(moving)
    if found.first_approval_by != moving.person:
        return
    others = {
        each.person
        for each in moving.standing.on_duty(moving.at)
        if each.person != moving.person and each.may_take(found.skill, found.institution, 1)
    }
    if others:
        raise Refusal("same-person", more={"on_duty": sorted(others)})


def _decision(moving: Moving) -> Review:
    return decision_from_json(reviews.unpacked(moving.newest().decision))


def _see_gaps(moving: Moving, review: Review) -> None:
    """A code of the member's own that nobody has mapped stops a sheet once: this pharmacist has seen it now."""
    for finding in review.findings:
        for fact, kind in (("unmapped_code", "drug"), ("unmapped_diagnosis", "diagnosis")):
            value = finding.facts.get(fact)
            for code in value.split("、") if isinstance(value, str) else ():
                registers.see_gap(moving.connection, moving.row.institution, kind, code, moving.person, moving.at)


def _snapshot(moving: Moving) -> dict[str, Any] | None:
    """What the register says of who signs, at this moment."""
    entry = registers.entry(moving.connection, "staff", moving.person)
    return None if entry is None else {"person": moving.person, "version": entry.version, "document": entry.document}


def _seconds(moving: Moving) -> float:
    return round(float((moving.at - moving.row.entered_at).total_seconds()), 3)


def _waits(moving: Moving) -> Any:
    escalates = escalates_at(moving.centre, moving.row.institution, moving.row.urgency, moving.at)
    return first_due("waiting", escalates, moving.row.expires_at)


def _ends(moving: Moving, state: Any = "second") -> Any:
    return first_due(state, None, moving.row.expires_at)
