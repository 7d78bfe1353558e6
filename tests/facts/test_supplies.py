"""Stock, earlier supplies and what has been supplied: known, not looked up, or not to be said."""

from datetime import date, timedelta
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.facts.small import CORE, formulary, rows, sheet, told

from rx_review.domain.reading import check_circumstances, check_prescription
from rx_review.facts.build import FactBuilder
from rx_review.facts.vocabulary import CAUSES

AT = "2026-11-01T09:30:00+08:00"
TODAY = date(2026, 11, 1)
SINCE = "2026-08-03"
"""Ninety days before the sheet."""
METFORMIN = {
    "generic": "二甲双胍", "form": "片", "strength": "0.5g", "dose": 1, "dose_unit": "片", "route": "po",
    "frequency": "bid", "quantity": 28, "quantity_unit": "片",
}  # fmt: skip
SUSTAINED = {**METFORMIN, "form": "缓释片", "frequency": "qd", "quantity": 30}
UNKNOWN = {"generic": "某药", "dose": 1, "dose_unit": "片", "frequency": "qd", "quantity": 7, "quantity_unit": "片"}
SACHET = {
    "generic": "感冒清热颗粒", "dose": 1, "dose_unit": "袋", "route": "po", "frequency": "bid", "quantity": 10,
    "quantity_unit": "袋",
}  # fmt: skip
GLIBENCLAMIDE = {
    "generic": "格列本脲", "form": "片", "strength": "2.5mg", "dose": 1, "dose_unit": "片", "route": "po",
    "frequency": "qd", "quantity": 14, "quantity_unit": "片",
}  # fmt: skip
XIAOKE = {**GLIBENCLAMIDE, "generic": "消渴丸", "form": "丸", "strength": "0.25g", "dose": 5, "dose_unit": "丸",
          "quantity": 70, "quantity_unit": "丸"}  # fmt: skip
OF_HISTORY = ("on_hand_days", "on_hand_percent")
OF_STOCK = ("stock", "stock_elsewhere", "declared_short")
TABLES = {
    "essential": rows(
        "edition entry generic form strength specialist",
        "2026 W1 布洛芬 tablet 0.2g false\n2026 W2 阿莫西林 capsule - false",
    ),
    "substitutes": rows(
        "generic substitute form strength dose dose_unit route frequency",
        "华法林 布洛芬 tablet 0.2g 0.2 g po tid\n青霉素 阿莫西林 capsule 0.25g 0.5 g po tid",
    ),
    "listings": rows("generic tier status", "布洛芬 village listed\n阿莫西林 village listed"),
    "parameters": [
        *CORE["parameters"],
        {"parameter": "history_days", "value": "90", "unit": "day", "zh": "天", "en": "days"},
    ],
    "settings": [{"parameter": "history_days", "institution": "T1", "value": "30", "decision": "纪要"}],
    "mappings": rows(
        "institution kind code target",
        """
        C1 drug OWN-1 D21
        T1 drug OWN-1 D03
        T1 drug OWN-2 D03
        """,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("supplies"), **TABLES))


def line(builder: FactBuilder, drug: dict, world: dict | None = None, **fields: object):
    """The first line of a sheet as a case; each part of the world gets its as-of."""
    parts = {name: {"as_of": AT, **part} for name, part in (world or {}).items()}
    read = check_prescription(sheet(drug, **fields))
    return builder.build(read, check_circumstances(parts), read.issued_at).cases["line"][0]


def earlier(drug: dict, on: str, number: str = "B1", institution: str = "T1", place: int = 1) -> dict:
    return {"on": on, "number": number, "institution": institution, "line": {"line": place, **drug}}


def on_hand(builder: FactBuilder, drug: dict, *supplies: dict, since: str = SINCE, **fields: object):
    case = line(builder, drug, {"history": {"since": since, "supplies": list(supplies)}}, **fields)
    return tuple(told(case, name) for name in OF_HISTORY)


def test_what_was_not_looked_up_is_unknown(county):
    case = line(county, METFORMIN)
    assert {told(case, name) for name in (*OF_HISTORY, *OF_STOCK, "fully_supplied")} == {"?registers"}
    case = line(county, METFORMIN, {"flow": {"state": "supplied", "supplied": [1]}})
    assert {told(case, name) for name in (*OF_HISTORY, *OF_STOCK)} == {"?registers"}
    case = line(county, METFORMIN, {"stock": {"quantities": {"D03": 100}}})
    assert {told(case, name) for name in (*OF_HISTORY, "fully_supplied")} == {"?registers"}
    case = line(county, METFORMIN, {"history": {"since": SINCE}})
    assert {told(case, name) for name in (*OF_STOCK, "fully_supplied")} == {"?registers"}


def test_a_line_is_supplied_if_the_flow_says_so(county):
    read = check_prescription(sheet(METFORMIN, GLIBENCLAMIDE, SACHET))
    world = check_circumstances({"flow": {"as_of": AT, "state": "supplied", "supplied": [2, 7]}})
    cases = county.build(read, world, read.issued_at).cases["line"]
    assert [told(case, "fully_supplied") for case in cases] == [0, 1, 0]


@pytest.mark.parametrize(
    ("quantities", "state"),
    [
        ({"D03": 28}, "enough"),
        ({"D03": "27.999999"}, "short"),
        ({"D03": 1}, "short"),
        ({"D03": 0}, "none"),
        ({"D03": 1000}, "enough"),
        ({}, "?stock"),
        ({"D04": 1000, "D21": 0}, "?stock"),
    ],
)
def test_stock_against_the_quantity(county, quantities, state):
    assert told(line(county, METFORMIN, {"stock": {"quantities": quantities}}), "stock") == state


def test_stock_is_in_dose_units_however_the_quantity_is_written(county):
    two_boxes = {**METFORMIN, "quantity": 2, "quantity_unit": "盒"}
    assert told(line(county, two_boxes, {"stock": {"quantities": {"D03": 40}}}), "stock") == "enough"
    assert told(line(county, two_boxes, {"stock": {"quantities": {"D03": 39}}}), "stock") == "short"


def test_an_unreadable_quantity_leaves_the_stock_unknown_but_nothing_is_nothing(county):
    unsaid = {**METFORMIN, "quantity": None, "quantity_unit": None}
    assert told(line(county, unsaid, {"stock": {"quantities": {"D03": 0}}}), "stock") == "none"
    assert told(line(county, unsaid, {"stock": {"quantities": {"D03": 100}}}), "stock") == "?quantity"


# 阿莫西林胶囊 without a strength may be D01 (0.25g) or D02 (0.5g).
CAPSULES = {
    "generic": "阿莫西林", "form": "胶囊", "dose": 2, "dose_unit": "粒", "route": "po", "frequency": "tid",
    "quantity": 24, "quantity_unit": "粒",
}  # fmt: skip


@pytest.mark.parametrize(
    ("quantities", "state"),
    [
        ({"D01": 0, "D02": 0}, "none"),
        ({"D01": 0}, "?stock"),
        ({"D02": 0}, "?stock"),
        ({"D01": 24, "D02": 24}, "enough"),
        ({"D01": 23, "D02": 3}, "short"),
        ({"D01": 0, "D02": 5}, "short"),
        ({}, "?stock"),
    ],
)
def test_stock_of_a_drug_that_may_be_several_products(county, quantities, state):
    assert told(line(county, CAPSULES, {"stock": {"quantities": quantities}}), "stock") == state


@pytest.mark.parametrize("counted", ["D01", "D02"])
def test_a_product_that_was_not_counted_may_be_enough(county, counted):
    # Five of one were counted; of the other there may be a thousand.
    assert told(line(county, CAPSULES, {"stock": {"quantities": {counted: 5}}}), "stock") == "?stock"


def test_who_else_has_it(county):
    stock = {"quantities": {}, "elsewhere": {"D03": ["镇卫生院", "东村卫生室"], "D04": ["县医院"]}}
    case = line(county, METFORMIN, {"stock": stock})
    assert told(case, "stock_elsewhere") == 1
    assert set(case.text("stock_elsewhere_names")["zh"].split("、")) == {"镇卫生院", "东村卫生室"}
    case = line(county, GLIBENCLAMIDE, {"stock": stock})
    assert (told(case, "stock_elsewhere"), case.text("stock_elsewhere_names")) == (0, {"zh": "", "en": ""})


@pytest.mark.parametrize(
    ("generic", "quantities", "out"),
    [
        ("华法林", None, 0),
        ("华法林", {}, 0),
        ("华法林", {"D05": 0}, 1),
        ("华法林", {"D05": 0, "D06": 0}, 1),
        ("华法林", {"D05": 1, "D06": 0}, 0),
        ("青霉素", {"D01": 0}, 0),
        ("青霉素", {"D01": 0, "D02": 0}, 1),
        ("青霉素", {"D01": 0, "D02": "0.5"}, 0),
        ("布洛芬", {"D05": 0, "D06": 0}, 0),
        ("二甲双胍", {"D03": 0, "D04": 0}, 0),
        ("某药", {}, 0),
    ],
)
def test_an_essential_medicine_that_is_offered_and_not_there(county, generic, quantities, out):
    case = line(county, {"generic": generic}, None if quantities is None else {"stock": {"quantities": quantities}})
    assert told(case, "essential_out_of_stock") == out
    assert (case.text("essential_name") or "") == {"华法林": "布洛芬", "青霉素": "阿莫西林"}.get(generic, "")


def test_a_cream_is_no_substitute_for_the_tablet_that_is_offered(county):
    # Tablets are offered and there are none; what is left of the cream helps nobody.
    case = line(county, {"generic": "华法林"}, {"stock": {"quantities": {"D05": 0, "D06": 40}}})
    assert told(case, "essential_out_of_stock") == 1


def test_names_of_several_products_are_told_once(county):
    stock = {"quantities": {}, "elsewhere": {"D01": ["镇卫生院"], "D02": ["镇卫生院", "县医院"]}}
    names = line(county, CAPSULES, {"stock": stock}).text("stock_elsewhere_names")["en"].split("、")
    assert sorted(names) == sorted({"镇卫生院", "县医院"})


def test_a_registered_shortage(county):
    stock = {"quantities": {"D03": 0}, "short": ["D03"]}
    assert told(line(county, METFORMIN, {"stock": stock}), "declared_short") == 1
    assert told(line(county, SUSTAINED, {"stock": stock}), "declared_short") == 0


def test_of_an_unknown_drug_nothing_is_said(county):
    stock = {"quantities": {"D03": 0}, "elsewhere": {"D03": ["县医院"]}, "short": ["D03"]}
    case = line(county, UNKNOWN, {"stock": stock, "history": {"since": SINCE}})
    assert {told(case, name) for name in OF_HISTORY} == {"?drug"}
    assert told(case, "stock") in ("?drug", "?stock")


def test_whether_others_have_an_unknown_drug_is_not_denied(county):
    case = line(county, UNKNOWN, {"stock": {"quantities": {}, "elsewhere": {"D03": ["县医院"]}, "short": ["D03"]}})
    assert case.known("stock_elsewhere") is None
    assert case.known("declared_short") is None


@pytest.mark.parametrize(
    ("since", "known"),
    [("2026-08-02", True), ("2026-08-03", True), ("2026-08-04", False), ("2026-11-01", False), ("2026-11-02", False)],
)
def test_history_must_reach_back_far_enough(county, since, known):
    supplies = (earlier(METFORMIN, "2026-10-25"),)
    assert on_hand(county, METFORMIN, since=since) == ((0, 0) if known else ("?registers",) * 2)
    assert on_hand(county, METFORMIN, *supplies, since=since) == ((700, 50) if known else ("?registers",) * 2)


@pytest.mark.parametrize(
    ("issued", "known"), [("2026-10-31T15:59:59Z", False), ("2026-10-31T16:00:00Z", True), (AT, True)]
)
def test_history_reaches_back_from_the_county_s_day(county, issued, known):
    assert on_hand(county, METFORMIN, issued_at=issued) == ((0, 0) if known else ("?registers",) * 2)


def test_a_member_may_look_back_less_far(county):
    assert on_hand(county, METFORMIN, since="2026-10-02", institution="T1") == (0, 0)
    assert on_hand(county, METFORMIN, since="2026-10-03", institution="T1") == ("?registers",) * 2


def test_without_the_parameter_history_is_never_enough(builder):
    assert on_hand(builder, METFORMIN, since="2000-01-01") == ("?registers",) * 2


@pytest.mark.parametrize(
    ("on", "days", "percent"),
    [
        ("2026-11-01", 1400, 100),
        ("2026-10-31", 1300, 93),
        ("2026-10-19", 100, 8),
        ("2026-10-18", 0, 0),
        ("2026-09-01", 0, 0),
        ("2026-11-02", 0, 0),
    ],
)
def test_what_an_earlier_supply_leaves(county, on, days, percent):
    # Fourteen days from the day it was handed over.
    assert on_hand(county, METFORMIN, earlier(METFORMIN, on)) == (days, percent)


def test_the_second_supply_is_begun_when_the_first_is_used_up(county):
    both = (earlier(METFORMIN, "2026-10-25"), earlier(METFORMIN, "2026-10-20", "B2"))
    assert on_hand(county, METFORMIN, *both) == (1600, 115)
    assert on_hand(county, METFORMIN, *both[::-1]) == (1600, 115)
    # A gap between two supplies saves nothing.
    apart = (earlier(METFORMIN, "2026-08-10"), earlier(METFORMIN, "2026-10-25", "B2"))
    assert on_hand(county, METFORMIN, *apart) == (700, 50)


def test_lines_of_one_day_add_up(county):
    lines = (earlier(METFORMIN, "2026-10-25"), earlier(METFORMIN, "2026-10-25", place=2))
    assert on_hand(county, METFORMIN, *lines) == (2100, 150)


def test_its_own_supplies_are_not_earlier_ones(county):
    assert on_hand(county, METFORMIN, earlier(METFORMIN, "2026-10-25", "A1", "C1")) == (0, 0)
    assert on_hand(county, METFORMIN, earlier(METFORMIN, "2026-10-25", "A2", "C1")) == (700, 50)


def test_another_member_s_sheet_of_the_same_number_is_another_sheet(county):
    assert on_hand(county, METFORMIN, earlier(METFORMIN, "2026-10-25", "A1", "T1")) == (700, 50)


def test_another_form_of_the_same_active_counts(county):
    assert on_hand(county, METFORMIN, earlier(SUSTAINED, "2026-10-20")) == (1800, 129)
    assert on_hand(county, METFORMIN, earlier(GLIBENCLAMIDE, "2026-10-31")) == (0, 0)


def test_an_active_in_a_compound_counts(county):
    compound = {
        "generic": "氨酚伪麻片", "dose": 1, "dose_unit": "片", "route": "po", "frequency": "tid", "quantity": 30,
        "quantity_unit": "片",
    }  # fmt: skip
    plain = {**compound, "generic": "对乙酰氨基酚", "form": "片", "strength": "0.5g"}
    assert on_hand(county, plain, earlier(compound, "2026-10-31")) == (900, 90)
    assert on_hand(county, compound, earlier(plain, "2026-10-31")) == (900, 90)


def test_patent_medicines_count_by_their_name(county):
    assert on_hand(county, SACHET, earlier(SACHET, "2026-10-30")) == (300, 60)
    assert on_hand(county, XIAOKE, earlier(XIAOKE, "2026-10-30")) == (1200, 86)
    assert on_hand(county, SACHET, earlier(XIAOKE, "2026-10-30")) == (0, 0)
    assert on_hand(county, XIAOKE, earlier(GLIBENCLAMIDE, "2026-10-30")) == (0, 0)


@pytest.mark.parametrize("gap", [{"frequency": None}, {"frequency": "prn"}, {"quantity": None}, {"dose": None}])
def test_a_supply_of_unknown_days_leaves_the_rest_unknown(county, gap):
    unsaid = earlier({**METFORMIN, **gap}, "2026-10-20")
    assert on_hand(county, METFORMIN, unsaid) == ("?earlier_supplies",) * 2
    assert on_hand(county, METFORMIN, unsaid, earlier(METFORMIN, "2026-10-25", "B2")) == ("?earlier_supplies",) * 2
    # Of another drug, tomorrow's, or its own, it does not matter.
    assert on_hand(county, GLIBENCLAMIDE, unsaid) == (0, 0)
    assert on_hand(county, METFORMIN, {**unsaid, "on": "2026-11-02"}) == (0, 0)
    assert on_hand(county, METFORMIN, {**unsaid, "number": "A1", "institution": "C1"}) == (0, 0)


def test_a_cream_of_last_month_is_no_tablet(county):
    cream = {"generic": "布洛芬", "form": "乳膏", "route": "topical", "quantity": 1, "quantity_unit": "支"}
    tablet = {**METFORMIN, "generic": "布洛芬", "strength": "0.2g"}
    # Both hold the same active; what is put on the skin is not on hand to be swallowed.
    assert on_hand(county, tablet, earlier(cream, "2026-10-05")) == (0, 0)


def test_a_supply_longer_ago_than_anybody_asks_about_leaves_nothing_open(county):
    unsaid = earlier({**METFORMIN, "frequency": None}, "2021-03-01")
    assert on_hand(county, METFORMIN, unsaid, since="2020-01-01") == (0, 0)


def test_a_line_of_unknown_days_has_no_percentage(county):
    unsaid = {**METFORMIN, "frequency": None}
    assert on_hand(county, unsaid, earlier(METFORMIN, "2026-10-25")) == (700, "?frequency")
    assert on_hand(county, unsaid) == (0, 0)
    nothing = {**METFORMIN, "quantity": 0}
    assert on_hand(county, nothing, earlier(METFORMIN, "2026-10-25")) == (700, "?quantity")


def test_an_earlier_supply_is_read_with_the_codes_of_the_member_that_wrote_it(county):
    by_code = {**METFORMIN, "generic": None, "form": None, "strength": None, "product": "OWN-1"}
    # OWN-1 is metformin at T1 and glibenclamide at C1.
    assert on_hand(county, METFORMIN, earlier(by_code, "2026-10-25", institution="T1")) == (700, 50)
    assert on_hand(county, METFORMIN, earlier(by_code, "2026-10-25", institution="C1")) == (0, 0)
    unique = {**by_code, "product": "OWN-2"}
    assert on_hand(county, METFORMIN, earlier(unique, "2026-10-25", institution="T1")) == (700, 50)


WORLDS = [
    {"stock": {"quantities": {}}},
    {"stock": {"quantities": {"D03": 5}}},
    {"history": {"since": SINCE}},
    {"history": {"since": "2026-10-01"}},
    {"history": {"since": SINCE, "supplies": [earlier({**METFORMIN, "dose": None}, "2026-10-20")]}},
    {"flow": {"state": "supplied"}},
]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("drug", [METFORMIN, UNKNOWN, {**METFORMIN, "quantity": None}, {"generic": "二甲双胍"}])
def test_whatever_is_unknown_has_a_cause_that_can_be_said(county, drug, world):
    case = line(county, drug, world)
    unknown = [name for name in (*OF_HISTORY, *OF_STOCK, "fully_supplied") if case.known(name) is None]
    assert unknown
    assert {case.cause(name) for name in unknown} <= set(CAUSES)


@pytest.mark.parametrize("world", WORLDS)
def test_a_fact_is_known_or_missing_and_never_both(county, world):
    case = line(county, METFORMIN, world)
    assert set(case.own) & set(case.missing) == set()


def simulated(supplies: list[tuple[int, Fraction]], today: int) -> Fraction:
    """Day by day: what is on hand grows by what is handed over, and one day's worth of it is used up each day."""
    left = Fraction(0)
    for day in range(min((on for on, _ in supplies), default=today), today + 1):
        left += sum(lasts for on, lasts in supplies if on == day)
        if day < today:
            left = max(Fraction(0), left - 1)
    return left


@given(
    st.lists(
        st.tuples(st.integers(-80, 3), st.integers(1, 120), st.sampled_from([("qd", 1), ("bid", 2), ("tid", 3)])),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_on_hand_is_what_a_day_by_day_count_leaves(county, drawn, random):
    supplies, expected = [], []
    for place, (on, tablets, (frequency, times)) in enumerate(drawn):
        drug = {**METFORMIN, "quantity": tablets, "frequency": frequency}
        supplies.append(earlier(drug, str(TODAY + timedelta(days=on)), f"B{place}"))
        if on <= 0:
            expected.append((on, Fraction(tablets, times)))
    random.shuffle(supplies)
    left = simulated(expected, 0)
    assert on_hand(county, METFORMIN, *supplies) == (ceil(100 * left), ceil(100 * left / 14))
