"""`rx db`, `rx accounts`, `rx edition publish` as a stranger meets them, from nothing to a county with an edition."""

import io
import json
import os
import sqlite3
import stat
import sys
from dataclasses import dataclass

import psycopg
import pytest
from tests.databases import database_kind, database_meeting, database_upgrade, database_url, new_database
from tests.editions.conftest import bundle, sound
from tests.editions.published import digest, reword
from tests.postgresql import plain

from rx_review.cli import main
from rx_review.cli.app import app

__all__ = ["bundle", "database_kind", "database_meeting", "database_upgrade", "database_url", "new_database", "sound"]

PASSWORD = "correct horse battery\n"


@dataclass(frozen=True)
class Answer:
    """What a command said, and the code it ended with."""

    code: int
    out: str
    err: str


class Terminal(io.TextIOWrapper):
    """Standard input where somebody sits."""

    def isatty(self):
        return True


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Call `rx …` on a machine with nothing but SQLite in a folder of its own."""
    monkeypatch.setenv("RX_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def call(*words, send="", stdin=io.TextIOWrapper):
        monkeypatch.setattr(sys, "argv", ["rx", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", stdin(io.BytesIO(send.encode()), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return Answer(ended.value.code or 0, told.out, told.err)

    return call


@pytest.fixture
def county(run):
    """A county that was founded."""
    assert run("db", "upgrade", "--name", "示范县", "--history-since", "2026-11-01").code == 0
    return run


@pytest.fixture
def kinds(monkeypatch, new_database, database_kind):
    """The same on both kinds of database."""
    monkeypatch.setenv("RX_DATABASE_URL", new_database(database_kind, upgraded=False))
    return database_kind


def status(run):
    return json.loads(run("db", "status", "--json").out)


def actions():
    with sqlite3.connect(f"{os.environ['RX_DATA_DIR']}/rx-review.sqlite3") as connection:
        found = connection.execute("SELECT action FROM audit ORDER BY id").fetchall()
    connection.close()
    return [action for (action,) in found]


# --- db ----------------------------------------------------------------------------------------------


def test_one_command_makes_database_keys_and_county(kinds, run, tmp_path):
    assert run("db", "status").code == 1
    told = run("db", "upgrade", "--name", "示范县", "--history-since", "2026-11-01")
    assert (told.code, told.err) == (0, "")
    found = status(run)
    assert found["ready"] is True
    assert (found["county"], found["history_since"], found["keys_fault"]) == ("示范县", "2026-11-01", None)
    keys = tmp_path / "data" / "keys"
    assert sorted(path.name for path in keys.iterdir()) == [
        "audit.pem", "audit.pub.pem", "index.key", "master-0001.key",
    ]  # fmt: skip
    assert {stat.S_IMODE((keys / name).stat().st_mode) for name in ("audit.pem", "index.key", "master-0001.key")} == {
        0o600
    }


def test_the_second_time_nothing_changes(kinds, county, tmp_path):
    before = status(county), {path.name: path.read_bytes() for path in (tmp_path / "data" / "keys").iterdir()}
    assert county("db", "upgrade").code == 0
    assert county("db", "upgrade", "--name", "示范县").code == 0
    assert (status(county), {path.name: path.read_bytes() for path in (tmp_path / "data" / "keys").iterdir()}) == before


def test_the_database_file_is_nobody_elses(county, tmp_path):
    assert stat.S_IMODE((tmp_path / "data" / "rx-review.sqlite3").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["upgrade"], "no county is founded"),
        (["upgrade", "--name", " "], "not a name"),
        (["upgrade", "--name", "x" * 201], "not a name"),
        (["upgrade", "--name", "示范县", "--history-since", "soon"], "is no day"),
        (["downgrade", "0009", "--yes"], "no such revision"),
        (["downgrade", "base"], "data of the newer schema are lost"),
        (["restore", "none"], "no such file"),
        (["restore", "."], "a folder"),
    ],
)
def test_what_a_stranger_may_get_wrong(run, words, said, tmp_path):
    told = run("db", *words)
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert not (tmp_path / "data" / "keys").exists()


@pytest.mark.parametrize("words", [["db", "backup", "b"], ["accounts", "list"], ["edition", "list"]])
def test_before_the_upgrade_the_upgrade_is_asked_for(run, words):
    told = run(*words)
    assert told.code == 3
    assert "rx db upgrade" in told.err


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://a:geheim@h/d", "postgresql+psycopg://a:geheim@h:x/d", "sqlite://"]
)
def test_an_address_that_is_none_is_said_without_its_password(run, url, monkeypatch):
    monkeypatch.setenv("RX_DATABASE_URL", url)
    told = run("db", "status")
    assert told.code == 3
    assert "RX_DATABASE_URL" in told.err
    assert "geheim" not in told.err + told.out


def test_a_server_that_is_away_is_said_without_the_password(run, monkeypatch):
    monkeypatch.setenv("RX_DATABASE_URL", "postgresql+psycopg://a:geheim@127.0.0.1:1/d")
    for words in (["db", "status"], ["db", "upgrade", "--name", "x"], ["accounts", "list"]):
        told = run(*words)
        assert told.code == 3
        assert "cannot be used" in told.err
        assert "geheim" not in told.err + told.out


def test_a_file_that_is_no_database(run, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rx-review.sqlite3").write_bytes(b"no database" * 1000)
    for words in (["db", "status"], ["db", "upgrade", "--name", "x"], ["edition", "list"]):
        told = run(*words)
        assert told.code == 3
        assert "cannot be used" in told.err


def test_the_database_of_another_county(county):
    told = county("db", "upgrade", "--name", "别的县")
    assert told.code == 2
    assert "示范县" in told.err


def test_lost_keys_are_not_made_anew(county, tmp_path):
    keys = tmp_path / "data" / "keys"
    keys.rename(tmp_path / "elsewhere")
    told = county("db", "upgrade")
    assert told.code == 3
    assert "put them back" in told.err
    assert not list(keys.glob("*"))
    assert county("db", "status").code == 1


def test_a_schema_of_the_future(kinds, county):
    url = os.environ["RX_DATABASE_URL"]
    change = "UPDATE alembic_version SET version_num = '9999'"
    if kinds == "sqlite":
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(change)
        connection.close()
    else:
        with psycopg.connect(plain(url)) as connection:
            connection.execute(change)
    for words in (["db", "upgrade"], ["accounts", "list"]):
        told = county(*words)
        assert told.code == 3
        assert "9999" in told.err


def test_down_to_nothing_and_up_again(kinds, county):
    told = county("db", "downgrade", "base", "--yes")
    assert told.code == 0
    assert status(county)["revision"] is None
    assert county("db", "upgrade", "--name", "示范县").code == 0


def test_a_backup_says_that_the_keys_are_not_in_it_and_comes_back(kinds, county, tmp_path):
    told = county("db", "backup", tmp_path / "b")
    assert told.code == 0
    assert "The keys are NOT in it" in told.err
    assert "备份不含密钥" in told.err
    assert b"PRIVATE KEY" not in (tmp_path / "b").read_bytes()
    assert county("db", "backup", tmp_path / "b").code == 2
    assert county("db", "restore", tmp_path / "b").code == 2
    told = county("db", "restore", tmp_path / "b", "--yes")
    assert told.code == 0
    assert "示范县" in told.out
    assert status(county)["audit_rows"] == 4  # upgrade, found, back up; restore


# --- accounts ----------------------------------------------------------------------------------------


def test_an_account_and_a_client(county):
    told = county("accounts", "add", "wang", "--person", "P001", "--role", "lead", "--member", "A1", "--password-stdin",
                  send=PASSWORD)  # fmt: skip
    assert told.code == 0
    assert "P001" in told.err
    told = county("accounts", "client", "HIS-A", "--role", "prescriber", "--every-member")
    assert told.code == 0
    secret = told.out.split()[-1]
    assert len(secret) == 43
    listed = county("accounts", "list")
    assert "每" not in listed.err
    assert "wang" in listed.out
    assert "every member" in listed.out
    assert secret not in listed.out
    found = json.loads(county("accounts", "list", "--json").out)
    assert [(each["name"], each["members"]) for each in found] == [("wang", ["A1"]), ("HIS-A", None)]


def test_accounts_change(county):
    county("accounts", "add", "wang", "--person", "P001", "--role", "lead", "--member", "A1", "--password-stdin",
           send=PASSWORD)  # fmt: skip
    county("accounts", "client", "HIS-A", "--role", "prescriber", "--member", "A1")
    assert "已停用" in county("accounts", "disable", "wang").out
    assert "it was so already" in county("accounts", "disable", "wang").out
    assert "已启用" in county("accounts", "enable", "wang").out
    assert county("accounts", "reset", "wang", "--password-stdin", send="four other plain words\n").code == 0
    assert "client_secret" in county("accounts", "reset", "HIS-A").out
    assert actions()[2:] == ["add account", "add client", "disable account", "enable account", "reset password",
                             "reset secret"]  # fmt: skip


ADD = ["add", "wang", "--person", "P001", "--role", "lead", "--member", "A1", "--password-stdin"]


@pytest.mark.parametrize(
    ("words", "send", "said"),
    [
        (ADD, "", "10 to 200"),
        (ADD, "short\n", "10 to 200"),
        (ADD, "password123\n", "the first that anybody would try"),
        (ADD[:-1], "", "no terminal"),
        ([*ADD, "--every-member"], PASSWORD, "--member"),
        ([*ADD, "--role", "king"], PASSWORD, "no such role"),
        (["add", "王", *ADD[2:]], PASSWORD, "letters, digits"),
        ([*ADD, "--public-key", "none"], PASSWORD, "No such file"),
        (["client", "HIS-A", "--role", "cashier"], "", "--member"),
        (["disable", "nobody"], "", "no such account"),
        (["reset", "nobody"], "", "no such account"),
        (["key", "nobody", "none"], "", "No such file"),
    ],
)
def test_accounts_that_cannot_be(county, words, send, said):
    told = county("accounts", *words, send=send)
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert json.loads(county("accounts", "list", "--json").out) == []


def test_the_password_is_asked_for_twice_on_a_terminal(county, monkeypatch):
    typed = iter(["correct horse battery", "correct horse batterie"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    told = county("accounts", *ADD[:-1], stdin=Terminal)
    assert told.code == 2
    assert "two are not the same" in told.err
    typed = iter(["correct horse battery"] * 2)
    assert county("accounts", *ADD[:-1], stdin=Terminal).code == 0


# --- editions ----------------------------------------------------------------------------------------


@pytest.fixture
def people(county, tmp_path):
    """Two accounts whose people may sign, by the commands alone."""
    for name, person in (("wang", "P001"), ("li", "P002")):
        assert county("edition", "keygen", person, "--out", tmp_path / f"{name}.pem").code == 0
        told = county("accounts", "add", name, "--person", person, "--role", "lead", "--every-member",
                      "--password-stdin", send=PASSWORD)  # fmt: skip
        assert told.code == 0
        assert county("accounts", "key", name, tmp_path / f"{name}.pem.pub").code == 0
    return county


def statements(run, tmp_path, target, label, *more):
    words = []
    for name, person in (("wang", "P001"), ("li", "P002")):
        file = tmp_path / f"{name}-{label}.json"
        told = run(
            "edition", "sign", target, "--person", person, "--key", tmp_path / f"{name}.pem", "--out", file, *more
        )
        assert (told.code, told.err) == (0, "")
        words += ["--statement", file]
    return words


def test_from_nothing_to_an_edition_and_back(people, bundle, tmp_path):
    run, first = people, digest(bundle)
    assert "no edition is published" in run("edition", "list").out
    told = run("edition", "publish", bundle, *statements(run, tmp_path, bundle, "1"), "--reason", "首次发布")
    assert (told.code, told.err) == (0, "")
    assert first in told.out
    assert status(run)["edition"] == first

    second = digest(reword(bundle))
    told = run("edition", "publish", bundle, *statements(run, tmp_path, bundle, "2"), "--reason", "改写")
    assert (told.code, told.err) == (0, "")
    listed = json.loads(run("edition", "list", "--json").out)
    assert [(each["digest"], each["holds"]) for each in listed] == [(second, True), (first, False)]

    words = statements(run, tmp_path, f"sha256:{first}", "3", "--roll-back")
    told = run("edition", "rollback", first[:12], *words, "--reason", "误报")
    assert (told.code, told.err) == (0, "")
    assert status(run)["edition"] == first
    listed = run("edition", "list").out
    for said in (first, second, "误报", "P001、P002", "现行 holds"):
        assert said in listed
    told = run("edition", "rollback", second[:12], *words, "--reason", "x")
    assert told.code == 2
    assert "is about the edition" in told.err
    assert actions()[-3:] == ["publish edition", "publish edition", "roll back edition"]


def test_publishing_that_is_refused(people, bundle, tmp_path):
    run = people
    words = statements(run, tmp_path, bundle, "1")
    for more, said in (
        ([bundle, *words[:2], "--reason", "x"], "1 of 2 people"),
        ([bundle, *words, "--reason", " "], "--reason"),
        ([tmp_path / "none", *words, "--reason", "x"], "No such file"),
        ([bundle, "--statement", tmp_path / "wang.pem", "--reason", "x"], "wang.pem"),
    ):
        told = run("edition", "publish", *more)
        assert (told.code, told.out) == (2, "")
        assert said in told.err
    run("accounts", "disable", "li")
    told = run("edition", "publish", bundle, *words, "--reason", "x")
    assert told.code == 2
    assert "no key of this person" in told.err
    assert "no edition is published" in run("edition", "list").out


@pytest.mark.parametrize("given", ["", "abc", "0" * 64, "x" * 12])
def test_a_digest_of_nothing(people, bundle, tmp_path, given):
    words = statements(people, tmp_path, "0" * 64, "1", "--roll-back")
    told = people("edition", "rollback", given, *words, "--reason", "x")
    assert told.code == 2
    assert "not the digest of a published edition" in told.err


@pytest.mark.parametrize("group", ["db", "accounts", "edition"])
def test_each_group_and_command_has_help_that_names_what_it_does(run, group):
    told = run(group, "--help")
    assert told.code == 0
    names = [command.name for found in app.registered_groups if found.name == group
             for command in found.typer_instance.registered_commands]  # fmt: skip
    assert len(names) >= 5
    for name in names:
        assert name in told.out
        assert run(group, name, "--help").code == 0
