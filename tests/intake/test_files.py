"""Whole files: encodings, quotes, headers, grouping. What is broken costs its own sheet, and no sheet loses a line."""

import json

import pytest
from tests.intake.conftest import one, profile, read, refused

from rx_review.domain.prescription import Prescription
from rx_review.errors import InputError

HEAD = "号,时间,药\n"
WHEN = "2026-11-01 09:30"


def row(number: str, drug: str = "某药") -> str:
    return f"{number},{WHEN},{drug}\n"


def outcome(found) -> list[str]:
    """`A1:2` is sheet A1 with two lines; `!` an error."""
    return [f"{f.number}:{len(f.lines)}" if isinstance(f, Prescription) else "!" for f in found]


def said(found) -> str:
    return "\n".join(str(error) for error in found if isinstance(error, InputError))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_encoding_is_found_by_auto(tmp_path, encoding, end):
    data = (HEAD + row("A1", "阿莫西林胶囊")).replace("\n", end).encode(encoding)
    assert one(profile(tmp_path, encoding="auto"), data).lines[0].generic == "阿莫西林胶囊"


def test_a_gb18030_byte_order_mark_is_no_part_of_the_header(tmp_path):
    assert one(profile(tmp_path, encoding="gb18030"), ("\ufeff" + HEAD + row("A1")).encode("gb18030")).number == "A1"


def test_rare_characters_of_four_bytes_are_read(tmp_path):
    site = profile(tmp_path, encoding="gb18030", fields="patient.name: {from: 名}\n", carries="patient_name")
    data = f"号,时间,药,名\nA1,{WHEN},某药,王𬭼\n".encode("gb18030")
    assert one(site, data).patient.name == "王𬭼"


def test_a_mark_that_contradicts_the_profile_is_refused(tmp_path):
    assert "mark of UTF-8" in refused(profile(tmp_path, encoding="gb18030"), (HEAD + row("A1")).encode("utf-8-sig"))
    assert "UTF-16" in refused(profile(tmp_path, encoding="auto"), (HEAD + row("A1")).encode("utf-16"))


def test_another_encoding_than_the_profiles_is_refused_and_not_guessed(tmp_path):
    assert "not UTF-8: byte 0x" in refused(profile(tmp_path), (HEAD + row("A1")).encode("gb18030"))
    assert "not GB18030: byte 0x" in refused(profile(tmp_path, encoding="gb18030"), HEAD + row("A1"))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_sheet_in_another_encoding_costs_only_itself(tmp_path, encoding):
    other = {"utf-8": "gb18030", "gb18030": "utf-8"}[encoding]
    data = (HEAD + row("A1")).encode(encoding) + row("A2", "龘靐齉").encode(other) + row("A3").encode(encoding)
    for declared in (encoding, "auto"):
        found = read(profile(tmp_path, encoding=declared), data)
        assert outcome(found) == ["A1:1", "!", "A3:1"]
        assert f"f:3: not {encoding.upper()}: byte 0x" in said(found)


def test_a_character_cut_at_the_end_is_noticed(tmp_path):
    data = (HEAD + row("A1") + "A2," + WHEN + ",某药").encode("gb18030")[:-1]
    found = read(profile(tmp_path, encoding="gb18030"), data)
    assert outcome(found) == ["A1:1", "!"]
    assert "not GB18030" in said(found)


def test_a_row_spoiled_within_a_sheet_spoils_the_sheet(tmp_path):
    data = (HEAD + row("A1")).encode() + b"A1," + WHEN.encode() + b",\xff\n" + row("A2").encode()
    assert outcome(read(profile(tmp_path), data)) == ["!", "A2:1"]


def test_rows_of_a_sheet_may_stand_anywhere(tmp_path):
    data = HEAD + row("A1", "甲") + row("A2") + row("A1", "乙")
    first, second = read(profile(tmp_path), data)
    assert [line.generic for line in first.lines] == ["甲", "乙"]
    assert [line.line for line in first.lines] == [1, 2]
    assert second.number == "A2"


def test_one_number_on_two_days_is_two_sheets(tmp_path):
    site = profile(tmp_path, rows="{as: csv, sheet: [号, 时间]}")
    data = f"{HEAD}7,2025-11-01 09:30,甲\n7,2026-11-01 09:30,乙\n"
    assert [found.issued_at.year for found in read(site, data)] == [2025, 2026]


def test_rows_of_one_sheet_that_disagree_are_refused(tmp_path):
    site = profile(tmp_path, fields="patient.weight: {from: 重}\n", carries="weight")
    head = "号,时间,药,重\n"
    assert one(site, head + f"A1,{WHEN},甲,60\nA1,{WHEN},乙,\n").patient.weight == 60
    assert one(site, head + f"A1,{WHEN},甲,\nA1,{WHEN},乙,60\n").patient.weight == 60
    answer = refused(site, head + f"A1,{WHEN},甲,60\nA1,{WHEN},乙,61\n")
    assert answer.startswith("f:3: 重: '61' here and '60' on f:2: 重")


@pytest.mark.parametrize(
    ("rows", "outcomes"),
    [
        # A row that names no sheet may be a line of either neighbour: neither is reviewed without it.
        (row("A1") + row("") + row("A2") + row("A3"), ["!", "!", "A3:1"]),
        (row("A1") + row("") + row("A1") + row("A2"), ["!", "A2:1"]),
        (row("") + row("A1") + row("A2"), ["!", "A2:1"]),
        (row("A1") + row("A2") + row(" "), ["A1:1", "!"]),
        (row(""), ["!"]),
    ],
)
def test_a_row_that_names_no_sheet(tmp_path, rows, outcomes):
    found = read(profile(tmp_path), HEAD + rows)
    assert outcome(found) == outcomes
    assert "the row names no sheet" in said(found)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (f"A2,{WHEN}\n", "2 cells under 3 columns"),
        (f"A2,{WHEN},某药,多\n", "4 cells under 3 columns"),
        (f'A2,{WHEN},"某药\n', "cannot be taken apart"),
        (f'A2,{WHEN},"某"药\n', "cannot be taken apart"),
        (f'A2,{WHEN},"某\n药"\n', "control characters"),
    ],
)
def test_a_broken_row_costs_its_sheet_and_no_other(tmp_path, broken, why):
    found = read(profile(tmp_path), HEAD + row("A1") + broken + row("A3"))
    assert outcome(found) == ["A1:1", "!", "A3:1"]
    assert why in said(found)


def test_a_stray_quote_does_not_swallow_the_rows_after_it(tmp_path):
    found = read(profile(tmp_path), HEAD + row("A1", '"某药') + row("A2") + row("A3", '"乙"') + row("A4"))
    assert outcome(found) == ["!", "A2:1", "A3:1", "A4:1"]


def test_a_quoted_cell_keeps_its_delimiter_and_quotes(tmp_path):
    found = one(profile(tmp_path), HEAD + f'A1,{WHEN},"某药 ""大"",瓶"\n')
    assert found.lines[0].generic == '某药 "大",瓶'


def test_quotes_mean_nothing_where_the_profile_says_so(tmp_path):
    site = profile(tmp_path, rows=r'{as: csv, delimiter: "\t", quotes: false, sheet: [号]}')
    data = HEAD.replace(",", "\t") + f'A1\t{WHEN}\t"某药\nA2\t{WHEN}\t乙\n'
    assert outcome(read(site, data)) == ["A1:1", "A2:1"]


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_other_delimiters(tmp_path, delimiter):
    site = profile(tmp_path, encoding="gb18030", rows=f'{{as: csv, delimiter: "{delimiter}", sheet: [号]}}')
    # 獆 ends in the byte of | in GB18030.
    data = (HEAD + row("A1", "獆药")).replace(",", delimiter).encode("gb18030")
    assert one(site, data).lines[0].generic == "獆药"


def test_trailing_delimiters_blank_rows_and_no_last_newline(tmp_path):
    data = f"\n号,时间,药,,\n\nA1,{WHEN},甲,,\n,,,,\n  \nA1,{WHEN},乙,"
    assert outcome(read(profile(tmp_path), data)) == ["A1:2"]


@pytest.mark.parametrize("data", ["", "\n", "  \n\n", "\ufeff", HEAD, HEAD + "\n,,\n"])
def test_nothing_to_read_is_said(tmp_path, data):
    answer = refused(profile(tmp_path), data)
    assert "nothing to read" in answer or "a header and no rows" in answer


def test_a_column_twice_is_refused_only_if_it_is_read(tmp_path):
    assert "the column stands twice" in refused(profile(tmp_path), f"号,时间,药,药\nA1,{WHEN},甲,乙\n")
    assert one(profile(tmp_path), f"号,时间,药,备注,备注\nA1,{WHEN},甲,x,y\n").number == "A1"


def test_a_column_that_is_missing_is_refused_with_the_nearest(tmp_path):
    site = profile(tmp_path, lines="strength: {from: 药品规格}\n")
    assert "药品规格: the column is not there, but 药品规则 is" in refused(
        site, f"号,时间,药,药品规则\nA1,{WHEN},甲,x\n"
    )
    assert "药品规格: the column is not there;" in refused(site, HEAD + row("A1"))
    optional = profile(tmp_path, lines="strength: {from: 药品规格, optional: true}\n")
    assert one(optional, HEAD + row("A1")).lines[0].strength is None
    assert "药品规则 is" in refused(optional, f"号,时间,药,药品规则\nA1,{WHEN},甲,x\n")


@pytest.mark.parametrize(
    ("sent", "near"),
    [("drug_nme", True), ("drug_namee", True), ("DRUG_NAME", True), ("durg_name", True), ("drug_cnt", False)],
)
def test_a_json_key_one_edit_away_is_refused_once(tmp_path, sent, near):
    site = profile(tmp_path, rows="{as: json, sheet: [号]}", lines="strength: {from: drug_name}\n")
    rows = [{"号": "A1", "时间": WHEN, "药": "甲", sent: "x"} for _ in range(3)]
    (found,) = read(site, json.dumps(rows))
    assert isinstance(found, InputError) == near
    if near:
        assert len(found.faults) == 1
        assert found.faults[0].what == f"drug_name is not there, but {sent} is"
    ignored = profile(
        tmp_path, rows="{as: json, sheet: [号]}", lines="strength: {from: drug_name}\n", ignored=f"[{sent}]"
    )
    assert outcome(read(ignored, json.dumps(rows))) == ["A1:3"]


def test_short_names_are_not_taken_for_each_other(tmp_path):
    site = profile(tmp_path, rows="{as: json, sheet: [号]}", lines="strength: {from: gg}\n")
    assert one(site, json.dumps({"号": "A1", "时间": WHEN, "药": "甲", "dj": "1", "g": 1})).lines[0].strength is None


def test_a_sheet_of_more_than_256_kib_is_refused_and_the_next_is_read(tmp_path):
    data = HEAD + row("A1", "甲" * 100) * 900 + row("A2")
    found = read(profile(tmp_path), data)
    assert outcome(found) == ["!", "A2:1"]
    assert "256 KiB" in said(found)


def test_more_than_200_lines_are_refused(tmp_path):
    assert outcome(read(profile(tmp_path), HEAD + row("A1") * 200)) == ["A1:200"]
    assert "more than 200" in refused(profile(tmp_path), HEAD + row("A1") * 201)


@pytest.mark.parametrize("text", ["药\0", "药\u202e", "药\x07"])
def test_control_characters_are_refused(tmp_path, text):
    assert "control characters" in refused(profile(tmp_path), HEAD + row("A1", text))


JSON = "{as: json, sheet: [号]}"


def flat(number: str, **more: object) -> str:
    return json.dumps({"号": number, "时间": WHEN, "药": "甲", **more}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("data", "outcomes"),
    [
        (flat("A1"), ["A1:1"]),
        (f"[{flat('A1')},\n{flat('A1')},{flat('A2')}]", ["A1:2", "A2:1"]),
        (f"{flat('A1')}\r\n{flat('A2')}\n\n{flat('A1')}\n", ["A1:2", "A2:1"]),
        # What cannot be read names no sheet, and spoils its neighbours.
        (f"{flat('A1')}\n{flat('A2')}\n{{broken}}\n{flat('A3')}\n{flat('A4')}\n", ["A1:1", "!", "!", "A4:1"]),
        (f"[{flat('A1')},{flat('A2')},{{'x'}},{flat('A3')},{flat('A4')}]", ["A1:1", "!", "!", "A4:1"]),
        (f"[{flat('A1')},{flat('A2')}", ["A1:1", "!"]),
        (f"[{flat('A1')},{flat('A2')[:-9]}", ["!"]),
        (f"[{flat('A1')},7]", ["!"]),
        ("[]", ["!"]),
        ("[}", ["!"]),
        (f"[}},{flat('A1')}]", ["!"]),
        ("{}", ["!"]),
        ("[[]]", ["!"]),
        ('"x"', ["!"]),
        (flat("A1").replace("号", "药"), ["!"]),
        (flat("A1", 药="\udc80"), ["!"]),
        (flat("A1", 别="\ud800"), ["A1:1"]),
        (flat("A1", 深=json.loads("[" * 19 + "]" * 19)), ["A1:1"]),
        (flat("A1", 深=json.loads("[" * 30 + "]" * 30)), ["!"]),
    ],
)
def test_rows_as_json(tmp_path, data, outcomes):
    found = read(
        profile(tmp_path, rows=JSON),
        data.encode("utf-8", "surrogatepass") if "\ud800" not in data else data.replace("\ud800", "\\ud800"),
    )
    assert outcome(found) == outcomes


def test_a_key_twice_in_a_row_is_refused(tmp_path):
    answer = refused(profile(tmp_path, rows=JSON), flat("A1").replace('"药"', '"药": "乙", "药"'))
    assert "stands twice" in answer


def test_rows_below_a_path(tmp_path):
    site = profile(tmp_path, rows=JSON, inside="data.rows")
    assert outcome(read(site, f'{{"data": {{"rows": [{flat("A1")}, {flat("A2")}]}}}}')) == ["A1:1", "A2:1"]
    assert "nothing stands here" in refused(site, '{"data": {}}')
    assert "not an array" in refused(site, '{"data": {"rows": 3}}')


def deep(number: str, **more: object) -> str:
    return json.dumps({"号": number, "时间": WHEN, "行": [{"药": "甲"}], **more}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("data", "outcomes"),
    [
        (deep("A1"), ["A1:1"]),
        (f"[{deep('A1')},{deep('A2')}]", ["A1:1", "A2:1"]),
        (f"{deep('A1')}\n{{\n{deep('A2')}\n", ["A1:1", "!", "A2:1"]),
        (f"[{deep('A1')},{{'x'}},{deep('A3')}]", ["A1:1", "!", "A3:1"]),
        (f"[{deep('A1')},[],{deep('A3')}", ["A1:1", "!", "A3:1", "!"]),
        (f"[{deep('A1')}] x", ["A1:1", "!"]),
        (deep("A1", 行={"药": "甲"}), ["A1:1"]),
        (deep("A1", 行=[]), ["!"]),
        (deep("A1", 行=None), ["!"]),
        (deep("A1", 行=["甲"]), ["!"]),
        (deep("A1", 行="甲"), ["!"]),
        (deep("A1", 像="x" * 262_144) + "\n" + deep("A2"), ["!", "A2:1"]),
        (deep("A1", 行=[{"药": "甲"}] * 201), ["!"]),
        (json.dumps(json.loads(deep("A1")), indent=1, ensure_ascii=False), ["A1:1"]),
        (deep("A1")[:-3], ["!"]),
        ("[" * 5000, ["!"]),
        ('{"a":' * 5000, ["!"]),
    ],
)
def test_nested_sheets(tmp_path, data, outcomes):
    found = read(profile(tmp_path, nested=True), data)
    if outcomes == ["!"]:
        assert set(outcome(found)) == {"!"}
    else:
        assert outcome(found) == outcomes


def test_a_broken_byte_in_nested_json_costs_only_its_sheet(tmp_path):
    data = (
        deep("A1").encode()
        + b"\n"
        + deep("A2").encode().replace("甲".encode(), b"\xd0\xff")
        + b"\n"
        + deep("A3").encode()
    )
    assert outcome(read(profile(tmp_path, nested=True), data)) == ["A1:1", "!", "A3:1"]


def test_reasons_of_each_line(tmp_path):
    reasons = "\n  - per: line\n    fields: {for: {always: quantity}, text: {from: 由, none: [无]}}"
    site = profile(tmp_path, reasons=reasons, carries="reasons")
    found = one(site, f"号,时间,药,由\nA1,{WHEN},甲,无\nA1,{WHEN},乙,慢性病\nA1,{WHEN},丙,\n")
    assert [(reason.text, reason.lines) for reason in found.reasons] == [("慢性病", (2,))]
