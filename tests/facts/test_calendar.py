"""The calendar: days of the county whatever the zone of an instant, ages on the day, rows on the day of issue."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.facts.small import CORE, formulary, rows, sheet, told

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import check_prescription
from rx_review.domain.values import CHINA, county_day
from rx_review.facts.build import FactBuilder

TABLET = {"generic": "二甲双胍", "form": "片"}
NEWBORN_DRUG = {"generic": "头孢曲松"}


def dated(row: dict, begins: str | None = None, ends: str | None = None) -> dict:
    return {**row, "from": begins or "2020-01-01", "until": ends or ""}


def drug(code: str, generic: str, **cells: str) -> dict:
    return {"drug": code, "generic": generic, "kind": "western", "form": "tablet", "strength": "50mg", "amount": "50",
            "amount_unit": "mg", "dose_unit": "片", "pack": "10", "route": "oral", **cells}  # fmt: skip


# A drug that becomes class 2 on 1 July 2026, and class 1 on 1 November.
CONTROLLED = [
    dated(drug("E01", "曲马多"), "2020-01-01", "2026-07-01"),
    dated(drug("E01", "曲马多", control="psychotropic_2"), "2026-07-01", "2026-11-01"),
    dated(drug("E01", "曲马多", control="psychotropic_1"), "2026-11-01"),
    # Listed from a leap day, and gone with the new year.
    dated(drug("E02", "新药"), "2024-02-29", "2026-01-01"),
]
TABLES = {
    "drugs": [*CORE["drugs"], *CONTROLLED],
    "ingredients": [*CORE["ingredients"], *rows("generic ingredient hidden", "曲马多 曲马多 false\n新药 新药 false")],
    "contraindications": rows(
        "target topic age_from age_until grade",
        """
        二甲双胍 age - 14y contraindicated
        格列本脲 age - 18y contraindicated
        华法林 age 65y - caution
        头孢曲松 age - 28d contraindicated
        """,
    ),
    "listings": [
        dated({"generic": "布洛芬", "tier": "village", "status": "listed"}, "2020-01-01", "2026-11-01"),
        dated({"generic": "布洛芬", "tier": "county", "status": "listed"}, "2026-11-01"),
    ],
    "parameters": [
        *CORE["parameters"],
        dated({"parameter": "reviewer_years", "value": "3", "unit": "year", "zh": "年", "en": "years"}),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("calendar"), **TABLES))


def cases(builder: FactBuilder, *lines: dict, at: datetime | None = None, **fields: object):
    read = check_prescription(sheet(*lines, **fields))
    return builder.build(read, NOTHING_KNOWN, at or read.issued_at).cases


def whole(builder: FactBuilder, **fields: object):
    return cases(builder, TABLET, **fields)["prescription"][0]


# One instant in four zones.
@pytest.mark.parametrize("offset", [0, 8, -5, 14])
@pytest.mark.parametrize(
    ("clock", "day"),
    [
        ("2026-10-31T23:59:59", "2026-10-31"),
        ("2026-11-01T00:00:00", "2026-11-01"),
        ("2026-11-01T07:59:59", "2026-11-01"),
        ("2026-11-01T08:00:00", "2026-11-01"),
        ("2026-12-31T23:59:59", "2026-12-31"),
        ("2027-01-01T00:00:00", "2027-01-01"),
        ("2028-02-28T23:59:59", "2028-02-28"),
        ("2028-02-29T00:00:00", "2028-02-29"),
        ("2028-02-29T23:59:59", "2028-02-29"),
    ],
)
def test_a_day_is_the_county_s_in_whatever_zone_it_is_sent(clock, day, offset):
    instant = datetime.fromisoformat(clock).replace(tzinfo=CHINA)
    sent = instant.astimezone(timezone(timedelta(hours=offset)))
    assert sent == instant
    assert str(county_day(sent)) == day


@pytest.mark.parametrize(
    ("issued", "valid", "last"),
    [
        ("2026-11-01T00:00:00+08:00", None, "2026-11-01"),
        ("2026-11-01T23:59:59+08:00", None, "2026-11-01"),
        ("2026-10-31T16:00:00Z", None, "2026-11-01"),
        ("2026-10-31T15:59:59Z", None, "2026-10-31"),
        ("2026-11-01T23:59:59+08:00", 3, "2026-11-03"),
        ("2026-12-30T09:00:00+08:00", 3, "2027-01-01"),
        ("2028-02-27T09:00:00+08:00", 3, "2028-02-29"),
        ("2027-02-27T09:00:00+08:00", 3, "2027-03-01"),
    ],
)
def test_a_sheet_is_valid_until_midnight_of_its_last_day(county, issued, valid, last):
    midnight = datetime.combine(date.fromisoformat(last) + timedelta(days=1), time.min, CHINA)
    for zone in (CHINA, UTC):
        before = (midnight - timedelta(seconds=1)).astimezone(zone)
        told_of = [
            told(whole(county, issued_at=issued, valid_days=valid, at=at), "days_past_validity")
            for at in (before, midnight.astimezone(zone), before + timedelta(days=1), before + timedelta(days=30))
        ]
        assert told_of == [0, 1, 1, 30]


BIRTHDAYS = [
    ("二甲双胍", 14, "2012-11-01"),
    ("格列本脲", 18, "2008-11-01"),
]


@pytest.mark.parametrize(("generic", "years", "birth"), BIRTHDAYS)
@pytest.mark.parametrize(
    ("issued", "reached"),
    [
        ("2026-10-31T00:00:00+08:00", False),
        ("2026-10-31T23:59:59+08:00", False),
        ("2026-10-31T15:59:59Z", False),
        ("2026-10-31T16:00:00Z", True),
        ("2026-11-01T00:00:00+08:00", True),
        ("2026-11-01T23:59:59+08:00", True),
        ("2026-11-01T15:59:59Z", True),
    ],
)
def test_a_birthday_begins_at_midnight_in_the_county(county, generic, years, birth, issued, reached):
    found = cases(county, {"generic": generic}, issued_at=issued, patient={"birth_date": birth})
    assert told(found["prescription"][0], "age_years") == (years if reached else years - 1)
    concerned = [told(case, "applies") for case in found["concern"] if told(case, "topic") == "age"]
    assert concerned == ([] if reached else [1])


@pytest.mark.parametrize(
    ("birth", "issued", "years", "concerned"),
    [
        ("1961-11-01", "2026-10-31T15:59:59Z", 64, []),
        ("1961-11-01", "2026-10-31T16:00:00Z", 65, [1]),
        ("1961-11-02", "2026-11-01T23:59:59+08:00", 64, []),
        ("1960-02-29", "2025-02-28T23:59:59+08:00", 64, []),
        ("1960-02-29", "2025-03-01T00:00:00+08:00", 65, [1]),
    ],
)
def test_the_sixty_fifth_birthday(county, birth, issued, years, concerned):
    found = cases(county, {"generic": "华法林"}, issued_at=issued, patient={"birth_date": birth})
    assert told(found["prescription"][0], "age_years") == years
    assert [told(case, "applies") for case in found["concern"] if told(case, "topic") == "age"] == concerned


@pytest.mark.parametrize(
    ("issued", "days", "concerned"),
    [
        ("2026-10-04T09:00:00+08:00", 0, [1]),
        ("2026-10-31T23:59:59+08:00", 27, [1]),
        ("2026-10-31T16:00:00Z", 28, []),
        ("2026-11-01T23:59:59+08:00", 28, []),
        ("2026-11-01T16:00:00Z", 29, []),
    ],
)
def test_newborns_of_twenty_eight_days(county, issued, days, concerned):
    found = cases(county, NEWBORN_DRUG, issued_at=issued, patient={"birth_date": "2026-10-04"})
    assert told(found["prescription"][0], "age_days") == days
    assert [told(case, "applies") for case in found["concern"] if told(case, "topic") == "age"] == concerned


@pytest.mark.parametrize(
    ("issued", "years", "days"),
    [
        ("2026-02-28T23:59:59+08:00", 13, 5113),
        ("2026-02-28T15:59:59Z", 13, 5113),
        ("2026-02-28T16:00:00Z", 14, 5114),
        ("2026-03-01T00:00:00+08:00", 14, 5114),
        ("2028-02-28T23:59:59+08:00", 15, 5843),
        ("2028-02-29T00:00:00+08:00", 16, 5844),
    ],
)
def test_born_on_29_february(county, issued, years, days):
    # In a common year 29 February is over when March begins; in a leap year it comes.
    found = cases(county, TABLET, issued_at=issued, patient={"birth_date": "2012-02-29"})
    case = found["prescription"][0]
    assert (told(case, "age_years"), told(case, "age_days")) == (years, days)
    concerned = [told(each, "applies") for each in found["concern"] if told(each, "topic") == "age"]
    assert concerned == ([1] if years < 14 else [])


def test_born_today_is_born_and_born_tomorrow_is_refused(county):
    case = whole(county, issued_at="2026-10-31T16:00:00Z", patient={"birth_date": "2026-11-01"})
    assert (told(case, "age_days"), told(case, "age_years")) == (0, 0)
    with pytest.raises(Exception, match="birth"):
        whole(county, issued_at="2026-10-31T15:59:59Z", patient={"birth_date": "2026-11-01"})


@pytest.mark.parametrize(
    ("issued", "control", "psychotropic", "narcotic"),
    [
        ("2026-06-30T23:59:59+08:00", "none", 0, 0),
        ("2026-06-30T15:59:59Z", "none", 0, 0),
        ("2026-06-30T16:00:00Z", "psychotropic_2", 1, 0),
        ("2026-07-01T00:00:00+08:00", "psychotropic_2", 1, 0),
        ("2026-07-01T08:00:00+08:00", "psychotropic_2", 1, 0),
        ("2026-10-31T19:30:00+08:00", "psychotropic_2", 1, 0),
        ("2026-10-31T15:59:59Z", "psychotropic_2", 1, 0),
        ("2026-10-31T16:00:00Z", "psychotropic_1", 0, 1),
        ("2026-11-01T07:30:00+08:00", "psychotropic_1", 0, 1),
    ],
)
def test_a_control_class_begins_in_the_morning_of_its_day(county, issued, control, psychotropic, narcotic):
    written = ({"generic": "曲马多", "form": "片"}, {"product": "E01"})
    for one in written:
        # Whenever it is reviewed: what was lawful when it was written stays what it was.
        for at in (None, datetime(2027, 1, 1, tzinfo=CHINA), datetime(2026, 1, 1, tzinfo=CHINA)):
            found = cases(county, one, issued_at=issued, at=at)
            assert told(found["line"][0], "control") == control
            case = found["prescription"][0]
            assert (told(case, "psychotropic_2_on_sheet"), told(case, "narcotic_on_sheet")) == (psychotropic, narcotic)


@pytest.mark.parametrize(
    ("issued", "known"),
    [
        ("2024-02-28T23:59:59+08:00", 0),
        ("2024-02-28T16:00:00Z", 1),
        ("2024-02-29T00:00:00+08:00", 1),
        ("2025-12-31T23:59:59+08:00", 1),
        ("2025-12-31T15:59:59Z", 1),
        ("2025-12-31T16:00:00Z", 0),
    ],
)
def test_a_drug_is_known_from_its_first_day_to_before_its_last(county, issued, known):
    assert told(cases(county, {"generic": "新药"}, issued_at=issued)["line"][0], "drug_known") == known


@pytest.mark.parametrize(
    ("issued", "village"), [("2026-10-31T15:59:59Z", "listed"), ("2026-10-31T16:00:00Z", "above_tier")]
)
def test_the_catalogue_changes_at_midnight(county, issued, village):
    found = cases(county, {"generic": "布洛芬", "form": "片"}, issued_at=issued, institution="V1")["line"][0]
    assert (told(found, "listing"), told(found, "village_listing")) == (village, village)


def test_a_builder_that_has_seen_another_day_says_the_same(county):
    days = ["2026-06-30T23:59:59+08:00", "2026-11-01T09:00:00+08:00", "2026-07-01T00:00:00+08:00"]
    fresh = [told(cases(FactBuilder(county.formulary), {"product": "E01"}, issued_at=day)["line"][0], "control")
             for day in days]  # fmt: skip
    kept = [told(cases(county, {"product": "E01"}, issued_at=day)["line"][0], "control") for day in days * 2]
    assert kept == fresh * 2 == ["none", "psychotropic_1", "psychotropic_2"] * 2


@given(st.datetimes(datetime(2026, 6, 28), datetime(2026, 7, 4)), st.integers(-12, 14))
def test_the_class_goes_by_the_county_s_day_at_any_instant_in_any_zone(county, clock, offset):
    # A zone is written to the minute, an instant to the second.
    instant = clock.replace(microsecond=0, tzinfo=timezone(timedelta(hours=offset)))
    found = cases(county, {"product": "E01"}, issued_at=instant.isoformat())["line"][0]
    begun = instant >= datetime(2026, 7, 1, tzinfo=CHINA)
    assert told(found, "control") == ("psychotropic_2" if begun else "none")


@given(st.dates(date(1930, 1, 1), date(2026, 10, 31)))
def test_days_and_years_grow_together(county, birth):
    """On the day before a birthday and on it: a year more, a day more."""
    days = [date(2026, 10, 30) + timedelta(days=each) for each in range(3)]
    issued = [f"{day}T12:00:00+08:00" for day in days if day >= birth]
    ages = [
        (told(case, "age_days"), told(case, "age_years"))
        for case in (whole(county, issued_at=one, patient={"birth_date": str(birth)}) for one in issued)
    ]
    for (before, year), (after, later) in pairwise(ages):
        assert after == before + 1
        assert later - year in (0, 1)
    for day, (_, years) in zip(days[-len(ages) :], ages, strict=True):
        assert years == day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
