"""Numbers, dates, ages and codes as they come: each form is decided, and what is not clear is refused."""

from datetime import datetime

import pytest
from tests.intake.conftest import one, profile, read, refused

from rx_review.errors import InputError


def sheet(cell: str) -> str:
    quoted = cell.replace('"', '""')
    return f'号,时间,药,格\nA1,2026-11-01 09:30,某药,"{quoted}"\n'


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0.25", "0.25"), ("3.0", "3"), ("3", "3"), (".5", "0.5"), ("007", "7"), ("１２", "12"), ("１２．５", "12.5"),
        ("0.250000000", "0.25"), ("  6 ", "6"), ("999999999", "999999999"), ("0.000001", "0.000001"), ("0", "0"),
    ],
)  # fmt: skip
def test_a_number_is_read(tmp_path, cell, value):
    site = profile(tmp_path, lines="dose: {from: 格}\n")
    assert str(one(site, sheet(cell)).lines[0].dose) == value


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1e3", "an exponent"), ("-1", "negative"), ("－1", "negative"), ("3.", "cut off at the point"),
        ("1,000", "a comma in a number"), ("0.30000000000000004", "more than six decimals"),
        ("0.5g", "more than a number"),
        ("1-2", "more than a number"), ("1/2", "more than a number"), ("半", "not a number"), (".", "not a number"),
        ("1²", "more than a number"), ("½", "not a number"), ("+5", "not a number"), ("1.2.3", "not a number"),
        ("NaN", "not a number"), ("一", "not a number"), ("1 000", "not a number"), ("٣", "not a number"),
        ("9" * 50, "not a number"), ("1000000000", "not a plain number"), ("1\0", "more than a number: '1\\x00'"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_clear_is_refused(tmp_path, cell, said):
    site = profile(tmp_path, lines="dose: {from: 格}\n")
    answer = refused(site, sheet(cell))
    assert answer.startswith("f:2: 格: ")
    assert said in answer


@pytest.mark.parametrize(("cell", "value"), [("1,000", "1000"), ("12,345,678.5", "12345678.5"), ("1000", "1000")])
def test_commas_between_thousands_where_the_profile_says_so(tmp_path, cell, value):
    site = profile(tmp_path, lines="dose: {from: 格}\n", numbers="{thousands: true}")
    assert str(one(site, sheet(cell)).lines[0].dose) == value


@pytest.mark.parametrize("cell", ["1,00", "1,0000", "12,34,567", ",5", "0,5"])
def test_other_commas_are_refused_all_the_same(tmp_path, cell):
    refused(profile(tmp_path, lines="dose: {from: 格}\n", numbers="{thousands: true}"), sheet(cell))


@pytest.mark.parametrize(("cell", "value"), [("0.30000000000000004", "0.3"), ("2.9999999999999996", "3")])
def test_binary_noise_where_the_profile_says_so(tmp_path, cell, value):
    site = profile(tmp_path, lines="dose: {from: 格}\n", numbers="{noise: true}")
    assert str(one(site, sheet(cell)).lines[0].dose) == value


def test_a_number_finer_than_noise_is_refused_even_then(tmp_path):
    refused(profile(tmp_path, lines="dose: {from: 格}\n", numbers="{noise: true}"), sheet("0.1234567"))


@pytest.mark.parametrize(("cell", "value"), [("3", 3), ("3.0", 3), ("03", 3)])
def test_a_count_is_whole(tmp_path, cell, value):
    site = profile(tmp_path, fields="valid_days: {from: 格}\n")
    assert one(site, sheet(cell)).valid_days == value
    assert "not a whole number" in refused(site, sheet("3.5"))


@pytest.mark.parametrize(
    ("cell", "dose", "unit"),
    [
        ("0.5g", "0.5", "g"), (".5 g", "0.5", "g"), ("160万U", "160", "万U"), ("1片", "1", "片"), ("２袋", "2", "袋"),
        ("10", "10", None), ("2.50mg/kg", "2.5", "mg/kg"),
    ],
)  # fmt: skip
def test_a_dose_with_its_unit_inside(tmp_path, cell, dose, unit):
    line = one(profile(tmp_path, lines="dose: {from: 格, unit: inside}\n"), sheet(cell)).lines[0]
    assert (str(line.dose), line.dose_unit) == (dose, unit)


@pytest.mark.parametrize("cell", ["一片", "适量", "1-2片", "-1g", "1,5g", "3.g", "1.5.g"])
def test_a_dose_that_is_no_number_and_unit_is_refused(tmp_path, cell):
    assert repr(cell)[1:3] in refused(profile(tmp_path, lines="dose: {from: 格, unit: inside}\n"), sheet(cell))


@pytest.mark.parametrize(("cell", "days"), [("7天", "7"), ("7 天", "7"), ("7", "7")])
def test_a_unit_that_may_stand_behind(tmp_path, cell, days):
    site = profile(tmp_path, lines="days: {from: 格, unit: 天}\n", carries="days")
    assert str(one(site, sheet(cell)).lines[0].days) == days
    assert "more than a number" in refused(site, sheet("7周"))


@pytest.mark.parametrize(
    ("form", "cell", "day"),
    [
        ("YYYYMMDD", "19580312", "1958-03-12"),
        ("YYYY/M/D", "1958/3/12", "1958-03-12"),
        ("YYYY/M/D H:mm:ss", "1958/3/12 0:00:00", "1958-03-12"),
        ("YYYY-MM-DD HH:mm:ss.f", "1958-03-12 00:00:00.000", "1958-03-12"),
        ("YYYY-MM-DDTHH:mm:ssZ", "1958-03-11T23:30:00Z", "1958-03-12"),
        ("YYYY年M月D日", "1958年3月12日", "1958-03-12"),
        ("YYYY.M.D", "1958.03.12", "1958-03-12"),
    ],
)
def test_a_day(tmp_path, form, cell, day):
    site = profile(tmp_path, fields=f"patient.birth_date: {{from: 格, dates: ['{form}']}}\n")
    assert str(one(site, sheet(cell)).patient.birth_date) == day


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1958-3-12", "no date of the form"), ("12/3/1958", "no date of the form"), ("58/3/12", "no date of the form"),
        ("1958/3/12x", "no date of the form"), ("1958/2/30", "no such day"), ("1958/13/1", "no such day"),
        ("0000/1/1", "no such day"), ("1700/1/1", "outside 1880"), ("2030/1/1", "later than the day of issue"),
        ("9999/12/31", "outside"), ("１９５８/3/12", "no date of the form"),
    ],
)  # fmt: skip
def test_a_day_that_is_none_is_refused(tmp_path, cell, said):
    site = profile(tmp_path, fields="patient.birth_date: {from: 格, dates: [YYYY/M/D]}\n")
    assert said in refused(site, sheet(cell))


@pytest.mark.parametrize(
    ("form", "cell", "instant"),
    [
        ("YYYY-MM-DDTHH:mm:ss", "2026-11-01T09:30:00", "2026-11-01T09:30:00+08:00"),
        ("YYYY/M/D H:mm", "2026/11/1 9:30", "2026-11-01T09:30:00+08:00"),
        ("YYYYMMDDHHmmss", "20261101093000", "2026-11-01T09:30:00+08:00"),
        ("YYYY-MM-DD HH:mm:ss.f", "2026-11-01 09:30:00.1234567", "2026-11-01T09:30:00.123456+08:00"),
        ("YYYY-MM-DDTHH:mm:ssZ", "2026-11-01T01:30:00Z", "2026-11-01T09:30:00+08:00"),
        ("YYYY-MM-DDTHH:mm:ssZ", "2026-11-01T02:30:00+09:00", "2026-11-01T01:30:00+08:00"),
        ("YYYY-MM-DDTHH:mm:ssZ", "2026-11-01T02:30:00-0500", "2026-11-01T15:30:00+08:00"),
    ],
)
def test_an_instant_is_the_countys_where_it_has_no_offset(tmp_path, form, cell, instant):
    site = profile(tmp_path, dates=f"['{form}']")
    found = one(site, f"号,时间,药\nA1,{cell},某药\n").issued_at
    assert found == datetime.fromisoformat(instant)
    assert found.utcoffset() is not None


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2026-11-01 24:00", "no such day or time"), ("2026-11-01 9:30", "no date of the form"),
        ("2026-11-01", "no date of the form"), ("", "missing"), ("9999-12-31 23:59", "outside"),
    ],
)  # fmt: skip
def test_an_instant_that_is_none_is_refused(tmp_path, cell, said):
    answer = refused(profile(tmp_path), f"号,时间,药\nA1,{cell},某药\n")
    assert answer.startswith("f:2: 时间: ")
    assert said in answer


def test_an_offset_of_a_day_or_more_is_refused(tmp_path):
    site = profile(tmp_path, dates="['YYYY-MM-DDTHH:mm:ssZ']")
    assert "no such day or time" in refused(site, "号,时间,药\nA1,2026-11-01T09:30:00+99:00,某药\n")


@pytest.mark.parametrize(
    ("day", "hour", "instant"),
    [("2026-11-01", "09:30", "2026-11-01T09:30:00+08:00"), ("2026-11-01", "", "2026-11-01T08:00:00+08:00")],
)
def test_a_day_and_its_time_in_two_columns(tmp_path, day, hour, instant):
    forms = "[YYYY-MM-DD HH:mm, YYYY-MM-DD]"
    signed = "\n  - fields: {role: {always: prescriber}, person: {from: 药}, at: {from: [日, 时], time: '08:00'}}"
    site = profile(tmp_path, dates=forms, signatures=signed, carries="signatures")
    head = "号,时间,日,时,药\nA1,2026-11-01 09:30,"
    assert one(site, f"{head}{day},{hour},D1\n").signatures[0].at == datetime.fromisoformat(instant)
    assert "without its day" in refused(site, f"{head},09:30,D1\n")


@pytest.mark.parametrize(
    ("cell", "unit", "age"),
    [
        ("45", "1", "45岁"), ("45.0", "1", "45岁"), ("8", "2", "8月"), ("12", "3", "12天"), ("45岁", "", "45岁"),
        ("1岁3月", "", "1岁3月"), ("3.5", "1", "3.5岁"), ("0", "1", "0岁"),
    ],
)  # fmt: skip
def test_an_age_with_its_unit(tmp_path, cell, unit, age):
    fields = "patient.age_written: {from: 龄, unit: {from: 位, values: {1: 岁, 2: 月, 3: 天}}}\n"
    site = profile(tmp_path, fields=fields)
    data = f"号,时间,药,龄,位\nA1,2026-11-01 09:30,某药,{cell},{unit}\n"
    assert one(site, data).patient.age_written == age


@pytest.mark.parametrize("unit", ["", "4", "岁"])
def test_an_age_whose_unit_is_not_declared_is_refused(tmp_path, unit):
    fields = "patient.age_written: {from: 龄, unit: {from: 位, values: {1: 岁}}}\n"
    said = refused(profile(tmp_path, fields=fields), f"号,时间,药,龄,位\nA1,2026-11-01 09:30,某药,45,{unit}\n")
    assert said.startswith(f"f:2: 位: unit of the age {unit!r}")


def test_a_bare_age_without_a_unit_is_refused(tmp_path):
    assert "age without its unit" in refused(profile(tmp_path, fields="patient.age_written: {from: 格}\n"), sheet("45"))


def test_padding_of_fixed_columns_and_of_excel_is_taken_off(tmp_path):
    site = profile(tmp_path, fields="patient.identity_number: {from: 格}\n", carries="identity_number")
    assert one(site, sheet("330102195803121224\t   ")).patient.identity_number == "330102195803121224"


@pytest.mark.parametrize(
    ("cell", "said"),
    [("门诊号1", "not a code"), ("Ａ１", "full-width"), ("3301**1224", "not a code"), ("A" * 65, "longer")],
)
def test_a_code_that_is_none_is_refused_by_column(tmp_path, cell, said):
    answer = refused(profile(tmp_path, fields="record_number: {from: 格}\n", carries="record_number"), sheet(cell))
    assert answer.startswith("f:2: 格: ")
    assert said in answer
    assert "(record_number)" in answer


def test_a_code_sent_as_a_json_number(tmp_path):
    site = profile(tmp_path, rows="{as: json, sheet: [号]}", fields="visit: {from: 格}\n", carries="visit")
    row = '{"号": "A1", "时间": "2026-11-01 09:30", "药": "某药", "格": %s}'
    assert one(site, row % "330102").visit == "330102"
    assert "decimal where a code" in refused(site, row % "3.5")
    assert "not a plain number" in refused(site, row % "1e5")
    assert "object or array" in refused(site, row % "[1]")


def test_every_fault_of_a_sheet_is_told_at_once(tmp_path):
    fields = "patient.sex: {from: 性, values: {男: male}}\npatient.weight: {from: 重}\n"
    site = profile(tmp_path, fields=fields, lines="dose: {from: 量}\n", carries="weight")
    data = "号,时间,药,性,重,量\nA1,2026-11-01 09:30,某药,?,x,1e3\nA1,2026-11-01 09:30,,?,x,-2\n"
    (found,) = read(site, data)
    assert isinstance(found, InputError)
    places = ["f:2: 性", "f:2: 重", "f:2: 量", "f:3: 量", "f:3"]
    assert sorted(fault.where for fault in found.faults) == sorted(places)
    assert "no drug" in str(found)


def test_split_diagnoses_and_codes_go_in_pairs(tmp_path):
    entry = "\n  - fields: {text: {from: 诊, split: '；;'}, code: {from: 码, split: '；;'}}"
    site = profile(tmp_path, diagnoses=entry)
    head = "号,时间,药,诊,码\nA1,2026-11-01 09:30,某药,"
    found = one(site, head + "高血压；糖尿病;,I10;E11.9\n").diagnoses
    assert [(d.text, d.code) for d in found] == [("高血压", "I10"), ("糖尿病", "E11.9")]
    assert [d.code for d in one(site, head + "高血压；糖尿病,\n").diagnoses] == [None, None]
    # One code is the first diagnosis's; which of three two codes belong to cannot be told, so none is taken.
    assert [d.code for d in one(site, head + "高血压；糖尿病,I10\n").diagnoses] == ["I10", None]
    assert [d.code for d in one(site, head + "高血压；糖尿病；痛风,I10;M10\n").diagnoses] == [None, None, None]


def test_the_institution_comes_from_the_file_or_from_the_caller(tmp_path):
    data = "号,时间,药,格\nA1,2026-11-01 09:30,某药,%s\n"
    mapped = profile(tmp_path, fields="institution: {from: 格}\n")
    assert one(mapped, data % "C1").institution == "C1"
    assert one(mapped, data % "").institution == "C1"
    assert "a sheet of C2, and --institution is C1" in refused(mapped, data % "C2")
    assert "institution is not said" in refused(profile(tmp_path), data % "", None)
