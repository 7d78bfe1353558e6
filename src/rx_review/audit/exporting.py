"""The chain as the database holds it: read as it is at one instant, exported, and said in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import IO, Any

from rx_review.audit.chain import Entry, Seal
from rx_review.audit.export import End, Header, write_export
from rx_review.audit.sealer import seal_from
from rx_review.errors import EnvironmentFault, Fault
from rx_review.store import audit
from rx_review.store import county as registers
from rx_review.store.database import Connection, Database, Row


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into an export, and what did not."""

    end: End
    last: Seal | None
    """The newest seal in it."""
    still_open: int
    """Rows that no seal had taken up yet."""
    astray: int
    """Rows that name a seal which is not there: somebody took it out."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the audit of a database stands."""

    county: str
    seals: int
    rows: int
    sealed: int
    erased: int
    """Rows of which only the digest is left."""
    oldest_open: datetime | None
    """Since when the oldest row waits for a seal."""
    last: Seal | None


class StoredChain:
    """Seals with their rows, in the order of the chain; each seal's rows are read before the next seal is.

    `astray` counts, by the number that they name, the rows whose seal is not there; complete once all was read.
    """

    def __init__(self, connection: Connection, county: str) -> None:
        self.astray: Counter[int] = Counter()
        self._connection = connection
        self._county = county

    def parts(self) -> Generator[tuple[Seal, Iterable[Row[Any]]], None, None]:
        """Each seal with its rows; closed by who does not read to the end."""
        with closing(audit.sealed(self._connection)) as every, closing(audit.seals(self._connection)) as seals:
            yield from self._parts(groupby(every, key=_seal_number), seals)

    def _parts(
        self, groups: Iterator[tuple[int, Iterator[Row[Any]]]], seals: Iterable[Row[Any]]
    ) -> Iterator[tuple[Seal, Iterable[Row[Any]]]]:
        number, rows = next(groups, _NO_MORE)
        for row in seals:
            while number is not None and number < row.number:
                self.astray[number] += sum(1 for _ in rows)
                number, rows = next(groups, _NO_MORE)
            made = seal_from(row, self._county)
            if number == row.number:
                yield made, rows
                number, rows = next(groups, _NO_MORE)
            else:
                yield made, ()
        while number is not None:
            self.astray[number] += sum(1 for _ in rows)
            number, rows = next(groups, _NO_MORE)


_NO_MORE: tuple[int | None, Iterator[Row[Any]]] = (None, iter(()))


def _seal_number(row: Row[Any]) -> int:
    return int(row.seal)


def entry_of(row: Row[Any]) -> Entry:
    """A row as the chain sees it."""
    return Entry(row.id, row.digest, row.salt, row.body)


def founded(connection: Connection) -> str:
    """Name of the county, which its chain bears.

    Raises:
        EnvironmentFault: the county is not founded.
    """
    county = registers.county(connection)
    if county is None:
        raise EnvironmentFault(
            Fault("database", "no county is founded in it", "found the county first", "尚未建立县域；请先建立县域")
        )
    return str(county.name)


def export_stored(database: Database, out: IO[bytes], at: datetime) -> Exported:
    """Write the export of a database, as it is at one instant, whatever is written meanwhile.

    Args:
        database: where the chain is.
        out: where to.
        at: this instant, which the first line says.

    Raises:
        EnvironmentFault: the county is not founded.
        Refusal: `busy` if the database is away.
    """
    last: Seal | None = None

    def entries(parts: Iterable[tuple[Seal, Iterable[Row[Any]]]]) -> Iterator[tuple[Seal, Iterable[Entry]]]:
        nonlocal last
        for last, rows in parts:
            yield last, map(entry_of, rows)

    with audit.snapshot(database) as connection:
        county = founded(connection)
        chain = StoredChain(connection, county)
        with closing(chain.parts()) as parts:
            end = write_export(out, Header(county, at), entries(parts))
        still_open, _ = audit.unsealed_age(connection)
    return Exported(end, last, still_open, chain.astray.total())


def newest_seal(database: Database) -> Seal | None:
    """The newest seal; None if nothing was sealed yet.

    Raises:
        EnvironmentFault: the county is not founded.
        Refusal: `busy` if the database is away.
    """
    with audit.snapshot(database) as connection:
        row = audit.last_seal(connection)
        return None if row is None else seal_from(row, founded(connection))


def standing(database: Database) -> Standing:
    """How many seals and rows there are, and what waits.

    Raises:
        EnvironmentFault: the county is not founded.
        Refusal: `busy` if the database is away.
    """
    with audit.snapshot(database) as connection:
        county, counted = founded(connection), audit.totals(connection)
        row, (_, oldest) = audit.last_seal(connection), audit.unsealed_age(connection)
        last = None if row is None else seal_from(row, county)
    seals = 0 if last is None else last.number
    return Standing(county, seals, counted.rows, counted.sealed, counted.erased, oldest, last)
