"""Who a row applies to: age, pregnancy, sex, diseases, kidneys and liver; and unknown where a fact is missing."""

import pytest
from tests.facts.small import facts, told

MEN = {"sex": "male", "birth_date": "1980-01-01"}
WOMEN = {"sex": "female", "birth_date": "1980-01-01"}
TABLET = {"generic": "左氧氟沙星", "form": "片", "route": "po"}


def row(topic: str, **cells: str) -> dict[str, str]:
    return {"target": "左氧氟沙星", "topic": topic, "grade": "contraindicated", **cells}


def applies(known, *lines: dict, **fields: object) -> list[tuple[str, int | str]]:
    """Topic and whether it applies, of each concern about safety."""
    cases = facts(known, *(lines or (TABLET,)), **fields)["concern"]
    return [(told(c, "topic"), told(c, "applies")) for c in cases if told(c, "grade") != "bound"]


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ({"birth_date": "2008-11-02"}, [("age", 1)]),
        ({"birth_date": "2008-11-01"}, []),
        ({"age_written": "17岁"}, [("age", 1)]),
        ({"age_written": "18岁"}, []),
        ({}, [("age", "?birth_date")]),
        ({"age_written": "成人"}, [("age", "?birth_date")]),
    ],
)
def test_a_band_of_age(small, patient, expected):
    assert applies(small(contraindications=[row("age", age_until="18y")]), patient=patient) == expected


def test_a_row_that_certainly_applies_is_not_hidden_by_one_that_may(small):
    known = small(contraindications=[row("age", age_until="18y"), row("age", age_from="1d", age_until="28d")])
    assert applies(known, patient={"age_written": "0岁"}) == [("age", 1)]
    known = small(contraindications=[row("age", age_until="28d"), row("age", age_from="1d", age_until="18y")])
    assert applies(known, patient={"age_written": "0月"}) == [("age", 1)] or applies(
        known, patient={"age_written": "0月"}
    ) == [("age", "?birth_date")]


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ({**WOMEN, "pregnancy": "pregnant"}, [("pregnancy", 1)]),
        ({**WOMEN, "pregnancy": "not_pregnant"}, []),
        (WOMEN, [("pregnancy", "?pregnancy")]),
        (MEN, []),
        ({**WOMEN, "birth_date": "2020-01-01"}, []),
        ({**WOMEN, "birth_date": "1950-01-01"}, []),
        ({**WOMEN, "birth_date": "1969-01-01", "pregnancy": "pregnant"}, [("pregnancy", 1)]),
        ({**WOMEN, "birth_date": "2016-01-01", "pregnancy": "pregnant"}, [("pregnancy", 1)]),
        ({"birth_date": "1980-01-01"}, [("pregnancy", "?sex")]),
        ({"birth_date": "1980-01-01", "sex": "unknown"}, [("pregnancy", "?sex")]),
        ({"birth_date": "1950-01-01"}, []),
        ({"sex": "female"}, [("pregnancy", "?pregnancy")]),
        ({}, [("pregnancy", "?sex")]),
    ],
)
def test_who_may_be_pregnant(small, patient, expected):
    assert applies(small(contraindications=[row("pregnancy")]), patient=patient) == expected


@pytest.mark.parametrize(
    ("weeks", "trimester", "expected"),
    [
        (0, "first", [("pregnancy", 1)]),
        (13, "first", [("pregnancy", 1)]),
        (14, "first", []),
        (14, "second", [("pregnancy", 1)]),
        (27, "second", [("pregnancy", 1)]),
        (28, "second", []),
        (28, "third", [("pregnancy", 1)]),
        (41, "third", [("pregnancy", 1)]),
        (None, "third", [("pregnancy", "?gestation")]),
    ],
)
def test_weeks_and_trimesters(small, weeks, trimester, expected):
    known = small(contraindications=[row("pregnancy", condition=trimester)])
    patient = {**WOMEN, "pregnancy": "pregnant", "gestation": weeks}
    assert applies(known, patient=patient) == expected
    assert applies(known, patient={**WOMEN, "pregnancy": "not_pregnant"}) == []


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ({**WOMEN, "lactation": True}, [("lactation", 1)]),
        ({**WOMEN, "lactation": False}, []),
        (WOMEN, [("lactation", "?lactation")]),
        (MEN, []),
    ],
)
def test_breast_feeding(small, patient, expected):
    assert applies(small(contraindications=[row("lactation")]), patient=patient) == expected


@pytest.mark.parametrize(("patient", "expected"), [(MEN, [("sex", 1)]), (WOMEN, []), ({}, [("sex", "?sex")])])
def test_a_row_for_one_sex(small, patient, expected):
    assert applies(small(contraindications=[row("sex", condition="male")]), patient=patient) == expected


@pytest.mark.parametrize(
    ("diagnoses", "expected"),
    [
        ([{"text": "支气管哮喘", "code": "J45.901"}], [("disease", 1)]),
        ([{"text": "喘", "code": "j45"}], [("disease", 1)]),
        ([{"text": "哮喘"}], [("disease", 1)]),
        ([{"text": "高血压", "code": "I10.x00"}], []),
        ([{"text": "高血压", "code": "I10"}, {"text": "哮喘", "code": "J45"}], [("disease", 1)]),
        ([{"text": "排除哮喘"}], []),
        ([{"text": "哮喘史"}], [("disease", "?diagnosis_certain")]),
        ([{"text": "高血压", "code": "I10"}, {"text": "咳嗽待查"}], [("disease", "?diagnosis_code")]),
        ([{"text": "高血压", "code": "I10"}, {"text": "气虚证", "kind": "tcm_syndrome"}], []),
        ([{"text": "肺炎", "code": "J4"}], [("disease", "?diagnosis_code")]),
        ([{"text": "哮喘", "code": "ZZZ999"}], [("disease", 1)]),
    ],
)
def test_a_disease_by_its_code_or_its_very_name(small, diagnoses, expected):
    known = small(contraindications=[row("disease", condition="asthma")])
    assert applies(known, diagnoses=diagnoses) == expected


def test_no_diagnosis_at_all_says_nothing_about_diseases(small):
    known = small(contraindications=[row("disease", condition="asthma")])
    assert applies(known, diagnoses=[]) == [("disease", "?diagnosis_code")]


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ({"egfr": {"value": "29.9"}}, [("renal", 1)]),
        ({"egfr": {"value": 30}}, []),
        ({"egfr": {"value": 0}}, [("renal", 1)]),
        ({"crcl": {"value": 29}}, [("renal", 1)]),
        ({}, [("renal", "?egfr")]),
    ],
)
def test_kidneys_below_a_bound(small, patient, expected):
    assert applies(small(contraindications=[row("renal", under="30")]), patient=patient) == expected


@pytest.mark.parametrize(
    ("state", "bound", "expected"),
    [
        ("normal", "mild", []),
        ("mild", "mild", [("hepatic", 1)]),
        ("moderate", "mild", [("hepatic", 1)]),
        ("mild", "moderate", []),
        ("severe", "severe", [("hepatic", 1)]),
        ("moderate", "severe", []),
        (None, "severe", [("hepatic", "?hepatic")]),
    ],
)
def test_a_liver_class_and_worse(small, state, bound, expected):
    known = small(contraindications=[row("hepatic", condition=bound)])
    assert applies(known, patient={"hepatic": state}) == expected


@pytest.mark.parametrize(
    ("line", "scope", "count"),
    [
        (TABLET, "systemic", 1),
        ({"generic": "左氧氟沙星", "form": "滴眼剂", "route": "eye"}, "systemic", 0),
        ({"generic": "左氧氟沙星", "form": "滴眼剂", "route": "eye"}, "any", 1),
        ({"generic": "左氧氟沙星", "form": "滴眼剂"}, "systemic", 0),
        ({"generic": "左氧氟沙星"}, "systemic", 1),
    ],
)
def test_what_is_put_on_the_spot_is_judged_only_by_rows_that_say_so(small, line, scope, count):
    known = small(contraindications=[row("age", age_until="18y", scope=scope)])
    assert len(applies(known, line, patient={"age_written": "9岁"})) == count


def test_a_row_for_one_form_leaves_the_others_alone(small):
    known = small(contraindications=[{**row("age", age_until="18y", form="sustained_tablet"), "target": "二甲双胍"}])
    child = {"age_written": "9岁"}
    assert applies(known, {"generic": "二甲双胍", "form": "缓释片"}, patient=child) == [("age", 1)]
    assert applies(known, {"generic": "二甲双胍", "form": "片"}, patient=child) == []
    assert applies(known, {"generic": "二甲双胍"}, patient=child) == [("age", 1)]


CLASS = {**row("age", age_until="18y"), "target": "class:nsaid"}
OWN = {**row("age", age_until="6m", grade="caution"), "target": "布洛芬"}
IBUPROFEN = {"generic": "布洛芬", "form": "片", "route": "po"}


def test_an_ingredient_s_row_beats_its_class_s(small):
    child = {"age_written": "9岁"}
    assert applies(small(contraindications=[CLASS]), IBUPROFEN, patient=child) == [("age", 1)]
    assert applies(small(contraindications=[CLASS, OWN]), IBUPROFEN, patient=child) == []


def test_but_only_while_it_holds(small):
    ended = {**OWN, "until": "2026-01-01"}
    child = {"age_written": "9岁"}
    assert applies(small(contraindications=[CLASS, ended]), IBUPROFEN, patient=child) == [("age", 1)]


def test_and_only_about_those_it_speaks_of(small):
    aged = {**OWN, "age_from": "65y", "age_until": ""}
    child = {"age_written": "9岁"}
    assert applies(small(contraindications=[CLASS, aged]), IBUPROFEN, patient=child) == [("age", 1)]


def test_a_row_of_a_herb_is_for_every_piece_of_it(small):
    known = small(contraindications=[{**row("pregnancy"), "target": "herb:半夏"}])
    patient = {**WOMEN, "pregnancy": "pregnant"}
    for piece in ("法半夏", "姜半夏"):
        assert applies(known, {"generic": piece, "kind": "herb"}, patient=patient) == [("pregnancy", 1)]
    assert applies(known, {"generic": "甘草", "kind": "herb"}, patient=patient) == []


def test_the_question_of_a_row_and_the_signature_that_excuses_it(small):
    known = small(contraindications=[row("pregnancy", ask_zh="是否妊娠？", ask_en="Is she pregnant?")])
    case = facts(known, TABLET)["concern"][0]
    assert case.ask == {"zh": "是否妊娠？", "en": "Is she pregnant?"}
    assert told(case, "excused") == 0
    reason = {"for": "contraindication", "text": "利大于弊"}
    for given, excused in (({}, 0), ({"signed_again": True}, 1), ({"signed_again": True, "lines": [2]}, 0)):
        cases = facts(known, TABLET, IBUPROFEN, reasons=[{**reason, **given}])["concern"]
        assert [told(c, "excused") for c in cases if c.row != "no_limit"] == [excused]
    other = facts(known, TABLET, reasons=[{"for": "dose", "text": "重症", "signed_again": True}])["concern"]
    assert told(other[0], "excused") == 0
