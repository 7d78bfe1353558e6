"""A backup is all of the database, and a restore is all of it or nothing."""

import hashlib
import io
import json
import sqlite3
import stat
import tarfile
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from rx_review.errors import EnvironmentFault, InputError
from rx_review.store import audit, county, dump_postgresql
from rx_review.store.backup import back_up, restore
from rx_review.store.contents import contents
from rx_review.store.database import Database
from rx_review.store.schema import head
from rx_review.store.tables import METADATA

AT = datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def opened():
    """Opens databases and closes them in the end."""
    kept = []

    def open_(url):
        kept.append(Database(url))
        return kept[-1]

    yield open_
    for each in kept:
        each.close()


@pytest.fixture
def database(database_url, opened):
    """A county with a few rows of each kind of column."""
    made = opened(database_url)
    with made.write() as connection:
        county.found(connection, "示范县", date(2026, 11, 1))
        county.put(connection, "member", "A1", '{"name":"一院"}', AT, None)
        for number in range(5):
            audit.append(
                connection, at=AT, actor="console:root", member="A1", action="try", prescription=None,
                body={"n": number},
            )  # fmt: skip
        ids = [row.id for row in audit.unsealed(connection, 3)]
        seal = {
            "number": 1, "first": ids[0], "count": 3, "previous": "0" * 64, "head": "a" * 64, "at": AT,
            "clock": "{}", "algorithm": "ed25519-sha256", "key": "k", "signature": b"\0\xff",
        }  # fmt: skip
        audit.add_seal(connection, seal, ids)
    return made


@pytest.fixture
def backup(database, tmp_path):
    file = tmp_path / "county.backup"
    back_up(database, file, AT)
    return file


def rows(database):
    with database.read() as connection:
        return {
            name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for name, table in METADATA.tables.items()
        }


def members(file):
    with tarfile.open(file) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def rebuilt(file, **changed):
    """The archive with other contents."""
    found = {"manifest.json": b"", "dump": b"", **members(file), **changed}
    with tarfile.open(file, "w") as tar:
        for name, content in found.items():
            head = tarfile.TarInfo(name)
            head.size = len(content)
            tar.addfile(head, io.BytesIO(content))


def told(file):
    return json.loads(members(file)["manifest.json"])


def test_what_was_restored_is_what_was_backed_up(database, backup, opened, new_database, database_kind):
    other = opened(new_database(database_kind, upgraded=False))
    manifest = restore(other, backup, over=False)
    assert rows(other) == rows(database)
    assert rows(other)["seal"][0][-1] == b"\0\xff"
    assert (manifest.contents.county, manifest.contents.seal.number, manifest.at) == ("示范县", 1, AT)
    with other.write() as connection:
        # The sequences go on where they were: the next row is no second of the last.
        audit.append(connection, at=AT, actor="a", member=None, action="next", prescription=None, body={})
    assert len(rows(other)["audit"]) == 6


def test_a_backup_says_what_is_in_it_and_nobody_else_may_read_it(backup, database_kind):
    assert list(members(backup)) == ["manifest.json", "dump"]
    manifest = told(backup)
    assert manifest["kind"] == database_kind
    assert manifest["contents"]["rows"]["audit"] == 5
    assert manifest["contents"]["seal"] == {"number": 1, "head": "a" * 64}
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir() if path.name.startswith(".rx")] == []


def test_a_backup_taken_while_somebody_writes_is_of_one_instant(
    database, tmp_path, opened, new_database, database_kind
):
    stop = threading.Event()

    def write():
        while not stop.is_set():
            with database.write() as connection:
                # Two rows that belong together: a backup has both or neither.
                for half in ("one", "two"):
                    audit.append(connection, at=AT, actor="a", member=None, action=half, prescription=None, body={})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        back_up(database, tmp_path / "busy", AT)
    finally:
        stop.set()
        writer.join()
    other = opened(new_database(database_kind, upgraded=False))
    restore(other, tmp_path / "busy", over=False)
    actions = [row[4] for row in rows(other)["audit"]]
    assert actions.count("one") == actions.count("two")


def test_a_database_that_is_not_empty_is_left_alone_unless_that_is_said(database, backup):
    with database.write() as connection:
        audit.append(connection, at=AT, actor="a", member=None, action="later", prescription=None, body={})
    after = rows(database)
    with pytest.raises(InputError, match="not empty"):
        restore(database, backup, over=False)
    assert rows(database) == after
    restore(database, backup, over=True)
    assert len(rows(database)["audit"]) == 5


def test_a_backup_is_never_overwritten(database, backup):
    before = backup.read_bytes()
    with pytest.raises(InputError, match="there already"):
        back_up(database, backup, AT)
    assert backup.read_bytes() == before


def spoilt(name, change):
    return pytest.param(change, id=name)


@pytest.mark.parametrize(
    "spoil",
    [
        spoilt("cut short", lambda file: file.write_bytes(file.read_bytes()[:-40_000])),
        spoilt("cut to the head", lambda file: file.write_bytes(file.read_bytes()[:600])),
        spoilt("empty", lambda file: file.write_bytes(b"")),
        spoilt("something else", lambda file: file.write_bytes(b"hello" * 1000)),
        spoilt("another dump", lambda file: rebuilt(file, dump=members(file)["dump"] + b"x")),
        spoilt("no manifest", lambda file: rebuilt(file, **{"manifest.json": b"{}"})),
        spoilt("something more", lambda file: rebuilt(file, **{"../../evil": b"x"})),
        spoilt("other counts", lambda file: rebuilt(file, **{
            "manifest.json": members(file)["manifest.json"].replace(b'"audit": 5', b'"audit": 6')
            if b'"audit": 5' in members(file)["manifest.json"]
            else members(file)["manifest.json"].replace(b'"audit":5', b'"audit":6')})),
        spoilt("another county", lambda file: rebuilt(file, **{
            "manifest.json": members(file)["manifest.json"].replace("示范县".encode(), "别的县".encode())})),
        spoilt("a newer schema", lambda file: rebuilt(file, **{
            "manifest.json": members(file)["manifest.json"].replace(f'"{head()}"'.encode(), b'"9999"')})),
    ],
)  # fmt: skip
def test_what_is_not_whole_is_refused_and_changes_nothing(database, backup, spoil):
    before, was = rows(database), backup.read_bytes()
    spoil(backup)
    assert backup.read_bytes() != was
    with pytest.raises(InputError) as raised:
        restore(database, backup, over=True)
    assert all(fault.zh for fault in raised.value.faults)
    assert rows(database) == before


def test_one_flipped_byte_anywhere_in_the_dump_is_found(database, backup):
    data = bytearray(backup.read_bytes())
    for at in range(4096, len(data) - 12_000, len(data) // 7):
        data[at] ^= 1
        backup.write_bytes(data)
        with pytest.raises(InputError):
            restore(database, backup, over=True)
        data[at] ^= 1


def test_a_backup_of_the_other_kind_is_refused(backup, opened, new_database, database_kind):
    other = opened(new_database("sqlite" if database_kind == "postgresql" else "postgresql", upgraded=False))
    with pytest.raises(InputError, match=f"a backup of {database_kind}"):
        restore(other, backup, over=True)


def test_a_database_in_use_is_not_replaced(database, backup, opened, database_url):
    service = opened(database_url)
    with service.read() as connection:
        connection.execute(text("SELECT count(*) FROM audit"))
    before = rows(service)
    with pytest.raises(EnvironmentFault) as raised:
        restore(database, backup, over=True)
    assert "stop the service" in str(raised.value)
    assert rows(service) == before
    service.close()
    restore(database, backup, over=True)


def test_an_empty_database_has_nothing_to_back_up(opened, new_database, database_kind, tmp_path):
    empty = opened(new_database(database_kind, upgraded=False))
    with pytest.raises(EnvironmentFault):
        back_up(empty, tmp_path / "none", AT)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("file", ["nowhere/at/all", "."])
def test_a_place_that_cannot_be_written(database, tmp_path, file):
    with pytest.raises((EnvironmentFault, InputError)):
        back_up(database, tmp_path / file, AT)


def test_a_backup_that_is_not_there(database, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        restore(database, tmp_path / "none", over=True)


# --- SQLite ------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_replaced_only_if_that_is_said(opened, new_database, tmp_path):
    source = opened(new_database("sqlite"))
    back_up(source, tmp_path / "b", AT)
    place = tmp_path / "garbage.sqlite3"
    place.write_bytes(b"no database at all" * 100)
    target = opened(f"sqlite:///{place}")
    with pytest.raises(InputError, match="not empty"):
        restore(target, tmp_path / "b", over=False)
    restore(target, tmp_path / "b", over=True)
    with target.read() as connection:
        assert contents(connection).rows["audit"] == 0
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_dump_that_is_damaged_inside_is_refused_though_its_digest_holds(opened, new_database, tmp_path):
    source = opened(new_database("sqlite"))
    back_up(source, tmp_path / "b", AT)
    found = members(tmp_path / "b")
    dump = bytearray(found["dump"])
    dump[4096:8192] = b"\xff" * 4096
    manifest = json.loads(found["manifest.json"]) | {"digest": hashlib.sha256(dump).hexdigest()}
    rebuilt(tmp_path / "b", **{"manifest.json": json.dumps(manifest).encode(), "dump": bytes(dump)})
    with pytest.raises(InputError):
        restore(opened(f"sqlite:///{tmp_path}/new.sqlite3"), tmp_path / "b", over=False)
    assert not (tmp_path / "new.sqlite3").exists()


def test_the_restored_file_stands_alone(opened, new_database, tmp_path):
    back_up(opened(new_database("sqlite")), tmp_path / "b", AT)
    target = opened(f"sqlite:///{tmp_path}/new.sqlite3")
    restore(target, tmp_path / "b", over=False)
    assert sorted(path.name for path in tmp_path.glob("new*")) == ["new.sqlite3"]
    with sqlite3.connect(tmp_path / "new.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


# --- PostgreSQL --------------------------------------------------------------------------------------


def test_a_restore_that_breaks_off_leaves_what_was_there(opened, new_database, tmp_path):
    database = opened(new_database("postgresql"))
    with database.write() as connection:
        county.found(connection, "示范县", date(2026, 11, 1))
    back_up(database, tmp_path / "b", AT)
    with database.write() as connection:
        # Somebody else's table is none of our business.
        connection.execute(text("CREATE TABLE other (id integer)"))
    rebuilt_dump = members(tmp_path / "b")["dump"][:-200]
    manifest = told(tmp_path / "b") | {"digest": hashlib.sha256(rebuilt_dump).hexdigest()}
    rebuilt(tmp_path / "b", **{"manifest.json": json.dumps(manifest).encode(), "dump": rebuilt_dump})
    before = rows(database)
    with pytest.raises((EnvironmentFault, InputError)):
        restore(database, tmp_path / "b", over=True)
    assert rows(database) == before
    with database.read() as connection:
        assert connection.execute(text("SELECT to_regnamespace('rx_review_before_restore')")).scalar_one() is None
        assert connection.execute(text("SELECT count(*) FROM other")).scalar_one() == 0


def test_a_machine_without_the_programs_says_what_to_install(opened, new_database, tmp_path, monkeypatch):
    database = opened(new_database("postgresql"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(dump_postgresql, "PACKAGES", tmp_path)
    with pytest.raises(EnvironmentFault, match="postgresql-client-"):
        back_up(database, tmp_path / "b", AT)
    assert not (tmp_path / "b").exists()


def test_the_password_is_on_no_command_line(opened, new_database, tmp_path, monkeypatch):
    url = new_database("postgresql")
    database = opened(url)
    database.url = database.url.set(password="pa:ss\\word")
    seen = tmp_path / "seen"
    program = tmp_path / "pg_dump"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" && exit\n'
        f'echo "$@" > {seen}\necho "$2" | tr " " "\\n" | sed -n "s/^passfile=//p" | xargs cat >> {seen}\nexit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(dump_postgresql, "PACKAGES", tmp_path / "none")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(EnvironmentFault, match="pg_dump"):
        back_up(database, tmp_path / "b", AT)
    command, passfile = seen.read_text().splitlines()
    assert "pa:ss" not in command
    assert passfile == "*:*:*:*:pa\\:ss\\\\word"
    assert not Path(command.partition("passfile=")[2].split()[0].strip("'")).exists()
