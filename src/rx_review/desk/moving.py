"""One move of a prescription: the table says whether it may be made and by whom, a handler says what else happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rx_review.desk.actor import Actor
from rx_review.desk.answer import tell
from rx_review.desk.centre import Centre
from rx_review.desk.sheet import read_sheet
from rx_review.desk.standing import Standing
from rx_review.desk.submission import not_allowed
from rx_review.domain.moves import Move, MoveName, State, row
from rx_review.domain.prescription import Prescription
from rx_review.domain.problems import REASONS, Refusal
from rx_review.domain.requests import MoveRequest
from rx_review.store import audit, patients, prescriptions, reviews
from rx_review.store.database import Connection, Row


@dataclass(frozen=True, slots=True)
class Moving:
    """A move that the table allows, about to be made."""

    centre: Centre
    connection: Connection
    standing: Standing
    actor: Actor
    person: str
    row: Row[Any]
    move: Move
    request: MoveRequest
    at: datetime

    @property
    def state(self) -> State:
        """Where the prescription stands."""
        return self.row.state  # type: ignore[no-any-return]

    def newest(self) -> Row[Any]:
        """The newest review."""
        found = reviews.latest(self.connection, self.row.id)
        if found is None:
            raise LookupError(f"prescription {self.row.id} has no review")
        return found

    def sheet(self) -> Prescription:
        """The sheet as it stands, without identity."""
        return read_sheet(reviews.unpacked(self.newest().body))

    def minutes(self, parameter: str) -> int:
        """A parameter in minutes, days or hours, for the member of this prescription."""
        return int(self.centre.number(parameter, self.at, self.row.institution))


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a move leads, which columns change with it, and what the audit says of it."""

    to: State
    values: Mapping[str, Any] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)


Handler = Callable[[Moving], Moved]
HANDLERS: dict[MoveName, Handler] = {}


def handles(*names: MoveName) -> Callable[[Handler], Handler]:
    """Register the handler of moves."""

    def keep(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return keep


def move(centre: Centre, actor: Actor, identifier: str, request: MoveRequest, at: datetime) -> dict[str, Any]:
    """Make a move.

    Raises:
        Refusal: see the catalogue of problems; `move-not-allowed` says the state and what it allows.
    """
    return centre.database.transact(lambda connection: _move(centre, connection, actor, identifier, request, at))


def _move(
    centre: Centre, connection: Connection, actor: Actor, identifier: str, request: MoveRequest, at: datetime
) -> dict[str, Any]:
    standing = centre.standing(connection, at)
    found = prescriptions.by_id(connection, identifier)
    if found is None or not sees(actor, found):
        raise Refusal("not-found")
    # The same order as a submission: the patient first, so that no two wait for each other.
    patients.lock(connection, found.patient_id)
    found = prescriptions.by_id(connection, identifier, lock=True)
    assert found is not None
    named = row(request.move, found.state)
    if named is None:
        raise not_allowed(request.move, found.state)
    actor.must_be(*named.by)
    person = actor.acting(request.by)
    if request.revision != found.revision:
        raise Refusal("stale-revision", more={"current": found.revision})
    _reasoned(named, request)
    moving = Moving(centre, connection, standing, actor, person, found, named, request, at)
    moved = HANDLERS[named.name](moving)
    apply(moving, moved)
    now = prescriptions.by_id(connection, identifier)
    assert now is not None
    return tell(centre, connection, standing, now, at)


def sees(actor: Actor, found: Row[Any]) -> bool:
    """Whether an actor may see a prescription: of a member it acts for, or collected there."""
    return actor.sees(found.institution) or (found.collection_site is not None and actor.sees(found.collection_site))


def apply(moving: Moving, moved: Moved) -> None:
    """Change the row and add to the audit, or refuse if somebody came first."""
    found, request = moving.row, moving.request
    values: dict[str, Any] = {"state": moved.to, "updated_at": moving.at, **moved.values}
    if moved.to != found.state:
        values.setdefault("entered_at", moving.at)
    if not prescriptions.change(moving.connection, found.id, found.version, values):
        raise Refusal("stale-revision")
    reason = request.reason
    body = {
        "revision": found.revision,
        "from": found.state,
        "to": moved.to,
        "person": moving.person,
        "reason": None if reason is None else {"code": reason.code, "text": reason.text},
        **moved.note,
    }
    audit.append(
        moving.connection,
        at=moving.at,
        actor=moving.actor.label,
        member=found.institution,
        action=moving.move.name,
        prescription=found.id,
        body=body,
    )


def _reasoned(named: Move, request: MoveRequest) -> None:
    if not named.reason:
        return
    reason = request.reason
    codes = sorted(code for code, each in REASONS.items() if named.name in each.moves)
    if reason is None or reason.code not in codes:
        raise Refusal("reason-needed", f"give one of: {', '.join(codes)}", more={"codes": codes})
    if reason.code == "other" and reason.text is None:
        raise Refusal("reason-needed", "other: say what in reason.text", "选择其他时须写明 reason.text")
