"""What the insurer pays for: each kind of limit, on both sides of it and where it cannot be said."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.facts.small import CORE, formulary, rows, sheet, told

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import check_prescription
from rx_review.facts.build import FactBuilder

TABLES = {
    "institutions": [
        {**row, "level": level} for row, level in zip(CORE["institutions"], ("tertiary", "secondary", ""), strict=True)
    ] + rows("institution name tier level", "C2 站 township primary\nC3 诊所 village none"),
    "spellings": rows(
        "kind spelling code", "payer 自费 self\npayer 医保 medical\npayer 工伤 work_injury\npayer 生育 maternity"
    ),
    "payment_limits": [
        *rows(
            "generic form limit condition age_from age_until days",
            """
            二甲双胍 - sex female - - -
            布洛芬 tablet sex male - - -
            氨溴索 syrup age - - 14y -
            格列本脲 - age - 18y 65y -
            华法林 - age - 65y - -
            感冒清热颗粒 - days - - - 5
            头孢曲松 - level secondary - - -
            青霉素 - level tertiary - - -
            胰岛素 - setting ward - - -
            氯化钠 - setting emergency_or_ward - - -
            对乙酰氨基酚 - scheme work_injury - - -
            氨酚伪麻片 - scheme maternity - - -
            """,
        ),
        {"generic": "芬太尼", "limit": "sex", "condition": "male", "from": "2026-11-01", "until": "2026-12-01"},
    ],
}  # fmt: skip
TODAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("payment"), **TABLES))


def limits(builder: FactBuilder, drug: dict, **fields: object) -> list:
    read = check_prescription(sheet(drug, **fields))
    cases = builder.build(read, NOTHING_KNOWN, read.issued_at).cases["concern"]
    return [case for case in cases if told(case, "topic") == "payment"]


def outside(builder: FactBuilder, drug: dict, **fields: object) -> list[tuple[int | str, int | str]]:
    return [(told(case, "payment"), told(case, "applies")) for case in limits(builder, drug, **fields)]


@pytest.mark.parametrize(
    ("drug", "sex", "found"),
    [
        ("二甲双胍", "female", []),
        ("二甲双胍", "male", [("sex", 1)]),
        ("二甲双胍", "unknown", [("sex", "?sex")]),
        ("二甲双胍", None, [("sex", "?sex")]),
        ("布洛芬片", "female", [("sex", 1)]),
        ("布洛芬片", "male", []),
        ("布洛芬乳膏", "female", []),
        ("格列本脲", "male", []),
        ("某药", "male", []),
    ],
)
def test_sex(county, drug, sex, found):
    assert outside(county, {"generic": drug}, patient={"sex": sex, "birth_date": "1980-01-01"}) == found


@pytest.mark.parametrize(
    ("drug", "birth", "found"),
    [
        ("氨溴索糖浆", "2012-11-02", []),
        ("氨溴索糖浆", "2012-11-01", [("age", 1)]),
        ("氨溴索注射液", "1980-01-01", []),
        ("格列本脲", "2008-11-01", []),
        ("格列本脲", "2008-11-02", [("age", 1)]),
        ("格列本脲", "1961-11-02", []),
        ("格列本脲", "1961-11-01", [("age", 1)]),
        ("华法林", "1961-11-01", []),
        ("华法林", "1961-11-02", [("age", 1)]),
        ("华法林", None, [("age", "?birth_date")]),
    ],
)
def test_age(county, drug, birth, found):
    assert outside(county, {"generic": drug}, patient={"birth_date": birth}) == found


@pytest.mark.parametrize(
    ("written", "found"),
    [("13岁", []), ("14岁", [("age", 1)]), ("8月", []), ("168月", [("age", 1)]), ("很大", [("age", "?birth_date")])],
)
def test_an_age_that_is_only_written(county, written, found):
    assert outside(county, {"generic": "氨溴索糖浆"}, patient={"age_written": written}) == found


@pytest.mark.parametrize(
    ("drug", "institution", "found"),
    [
        ("头孢曲松", "C1", []),
        ("头孢曲松", "T1", []),
        ("头孢曲松", "C2", [("level", 1)]),
        ("头孢曲松", "C3", [("level", 1)]),
        ("头孢曲松", "V1", [("level", "?level")]),
        ("头孢曲松", "X9", [("level", "?institution")]),
        ("青霉素", "C1", []),
        ("青霉素", "T1", [("level", 1)]),
    ],
)
def test_level_of_the_hospital(county, drug, institution, found):
    cases = limits(county, {"generic": drug}, institution=institution)
    if found == [("level", "?institution")]:
        # Nothing settles the level but which institution it is.
        assert [told(case, "applies") for case in cases] in (["?institution"], ["?level"])
    else:
        assert [(told(case, "payment"), told(case, "applies")) for case in cases] == found


@pytest.mark.parametrize(
    ("setting", "ward", "emergency"),
    [
        ("ward", [], []),
        ("discharge", [], []),
        ("emergency", [("setting", 1)], []),
        ("observation", [("setting", 1)], []),
        ("outpatient", [("setting", 1)], [("setting", 1)]),
        ("internet", [("setting", 1)], [("setting", 1)]),
    ],
)
def test_kind_of_visit(county, setting, ward, emergency):
    assert outside(county, {"generic": "胰岛素"}, setting=setting) == ward
    assert outside(county, {"generic": "氯化钠"}, setting=setting) == emergency


SACHET = {
    "generic": "感冒清热颗粒",
    "dose": 1,
    "dose_unit": "袋",
    "route": "po",
    "frequency": "bid",
    "quantity_unit": "袋",
}


@pytest.mark.parametrize(
    ("quantity", "more", "found"),
    [
        (10, {}, []),
        (11, {}, [("days", 1)]),
        (1, {}, []),
        # Two boxes of ten, of which five days are used: the rest is what is left of an unsplit box.
        (2, {"quantity_unit": "盒", "days": 5, "dose": 1, "frequency": "tid"}, []),
        (2, {"quantity_unit": "盒", "days": 6, "dose": 1, "frequency": "tid"}, [("days", 1)]),
        (10, {"frequency": None}, [("days", "?frequency")]),
        (10, {"frequency": "prn"}, [("days", "?frequency")]),
        (10, {"dose": None}, [("days", "?dose")]),
        (None, {}, [("days", "?quantity")]),
        (0, {}, [("days", "?quantity")]),
    ],
)
def test_days(county, quantity, more, found):
    assert outside(county, {**SACHET, "quantity": quantity, **more}) == found


@pytest.mark.parametrize(
    ("payer", "injury", "maternity"),
    [
        ("工伤", [], [("scheme", 1)]),
        ("生育", [("scheme", 1)], []),
        ("医保", [("scheme", 1)], [("scheme", 1)]),
        ("某种费别", [("scheme", "?payer")], [("scheme", "?payer")]),
        (None, [("scheme", "?payer")], [("scheme", "?payer")]),
    ],
)
def test_insurance_scheme(county, payer, injury, maternity):
    assert outside(county, {"generic": "对乙酰氨基酚"}, payer=payer) == injury
    assert outside(county, {"generic": "氨酚伪麻片"}, payer=payer) == maternity


@pytest.mark.parametrize(
    ("issued", "found"),
    [
        ("2026-10-31T15:59:59Z", []),
        ("2026-10-31T16:00:00Z", [("sex", 1)]),
        ("2026-11-30T23:59:59+08:00", [("sex", 1)]),
        ("2026-12-01T00:00:00+08:00", []),
    ],
)
def test_limits_go_by_the_day_of_issue(county, issued, found):
    assert outside(county, {"generic": "芬太尼"}, issued_at=issued) == found


@pytest.mark.parametrize(
    ("drug", "fields", "says"),
    [
        ("华法林", {}, {"zh": "65岁及以上", "en": "65 y and over"}),
        ("布洛芬片", {}, {"zh": "男性", "en": "men"}),
        ("胰岛素", {}, {"zh": "住院", "en": "inpatients"}),
        ("氨酚伪麻片", {"payer": "医保"}, {"zh": "生育保险", "en": "maternity insurance"}),
    ],
)
def test_a_limit_says_what_is_paid_for(county, drug, fields, says):
    (case,) = limits(county, {"generic": drug}, **fields)
    assert case.text("condition") == says


def test_days_are_said_as_whole_days(county):
    (case,) = limits(county, {**SACHET, "quantity": 20})
    assert case.text("condition") == {"zh": "5日", "en": "5 days"}


def test_a_limit_is_never_about_safety(county):
    (case,) = limits(county, {"generic": "胰岛素"}, reasons=[{"for": "other", "text": "有", "signed_again": True}],
                     consents=[{"to": "off_label"}])  # fmt: skip
    assert [told(case, name) for name in ("grade", "excused", "toxic", "by_weight", "off_label_approved")] == [
        "payment", 0, 0, 0, 0,
    ]  # fmt: skip


@given(st.integers(0, 36_500))
def test_an_age_is_paid_for_or_outside_and_never_both(county, days):
    birth = TODAY - timedelta(days=days)
    found = outside(county, {"generic": "格列本脲"}, patient={"birth_date": str(birth)})
    completed = TODAY.year - birth.year - ((TODAY.month, TODAY.day) < (birth.month, birth.day))
    assert found == ([] if 18 <= completed < 65 else [("age", 1)])


@given(st.integers(0, 150))
def test_those_under_a_bound_and_those_from_it_on_are_everybody(county, years):
    # 65 and over is paid for one drug, 18 to 65 for another: past 18, everybody is in one of them.
    patient = {"age_written": f"{years}岁"}
    old = outside(county, {"generic": "华法林"}, patient=patient)
    adult = outside(county, {"generic": "格列本脲"}, patient=patient)
    assert (old == []) + (adult == []) == (1 if years >= 18 else 0)
