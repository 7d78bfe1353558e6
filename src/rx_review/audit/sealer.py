"""The sealer: takes up what was committed since the last seal, links it to the chain and signs it.

Any number of processes may seal one database. A seal is worked out beside the requests, from the newest seal and then
the rows that were open; it is written only if that seal is still the newest. The number of a seal is its key, so that
of two sealers one wins, and the other starts over from what is left. Rows that get a lower number than sealed ones
and commit later go into the next seal: numbers ascend within a seal, not from seal to seal.

The chain bears the county's name as the county was founded, which never changes: under another name no signature
would hold. What a county is called on pages may differ from it.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from rx_review.audit.chain import Seal, seal
from rx_review.audit.clock import clock_said
from rx_review.audit.signing import Signer
from rx_review.domain.problems import Refusal
from rx_review.store import audit
from rx_review.store import county as registers
from rx_review.store.database import Connection, Database, Row

MOST = 1_000
"""Rows of one seal: on SQLite nobody else writes while they are marked."""
_TRIES = 5


class Sealer:
    """Seals one database with one key."""

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database = database
        self._signer = signer

    def seal(self, at: datetime) -> Seal | None:
        """Seal every row that was committed before the call, in as many seals as it takes.

        Args:
            at: this instant; a clock that went back is said in the seal.

        Returns:
            The newest seal made here; None if nothing was open, or the county is not founded yet.

        Raises:
            Refusal: `busy` if the database is away, or other sealers came first again and again.
        """
        newest: Seal | None = None
        while (made := self._seal_once(at)) is not None:
            newest = made
            if made.count < MOST:
                break
        return newest

    def _seal_once(self, at: datetime) -> Seal | None:
        for _ in range(_TRIES):
            with self._database.read() as connection:
                drafted = self._draft(connection, at)
            if drafted is None:
                return None
            made, ids = drafted
            if self._database.transact(partial(audit.add_seal, values=_columns(made), ids=ids)):
                return made
        raise Refusal("busy", retry_after=1)

    def _draft(self, connection: Connection, at: datetime) -> tuple[Seal, list[int]] | None:
        """The next seal over the open rows, and their numbers."""
        # In this order: a seal that is written in between takes rows away, and the draft then comes too late.
        last = audit.last_seal(connection)
        open_rows = audit.unsealed(connection, MOST)
        county = registers.county(connection)
        if county is None or not open_rows:
            return None
        name = str(county.name)
        previous = None if last is None else seal_from(last, name)
        entries = [(int(row.id), str(row.digest)) for row in open_rows]
        made = seal(previous, entries, county=name, at=at, clock=clock_said(), signer=self._signer)
        return made, [number for number, _ in entries]


def _columns(made: Seal) -> dict[str, object]:
    """A seal as the store keeps it."""
    return {
        "number": made.number,
        "first": made.first,
        "count": made.count,
        "previous": made.previous,
        "head": made.head,
        "at": made.at,
        "clock": made.clock,
        "algorithm": made.algorithm,
        "key": made.key,
        "signature": made.signature,
    }


def seal_from(row: Row[Any], county: str) -> Seal:
    """A seal that the store kept, of the chain of that county."""
    return Seal(
        county=county,
        number=row.number,
        first=row.first,
        count=row._mapping["count"],  # `count` of a row is a method of every tuple
        previous=row.previous,
        head=row.head,
        at=row.at,
        clock=row.clock,
        algorithm=row.algorithm,
        key=row.key,
        signature=bytes(row.signature),
    )
