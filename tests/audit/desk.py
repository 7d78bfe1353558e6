"""A small real centre: a county with its keys, an edition in the database, sheets of the corpus submitted to it."""

import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import text
from tests.audit.conftest import COUNTY
from tests.shipped import shipped_edition
from tests.test_corpus import CORPUS

from rx_review import config
from rx_review.audit import Seal, Verified, new_signer, read_private_key, verify_export, write_private_key
from rx_review.audit.checking import Checked, check_stored
from rx_review.audit.exporting import Exported, export_stored
from rx_review.audit.sealer import Sealer
from rx_review.desk.actor import Actor
from rx_review.desk.centre import Centre
from rx_review.desk.submission import submit
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_prescription, decode
from rx_review.engine.review import Reviewer, reviewer_for
from rx_review.library.archive import pack
from rx_review.store import audit, county, editions
from rx_review.store.database import Database
from rx_review.store.keys import create_keys, read_keys
from rx_review.store.vault import Vault

SINCE = date(2026, 1, 1)
NOON = datetime(2026, 11, 22, 12, tzinfo=config.COUNTY_TIME)


@lru_cache(maxsize=1)
def archive() -> bytes:
    """The edition of this checkout."""
    return pack(config.rules_dir(), config.formulary_dir())


@lru_cache(maxsize=1)
def reviewer() -> Reviewer:
    """That edition, compiled."""
    return reviewer_for(shipped_edition())


@lru_cache(maxsize=1)
def sheets() -> tuple[Prescription, ...]:
    """The sheets of the corpus that are sent for the first time."""
    trees = [tree for file in sorted(CORPUS.glob("*.json")) for tree in decode(file.read_text("utf-8"))]
    return tuple(each for each in map(check_prescription, trees) if each.revision == 1)


def add_rows(database: Database, count: int, at: datetime = NOON, actor: str = "client:his") -> None:
    """Commit rows, one transaction each."""
    for number in range(count):
        with database.write() as connection:
            audit.append(
                connection, at=at, actor=actor, member=None, action="note", prescription=None, body={"n": number}
            )


class Desk:
    """One centre with its database, keys and sealer: a new one, or where keys stand already, the one they are of."""

    def __init__(self, url: str, keys: Path) -> None:
        self.url, self.keys = url, keys
        founded = keys.exists()
        vault = Vault(read_keys(keys) if founded else create_keys(keys))
        self.signer = read_private_key(keys / "audit.pem") if founded else new_signer()
        self.database = Database(url)
        self.sealer = Sealer(self.database, self.signer)
        self.centre = Centre(self.database, vault)
        self.actor = Actor("client", "his", frozenset({"prescriber"}))
        if not founded:
            write_private_key(keys / "audit.pem", self.signer)
            with self.database.write() as connection:
                county.found(connection, COUNTY, SINCE)

    def publish(self, data: bytes, compiled: Reviewer, at: datetime = NOON) -> None:
        """Keep an edition and let it hold."""
        digest = compiled.edition.digest
        with self.database.write() as connection:
            editions.keep(connection, digest, data, "{}", at)
            editions.switch(connection, digest, at, "李药师, 王主任", "新增")
        self.centre.install(compiled)

    def join(self, institutions: Iterable[str]) -> None:
        """Let members take part."""
        with self.database.write() as connection:
            for institution in sorted(set(institutions)):
                county.put(connection, "member", institution, '{"name":"示范卫生院"}', NOON, None)
            county.changed(connection)

    def submit(self, *prescriptions: Prescription) -> list[dict[str, Any]]:
        """Submit sheets, each a minute after it was issued."""
        return [submit(self.centre, self.actor, each, each.issued_at + timedelta(minutes=1)) for each in prescriptions]

    def seal(self, at: datetime = NOON) -> Seal | None:
        """Seal what is open."""
        return self.sealer.seal(at)

    def check(self, *checkpoints: Seal) -> Checked:
        """Check the database."""
        return check_stored(self.database, [self.signer.verifier], checkpoints)

    def export(self) -> tuple[bytes, Exported]:
        """Export the database."""
        out = io.BytesIO()
        done = export_stored(self.database, out, NOON)
        return out.getvalue(), done

    def verify(self, *checkpoints: Seal) -> Verified:
        """Export the database and verify the export."""
        return verify_export(io.BytesIO(self.export()[0]), [self.signer.verifier], checkpoints)

    def sql(self, statement: str, **values: object) -> list[Any]:
        """What somebody with rights on the database can do; rows, if there are any."""
        with self.database.write() as connection:
            done = connection.execute(text(statement), values)
            return list(done.all()) if done.returns_rows else []

    def close(self) -> None:
        """Close the connections."""
        self.database.close()


def said(found: Checked | Verified) -> dict[str, str]:
    """What is wrong, by place."""
    return {fault.where: fault.what for fault in found.faults}
