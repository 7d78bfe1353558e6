"""Editions, whole, by digest, and which of them held when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from rx_review.store.county import changed
from rx_review.store.tables import EditionRow, EditionSwitchRow

_EDITION = EditionRow.__table__  # type: ignore[attr-defined]
_SWITCH = EditionSwitchRow.__table__  # type: ignore[attr-defined]


def edition(connection: Connection, digest: str) -> Row[Any] | None:
    """An edition with its archive and the statements of who published it."""
    return connection.execute(select(_EDITION).where(_EDITION.c.digest == digest)).one_or_none()


def keep(connection: Connection, digest: str, archive: bytes, statements: str, at: datetime) -> None:
    """Keep an edition; one that is kept already stays as it is."""
    if edition(connection, digest) is None:
        connection.execute(
            insert(_EDITION),
            {"digest": digest, "archive": archive, "statements": statements, "published_at": at},
        )


def switch(connection: Connection, digest: str, at: datetime, by: str, reason: str) -> None:
    """From now on this edition holds."""
    connection.execute(insert(_SWITCH), {"digest": digest, "at": at, "by": by, "reason": reason})
    changed(connection, edition=digest)


def switches(connection: Connection) -> Sequence[Row[Any]]:
    """Which edition held from when, newest first."""
    return connection.execute(select(_SWITCH).order_by(_SWITCH.c.id.desc())).all()


def all_editions(connection: Connection) -> Sequence[Row[Any]]:
    """Every edition without its archive, newest first."""
    return connection.execute(
        select(_EDITION.c.digest, _EDITION.c.statements, _EDITION.c.published_at).order_by(
            _EDITION.c.published_at.desc(), _EDITION.c.digest
        )
    ).all()
