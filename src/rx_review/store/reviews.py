"""Reviews with everything they were decided from, as compressed canonical JSON."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from rx_review.store.tables import PrescriptionRow, ReviewRow

_TABLE = ReviewRow.__table__  # type: ignore[attr-defined]
_PRESCRIPTION = PrescriptionRow.__table__  # type: ignore[attr-defined]
_ADD = insert(_TABLE).returning(_TABLE.c.id)
_LATEST = (
    select(_TABLE).where(_TABLE.c.prescription_id == bindparam("prescription")).order_by(_TABLE.c.id.desc()).limit(1)
)
_BY_ID = select(_TABLE).where(_TABLE.c.id == bindparam("review"))
_BODIES = (
    select(_TABLE.c.prescription_id, _TABLE.c.body)
    .where(_TABLE.c.prescription_id.in_(bindparam("prescriptions", expanding=True)))
    .order_by(_TABLE.c.id)
)
PARTS = ("body", "circumstances", "facts", "decision", "advice")


def packed(data: bytes) -> bytes:
    """Compressed quickly: level 1 costs a fifth of level 6 and keeps nine tenths of the gain."""
    return zlib.compress(data, 1)


def unpacked(data: bytes) -> bytes:
    """What `packed` compressed."""
    return zlib.decompress(data)


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a review; its parts are given as plain bytes. Returns its id."""
    row = {**values, **{part: packed(values[part]) for part in PARTS}}
    return int(connection.execute(_ADD, row).scalar_one())


def latest(connection: Connection, prescription: str) -> Row[Any] | None:
    """The newest review of a prescription."""
    return connection.execute(_LATEST, {"prescription": prescription}).one_or_none()


def latest_bodies(connection: Connection, prescriptions: list[str]) -> dict[str, bytes]:
    """The newest sheet of each prescription, by id."""
    found: dict[str, bytes] = {}
    rows = connection.execute(_BODIES, {"prescriptions": prescriptions})
    for row in rows:
        found[row.prescription_id] = row.body
    return {prescription: unpacked(body) for prescription, body in found.items()}


def by_id(connection: Connection, review: int) -> Row[Any] | None:
    """A review by its id."""
    return connection.execute(_BY_ID, {"review": review}).one_or_none()


def all_of(connection: Connection, prescription: str) -> list[Row[Any]]:
    """Every review of a prescription, oldest first."""
    return list(
        connection.execute(select(_TABLE).where(_TABLE.c.prescription_id == prescription).order_by(_TABLE.c.id))
    )


def between(connection: Connection, since: datetime | None, until: datetime | None) -> Iterator[Row[Any]]:
    """Reviews from an instant on and before another, oldest first, with the sheet's institution and day of issue."""
    query = select(_TABLE, _PRESCRIPTION.c.institution, _PRESCRIPTION.c.issued_on, _PRESCRIPTION.c.number).join(
        _PRESCRIPTION, _PRESCRIPTION.c.id == _TABLE.c.prescription_id
    )
    if since is not None:
        query = query.where(_TABLE.c.at >= since)
    if until is not None:
        query = query.where(_TABLE.c.at < until)
    yield from connection.execution_options(yield_per=200).execute(query.order_by(_TABLE.c.id))


def numbers(
    connection: Connection, since: datetime | None, until: datetime | None, prescription: str | None = None
) -> array[int]:
    """Ids of the reviews from an instant on and before another, of one prescription or of all, oldest first."""
    query = select(_TABLE.c.id).order_by(_TABLE.c.id)
    if since is not None:
        query = query.where(_TABLE.c.at >= since)
    if until is not None:
        query = query.where(_TABLE.c.at < until)
    if prescription is not None:
        query = query.where(_TABLE.c.prescription_id == prescription)
    return array("q", connection.execute(query, execution_options={"yield_per": 5_000}).scalars())


def numbered(connection: Connection, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Some hundred reviews by id, oldest first, with institution, day of issue and number of the sheet, if kept."""
    return connection.execute(
        select(_TABLE, _PRESCRIPTION.c.institution, _PRESCRIPTION.c.issued_on, _PRESCRIPTION.c.number)
        .outerjoin(_PRESCRIPTION, _PRESCRIPTION.c.id == _TABLE.c.prescription_id)
        .where(_TABLE.c.id.in_(ids))
        .order_by(_TABLE.c.id)
    ).all()


def of_prescriptions(connection: Connection, prescriptions: Sequence[str]) -> Sequence[Row[Any]]:
    """Every review of some hundred prescriptions, oldest first."""
    return connection.execute(
        select(_TABLE).where(_TABLE.c.prescription_id.in_(prescriptions)).order_by(_TABLE.c.id)
    ).all()


def of_no_prescription(connection: Connection) -> Sequence[int]:
    """Ids of reviews whose prescription is not there."""
    there = select(_PRESCRIPTION.c.id).where(_PRESCRIPTION.c.id == _TABLE.c.prescription_id).exists()
    return connection.execute(select(_TABLE.c.id).where(~there).order_by(_TABLE.c.id)).scalars().all()


def prescriptions_after(connection: Connection, after: str, most: int) -> Sequence[Row[Any]]:
    """The next prescriptions by id, as (id, state)."""
    table = _PRESCRIPTION.c
    return connection.execute(
        select(table.id, table.state).where(table.id > after).order_by(table.id).limit(most)
    ).all()
