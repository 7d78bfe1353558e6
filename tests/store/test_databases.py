"""The databases that the tests of the store run on: fresh each time, real, and gone afterwards."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from tests import databases, postgresql

JOIN = """
import json, os, signal, sys
from pathlib import Path
from tests.postgresql import join
server = join(Path(sys.argv[1]))
print(json.dumps([server.folder, server.url]), flush=True)
if sys.argv[2] == "wait":
    sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""


def small_upgrade(url):
    """Makes one table; stands in for the store's, so that these tests judge nothing but the databases."""
    with engine(url).begin() as connection:
        connection.execute(text("CREATE TABLE sheet (id INTEGER PRIMARY KEY)"))


def engine(url):
    return create_engine(url, poolclass=NullPool)


def rows(url):
    with engine(url).connect() as connection:
        return [row.id for row in connection.execute(text("SELECT id FROM sheet ORDER BY id"))]


def insert(url, *ids):
    with engine(url).begin() as connection:
        for number in ids:
            connection.execute(text("INSERT INTO sheet VALUES (:id)"), {"id": number})


def wait_until(holds, seconds=20):
    ends = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < ends:
        time.sleep(0.05)
    return held


@pytest.fixture(scope="session")
def database_upgrade():
    return small_upgrade


@pytest.fixture
def server(database_meeting):
    try:
        return postgresql.join(database_meeting)
    except postgresql.NoPostgresql as error:
        databases.do_without(error)


@pytest.fixture
def place(database_kind, database_meeting, tmp_path, request):
    if database_kind == "sqlite":
        return databases.Sqlite(database_meeting, tmp_path)
    return databases.Postgresql(database_meeting, request.getfixturevalue("server"))


@pytest.fixture
def own_server_only():
    if os.environ.get("RX_TEST_POSTGRESQL"):
        pytest.skip("RX_TEST_POSTGRESQL names a server, which the tests never start or end")


@pytest.fixture
def joining(tmp_path, checkout):
    """Starts another user of the server of `tmp_path`."""
    users = []

    def join(mode):
        command = [sys.executable, "-c", JOIN, str(tmp_path), mode]
        user = subprocess.Popen(command, cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        users.append(user)
        return user

    yield join
    for user in users:
        user.kill()
        user.communicate()


def test_a_database_can_be_connected_to_and_is_of_the_kind_asked_for(database_kind, database_url):
    assert make_url(database_url).get_backend_name() == database_kind
    with engine(database_url).connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_postgresql_is_15_or_newer_and_speaks_chinese(new_database):
    with engine(new_database("postgresql")).connect() as connection:
        assert int(connection.execute(text("SHOW server_version_num")).scalar_one()) >= 150_000
        assert connection.execute(text("SHOW server_encoding")).scalar_one() == "UTF8"
        assert connection.execute(text("SELECT length('处方')")).scalar_one() == 2


@pytest.mark.parametrize("turn", ["first", "second"])
def test_no_test_sees_the_rows_of_another(database_url, turn):
    assert rows(database_url) == []
    insert(database_url, 1)
    assert rows(database_url) == [1]


def test_two_databases_of_one_test_know_nothing_of_each_other(new_database, database_kind):
    one, other = new_database(database_kind), new_database(database_kind)
    insert(one, 1, 2)
    assert (rows(one), rows(other), rows(new_database(database_kind))) == ([1, 2], [], [])


def test_a_database_that_is_not_upgraded_has_no_table(new_database, database_kind):
    database = engine(new_database(database_kind, upgraded=False))
    assert inspect(database).get_table_names() == []


def test_the_upgrade_is_done_once_and_copied(place):
    calls = []

    def counted(url):
        calls.append(url)
        small_upgrade(url)

    urls = [place.make(counted) for _ in range(3)]
    for url in urls:
        assert rows(url) == []
        place.drop(url)
    assert len(calls) == 1


def test_an_upgrade_that_fails_leaves_no_template(place):
    def halfway(url):
        small_upgrade(url)
        if not fixed:
            raise ZeroDivisionError

    fixed = False
    with pytest.raises(ZeroDivisionError):
        place.make(halfway)
    fixed = True
    assert rows(place.make(halfway)) == []


def test_a_database_that_was_dropped_is_gone(place):
    url = place.make(small_upgrade)
    place.drop(url)
    with pytest.raises(DBAPIError, match=r"no such table|does not exist"):
        rows(url)


def test_a_connection_that_a_service_still_holds_does_not_keep_its_database(server, tmp_path):
    place = databases.Postgresql(tmp_path, server)
    url = place.make(small_upgrade)
    with psycopg.connect(postgresql.plain(url), autocommit=True) as held:
        place.drop(url)
        with pytest.raises(psycopg.OperationalError):
            held.execute("SELECT 1")


@pytest.mark.usefixtures("own_server_only")
def test_the_server_serves_all_and_is_gone_after_the_last_however_that_ended(joining):
    first, second = joining("wait"), joining("wait")
    told = first.stdout.readline()
    assert second.stdout.readline() == told
    folder, url = json.loads(told)
    with psycopg.connect(postgresql.plain(url), autocommit=True) as connection:
        first.kill()
        first.wait()
        # Whoever comes later finds it as long as one is left.
        assert joining("end").stdout.readline() == told
        assert connection.execute("SELECT 1").fetchone() == (1,)
        second.kill()
        assert wait_until(lambda: not Path(folder).exists())
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


@pytest.mark.usefixtures("own_server_only")
def test_whoever_comes_after_the_end_gets_a_new_server(joining):
    one = joining("end").stdout.readline()
    other = joining("end").stdout.readline()
    assert one
    assert other
    assert one != other


def test_a_server_that_was_named_is_left_as_it_was(server, tmp_path, monkeypatch):
    monkeypatch.setenv("RX_TEST_POSTGRESQL", postgresql.plain(server.url))
    named = postgresql.find_server()
    databases.Postgresql(tmp_path, named).make(small_upgrade)

    def ours():
        with postgresql.admin(named) as connection:
            return [name for (name,) in connection.execute("SELECT datname FROM pg_database") if named.prefix in name]

    assert len(ours()) == 2  # the template and its copy
    postgresql.end(named)
    assert ours() == []


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_postgresql_the_desk_skips_and_ci_fails(ci, outcome, monkeypatch, tmp_path):
    monkeypatch.delenv("RX_TEST_POSTGRESQL", raising=False)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(postgresql, "candidates", lambda: iter([tmp_path]))
    with pytest.raises(postgresql.NoPostgresql, match=r"no PostgreSQL for tests: .*does not run") as error:
        postgresql.join(tmp_path)
    monkeypatch.undo()
    with pytest.raises(postgresql.NoPostgresql):
        postgresql.join(tmp_path)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no PostgreSQL"):
        databases.do_without(error.value)


@pytest.mark.usefixtures("own_server_only")
def test_every_postgresql_that_this_machine_has_can_be_started():
    for binaries in dict.fromkeys(postgresql.candidates()):
        server = postgresql.start(binaries)
        postgresql.end(server)
        assert not Path(server.folder).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody who reaches less")
def test_the_wheel_can_be_used_where_only_root_reaches_it(tmp_path):
    *_, wheel = postgresql.candidates()
    package = wheel.parent.parent
    tmp_path.chmod(0o700)
    (tmp_path / package.name).symlink_to(package)
    (tmp_path / f"{package.name}.libs").symlink_to(f"{package}.libs")
    server = postgresql.start(tmp_path / wheel.relative_to(package.parent))
    postgresql.end(server)
    assert server.binaries.startswith(server.folder)
