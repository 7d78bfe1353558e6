"""Sheets that must not go through: each did once. What is written stands beside the least that a review may say."""

import json

import pytest
from tests.shipped import shipped_edition

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import read_prescription
from rx_review.domain.review import RANK
from rx_review.engine.review import review

IBUPROFEN = {"generic": "布洛芬缓释胶囊", "strength": "0.3g*20粒", "dose": 0.3, "dose_unit": "g", "route": "口服",
             "frequency": "bid", "days": 5, "quantity": 1, "quantity_unit": "盒"}  # fmt: skip
PROPRANOLOL = {"generic": "盐酸普萘洛尔片", "strength": "10mg*100片", "dose": 10, "dose_unit": "mg", "route": "口服",
               "frequency": "tid", "days": 7, "quantity": 21, "quantity_unit": "片"}  # fmt: skip
LEVOFLOXACIN = {"generic": "左氧氟沙星片", "strength": "0.5g*4片", "dose": 0.5, "dose_unit": "g", "route": "口服",
                "frequency": "qd", "days": 4, "quantity": 1, "quantity_unit": "盒"}  # fmt: skip
INSULIN = {"generic": "胰岛素注射液", "strength": "10ml:400单位", "dose_unit": "U", "route": "皮下注射",
           "frequency": "tid", "quantity": 1, "quantity_unit": "支"}  # fmt: skip
WOMAN = {"sex": "female", "birth_date": "1996-04-01"}


def answer(diagnoses, line, patient=None, **fields):
    edition = shipped_edition()
    tree = {
        "number": "D-1", "setting": "outpatient", "sheet": "ordinary", "institution": "SAMPLE-C01",
        "issued_at": "2026-11-10T09:00:00+08:00", "record_number": "M1", "department": "内科", "payer": "自费",
        "prescriber": {"id": "D1", "licence": "physician"},
        "patient": {"name": "某", "sex": "male", "birth_date": "1966-04-01", "allergies": {"status": "none"},
                    **(patient or {})},
        "diagnoses": [one if isinstance(one, dict) else {"text": one} for one in diagnoses],
        "lines": [{"line": 1, **line}], **fields,
    }  # fmt: skip
    tree["patient"] = {name: value for name, value in tree["patient"].items() if value is not None}
    read = read_prescription(json.dumps(tree))
    return review(read, NOTHING_KNOWN, edition, read.issued_at)


@pytest.mark.parametrize(
    ("diagnoses", "line", "patient", "least"),
    [
        (["胃溃疡待排", "膝骨关节炎"], IBUPROFEN, None, "hold"),
        (["膝骨关节炎，胃溃疡病史"], IBUPROFEN, None, "hold"),
        (["支气管哮喘？", "心悸"], PROPRANOLOL, None, "hold"),
        (["支气管哮喘病史20年", "心悸"], PROPRANOLOL, None, "hold"),
        (["膀胱炎", "孕12+周"], LEVOFLOXACIN, WOMAN, "return"),
        (["膀胱炎", "孕12w"], LEVOFLOXACIN, WOMAN, "return"),
        (["膀胱炎", "G3P1孕9+6周待流产"], LEVOFLOXACIN, WOMAN, "return"),
        (["膀胱炎", "妊娠可能"], LEVOFLOXACIN, WOMAN, "hold"),
        (["2型糖尿病"], INSULIN | {"dose": 400}, None, "return"),
        (["2型糖尿病"], INSULIN | {"dose": 40, "dose_unit": "ml"}, None, "hold"),
        (
            ["甲状腺功能减退症"],
            {"generic": "左甲状腺素钠片", "strength": "50ug*100片", "dose": 50, "dose_unit": "mg", "route": "口服",
             "frequency": "晨起与水同服", "quantity": 1, "quantity_unit": "盒"},
            None, "return",
        ),
        (
            ["流行性感冒"],
            {"generic": "利巴韦林注射液", "strength": "1ml:0.1g", "dose": 0.1, "dose_unit": "g",
             "route": "雾化吸入", "frequency": "bid", "quantity": 6, "quantity_unit": "支"},
            WOMAN | {"pregnancy": "pregnant", "gestation": 20}, "return",
        ),
        (
            ["早期梅毒"],
            {"generic": "注射用苄星青霉素", "strength": "120万单位", "dose": 240, "dose_unit": "万单位",
             "route": "静滴", "frequency": "qw", "quantity": 2, "quantity_unit": "支", "skin_test": "negative"},
            None, "block",
        ),
        (
            ["慢性肾脏病5期"],
            {"generic": "氯化钾缓释片", "strength": "0.5g*24片", "dose": 1, "dose_unit": "g", "route": "口服",
             "frequency": "tid", "days": 7, "quantity": 42, "quantity_unit": "片"},
            None, "return",
        ),
        (
            ["急性扁桃体炎，青霉素过敏"],
            {"generic": "阿莫西林胶囊", "strength": "0.25g*24粒", "dose": 0.5, "dose_unit": "g", "route": "口服",
             "frequency": "tid", "days": 4, "quantity": 1, "quantity_unit": "盒"},
            None, "block",
        ),
    ],
)  # fmt: skip
def test_it_does_not_go_through(diagnoses, line, patient, least):
    found = answer(diagnoses, line, patient)
    assert RANK[found.verdict] >= RANK[least], [finding.rule for finding in found.findings]
    assert found.findings or not found.complete


def test_a_dose_in_a_wrong_unit_is_offered_no_greatest_dose():
    line = {"generic": "地高辛片", "strength": "0.25mg*100片", "dose": 0.25, "dose_unit": "g", "route": "口服",
            "frequency": "qd", "days": 7, "quantity": 7, "quantity_unit": "片"}  # fmt: skip
    found = answer(["心房颤动"], line)
    assert RANK[found.verdict] >= RANK["return"]
    assert not [way for way in found.counterfactuals if "减至" in way.says["zh"]]


@pytest.mark.parametrize("age", [{"birth_date": "2020-05-01"}, {"birth_date": None}])
def test_who_may_be_a_child_is_offered_no_dose_of_an_adult(age):
    found = answer(["发热", "活动性胃溃疡"], IBUPROFEN, {"weight": 20, **age})
    assert RANK[found.verdict] >= RANK["return"]
    assert not [way for way in found.counterfactuals if "换用" in way.says["zh"]]


def test_what_a_way_to_pass_leaves_out_is_named_as_the_sheet_names_it():
    sheet = [
        {"line": 1, "generic": "格列本脲片", "strength": "2.5mg*100片", "dose": 2.5, "dose_unit": "mg", "route": "口服",
         "frequency": "bid", "days": 7, "quantity": 14, "quantity_unit": "片"},
        {"line": 2, "generic": "消渴丸", "strength": "0.25g", "dose": 5, "dose_unit": "丸", "route": "口服",
         "frequency": "tid", "days": 7, "quantity": 105, "quantity_unit": "丸"},
    ]  # fmt: skip
    found = answer(["2型糖尿病"], sheet[0], lines=sheet)
    assert RANK[found.verdict] >= RANK["return"]
    dropped = [way.says["zh"] for way in found.counterfactuals if "删去" in way.says["zh"]]
    assert dropped
    assert all("第1行 格列本脲片" in said or "第2行 消渴丸" in said for said in dropped)


def test_a_code_that_says_another_disease_than_the_words_establishes_neither():
    found = answer([{"text": "腰痛", "code": "K2501"}], IBUPROFEN)
    assert "RX-POP-007" not in {finding.rule for finding in found.findings}
    assert RANK[found.verdict] >= RANK["hold"]
