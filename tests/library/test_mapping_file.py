"""A member's mapping file: read whole or refused whole, and what is loaded keeps its history."""

import csv
import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from tests.facts.small import CORE, rows, write_formulary

from rx_review.errors import InputError
from rx_review.library.indexing import build_formulary
from rx_review.library.mapping_file import merge_mappings, read_mapping_file
from rx_review.library.rows import MemberCode
from rx_review.library.tables import read_tables

TODAY = date(2026, 11, 22)
OWN = {
    "sources": [*CORE["sources"], {"source": "MEMBER-CODES", "title": "codes of members", "kind": "county"}],
    "institutions": rows("institution name tier parent", "C1 县院 county -\nT1 镇院 township C1\nV1 村 village T1"),
    "spellings": rows("kind spelling code", "diagnosis 支气管哮喘 J45.900"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_formulary(tmp_path_factory.mktemp("formulary"), **OWN)


@pytest.fixture(scope="module")
def known(folder):
    return build_formulary(read_tables(folder), {})


@pytest.fixture
def load(known, tmp_path):
    """Read a file of these bytes, or an xlsx of these rows: `load("院内码,指向\\n…")`, `load([["院内码", …], …])`."""

    def call(content: str | bytes | list[list[object]], institution: str = "T1", name: str = "codes"):
        if isinstance(content, list):
            path = tmp_path / f"{name}.xlsx"
            book = Workbook()
            for row in content:
                book.active.append(row)
            book.save(path)
        else:
            path = tmp_path / f"{name}.csv"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_mapping_file(path, institution, known, TODAY)

    return call


def refused(load, content, **named) -> list[str]:
    """What is said of a file that is not read; each fault also in Chinese."""
    with pytest.raises(InputError) as caught:
        load(content, **named)
    assert all(fault.where and fault.what and fault.do and fault.zh for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


def or_refused(read: Callable[[], list[MemberCode]]) -> list[MemberCode] | None:
    """What is read; None if it is refused, which says why. Any other end fails."""
    try:
        return read()
    except InputError as error:
        return None if error.faults else []


def meant(found) -> list[tuple]:
    return [(row.kind, row.code, row.target, row.form, row.strength, row.pack and str(row.pack)) for row in found]


PLAIN = "院内码,指向,名称\n10023,D03,二甲双胍片\nY-7,阿莫西林胶囊,阿莫仙\n"
READ = [("drug", "10023", "D03", None, None, None), ("drug", "Y-7", "阿莫西林", "capsule", None, None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_is_read_in_the_encodings_that_spreadsheets_write(load, encoding, ending):
    assert meant(load(PLAIN.replace("\n", ending).encode(encoding))) == READ


def test_rows_hold_from_the_day_they_are_read_and_nobody_has_checked_them(load):
    for row in load(PLAIN):
        assert (row.institution, row.from_, row.until, row.checked) == ("T1", TODAY, None, False)


def test_a_name_that_two_encodings_read_is_taken_from_utf_8(load):
    assert [row.name for row in load(PLAIN)] == ["二甲双胍片", "阿莫仙"]


HEADERS = {
    "kind": ("kind", "字典", "类别", "KIND", " 字 典 "),
    "code": ("code", "院内码", "院内编码", "编码", "代码", "Code"),
    "name": ("name", "院内名称", "名称", "品名"),
    "target": ("target", "指向", "对应", "通用名", "本县编码", "ICD", "icd编码"),
    "form": ("form", "剂型"),
    "strength": ("strength", "规格", "ＳＴＲＥＮＧＴＨ"),
    "pack": ("pack", "包装数", "转换系数"),
}
CELLS = {
    "kind": "药品", "code": "A1", "name": "叫法", "target": "二甲双胍", "form": "缓释片", "strength": "0.5g",
    "pack": "30",
}  # fmt: skip


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_columns_stand_in_any_order_in_chinese_or_english_among_others(load, data):
    names = data.draw(st.permutations([*HEADERS, "备注", "次数", "建议"]))
    header = [data.draw(st.sampled_from(HEADERS[name])) if name in HEADERS else name for name in names]
    text = io.StringIO()
    csv.writer(text).writerows([header, [CELLS.get(name, "别的") for name in names]])
    (row,) = load(text.getvalue())
    assert meant([row]) == [("drug", "A1", "二甲双胍", "sustained_tablet", "0.5g", "30")]
    assert row.name == "叫法"


@pytest.mark.parametrize(("header", "column"), [("指向,名称", "code"), ("院内码,名称", "target"), ("", "code")])
def test_without_a_code_or_a_target_column_nothing_is_read(load, header, column):
    (said,) = refused(load, f"{header}\nA1,二甲双胍\n")
    assert f"no column {column}" in said


def test_of_two_columns_of_one_name_none_is_chosen(load):
    (said,) = refused(load, "院内码,指向,指向\nA1,D03,D04\n")
    assert "two columns are called 指向" in said


def test_an_open_quote_does_not_swallow_the_lines_below_it(load):
    said = refused(load, '院内码,指向,名称\nA1,D03,"格华止\nA2,D04,\nA3,D05,\n')
    assert said[0].startswith("codes.csv:2")


def test_a_line_below_a_cell_of_two_lines_is_still_named_rightly(load):
    (said,) = refused(load, '院内码,指向,名称\nA1,D03,"格华止\n进口"\nA2,二甲双瓜,\n')
    assert said.startswith("codes.csv:4: target")


def test_a_file_without_rows_is_refused(load):
    (said,) = refused(load, "院内码,指向\n\n , \n")
    assert "no rows" in said


def test_a_member_that_is_none_is_refused(load):
    (said,) = refused(load, PLAIN, institution="T9")
    assert "T9 is no member" in said
    assert "C1" in said


def test_every_fault_is_said_at_once_by_line_and_column(load):
    text = (
        "字典,院内码,指向,剂型,规格,包装数\n"
        "药品,A1,二甲双胍,,,\n"
        "器械,A2,二甲双胍,,,\n"
        "药品,,二甲双胍,,,\n"
        "药品,A4,,,,\n"
        "药品,A5,二甲双瓜,,,\n"
        "药品,A6,二甲双胍,软糖,,\n"
        "药品,A7,二甲双胍,,,1e3\n"
        "药品,a1,二甲双胍,,,\n"
        "诊断,A9,哮踹,,,\n"
        "药品,A10,二甲双胍,,,-2\n"
    )
    said = refused(load, text)
    assert [line.split(": ")[:2] for line in said] == [
        ["codes.csv:3", "kind"], ["codes.csv:4", "code"], ["codes.csv:6", "target"],
        ["codes.csv:7", "form"], ["codes.csv:8", "pack"], ["codes.csv:9", "the code a1 stands in line 2 too; keep one"],
        ["codes.csv:10", "target"], ["codes.csv:11", "pack"],
    ]  # fmt: skip
    assert "二甲双胍" in said[2]


def test_codes_of_other_members_and_those_without_a_target_are_left_alone(load):
    found = load("机构,院内码,指向\nC1,A1,二甲双胍\nT1,A2,二甲双胍\n,A3,二甲双胍\nC1,A4,\n")
    assert [row.code for row in found] in (["A1", "A3"], ["A2", "A3"])


def test_a_name_and_a_target_that_are_two_drugs_are_a_fault(load):
    (said,) = refused(load, "院内码,院内名称,指向\nA1,布洛芬,二甲双胍\n")
    assert "correct one of the two" in said


def test_a_near_name_is_suggested_and_never_taken(load):
    (said,) = refused(load, "院内码,指向\nA1,布洛芬片剂型\n")
    assert "did you mean" in said
    assert "布洛芬" in said


def test_a_code_may_stand_for_a_drug_and_for_a_diagnosis(load):
    found = load("字典,院内码,指向\ndrug,7,D03\n诊断,7,J45.900\n")
    assert [(row.kind, row.target) for row in found] == [("drug", "D03"), ("diagnosis", "J45.900")]


def test_a_diagnosis_is_meant_by_its_code_or_by_its_exact_name(load):
    found = load("字典,院内码,指向\n诊断,1,j45.9\n诊断,2,支气管哮喘\n诊断,3,哮喘\n诊断,4,J45\n诊断,5,J45.x00\n")
    assert [row.target[:3] for row in found] == ["J45"] * 5


@pytest.mark.parametrize("target", ["J45哮喘", "J4590", "J45900", "J45-", "J45.9;I10", "J45 .9", "J45.900x001"])
def test_whatever_target_is_taken_the_formulary_can_be_read_afterwards(load, folder, tmp_path, target):
    found = or_refused(lambda: load(f"字典,院内码,指向\n诊断,1,{target}\n"))
    (tmp_path / "formulary").mkdir()
    write_formulary(tmp_path / "formulary", **OWN)
    merge_mappings(tmp_path / "formulary", (), found or ())
    read_tables(tmp_path / "formulary")


# Spreadsheets


def test_numbers_of_a_spreadsheet_are_codes_and_packs_without_a_point(load):
    found = load([["院内码", "指向", "规格", "包装数"], [10023.0, "D03", 0.5, 24.0], [10024, "D03", 0.1 + 0.2, 7.5]])
    said = [(row.code, row.strength, str(row.pack)) for row in found]
    assert said == [("10023", "0.5", "24"), ("10024", "0.3", "7.5")]


def test_empty_rows_and_columns_of_a_spreadsheet_are_left_out(load):
    content = [["", "院内码", None, "指向"], [None] * 4, [None, "A1", None, "D03"], [None, " ", "", None]]
    assert meant(load(content)) == [("drug", "A1", "D03", None, None, None)]


def test_a_merged_cell_says_nothing_for_the_rows_below_its_first(known, tmp_path):
    book = Workbook()
    for row in (["院内码", "指向"], ["A1", "D03"], ["A2", None], ["A3", "D04"]):
        book.active.append(row)
    book.active.merge_cells("B2:B3")
    book.save(tmp_path / "merged.xlsx")
    found = read_mapping_file(tmp_path / "merged.xlsx", "T1", known, TODAY)
    assert [row.code for row in found] == ["A1", "A3"]


@pytest.mark.parametrize("column", range(6))
def test_a_formula_that_was_never_calculated_is_no_empty_cell(load, column):
    cells: list[object] = ["A1", "D03", "格华止", "片", "0.5g", 20]
    cells[column] = '=CONCATENATE("x", "y")'
    header = ["院内码", "指向", "名称", "剂型", "规格", "包装数"]
    (said,) = refused(load, [header, cells])
    assert said.startswith("codes.xlsx:2")
    assert "formula" in said


def test_a_row_of_formulas_that_were_never_calculated_is_not_passed_over(load):
    said = refused(load, [["院内码", "指向"], ["A1", "D03"], ["=A2", "=B2"]])
    assert said
    assert all(line.startswith("codes.xlsx:3") for line in said)


@pytest.mark.parametrize(
    "cell",
    [datetime(2026, 1, 2), date(2026, 1, 2), 12345678901234567890, 1.2345678901234567e19, "#N/A", "#REF!"],
)
@pytest.mark.parametrize("column", [0, 4])
def test_what_a_spreadsheet_made_of_a_code_or_a_strength_is_not_taken_for_it(load, cell, column):
    cells: list[object] = ["A1", "D03", "格华止", "片", "0.5g", 20]
    cells[column] = cell
    (said,) = refused(load, [["院内码", "指向", "名称", "剂型", "规格", "包装数"], cells])
    assert said.startswith("codes.xlsx:2")


def test_columns_that_we_do_not_need_may_hold_anything(load):
    content = [["院内码", "指向", "更新日期", "序号"], ["A1", "D03", datetime(2026, 1, 2), "=ROW()"]]
    assert meant(load(content)) == [("drug", "A1", "D03", None, None, None)]


def test_of_several_sheets_the_first_is_read(known, tmp_path):
    book = Workbook()
    for row in (["院内码", "指向"], ["A1", "D03"]):
        book.active.append(row)
    other = book.create_sheet("说明")
    other.append(["这一页是说明"])
    book.active = 1
    book.save(tmp_path / "several.xlsx")
    assert meant(read_mapping_file(tmp_path / "several.xlsx", "T1", known, TODAY))[0][1:3] == ("A1", "D03")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 90])
def test_what_is_no_workbook_is_said_to_be_none(known, tmp_path, content):
    path = tmp_path / "codes.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_mapping_file(path, "T1", known, TODAY)
    assert caught.value.faults[0].where == "codes.xlsx"


def _workbook() -> bytes:
    book = Workbook()
    for number in range(20):
        book.active.append(["院内码", "指向"] if number == 0 else [f"A{number}", "D03"])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_a_spoilt_workbook_is_read_or_refused_and_nothing_else(known, tmp_path, seed):
    choose = random.Random(seed)
    data = bytearray(_workbook())
    for _ in range(choose.randint(1, 12)):
        data[choose.randrange(len(data))] = choose.randrange(256)
    path = tmp_path / "spoilt.xlsx"
    path.write_bytes(bytes(data[: choose.choice((len(data), len(data) // 2))]))
    assert or_refused(lambda: read_mapping_file(path, "T1", known, TODAY)) != []


def _without(part: str, instead: bytes | None = None) -> bytes:
    """A workbook with one of its files taken out or replaced."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_workbook())) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
            elif instead is not None:
                new.writestr(name, instead)
    return data.getvalue()


PARTS = ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml", "xl/styles.xml"]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("instead", [None, b"", b"<a>", b"<worksheet/>"])
def test_a_workbook_with_a_part_missing_or_broken_is_read_or_refused(known, tmp_path, part, instead):
    path = tmp_path / "broken.xlsx"
    path.write_bytes(_without(part, instead))
    found = or_refused(lambda: read_mapping_file(path, "T1", known, TODAY))
    assert found is None or len(found) == 19


@pytest.mark.parametrize("size", ["A1", "A1:B3", "A1:A20", "B1:B20"])
def test_a_sheet_is_read_whole_whatever_it_says_of_its_size(known, tmp_path, size):
    with zipfile.ZipFile(io.BytesIO(_workbook())) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert b'<dimension ref="A1:B20"' in sheet
    path = tmp_path / "sized.xlsx"
    path.write_bytes(_without("xl/worksheets/sheet1.xml", sheet.replace(b'ref="A1:B20"', f'ref="{size}"'.encode())))
    assert len(read_mapping_file(path, "T1", known, TODAY)) == 19


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(load, content):
    assert or_refused(lambda: load("院内码,指向\n".encode() + content)) != []


def test_a_cell_too_long_to_read_is_said_to_be_one(load):
    said = refused(load, '院内码,指向\nA1,"' + "x" * 200_000 + '"\n')
    assert said


def test_a_file_that_is_not_there_is_said_to_be_missing(known, tmp_path):
    with pytest.raises(InputError) as caught:
        read_mapping_file(tmp_path / "nothing.csv", "T1", known, TODAY)
    assert "nothing.csv" in caught.value.faults[0].where


# History


def row(code: str, target: str, start: int, end: int | None = None, institution: str = "T1", **more: str) -> MemberCode:
    """A row that holds from so many days after 2026-01-01, until before another."""
    first = date(2026, 1, 1)
    return MemberCode.model_validate(
        {"institution": institution, "kind": "drug", "code": code, "target": target, "source": "MEMBER-CODES",
         "from": str(first + timedelta(start)), "until": "" if end is None else str(first + timedelta(end)),
         "checked": "false", "recalled": "false", **more}
    )  # fmt: skip


@pytest.fixture
def merge(tmp_path):
    """Merge into a formulary of its own; every row and what a code means on a day, read back from the files."""
    write_formulary(tmp_path, **OWN)

    def call(kept, new):
        added = merge_mappings(tmp_path, kept, new)
        tables = read_tables(tmp_path)
        assert not list(tmp_path.glob("*.new"))
        return added, tables["mappings"], build_formulary(tables, {})

    return call


def on(formulary, code: str, day: int, institution: str = "T1") -> str | None:
    found = formulary.mapped(institution, "drug", code, (date(2026, 1, 1) + timedelta(day)).toordinal())
    return found and found.target


def test_another_meaning_ends_the_old_row_the_day_the_new_one_begins(merge):
    added, written, formulary = merge([row("A1", "D03", 0)], [row("A1", "D04", 10)])
    assert (added, len(written)) == (1, 2)
    assert [on(formulary, "A1", day) for day in (-1, 0, 9, 10, 99)] == [None, "D03", "D03", "D04", "D04"]


def test_the_same_meaning_adds_nothing(merge):
    kept = [row("A1", "D03", 0, name="甲")]
    added, written, _ = merge(kept, [row("A1", "D03", 10, name="甲")])
    assert added == 0
    assert list(written) == kept


@pytest.mark.parametrize("more", [{"name": "乙"}, {"pack": "7"}, {"form": "tablet"}, {"strength": "0.5g"}])
def test_another_name_pack_form_or_strength_is_another_meaning(merge, more):
    added, written, _ = merge([row("A1", "二甲双胍", 0)], [row("A1", "二甲双胍", 10, **more)])
    assert (added, len(written)) == (1, 2)


def test_a_correction_on_the_same_day_leaves_no_row_of_no_days(merge):
    added, written, formulary = merge([row("A1", "D03", 10)], [row("A1", "D04", 10)])
    assert (added, len(written)) == (1, 1)
    assert on(formulary, "A1", 10) == "D04"


def test_a_row_that_ended_before_stays_as_it_was(merge):
    _, written, formulary = merge([row("A1", "D03", 0, 5)], [row("A1", "D04", 10)])
    assert len(written) == 2
    assert [on(formulary, "A1", day) for day in (4, 5, 9, 10)] == ["D03", None, None, "D04"]


def test_a_row_whose_end_is_still_to_come_ends_earlier(merge):
    _, _, formulary = merge([row("A1", "D03", 0, 100)], [row("A1", "D04", 10)])
    assert [on(formulary, "A1", day) for day in (9, 10, 99, 100)] == ["D03", "D04", "D04", "D04"]


def test_a_row_that_is_still_to_begin_keeps_its_day(merge):
    _, written, formulary = merge([row("A1", "D03", 50)], [row("A1", "D04", 10)])
    assert len(written) == 2
    assert [on(formulary, "A1", day) for day in (9, 10, 49, 50)] == [None, "D04", "D04", "D03"]


def test_one_code_written_in_two_ways_has_one_meaning(merge):
    _, _, formulary = merge([row("ab1", "D03", 0)], [row("AB1", "D04", 10)])
    assert [on(formulary, "ab1", day) for day in (9, 10)] == ["D03", "D04"]


def test_another_members_code_is_left_alone(merge):
    _, written, formulary = merge([row("A1", "D03", 0, institution="C1")], [row("A1", "D04", 10)])
    assert len(written) == 2
    assert [on(formulary, "A1", 20, who) for who in ("C1", "T1", "V1")] == ["D03", "D04", "D04"]


steps = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["a1", "A1", "B2", "乙"]), st.sampled_from(["D03", "D04", "D05"])),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_loading_in_the_order_of_days_gives_what_was_last_said_on_each_day(merge, drawn):
    drawn = sorted(drawn, key=lambda step: step[0])
    kept: list[MemberCode] = []
    for start, code, target in drawn:
        _, written, formulary = merge(kept, [row(code, target, start)])
        kept = list(written)
    for code in ("A1", "B2", "乙"):
        for day in (*range(0, 62, 7), *(start for start, _, _ in drawn)):
            said = [target for start, name, target in drawn if start <= day and name.upper() == code]
            assert on(formulary, code, day) == (said[-1] if said else None)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_history_there_is_the_files_can_be_read_and_the_past_is_not_rewritten(merge, data):
    ends = sorted(data.draw(st.sets(st.integers(0, 60), min_size=2, max_size=8)))
    if len(ends) % 2:
        ends.append(None)
    kept = [row("A1", data.draw(st.sampled_from(["D03", "D04"])), *ends[n : n + 2]) for n in range(0, len(ends), 2)]
    start = data.draw(st.integers(0, 60))
    _, _, before = merge(kept, [])
    _, _, formulary = merge(kept, [row("A1", "D05", start)])
    for day in range(-1, start):
        assert on(formulary, "A1", day) == on(before, "A1", day)
    assert on(formulary, "A1", start) == "D05"
    later = [first for first in ends[::2] if first > start]
    for day in range(start, 62):
        assert on(formulary, "A1", day) == (on(before, "A1", day) if later and day >= later[0] else "D05")
