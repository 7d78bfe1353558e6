"""Moves of the desk: take with a lease, put back, approve, return, refuse, and the review of what went unreviewed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rx_review.desk.settling import settle
from rx_review.desk.step import Moved, Moving
from rx_review.desk.timing import escalates_at, first_due
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
    found, actor = moving.row, moving.actor
    if actor.roles & _LEADING:
        return
    duty = [each for each in moving.standing.on_duty(moving.at) if each.person == moving.person]
    if not duty:
        raise Refusal("not-on-duty")
    if not any(each.covering(found.institution) for each in duty):
        raise Refusal("lacks-skill", "this member is not covered by your duty", "值班范围不含该机构")
    # Passed on once, anybody on duty may take it.
    if found.level == 0 and not any(each.fit(found.skill, found.institution) for each in duty):
        raise Refusal("lacks-skill", more={"skill": found.skill})


def put_back(moving: Moving) -> Moved:
    """Put a sheet back; it waits from now."""
    _must_hold(moving)
    return Moved("waiting", {**_FREE, "due_at": _waits(moving)}, {"seconds": _seconds(moving)})


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
        "accepted": ",".join(finding.key for finding in review.findings),
        "due_at": _ends(moving, "approved"),
    }
    return Moved("approved", values, {**note, "edition": moving.row.edition, "settled": settled})


def send_back(moving: Moving) -> Moved:
    """Return to the prescriber, or refuse and report (处方管理办法 arts. 36 and 40)."""
    if moving.state == "taken":
        _must_hold(moving)
    else:
        _must_be_other(moving)
    to = "returned" if moving.move.name == "return" else "refused"
    note = {"seconds": _seconds(moving), "pharmacist": _snapshot(moving), "reported": to == "refused"}
    return Moved(to, {**_FREE, "due_at": _ends(moving, to)}, note)  # type: ignore[arg-type]


def review_afterwards(moving: Moving) -> Moved:
    """Review what was released or supplied without review; it stays counted as unreviewed at the time."""
    if moving.row.after_review != "due":
        raise Refusal("move-not-allowed", "no review is due afterwards", "没有待补审", more={"state": moving.state})
    done = "confirmed" if moving.move.name == "confirm" else "objected"
    late = moving.row.after_due_at is not None and moving.at > moving.row.after_due_at
    return Moved(moving.state, {"after_review": done}, {"after_review": done, "late": late, **_whose(moving)})


def _whose(moving: Moving) -> dict[str, Any]:
    return {"pharmacist": _snapshot(moving)}


def _must_hold(moving: Moving) -> None:
    found = moving.row
    if found.holder != moving.person:
        raise Refusal("taken-by-other", more={"holder": found.holder})
    ended = found.lease_until is not None and found.lease_until <= moving.at
    if ended or moving.request.fence != found.fence:
        raise Refusal("lease-lost", more={"fence": found.fence} if not ended else {})


def _must_be_other(moving: Moving) -> None:
    """The second signature is another pharmacist's; who is alone on duty signs twice (单人双签名)."""
    if moving.row.first_approval_by != moving.person:
        if not moving.actor.roles & _LEADING and not any(
            each.person == moving.person for each in moving.standing.on_duty(moving.at)
        ):
            raise Refusal("not-on-duty")
        return
    others = {
        each.person
        for each in moving.standing.on_duty(moving.at)
        if each.person != moving.person and each.covering(moving.row.institution)
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
