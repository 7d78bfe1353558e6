"""What a database holds, in few figures: enough to see that a copy is all of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from alembic.script import ScriptDirectory
from pydantic import Field
from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError

from rx_review.domain.prescription import Strict
from rx_review.domain.problems import Refusal
from rx_review.errors import EnvironmentFault, Fault
from rx_review.store import audit, county, schema
from rx_review.store.database import Database
from rx_review.store.tables import METADATA

VERSION_TABLE = "alembic_version"


class LastSeal(Strict):
    """The newest link of the audit chain."""

    number: int
    head: Annotated[str, Field(max_length=64)]


class Contents(Strict):
    """Revision of the schema, name of the county, newest seal, and how many rows each table has."""

    revision: Annotated[str | None, Field(max_length=32)]
    county: Annotated[str | None, Field(max_length=200)]
    seal: LastSeal | None
    rows: Mapping[str, int]


def tables(connection: Connection) -> list[str]:
    """Those of our tables that are there, by name; the one in which Alembic keeps the revision is among them."""
    ours = {VERSION_TABLE, *METADATA.tables}
    return sorted(ours.intersection(inspect(connection).get_table_names()))


def contents(connection: Connection) -> Contents:
    """What a database holds, as the connection's transaction sees it.

    Raises:
        ValueError: it has tables of ours in a state that no version of this program left behind.
    """
    there = tables(connection)
    rows = {
        name: int(connection.execute(select(func.count()).select_from(METADATA.tables[name])).scalar_one())
        for name in there
        if name != VERSION_TABLE
    }
    try:
        founded = county.county(connection) if "county" in rows else None
        seal = audit.last_seal(connection) if "seal" in rows else None
    except (OperationalError, ProgrammingError) as error:
        raise ValueError(str(error.orig)) from error
    return Contents(
        revision=schema.current(connection),
        county=None if founded is None else founded.name,
        seal=None if seal is None else LastSeal(number=seal.number, head=seal.head),
        rows=rows,
    )


def database_at(url: str) -> Database:
    """A database by its address, in whatever state it is; nothing is asked of it yet.

    Raises:
        EnvironmentFault: the address is none, or the folder of its file cannot be made.
    """
    try:
        return Database(url)
    except (ArgumentError, ImportError, ValueError) as error:
        # SQLAlchemy quotes the address in its own words, and with it the password.
        do = "write sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
        zh = "数据库地址无法识别；请写 sqlite:///文件 或 postgresql+psycopg://用户:密码@主机/库名"
        raise EnvironmentFault(Fault("RX_DATABASE_URL", f"cannot be read ({type(error).__name__})", do, zh)) from None
    except OSError as error:
        what = error.strerror or "cannot be used"
        do, zh = "check the folder and its rights", "无法使用；请检查目录和权限"
        raise EnvironmentFault(Fault(str(error.filename), what, do, zh)) from None


def revision_of(database: Database) -> str | None:
    """The revision of a database's schema; None if it has none.

    Raises:
        EnvironmentFault: it cannot be reached, or is no database.
    """
    try:
        with database.read() as connection:
            return schema.current(connection)
    except (Refusal, DBAPIError) as error:
        cause = error.__cause__ if isinstance(error, Refusal) else error
        told = str(getattr(cause, "orig", cause)).strip().splitlines() or ["no answer"]
        do, zh = (
            "see that the server runs, and correct RX_DATABASE_URL",
            "无法使用；请检查数据库服务，或更正 RX_DATABASE_URL",
        )
        raise EnvironmentFault(Fault("RX_DATABASE_URL", f"the database cannot be used: {told[0]}", do, zh)) from None


def revisions() -> frozenset[str]:
    """Every revision of the schema that this program knows."""
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    return frozenset(script.revision for script in scripts.walk_revisions())
