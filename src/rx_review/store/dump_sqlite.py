"""SQLite: a copy of the file that is consistent while services write, and a copy put in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.store.contents import Contents, contents
from rx_review.store.database import Database

_BUSY_SECONDS = 3.0


def dump(database: Database, into: Path) -> Contents:
    """Copy the database into a new file, through SQLite's online backup; returns what the copy holds.

    Raises:
        EnvironmentFault: there is no database, or it cannot be copied.
    """
    path = file_of(database)
    if not path.exists():
        raise EnvironmentFault(Fault(str(path), "no such database", "run `rx db upgrade`", "没有数据库"))
    try:
        with (
            closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as source,
            closing(sqlite3.connect(into)) as copy,
        ):
            # All pages in one step: a snapshot, which keeps no writer waiting in WAL mode.
            source.backup(copy, pages=-1)
            # One file, without a journal beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        do, zh = "check the disk and its space", "无法复制；请检查磁盘和空间"
        raise EnvironmentFault(Fault(str(path), str(error), do, zh)) from None
    return _sound(into)


def load(database: Database, dump_file: Path, expected: Contents) -> None:
    """Put a copy in the place of the database, in one step, if it is whole.

    Args:
        database: the place; what is there is gone afterwards.
        dump_file: the copy, on the same file system; it is moved.
        expected: what it must hold.

    Raises:
        InputError: the copy is damaged or holds something else.
        EnvironmentFault: somebody has the database open.
    """
    if _sound(dump_file) != expected:
        do, zh = "use another backup", "内容与清单不符；请使用其他备份"
        raise InputError(Fault("backup", "does not hold what its manifest says", do, zh))
    path = file_of(database)
    database.close()
    _nobody_else(path)
    dump_file.chmod(0o600)
    _sync(dump_file)
    dump_file.replace(path)
    _sync(path.parent)


def file_of(database: Database) -> Path:
    """Where the database is."""
    return Path(database.url.database or "")


def _sound(file: Path) -> Contents:
    # Not through Database: that would turn the copy to WAL and leave files beside it.
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    try:
        with closing(sqlite3.connect(file)) as copy:
            (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise ValueError(found)
        with engine.connect() as connection:
            return contents(connection)
    except (sqlite3.Error, ValueError) as error:
        do, zh = "use another backup, and check the disk", "数据库损坏；请使用其他备份并检查磁盘"
        raise InputError(Fault("backup", f"the copy is no sound database: {error}", do, zh)) from None
    finally:
        engine.dispose()


def _nobody_else(path: Path) -> None:
    """A service that has the file open would go on with the old one, and lose all that it writes."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=0)) as connection:
            # Leaving WAL needs the file for oneself, and takes in what the journal holds.
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError:
        mode = "wal"
    except sqlite3.DatabaseError:
        mode = "delete"  # it is no database, so nobody has it open as one
    if mode != "delete":
        do, zh = "stop the service, then restore", "数据库正在使用；请先停止服务再恢复"
        raise EnvironmentFault(Fault(str(path), "somebody has it open", do, zh))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
