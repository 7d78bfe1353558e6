"""A small chain of an invented county, sealed with a real key; and a small real centre on each database."""

import io
import json
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tests.databases import database_kind, database_meeting, database_upgrade, database_url, new_database

from rx_review.audit import Entry, Header, Seal, Signer, entry_digest, new_signer, seal, write_export
from rx_review.config import COUNTY_TIME

__all__ = ["database_kind", "database_meeting", "database_upgrade", "database_url", "new_database"]

COUNTY = "示范县"
START = datetime(2026, 11, 22, 8, 0, tzinfo=COUNTY_TIME)


def entry(number: int, **body: object) -> Entry:
    """An entry with a salt of its own."""
    salt = number.to_bytes(16, "big")
    text = json.dumps({"move": "approve", "by": "张药师", "number": number, **body}, ensure_ascii=False).encode()
    return Entry(number, entry_digest(salt, text), salt, text)


def erased(whole: Entry) -> Entry:
    """What is left of an entry after its lawful destruction."""
    return whole._replace(salt=None, body=None)


@dataclass
class Chain:
    """Seals with their entries."""

    signer: Signer
    parts: list[tuple[Seal, list[Entry]]]

    def add(self, *entries: Entry, signer: Signer | None = None, after: float = 1.0) -> Seal:
        """Seal more entries, so many seconds after the seal before."""
        previous = self.parts[-1][0] if self.parts else None
        at = (previous.at if previous else START) + timedelta(seconds=after)
        made = seal(
            previous,
            [(one.id, one.digest) for one in entries],
            county=COUNTY,
            at=at,
            clock="ntp offset unknown",
            signer=signer or self.signer,
        )
        self.parts.append((made, list(entries)))
        return made

    def export(self, parts: list[tuple[Seal, list[Entry]]] | None = None) -> bytes:
        """The export of the chain, or of these parts."""
        out = io.BytesIO()
        write_export(out, Header(COUNTY, START + timedelta(days=1)), self.parts if parts is None else parts)
        return out.getvalue()


def chain_of(signer: Signer) -> Chain:
    """Four seals: of three entries, of none, of one, of four with a gap in their ids and one erased."""
    chain = Chain(signer, [])
    chain.add(entry(1), entry(2), entry(3))
    chain.add()
    chain.add(entry(5))
    chain.add(entry(6), erased(entry(7)), entry(9), entry(10, note='换行\n与"引号"'))
    return chain


@pytest.fixture(scope="session")
def signer() -> Signer:
    return new_signer()


@pytest.fixture
def chain(signer) -> Chain:
    return chain_of(signer)


@pytest.fixture
def empty(database_url, tmp_path):
    """A county that nobody has submitted anything to, and without an edition."""
    from tests.audit.desk import Desk

    made = Desk(database_url, tmp_path / "keys")
    yield made
    made.close()


@pytest.fixture
def busy(database_kind, new_database, database_upgrade, database_meeting, tmp_path):
    """A county with sheets of the corpus, half of them sealed in two seals, the rest still open.

    The sheets are submitted once a run on each kind of database; what came of it is copied with its keys.
    """
    from tests.audit.desk import Desk, reviewer

    first = database_meeting / f"busy-{database_kind}"

    def worked(url: str) -> None:
        database_upgrade(url)
        # What somebody began who did not come to the end.
        shutil.rmtree(first, ignore_errors=True)
        desk = Desk(url, first)
        work(desk)
        desk.close()

    url = new_database(database_kind, upgrade=worked)
    shutil.copytree(first, tmp_path / "keys")
    made = Desk(url, tmp_path / "keys")
    made.centre.install(reviewer())
    yield made
    made.close()


def work(desk):
    """Publish, submit and seal."""
    from tests.audit.desk import archive, reviewer, sheets

    chosen = sheets()[::8]
    desk.publish(archive(), reviewer())
    desk.join(each.institution for each in chosen)
    third = len(chosen) // 3
    desk.submit(*chosen[:third])
    desk.seal()
    desk.submit(*chosen[third : 2 * third])
    desk.seal()
    desk.submit(*chosen[2 * third :])
