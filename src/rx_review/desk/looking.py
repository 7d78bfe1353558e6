"""Looking at prescriptions: one, a list by cursor, the queue, what happened to one, who it names."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rx_review.desk.actor import Actor
from rx_review.desk.answer import stamp, tell
from rx_review.desk.centre import Centre
from rx_review.desk.standing import OnDuty
from rx_review.desk.step import sees
from rx_review.domain.identity import masked_name, masked_number
from rx_review.domain.moves import STATE_NAMES
from rx_review.domain.problems import Refusal
from rx_review.store import audit, patients, prescriptions, reviews
from rx_review.store.database import Connection, Row
from rx_review.store.vault import Sealed, WrappedKey

_READERS = ("prescriber", "pharmacist", "lead", "chief", "cashier", "dispenser", "auditor")


def look(centre: Centre, actor: Actor, identifier: str, at: datetime) -> dict[str, Any]:
    """A prescription as it stands.

    Raises:
        Refusal: `not-found`.
    """
    actor.must_be(*_READERS)  # type: ignore[arg-type]
    with centre.database.read() as connection:
        found = _seen(connection, actor, identifier)
        return tell(centre, connection, centre.standing(connection, at), found, at)


def version_of(centre: Centre, actor: Actor, identifier: str) -> int:
    """The version of a prescription: what a caller who waits for a change looks at.

    Raises:
        Refusal: `not-found`.
    """
    with centre.database.read() as connection:
        return int(_seen(connection, actor, identifier).version)


def listed(
    centre: Centre,
    actor: Actor,
    *,
    cursor: str | None,
    limit: int,
    state: str | None,
    institution: str | None,
) -> dict[str, Any]:
    """A page of prescriptions in the order in which they came.

    Raises:
        Refusal: `bad-cursor`, or `not-found` for a member the actor may not see.
    """
    actor.must_be(*_READERS)  # type: ignore[arg-type]
    if institution is not None:
        actor.must_see(institution)
    after = None if cursor is None else read_cursor(centre, cursor)
    query = prescriptions.listing(actor.listed(), after=after, limit=limit + 1, state=state, institution=institution)
    with centre.database.read() as connection:
        rows = connection.execute(query).all()
    more = len(rows) > limit
    rows = rows[:limit]
    following = write_cursor(centre, rows[-1].created_at, rows[-1].id) if more and rows else None
    return {"items": [_short(row) for row in rows], "next": following}


def queue(centre: Centre, actor: Actor, at: datetime, *, limit: int, mine: bool) -> dict[str, Any]:
    """The queue: the most urgent and then the oldest first; `mine` leaves out what this pharmacist may not take."""
    actor.must_be("pharmacist", "lead", "chief")
    with centre.database.read() as connection:
        standing = centre.standing(connection, at)
        rows = connection.execute(prescriptions.queue(actor.listed(), 500 if mine else limit)).all()
        waiting, since = prescriptions.queue_size(connection)
        overdue = prescriptions.after_review(connection, actor.listed(), limit)
    if mine and not actor.roles & {"lead", "chief"}:
        duty = [each for each in standing.on_duty(at) if each.person == actor.person]
        rows = [row for row in rows if any(_may(each, row) for each in duty)]
        alone = not any(each.person != actor.person for each in standing.on_duty(at))
        rows = [row for row in rows if alone or row.first_approval_by != actor.person]
    return {
        "items": [
            {**_short(row), "waited_seconds": int((at - row.entered_at).total_seconds())} for row in rows[:limit]
        ],
        "waiting": waiting,
        "oldest": stamp(since),
        "after_review": [{**_short(row), "due_at": stamp(row.after_due_at)} for row in overdue],
    }


def _may(duty: OnDuty, row: Row[Any]) -> bool:
    return duty.may_take(row.skill, row.institution, 1 if row.state == "second" else row.level)


def history(centre: Centre, actor: Actor, identifier: str) -> dict[str, Any]:
    """What happened to a prescription, and each of its reviews; not for the till, which needs none of it."""
    actor.must_be("prescriber", "pharmacist", "lead", "chief", "auditor")
    with centre.database.read() as connection:
        _seen(connection, actor, identifier)
        entries = audit.of_prescription(connection, identifier)
        kept = reviews.all_of(connection, identifier)
    return {
        "entries": [
            {
                "id": entry.id,
                "at": stamp(entry.at),
                "actor": entry.actor,
                "action": entry.action,
                "body": None if entry.body is None else json.loads(entry.body),
                "digest": entry.digest,
                "seal": entry.seal,
            }
            for entry in entries
        ],
        "reviews": [
            {
                "id": each.id,
                "at": stamp(each.at),
                "cause": each.cause,
                "revision": each.revision,
                "edition": f"sha256:{each.edition}",
                "semantics": each.semantics,
                "sheet": json.loads(reviews.unpacked(each.body)),
                "circumstances": json.loads(reviews.unpacked(each.circumstances)),
                "decision": json.loads(reviews.unpacked(each.decision)),
            }
            for each in kept
        ],
    }


def identity(centre: Centre, actor: Actor, identifier: str, at: datetime, reason: str | None) -> dict[str, Any]:
    """Who a prescription names: masked, or whole with a reason, which is an act of its own in the audit.

    Raises:
        Refusal: `not-found`; `forbidden` for roles that never see who it is.
    """
    actor.must_be("prescriber", "pharmacist", "lead", "chief", "dispenser", "auditor")

    def read(connection: Connection) -> dict[str, Any]:
        found = _seen(connection, actor, identifier)
        kept = patients.identity(connection, identifier, found.revision)
        packed = None if kept is None else patients.wrapped_key(connection, kept.patient_id)
        if kept is None or packed is None:
            raise Refusal("not-found", "who it names was erased by law", "身份信息已依法销毁")
        key = centre.vault.unlock(kept.patient_id, WrappedKey.unpacked(f"patient {kept.patient_id}", packed))
        whole = key.open(
            f"{identifier}/{kept.revision}", Sealed.unpacked(f"identity of {identifier}", kept.sealed)
        ).model_dump()
        if reason is None:
            return {"masked": True, "identity": {name: _masked(name, value) for name, value in whole.items()}}
        audit.append(
            connection,
            at=at,
            actor=actor.label,
            member=found.institution,
            action="unmask",
            prescription=identifier,
            body={"reason": reason, "revision": kept.revision, "person": actor.person},
        )
        return {"masked": False, "identity": whole}

    if reason is None:
        with centre.database.read() as connection:
            return read(connection)
    return centre.database.transact(read)


def _masked(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    hide: Callable[[str], str] = masked_name if name.endswith("name") or name == "guardian" else masked_number
    return hide(value)


def _seen(connection: Connection, actor: Actor, identifier: str) -> Row[Any]:
    found = prescriptions.by_id(connection, identifier)
    if found is None or not sees(actor, found):
        raise Refusal("not-found")
    return found


def _short(row: Row[Any]) -> dict[str, Any]:
    named = STATE_NAMES[row.state]
    return {
        "id": row.id,
        "institution": row.institution,
        "number": row.number,
        "issued_on": row.issued_on.isoformat(),
        "revision": row.revision,
        "version": row.version,
        "state": row.state,
        "state_name": {"zh": named.zh, "en": named.en},
        "action": named.action,
        "verdict": row.verdict,
        "complete": row.complete,
        "skill": row.skill,
        "urgency": row.urgency,
        "level": row.level,
        "holder": row.holder,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
    }


def write_cursor(centre: Centre, at: datetime, identifier: str) -> str:
    """Where a list goes on, with a mark: nobody else can make one."""
    text = f"{int(at.timestamp() * 1_000_000)}.{identifier}"
    return base64.urlsafe_b64encode(f"{text}.{centre.vault.mark('cursor', text)[:16]}".encode()).decode()


def read_cursor(centre: Centre, cursor: str) -> tuple[datetime, str]:
    """The place that a cursor names.

    Raises:
        Refusal: `bad-cursor`.
    """
    try:
        micros, identifier, mark = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("ascii").split(".")
        if mark != centre.vault.mark("cursor", f"{micros}.{identifier}")[:16]:
            raise ValueError("mark")
        seconds, rest = divmod(int(micros), 1_000_000)
    except ValueError as error:
        raise Refusal("bad-cursor") from error
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest), identifier
