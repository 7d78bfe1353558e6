"""PostgreSQL: pg_dump and pg_restore, of the server's own version where the machine has it.

The password goes to them in a file that nobody else can read: what stands on a command line is seen by everyone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, text

from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.store.contents import Contents, contents, tables
from rx_review.store.database import Database

PACKAGES = Path("/usr/lib/postgresql")
"""Where Debian puts the programs of each version."""

ASIDE = "rx_review_before_restore"
"""Schema in which what was there waits until the restored database is found to be whole."""

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def dump(database: Database, into: Path) -> Contents:
    """Dump our tables in pg_dump's own format; returns what the dump holds, counted in the same snapshot.

    Raises:
        EnvironmentFault: pg_dump is missing, too old, or fails.
    """
    with database.read() as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        schema = _schema(connection)
        program = _program("pg_dump", _server(connection))
        found = contents(connection)
        wanted = [f'--table="{schema}"."{name}"' for name in tables(connection)]
        if not wanted:
            raise EnvironmentFault(
                Fault("database", "holds no tables of ours", "run `rx db upgrade`", "没有本系统的表")
            )
        words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", *wanted]
        _run(database, program, *words, f"--file={into}")
    return found


def load(database: Database, dump_file: Path, expected: Contents) -> None:
    """Restore a dump; what was there before comes back unless all of the dump is there.

    Args:
        database: an empty one, or one whose tables of ours are to be replaced.
        dump_file: of pg_dump.
        expected: what it must hold.

    Raises:
        InputError: the dump is damaged or holds something else.
        EnvironmentFault: somebody uses the database, or pg_restore is missing or fails.
    """
    database.close()  # an idle connection of our own would be taken for a service's
    with database.write() as connection:
        _nobody_else(connection)
        program = _program("pg_restore", _server(connection))
        schema = _schema(connection)
        _put_aside(connection, schema)
    try:
        words = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
        _run(database, program, *words, str(dump_file))
        with database.read() as connection:
            found = contents(connection)
        if found != expected:
            do, zh = "use another backup", "内容与清单不符；请使用其他备份"
            raise InputError(Fault("backup", "does not hold what its manifest says", do, zh))
    except BaseException:
        with database.write() as connection:
            _bring_back(connection, schema)
        raise
    with database.write() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {ASIDE} CASCADE")


def _schema(connection: Connection) -> str:
    return str(connection.execute(text("SELECT current_schema()")).scalar_one())


def _server(connection: Connection) -> int:
    """Major version of the server."""
    return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000


def _nobody_else(connection: Connection) -> None:
    others = connection.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    ).scalar_one()
    if others:
        do, zh = "stop the service, then restore", f"另有 {others} 个连接正在使用；请先停止服务再恢复"
        raise EnvironmentFault(Fault("database", f"{others} other connections use it", do, zh))
    left = connection.execute(text("SELECT to_regnamespace(:name)"), {"name": ASIDE}).scalar_one()
    if left is not None:
        do = f"see what it holds, then move it back or drop schema {ASIDE}"
        zh = f"上次恢复中断，原有数据在模式 {ASIDE} 中；请核对后移回或删除该模式"
        raise EnvironmentFault(Fault("database", f"a restore was interrupted: {ASIDE} holds what was there", do, zh))


def _put_aside(connection: Connection, schema: str) -> None:
    there = tables(connection)
    connection.exec_driver_sql(f"CREATE SCHEMA {ASIDE}")
    for name in there:
        connection.exec_driver_sql(f'ALTER TABLE "{schema}"."{name}" SET SCHEMA {ASIDE}')


def _bring_back(connection: Connection, schema: str) -> None:
    for name in tables(connection):
        connection.exec_driver_sql(f'DROP TABLE "{schema}"."{name}" CASCADE')
    kept = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = :name"), {"name": ASIDE})
    for name in kept.scalars().all():
        connection.exec_driver_sql(f'ALTER TABLE {ASIDE}."{name}" SET SCHEMA "{schema}"')
    connection.exec_driver_sql(f"DROP SCHEMA {ASIDE}")


# --- the programs --------------------------------------------------------------------------------


def _program(name: str, server: int) -> Path:
    """The program of the server's version; else the oldest of a newer one, since older ones refuse it."""
    on_path = shutil.which(name)
    found = [Path(on_path)] if on_path else []
    found += sorted(PACKAGES.glob(f"[0-9]*/bin/{name}"))
    versions = {path: version for path in found if (version := _version(path)) >= server}
    if versions:
        return min(versions, key=lambda path: versions[path])
    have = ", ".join(str(path) for path in found) or "none"
    do = f"install the client programs of PostgreSQL {server} (Debian: postgresql-client-{server})"
    zh = f"缺少 PostgreSQL {server} 的 {name}；请安装客户端程序（Debian：postgresql-client-{server}）"
    raise EnvironmentFault(Fault(name, f"none on this machine is of version {server} or newer (found: {have})", do, zh))


def _version(path: Path) -> int:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = _VERSION.search(told)
    return int(found[1]) if found else 0


def _run(database: Database, program: Path, *words: str) -> None:
    with _connection_words(database) as address:
        try:
            done = subprocess.run(
                [program, "--no-password", f"--dbname={address}", *words], capture_output=True, text=True, check=False
            )
        except OSError as error:
            what = error.strerror or "cannot be run"
            do, zh = "check the installation", "无法运行；请检查安装"
            raise EnvironmentFault(Fault(str(program), what, do, zh)) from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        do, zh = "correct what it says", "执行失败；请按其提示处理"
        raise EnvironmentFault(Fault(program.name, " / ".join(lines[:5]), do, zh))


@contextmanager
def _connection_words(database: Database) -> Iterator[str]:
    """The address as libpq takes it, with the password in a file of its own."""
    told: dict[str, Any] = dict(database.engine.dialect.create_connect_args(database.url)[1])
    told.pop("context", None)
    password = told.pop("password", None)
    with tempfile.TemporaryDirectory(prefix="rx-review-pgpass-") as folder:
        if password is not None:
            file = Path(folder) / "pgpass"
            escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
            file.touch(mode=0o600)
            file.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
            told["passfile"] = str(file)
        yield make_conninfo(**told)
