"""A dose by body weight without a weight: within its bound only if it is so for every child of that age."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts.small import facts, formulary, rows, told
from tests.shipped import shipped_edition

from rx_review.county.patient import draw_weight
from rx_review.facts.age import Age, birthday, read_age
from rx_review.facts.build import FactBuilder

ISSUED = date(2026, 11, 1)
GROWTH = (
    (0, "2.4"),
    (30, "3.3"),
    (183, "6.1"),
    (365, "7.5"),
    (730, "9.5"),
    (1826, "14.1"),
    (3652, "23.0"),
    (6574, "41.0"),
)
LIMITS = rows(
    "target route form age_from age_until measure maximum unit per",
    """
    布洛芬 oral - - 18y daily_dose 40 mg kg
    布洛芬 oral - - 18y single_dose 10 mg kg
    布洛芬 oral - 18y - daily_dose 2.4 g -
    """,
)


@pytest.fixture(scope="module")
def builder(tmp_path_factory) -> FactBuilder:
    growth = [{"days": str(days), "lightest": lightest} for days, lightest in GROWTH]
    return FactBuilder(formulary(tmp_path_factory.mktemp("growth"), limits=LIMITS, growth=growth))


def third_percentile(days: int) -> Decimal:
    """Any curve that never falls and meets the table where a row begins: here a straight line between the rows."""
    for (start, light), (end, heavy) in pairwise(GROWTH):
        if start <= days < end:
            return Decimal(light) + (Decimal(heavy) - Decimal(light)) * (days - start) / (end - start)
    return Decimal(GROWTH[-1][1])


def cases(builder, milligrams, *, weight=None, birth=None, written=None):
    """The concerns about ibuprofen syrup's dose, and whether the weight decides."""
    patient = {"sex": "male", "weight": weight, "birth_date": birth and birth.isoformat(), "age_written": written}
    found = facts(
        builder,
        {"generic": "布洛芬片", "strength": "0.2g", "dose": str(milligrams), "dose_unit": "mg", "route": "po",
         "frequency": "tid", "quantity": 1, "quantity_unit": "盒"},
        patient={key: value for key, value in patient.items() if value is not None},
    )  # fmt: skip
    limits = {
        case.own["topic"]: case for case in found["concern"] if case.own.get("topic") in ("single_dose", "daily_dose")
    }
    return limits, told(found["prescription"][0], "weight_decides")


def percent(case) -> int | None:
    value = case.known("percent_of_bound")
    return None if value is None else int(value)


ages = st.integers(0, 6573)
doses = st.decimals("0.5", "900", places=1)
heavier = st.decimals("0", "30", places=1)


@settings(max_examples=150)
@given(ages, doses, heavier)
def test_within_without_a_weight_is_within_at_the_weight_of_every_child_from_the_third_percentile_up(
    builder, days, milligrams, more
):
    birth = ISSUED - timedelta(days=days)
    real = (third_percentile(days) + more).quantize(Decimal("0.000001"))
    unknown, decides = cases(builder, milligrams, birth=birth)
    weighed, _ = cases(builder, milligrams, birth=birth, weight=str(real))
    assert set(unknown) == set(weighed) == {"single_dose", "daily_dose"}
    for topic, case in unknown.items():
        if percent(case) is not None:
            assert percent(case) <= 100
            assert percent(weighed[topic]) <= 100
            assert milligrams <= 10 * real if topic == "single_dose" else 3 * milligrams <= 40 * real
        else:
            assert case.cause("percent_of_bound") == "weight"
            assert decides == 1
    assert decides == any(percent(case) is None for case in unknown.values())


@settings(max_examples=100)
@given(ages, doses)
def test_a_dose_over_the_bound_of_the_lightest_child_is_never_called_within(builder, days, milligrams):
    lightest = max(Decimal(light) for start, light in GROWTH if start <= days)
    unknown, _ = cases(builder, milligrams, birth=ISSUED - timedelta(days=days))
    assert (percent(unknown["single_dose"]) is None) == (milligrams > 10 * lightest)
    assert (percent(unknown["daily_dose"]) is None) == (3 * milligrams > 40 * lightest)


@pytest.mark.parametrize("row", GROWTH[1:-1], ids=lambda row: f"day {row[0]}")
def test_a_row_holds_from_its_first_day(builder, row):
    start, light = row
    exactly = 10 * Decimal(light)
    assert percent(cases(builder, exactly, birth=ISSUED - timedelta(days=start))[0]["single_dose"]) == 100
    assert percent(cases(builder, exactly, birth=ISSUED - timedelta(days=start - 1))[0]["single_dose"]) is None
    over = exactly + Decimal("0.1")
    assert percent(cases(builder, over, birth=ISSUED - timedelta(days=start))[0]["single_dose"]) is None


def test_a_weight_that_is_written_is_used_however_light(builder):
    limits, _ = cases(builder, 60, birth=ISSUED - timedelta(days=1826), weight="5")
    assert percent(limits["single_dose"]) == 120


@settings(max_examples=100)
@given(doses, st.decimals("2", "80", places=1))
def test_a_dose_over_the_bound_of_a_written_weight_is_over_a_hundred_percent(builder, milligrams, weight):
    limits, _ = cases(builder, milligrams, birth=ISSUED - timedelta(days=2000), weight=str(weight))
    assert (percent(limits["single_dose"]) > 100) == (milligrams > 10 * weight)
    assert (percent(limits["daily_dose"]) > 100) == (3 * milligrams > 40 * weight)


def test_an_adult_is_never_lightest(builder):
    limits, decides = cases(builder, 400, birth=date(1990, 1, 1))
    assert decides == 0
    assert limits["daily_dose"].own["by_weight"] == 0
    eighteen, _ = cases(builder, 400, birth=date(2008, 11, 1))
    assert eighteen["daily_dose"].own["by_weight"] == 0
    assert cases(builder, 400, birth=date(2008, 11, 2))[0]["daily_dose"].own["by_weight"] == 1


WRITTEN = st.one_of(
    st.integers(0, 17).map(lambda n: f"{n}岁"),
    st.integers(0, 200).map(lambda n: f"{n}月"),
    st.integers(0, 900).map(lambda n: f"{n}天"),
    st.tuples(st.integers(0, 16), st.integers(0, 11)).map(lambda pair: f"{pair[0]}岁{pair[1]}个月"),
    st.tuples(st.integers(1, 11), st.integers(0, 29)).map(lambda pair: f"{pair[0]}月{pair[1]}天"),
)


def born_within(written: str) -> tuple[date, date]:
    """The first and the last day on which someone may be born whose age is written so on the day of issue."""
    number, unit = read_age(written)
    if unit == "d":
        return ISSUED - timedelta(days=number), ISSUED - timedelta(days=number)
    months = number * (12 if unit == "y" else 1)
    days = [ISSUED - timedelta(days=back) for back in range(months * 30, (months + 13) * 31 + 2)]
    days += [ISSUED - timedelta(days=back) for back in range(max(0, months * 28 - 40), months * 30)]
    length = 12 if unit == "y" else 1
    held = [day for day in days if birthday(day, 0, months) <= ISSUED < birthday(day, 0, months + length)]
    return min(held), max(held)


@settings(max_examples=100)
@given(WRITTEN, doses, st.floats(0, 1))
def test_within_at_a_written_age_is_within_for_whoever_may_be_that_old(builder, written, milligrams, where):
    first, last = born_within(written)
    birth = first + timedelta(days=round((last - first).days * where))
    unknown, decides = cases(builder, milligrams, written=written)
    exact, exactly = cases(builder, milligrams, birth=birth)
    for topic, case in unknown.items():
        if case.own.get("by_weight") == 1 and percent(case) is not None:
            assert percent(case) <= 100
            assert percent(exact[topic]) is not None
    if decides == 0 and Age(ISSUED, birth).at_least("18y") is False:
        assert exactly == 0


@settings(max_examples=100)
@given(WRITTEN)
def test_the_fewest_days_of_a_written_age_are_no_more_than_the_youngest_has(written):
    _, last = born_within(written)
    assert Age(ISSUED, None, read_age(written)).fewest_days <= (ISSUED - last).days


@pytest.mark.parametrize("patient", [{}, {"written": "很小"}, {"written": "3岁", "birth": date(1990, 1, 1)}])
def test_without_an_age_or_with_two_that_contradict_each_other_nothing_is_within(builder, patient):
    limits, decides = cases(builder, "0.5", **patient)
    assert all(percent(case) is None for case in limits.values() if case.own.get("by_weight") == 1)
    assert [case for case in limits.values() if case.own.get("by_weight") == 1]
    assert decides == 1


def test_the_lightest_weights_that_are_shipped_never_fall_with_age_and_no_child_of_the_county_is_below():
    known = shipped_edition().formulary
    weights = [lightest for _, lightest in known.growth]
    assert weights == sorted(weights)
    assert known.growth[0][0] == 0
    choose = Random(1)
    for days in range(0, 18 * 365, 7):
        lightest = known.lightest(days)
        assert lightest is not None
        assert Decimal(str(draw_weight(days, choose.choice(("male", "female")), choose))) >= lightest
