"""What stands instead of a value: each word means what the profile says of it, and no other word means anything."""

import pytest
from tests.intake.conftest import one, profile, refused

from rx_review.domain.prescription import Allergies

HEAD = "号,时间,药,格\n"


def sheet(cell: str) -> str:
    return f'{HEAD}A1,2026-11-01 09:30,某药,"{cell}"\n'


ALLERGIES = "patient.allergies: {from: 格, none: [无, 否认], not_asked: [未询], split: 、}\n"
WORDS = {"unknown": "[不详, '-', '/']", "not_asked": "[未问]"}
NONE, NOT_ASKED = Allergies(status="none"), Allergies(status="not_asked")


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("", None),
        ("  ", None),
        ("\u3000", None),
        ("不详", None),
        ("-", None),
        ("/", None),
        ("／", None),
        ("无", NONE),
        (" 无 ", NONE),
        ("否认", NONE),
        ("未问", NOT_ASKED),
        ("未询", NOT_ASKED),
        ("青霉素", Allergies(status="known", items=("青霉素",))),
        ("青霉素、 磺胺 、", Allergies(status="known", items=("青霉素", "磺胺"))),
        # Not declared, so nobody may say that it means none.
        ("无明显过敏", Allergies(status="known", items=("无明显过敏",))),
    ],
)
def test_what_is_said_of_allergies(tmp_path, cell, meant):
    site = profile(tmp_path, fields=ALLERGIES, carries="allergies", **WORDS)
    assert one(site, sheet(cell)).patient.allergies == meant


@pytest.mark.parametrize("cell", ["青霉素、无", "无、否认", "青霉素、不详"])
def test_a_denial_beside_an_allergen_is_refused(tmp_path, cell):
    site = profile(tmp_path, fields=ALLERGIES, carries="allergies", **WORDS)
    assert "stands beside other values" in refused(site, sheet(cell))


def test_an_empty_cell_may_be_declared_to_mean_asked_and_denied(tmp_path):
    site = profile(tmp_path, fields="patient.allergies: {from: 格, none: ['']}\n", carries="allergies")
    assert one(site, sheet("")).patient.allergies == NONE


def test_a_fields_own_word_goes_before_the_profiles(tmp_path):
    fields = "patient.allergies: {from: 格, none: ['-']}\n"
    site = profile(tmp_path, fields=fields, carries="allergies", unknown="['-']")
    assert one(site, sheet("-")).patient.allergies == NONE


@pytest.mark.parametrize(
    ("status", "items", "meant"),
    [
        ("1", "青霉素", Allergies(status="known", items=("青霉素",))),
        ("2", "", NONE),
        ("0", "", NOT_ASKED),
        ("", "", None),
        ("", "青霉素", Allergies(status="known", items=("青霉素",))),
    ],
)
def test_allergies_in_two_columns(tmp_path, status, items, meant):
    fields = "patient.allergy_status: {from: 有, values: {1: known, 2: none, 0: not_asked}}\n"
    site = profile(tmp_path, fields=fields + "patient.allergies: {from: 格}\n", carries="allergies")
    data = f"号,时间,药,有,格\nA1,2026-11-01 09:30,某药,{status},{items}\n"
    assert one(site, data).patient.allergies == meant


@pytest.mark.parametrize(("status", "items"), [("1", ""), ("2", "青霉素")])
def test_allergies_that_contradict_are_refused_by_column(tmp_path, status, items):
    fields = "patient.allergy_status: {from: 有, values: {1: known, 2: none, 0: not_asked}}\n"
    site = profile(tmp_path, fields=fields + "patient.allergies: {from: 格}\n", carries="allergies")
    said = refused(site, f"号,时间,药,有,格\nA1,2026-11-01 09:30,某药,{status},{items}\n")
    assert said.startswith("f:2")
    assert "allergen" in said


@pytest.mark.parametrize(
    ("kind", "cell", "meant"),
    [
        ("patient.weight", "0", None),
        ("patient.weight", "0.00", None),
        ("patient.weight", ".0", None),
        ("patient.weight", "０", None),
        ("patient.weight", "62.50", "62.5"),
        ("patient.egfr", "0", None),
        ("patient.egfr", "48.3", "48.3"),
        ("patient.gestation", "0", None),
        ("patient.gestation", "24.0", "24"),
    ],
)
def test_zero_is_no_value_where_the_profile_says_so(tmp_path, kind, cell, meant):
    lacking = {"patient.weight": "weight", "patient.egfr": "renal", "patient.gestation": "pregnancy"}
    site = profile(tmp_path, fields=f"{kind}: {{from: 格}}\n", carries=lacking[kind], zero_is_unknown=f"[{kind}]")
    found = getattr(one(site, sheet(cell)).patient, kind.partition(".")[2])
    found = getattr(found, "value", found)
    assert (None if found is None else str(found)) == meant


@pytest.mark.parametrize(("name", "carries"), [("dose", ""), ("days", "days"), ("quantity", "quantity")])
def test_zero_on_a_line(tmp_path, name, carries):
    lines = f"{name}: {{from: 格}}\n"
    strict = profile(tmp_path, lines=lines, carries=carries)
    assert getattr(one(strict, sheet("0")).lines[0], name) == 0
    lenient = profile(tmp_path, lines=lines, carries=carries, zero_is_unknown=f"[lines.{name}]")
    assert getattr(one(lenient, sheet("0")).lines[0], name) is None


def test_a_declared_zero_is_not_lost(tmp_path):
    fields = "patient.sex: {from: 格, values: {0: female, 1: male}}\n"
    assert one(profile(tmp_path, fields=fields), sheet("0")).patient.sex == "female"


@pytest.mark.parametrize("cell", ["9", "未知", "x", "男性", "0"])
def test_a_value_nobody_declared_is_refused_in_their_terms(tmp_path, cell):
    site = profile(tmp_path, fields="patient.sex: {from: 格, values: {1: male, 男: male, 2: female}}\n")
    said = refused(site, sheet(cell))
    assert said.startswith(f"f:2: 格: {cell!r} is not declared: 1, 男, 2")


@pytest.mark.parametrize(("cell", "meant"), [("是", True), ("1", True), ("否", False), ("0", False), ("", None)])
def test_yes_and_no_in_their_words(tmp_path, cell, meant):
    fields = "patient.lactation: {from: 格, values: {是: true, 否: false, 1: true, 0: false}}\n"
    assert one(profile(tmp_path, fields=fields, carries="lactation"), sheet(cell)).patient.lactation is meant


def test_null_and_a_missing_key_are_absent_in_json(tmp_path):
    site = profile(tmp_path, rows="{as: json, sheet: [号]}", fields=ALLERGIES, carries="allergies", **WORDS)
    row = '{"号": "A1", "时间": "2026-11-01 09:30", "药": "某药"%s}'
    for cell in ("", ', "格": null', ', "格": ""'):
        assert one(site, row % cell).patient.allergies is None
    assert one(site, row % ', "格": "无"').patient.allergies == NONE


def test_json_truths_are_words(tmp_path):
    fields = "patient.lactation: {from: 格, values: {true: true, false: false}}\n"
    site = profile(tmp_path, rows="{as: json, sheet: [号]}", fields=fields, carries="lactation")
    row = '{"号": 7, "时间": "2026-11-01 09:30", "药": "某药", "格": %s}'
    assert one(site, row % "true").patient.lactation is True
    assert one(site, row % '"False"').patient.lactation is False
    assert one(site, row % "true").number == "7"


def test_a_day_of_a_sample_without_its_value_says_nothing(tmp_path):
    fields = "patient.egfr: {from: 值}\npatient.egfr_on: {from: 日, dates: [YYYYMMDD]}\n"
    site = profile(tmp_path, fields=fields, carries="renal")
    head = "号,时间,药,值,日\nA1,2026-11-01 09:30,某药,"
    assert one(site, head + ",20261030\n").patient.egfr is None
    assert str(one(site, head + "50,20261030\n").patient.egfr.on) == "2026-10-30"


def test_packets_that_count_only_on_some_sheets(tmp_path):
    fields = "decoction.packets: {from: 剂, only_if: {from: 类, is: [中药]}}\ndecoction.usage: {from: 法}\n"
    site = profile(tmp_path, fields=fields, carries="decoction")
    head = "号,时间,药,剂,类,法\nA1,2026-11-01 09:30,某药,"
    assert one(site, head + "7,中药,水煎\n").decoction.packets == 7
    assert one(site, head + "1,西药,水煎\n").decoction is None


@pytest.mark.parametrize("cell", ["1900-01-01", "1900/1/1", "1900/1/1 0:00:00", "19000101"])
def test_a_day_that_stands_for_none_is_known_in_each_form(tmp_path, cell):
    forms = "[YYYY-MM-DD HH:mm, YYYY-MM-DD, YYYY/M/D, 'YYYY/M/D H:mm:ss', YYYYMMDD]"
    fields = "patient.birth_date: {from: 格, unknown: ['1900-01-01']}\n"
    assert one(profile(tmp_path, dates=forms, fields=fields), sheet(cell)).patient.birth_date is None


@pytest.mark.parametrize(("cell", "weight"), [("999", None), ("999.00", None), ("99.9", "99.9")])
def test_a_number_that_stands_for_none_is_known_in_each_form(tmp_path, cell, weight):
    site = profile(tmp_path, fields="patient.weight: {from: 格, unknown: [999]}\n", carries="weight")
    found = one(site, sheet(cell)).patient.weight
    assert (found and str(found)) == weight
