"""How strong a potassium salt is in its infusion, however its amount and the solvent are written."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.facts.small import CORE, formulary, rows, sheet, told

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import check_prescription
from rx_review.facts.build import FactBuilder

TABLES = {
    "drugs": [
        *CORE["drugs"],
        *rows(
            "drug generic kind form strength amount amount_unit volume dose_unit pack route",
            """
            E01 氯化钾 western injection 10ml:1g 1 g 10 支 5 injection
            E02 氯化钾 western tablet 0.5g 0.5 g - 片 100 oral
            E03 谷氨酸钾 western injection - - - - 支 - injection
            """,
        ),
    ],
    "ingredients": [
        *CORE["ingredients"], *rows("generic ingredient hidden", "氯化钾 氯化钾 false\n谷氨酸钾 谷氨酸钾 false"),
    ],
    "marks": rows("target form mark", "氯化钾 injection potassium_injection\n谷氨酸钾 - potassium_injection"),
}  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("potassium"), **TABLES))


def of(generic: str, dose: object, unit: str | None, form: str = "注射液", group: int | None = 1) -> dict:
    return {
        "generic": generic, "form": form, "dose": dose, "dose_unit": unit, "route": "iv_drip", "frequency": "qd",
        "group": group,
    }  # fmt: skip


def saline(dose: object = 100, unit: str | None = "ml", group: int | None = 1) -> dict:
    return of("氯化钠", dose, unit, group=group)


def glucose(dose: object = 250, unit: str | None = "ml", group: int | None = 1) -> dict:
    return of("葡萄糖", dose, unit, group=group)


def percents(builder: FactBuilder, *lines: dict) -> list[int | str]:
    read = check_prescription(sheet(*lines))
    return [
        told(case, "potassium_percent") for case in builder.build(read, NOTHING_KNOWN, read.issued_at).cases["line"]
    ]


@pytest.mark.parametrize(
    ("lines", "percent"),
    [
        ((of("氯化钾", 10, "ml"), glucose(490)), 20),
        ((of("氯化钾", 10, "ml"), glucose(240)), 40),
        ((of("氯化钾", 1, "支"), glucose(240)), 40),
        ((of("氯化钾", 10, "ml"), glucose(250)), 39),
        ((of("氯化钾", 15, "ml"), glucose(485)), 30),
        ((of("氯化钾", 15, "ml"), glucose("484.9")), 31),
        ((of("氯化钾", 10, "ml"), saline(100), glucose(250)), 28),
        ((of("氯化钾", 10, "ml"), saline(1, "瓶")), 91),
        ((of("氯化钾", 10, "ml"), saline(2, "瓶")), 48),
        ((of("氯化钾", 10, "ml"), glucose(480), of("氨溴索", 10, "ml")), 20),
        ((of("氯化钾", 10, "ml"), glucose(0)), 1000),
    ],
)
def test_grams_in_a_hundred_millilitres(county, lines, percent):
    assert percents(county, *lines)[0] == percent


def test_it_does_not_matter_where_the_solvent_stands(county):
    assert percents(county, glucose(240), of("氯化钾", 10, "ml")) == [0, 40]


@pytest.mark.parametrize(("grams", "millilitres", "ampoules"), [(1, 10, 1), (2, 20, 2), ("1.5", 15, "1.5")])
def test_the_same_infusion_is_as_strong_in_grams_as_in_millilitres(county, grams, millilitres, ampoules):
    in_grams = percents(county, of("氯化钾", grams, "g"), glucose(250))[0]
    in_milligrams = percents(county, of("氯化钾", str(Decimal(grams) * 1000), "mg"), glucose(250))[0]
    in_millilitres = percents(county, of("氯化钾", millilitres, "ml"), glucose(250))[0]
    counted = percents(county, of("氯化钾", ampoules, "支"), glucose(250))[0]
    assert in_grams == in_milligrams
    assert in_millilitres == counted
    assert in_grams == in_millilitres


@pytest.mark.parametrize(
    "lines",
    [
        (of("氯化钾", 10, "ml"),),
        (of("氯化钾", 10, "ml"), glucose(None, None)),
        (of("氯化钾", 10, "ml"), glucose(1, "盒")),
        (of("氯化钾", 10, "ml"), glucose(250), saline(None, None)),
        (of("氯化钾", 10, "ml"), glucose(250, group=2)),
        (of("氯化钾", 10, "ml", group=None), glucose(250, group=None)),
        (of("氯化钾", 10, "ml"), of("氨溴索", 10, "ml")),
        (of("氯化钾", 10, "ml"), glucose(250), of("某药", 1, "支")),
        (of("氯化钾", 10, "ml", group=None), glucose(250)),
    ],
)
def test_without_its_solvent_it_is_unknown(county, lines):
    assert percents(county, *lines)[0] == "?solvent"


@pytest.mark.parametrize(
    ("salt", "cause"),
    [
        (of("氯化钾", None, None), "?dose"),
        (of("氯化钾", 10, None), "?dose"),
        (of("氯化钾", 1, "盒"), "?dose"),
        (of("谷氨酸钾", 20, "ml"), "?strength"),
    ],
)
def test_where_the_salt_s_own_amount_is_missing_that_is_the_cause(county, salt, cause):
    assert percents(county, salt, glucose(250))[0] == cause


def test_other_drugs_have_none(county):
    tablet = {"generic": "氯化钾", "form": "片", "strength": "0.5g", "dose": 2, "dose_unit": "片", "route": "po"}
    assert percents(county, tablet, saline(), of("氨溴索", 2, "ml"), {"generic": "某药"}) == [0, 0, 0, 0]


def test_two_ampoules_on_two_lines_are_two_ampoules(county):
    one = of("氯化钾", 10, "ml")
    together = percents(county, of("氯化钾", 20, "ml"), glucose(480))[0]
    assert together == 40
    assert percents(county, one, one, glucose(480)) == [40, 40, 0]


def test_infusions_do_not_dilute_each_other(county):
    lines = (of("氯化钾", 10, "ml"), glucose(240), of("氯化钾", 10, "ml", group=2), glucose(490, group=2))
    assert percents(county, *lines) == [40, 0, 20, 0]


@given(st.integers(1, 200), st.integers(1, 3000), st.integers(0, 500))
def test_the_percentage_is_never_rounded_down(county, salt, vehicle, other):
    lines = [of("氯化钾", salt, "ml"), glucose(vehicle)] + ([of("氨溴索", other, "ml")] if other else [])
    grams = Fraction(salt, 10)
    assert percents(county, *lines)[0] == ceil(100 * (100 * grams / (salt + vehicle + other)))
