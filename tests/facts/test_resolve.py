"""Which drug a line means: by code, by name, by alias, with its form, with its strength."""

import pytest
from tests.facts.small import CORE, facts, rows, told


def line(known, **written):
    return facts(known, written)["line"][0]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ({"product": "D01"}, "oral"),
        ({"generic": "阿莫西林", "form": "胶囊"}, "oral"),
        ({"generic": "阿莫西林胶囊"}, "oral"),
        ({"generic": "阿莫仙"}, "oral"),
        ({"generic": "阿莫仙胶囊"}, "oral"),
        ({"generic": "阿莫西林 胶囊"}, "oral"),
        ({"generic": "头孢曲松", "form": "注射用无菌粉末"}, "injection"),
        ({"generic": "注射用头孢曲松"}, "injection"),
        ({"generic": "青霉素G钠"}, "injection"),
        ({"generic": "青霉素Ｇ钠"}, "injection"),
        ({"generic": "青霉素g钠"}, "injection"),
        ({"generic": "布洛芬乳膏"}, "topical"),
        ({"generic": "氨溴索注射液"}, "injection"),
        ({"generic": "氨溴索糖浆"}, "oral"),
        ({"generic": "芬太尼透皮贴剂"}, "other"),
    ],
)
def test_a_name_leads_to_the_drug_and_its_form(builder, written, form):
    found = line(builder, **written)
    assert told(found, "drug_known") == 1
    assert told(found, "form_route") == form


@pytest.mark.parametrize(
    "written", ["阿莫西林克拉维酸", "阿莫", "西林", "xyz", "阿莫西林注射液", "注射用阿莫西林", "D01", "板蓝根"]
)
def test_a_name_that_is_not_exactly_a_drug_is_unknown(builder, written):
    found = line(builder, generic=written)
    assert told(found, "drug_known") == 0
    assert told(found, "kind") == "?drug"
    assert told(found, "days_supplied") == "?drug"
    assert told(found, "antimicrobial") == "?drug"


def test_a_code_that_is_unknown_falls_back_to_the_name(builder):
    assert told(line(builder, product="ZZZ", generic="阿莫西林"), "drug_known") == 1
    assert told(line(builder, product="ZZZ"), "drug_known") == 0


def test_a_code_and_a_name_of_different_drugs_are_not_taken_for_either(builder):
    assert told(line(builder, product="D01", generic="华法林"), "drug_known") == 0
    assert told(line(builder, product="D01", generic="阿莫仙"), "drug_known") == 1


def test_the_form_in_the_name_counts_where_the_written_form_is_not_understood(builder):
    assert told(line(builder, generic="氨溴索注射液", form="小水针(易折)"), "form_route") == "injection"


def test_a_coated_tablet_is_a_tablet(builder):
    found = line(builder, generic="二甲双胍", form="薄膜衣片", strength="0.5g", dose=1, dose_unit="片", route="po",
                 frequency="bid", quantity=1, quantity_unit="盒")  # fmt: skip
    assert told(found, "days_supplied") == 1000
    assert told(found, "release") == "immediate"


def test_what_the_forms_disagree_on_is_unknown(builder):
    found = line(builder, generic="氨溴索")
    assert told(found, "drug_known") == 1
    assert told(found, "form_route") == "?form"
    assert told(found, "release") == "?form"
    assert told(found, "kind") == "western"


def test_legal_classes_that_differ_by_form_are_unknown_without_it(small):
    own = [dict(row) for row in CORE["drugs"]]
    for row in own:
        if row["drug"] == "D13":
            row["control"] = "narcotic"
        if row["drug"] == "D01":
            row["antimicrobial"] = "unrestricted"
    own += rows("drug generic kind form strength dose_unit", "D98 芬太尼 western injection 0.1mg 支")
    known = small(drugs=own)
    assert told(line(known, generic="芬太尼"), "control") == "?form"
    assert told(line(known, generic="芬太尼", form="透皮贴剂"), "control") == "narcotic"
    assert told(line(known, generic="芬太尼", form="注射液"), "control") == "none"
    assert told(line(known, generic="阿莫西林", strength="0.25g"), "antimicrobial") == "unrestricted"
    assert told(line(known, generic="阿莫西林"), "antimicrobial") == "?form"


def test_a_drug_is_what_it_was_on_the_day_of_issue(small):
    own = [row for row in CORE["drugs"] if row["drug"] != "D25"]
    own += [
        {**CORE["drugs"][24], "drug": "D25", "until": "2026-07-01"},
        {**CORE["drugs"][24], "drug": "D25", "from": "2026-07-01", "control": "psychotropic_2"},
    ]
    known = small(drugs=own)
    days = {"2026-06-30": "none", "2026-07-01": "psychotropic_2"}
    for day, control in days.items():
        found = facts(known, {"generic": "华法林"}, issued_at=f"{day}T23:30:00+08:00")["line"][0]
        assert told(found, "control") == control
    # 23:30 in London on 30 June is 1 July in the county.
    found = facts(known, {"generic": "华法林"}, issued_at="2026-06-30T23:30:00+01:00")["line"][0]
    assert told(found, "control") == "psychotropic_2"


@pytest.mark.parametrize(("written", "kind"), [("甘草", "herb"), ("法半夏", "herb"), ("附片", "herb")])
def test_a_herb_is_known_by_its_own_name(builder, written, kind):
    assert told(line(builder, generic=written), "kind") == kind
    assert told(line(builder, generic=written, kind="granule"), "kind") == "granule"
    assert told(line(builder, generic=written, kind="western"), "drug_known") == 0


@pytest.mark.parametrize(
    ("herb", "footnote", "missing"),
    [
        ("生川乌", None, "critical"),
        ("生川乌", "后下", "critical"),
        ("生川乌", "先煎", "none"),
        ("附片", None, "critical"),
        ("附片", "先煎60分钟", "none"),
        ("薄荷", None, "ordinary"),
        ("薄荷", "后下", "none"),
        ("甘草", None, "none"),
    ],
)
def test_a_footnote_that_is_due(builder, herb, footnote, missing):
    assert told(line(builder, generic=herb, kind="herb", footnote=footnote), "footnote_missing") == missing


def test_granules_of_a_herb_are_not_decocted_and_need_no_footnote(builder):
    assert told(line(builder, generic="生川乌", kind="granule"), "footnote_missing") == "none"


@pytest.mark.parametrize(
    ("form", "route", "topical", "unsuited"),
    [
        ("片", "po", 0, 0),
        ("片", None, 0, "?route"),
        ("片", "im", 0, 1),
        ("乳膏", "topical", 1, 0),
        ("乳膏", None, 1, "?route"),
        ("乳膏", "iv_drip", 0, 1),
    ],
)
def test_where_it_acts_and_whether_the_form_is_made_for_it(builder, form, route, topical, unsuited):
    found = line(builder, generic="布洛芬", form=form, route=route)
    assert (told(found, "topical"), told(found, "route_unsuited")) == (topical, unsuited)


def test_a_patch_is_put_on_the_skin_and_acts_in_the_whole_body(builder):
    for route in ("transdermal", "topical", None):
        assert told(line(builder, generic="芬太尼", form="透皮贴剂", route=route), "topical") == 0


def test_an_ampoule_may_be_dripped_into_an_eye(builder):
    assert told(line(builder, generic="头孢曲松", form="注射用无菌粉末", route="eye"), "route_unsuited") == 0


def test_an_unknown_drug_swallows_the_rest_of_its_line(builder):
    cases = facts(builder, {"generic": "某药", "dose": 1, "dose_unit": "片"}, {"generic": "某药"})
    assert cases["concern"] == ()
    assert cases["pair"] == ()
    assert told(cases["prescription"][0], "drug_count") == 2
