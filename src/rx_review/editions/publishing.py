"""Publishing an edition, and going back to one: two people sign, all is checked, one transaction switches."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from rx_review.domain.moves import Role
from rx_review.domain.values import county_day
from rx_review.editions.checking import check_edition
from rx_review.editions.keys import read_public
from rx_review.editions.signing import Purpose, Statement, check_statements
from rx_review.errors import EnvironmentFault, Fault, InputError, LibraryError
from rx_review.library.archive import pack, unpack
from rx_review.library.edition import digest_of
from rx_review.store import accounts, audit, county
from rx_review.store import editions as store
from rx_review.store.database import Connection, Database

SIGNERS: frozenset[Role] = frozenset({"lead", "chief", "administrator"})
"""Who may sign, with an account that is not disabled and a registered key."""

FRESH = timedelta(days=7)
"""A statement to roll back speaks of how things stand now; within a week two people of a county find each other."""

AHEAD = timedelta(minutes=5)
"""How far the clock of whoever signed may be ahead of ours."""

LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Held:
    """From when an edition held, who switched to it and why."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """An edition that was published: who signed it, when it held, whether it holds now."""

    digest: str
    at: datetime
    signed_by: tuple[str, ...]
    held: tuple[Held, ...]
    """Newest first."""
    holds: bool


def publish(
    database: Database,
    rules: Path,
    formulary: Path,
    statements: Sequence[Statement],
    reason: str,
    at: datetime,
    by: str,
    *,
    cache: Path | None = None,
) -> str:
    """Check an edition and let it hold from now on; returns its digest.

    What is checked is what is kept: the archive is unpacked again and checked there. The proof makes C rulesets whose
    memory is never given back: call this in a process that ends, never in a server.

    Args:
        database: the county's.
        rules: folder of the rules.
        formulary: folder of the formulary.
        statements: of two people at least, each of whom must have an account that may sign.
        reason: why, for the list and the audit.
        at: the instant.
        by: who publishes, as the audit names them.
        cache: where compiled editions are kept; None for nowhere.

    Raises:
        LibraryError: with every fault of the edition and of the statements; then nothing has changed.
        InputError: no reason, or one too long.
        EnvironmentFault: the county is not founded, or there is no room to unpack.
    """
    reason = _reason(reason)
    with database.read() as connection:
        _founded(connection)
    archive = pack(rules, formulary)
    with tempfile.TemporaryDirectory(prefix="rx-review-publish-") as folder:
        unpacked = unpack(archive, Path(folder))
        digest = digest_of(*unpacked)
        faults = check_edition(*unpacked, county_day(at), cache)
    if digest_of(rules, formulary) != digest:
        do, zh = "publish it when nobody writes to it", "读取期间文件有改动；请在无人修改时发布"
        faults.append(Fault(str(rules.parent), "changed while it was read", do, zh))
    with database.read() as connection:
        faults += _publish_faults(connection, digest, statements, at)
    if faults:
        raise LibraryError(*faults)

    def work(connection: Connection) -> None:
        # Again, of what stands in the transaction: an account may have been disabled since.
        if late := _publish_faults(connection, digest, statements, at):
            raise LibraryError(*late)
        store.keep(connection, digest, archive, _texts(statements), at)
        _switch(connection, digest, "publish", statements, reason, at, by)

    database.transact(work)
    return digest


def rollback(
    database: Database, digest: str, statements: Sequence[Statement], reason: str, at: datetime, by: str
) -> None:
    """Let an edition hold again that was published before.

    Args:
        database: the county's.
        digest: of the edition, 64 hexadecimal digits.
        statements: of two people at least, that ask for this and were made since the last switch, within `FRESH`.
        reason: why, for the list and the audit.
        at: the instant.
        by: who does it, as the audit names them.

    Raises:
        LibraryError: with every fault; then nothing has changed.
        InputError: no reason, or one too long.
        EnvironmentFault: the county is not founded.
    """
    reason = _reason(reason)

    def work(connection: Connection) -> None:
        _founded(connection)
        if faults := [
            *_rollback_faults(connection, digest),
            *_statement_faults(connection, digest, statements, "roll back", at),
            *_stale(connection, statements, at),
        ]:
            raise LibraryError(*faults)
        _switch(connection, digest, "roll back", statements, reason, at, by)

    database.transact(work)


def editions(database: Database) -> list[Published]:
    """Every edition that was published, newest first."""
    with database.read() as connection:
        row = county.county(connection)
        kept = store.all_editions(connection)
        switches = store.switches(connection)
    return [
        Published(
            each.digest,
            each.published_at,
            tuple(statement["person"] for statement in json.loads(each.statements)),
            tuple(Held(s.at, s.by, s.reason) for s in switches if s.digest == each.digest),
            row is not None and row.edition == each.digest,
        )
        for each in kept
    ]


def signing_keys(connection: Connection) -> Mapping[str, Ed25519PublicKey]:
    """The public key of each person who may sign editions."""
    return {
        row.person: read_public(row.public_key.encode(), f"key of {row.name}")[1]
        for row in accounts.owners(connection, "account")
        if row.public_key is not None and not row.disabled and SIGNERS.intersection(row.roles.split(","))
    }


def _publish_faults(
    connection: Connection, digest: str, statements: Sequence[Statement], at: datetime
) -> Iterable[Fault]:
    faults = _statement_faults(connection, digest, statements, "publish", at)
    if store.edition(connection, digest) is not None:
        do, zh = f"`rx edition rollback {digest[:12]}` lets it hold again", "此版本已发布过；请用 rx edition rollback"
        faults.append(Fault(f"edition {digest[:12]}", "was published before", do, zh))
    return faults


def _statement_faults(
    connection: Connection, digest: str, statements: Sequence[Statement], says: Purpose, at: datetime
) -> list[Fault]:
    faults = check_statements(digest, statements, signing_keys(connection), says=says)
    for statement in statements:
        if statement.at > at + AHEAD:
            do, zh = "set the clock right and sign again", "签名时间在将来；请校准时钟后重新签名"
            what = f"made in the future, at {statement.at.isoformat()}"
            faults.append(Fault(f"statement of {statement.person}", what, do, zh))
    return faults


def _rollback_faults(connection: Connection, digest: str) -> Iterator[Fault]:
    row = county.county(connection)
    if store.edition(connection, digest) is None:
        do, zh = "see `rx edition list`", "没有发布过此版本；见 rx edition list"
        yield Fault(f"edition {digest[:12]}", "was never published here", do, zh)
    elif row is not None and row.edition == digest:
        do, zh = "there is nothing to do", "现行版本就是它，无需回退"
        yield Fault(f"edition {digest[:12]}", "is the one that holds", do, zh)


def _stale(connection: Connection, statements: Iterable[Statement], at: datetime) -> Iterator[Fault]:
    switches = store.switches(connection)
    last = switches[0].at if switches else None
    for statement in statements:
        where, do = f"statement of {statement.person}", "sign again"
        if statement.at < at - FRESH:
            yield Fault(where, f"older than {FRESH.days} days", do, f"已超过 {FRESH.days} 日；请重新签名")
        elif last is not None and statement.at <= last:
            # Else two signatures would let whoever holds the files go back and forth for a week.
            what, zh = "made before the edition last changed", "签于最近一次版本切换之前；请重新签名"
            yield Fault(where, what, do, zh)


def _switch(
    connection: Connection,
    digest: str,
    says: Purpose,
    statements: Iterable[Statement],
    reason: str,
    at: datetime,
    by: str,
) -> None:
    before = _founded(connection)
    store.switch(connection, digest, at, by, reason)
    audit.append(
        connection,
        at=at,
        actor=by,
        member=None,
        action=f"{says} edition",
        prescription=None,
        body={
            "edition": digest,
            "before": before,
            "reason": reason,
            "statements": [statement.model_dump(mode="json") for statement in statements],
        },
    )


def _founded(connection: Connection) -> str | None:
    """The edition that holds, in a county that is founded."""
    row = county.county(connection)
    if row is None:
        do, zh = "run `rx db upgrade --name COUNTY`", "尚未建县；请运行 rx db upgrade --name 县名"
        raise EnvironmentFault(Fault("database", "no county is founded", do, zh))
    edition: str | None = row.edition
    return edition


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        what = f"one line of 1 to {LONGEST_REASON} characters is asked for"
        do, zh = "say in one line why", f"须用一行文字写明原因（1 至 {LONGEST_REASON} 字）"
        raise InputError(Fault("--reason", what, do, zh))
    return reason


def _texts(statements: Iterable[Statement]) -> str:
    return json.dumps([statement.model_dump(mode="json") for statement in statements], ensure_ascii=False)
