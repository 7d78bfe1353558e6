"""Who may come in: people log in, systems are granted tokens, and both are known by the secret that they then hold.

Secrets of sessions and tokens are 32 random bytes: nobody guesses them, so that their SHA-256 is enough to keep.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from rx_review.desk import passwords
from rx_review.desk.actor import Actor, roles_of
from rx_review.desk.strangers import Strangers
from rx_review.domain.problems import Refusal
from rx_review.store import accounts as store
from rx_review.store import audit
from rx_review.store.accounts import Kind
from rx_review.store.database import Connection, Database, Row

SESSION_HOURS = 12
"""A shift with what runs over; nobody stays logged in on a ward's machine until tomorrow."""
TOKEN_MINUTES = 30
"""A token that leaked is worth little; a caller that asks again every half an hour costs a millisecond a minute."""
MOST_FAILURES = 5
PAUSE = timedelta(minutes=15)
"""Five tries each quarter of an hour are 480 a day: no password that `check_password` lets through falls to that."""

NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._\-]{0,63}")
"""What accounts and clients may be called."""

SESSION_PREFIX, TOKEN_PREFIX = "rxs_", "rxt_"
_SECRET_BYTES = 32
_LONGEST_SECRET = 128

_strangers = Strangers(MOST_FAILURES, PAUSE)


def log_in(database: Database, name: str, password: str, at: datetime) -> tuple[str, Row[Any]]:
    """Let a person in.

    Returns:
        The secret of a new session, and the person's account.

    Raises:
        Refusal: `bad-credentials`, alike for a wrong name, a wrong password and a disabled account;
            `paused-account` after five failures; `busy` if the database or too many tries stand in the way.
    """
    account = _proved(database, "account", name, password, at)
    return _let_in(database, "account", account, at, timedelta(hours=SESSION_HOURS)), account


def grant(database: Database, client_id: str, secret: str, at: datetime) -> str:
    """Grant a system a token, against its id and secret (RFC 6749 §4.4).

    Raises:
        Refusal: as `log_in`.
    """
    client = _proved(database, "client", client_id, secret, at)
    return _let_in(database, "client", client, at, timedelta(minutes=TOKEN_MINUTES))


def authenticate(connection: Connection, secret: str, at: datetime) -> Actor:
    """Who holds this secret.

    Raises:
        Refusal: `unauthenticated` if nobody does, it ended, or the account was disabled.
    """
    kind: Kind = "account" if secret.startswith(SESSION_PREFIX) else "client"
    owner = None if len(secret) > _LONGEST_SECRET else store.holder(connection, kind, digest_of(secret))
    if owner is None or owner.disabled or owner.expires_at <= at:
        raise Refusal("unauthenticated")
    members = frozenset(owner.members.split(",")) if owner.members else None
    if kind == "client":
        return Actor("client", owner.id, roles_of(owner.roles.split(",")), members)
    return Actor("person", owner.name, roles_of(owner.roles.split(",")), members, owner.person)


def log_out(database: Database, secret: str, at: datetime) -> None:
    """End a session or a token; what has ended already stays so."""
    digest = digest_of(secret)

    def work(connection: Connection) -> None:
        found = store.credential(connection, digest)
        if found is None:
            return
        store.drop_credential(connection, digest)
        kind: Kind = "account" if found.kind == "session" else "client"
        _tell(connection, kind, found.owner, "log out", at)

    database.transact(work)


def digest_of(secret: str) -> str:
    """How a session or a token is kept: SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _proved(database: Database, kind: Kind, name: str, secret: str, at: datetime) -> Row[Any]:
    """The account or client whose password or secret this is."""
    # What is no name of ours is not asked for: PostgreSQL takes no NUL.
    possible = NAME.fullmatch(name) is not None
    with passwords.turn():
        with database.read() as connection:
            row = store.owner(connection, kind, name) if possible else None
        paused = _strangers.paused_until(kind, name, at) if row is None else row.paused_until
        if paused is not None and paused > at:
            raise Refusal("paused-account", retry_after=int((paused - at).total_seconds()) + 1)
        kept = None if row is None or row.disabled else (row.password if kind == "account" else row.secret)
        right = passwords.matches(kept, secret)
        if row is None or not right:
            _failed(database, kind, name, known=row is not None, at=at)
            raise Refusal("bad-credentials")
    return row


def _failed(database: Database, kind: Kind, name: str, *, known: bool, at: datetime) -> None:
    """Count a failure. One of a name that nobody has is counted and written too: it must look and last alike."""

    def work(connection: Connection) -> None:
        if not known:
            # The name is left out: people type their password where the name belongs.
            _tell(connection, kind, "?", "log in failed", at)
            return
        failures = store.failed(connection, kind, name)
        if failures >= MOST_FAILURES:
            store.change_owner(connection, kind, name, {"failures": 0, "paused_until": at + PAUSE})
        _tell(connection, kind, name, "log in failed", at, failures=failures)

    database.transact(work)
    if not known:
        _strangers.failed(kind, name, at)


def _let_in(database: Database, kind: Kind, proved: Row[Any], at: datetime, lasts: timedelta) -> str:
    """Write a new session or token, unless the account changed since it was proved."""
    name, column = (proved.name, "password") if kind == "account" else (proved.id, "secret")
    prefix = SESSION_PREFIX if kind == "account" else TOKEN_PREFIX
    secret = prefix + secrets.token_urlsafe(_SECRET_BYTES)

    def work(connection: Connection) -> None:
        row = store.owner(connection, kind, name)
        if row is None or row.disabled or getattr(row, column) != getattr(proved, column):
            raise Refusal("bad-credentials")
        if row.failures or row.paused_until is not None:
            store.change_owner(connection, kind, name, {"failures": 0, "paused_until": None})
        values = {
            "digest": digest_of(secret),
            "kind": store.KEPT_AS[kind],
            "owner": name,
            "created_at": at,
            "expires_at": at + lasts,
        }
        store.add_credential(connection, values)
        _tell(connection, kind, name, "log in", at, until=at + lasts)

    database.transact(work)
    return secret


def _tell(connection: Connection, kind: Kind, name: str, action: str, at: datetime, **more: Any) -> None:
    actor = f"{'person' if kind == 'account' else 'client'}:{name}"
    audit.append(connection, at=at, actor=actor, member=None, action=action, prescription=None, body=more)
