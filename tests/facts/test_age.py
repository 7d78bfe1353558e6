"""Ages: on the birthday, in months over the turn of the year, and no finer than they were written."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rx_review.facts.age import Age, birthday, read_age


def age(birth: str, day: str) -> Age:
    return Age(date.fromisoformat(day), date.fromisoformat(birth))


def written(text: str) -> Age:
    return Age(date(2026, 11, 1), None, read_age(text))


@pytest.mark.parametrize(
    ("birth", "day", "bound", "reached"),
    [
        ("2012-11-01", "2026-10-31", "14y", False),
        ("2012-11-01", "2026-11-01", "14y", True),
        ("2008-11-02", "2026-11-01", "18y", False),
        ("2008-11-01", "2026-11-01", "18y", True),
        ("1961-11-02", "2026-11-01", "65y", False),
        ("1961-11-01", "2026-11-01", "65y", True),
        ("2008-02-29", "2026-02-28", "18y", False),
        ("2008-02-29", "2026-03-01", "18y", True),
        ("2008-02-29", "2028-02-28", "20y", False),
        ("2008-02-29", "2028-02-29", "20y", True),
        ("2026-10-04", "2026-10-31", "28d", False),
        ("2026-10-04", "2026-11-01", "28d", True),
        ("2026-11-01", "2026-11-01", "0d", True),
        ("2025-12-15", "2026-01-14", "1m", False),
        ("2025-12-15", "2026-01-15", "1m", True),
        ("2025-08-31", "2026-02-28", "6m", False),
        ("2025-08-31", "2026-03-01", "6m", True),
        ("2025-12-31", "2026-02-28", "2m", False),
        ("2025-12-31", "2026-03-01", "2m", True),
        ("2025-11-30", "2026-11-29", "12m", False),
        ("2025-11-30", "2026-11-30", "12m", True),
    ],
)
def test_an_age_is_reached_on_the_day_itself(birth, day, bound, reached):
    assert age(birth, day).at_least(bound) is reached


@pytest.mark.parametrize(
    ("birth", "day", "years", "days"),
    [
        ("1980-01-01", "2025-12-31", 45, 16801),
        ("1980-01-01", "2026-01-01", 46, 16802),
        ("2004-02-29", "2025-02-28", 20, 7670),
        ("2004-02-29", "2025-03-01", 21, 7671),
        ("2026-10-31", "2026-11-01", 0, 1),
        ("2026-11-01", "2026-11-01", 0, 0),
    ],
)
def test_completed_years_and_days(birth, day, years, days):
    assert (age(birth, day).years, age(birth, day).days) == (years, days)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("45岁", (45, "y")),
        ("45周岁", (45, "y")),
        ("45 岁", (45, "y")),
        ("8月", (8, "m")),
        ("8个月", (8, "m")),
        ("12天", (12, "d")),
        ("12日", (12, "d")),
        ("1岁3月", (15, "m")),
        ("1岁3个月", (15, "m")),
        ("2岁10天", (2, "y")),
        ("3月15天", (3, "m")),
        ("0岁", (0, "y")),
    ],
)
def test_an_age_is_read_as_it_is_written(text, meaning):
    assert read_age(text) == meaning


@pytest.mark.parametrize(
    "text", [None, "", "成人", "45", "约45岁", "45岁左右", "1000岁", "-3岁", "3.5岁", "半岁", "岁", "45y"]
)
def test_other_words_are_no_age(text):
    assert read_age(text) is None


@pytest.mark.parametrize(
    ("text", "bound", "reached"),
    [
        ("18岁", "18y", True),
        ("17岁", "18y", False),
        ("65岁", "65y", True),
        ("64岁", "65y", False),
        ("0岁", "28d", None),
        ("0岁", "6m", None),
        ("0岁", "1y", False),
        ("0岁", "18y", False),
        ("1岁", "12m", True),
        ("1岁", "18m", None),
        ("12月", "1y", True),
        ("11月", "1y", False),
        ("1岁3月", "15m", True),
        ("1岁3月", "16m", False),
        ("27天", "28d", False),
        ("28天", "28d", True),
        ("28天", "1y", False),
        ("0月", "28d", None),
        ("1月", "28d", True),
        ("1月", "30d", None),
        ("2月", "30d", True),
        ("2岁", "1095d", None),
        ("3岁", "1095d", True),
        ("30天", "1m", None),
        ("31天", "1m", True),
        ("40岁", "28d", True),
    ],
)
def test_an_age_in_words_answers_what_it_can(text, bound, reached):
    assert written(text).at_least(bound) is reached


def test_nothing_known_answers_nothing():
    nobody = Age(date(2026, 11, 1))
    assert not nobody.known
    assert (nobody.days, nobody.years, nobody.at_least("1d"), nobody.within("1y", "2y")) == (None,) * 4
    assert nobody.within(None, None) is True


@pytest.mark.parametrize(
    ("text", "years", "days"),
    [
        ("45岁", 45, None),
        ("8月", 0, None),
        ("1岁3月", 1, None),
        ("12天", 0, 12),
        ("364天", 0, 364),
        ("400天", None, 400),
    ],
)
def test_years_and_days_of_an_age_in_words(text, years, days):
    assert (written(text).years, written(text).days) == (years, days)


BIRTHS = st.dates(date(1900, 1, 1), date(2026, 11, 1))
BOUNDS = st.one_of(
    st.integers(0, 1200).map(lambda n: f"{n}d"),
    st.integers(0, 200).map(lambda n: f"{n}m"),
    st.integers(0, 120).map(lambda n: f"{n}y"),
)


@given(BIRTHS, st.dates(date(1900, 1, 1), date(2026, 12, 31)), BOUNDS)
def test_once_reached_an_age_stays_reached(birth, day, bound):
    assume(birth <= day)
    today, tomorrow = Age(day, birth), Age(day + timedelta(days=1), birth)
    assert not (today.at_least(bound) and not tomorrow.at_least(bound))


@given(BIRTHS, st.integers(0, 60_000), st.integers(0, 1200), st.integers(0, 1200), st.sampled_from("dmy"))
def test_who_reached_the_higher_bound_reached_the_lower(birth, later, one, other, unit):
    low, high = sorted((one, other))
    assume(unit != "y" or high <= 120)
    someone = Age(birth + timedelta(days=later), birth)
    assert someone.at_least(f"{low}{unit}") or not someone.at_least(f"{high}{unit}")


@given(BIRTHS, st.integers(0, 45_000), st.sampled_from(["y", "m", "d", "ym"]), BOUNDS)
def test_an_age_in_words_never_contradicts_the_birth_date(birth, later, how, bound):
    day = birth + timedelta(days=later)
    exact = Age(day, birth)
    months = next(n for n in range(1500, -1, -1) if birthday(birth, months=n) <= day)
    text = {
        "y": f"{exact.years}岁",
        "m": f"{months}月",
        "d": f"{exact.days}天",
        "ym": f"{months // 12}岁{months % 12}月",
    }[how]
    assume(read_age(text) is not None)
    said = Age(day, None, read_age(text)).at_least(bound)
    assert said in (None, exact.at_least(bound)), text


@given(BIRTHS, st.integers(0, 45_000), BOUNDS, BOUNDS)
def test_a_band_holds_exactly_between_its_ends(birth, later, start, end):
    someone = Age(birth + timedelta(days=later), birth)
    inside = someone.within(start, end)
    assert inside is (someone.at_least(start) and not someone.at_least(end))
    assert someone.within(start, None) is someone.at_least(start)
    assert someone.within(None, end) is (not someone.at_least(end))


@given(st.sampled_from(["0岁", "1岁", "17岁", "5月", "20天", None]), BOUNDS, BOUNDS)
def test_a_band_of_an_age_in_words_is_decided_only_by_what_is_known(text, start, end):
    someone = Age(date(2026, 11, 1), None, read_age(text))
    after, reached = someone.at_least(start), someone.at_least(end)
    inside = someone.within(start, end)
    if inside is True:
        assert after is True
        assert reached is False
    if inside is False:
        assert after is False or reached is True


@given(BIRTHS, st.integers(0, 119), st.integers(0, 47))
def test_a_birthday_is_the_same_day_or_the_first_of_the_next_month(birth, years, months):
    found = birthday(birth, years, months)
    total = birth.year * 12 + birth.month - 1 + years * 12 + months
    if found.day == birth.day:
        assert found.year * 12 + found.month - 1 == total
    else:
        assert found.day == 1
        assert found.year * 12 + found.month - 1 == total + 1
        assert birth.day > (found - timedelta(days=1)).day
