"""When a timer must look at a prescription again. Timers pass a sheet on to more people; none ever lets it through."""

from __future__ import annotations

from datetime import datetime, timedelta

from rx_review.desk.centre import Centre
from rx_review.domain.moves import State, row


def escalates_at(centre: Centre, institution: str, urgency: int, at: datetime) -> datetime:
    """When a sheet that begins to wait now is passed on to more people."""
    name = "escalation_urgent_minutes" if urgency == 0 else "escalation_minutes"
    return at + timedelta(minutes=int(centre.number(name, at, institution)))


def first_due(state: State, escalates: datetime | None, expires: datetime | None) -> datetime | None:
    """The next instant at which something happens by itself in this state; None if nothing does."""
    found = []
    if escalates is not None and row("escalate", state) is not None:
        found.append(escalates)
    if expires is not None and row("expire", state) is not None:
        found.append(expires)
    return min(found, default=None)
