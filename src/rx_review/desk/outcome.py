"""What came of a review: columns of the prescription, and what the audit says of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rx_review.desk.approval import approval, first_level, machine_passes, needs_second
from rx_review.desk.centre import Centre
from rx_review.desk.reviewing import Reviewed
from rx_review.desk.sheet import expires_at, is_rescue, skill_of, urgency_of
from rx_review.desk.standing import Standing
from rx_review.desk.timing import escalates_at, first_due
from rx_review.domain.content import content_digest
from rx_review.domain.moves import State, state_after
from rx_review.domain.prescription import Prescription
from rx_review.domain.values import county_day
from rx_review.engine.semantics import decisions_code
from rx_review.store.database import Row


def described(sheet: Prescription, at: datetime) -> dict[str, Any]:
    """Columns that say what was sent."""
    return {
        "institution": sheet.institution,
        "number": sheet.number,
        "issued_on": county_day(sheet.issued_at),
        "visit": sheet.visit,
        "collection_site": sheet.collection_site,
        "prescriber": sheet.prescriber.id,
        "setting": sheet.setting,
        "stage": sheet.stage,
        "revision": sheet.revision,
        "urgency": urgency_of(sheet),
        "expires_at": expires_at(sheet),
        "created_at": at,
    }


def decided(
    centre: Centre,
    standing: Standing,
    reviewed: Reviewed,
    at: datetime,
    *,
    supplied: bool = False,
    by_hand: bool = False,
) -> dict[str, Any]:
    """Columns that say what came of a review, and where the sheet stands after it.

    Args:
        centre: the review centre.
        standing: the county's registers.
        reviewed: the review.
        at: the instant.
        supplied: whether it was supplied in a rescue before the record was completed.
        by_hand: whether a pharmacist must look at it, whatever a machine may pass.
    """
    sheet, review = reviewed.sheet, reviewed.review
    content = content_digest(sheet)
    observed = standing.muted(centre.reviewer, sheet.institution, at).everything_observed
    second = needs_second(centre, reviewed)
    passes = None if second or by_hand or observed else machine_passes(standing, reviewed, at)
    state: State = state_after(
        reviewed.effect.verdict, machine_may_pass=passes is not None, observed=observed, rescue=is_rescue(sheet)
    )
    if supplied:
        state = "supplied"
    skill = skill_of(sheet, reviewed.facts)
    escalates = escalates_at(centre, sheet.institution, urgency_of(sheet), at)
    return {
        "content": content,
        "state": state,
        "verdict": review.verdict,
        "complete": review.complete,
        "observed": observed,
        "needs_second": second,
        "skill": skill,
        "level": first_level(standing, sheet.institution, skill, at),
        "entered_at": at,
        "due_at": first_due(state, escalates, expires_at(sheet)),
        "holder": None,
        "lease_until": None,
        "first_approval_by": None,
        "edition": review.edition.removeprefix("sha256:"),
        "updated_at": at,
        **approval(reviewed, content, state, passes),
    }


def reviewed_after(centre: Centre, sheet: Prescription, known: Row[Any] | None, at: datetime) -> dict[str, Any]:
    """A rescue is reviewed after: the record is due within hours of the first submission."""
    if not is_rescue(sheet):
        return {"after_review": None, "after_due_at": None}
    if known is not None and known.after_due_at is not None:
        return {"after_review": "due", "after_due_at": known.after_due_at}
    hours = int(centre.number("rescue_record_hours", at, sheet.institution))
    return {"after_review": "due", "after_due_at": at + timedelta(hours=hours)}


def reviewed_note(
    reviewed: Reviewed, values: Mapping[str, Any], digests: Mapping[str, str], before: str | None
) -> dict[str, Any]:
    """What the audit says of a review: what it came to, by which edition, and digests of all it rests on."""
    review = reviewed.review
    return {
        "revision": review.revision,
        "from": before,
        "to": values["state"],
        "content": values["content"],
        "verdict": review.verdict,
        "binding": reviewed.effect.verdict,
        "complete": review.complete,
        "edition": values["edition"],
        "approved_by": values["approved_by"],
        "rescue": reviewed.sheet.rescue,
        "digests": dict(digests),
        "decisions_code": decisions_code(),
    }
