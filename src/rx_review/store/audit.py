"""The audit's rows and seals. A row is added in the transaction of what it tells; rows are linked by seals later."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlmodel import col

from rx_review.domain.entries import entry_body, entry_digest
from rx_review.store.tables import AuditRow, SealRow

_AUDIT = AuditRow.__table__  # type: ignore[attr-defined]
_SEAL = SealRow.__table__  # type: ignore[attr-defined]
_INSERT = insert(_AUDIT)


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
    return connection.execute(
        select(_AUDIT.c.id, _AUDIT.c.digest).where(_AUDIT.c.seal.is_(None)).order_by(_AUDIT.c.id).limit(most)
    ).all()


def unsealed_age(connection: Connection) -> tuple[int, datetime | None]:
    """How many rows wait for a seal, and since when."""
    found = connection.execute(select(func.count(), func.min(_AUDIT.c.at)).where(_AUDIT.c.seal.is_(None))).one()
    return int(found[0]), found[1]


def last_seal(connection: Connection) -> Row[Any] | None:
    """The newest seal."""
    return connection.execute(select(_SEAL).order_by(_SEAL.c.number.desc()).limit(1)).one_or_none()


def add_seal(connection: Connection, values: Mapping[str, Any], ids: Sequence[int]) -> None:
    """Add a seal over rows. Two sealers at once: the second fails on the number and tries again."""
    connection.execute(insert(_SEAL), dict(values))
    # A sealed row is never sealed again: what is not between these ids, or was sealed already, stays as it is.
    for start in range(0, len(ids), 500):
        connection.execute(
            update(_AUDIT)
            .where(_AUDIT.c.id.in_(ids[start : start + 500]), _AUDIT.c.seal.is_(None))
            .values(seal=values["number"])
        )


def seals(connection: Connection, first: int = 1) -> Iterator[Row[Any]]:
    """Seals in order, from a number on."""
    query = select(_SEAL).where(_SEAL.c.number >= first).order_by(_SEAL.c.number)
    yield from connection.execution_options(yield_per=500).execute(query)


def sealed_by(connection: Connection, number: int) -> Sequence[Row[Any]]:
    """Rows of one seal, in the order in which it covers them."""
    return connection.execute(select(_AUDIT).where(_AUDIT.c.seal == number).order_by(_AUDIT.c.id)).all()


def erase(connection: Connection, ids: Sequence[int]) -> int:
    """Erase salt and body of rows for good; their digests stay, so the chain holds. Returns how many."""
    return connection.execute(update(_AUDIT).where(col(AuditRow.id).in_(ids)).values(salt=None, body=None)).rowcount
