"""Marks by generic, class, form and strength; winners; what the way a dose is written says."""

import pytest
from tests.facts.small import CORE, formulary, rows, sheet, told

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import check_prescription
from rx_review.facts.build import FactBuilder
from rx_review.library.rows import MARKS

AT = "2026-11-01T09:30:00+08:00"
TABLES = {
    "herbs": [
        *CORE["herbs"],
        {"herb": "罂粟壳", "family": "罂粟壳", "minimum": "3", "maximum": "6", "footnote_critical": "false",
         "toxic": "false", "control": "narcotic"},
    ],
    "drugs": [
        *CORE["drugs"],
        *rows(
            "drug generic kind form strength amount amount_unit volume dose_unit pack route toxic antimicrobial",
            """
            E01 泼尼松 western tablet 5mg 5 mg - 片 100 oral false -
            E02 泼尼松 western cream - - - - 支 1 topical false -
            E03 泼尼松 western inhalation_aerosol 50ug 50 ug - 支 1 inhaled false -
            E04 头孢氨苄 western capsule 0.25g 0.25 g - 粒 24 oral false unrestricted
            E05 头孢氨苄 western cream - - - - 支 1 topical false unrestricted
            E06 舒血宁 patent injection 5ml - - 5 支 - injection false -
            E07 舒血宁 patent tablet - - - - 片 24 oral false -
            E08 硫糖铝 western film_tablet 0.25g 0.25 g - 片 100 oral false -
            E09 三氧化二砷 western injection 5ml:5mg 5 mg 5 支 - injection true -
            E10 氯化钾 western injection 10ml:1g 1 g 10 支 5 injection false -
            E11 氯化钾 western tablet 0.5g 0.5 g - 片 100 oral false -
            """,
        ),
    ],
    "ingredients": [
        *CORE["ingredients"],
        *rows(
            "generic ingredient amount amount_unit hidden",
            """
            三氧化二砷 三氧化二砷 - - false
            头孢氨苄 头孢氨苄 - - false
            氯化钾 氯化钾 - - false
            泼尼松 泼尼松 - - false
            硫糖铝 硫糖铝 - - false
            舒血宁 银杏叶 - - false
            """,
        ),
    ],
    "classes": [
        *CORE["classes"], {"ingredient": "泼尼松", "class": "systemic_corticosteroid"},
        {"ingredient": "头孢氨苄", "class": "cephalosporin"},
    ],
    "class_names": [
        *CORE["class_names"],
        *rows("class zh en duplicate", "cephalosporin 头孢 C moderate\nsystemic_corticosteroid 激素 steroid moderate"),
    ],
    "routes": [
        *CORE["routes"],
        {"route": "iv_push", "zh": "静脉注射", "en": "push", "group": "injection", "infusion": "false",
         "systemic": "true", "countable": "true"},
    ],
    "marks": [
        *rows(
            "target form strength mark",
            """
            二甲双胍 sustained_tablet - special_storage
            二甲双胍 - - long_term_list
            布洛芬 tablet - inside_only
            布洛芬 tablet 0.2g one_dose_only
            硫糖铝 tablet - weekly_only
            阿莫西林 - 0.5g second_level_hospital
            阿莫西林 capsule 0.25g hospital_preparation
            class:penicillin - - key_monitored
            class:nsaid - - dependence
            class:antipyretic tablet - negotiated
            感冒清热颗粒 - - blood_product
            氯化钾 injection - potassium_injection
            """,
        ),
        {"target": "华法林", "mark": "dependence", "from": "2026-11-01", "until": "2026-12-01"},
    ],
    "listings": rows(
        "generic form tier status",
        """
        二甲双胍 tablet village listed
        二甲双胍 sustained_tablet county listed
        布洛芬 - township restricted
        格列本脲 - village restricted
        格列本脲 - township listed
        华法林 - village delisted
        """,
    ),
    "winners": [
        *rows(
            "generic form strength producer",
            """
            二甲双胍 tablet 0.5g 甲药
            二甲双胍 tablet 0.5g 乙药
            二甲双胍 sustained_tablet 0.5g 丙药
            """,
        ),
        {"generic": "格列本脲", "form": "tablet", "strength": "2.5mg", "producer": "丁药", "until": "2026-11-01"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("marks"), **TABLES))


def case(builder: FactBuilder, drug: dict, **fields: object):
    read = check_prescription(sheet(drug, **fields))
    return builder.build(read, NOTHING_KNOWN, read.issued_at).cases["line"][0]


def drug(written: str) -> dict:
    """A drug as words: generic, form, strength, route; a dash is left out."""
    found = dict(zip(("generic", "form", "strength", "route"), written.split(), strict=False))
    return {name: cell for name, cell in found.items() if cell != "-"}


@pytest.mark.parametrize(
    ("written", "mark", "held"),
    [
        ("二甲双胍 片", "long_term_list", 1),
        ("二甲双胍", "long_term_list", 1),
        ("格列本脲", "long_term_list", 0),
        ("二甲双胍 缓释片", "special_storage", 1),
        ("二甲双胍 片", "special_storage", 0),
        ("二甲双胍", "special_storage", "?form"),
        ("布洛芬 片", "inside_only", 1),
        ("布洛芬 薄膜衣片", "inside_only", 1),
        ("布洛芬 乳膏", "inside_only", 0),
        ("布洛芬", "inside_only", "?form"),
        ("阿莫西林 胶囊 0.5g", "second_level_hospital", 1),
        ("阿莫西林 胶囊 0.25g", "second_level_hospital", 0),
        ("阿莫西林 胶囊 500mg", "second_level_hospital", 1),
        ("阿莫西林 胶囊", "second_level_hospital", "?strength"),
        ("阿莫西林 胶囊 0.25g*24粒", "hospital_preparation", 1),
        ("阿莫西林", "hospital_preparation", "?strength"),
        ("阿莫西林", "key_monitored", 1),
        ("青霉素", "key_monitored", 1),
        ("头孢曲松", "key_monitored", 0),
        ("布洛芬 乳膏", "dependence", 1),
        ("氨酚伪麻片", "negotiated", 1),
        ("对乙酰氨基酚 栓", "negotiated", 0),
        ("对乙酰氨基酚 片", "negotiated", 1),
        ("对乙酰氨基酚", "negotiated", "?form"),
        ("消渴丸", "long_term_list", 0),
    ],
)
def test_marks_by_generic_class_form_and_strength(county, written, mark, held):
    assert told(case(county, drug(written)), mark) == held


def test_a_code_tells_form_and_strength(county):
    marks = ("second_level_hospital", "hospital_preparation", "key_monitored")
    assert [told(case(county, {"product": "D01"}), mark) for mark in marks] == [0, 1, 1]
    assert [told(case(county, {"product": "D02"}), mark) for mark in marks] == [1, 0, 1]


def test_a_mark_of_a_form_holds_for_a_product_whose_form_counts_as_it(county):
    # A film-coated tablet is a tablet wherever a row names one.
    assert told(case(county, drug("硫糖铝 - 0.25g")), "weekly_only") == 1
    assert told(case(county, drug("硫糖铝 片")), "weekly_only") == 1


def test_a_mark_of_one_strength_says_nothing_of_another(county):
    assert told(case(county, drug("布洛芬 片 0.2g")), "one_dose_only") == 1
    assert told(case(county, drug("布洛芬 片")), "one_dose_only") == 1
    # The list has one strength; what is written is another.
    assert told(case(county, drug("布洛芬 片 0.4g")), "one_dose_only") != 1


def test_herbs_and_patent_medicines_have_the_marks_of_their_rows_only(county):
    herb = case(county, {"generic": "甘草", "kind": "herb"})
    assert {mark for mark in MARKS if told(herb, mark)} == set()
    patent = case(county, drug("感冒清热颗粒"))
    assert {mark for mark in MARKS if told(patent, mark)} == {"blood_product"}


@pytest.mark.parametrize(
    ("written", "narcotic"),
    [
        ({"generic": "罂粟壳", "kind": "herb"}, 1),
        ({"generic": "罂粟壳"}, 1),
        ({"generic": "甘草", "kind": "herb"}, 0),
        ({"generic": "生川乌", "kind": "herb"}, 0),
        ({"generic": "布洛芬"}, 0),
        ({"generic": "某药"}, 0),
    ],
)
def test_a_decoction_piece_that_is_a_narcotic(county, written, narcotic):
    assert told(case(county, written), "narcotic_herb") == narcotic


def test_marks_of_an_unknown_drug_are_not_denied(county):
    unknown = case(county, drug("某药"))
    assert {told(unknown, mark) for mark in MARKS} == {"?drug"}


@pytest.mark.parametrize(
    ("issued", "held"),
    [
        ("2026-10-31T15:59:59Z", 0),
        ("2026-10-31T16:00:00Z", 1),
        ("2026-11-30T23:59:59+08:00", 1),
        ("2026-12-01T00:00:00+08:00", 0),
    ],
)
def test_a_mark_holds_on_its_days(county, issued, held):
    assert told(case(county, drug("华法林"), issued_at=issued), "dependence") == held


@pytest.mark.parametrize(
    ("written", "village", "township", "county_s"),
    [
        ("二甲双胍 片", "listed", "listed", "listed"),
        ("二甲双胍 薄膜衣片", "listed", "listed", "listed"),
        ("二甲双胍 缓释片", "above_tier", "above_tier", "listed"),
        ("布洛芬 片", "above_tier", "restricted", "restricted"),
        ("格列本脲 片", "restricted", "listed", "listed"),
        ("华法林 片", "not_listed", "not_listed", "not_listed"),
        ("青霉素", "not_listed", "not_listed", "not_listed"),
        ("某药", "?drug", "?drug", "?drug"),
    ],
)
def test_the_catalogue_speaks_for_the_institution_and_for_a_village(county, written, village, township, county_s):
    for institution, listing in (("V1", village), ("T1", township), ("C1", county_s)):
        found = case(county, drug(written), institution=institution)
        assert (told(found, "listing"), told(found, "village_listing")) == (listing, village)
    abroad = case(county, drug(written), institution="X9")
    assert told(abroad, "village_listing") == village
    assert told(abroad, "listing") in (village if village[0] in "?n" else "?institution",)


def test_a_herb_is_listed_everywhere(county):
    found = case(county, {"generic": "甘草", "kind": "herb"}, institution="V1")
    assert (told(found, "listing"), told(found, "village_listing")) == ("listed", "listed")


@pytest.mark.parametrize(
    ("written", "producer", "missed", "names"),
    [
        ("二甲双胍 片 0.5g", "甲药", 0, {"甲药", "乙药"}),
        ("二甲双胍 片 0.5g", "乙 药", 0, {"甲药", "乙药"}),
        ("二甲双胍 片 0.5g", "丙药", 1, {"甲药", "乙药"}),
        ("二甲双胍 片 0.5g", None, 0, {"甲药", "乙药"}),
        ("二甲双胍 片", "丙药", 1, {"甲药", "乙药"}),
        ("二甲双胍 缓释片", "丙药", 0, {"丙药"}),
        ("二甲双胍", "丁药", 0, {""}),
        ("二甲双胍 片 0.85g", "丁药", 0, {""}),
        ("格列本脲 片", "戊药", 0, {""}),
        ("某药", "戊药", 0, {""}),
    ],
)
def test_a_producer_that_won_nothing(county, written, producer, missed, names):
    found = case(county, {**drug(written), "producer": producer})
    assert told(found, "winner_not_chosen") == missed
    assert set(found.text("winner_names")["zh"].split("、")) == names


def test_a_purchase_that_is_over_binds_nobody(county):
    written = {**drug("格列本脲 片"), "producer": "戊药"}
    assert told(case(county, written, issued_at="2026-10-31T15:59:59Z"), "winner_not_chosen") == 1
    assert told(case(county, written, issued_at="2026-10-31T16:00:00Z"), "winner_not_chosen") == 0


@pytest.mark.parametrize(
    ("unit", "measured"),
    [
        ("mg", "mass"), ("g", "mass"), ("ml", "volume"), ("毫升", "volume"), ("IU", "activity"), ("万U", "activity"),
        ("片", "count"), ("支", "count"), ("盒", "none"), ("剂", "none"), ("坨", "none"), (None, "none"),
    ],
)  # fmt: skip
def test_what_the_dose_is_written_in(county, unit, measured):
    assert told(case(county, {**drug("胰岛素"), "dose": 1, "dose_unit": unit}), "dose_measured_in") == measured
    assert told(case(county, {**drug("某药"), "dose": 1, "dose_unit": unit}), "dose_measured_in") == measured


@pytest.mark.parametrize(
    ("frequency", "times"),
    [
        ("qd", 700), ("tid", 2100), ("qod", 350), ("qw", 100), ("biw", 200), ("q72h", 234), ("q36h", 467),
        ("prn", "?frequency"), ("st", "?frequency"), ("随便", "?frequency"), (None, "?frequency"),
    ],
)  # fmt: skip
def test_doses_in_seven_days(county, frequency, times):
    assert told(case(county, {**drug("二甲双胍 片"), "frequency": frequency}), "times_a_week") == times
    assert told(case(county, {**drug("某药"), "frequency": frequency}), "times_a_week") == times


@pytest.mark.parametrize(
    ("written", "corticosteroid"),
    [
        ("泼尼松 片 5mg po", 1),
        ("泼尼松 片", 1),
        ("泼尼松 乳膏 - topical", 0),
        ("泼尼松 乳膏", 0),
        ("泼尼松 吸入气雾剂 50ug inhaled", 0),
        ("泼尼松 吸入气雾剂", 0),
        ("布洛芬 片 - po", 0),
        ("某药 片 - po", 0),
    ],
)
def test_a_corticosteroid_that_acts_in_the_whole_body(county, written, corticosteroid):
    assert told(case(county, drug(written)), "systemic_corticosteroid") == corticosteroid


@pytest.mark.parametrize(
    ("written", "antibacterial"),
    [
        ("头孢氨苄 胶囊 0.25g po", 1), ("头孢氨苄 胶囊", 1), ("头孢氨苄 乳膏", 0), ("头孢氨苄 乳膏 - topical", 0),
        ("布洛芬 片 - po", 0), ("某药 片 - po", 0),
    ],
)  # fmt: skip
def test_an_antibacterial_that_acts_in_the_whole_body(county, written, antibacterial):
    assert told(case(county, drug(written)), "systemic_antibacterial") == antibacterial


@pytest.mark.parametrize(
    ("written", "fact", "held"),
    [
        ("舒血宁 注射液", "tcm_injection", 1),
        ("舒血宁 片", "tcm_injection", 0),
        ("氨溴索 注射液", "tcm_injection", 0),
        ("某药 注射液", "tcm_injection", 0),
        ("三氧化二砷", "toxic_drug", 1),
        ("氨溴索 注射液", "toxic_drug", 0),
        ("某药", "toxic_drug", 0),
    ],
)
def test_a_chinese_injection_and_a_medicinal_toxic(county, written, fact, held):
    assert told(case(county, drug(written)), fact) == held


@pytest.mark.parametrize(
    ("written", "pushed"),
    [
        ("氯化钾 注射液 - iv_push", 1),
        ("氯化钾 注射液 - im", 1),
        ("氯化钾 注射液 - iv_drip", 0),
        ("氯化钾 注射液 - po", 0),
        ("氯化钾 注射液", 0),
        ("氯化钾 片 - iv_push", 0),
        ("氨溴索 注射液 - iv_push", 0),
        ("某药 注射液 - iv_push", 0),
    ],
)
def test_potassium_that_is_pushed(county, written, pushed):
    assert told(case(county, drug(written)), "potassium_pushed") == pushed


def test_what_is_pushed_is_an_injection(county):
    # A drug known as tablets and injections that goes into a vein, its form not written.
    found = case(county, drug("氯化钾 - - iv_push"))
    assert told(found, "potassium_injection") in (1, "?form")
    assert told(found, "potassium_percent") != 0


def test_a_footnote_is_written_or_not(county):
    assert told(case(county, {"generic": "附片", "kind": "herb", "footnote": "先煎"}), "footnote_written") == 1
    assert told(case(county, {"generic": "附片", "kind": "herb"}), "footnote_written") == 0


SAID = {"extended_reason": "quantity", "choice_reason": "choice", "catalogue_reason": "catalogue",
        "refill_reason": "early_refill", "emergency_reason": "emergency_use"}  # fmt: skip


@pytest.mark.parametrize("fact", SAID)
def test_a_reason_is_for_its_line_and_its_purpose(county, fact):
    def reasons(*given: dict) -> list[list[int]]:
        read = check_prescription(sheet(drug("布洛芬 片"), drug("某药"), reasons=list(given)))
        lines = county.build(read, NOTHING_KNOWN, read.issued_at).cases["line"]
        return [[told(line, name) for line in lines] for name in SAID if name == fact] + [
            [told(line, name) for name in SAID if name != fact] for line in lines
        ]

    rest = [[0] * 4] * 2
    assert reasons() == [[0, 0], *rest]
    assert reasons({"for": SAID[fact], "text": "有"}) == [[1, 1], *rest]
    assert reasons({"for": SAID[fact], "text": "有", "lines": [2]}) == [[0, 1], *rest]


def test_a_consent_is_for_its_line(county):
    read = check_prescription(sheet(drug("布洛芬 片"), drug("某药"), consents=[{"to": "off_label", "lines": [2]}]))
    lines = county.build(read, NOTHING_KNOWN, read.issued_at).cases["line"]
    assert [told(line, "off_label_consent") for line in lines] == [0, 1]
    other = case(county, drug("布洛芬 片"), consents=[{"to": "opioid"}])
    assert told(other, "off_label_consent") == 0
