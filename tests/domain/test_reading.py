"""What cannot be read is said: where, what and what to do, in both languages; and the next sheet is still read."""

import json

import pytest

from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import read_many, read_prescription
from rx_review.errors import InputError

LINE = {"line": 1, "generic": "阿莫西林", "dose": "0.5", "dose_unit": "g"}
GOOD = {
    "number": "A1",
    "setting": "outpatient",
    "institution": "SAMPLE-C01",
    "issued_at": "2026-11-01T09:30:00+08:00",
    "patient": {},
    "lines": [LINE],
}


def good(number: str) -> bytes:
    return json.dumps({**GOOD, "number": number}, ensure_ascii=False).encode()


def many(data: bytes) -> list[str]:
    """Numbers of the sheets that were read, and `!` for each error, in order."""
    found = list(read_many(data.splitlines(keepends=True), "file"))
    for entry in found:
        if isinstance(entry, InputError):
            assert entry.faults
            for fault in entry.faults:
                assert fault.where
                assert fault.what
                assert fault.do
                assert fault.zh
                assert str(fault).isprintable()
                assert fault.in_chinese().isprintable()
                assert len(str(fault)) < 600
    return [entry.number if isinstance(entry, Prescription) else "!" for entry in found]


def faults(**changed: object) -> list[str]:
    """Faults of a sheet with fields changed; a value of None takes the field out."""
    sent = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    with pytest.raises(InputError) as caught:
        read_prescription(json.dumps(sent))
    assert all(fault.zh and fault.what and fault.do for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


def line(**changed: object) -> dict[str, object]:
    return {"lines": [{**LINE, **changed}]}


def patient(**changed: object) -> dict[str, object]:
    return {"patient": changed}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (dict(number=None), "/number: missing; add the field"),
        (dict(patient=None), "/patient: missing; add the field"),
        (dict(lines=[]), "/lines: fewer than 1; send at least 1"),
        (dict(lines=[{**LINE, "line": n} for n in range(1, 202)]), "/lines: more than 200; send at most 200"),
        (dict(number="Ａ１"), "/number: full-width characters: 'Ａ１'; type them half-width"),
        (dict(number="A 1"), "/number: not a code: 'A 1'; use letters, digits"),
        (dict(number=12), "/number: not a text: '12'; write a JSON string"),
        (dict(setting="门诊"), "/setting: not one of the values: '门诊'; use 'outpatient', 'emergency'"),
        (dict(seting="x"), "/seting: no such field: 'x'; did you mean setting?"),
        (dict(whatever=1), "/whatever: no such field: '1'; take it out"),
        (dict(lines="none"), "/lines: not an array"),
        (dict(lines={}), "/lines: not an array; write a JSON array"),
        (dict(lines=[1]), "/lines/0: not an object"),
        (dict(patient=[]), "/patient: not an object; write a JSON object"),
        (dict(long_term=1), "/long_term: neither true nor false: '1'"),
        (dict(long_term="true"), "/long_term: neither true nor false: 'true'"),
        (dict(revision=0), "/revision: below 1: '0'; write 1 or more"),
        (dict(revision=True), "/revision: not a whole number"),
        (dict(revision="2"), "/revision: not a whole number: '2'; write a whole number"),
        (dict(revision=1.5), "/revision: not a whole number: '1.5'"),
        (dict(revision=10**30), "/revision: above 9999"),
        (dict(revision=10**300), "/revision: not a whole number"),
        (dict(issued_at="2026-11-01T09:30:00"), "/issued_at: without an offset: '2026-11-01T09:30:00'; add it"),
        (dict(issued_at="2026-11-01"), "/issued_at: not an instant: '2026-11-01'"),
        (dict(issued_at="2026-11-01T25:00:00+08:00"), "/issued_at: not an instant"),
        (dict(issued_at=1793500000), "/issued_at: not an instant"),
        (dict(issued_at="0001-01-01T00:00:00+08:00"), "/issued_at: outside 1880 to 2100"),
        (dict(issued_at="9999-12-31T23:59:59-08:00"), "/issued_at: outside 1880 to 2100"),
        (patient(birth_date="2026-02-30"), "/patient/birth_date: not a day: '2026-02-30'; write 2026-11-01"),
        (patient(birth_date="1980-1-1"), "/patient/birth_date: not a day"),
        (patient(birth_date="0001-01-01"), "/patient/birth_date: outside 1880 to 2100"),
        (patient(birth_date="9999-12-31"), "/patient/birth_date: outside 1880 to 2100"),
        (patient(birth_date="2026-11-02"), "the birth date is later than the day of issue"),
        (patient(birth_date=19800101), "/patient/birth_date: not a day"),
        (patient(gestation=46), "/patient/gestation: above 45"),
        (patient(allergies={"status": "known"}), "/patient/allergies: status is known but no allergen is named"),
        (patient(allergies={"status": "none", "items": ["x"]}), "status is none but allergens are named"),
        (patient(sexx="male"), "/patient/sexx: no such field: 'male'; did you mean sex?"),
        (patient(egfr={"value": 1, "vale": 3}), "/patient/egfr/vale: no such field: '3'; did you mean value?"),
        (line(dose=-1), "/lines/0/dose: negative: '-1'; write an amount above zero"),
        (line(dose="-0.5"), "/lines/0/dose: negative: '-0.5'"),
        (line(dose="０.５"), "/lines/0/dose: full-width digits: '０.５'; type them half-width"),
        (line(dose="1e3"), "/lines/0/dose: not a plain number: '1e3'; write digits"),
        (line(dose="0x10"), "/lines/0/dose: not a plain number"),
        (line(dose="1,000"), "/lines/0/dose: not a plain number"),
        (line(dose=" 1"), "/lines/0/dose: not a plain number"),
        (line(dose=""), "/lines/0/dose: not a plain number"),
        (line(dose="0.0000001"), "/lines/0/dose: not a plain number"),
        (line(dose=1_000_000_000), "/lines/0/dose: not a plain number"),
        (line(dose=True), "/lines/0/dose: not a number"),
        (line(dose=[1]), "/lines/0/dose: not a number"),
        (line(line=0), "/lines/0/line: below 1"),
        (line(line="9" * 5000), "/lines/0/line: not a whole number"),
        (line(generic=""), "/lines/0/generic: empty: ''; write it or leave the field out"),
        (line(generic="　 "), "/lines/0/generic: blank"),
        (line(generic="阿\u0000莫"), "/lines/0/generic: control characters"),
        (line(generic="阿\n莫"), "/lines/0/generic: control characters"),
        (line(generic="阿\u202e莫"), "/lines/0/generic: control characters"),
        (line(generic="\u2066阿莫\u2069"), "/lines/0/generic: control characters"),
        (line(generic="阿" * 201), "/lines/0/generic: longer than 200 characters"),
        (dict(lines=[{"line": 1}]), "/lines/0: no drug; give product or generic"),
        (dict(lines=[LINE, LINE]), "two lines carry the same number"),
        (dict(reasons=[{"for": "dose", "text": "重", "lines": [7]}]), "a reason names line 7"),
        (dict(reasons=[{"for": "dose"}]), "/reasons/0/text: missing"),
    ],
)  # fmt: skip
def test_a_fault_says_where_what_and_what_to_do(changed, said):
    (found,) = faults(**changed)
    assert said in found


def test_every_fault_is_told_at_once():
    found = faults(number="A 1", setting="x", lines=[{**LINE, "dose": -1, "dos": 1}, {"line": "2"}])
    assert [fault.split(":")[0] for fault in found] == [
        "/number", "/setting", "/lines/0/dose", "/lines/0/dos", "/lines/1/line",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: not JSON"),
        ("{", "1:2: not JSON"),
        ('{"number": "A1",\n "setting" "x"}', "2:12: not JSON"),
        ("nonsense", "1:1: not JSON"),
        ("'a'", "1:1: not JSON"),
        ('{"a": 1} {"a": 1}', "1:10: not JSON"),
        ('{"a": 01}', "not JSON"),
        ('{"a": "\t"}', "not JSON"),
        ("﻿{}", "not JSON"),
        ("[]", "/: not an object"),
        ("5", "/: not an object"),
        ("null", "/: not an object"),
        ('"text"', "/: not an object"),
        ("true", "/: not an object"),
        ("NaN", "/: not an object"),
        ("1e400", "/: not an object"),
        ('{"number": "A1", "number": "A2"}', "/number: the key stands twice; keep one"),
        ('{"patient": {"sex": "male", "sex": "female"}}', "/patient/sex: the key stands twice"),
        ('{"lines": [{"a/b~c": 1, "a/b~c": 2}]}', "/lines/0/a~1b~0c: the key stands twice"),
        ("[" * 100_000, "nested deeper than 20"),
        ("[" * 100_000 + "]" * 100_000, "nested deeper than 20"),
        ('{"a":' * 30 + "1" + "}" * 30, "nested deeper than 20"),
        ('{"number": "' + "9" * 1_000_000 + '"}', "more than 256 KiB"),
        ('{"number": ' + "9" * 100_000 + "}", "/number: not a text"),
        ('{"\ud800": 1}', "/: broken Unicode (a lone surrogate)"),
        ('{"\\ud800": 1}', "/: broken Unicode (a lone surrogate)"),
        ('{"number": "\\ud800"}', "/number: broken Unicode"),
        ('{"a\\u001b[2J\\nb": 1}', "no such field"),
    ],
)
def test_text_that_is_no_prescription(text, said):
    with pytest.raises(InputError) as caught:
        read_prescription(text)
    found = [str(fault) for fault in caught.value.faults]
    assert any(said in fault for fault in found), found
    assert all(fault.zh for fault in caught.value.faults)
    assert all(fault.isprintable() and len(fault) < 600 for fault in found)


@pytest.mark.parametrize("number", ["1e400", "NaN", "Infinity", "-Infinity", "1e3", "0." + "1" * 50, "9" * 300])
def test_a_number_that_is_none_of_ours(number):
    text = json.dumps(GOOD).replace('"0.5"', number)
    with pytest.raises(InputError) as caught:
        read_prescription(text)
    assert [fault.where for fault in caught.value.faults] == ["/lines/0/dose"]
    assert all(fault.zh for fault in caught.value.faults)


@pytest.mark.parametrize("dose", ["0.5", 0.5, 1, "1.000000", 0, "0", "0.000001", 999_999_999, 1.0])
def test_a_dose_is_an_exact_number(dose):
    read = read_prescription(json.dumps({**GOOD, "lines": [{**LINE, "dose": dose}]}))
    assert read.lines[0].dose == type(read.lines[0].dose)(str(dose))


def test_a_place_is_named_before_the_pointer():
    with pytest.raises(InputError) as caught:
        read_prescription('{"setting": "x"}', "day.jsonl:7")
    assert all(fault.where.startswith("day.jsonl:7/") for fault in caught.value.faults)


A, B, C = good("A"), good("B"), good("C")
PRETTY = json.dumps(GOOD, ensure_ascii=False, indent=2).encode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ["!"]),
        (b"\n\n  \n", ["!"]),
        (A, ["A"]),
        (A + b"\n", ["A"]),
        (b"\xef\xbb\xbf" + A, ["A"]),
        (b"\xef\xbb\xbf[" + A + b"]", ["A"]),
        (A + b"\r\n" + B + b"\r\n", ["A", "B"]),
        (A + b"\n\n\n" + B, ["A", "B"]),
        (b"[" + A + b"," + B + b"]", ["A", "B"]),
        (b"[\r\n" + A + b",\r\n" + B + b"\r\n]\r\n", ["A", "B"]),
        (b"[]", ["!"]),
        (PRETTY, ["A1"]),
        (PRETTY.replace(b"\n", b"\r\n"), ["A1"]),
        (b"\n" + PRETTY, ["A1"]),
        (b"\n  [\n  " + A + b"\n  ]\n", ["A"]),
        (A + b"\n{}\n" + B, ["A", "!", "B"]),
        (A + b"\n" + A[:40] + b"\n" + B, ["A", "!", "B"]),
        (A[:40] + b"\n" + B + b"\n" + C, ["!", "B", "C"]),
        (A + b"\n" + B[:-10], ["A", "!"]),
        (A + b"\n\xff\xfe\n" + B, ["A", "!", "B"]),
        (A + b"\nnull\n5\n[]\n" + B, ["A", "!", "!", "!", "B"]),
        (A + b'\n{"number": "' + b"x" * 300_000 + b'"}\n' + B, ["A", "!", "B"]),
        (A + b"\n" + b"[" * 100_000 + b"\n" + B, ["A", "!", "B"]),
        (A + b"\n" + b'{"a":' * 100_000 + b"\n" + B, ["A", "!", "B"]),
        (b"[" + A + b", {}, " + B + b"]", ["A", "!", "B"]),
        (b"[" + A + b", 5, null, " + B + b"]", ["A", "!", "!", "B"]),
        (b"[" + A + b', {"number": oops}, ' + B + b"]", ["A", "!", "B"]),
        (b"[" + A + b', {"number": {"a": [oops]}}, ' + B + b"]", ["A", "!", "B"]),
        (b"[" + A + b', {"number": "}", oops}, ' + B + b"]", ["A", "!", "B"]),
        (b"[" + A + b', {"number": "\\"}", oops}, ' + B + b", " + C + b"]", ["A", "!", "B", "C"]),
        (b"[" + A + b', {"number": "\\\\", "x": {oops}}, ' + B + b", " + C + b"]", ["A", "!", "B", "C"]),
        (b"[" + A + b", undefined, " + B + b"]", ["A", "!", "B"]),
        (b"[" + A + b', {"n": 1e400}, ' + B + b"]", ["A", "!", "B"]),
        (b"[" + A + b', {"a": 1, "a": 2}, ' + B + b"]", ["A", "!", "B"]),
        (b"[" + A + b', {"number": "\\ud800"}, ' + B + b"]", ["A", "!", "B"]),
        (b"[" + A + b"," + B, ["A", "B", "!"]),
        (b"[" + A + b"," + B[:-9], ["A", "!", "!"]),
        (b"[" + A + b"] x", ["A", "!"]),
        (b"[" + b"[" * 100_000, ["!"]),
        (b"[" + A + b", \xff]", ["!"]),
        (b"\x00" * 100, ["!"]),
        (b"\xef\xbb\xbf", ["!"]),
        (b"<xml/>\n" + A, ["!", "A"]),
    ],
    ids=lambda value: f"{len(value)}-bytes" if isinstance(value, bytes) else None,
)  # fmt: skip
def test_what_is_wrong_does_not_stop_what_follows(data, expected):
    assert many(data) == expected


def test_each_error_names_its_line_or_its_place_in_the_array():
    lines = list(read_many((A + b"\n{}\n" + B + b"\n{").splitlines(keepends=True), "day.jsonl"))
    assert {fault.where.split("/")[0] for fault in lines[1].faults} == {"day.jsonl:2"}
    assert lines[3].faults[0].where.startswith("day.jsonl:4:")
    array = list(read_many([b"[" + A + b",{}," + B + b"]"], "day.json"))
    assert all(fault.where.startswith("day.json/1/") for fault in array[1].faults)


def test_lines_are_read_as_they_come():
    def endless():
        yield A + b"\n"
        yield B + b"\n"
        raise AssertionError("read further than asked")

    found = read_many(endless(), "-")
    assert next(found).number == "A"
