"""A fresh database for each test, of SQLite or PostgreSQL, copied from one that was upgraded once per run.

A conftest.py says `from tests.databases import database_kind, …`, and its tests ask for `database_url`, which runs
them once on each kind; or for `new_database`, to have several, one of a certain kind, or one without tables.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import pytest
from tests.postgresql import NoPostgresql, Server, admin, alone, join

Kind = Literal["sqlite", "postgresql"]
Upgrade = Callable[[str], None]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")


class NewDatabase(Protocol):
    """What the fixture `new_database` gives."""

    def __call__(self, kind: Kind, *, upgraded: bool = True, upgrade: Upgrade | None = None) -> str:
        """The SQLAlchemy address of a database that nobody has seen; without tables unless upgraded.

        `upgrade` makes what is copied instead of the fixture `database_upgrade`: rows too, once a run.
        """


def template_name(upgrade: Upgrade) -> str:
    """What the database that `upgrade` has made is called."""
    return "template_" + hashlib.sha256(f"{upgrade.__module__}.{upgrade.__qualname__}".encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Sqlite:
    """Database files. `meeting` is known to all workers of the run; `folder` is one test's."""

    meeting: Path
    folder: Path

    def make(self, upgrade: Upgrade | None) -> str:
        """The address of a new file, with what `upgrade` makes."""
        path = self.folder / f"{secrets.token_hex(4)}.sqlite"
        if upgrade is not None:
            shutil.copyfile(self._template(upgrade), path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        """Remove a file and its journals."""
        path = Path(url.removeprefix("sqlite:///"))
        for name in (path, f"{path}-wal", f"{path}-shm", f"{path}-journal"):
            with suppress(FileNotFoundError):
                os.remove(name)

    def _template(self, upgrade: Upgrade) -> Path:
        template = self.meeting / f"{template_name(upgrade)}.sqlite"
        with alone(self.meeting / "sqlite.lock"):
            if not template.exists():
                building = self.meeting / f"building_{secrets.token_hex(4)}.sqlite"
                upgrade(f"sqlite:///{building}")
                if Path(f"{building}-wal").exists():
                    # A part of the database is still in there: a copy of the file alone would lack it.
                    raise RuntimeError(f"{template_name(upgrade)}: the upgrade left a connection open")
                building.rename(template)
        return template


@dataclass(frozen=True)
class Postgresql:
    """Databases in the server of the run."""

    meeting: Path
    server: Server

    def make(self, upgrade: Upgrade | None) -> str:
        """The address of a new database, with what `upgrade` makes."""
        template = "template0" if upgrade is None else self._template(upgrade)
        return self._create(f"{self.server.prefix}_{secrets.token_hex(4)}", template)

    def drop(self, url: str) -> None:
        """Drop a database, even from under a connection that a service still holds."""
        with admin(self.server) as connection:
            connection.execute(f"DROP DATABASE {self._name(url)} WITH (FORCE)")

    def _name(self, url: str) -> str:
        return url.partition("?")[0].rpartition("/")[2]

    def _create(self, name: str, template: str) -> str:
        with admin(self.server) as connection:
            # Copying files is half as long as writing them to the log, which is what it does unless told.
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.server.database(name)

    def _template(self, upgrade: Upgrade) -> str:
        template = f"{self.server.prefix}_{template_name(upgrade)}"
        with alone(self.meeting / "postgresql.lock"), admin(self.server) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
                building = f"{self.server.prefix}_building_{secrets.token_hex(4)}"
                upgrade(self._create(building, "template0"))
                # So that nobody changes what the tests copy; renaming is refused while a connection is open.
                connection.execute(f"ALTER DATABASE {building} ALLOW_CONNECTIONS false")
                connection.execute(f"ALTER DATABASE {building} RENAME TO {template}")
        return template


def do_without(error: NoPostgresql) -> None:
    """At the desk what needs PostgreSQL is skipped; CI must not be green without it."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def database_meeting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run know, and no other run."""
    base = tmp_path_factory.getbasetemp()
    meeting = (base.parent if hasattr(request.config, "workerinput") else base) / "databases"
    meeting.mkdir(exist_ok=True)
    return meeting


@pytest.fixture(scope="session")
def database_upgrade() -> Upgrade:
    """What makes the tables of a new database."""
    from rx_review.store.schema import upgrade

    return upgrade


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> Kind:
    """Runs a test once on each kind of database."""
    return request.param


@pytest.fixture
def new_database(database_meeting: Path, database_upgrade: Upgrade, tmp_path: Path) -> Iterator[NewDatabase]:
    """Makes databases for one test."""
    made = []

    def new(kind: Kind, *, upgraded: bool = True, upgrade: Upgrade | None = None) -> str:
        if kind == "sqlite":
            place = Sqlite(database_meeting, tmp_path)
        else:
            try:
                place = Postgresql(database_meeting, join(database_meeting))
            except NoPostgresql as error:
                do_without(error)
        url = place.make((upgrade or database_upgrade) if upgraded else None)
        made.append((place, url))
        return url

    yield new
    for place, url in made:
        place.drop(url)


@pytest.fixture
def database_url(database_kind: Kind, new_database: NewDatabase) -> str:
    """The SQLAlchemy address of this test's own database, with its tables and without a row."""
    return new_database(database_kind)
