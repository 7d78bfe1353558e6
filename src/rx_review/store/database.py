"""Connections: a pool of readers, and writers that wait for each other in turn.

SQLite lets one write at a time and answers those who come meanwhile with a retry loop in which luck decides; here they
queue in the order in which they came, see turns.py. PostgreSQL locks rows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rx_review.domain.problems import Refusal
from rx_review.errors import EnvironmentFault, Fault
from rx_review.store.turns import Turns

__all__ = ["Connection", "Database", "Row"]

WAIT_SECONDS = 3.0
"""How long a request waits for the database: the budget that callers are told for a submission."""
TRIES = 3
T = TypeVar("T")
_DEADLOCK = {"40001", "40P01"}


class Database:
    """One database, by its URL. Close it when done."""

    def __init__(self, url: str, *, pool: int = 16) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if not self.is_sqlite and self.url.get_backend_name() != "postgresql":
            raise EnvironmentFault(
                Fault(
                    "RX_DATABASE_URL",
                    "neither SQLite nor PostgreSQL",
                    "write sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE",
                    "既不是 SQLite 也不是 PostgreSQL；请写 sqlite:///文件 或 postgresql+psycopg://…",
                )
            )
        if self.is_sqlite:
            if not self.url.database or self.url.database == ":memory:":
                raise EnvironmentFault(
                    Fault(
                        "RX_DATABASE_URL",
                        "a database in memory forgets everything",
                        "name a file: sqlite:////var/lib/rx-review/rx-review.sqlite3",
                        "内存数据库会丢失全部内容；请指定文件",
                    )
                )
            file = Path(self.url.database)
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._turns = Turns(file)
        wait = {"timeout": WAIT_SECONDS} if self.is_sqlite else {"connect_timeout": round(WAIT_SECONDS)}
        options: dict[str, Any] = {"connect_args": wait}
        self.engine = create_engine(
            self.url, pool_size=pool, max_overflow=0, pool_timeout=WAIT_SECONDS, pool_pre_ping=False, **options
        )
        if self.is_sqlite:
            _sqlite_ways(self.engine)
        else:
            _postgresql_ways(self.engine)

    @property
    def one_writes_at_a_time(self) -> bool:
        """Whether everybody else waits while somebody writes; PostgreSQL locks rows."""
        return self.is_sqlite

    @property
    def somebody_writes(self) -> bool:
        """Whether who wants to write now would wait for somebody of this process."""
        return self.is_sqlite and self._turns.taken

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading."""
        with _said_in_our_words(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: all of it is written at the end, or nothing.

        Raises:
            Refusal: `busy` if the database is away or the turn did not come in time.
        """
        if not self.is_sqlite:
            with _said_in_our_words(), self.engine.begin() as connection:
                yield connection
            return
        try:
            came = self._turns.acquire(WAIT_SECONDS)
        except OSError as error:
            raise Refusal("busy", retry_after=1) from error
        if not came:
            raise Refusal("busy", retry_after=1)
        try:
            with _said_in_our_words(), self.engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                connection.commit()
        finally:
            self._turns.release()

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do work in one transaction; again, if another came first with the same key or both locked each other.

        Raises:
            Refusal: `busy` if it did not come through in three tries.
        """
        for _ in range(TRIES):
            try:
                with self.write() as connection:
                    return work(connection)
            except IntegrityError:
                continue
            except DBAPIError as error:
                if not _locked_each_other(error):
                    raise
                # Who comes back at once takes the lock that the other was just promised.
                time.sleep(random.uniform(0.01, 0.05))
        raise Refusal("busy", retry_after=1)

    @contextmanager
    def migrate(self) -> Iterator[Connection]:
        """A transaction for changing tables.

        SQLite copies a table to change it, and drops the old one: references are checked at the end instead.

        Raises:
            EnvironmentFault: rows would refer to rows that are gone; nothing is changed.
        """
        if not self.is_sqlite:
            with self.write() as connection:
                yield connection
            return
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            if astray := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                what = f"{len(astray)} rows of {astray[0][0]} would refer to nothing"
                raise EnvironmentFault(
                    Fault(str(self.url.database), what, "restore a backup", "迁移会破坏引用；请恢复备份")
                )
            connection.commit()
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        if self.is_sqlite:
            self._turns.close()


def _sqlite_ways(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        # SQLAlchemy would begin late and deferred: two readers that both go on to write would then lock each other.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
            "wal_autocheckpoint=2000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def _postgresql_ways(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        # It would wait for a row for ever, and everybody at the counter with it.
        connection.execute(f"SET lock_timeout = {round(WAIT_SECONDS * 1000)}")
        connection.commit()


def _locked_each_other(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _DEADLOCK


@contextmanager
def _said_in_our_words() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        if isinstance(error, DBAPIError) and _locked_each_other(error):
            raise
        raise Refusal("busy", retry_after=1) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Refusal("busy", retry_after=1) from error
        raise
