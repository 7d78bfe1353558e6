"""Where prescriptions stand: found by id or natural key, changed by compare and set, listed, queued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, or_, select, tuple_, update

from rx_review.store.tables import IdempotencyRow, PrescriptionRow, SupplyRow

_TABLE = PrescriptionRow.__table__  # type: ignore[attr-defined]
_SUPPLY = SupplyRow.__table__  # type: ignore[attr-defined]
_KEYS = IdempotencyRow.__table__  # type: ignore[attr-defined]

# Statements of every request are made once: making one costs as much as running it.
_BY_ID = select(_TABLE).where(_TABLE.c.id == bindparam("prescription"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
_BY_NUMBER = select(_TABLE).where(
    _TABLE.c.institution == bindparam("institution"),
    _TABLE.c.number == bindparam("number"),
    _TABLE.c.issued_on == bindparam("issued_on"),
)
_ADD = insert(_TABLE)

OPEN = ("waiting", "taken", "second")
DEAD = ("cancelled", "refused", "expired", "blocked")


_OF_DAY = (
    select(_TABLE.c.id, _TABLE.c.number)
    .where(
        _TABLE.c.patient_id == bindparam("patient"),
        _TABLE.c.issued_on == bindparam("issued_on"),
        _TABLE.c.state.not_in(DEAD),
        _TABLE.c.id != bindparam("but"),
    )
    .order_by(_TABLE.c.created_at, _TABLE.c.id)
    .limit(20)
)
_OF_VISIT = _OF_DAY.where(or_(_TABLE.c.visit == bindparam("visit"), _TABLE.c.visit.is_(None)))
_SUPPLIES = (
    select(_SUPPLY)
    .where(_SUPPLY.c.patient_id == bindparam("patient"), _SUPPLY.c.on >= bindparam("since"))
    .order_by(_SUPPLY.c.on.desc(), _SUPPLY.c.id.desc())
    .limit(bindparam("most"))
)
_KEPT = select(_KEYS).where(_KEYS.c.scope == bindparam("scope"), _KEYS.c.key == bindparam("key"))


def by_id(connection: Connection, prescription: str, *, lock: bool = False) -> Row[Any] | None:
    """A prescription by its id; locked until the end of the transaction if asked."""
    return connection.execute(_BY_ID_LOCKED if lock else _BY_ID, {"prescription": prescription}).one_or_none()


def by_number(connection: Connection, institution: str, number: str, issued_on: date) -> Row[Any] | None:
    """A prescription by its natural key. The same number may come again in another year."""
    key = {"institution": institution, "number": number, "issued_on": issued_on}
    return connection.execute(_BY_NUMBER, key).one_or_none()


def latest_by_number(connection: Connection, institution: str, number: str) -> Row[Any] | None:
    """The newest prescription of that number, for a cashier who knows no date."""
    return connection.execute(
        select(_TABLE)
        .where(_TABLE.c.institution == institution, _TABLE.c.number == number)
        .order_by(_TABLE.c.issued_on.desc())
        .limit(1)
    ).one_or_none()


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Add a prescription."""
    connection.execute(_ADD, dict(values))


def change(connection: Connection, prescription: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change a prescription if nobody changed it meanwhile; says whether it was so. The version counts up."""
    done = connection.execute(
        update(_TABLE)
        .where(_TABLE.c.id == prescription, _TABLE.c.version == version)
        .values(**values, version=version + 1)
    )
    return done.rowcount == 1


def of_visit(
    connection: Connection, patient: str, issued_on: date, visit: str | None, but: str | None
) -> Sequence[Row[Any]]:
    """Other live sheets of the patient of the same visit, or of the same day where no visit is named."""
    named = {"patient": patient, "issued_on": issued_on, "but": but or "", "visit": visit}
    return connection.execute(_OF_DAY if visit is None else _OF_VISIT, named).all()


def listing(
    members: Sequence[str],
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    state: str | None = None,
    institution: str | None = None,
) -> Select[Any]:
    """Prescriptions in the order in which they came, of these members (empty = all)."""
    query = select(_TABLE)
    if institution is not None:
        query = query.where(_TABLE.c.institution == institution)
    elif members:
        query = query.where(_TABLE.c.institution.in_(members))
    if state is not None:
        query = query.where(_TABLE.c.state == state)
    if after is not None:
        query = query.where(tuple_(_TABLE.c.created_at, _TABLE.c.id) > after)
    return query.order_by(_TABLE.c.created_at, _TABLE.c.id).limit(limit)


def queue(members: Sequence[str], limit: int) -> Select[Any]:
    """Sheets that somebody may take, the most urgent and then the oldest first, of these members (empty = all)."""
    query = select(_TABLE).where(_TABLE.c.state.in_(("waiting", "second")))
    if members:
        query = query.where(_TABLE.c.institution.in_(members))
    return query.order_by(_TABLE.c.urgency, _TABLE.c.entered_at, _TABLE.c.id).limit(limit)


def ahead(connection: Connection, row: Any) -> int:
    """How many waiting sheets come before this one."""
    before = tuple_(_TABLE.c.urgency, _TABLE.c.entered_at, _TABLE.c.id)
    count = select(func.count()).where(_TABLE.c.state == "waiting", before < (row.urgency, row.entered_at, row.id))
    return int(connection.execute(count).scalar_one())


def due(connection: Connection, at: datetime, most: int = 200) -> Sequence[Row[Any]]:
    """Prescriptions that a timer must look at."""
    return connection.execute(
        select(_TABLE).where(_TABLE.c.due_at.is_not(None), _TABLE.c.due_at <= at).order_by(_TABLE.c.due_at).limit(most)
    ).all()


def after_review(connection: Connection, members: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """What was supplied or released without review, and whose review is still due, longest due first."""
    query = select(_TABLE).where(_TABLE.c.after_review == "due", _TABLE.c.state.not_in(DEAD))
    if members:
        query = query.where(_TABLE.c.institution.in_(members))
    return connection.execute(query.order_by(_TABLE.c.after_due_at, _TABLE.c.id).limit(limit)).all()


def queue_size(connection: Connection) -> tuple[int, datetime | None]:
    """How many sheets wait, and since when the oldest."""
    found = connection.execute(
        select(func.count(), func.min(_TABLE.c.entered_at)).where(_TABLE.c.state.in_(OPEN))
    ).one()
    return int(found[0]), found[1]


def queue_by_member(connection: Connection) -> dict[str, int]:
    """How many sheets wait at each member."""
    rows = connection.execute(
        select(_TABLE.c.institution, func.count()).where(_TABLE.c.state.in_(OPEN)).group_by(_TABLE.c.institution)
    )
    return {institution: int(count) for institution, count in rows}


# --- supplies --------------------------------------------------------------------------------


def add_supplies(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add lines that were supplied."""
    if rows:
        connection.execute(insert(_SUPPLY), [dict(row) for row in rows])


def supplies_of(connection: Connection, patient: str, since: date, most: int = 5000) -> Sequence[Row[Any]]:
    """What was supplied to a patient since a day, newest first."""
    return connection.execute(_SUPPLIES, {"patient": patient, "since": since, "most": most}).all()


# --- keys of callers -------------------------------------------------------------------------


def kept_key(connection: Connection, scope: str, key: str) -> Row[Any] | None:
    """What an idempotency key led to."""
    return connection.execute(_KEPT, {"scope": scope, "key": key}).one_or_none()


def keep_key(connection: Connection, values: Mapping[str, Any]) -> None:
    """Keep what a key led to, in the transaction of the effect."""
    connection.execute(insert(_KEYS), dict(values))


def forget_keys(connection: Connection, before: datetime) -> int:
    """Forget keys that are older."""
    return connection.execute(_KEYS.delete().where(_KEYS.c.at < before)).rowcount
