"""Reviews with everything they were decided from, as compressed canonical JSON."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from rx_review.store.tables import PrescriptionRow, ReviewRow

_TABLE = ReviewRow.__table__  # type: ignore[attr-defined]
_PRESCRIPTION = PrescriptionRow.__table__  # type: ignore[attr-defined]
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
    return int(connection.execute(insert(_TABLE).returning(_TABLE.c.id), row).scalar_one())


def latest(connection: Connection, prescription: str) -> Row[Any] | None:
    """The newest review of a prescription."""
    return connection.execute(
        select(_TABLE).where(_TABLE.c.prescription_id == prescription).order_by(_TABLE.c.id.desc()).limit(1)
    ).one_or_none()


def latest_bodies(connection: Connection, prescriptions: list[str]) -> dict[str, bytes]:
    """The newest sheet of each prescription, by id."""
    found: dict[str, bytes] = {}
    rows = connection.execute(
        select(_TABLE.c.prescription_id, _TABLE.c.body)
        .where(_TABLE.c.prescription_id.in_(prescriptions))
        .order_by(_TABLE.c.id)
    )
    for row in rows:
        found[row.prescription_id] = row.body
    return {prescription: unpacked(body) for prescription, body in found.items()}


def by_id(connection: Connection, review: int) -> Row[Any] | None:
    """A review by its id."""
    return connection.execute(select(_TABLE).where(_TABLE.c.id == review)).one_or_none()


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
