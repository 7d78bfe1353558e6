"""Files of the registers: which sheet is which, what a cell means, and what is refused, with its place."""

import io
import re
import zipfile
from datetime import date, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from rx_review.domain.county import PharmacistPart, StaffEntry, StaffPart, StandingDecision
from rx_review.domain.registers import Right, RightKind, Title
from rx_review.errors import InputError
from rx_review.intake import register_sheets
from rx_review.intake.register_cells import read_cell
from rx_review.intake.register_columns import FORMS, SHEET_KINDS
from rx_review.intake.register_files import RegisterFiles, read_register_files
from rx_review.intake.register_sheets import Cell, read_sheets
from rx_review.intake.register_writing import rows_of_staff, write_registers, write_template


def book(**sheets: list[list]) -> bytes:
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    found = io.BytesIO()
    made.save(found)
    return found.getvalue()


def read(data: bytes | str, name: str = "") -> RegisterFiles:
    content = data.encode() if isinstance(data, str) else data
    return read_register_files([(name or ("人员.csv" if isinstance(data, str) else "名册.xlsx"), content)])


def refused(found: RegisterFiles) -> list[tuple[str, str]]:
    return [(fault.where, fault.what) for fault in found.faults]


def cells(found: RegisterFiles, kind: str = "staff") -> list[dict]:
    assert not found.faults
    return [dict(row.cells) for row in found.rows[kind]]


def column(kind: str, key: str):
    return next(each for each in FORMS[kind].columns if each.key == key)


# --- headings and sheets --------------------------------------------------------------------------


def test_a_workbook_of_three_chinese_sheets_is_read_whole():
    found = read(
        book(
            人员=[
                ["人员编号", "姓名", "机构编码", "执业资格", "医师职称", "注册机构", "签名留样"],
                ["0012", "张三", "C1", "执业医师", "主任医师", "C1、T1", "是"],
            ],
            处方权=[
                ["人员编号", "权限", "起始日", "有效期至"],
                ["0012", "麻醉药品处方权", date(2026, 11, 1), "2027年10月31日"],
            ],
            派驻=[["人员编号", "派驻机构", "起始日"], ["0012", "T1", "2026/11/1"]],
        )
    )
    assert cells(found) == [
        {"code": "0012", "name": "张三", "institution": "C1", "licence": "physician", "title": "chief",
         "registered_at": ["C1", "T1"], "specimen_on_file": True}
    ]  # fmt: skip
    right, posting = cells(found, "rights")[0], cells(found, "postings")[0]
    assert (right["kind"], right["from"], right["last_day"]) == ("narcotic", date(2026, 11, 1), date(2027, 11, 1))
    assert (posting["institution"], posting["from"]) == ("T1", date(2026, 11, 1))


def test_english_headings_and_values_mean_the_same():
    english = "code,name,institution,licence,title,registered_at,tcm\n0012,Zhang San,C1,physician,chief,C1;T1,no\n"
    chinese = "工号*,姓名,机构,医师资格,职称（现任）,注册地点,中医\n0012,Zhang San,C1,执业医师,主任医师,C1 T1,否\n"
    assert cells(read(english)) == cells(read(chinese))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_each_encoding_that_spreadsheets_write(encoding):
    assert cells(read("人员编号,姓名,机构编码\n0012,张三,C1\n".encode(encoding)))[0]["name"] == "张三"


def test_a_title_above_the_headings_and_numbers_beside_them_do_no_harm():
    found = read(
        book(Sheet1=[["县医院人员名册"], [], ["序号", "人员编号", "姓名", "机构编码"], [1, "D1", "张三", "C1"], [2]])
    )
    assert [row["code"] for row in cells(found)] == ["D1"]
    assert found.left_alone == ["名册.xlsx Sheet1!A3 序号"]


def test_a_sheet_is_known_by_its_headings_where_its_name_says_nothing():
    found = read("人员编号,权限,起始日\nD1,处方权,2026-11-01\n", "导出(1).csv")
    assert cells(found, "rights")[0]["kind"] == "prescribe"


def test_a_sheet_that_could_be_anything_is_refused_and_a_hidden_one_is_only_told():
    data = book(随便=[["甲", "乙"], ["1", "2"]])
    assert refused(read(data))[0][0] == "名册.xlsx 随便"
    made = Workbook()
    made.active.append(["人员编号", "姓名", "机构编码"])
    made.create_sheet("人员二").append(["人员编号"])
    made.worksheets[1].sheet_state = "hidden"
    kept = io.BytesIO()
    made.save(kept)
    assert read(kept.getvalue()).left_alone == ["名册.xlsx 人员二"]


def test_a_needed_column_that_is_missing_is_named():
    assert refused(read("人员编号,姓名\nD1,张三\n")) == [("人员.csv!1", "no column institution")]


def test_a_heading_that_is_nearly_one_of_ours_is_not_passed_over():
    found = read("code,name,institution,specimen_on_fle\nD1,A,C1,yes\n")
    assert refused(found) == [("人员.csv!D1 specimen_on_fle", "no such column, and specimen_on_file is not there")]


def test_a_column_that_stands_twice_is_refused_at_both_places():
    found = read("人员编号,工号,姓名,机构编码\nD1,D2,张三,C1\n")
    assert [where for where, _ in refused(found)] == ["人员.csv!A1 人员编号", "人员.csv!B1 工号"]


def test_a_cell_under_no_heading_is_refused():
    assert refused(read("人员编号,姓名,机构编码\nD1,张三,C1,是\n")) == [("人员.csv!D2", "a cell under no heading")]


def test_every_fault_of_every_file_is_said_at_once_with_its_cell():
    first = book(
        人员=[["人员编号", "姓名", "机构编码", "执业资格"], [12, "张三", "C1", "医生"], ["D2", None, "C1", "乡村医生"]]
    )
    second = "人员编号,权限,起始日\nD1,全部,2026-13-01\n".encode()
    found = read_register_files([("hr/名册.xlsx", first), ("处方权.csv", second), ("旧.xls", b"\xd0\xcf\x11\xe0")])
    assert [where for where, _ in refused(found)] == [
        "名册.xlsx 人员!A2 人员编号", "名册.xlsx 人员!D2 执业资格", "名册.xlsx 人员!B3 姓名",
        "处方权.csv!B2 权限", "处方权.csv!C2 起始日", "旧.xls",
    ]  # fmt: skip
    assert all(fault.do and re.search("[一-鿿]", fault.zh) for fault in found.faults)
    assert [row.sound for row in found.rows["staff"]] == [False, False]


# --- values ----------------------------------------------------------------------------------------


def test_an_empty_cell_is_unknown_and_never_false():
    found = cells(read("code,name,institution,specimen_on_file,tcm,title\nD1,A,C1,,否,不详\n"))[0]
    assert (found["specimen_on_file"], found["tcm"], found["title"]) == (None, False, None)
    assert "independent" not in found


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-01",
        "2026/11/1",
        "2026年11月1日",
        "2026.11.1",
        "20261101",
        20261101,
        date(2026, 11, 1),
        datetime(2026, 11, 1),
    ],
)
def test_a_day_may_be_written_in_each_of_these_ways(written):
    assert read_cell(column("rights", "from"), Cell(written)) == date(2026, 11, 1)


@pytest.mark.parametrize(
    "written",
    ["2026-02-30", "11/1/2026", "2026-11", "长期", 46327, True, datetime(2026, 11, 1, 8), "2226-11-01", "2026-11/01"],
)
def test_what_is_no_certain_day_is_refused(written):
    found = read(book(处方权=[["人员编号", "权限", "起始日"], ["D1", "处方权", written]]))
    assert [where for where, _ in refused(found)] == ["名册.xlsx 处方权!C2 起始日"]


def rights(columns: str, *values: str) -> RegisterFiles:
    return read(f"人员编号,权限,起始日,{columns}\nD1,处方权,{','.join(values)}\n", "处方权.csv")


def test_the_last_day_and_the_first_day_after_are_told_apart():
    last = cells(rights("有效期至", "2026-01-01", "2026-12-31"), "rights")[0]
    after = cells(rights("失效日", "2026-01-01", "2027-01-01"), "rights")[0]
    assert last["last_day"] == after["until"] == date(2027, 1, 1)
    both = rights("失效日,有效期至", "2026-01-01", "2027-01-01", "2026-12-31")
    assert refused(both) == [("处方权.csv!E2 有效期至", "the first day after and the last day are both given")]
    backwards = rights("有效期至", "2026-01-02", "2026-01-01")
    assert refused(backwards) == [("处方权.csv!D2 有效期至", "it ends before it begins")]
    assert not rights("有效期至", "2026-01-01", "2026-01-01").faults


def test_a_remark_that_turns_the_meaning_of_a_heading_counts():
    assert cells(rights("终止日（不含）", "2026-01-01", "2026-12-31"), "rights")[0]["until"] == date(2026, 12, 31)
    assert cells(rights("终止日（可空）", "2026-01-01", "2026-12-31"), "rights")[0]["last_day"] == date(2027, 1, 1)
    unsure = rights("失效日（含当日）", "2026-01-01", "2026-12-31")
    assert [where for where, _ in refused(unsure)] == ["处方权.csv!D1 失效日（含当日）"]


def test_a_number_is_no_code_unless_its_format_writes_the_zeros():
    made = Workbook()
    made.active.append(["人员编号", "姓名", "机构编码"])
    made.active.append([12, "张三", "C1"])
    made.active.append([12, "李四", "C1"])
    made.active["A3"].number_format = "0000"
    kept = io.BytesIO()
    made.save(kept)
    found = read(kept.getvalue())
    assert [where for where, _ in refused(found)] == ["名册.xlsx Sheet!A2 人员编号"]
    assert found.rows["staff"][1].get("code") == "0012"


def test_formulas_and_what_they_came_to_are_refused():
    found = read(book(人员=[["人员编号", "姓名", "机构编码"], ["=A1", "#N/A", "C1"]]))
    assert [what for _, what in refused(found)] == ["a formula", "the formula came to #N/A"]
    assert refused(read('人员编号,姓名,机构编码\n"=""0012""",张三,C1\n')) == [("人员.csv!A2 人员编号", "a formula")]
    harmless = read(book(人员=[["序号", "人员编号", "姓名", "机构编码"], ["=ROW()", "D1", "张三", "C1"]]))
    assert cells(harmless)[0]["code"] == "D1"


def test_none_beside_others_contradicts_itself():
    found = read("code,name,institution,registered_at\nD1,A,C1,无、C1\n")
    assert refused(found) == [("人员.csv!D2 registered_at", "'无、C1' contradicts itself")]


def test_each_value_of_the_registers_has_a_word():
    def values(kind, key):
        return set(column(kind, key).words) - {"none"}

    def of(model, name):
        found = model.model_fields[name].annotation
        return {value for part in (found, *get_args(found)) for value in get_args(part) if isinstance(value, str)}

    assert values("rights", "kind") == set(get_args(RightKind))
    assert values("staff", "title") == set(get_args(Title)) - {"none"}
    assert values("staff", "licence") == of(StaffPart, "licence")
    assert values("staff", "status") == of(StaffPart, "status")
    assert values("staff", "trainee") == of(StaffPart, "trainee") - {"none"}
    assert values("staff", "pharmacist_title") == of(PharmacistPart, "title") - {"none"}
    assert values("decisions", "passes") == {"pass", "note", "warn"}
    staff = {each.key.removeprefix("pharmacist_") for each in FORMS["staff"].columns}
    assert {*StaffPart.model_fields, *PharmacistPart.model_fields, *StaffEntry.model_fields} - staff == {
        "as_of", "person", "postings", "rights", "prescriber"}  # fmt: skip
    decisions = {each.key.rstrip("_") for each in FORMS["decisions"].columns}
    assert {name.rstrip("_") for name in StandingDecision.model_fields} <= decisions
    assert {name.rstrip("_") for name in Right.model_fields} <= {each.key for each in FORMS["rights"].columns}


@pytest.mark.parametrize("kind", SHEET_KINDS)
def test_no_word_and_no_heading_means_two_things(kind):
    form = FORMS[kind]
    headings = [name for each in form.columns for name in each.headings]
    assert len(headings) == len(set(headings))
    for each in form.columns:
        names = [name for words in each.words.values() for name in words]
        assert len(names) == len(set(names))


# --- bounds ----------------------------------------------------------------------------------------


def test_a_file_of_more_than_two_mebibytes_is_refused():
    assert refused(read(b"x" * (2 * 1024 * 1024 + 1), "大.csv")) == [("大.csv", "more than 2 MiB")]


@pytest.mark.parametrize("counts", [(20_000,), (9_999, 9_999, 9_999)])
def test_more_than_twenty_thousand_rows_are_refused_in_one_file_or_several(counts):
    files = [(f"{n}.csv", ("code,name,institution\n" + "D,A,C\n" * count).encode()) for n, count in enumerate(counts)]
    assert [what for _, what in refused(read_register_files(files))] == ["more than 20000 rows"]


def test_a_workbook_of_too_many_rows_is_refused_while_it_is_read(monkeypatch):
    monkeypatch.setattr(register_sheets, "MOST_ROWS", 10)
    with pytest.raises(InputError, match="more than 10 rows"):
        read_sheets("大.xlsx", book(人员=[["D1", "A", "C1"]] * 11))


def packed(**parts: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return found.getvalue()


def test_a_file_that_unpacks_to_far_more_is_refused_before_it_is_unpacked():
    bomb = packed(sheet=b"0" * (33 * 1024 * 1024))
    assert len(bomb) < 100_000
    assert refused(read(bomb, "名册.xlsx")) == [("名册.xlsx", "too large when unpacked")]


def test_rows_that_are_only_coloured_are_bounded_too():
    rows = packed(**{"xl/worksheets/sheet1.xml": b'<x:row r="1"/>' * 100_001})
    assert refused(read(rows, "名册.xlsx")) == [("名册.xlsx", "too many empty rows")]


def test_a_sheet_that_says_it_has_a_trillion_rows_is_read_at_once():
    data = book(人员=[["人员编号", "姓名", "机构编码"], ["D1", "张三", "C1"]])
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(found, "w") as made:
        for part in old.infolist():
            content = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                content = content.replace(b'<row r="2"', b'<row r="999999999999"')
            made.writestr(part, content)
    assert read(found.getvalue()).rows["staff"] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_entities_within_entities_are_refused(encoding):
    text = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    found = read(packed(**{"xl/workbook.xml": text.encode(encoding)}), "名册.xlsx")
    assert refused(found) == [("名册.xlsx", "xl/workbook.xml has a document type")]


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 and then nothing", packed(a=b"b"), b"\xff\xfeA\x00", b"\x81", b'a,b\n"c']
)
def test_what_is_no_such_file_is_refused_and_nothing_else_happens(data):
    assert len(read(data, "名册").faults) == 1


def test_files_with_nothing_in_them_are_refused():
    assert [what for _, what in refused(read("", "空.csv"))] == ["no sheet of a register"]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    found = read(data, "名册.csv")
    assert found.faults or found.kinds


# --- writing ---------------------------------------------------------------------------------------


def test_the_template_is_read_as_empty_sheets_and_explains_each_column():
    found = read(write_template())
    assert (found.kinds, found.faults, found.left_alone) == (set(SHEET_KINDS), [], [])
    assert not any(found.rows.values())
    explained = {
        (row.cells[1].value, row.cells[3].value)
        for row in read_sheets("t.xlsx", write_template())[0].rows
        if 3 in row.cells
    }
    assert {(form.zh, each.key) for form in FORMS.values() for each in form.columns} <= explained


def test_a_name_that_begins_like_a_formula_is_written_as_a_name():
    person = StaffEntry(institution="C1", name="=1+1", prescriber=StaffPart(licence="physician"))
    found = read(write_registers(rows_of_staff([("0012", person)])))
    assert (cells(found)[0]["code"], cells(found)[0]["name"]) == ("0012", "=1+1")


def test_a_name_that_no_workbook_can_hold_is_said_and_not_spoilt():
    person = StaffEntry(institution="C1", name="张\uffff", prescriber=StaffPart(licence="physician"))
    with pytest.raises(InputError, match="no workbook can hold"):
        write_registers(rows_of_staff([("D1", person)]))
