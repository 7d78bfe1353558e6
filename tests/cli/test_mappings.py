"""`rx mappings`: the work-list, the file that is filled in, and what is mapped afterwards."""

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook
from tests.facts.small import CORE, rows, sheet, write_formulary

from rx_review import config
from rx_review.library.tables import read_tables

MEMBERS = rows("institution name tier parent", "C1 县院 county -\nT1 镇院 township C1\nV1 村 village T1")


@pytest.fixture
def formulary(folders, tmp_path, monkeypatch) -> Path:
    """A formulary of this test's own, which commands write into."""
    folder = tmp_path / "formulary"
    folder.mkdir()
    sources = [*CORE["sources"], {"source": "MEMBER-CODES", "title": "codes of members", "kind": "county"}]
    write_formulary(folder, sources=sources, institutions=MEMBERS)
    return folder


@pytest.fixture
def call(run, formulary, monkeypatch):
    """Call a command over that formulary."""
    monkeypatch.setenv("RX_FORMULARY_DIR", str(formulary))
    return run


def sent(*lines: dict, institution: str = "T1", **fields) -> bytes:
    return json.dumps(sheet(*lines, institution=institution, **fields), ensure_ascii=False).encode() + b"\n"


ODD = {"product": "Y-31", "generic": "院制片"}
NEAR = {"product": "Y-32", "generic": "二甲双胍缓片"}
NAMED = {"product": "Y-33", "generic": "布洛芬片"}
SHEETS = sent(ODD, NEAR) + sent(ODD, NAMED, number="A2") + sent(ODD, number="A3", institution="C1")


def todo(call, *words: str, stdin: bytes = SHEETS) -> list[dict]:
    answer = call("mappings", "todo", "-", "--json", *words, stdin=stdin)
    assert answer.code == 0
    return json.loads(answer.out)


def test_what_nobody_mapped_is_counted_most_often_first(call):
    found = todo(call)
    assert [(row["institution"], row["code"], row["count"], row["state"]) for row in found] == [
        ("T1", "Y-31", 2, "未识别"), ("C1", "Y-31", 1, "未识别"), ("T1", "Y-32", 1, "未识别"),
        ("T1", "Y-33", 1, "按名称识别"),
    ]  # fmt: skip
    assert all(row["target"] == "" for row in found)


def test_near_names_are_suggested_and_a_name_that_is_known_is_itself(call):
    near = {row["code"]: row["suggestions"] for row in todo(call)}
    assert "二甲双胍缓释片" in near["Y-32"]
    assert near["Y-33"] == "布洛芬片"


def test_nothing_to_map_is_said(call):
    plain = sent({"product": "D03"}, {"generic": "布洛芬片"})
    assert todo(call, stdin=plain) == []
    assert "nothing to map" in call("mappings", "todo", "-", stdin=plain).out


def test_a_sheet_that_cannot_be_read_is_said_and_the_others_are_counted(call):
    answer = call("mappings", "todo", "-", "--json", stdin=b'{"number": "X"}\n' + SHEETS)
    assert answer.code == 2
    assert len(json.loads(answer.out)) == 4
    assert "setting" in answer.err


def test_the_list_for_a_spreadsheet_has_the_columns_that_load_takes(call):
    answer = call("mappings", "todo", "-", "--csv", stdin=SHEETS)
    assert answer.out.startswith("\ufeff")
    header, *lines = csv.reader(io.StringIO(answer.out.removeprefix("\ufeff")))
    assert header[-1] == "指向"
    assert len(lines) == 4


def test_the_list_filled_in_and_loaded_leaves_nothing_to_map(call, tmp_path, formulary):
    for institution in ("T1", "C1"):
        answer = call("mappings", "todo", "-", "--csv", stdin=SHEETS)
        header, *lines = csv.reader(io.StringIO(answer.out.removeprefix("\ufeff")))
        mine = [
            [*line[:-1], "布洛芬片" if "布洛芬" in line[3] else "二甲双胍"] for line in lines if line[0] == institution
        ]
        text = io.StringIO()
        csv.writer(text).writerows([header, *mine])
        (tmp_path / "filled.csv").write_bytes(text.getvalue().encode("gb18030"))
        loaded = call("mappings", "load", tmp_path / "filled.csv", "--institution", institution)
        assert (loaded.code, loaded.err) == (0, "")
        assert f"{len(mine)} rows read, {len(mine)} written" in loaded.out
    assert todo(call) == []
    written = read_tables(formulary)["mappings"]
    assert {row.from_ for row in written} == {config.today()}
    assert {row.checked for row in written} == {False}


def test_an_xlsx_is_loaded_and_loading_it_again_adds_nothing(call, tmp_path, formulary):
    book = Workbook()
    for row in (["院内码", "指向", "包装数"], [10023.0, "D03", 20.0], ["Y-31", "阿莫西林胶囊", None]):
        book.active.append(row)
    book.save(tmp_path / "codes.xlsx")
    assert "2 rows read, 2 written" in call("mappings", "load", tmp_path / "codes.xlsx", "--institution", "C1").out
    before = (formulary / "mappings.csv").read_bytes()
    assert "2 rows read, 0 written" in call("mappings", "load", tmp_path / "codes.xlsx", "--institution", "C1").out
    assert (formulary / "mappings.csv").read_bytes() == before
    assert [row.code for row in read_tables(formulary)["mappings"]] == ["10023", "Y-31"]


def test_a_code_loaded_for_the_county_is_known_in_its_villages(call, tmp_path):
    (tmp_path / "codes.csv").write_text("院内码,指向\nY-31,D03\n", encoding="utf-8")
    assert call("mappings", "load", tmp_path / "codes.csv", "--institution", "C1").code == 0
    assert todo(call, stdin=sent({"product": "Y-31"}, institution="V1")) == []


def test_a_faulty_file_changes_nothing_and_every_fault_is_said(call, tmp_path, formulary):
    before = (formulary / "mappings.csv").read_bytes()
    (tmp_path / "codes.csv").write_text("院内码,指向\nA1,D03\nA2,没有\n,D03\nA1,D04\n", encoding="utf-8")
    answer = call("mappings", "load", tmp_path / "codes.csv", "--institution", "T1")
    assert answer.code == 2
    assert [f"codes.csv:{line}" in answer.err for line in (2, 3, 4, 5)] == [False, True, True, True]
    assert (formulary / "mappings.csv").read_bytes() == before


@pytest.mark.parametrize("institution", ["T9", ""])
def test_a_member_that_is_none_is_refused(call, tmp_path, institution):
    (tmp_path / "codes.csv").write_text("院内码,指向\nA1,D03\n", encoding="utf-8")
    answer = call("mappings", "load", tmp_path / "codes.csv", "--institution", institution)
    assert answer.code == 2
    assert "T1" in answer.err


def test_what_was_mapped_later_is_off_the_list_for_earlier_sheets_too(call, tmp_path):
    (tmp_path / "codes.csv").write_text("院内码,指向\nY-31,D03\n", encoding="utf-8")
    old = sent({"product": "Y-31"}, issued_at="2024-01-01T09:30:00+08:00")
    assert date(2024, 1, 1) < config.today()
    assert len(todo(call, stdin=old)) == 1
    assert call("mappings", "load", tmp_path / "codes.csv", "--institution", "T1").code == 0
    assert todo(call, stdin=old) == []
