"""The county's database as commands open it: there, up to date, and closed afterwards."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rx_review import config
from rx_review.errors import EnvironmentFault, Fault
from rx_review.store import audit, schema
from rx_review.store.contents import database_at, revision_of
from rx_review.store.database import Connection, Database

_UPGRADE = "run `rx db upgrade`"


@contextmanager
def county_database() -> Iterator[Database]:
    """The database that the environment names.

    Raises:
        EnvironmentFault: it is none that can be used, or its schema is not the one of this program.
    """
    database = open_database()
    try:
        revision = revision_of(database)
        if revision != schema.head():
            what = f"the schema is at {revision or 'nothing'}, this program needs {schema.head()}"
            raise EnvironmentFault(Fault(shown(database), what, _UPGRADE, "库结构不是本程序所需；请运行 rx db upgrade"))
        yield database
    finally:
        database.close()


def open_database() -> Database:
    """The database that the environment names, in whatever state it is.

    Raises:
        EnvironmentFault: the address is none, or its folder cannot be made.
    """
    return database_at(config.database_url())


def shown(database: Database) -> str:
    """Its address without the password."""
    return database.url.render_as_string(hide_password=True)


def operator() -> str:
    """Who is at the console, as the audit names them."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return f"console:{name}"


def tell(connection: Connection, action: str, body: dict[str, Any]) -> None:
    """Tell the audit what is done at the console now, to the county as a whole."""
    audit.append(
        connection, at=config.now(), actor=operator(), member=None, action=action, prescription=None, body=body
    )
