"""The schema of the database: bring it up to date, take it back, say where it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from rx_review.store.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # A percent sign in a path is Alembic's own sign for a variable.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate a database up: all of it or nothing."""
    _migrate(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Migrate a database down to a revision; `base` empties it."""
    _migrate(url, lambda config: command.downgrade(config, revision))


def _migrate(url: str, work: Callable[[Config], None]) -> None:
    database = Database(url)
    try:
        with database.migrate() as connection:
            work(_config(connection))
    finally:
        database.close()


def head() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current(connection: Connection) -> str | None:
    """The revision of a database; None if it has none."""
    return MigrationContext.configure(connection).get_current_revision()
