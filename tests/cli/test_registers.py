"""`rx registers`: a file in, what changed out; a register into a file and back."""

import io
import json
import os
import pwd
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from tests.databases import database_kind, database_meeting, database_upgrade, database_url, new_database

from rx_review.store import county as store
from rx_review.store.database import Database
from rx_review.store.keys import create_keys
from rx_review.store.tables import AuditRow

__all__ = ["database_kind", "database_meeting", "database_upgrade", "database_url", "new_database"]

HEAD = "人员编号,姓名,机构编码,执业资格,医师职称,签名留样\n"


@pytest.fixture
def database(database_url, tmp_path, monkeypatch):
    """The county's database, with one member; the settings name it."""
    create_keys(tmp_path / "keys")
    monkeypatch.setenv("RX_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("RX_DATABASE_URL", database_url)
    made = Database(database_url)
    with made.write() as connection:
        store.found(connection, "某县", date(2026, 1, 1))
        store.put(connection, "member", "C1", '{"name": "县院"}', datetime(2026, 1, 1, tzinfo=UTC), None)
    yield made
    made.close()


@pytest.fixture
def csv(tmp_path):
    """Writes a file: `csv("人员", "…")`."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="gb18030")
        return path

    return write


def staff(database: Database) -> dict:
    with database.read() as connection:
        return {row.code: json.loads(row.document) for row in store.entries(connection, "staff")}


def test_a_file_is_imported_in_the_name_of_whoever_runs_the_command(run, database, csv):
    answer = run("registers", "import", csv("人员", HEAD + "0012,张三,C1,执业医师,主任医师,\n"))
    assert answer.code == 0
    assert "新增 1，变更 0，未变 0" in answer.out
    assert "+ staff 0012 张三" in answer.out
    assert staff(database)["0012"]["prescriber"] == {"licence": "physician", "title": "chief", "postings": []}
    with database.read() as connection:
        assert [row.actor for row in connection.execute(AuditRow.__table__.select())] == [
            f"person:{pwd.getpwuid(os.getuid()).pw_name}"
        ]


def test_a_dry_run_shows_old_and_new_and_keeps_nothing(run, database, csv):
    run("registers", "import", csv("人员", HEAD + "D1,张三,C1,执业医师,主治医师,是\nD2,李四,C1,执业医师,,\n"))
    answer = run("registers", "import", csv("人员", HEAD + "D1,张三,C1,执业医师,主任医师,\n"), "--dry-run")
    assert answer.code == 0
    assert '    prescriber.title: "attending" → "chief"' in answer.out.splitlines()
    assert "    prescriber.specimen_on_file: true → （不详 · unknown）" in answer.out.splitlines()
    assert "? staff D2 李四" in answer.out.splitlines()
    assert staff(database)["D1"]["prescriber"]["title"] == "attending"
    told = json.loads(
        run("registers", "import", csv("人员", HEAD + "D1,张三,C1,执业医师,,\n"), "--dry-run", "--json").out
    )
    assert (told["dry_run"], [each["key"] for each in told["changed"]]) == (True, ["D1"])


def test_faults_are_said_in_the_language_that_is_asked_for(run, database, csv):
    path = csv("人员", HEAD + "D1,张三,C1,医生,,\n,李四,C1,执业医师,,\n")
    for lang, words in (("zh", "不在可选值内"), ("en", "not one of the values")):
        answer = run("registers", "import", path, "--lang", lang)
        assert (answer.code, answer.out) == (2, "")
        assert words in answer.err
        assert "人员.csv!A3 人员编号" in answer.err
    faults = json.loads(run("registers", "import", path, "--json").out)["faults"]
    assert [fault["where"] for fault in faults] == ["人员.csv!D2 执业资格", "人员.csv!A3 人员编号"]
    assert staff(database) == {}


def test_a_file_that_is_not_there_is_said_by_its_path(run, database, tmp_path):
    answer = run("registers", "import", tmp_path / "无.xlsx")
    assert (answer.code, "无.xlsx" in answer.err) == (2, True)


def test_members_are_not_taken_before_an_edition_says_which_institutions_there_are(run, database, csv):
    answer = run("registers", "import", csv("成员机构", "机构编码,机构名称,只观察的规则\nT1,镇院,全部\n"))
    assert answer.code == 2
    assert "no edition is published" in answer.err


def test_what_is_exported_is_imported_without_a_change(run, database, csv, tmp_path):
    rights = csv("处方权", "人员编号,权限,起始日,有效期至\n0012,麻醉药品处方权,2026年1月1日,2026/12/31\n")
    run("registers", "import", csv("人员", HEAD + "0012,张三,C1,执业医师,主任医师,\n"), rights)
    path = tmp_path / "出.xlsx"
    assert run("registers", "export", "staff", "--out", path).code == 0
    assert load_workbook(io.BytesIO(path.read_bytes()))["处方权"]["D2"].value is None
    assert load_workbook(io.BytesIO(path.read_bytes()))["处方权"]["E2"].value == "2026-12-31"
    told = json.loads(run("registers", "import", path, "--json").out)
    assert [each["key"] for each in told["unchanged"]] == ["0012"]
    assert (told["added"], told["changed"], told["absent"]) == ([], [], [])


def test_a_file_that_is_there_is_not_overwritten(run, database, tmp_path):
    path = tmp_path / "出.xlsx"
    path.write_text("kept")
    for words in (("template",), ("export", "staff")):
        answer = run("registers", *words, "--out", path)
        assert (answer.code, "it is there already" in answer.err) == (2, True)
    assert path.read_text() == "kept"


def test_the_template_needs_no_database(run, monkeypatch, tmp_path):
    monkeypatch.setenv("RX_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3")
    assert run("registers", "template", "--out", tmp_path / "模板.xlsx").code == 0
    assert load_workbook(tmp_path / "模板.xlsx").sheetnames == [
        "说明",
        "人员",
        "处方权",
        "派驻",
        "成员机构",
        "药事会决议",
    ]


def test_only_registers_can_be_exported(run, database, tmp_path):
    answer = run("registers", "export", "patients", "--out", tmp_path / "x.xlsx")
    assert (answer.code, "staff, members, decisions" in answer.err) == (2, True)
