"""What the sheet itself tells of agents, payers, the visit and what its diagnoses have in common."""

from dataclasses import replace

import pytest
from tests.facts.small import CORE, SHEET, formulary, rows, sheet, told

from rx_review.domain.reading import check_circumstances, check_prescription
from rx_review.facts.build import FactBuilder
from rx_review.library.site import Site

AT = "2026-11-01T09:30:00+08:00"
TABLET = {"generic": "二甲双胍", "form": "片"}
SALINE = {"generic": "氯化钠"}
HERB = {"generic": "甘草", "kind": "herb"}
GRANULE = {"generic": "薄荷", "kind": "granule"}
TABLES = {
    "drugs": [
        *CORE["drugs"],
        *rows(
            "drug generic kind form toxic route",
            "E01 三氧化二砷 western injection true injection\nE02 碘化钠 western capsule false oral",
        ),
    ],
    "ingredients": [
        *CORE["ingredients"], *rows("generic ingredient hidden", "三氧化二砷 砷 false\n碘化钠 碘131 false"),
    ],
    "classes": [*CORE["classes"], {"ingredient": "碘131", "class": "nuclide"}],
    "class_names": [*CORE["class_names"], {"class": "nuclide", "zh": "核素", "en": "nuclide", "duplicate": "moderate"}],
    "marks": rows("target form mark", "class:nuclide - radioactive\n布洛芬 cream radioactive"),
    "spellings": rows(
        "kind spelling code",
        """
        diagnosis 感冒 J00
        diagnosis 上感 J06.9
        payer 自费 self
        payer 居民医保 medical
        payer 工伤保险 work_injury
        payer 生育 maternity
        """,
    ),
    "diagnoses": rows(
        "code zh kind",
        """
        C34 肺恶性肿瘤 western
        J00 急性鼻咽炎 western
        J06 急性上呼吸道感染 western
        J15 细菌性肺炎 western
        J45 哮喘 western
        R05 咳嗽 western
        Z00 体检 western
        """,
    ),
    "diagnosis_groups": rows(
        "group zh en prefix",
        """
        airway_illness 上呼吸道病症 airway J00
        airway_illness 上呼吸道病症 airway J06
        airway_illness 上呼吸道病症 airway R05
        chronic_disease 慢性病 chronic J45
        chronic_infection 慢性感染 infection J15
        long_term_listed 长期处方病种 listed J45
        malignancy 恶性肿瘤 malignancy C34
        no_infusion 无需输液 no-drip J00
        viral_upper_airway 病毒性上感 viral J00
        viral_upper_airway 病毒性上感 viral J06
        """,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("formalities"), **TABLES))


def whole(builder: FactBuilder, *lines: dict, world: dict | None = None, **fields: object):
    read = check_prescription(sheet(*(lines or (TABLET,)), **fields))
    parts = {name: {"as_of": AT, **part} for name, part in (world or {}).items()}
    return builder.build(read, check_circumstances(parts), read.issued_at).cases["prescription"][0]


@pytest.mark.parametrize(
    ("agent", "written", "identified"),
    [
        (None, 0, 0),
        ({}, 1, 0),
        ({"name": "李某"}, 1, 0),
        ({"identity_number": "999999197001010011"}, 1, 0),
        ({"name": "李某", "identity_number": "999999197001010011"}, 1, 1),
    ],
)
def test_who_collects(county, agent, written, identified):
    case = whole(county, patient={**SHEET["patient"], "agent": agent})
    assert (told(case, "agent_written"), told(case, "agent_identified")) == (written, identified)


@pytest.mark.parametrize(
    ("fields", "fact", "value"),
    [
        ({}, "guardian_written", 0),
        ({"patient": {"guardian": "王某"}}, "guardian_written", 1),
        ({}, "rescue", 0),
        ({"rescue": True}, "rescue", 1),
        ({}, "consultation_written", 0),
        ({"consultation": "H-1"}, "consultation_written", 1),
        ({}, "first_visit", "?first_visit"),
        ({"first_visit": True}, "first_visit", 1),
        ({"first_visit": False}, "first_visit", 0),
    ],
)
def test_what_is_written_and_what_is_not(county, fields, fact, value):
    assert told(whole(county, **fields), fact) == value


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        (None, 0),
        (0, 0),
        (1, 100),
        ("50.5", 5050),
        ("49.99", 4999),
        ("0.1", 10),
        ("0.29", 29),
        ("1.1", 110),
        (1000000, 100000000),
    ],
)
def test_the_amount_in_hundredths(county, written, amount):
    assert told(whole(county, amount=written), "amount") == amount


@pytest.mark.parametrize(("written", "amount"), [("500.001", 50001), ("499.996", 50000), ("0.000001", 1)])
def test_an_amount_above_a_bound_is_not_rounded_onto_it(county, written, amount):
    # As every number that rules compare: rounded up.
    assert told(whole(county, amount=written), "amount") == amount


@pytest.mark.parametrize(
    ("written", "payer"),
    [
        ("自费", "self"),
        (" 自 费", "self"),
        ("居民医保", "medical"),
        ("工伤保险", "work_injury"),
        ("生育", "maternity"),
        ("某种费别", "?payer"),
        (None, "?payer"),
    ],
)
def test_who_pays(county, written, payer):
    assert told(whole(county, payer=written), "payer") == payer


@pytest.mark.parametrize(
    ("lines", "toxic"),
    [
        (({"generic": "三氧化二砷"},), 1),
        (({"generic": "生川乌", "kind": "herb"},), 1),
        (({"generic": "生川乌", "kind": "granule"},), 1),
        (({"generic": "附片", "kind": "herb"}, TABLET), 0),
        ((TABLET, {"generic": "三氧化二砷"}), 1),
        (({"generic": "某药"},), 0),
    ],
)
def test_a_toxic_on_the_sheet(county, lines, toxic):
    assert told(whole(county, *lines), "toxic_on_sheet") == toxic


@pytest.mark.parametrize(
    ("lines", "radioactive"),
    [
        (({"generic": "碘化钠"},), 1),
        (({"generic": "布洛芬", "form": "乳膏"},), 1),
        (({"generic": "布洛芬", "form": "片"},), 0),
        ((TABLET, HERB), 0),
        (({"generic": "某药"},), 0),
    ],
)
def test_the_sheet_has_a_radioactive_medicine_if_a_line_is_one(county, lines, radioactive):
    read = check_prescription(sheet(*lines))
    cases = county.build(read, check_circumstances({}), read.issued_at).cases
    assert any(told(case, "radioactive") == 1 for case in cases["line"]) == bool(radioactive)
    assert told(cases["prescription"][0], "radioactive_on_sheet") == radioactive


@pytest.mark.parametrize(
    ("lines", "mixed"),
    [((HERB, GRANULE), 1), ((HERB, HERB), 0), ((GRANULE,), 0), ((HERB, TABLET), 0), ((GRANULE, TABLET), 0)],
)
def test_pieces_and_granules(county, lines, mixed):
    assert told(whole(county, *lines), "granules_with_pieces") == mixed


@pytest.mark.parametrize(
    ("lines", "others", "count"),
    [
        ((TABLET,), None, "?registers"),
        ((TABLET,), [], 1),
        ((TABLET,), [[{"generic": "布洛芬", "form": "片"}]], 2),
        ((TABLET,), [[TABLET]], 1),
        ((TABLET,), [[{**TABLET, "form": "缓释片"}], [SALINE, HERB, GRANULE]], 2),
        ((TABLET,), [[{"generic": "某药"}, {"generic": "另一种药"}]], 3),
        ((SALINE, HERB), [], 0),
        (({"generic": "某药"},), [[TABLET]], 2),
    ],
)
def test_drugs_of_the_whole_visit(county, lines, others, count):
    world = None
    if others is not None:
        sheets = [
            {"number": f"B{place}", "lines": [{"line": number, **line} for number, line in enumerate(other, 1)]}
            for place, other in enumerate(others)
        ]
        world = {"visit": {"sheets": sheets}}
    assert told(whole(county, *lines, world=world), "visit_drug_count") == count


@pytest.mark.parametrize(
    ("texts", "viral", "no_infusion", "long_term"),
    [
        ((), 0, 0, 0),
        (("感冒",), 1, 1, 0),
        (("上感",), 1, 0, 0),
        (("感冒", "上感"), 1, 0, 0),
        (("感冒、上感",), 1, 0, 0),
        (("感冒", "咳嗽"), 1, 0, 0),
        (("咳嗽",), 0, 0, 0),
        (("感冒", "细菌性肺炎"), 0, 0, 0),
        (("感冒", "哮喘"), 0, 0, 1),
        (("哮喘",), 0, 0, 1),
        (("感冒", "排除细菌性肺炎"), 1, 1, 0),
        (("排除感冒",), 0, 0, 0),
        (("哮喘?",), 0, 0, "?diagnosis_certain"),
        (("感冒", "某某病"), "?diagnosis_code", "?diagnosis_code", "?diagnosis_code"),
        (("哮喘", "某某病"), "?diagnosis_code", "?diagnosis_code", 1),
        (("某某病",), "?diagnosis_code", "?diagnosis_code", "?diagnosis_code"),
    ],
)
def test_what_every_diagnosis_has_in_common(county, texts, viral, no_infusion, long_term):
    case = whole(county, diagnoses=[{"text": text} for text in texts])
    assert told(case, "only_viral") == viral
    assert told(case, "no_infusion_needed") == no_infusion
    assert told(case, "long_term_disease") == long_term


@pytest.mark.parametrize(
    ("texts", "malignant", "infection"),
    [
        ((), 0, 0),
        (("肺恶性肿瘤",), 1, 0),
        (("感冒", "肺恶性肿瘤"), 1, 0),
        (("肺恶性肿瘤?",), "?diagnosis_certain", 0),
        (("排除肺恶性肿瘤",), 0, 0),
        (("细菌性肺炎",), 0, 1),
        (("某某病",), "?diagnosis_code", "?diagnosis_code"),
        (("某某病", "肺恶性肿瘤"), 1, "?diagnosis_code"),
    ],
)
def test_a_malignancy_or_a_chronic_infection(county, texts, malignant, infection):
    case = whole(county, diagnoses=[{"text": text} for text in texts])
    assert (told(case, "malignant_diagnosis"), told(case, "chronic_infection")) == (malignant, infection)


def test_a_code_tells_what_the_text_does_not(county):
    case = whole(county, diagnoses=[{"text": "某某病", "code": "J00.x00"}])
    assert [told(case, name) for name in ("only_viral", "no_infusion_needed", "long_term_disease")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("lacks", "facts"),
    [("reasons", ("refill_reason", "emergency_reason")), ("footnote", ("footnote_written",))],
)
def test_what_a_site_cannot_send_is_not_said_to_be_absent(county, lacks, facts):
    made = county.formulary
    row = made.institutions["C1"].model_copy(update={"site": "one"})
    site = Site.model_construct(lacks=frozenset({lacks}))
    there = replace(made, sites={"one": site}, institutions={**made.institutions, "C1": row})
    read = check_prescription(sheet({"generic": "附片", "kind": "herb"}))
    case = FactBuilder(there).build(read, check_circumstances({}), read.issued_at).cases["line"][0]
    assert {told(case, name) for name in facts} == {"?line_not_carried"}
