"""The audit's rows and seals. A row is added in the transaction of what it tells; rows are linked by seals later."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlmodel import col

from rx_review.domain.entries import entry_body, entry_digest
from rx_review.domain.problems import Refusal
from rx_review.store.database import Database
from rx_review.store.tables import AuditRow, PrescriptionRow, SealRow

_AUDIT = AuditRow.__table__  # type: ignore[attr-defined]
_SEAL = SealRow.__table__  # type: ignore[attr-defined]
_PRESCRIPTION = PrescriptionRow.__table__  # type: ignore[attr-defined]
# Its number is not asked for: nobody needs it.
_INSERT = insert(_AUDIT).inline()
_STREAM = {"yield_per": 500}


def append(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    member: str | None,
    action: str,
    prescription: str | None,
    body: Mapping[str, Any],
) -> str:
    """Add a row; its digest is returned. `body` holds no identity: codes, digests, reasons."""
    text = entry_body(
        {"action": action, "actor": actor, "at": at, "member": member, "prescription": prescription, **body}
    )
    salt = secrets.token_bytes(16)
    digest = entry_digest(salt, text)
    connection.execute(
        _INSERT,
        {
            "at": at,
            "actor": actor,
            "member": member,
            "action": action,
            "prescription_id": prescription,
            "salt": salt,
            "body": text,
            "digest": digest,
            "seal": None,
        },
    )
    return digest


def of_prescription(connection: Connection, prescription: str) -> Sequence[Row[Any]]:
    """What happened to a prescription, oldest first."""
    return connection.execute(
        select(_AUDIT).where(_AUDIT.c.prescription_id == prescription).order_by(_AUDIT.c.id)
    ).all()


def unsealed(connection: Connection, most: int) -> Sequence[Row[Any]]:
    """Rows that no seal covers yet, as (id, digest), oldest first."""
    # By seal too, which is NULL in all of them: by number alone SQLite would walk through all that is sealed.
    open_rows = select(_AUDIT.c.id, _AUDIT.c.digest).where(_AUDIT.c.seal.is_(None))
    return connection.execute(open_rows.order_by(_AUDIT.c.seal, _AUDIT.c.id).limit(most)).all()


def unsealed_age(connection: Connection) -> tuple[int, datetime | None]:
    """How many rows wait for a seal, and since when."""
    found = connection.execute(select(func.count(), func.min(_AUDIT.c.at)).where(_AUDIT.c.seal.is_(None))).one()
    return int(found[0]), found[1]


def last_seal(connection: Connection) -> Row[Any] | None:
    """The newest seal."""
    return connection.execute(select(_SEAL).order_by(_SEAL.c.number.desc()).limit(1)).one_or_none()


def add_seal(connection: Connection, values: Mapping[str, Any], ids: Sequence[int]) -> bool:
    """Add a seal over rows, if it follows the newest one and every row is still open; else nothing, and False.

    Two at once: the second fails on the number, or finds another one there when it tries again.
    """
    newest = connection.execute(select(func.max(_SEAL.c.number))).scalar_one()
    if values["number"] != (newest or 0) + 1:
        return False
    connection.execute(insert(_SEAL), dict(values))
    covered = 0
    # A row that becomes visible only now is not between these numbers, whatever its own.
    for start in range(0, len(ids), 500):
        covered += connection.execute(
            update(_AUDIT)
            .where(_AUDIT.c.id.in_(ids[start : start + 500]), _AUDIT.c.seal.is_(None))
            .values(seal=values["number"])
        ).rowcount
    if covered != len(ids):
        raise Refusal("busy", "a row of the audit went away while it was sealed", "审计记录在封存时消失", retry_after=1)
    return True


def seals(connection: Connection, first: int = 1) -> Generator[Row[Any], None, None]:
    """Seals in order, from a number on."""
    query = select(_SEAL).where(_SEAL.c.number >= first).order_by(_SEAL.c.number)
    yield from _streamed(connection, query)


def _streamed(connection: Connection, query: Select[Any]) -> Generator[Row[Any], None, None]:
    # Closed with the generator: who stops early closes that, while the connection is still there.
    with connection.execute(query, execution_options=_STREAM) as rows:
        yield from rows


def sealed(connection: Connection) -> Generator[Row[Any], None, None]:
    """Every row that bears the number of a seal, by seal, in the order in which it covers them."""
    query = select(_AUDIT).where(_AUDIT.c.seal.is_not(None)).order_by(_AUDIT.c.seal, _AUDIT.c.id)
    yield from _streamed(connection, query)


def still_open(connection: Connection) -> Generator[Row[Any], None, None]:
    """Every row that no seal covers yet, whole, oldest first."""
    query = select(_AUDIT).where(_AUDIT.c.seal.is_(None)).order_by(_AUDIT.c.id)
    yield from _streamed(connection, query)


def of_prescriptions(connection: Connection, prescriptions: Sequence[str]) -> Sequence[Row[Any]]:
    """What happened to some hundred prescriptions, oldest first."""
    return connection.execute(
        select(_AUDIT).where(_AUDIT.c.prescription_id.in_(prescriptions)).order_by(_AUDIT.c.id)
    ).all()


def of_no_prescription(connection: Connection) -> Generator[Row[Any], None, None]:
    """Rows about a prescription that is not there."""
    there = select(_PRESCRIPTION.c.id).where(_PRESCRIPTION.c.id == _AUDIT.c.prescription_id).exists()
    query = select(_AUDIT).where(_AUDIT.c.prescription_id.is_not(None), ~there).order_by(_AUDIT.c.id)
    yield from _streamed(connection, query)


def totals(connection: Connection) -> Row[int, int, int]:
    """How many rows there are, how many a seal covers, and of how many only the digest is left."""
    return connection.execute(
        select(
            func.count().label("rows"),
            func.count(_AUDIT.c.seal).label("sealed"),
            (func.count() - func.count(_AUDIT.c.body)).label("erased"),
        ).select_from(_AUDIT)
    ).one()


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A connection that reads the database as it is now, whatever is written meanwhile."""
    with database.read() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


def erase(connection: Connection, ids: Sequence[int]) -> int:
    """Erase salt and body of rows for good; their digests stay, so the chain holds. Returns how many."""
    return connection.execute(update(_AUDIT).where(col(AuditRow.id).in_(ids)).values(salt=None, body=None)).rowcount
