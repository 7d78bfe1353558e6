"""Why a drug is given: supported, not supported, or not to be said; and what the committee allows beyond the label."""

import pytest
from tests.facts.small import formulary, rows, sheet, told

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import check_prescription
from rx_review.facts.build import FactBuilder

GLIBENCLAMIDE = {"generic": "格列本脲", "form": "片", "strength": "2.5mg", "route": "po"}
IBUPROFEN = {"generic": "布洛芬", "form": "片", "route": "po"}
CREAM = {"generic": "布洛芬", "form": "乳膏", "route": "topical"}
WARFARIN = {"generic": "华法林", "form": "片", "strength": "2.5mg", "route": "po"}
TABLES = {
    "diagnoses": rows(
        "code zh kind",
        """
        A01.01.01 感冒病 tcm_disease
        E11 2型糖尿病 western
        I10 高血压病 western
        I48 心房颤动 western
        J45 哮喘 western
        M54 腰痛 western
        Z00 体检 western
        """,
    ),
    "diagnosis_groups": rows(
        "group zh en prefix",
        "asthma 哮喘 asthma J45\ndiabetes 糖尿病 diabetes E11\nfibrillation 房颤 AF I48\npain 疼痛 pain M54",
    ),
    "indications": [
        *rows(
            "target group",
            """
            格列本脲 diabetes
            class:nsaid pain
            消渴丸 diabetes
            """,
        ),
        {"target": "布洛芬", "group": "fibrillation", "until": "2026-11-01"},
        {"target": "华法林", "group": "fibrillation", "from": "2026-11-01"},
    ],
    "off_label": rows(
        "generic topic condition decision",
        """
        格列本脲 indication asthma 纪要
        格列本脲 dose - 纪要
        华法林 disease asthma 纪要
        """,
    ),
    "contraindications": [
        {"target": "华法林", "topic": "disease", "condition": "asthma", "grade": "contraindicated"},
        {"target": "格列本脲", "topic": "disease", "condition": "asthma", "grade": "caution"},
    ],
    "limits": [
        {"target": "格列本脲", **row}
        for row in rows("measure maximum unit per", "daily_dose 15 mg -\nsingle_dose 5 mg -\ndays 30 day -")
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("indication"), **TABLES))


def concerns(builder: FactBuilder, drug: dict, *texts: str, **fields: object) -> list:
    diagnoses = [{"text": text} for text in texts]
    read = check_prescription(sheet(drug, **{"diagnoses": diagnoses, **fields}))
    return list(builder.build(read, NOTHING_KNOWN, read.issued_at).cases["concern"])


def about(builder: FactBuilder, drug: dict, *texts: str, **fields: object) -> list:
    """The concerns about the indication."""
    return [case for case in concerns(builder, drug, *texts, **fields) if told(case, "topic") == "indication"]


def unsupported(builder: FactBuilder, drug: dict, *texts: str, **fields: object) -> list[int | str]:
    """Whether each concern about the indication applies."""
    return [told(case, "applies") for case in about(builder, drug, *texts, **fields)]


@pytest.mark.parametrize(
    ("drug", "texts", "applies"),
    [
        (GLIBENCLAMIDE, ("2型糖尿病",), []),
        (GLIBENCLAMIDE, ("高血压病",), [1]),
        (GLIBENCLAMIDE, ("高血压病", "2型糖尿病"), []),
        (GLIBENCLAMIDE, ("高血压病、2型糖尿病",), []),
        (GLIBENCLAMIDE, ("排除2型糖尿病",), [1]),
        (GLIBENCLAMIDE, ("2型糖尿病?",), ["?diagnosis_certain"]),
        (GLIBENCLAMIDE, ("疑似2型糖尿病",), ["?diagnosis_certain"]),
        (GLIBENCLAMIDE, ("2型糖尿病?", "2型糖尿病"), []),
        (GLIBENCLAMIDE, ("某某病",), ["?diagnosis_code"]),
        (GLIBENCLAMIDE, ("高血压病", "某某病"), ["?diagnosis_code"]),
        (GLIBENCLAMIDE, ("2型糖尿病", "某某病"), []),
        (GLIBENCLAMIDE, ("2型糖尿病?", "某某病"), ["?diagnosis_certain"]),
        (GLIBENCLAMIDE, (), []),
        (IBUPROFEN, ("腰痛",), []),
        (IBUPROFEN, ("高血压病",), [1]),
        (CREAM, ("高血压病",), []),
        ({**CREAM, "route": None}, ("高血压病",), []),
        ({"generic": "消渴丸"}, ("2型糖尿病",), []),
        ({"generic": "消渴丸"}, ("高血压病",), [1]),
        ({"generic": "二甲双胍"}, ("高血压病",), []),
        ({"generic": "某药"}, ("高血压病",), []),
        ({"generic": "甘草", "kind": "herb"}, ("高血压病",), []),
    ],
)
def test_a_diagnosis_supports_a_drug_or_none_does(county, drug, texts, applies):
    assert unsupported(county, drug, *texts) == applies


def test_a_code_supports_too(county):
    coded = [{"text": "某某病", "code": "E11.900"}]
    assert unsupported(county, GLIBENCLAMIDE, diagnoses=coded) == []
    assert unsupported(county, GLIBENCLAMIDE, diagnoses=[{"text": "某某病", "code": "I10.x00"}]) == [1]


def test_a_chinese_diagnosis_alone_says_nothing_of_a_western_one(county):
    found = unsupported(county, {"generic": "消渴丸"}, diagnoses=[{"text": "感冒病", "kind": "tcm_disease"}])
    assert found in ([1], ["?diagnosis_code"])


@pytest.mark.parametrize(
    ("issued", "drug", "applies"),
    [
        ("2026-10-31T15:59:59Z", IBUPROFEN, []),
        ("2026-10-31T16:00:00Z", IBUPROFEN, [1]),
        ("2026-10-31T23:59:59+08:00", WARFARIN, []),
        ("2026-11-01T00:00:00+08:00", WARFARIN, []),
    ],
)
def test_indications_go_by_the_day_of_issue(county, issued, drug, applies):
    assert unsupported(county, drug, "心房颤动", issued_at=issued) == applies


def test_with_its_first_row_a_drug_begins_to_need_a_diagnosis(county):
    assert unsupported(county, WARFARIN, "高血压病", issued_at="2026-10-31T15:59:59Z") == []
    assert unsupported(county, WARFARIN, "高血压病", issued_at="2026-10-31T16:00:00Z") == [1]


def test_the_concern_says_which_diagnoses_would_support_it(county):
    (case,) = about(county, IBUPROFEN, "高血压病")
    assert case.text("condition") == {"zh": "疼痛", "en": "pain"}
    assert [told(case, name) for name in ("grade", "payment", "off_label_approved", "toxic", "by_weight")] == [
        "caution", "none", 0, 0, 0,
    ]  # fmt: skip
    assert case.lines == (1,)


@pytest.mark.parametrize(
    ("reason", "excused"),
    [
        (None, 0),
        ({"for": "choice", "text": "有", "signed_again": True}, 1),
        ({"for": "choice", "text": "有", "signed_again": True, "lines": [1]}, 1),
        ({"for": "choice", "text": "有"}, 0),
        ({"for": "dose", "text": "有", "signed_again": True}, 0),
    ],
)
def test_a_choice_is_excused_by_a_reason_signed_again(county, reason, excused):
    (case,) = about(county, IBUPROFEN, "高血压病", reasons=[reason] if reason else [])
    assert told(case, "excused") == excused


CONSENT = {"consents": [{"to": "off_label"}]}
TOO_MUCH = {**GLIBENCLAMIDE, "dose": 8, "dose_unit": "片", "frequency": "qd", "quantity": 80, "quantity_unit": "片"}


def approved(builder: FactBuilder, drug: dict, *texts: str, **fields: object) -> dict[str, int]:
    found = concerns(builder, drug, *texts, **fields)
    return {str(told(case, "topic")): told(case, "off_label_approved") for case in found}


def test_use_beyond_the_label_is_approved_with_consent_and_for_its_condition(county):
    assert approved(county, GLIBENCLAMIDE, "哮喘")["indication"] == 0
    assert approved(county, GLIBENCLAMIDE, "哮喘", **CONSENT)["indication"] == 1
    assert approved(county, GLIBENCLAMIDE, "高血压病", **CONSENT)["indication"] == 0
    assert approved(county, GLIBENCLAMIDE, "哮喘?", **CONSENT)["indication"] == 0
    assert approved(county, IBUPROFEN, "哮喘", **CONSENT)["indication"] == 0


def test_what_the_committee_lists_is_not_approved_without_consent(county):
    assert approved(county, GLIBENCLAMIDE, "哮喘")["indication"] == 0


def test_consent_to_something_else_approves_nothing(county):
    assert approved(county, GLIBENCLAMIDE, "哮喘", consents=[{"to": "opioid"}])["indication"] == 0
    read = check_prescription(
        sheet(GLIBENCLAMIDE, WARFARIN, diagnoses=[{"text": "哮喘"}], consents=[{"to": "off_label", "lines": [2]}])
    )
    cases = county.build(read, NOTHING_KNOWN, read.issued_at).cases["concern"]
    found = {(case.lines, told(case, "topic")): told(case, "off_label_approved") for case in cases}
    assert found[(1,), "indication"] == 0
    assert found[(2,), "disease"] == 1


def test_what_is_approved_is_only_what_the_row_is_about(county):
    assert approved(county, TOO_MUCH, "哮喘", **CONSENT) == {
        "indication": 1, "disease": 0, "daily_dose": 1, "single_dose": 1, "days": 1,
    }  # fmt: skip
    assert set(approved(county, TOO_MUCH, "哮喘").values()) == {0}
    assert approved(county, TOO_MUCH, "2型糖尿病", **CONSENT) == {"daily_dose": 1, "single_dose": 1, "days": 1}
