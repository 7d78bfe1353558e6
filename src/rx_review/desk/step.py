"""One step of a prescription: what a move has at hand, where it leads, and how it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rx_review.desk.actor import Actor
from rx_review.desk.centre import Centre
from rx_review.desk.sheet import read_sheet
from rx_review.desk.standing import Standing
from rx_review.domain.moves import Move, State
from rx_review.domain.prescription import Prescription
from rx_review.domain.problems import Refusal
from rx_review.domain.requests import MoveRequest
from rx_review.store import audit, prescriptions, reviews
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
