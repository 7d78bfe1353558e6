"""Accounts of people, clients that call, and the tokens and sessions they hold. Secrets are kept as digests only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from rx_review.store.tables import AccountRow, ClientRow, CredentialRow

Kind = Literal["account", "client"]
KEPT_AS: Mapping[Kind, str] = {"account": "session", "client": "token"}
"""What an account or a client holds once it was let in."""

_OWNERS: Mapping[Kind, tuple[Any, Any]] = {
    "account": (AccountRow.__table__, AccountRow.__table__.c.name),  # type: ignore[attr-defined]
    "client": (ClientRow.__table__, ClientRow.__table__.c.id),  # type: ignore[attr-defined]
}
_CREDENTIAL = CredentialRow.__table__  # type: ignore[attr-defined]

_OWNER = {kind: select(table).where(column == bindparam("name")) for kind, (table, column) in _OWNERS.items()}
_HELD = select(_CREDENTIAL).where(_CREDENTIAL.c.digest == bindparam("digest"))
_HOLDER = {
    kind: select(table, _CREDENTIAL.c.expires_at)
    .join(_CREDENTIAL, _CREDENTIAL.c.owner == column)
    .where(_CREDENTIAL.c.digest == bindparam("digest"), _CREDENTIAL.c.kind == KEPT_AS[kind])
    for kind, (table, column) in _OWNERS.items()
}


def owner(connection: Connection, kind: Kind, name: str) -> Row[Any] | None:
    """An account or a client."""
    return connection.execute(_OWNER[kind], {"name": name}).one_or_none()


def owners(connection: Connection, kind: Kind) -> Sequence[Row[Any]]:
    """Every account or client, by name."""
    table, column = _OWNERS[kind]
    return connection.execute(select(table).order_by(column)).all()


def add_owner(connection: Connection, kind: Kind, values: Mapping[str, Any]) -> None:
    """Add an account or a client."""
    table, _ = _OWNERS[kind]
    connection.execute(insert(table), dict(values))


def change_owner(connection: Connection, kind: Kind, name: str, values: Mapping[str, Any]) -> bool:
    """Change an account or a client; says whether there is one."""
    table, column = _OWNERS[kind]
    return connection.execute(update(table).where(column == name).values(**values)).rowcount == 1


def failed(connection: Connection, kind: Kind, name: str) -> int:
    """Count a failure to log in; returns how many in a row."""
    table, column = _OWNERS[kind]
    counted = update(table).where(column == name).values(failures=table.c.failures + 1).returning(table.c.failures)
    return int(connection.execute(counted).scalar_one())


def add_credential(connection: Connection, values: Mapping[str, Any]) -> None:
    """Add a token or a session."""
    connection.execute(insert(_CREDENTIAL), dict(values))


def credential(connection: Connection, digest: str) -> Row[Any] | None:
    """A token or a session by the digest of its secret."""
    return connection.execute(_HELD, {"digest": digest}).one_or_none()


def holder(connection: Connection, kind: Kind, digest: str) -> Row[Any] | None:
    """The account or client that holds a session or a token, and `expires_at` of that."""
    return connection.execute(_HOLDER[kind], {"digest": digest}).one_or_none()


def drop_credential(connection: Connection, digest: str) -> None:
    """End a token or a session."""
    connection.execute(_CREDENTIAL.delete().where(_CREDENTIAL.c.digest == digest))


def drop_credentials_of(connection: Connection, name: str) -> None:
    """End every token and session of an account or a client."""
    connection.execute(_CREDENTIAL.delete().where(_CREDENTIAL.c.owner == name))


def drop_expired(connection: Connection, at: datetime) -> int:
    """Forget tokens and sessions that have ended."""
    return connection.execute(_CREDENTIAL.delete().where(_CREDENTIAL.c.expires_at < at)).rowcount
