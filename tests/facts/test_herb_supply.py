"""How long a decoction lasts, and the day's dose of a herb and of a medicine."""

import pytest
from tests.facts.small import facts, told

HERB = {"generic": "甘草", "kind": "herb", "dose": 6, "dose_unit": "g"}
TABLET = {"generic": "二甲双胍", "form": "片", "strength": "0.5g", "dose": "0.5", "dose_unit": "g", "route": "po",
          "quantity": 28, "quantity_unit": "片"}  # fmt: skip
BOUND = [{"target": "二甲双胍", "measure": "daily_dose", "maximum": "2", "unit": "g"}]


@pytest.mark.parametrize(
    ("packets", "frequency", "days"), [(7, "qd", 700), (14, "bid", 700), (3, "qod", 600), (5, "tid", 167)]
)
def test_packets_last(builder, packets, frequency, days):
    line = facts(builder, HERB, decoction={"packets": packets, "frequency": frequency})["line"][0]
    assert told(line, "days_supplied") == days
    assert told(line, "days_without_last_pack") == days
    assert told(line, "doses_supplied") == packets * 100


@pytest.mark.parametrize("decoction", [None, {"packets": 7}, {"packets": 7, "frequency": "prn"}])
def test_packets_of_an_unknown_rhythm(builder, decoction):
    line = facts(builder, HERB, decoction=decoction)["line"][0]
    assert told(line, "days_supplied") == "?decoction"


def test_granules_of_a_herb_are_taken_as_its_packets(builder):
    line = facts(builder, {**HERB, "kind": "granule"}, decoction={"packets": 7, "frequency": "qd"})["line"][0]
    assert told(line, "days_supplied") == 700


def test_the_same_packets_do_not_stretch_a_tablet_beside_them(builder):
    decoction = {"packets": 3, "frequency": "qd"}
    alone = facts(builder, {**TABLET, "frequency": "bid"})["line"][0]
    beside = facts(builder, {**TABLET, "frequency": "bid"}, HERB, decoction=decoction)["line"][0]
    assert told(alone, "days_supplied") == told(beside, "days_supplied") == 1400


@pytest.mark.parametrize(
    ("dose", "unit", "frequency", "grams"),
    [(6, "g", "qd", 6), (6, "g", "bid", 12), (6000, "mg", "qd", 6), (6, "g", "qod", 6), ("1.5", "g", "qd", "1.5")],
)
def test_grams_of_a_herb_on_a_day(builder, dose, unit, frequency, grams):
    line = {**HERB, "dose": dose, "dose_unit": unit}
    concerns = facts(builder, line, decoction={"packets": 7, "frequency": frequency})["concern"]
    assert [told(c, "topic") for c in concerns] == ["herb_dose"]
    assert told(concerns[0], "observed") == int(float(grams) * 10**6)
    assert told(concerns[0], "bound") == 10 * 10**6


@pytest.mark.parametrize(
    ("dose", "decoction", "cause"),
    [(None, {"packets": 7, "frequency": "qd"}, "dose"), (6, None, "decoction"), (6, {"packets": 7}, "decoction")],
)
def test_grams_of_a_herb_that_nobody_wrote(builder, dose, decoction, cause):
    concerns = facts(builder, {**HERB, "dose": dose}, decoction=decoction)["concern"]
    assert told(concerns[0], "observed") == told(concerns[0], "percent_of_bound") == f"?{cause}"


@pytest.mark.parametrize(
    ("frequency", "grams"),
    [("qd", "0.5"), ("bid", 1), ("tid", "1.5"), ("qid", 2), ("q8h", "1.5"), ("qod", "0.5"), ("q72h", "0.5"),
     ("qw", "0.5"), ("biw", "0.5"), ("q36h", "0.5"), ("st", "0.5")],
)  # fmt: skip
def test_most_that_is_taken_on_one_day(small, frequency, grams):
    concerns = facts(small(limits=BOUND), {**TABLET, "frequency": frequency})["concern"]
    assert told(concerns[0], "observed") == int(float(grams) * 10**6)
    assert told(concerns[0], "percent_of_bound") == -(-float(grams) * 50 // 1)


@pytest.mark.parametrize("frequency", ["prn", "随便", None])
def test_a_day_s_dose_of_an_unknown_rhythm(small, frequency):
    concerns = facts(small(limits=BOUND), {**TABLET, "frequency": frequency})["concern"]
    assert told(concerns[0], "observed") == "?frequency"
    assert told(concerns[0], "percent_of_bound") == "?frequency"


def test_a_hair_above_the_bound_is_above_it(small):
    concerns = facts(small(limits=BOUND), {**TABLET, "dose": "1.000001", "frequency": "bid"})["concern"]
    assert told(concerns[0], "observed") == 2_000_002
    assert told(concerns[0], "percent_of_bound") == 101


def test_days_as_written_are_used_only_where_none_can_be_computed(builder):
    lasts = facts(builder, {**TABLET, "frequency": "bid", "days": 30})["line"][0]
    cream = {"generic": "布洛芬", "form": "乳膏", "route": "topical", "quantity": 1, "quantity_unit": "支"}
    written = facts(builder, {**cream, "days": "10.5"})["line"][0]
    silent = facts(builder, cream)["line"][0]
    assert [told(case, "days_written_alone") for case in (lasts, written, silent)] == [0, 1050, 0]
