"""One move of a prescription: the table says whether it may be made and by whom, a handler says what else happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rx_review.desk import cashier, pharmacist, prescriber
from rx_review.desk.actor import Actor
from rx_review.desk.answer import stamp, tell
from rx_review.desk.centre import Centre
from rx_review.desk.step import Moved, Moving, apply, sees
from rx_review.desk.submission import not_allowed
from rx_review.domain.moves import Move, MoveName, row
from rx_review.domain.problems import REASONS, Refusal
from rx_review.domain.requests import MoveRequest
from rx_review.store import patients, prescriptions
from rx_review.store.database import Connection

HANDLERS: Mapping[MoveName, Callable[[Moving], Moved]] = {
    "resign": prescriber.resign,
    "countersign": prescriber.countersign,
    "cancel": prescriber.cancel,
    "release": prescriber.release,
    "take": pharmacist.take,
    "put_back": pharmacist.put_back,
    "approve": pharmacist.approve,
    "return": pharmacist.send_back,
    "refuse": pharmacist.send_back,
    "confirm": pharmacist.review_afterwards,
    "object": pharmacist.review_afterwards,
    "charge": cashier.charge,
    "refund": cashier.refund,
    "void": cashier.void,
    "supply": cashier.supply,
}
"""Every move that somebody makes by `move`; `revise` is a submission, and timers make the rest."""


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
    if named is None and request.move == "take" and found.holder is not None:
        raise Refusal("taken-by-other", more={"holder": found.holder, "lease_until": stamp(found.lease_until)})
    if named is None:
        raise not_allowed(request.move, found)
    # Where it is only collected, it may be charged and supplied, and nothing else.
    at_home = actor.sees(found.institution)
    actor.must_be(*(role for role in named.by if at_home or role in ("cashier", "dispenser")))
    if named.name not in HANDLERS:
        raise Refusal(
            "bad-request",
            "a revision is submitted: POST /v1/prescriptions",
            "修改后的处方请用 POST /v1/prescriptions 提交",
        )
    person = actor.acting(request.by)
    if request.revision != found.revision:
        raise Refusal("stale-revision", more={"current": found.revision})
    if request.version is not None and request.version != found.version:
        # Of two tries of one caller, the one that arrives late must not be made.
        raise Refusal("version-changed")
    _reasoned(named, request)
    moving = Moving(centre, connection, standing, actor, person, found, named, request, at)
    moved = HANDLERS[named.name](moving)
    apply(moving, moved)
    now = prescriptions.by_id(connection, identifier)
    assert now is not None
    return tell(centre, connection, standing, now, at)


def _reasoned(named: Move, request: MoveRequest) -> None:
    if not named.reason:
        return
    reason = request.reason
    codes = sorted(code for code, each in REASONS.items() if named.name in each.moves)
    if reason is None or reason.code not in codes:
        raise Refusal("reason-needed", f"give one of: {', '.join(codes)}", more={"codes": codes})
    if reason.code == "other" and reason.text is None:
        raise Refusal("reason-needed", "other: say what in reason.text", "选择其他时须写明 reason.text")
