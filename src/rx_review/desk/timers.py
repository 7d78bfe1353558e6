"""What happens by itself: a lease runs out, a waiting sheet is passed on to more people, a validity ends.

No timer ever lets a prescription through.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rx_review.desk.actor import SYSTEM
from rx_review.desk.centre import Centre
from rx_review.desk.step import Moved, Moving, apply
from rx_review.desk.timing import escalates_at, first_due
from rx_review.domain.moves import MoveName, row
from rx_review.domain.problems import Refusal
from rx_review.domain.requests import MoveRequest
from rx_review.store import accounts, prescriptions
from rx_review.store.database import Connection, Row

HIGHEST = 3
"""0: on duty with the skill; 1: everybody on duty; 2: the lead; 3: the chief pharmacist (总药师)."""

_KEYS_KEPT = timedelta(days=7)


def tick(centre: Centre, at: datetime) -> int:
    """Make every move that is due; returns how many were made. Several processes may do this at once."""
    with centre.database.read() as connection:
        waiting = [found.id for found in prescriptions.due(connection, at)]
    done = 0
    for identifier in waiting:
        try:
            done += centre.database.transact(lambda connection, each=identifier: _one(centre, connection, each, at))  # type: ignore[misc]
        except Refusal as refusal:
            # Somebody moved it first, or the database is busy: the next tick looks again.
            if refusal.code not in ("stale-revision", "busy"):
                raise
    return done


def forget(centre: Centre, at: datetime) -> None:
    """Forget tokens and sessions that ended, and keys of callers after seven days."""
    with centre.database.write() as connection:
        accounts.drop_expired(connection, at)
        prescriptions.forget_keys(connection, at - _KEYS_KEPT)


def _one(centre: Centre, connection: Connection, identifier: str, at: datetime) -> int:
    found = prescriptions.by_id(connection, identifier, lock=True)
    if found is None or found.due_at is None or found.due_at > at:
        return 0
    name = _due_move(found, at)
    named = None if name is None else row(name, found.state)
    if name is None or named is None:
        prescriptions.change(connection, identifier, found.version, {"due_at": _next(centre, found, at)})
        return 0
    request = MoveRequest.model_construct(move=name, revision=found.revision)
    standing = centre.standing(connection, at)
    moving = Moving(centre, connection, standing, SYSTEM, "timer", found, named, request, at)
    apply(moving, _moved(centre, found, name, at))
    return 1


def _due_move(found: Row[Any], at: datetime) -> MoveName | None:
    if found.state == "taken":
        return "lapse" if found.lease_until is not None and found.lease_until <= at else None
    if found.expires_at is not None and found.expires_at <= at:
        return "expire"
    return "escalate" if found.state == "waiting" else None


def _moved(centre: Centre, found: Row[Any], name: MoveName, at: datetime) -> Moved:
    match name:
        case "lapse":
            free = {"holder": None, "lease_until": None, "due_at": _next(centre, found, at)}
            # It keeps its place in the queue: the patient has waited all the time.
            free["entered_at"] = found.created_at
            return Moved("waiting", free, {"holder": found.holder})
        case "expire":
            return Moved("expired", {"due_at": None, "holder": None, "lease_until": None})
    level = min(found.level + 1, HIGHEST)
    return Moved("waiting", {"level": level, "due_at": _next(centre, found, at)}, {"level": level})


def _next(centre: Centre, found: Row[Any], at: datetime) -> datetime | None:
    """When to look again; at the highest level it goes on being said, it is never forgotten."""
    return first_due("waiting", escalates_at(centre, found.institution, found.urgency, at), found.expires_at)
