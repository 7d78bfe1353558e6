"""Which bound is held against a dose, and what is compared with it."""

import pytest
from tests.facts.small import facts, rows, told

TABLET = {"generic": "二甲双胍", "form": "片", "strength": "0.5g", "dose": "0.5", "dose_unit": "g", "route": "po",
          "frequency": "bid", "quantity": 28, "quantity_unit": "片"}  # fmt: skip
ADULT = {"birth_date": "1980-01-01", "weight": 60}
CHILD = {"birth_date": "2016-11-01", "weight": 30}


def limits(text: str, target: str = "二甲双胍") -> list[dict[str, str]]:
    return [{"target": target, **row} for row in rows("route form age_from age_until measure maximum unit per", text)]


def bounds(known, line: dict, **fields: object) -> list[tuple[str, int | str, int | str]]:
    """Measure, bound and what is observed, of each limit that is held against a line."""
    cases = [case for case in facts(known, line, **fields)["concern"] if told(case, "grade") == "bound"]
    return sorted((told(c, "topic"), told(c, "bound"), told(c, "observed")) for c in cases)


M = 10**6


def test_each_measure_is_compared_in_the_bound_s_unit(small):
    known = small(limits=limits("- - - - single_dose 1000 mg -\n- - - - daily_dose 2 g -\n- - - - days 30 day -"))
    assert bounds(known, TABLET) == [
        ("daily_dose", 2 * M, M),
        ("days", 30 * M, 14 * M),
        ("single_dose", 1000 * M, 500 * M),
    ]


def test_the_row_of_the_form_beats_the_general_one(small):
    known = small(limits=limits("- - - - daily_dose 2 g -\n- sustained_tablet - - daily_dose 1.5 g -"))
    assert bounds(known, TABLET) == [("daily_dose", 2 * M, M)]
    assert bounds(known, {**TABLET, "form": "缓释片"}) == [("daily_dose", 1.5 * M, M)]


def test_the_row_of_the_route_beats_the_general_one(small):
    known = small(
        limits=limits("- - - - daily_dose 2 g -\noral - - - daily_dose 1 g -\ninjection - - - daily_dose 3 g -")
    )
    assert bounds(known, TABLET) == [("daily_dose", M, M)]


def test_a_row_of_the_form_for_adults_leaves_the_child_its_general_row(small):
    known = small(limits=limits("- - - 18y daily_dose 1 g -\n- sustained_tablet 18y - daily_dose 2 g -"))
    sustained = {**TABLET, "form": "缓释片"}
    assert bounds(known, sustained, patient=CHILD) == [("daily_dose", M, M)]
    assert bounds(known, sustained, patient=ADULT) == [("daily_dose", 2 * M, M)]


def test_without_an_age_both_bands_are_shown_and_unknown(small):
    known = small(limits=limits("- - - 18y daily_dose 1 g -\n- - 18y - daily_dose 2 g -"))
    cases = facts(known, TABLET, patient={})["concern"]
    assert [(told(c, "bound"), told(c, "applies")) for c in cases] == [(M, "?birth_date"), (2 * M, "?birth_date")]


@pytest.mark.parametrize(
    ("patient", "bound", "percent"),
    [({**CHILD, "weight": 30}, 600 * M, 167), ({**CHILD, "weight": "12.5"}, 250 * M, 400), (CHILD, 600 * M, 167)],
)
def test_a_bound_by_weight(small, patient, bound, percent):
    known = small(limits=limits("- - - 18y daily_dose 20 mg kg"))
    case = facts(known, TABLET, patient=patient)["concern"][0]
    assert [told(case, n) for n in ("bound", "percent_of_bound", "by_weight")] == [bound, percent, 1]


def test_a_bound_by_a_weight_nobody_wrote(small):
    known = small(limits=limits("- - - 18y daily_dose 20 mg kg\n- - - 18y daily_dose 2 g -"))
    cases = facts(known, TABLET, patient={**CHILD, "weight": None})
    kg = next(c for c in cases["concern"] if told(c, "by_weight") == 1)
    assert (told(kg, "bound"), told(kg, "percent_of_bound"), told(kg, "observed")) == ("?weight", "?weight", 1000 * M)
    assert told(cases["prescription"][0], "weight_needed") == 1
    assert len(cases["concern"]) == 2


def test_an_adult_needs_no_weight_for_a_child_s_bound(small):
    known = small(limits=limits("- - - 18y daily_dose 20 mg kg"))
    cases = facts(known, TABLET, patient={"birth_date": "1980-01-01"})
    assert cases["concern"] == ()
    assert told(cases["prescription"][0], "weight_needed") == 0


def test_what_is_put_on_the_skin_has_no_day_s_dose(small):
    known = small(limits=limits("- - - - daily_dose 2 g -", "布洛芬"))
    assert bounds(known, {"generic": "布洛芬", "form": "乳膏", "route": "topical", "dose": 5, "dose_unit": "g"}) == []


@pytest.mark.parametrize(
    ("dose", "unit", "observed"), [(2, "片", 1950 * M), (1, "片", 975 * M), ("0.5", "g", "?composition")]
)
def test_a_share_of_a_compound(small, dose, unit, observed):
    known = small(limits=limits("- - - - daily_dose 2000 mg -", "对乙酰氨基酚"))
    line = {**TABLET, "generic": "氨酚伪麻片", "strength": None, "dose": dose, "dose_unit": unit, "frequency": "tid"}
    assert bounds(known, line) == [("daily_dose", 2000 * M, observed)]


def test_what_hides_in_a_patent_medicine_counts(small):
    known = small(limits=limits("- - - - daily_dose 15 mg -", "格列本脲"))
    line = {
        **TABLET,
        "generic": "消渴丸",
        "form": "丸",
        "strength": "0.25g",
        "dose": 10,
        "dose_unit": "丸",
        "frequency": "tid",
    }
    assert bounds(known, line) == [("daily_dose", 15 * M, 7.5 * M)]


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ({"dose": None}, "dose"),
        ({"frequency": "prn"}, "frequency"),
        ({"dose": 1, "dose_unit": "片", "strength": "若干"}, "strength"),
        ({"dose": 10, "dose_unit": "IU"}, "strength"),
    ],
)
def test_what_cannot_be_observed(small, written, cause):
    case = facts(small(limits=limits("- - - - daily_dose 2 g -")), {**TABLET, **written})["concern"][0]
    assert told(case, "observed") == told(case, "percent_of_bound") == f"?{cause}"
    assert told(case, "bound") == 2 * M


def test_a_class_s_bound_is_for_each_of_its_drugs_that_has_none_of_its_own(small):
    own = limits("- - - - daily_dose 1 g -")
    general = limits("- - - - daily_dose 9 g -", "class:biguanide")
    assert bounds(small(limits=general), TABLET) == [("daily_dose", 9 * M, M)]
    assert bounds(small(limits=general + own), TABLET) == [("daily_dose", M, M)]
    ended = [{**row, "until": "2026-01-01"} for row in own]
    assert bounds(small(limits=general + ended), TABLET) == [("daily_dose", 9 * M, M)]
    grown = limits("- - 18y - daily_dose 1 g -")
    assert bounds(small(limits=general + grown), TABLET, patient=CHILD) == [("daily_dose", 9 * M, M)]


def test_a_dose_beyond_every_number_stays_above_its_bound(small):
    case = facts(small(limits=limits("- - - - daily_dose 2 mg -")), {**TABLET, "dose": 999_999_999, "dose_unit": "kg"})
    found = case["concern"][0]
    assert 2 * M < told(found, "observed") < 2**53
    assert 100 < told(found, "percent_of_bound") < 2**53


def test_a_bound_of_its_day(small):
    dated = limits("- - - - daily_dose 2 g -")
    dated[0]["until"] = "2026-11-01"
    dated += [{**limits("- - - - daily_dose 3 g -")[0], "from": "2026-11-01"}]
    known = small(limits=dated)
    assert bounds(known, TABLET) == [("daily_dose", 3 * M, M)]
    assert bounds(known, TABLET, issued_at="2026-10-31T23:59:00+08:00") == [("daily_dose", 2 * M, M)]
