"""How a line is used: form against route, route against drug, how often, and by what name."""

import json

import pytest
from tests.shipped import shipped_edition

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import read_prescription
from rx_review.facts.build import FactBuilder


@pytest.fixture(scope="module")
def shipped():
    return FactBuilder(shipped_edition().formulary)


def facts_of(shipped, sheet=None, **line):
    tree = {
        "number": "U-1",
        "setting": "outpatient",
        "institution": "SAMPLE-C01",
        "issued_at": "2026-11-02T09:00:00+08:00",
        "patient": {"sex": "male", "birth_date": "1980-05-01"},
        "diagnoses": [{"text": "高血压", "code": "I10"}],
        "lines": [{"line": 1, "dose": 1, "dose_unit": "片", "frequency": "tid", **line}],
        **(sheet or {}),
    }
    read = read_prescription(json.dumps(tree))
    return shipped.build(read, NOTHING_KNOWN, read.issued_at).cases["line"][0]


@pytest.mark.parametrize(
    ("generic", "route", "mismatch"),
    [
        ("炉甘石洗剂", "口服", "swallowed"),
        ("开塞露", "口服", "swallowed"),
        ("沙丁胺醇吸入气雾剂", "口服", "swallowed"),
        ("阿莫西林胶囊", "口服", "none"),
        ("左氧氟沙星滴眼液", "滴耳", "none"),
        ("开塞露", "滴耳", "eye_or_ear"),
        ("左氧氟沙星滴眼液", "滴眼", "none"),
        ("甲硝唑片", "滴眼", "eye_or_ear"),
        ("甲硝唑片", "阴道给药", "body_opening"),
        ("甲硝唑片", "口服", "none"),
        ("硝苯地平片", "舌下含服", "sublingual"),
        ("硝酸甘油片", "舌下含服", "none"),
        ("速效救心丸", "舌下含服", "none"),
        ("硝苯地平控释片", "鼻饲", "tube"),
        ("阿司匹林肠溶片", "鼻饲", "tube"),
        ("二甲双胍片", "鼻饲", "none"),
        ("地塞米松磷酸钠注射液", "雾化吸入", "none"),
    ],
)
def test_a_form_goes_with_some_routes_and_not_with_others(shipped, generic, route, mismatch):
    case = facts_of(shipped, generic=generic, route=route)
    assert case.known("drug_known") == 1, generic
    assert case.known("route_mismatch") == mismatch


def test_a_route_that_cannot_be_read_leaves_it_unknown(shipped):
    case = facts_of(shipped, generic="甲硝唑片", route="某处")
    assert (case.known("route_mismatch"), case.cause("route_mismatch")) == (None, "route")


@pytest.mark.parametrize(
    ("generic", "route", "fact", "value"),
    [
        ("地塞米松磷酸钠注射液", "雾化吸入", "injection_nebulised", 1),
        ("吸入用布地奈德混悬液", "雾化吸入", "injection_nebulised", 0),
        ("地塞米松磷酸钠注射液", "静推", "injection_nebulised", 0),
        ("拜新同", "口服", "irregular_name", 1),
        ("硝苯地平控释片", "口服", "irregular_name", 0),
    ],
)
def test_what_is_nebulised_and_what_is_called_by_a_brand(shipped, generic, route, fact, value):
    assert facts_of(shipped, generic=generic, route=route).known(fact) == value


def test_a_strength_is_written_on_the_line_or_said_by_the_code(shipped):
    assert facts_of(shipped, generic="甲硝唑片").known("strength_written") == 0
    assert facts_of(shipped, generic="甲硝唑片", strength="0.2g").known("strength_written") == 1
    assert facts_of(shipped, product="W001-01").known("strength_written") == 1
    assert facts_of(shipped, generic="甘草", kind="herb", dose=6, dose_unit="g").known("strength_written") == 1


def signed(*signatures, revision=1):
    return {
        "revision": revision,
        "prescriber": {"id": "D1", "licence": "physician"},
        "signatures": [
            {"role": role, "person": person, "at": "2026-11-02T09:00:00+08:00", "revision": under}
            for role, person, under in signatures
        ],
    }


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        (signed(("prescriber", "D1", 1)), set()),
        (signed(("prescriber", "D2", 1)), {"signed_by_another"}),
        (signed(("prescriber", "D1", 1), ("prescriber", "D2", 2), revision=2), {"altered_by_another"}),
        (signed(("reviewer", "P1", 1), ("checker", "P2", 1)), {"reviewer_signed", "checker_signed"}),
        (signed(("reviewer", "P1", 1), ("issuer", "P1", 1)), {"reviewer_signed", "checker_signed", "one_dispenser"}),
        (signed(("dispenser", "D1", 1)), {"prescriber_dispenses"}),
        (signed(("reviewer", "P1", 1), revision=2), set()),
    ],
)
def test_who_signed_for_whom(shipped, sheet, told):
    case = facts_of(shipped, sheet, generic="甲硝唑片")
    names = (
        "signed_by_another", "altered_by_another", "reviewer_signed", "checker_signed", "one_dispenser",
        "prescriber_dispenses",
    )  # fmt: skip
    assert {name for name in names if case.known(name)} == told


@pytest.mark.parametrize(
    ("patient", "told"),
    [
        ({"birth_date": "1980-05-01", "age_written": "46岁"}, set()),
        ({"birth_date": "1980-05-01", "age_written": "30岁"}, {"age_contradicts"}),
        ({"age_written": "一岁半"}, {"age_unreadable"}),
        ({"age_written": "18月"}, set()),
        ({"birth_date": "2025-05-01", "age_written": "一岁半"}, set()),
    ],
)
def test_ages_that_contradict_or_cannot_be_read(shipped, patient, told):
    case = facts_of(shipped, {"patient": {"sex": "male", **patient}}, generic="甲硝唑片")
    assert {name for name in ("age_contradicts", "age_unreadable") if case.known(name)} == told


@pytest.mark.parametrize(
    ("text", "denied", "vague"),
    [("排除肺炎", 1, 0), ("高血压，排除肺炎", 0, 0), ("？", 0, 1), ("/", 0, 1), ("高血压", 0, 0)],
)
def test_diagnoses_that_are_none(shipped, text, denied, vague):
    case = facts_of(shipped, {"diagnoses": [{"text": text}]}, generic="甲硝唑片")
    assert (case.known("diagnosis_denied"), case.known("diagnosis_vague")) == (denied, vague)


def test_systemic_antibacterials_are_counted_once_each(shipped):
    names = ["阿莫西林胶囊", "阿莫西林胶囊", "左氧氟沙星片", "左氧氟沙星滴眼液", "氨氯地平片"]
    lines = [
        {"line": n, "generic": name, "dose": 1, "dose_unit": "片", "route": "滴眼" if "滴眼" in name else "口服"}
        for n, name in enumerate(names, 1)
    ]
    case = facts_of(shipped, {"lines": lines})
    assert case.known("antibacterial_count") == 2
