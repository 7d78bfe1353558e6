"""Look-ups: by the day, from inclusive, until exclusive; names however they are written; and the shipped tables."""

from datetime import date

import pytest
from tests.facts.small import CORE, formulary

from rx_review.library.indexing import build_formulary
from rx_review.library.lookup import fold
from rx_review.library.rows import Row
from rx_review.library.tables import read_tables


def day(written: str) -> int:
    return date.fromisoformat(written).toordinal()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＢＣ", "abc"),
        ("阿 莫 西 林", "阿莫西林"),
        ("　青霉素Ｇ", "青霉素g"),
        ("0.9％", "0.9%"),
        ("µg", "μg"),
        ("\tx\n", "x"),
    ],
)
def test_names_are_compared_folded(one, other):
    assert fold(one) == fold(other)
    assert fold(fold(one)) == fold(one)


@pytest.mark.parametrize(
    ("on", "value"),
    [
        ("2019-12-31", None),
        ("2020-01-01", 7),
        ("2025-12-31", 7),
        ("2026-01-01", 14),
        ("2027-06-30", 14),
        ("2027-07-01", None),
    ],
)
def test_a_row_holds_from_its_first_day_to_the_day_before_its_end(tmp_path, on, value):
    row = {"parameter": "p", "unit": "day", "zh": "天", "en": "days"}
    known = formulary(
        tmp_path,
        parameters=[
            {**row, "value": "7", "until": "2026-01-01"},
            {**row, "value": "14", "from": "2026-01-01", "until": "2027-07-01"},
        ],
    )
    assert known.parameter("p", day(on)) == value
    assert known.parameter("q", day(on)) is None


def test_both_names_of_a_unit_and_its_local_spelling(tmp_path):
    spellings = [
        {"kind": "unit", "spelling": "公克", "code": "g"},
        {"kind": "route", "spelling": "静滴", "code": "iv_drip"},
    ]
    known = formulary(tmp_path, spellings=spellings)
    assert [known.spelt("unit", word) for word in ("g", "Ｇ", "克", "公克", "斤")] == ["g", "g", "g", "g", None]
    assert [known.spelt("route", word) for word in ("iv_drip", "静脉滴注", "静 滴", "公克")] == ["iv_drip"] * 3 + [None]


def test_a_code_is_in_the_groups_whose_prefix_it_begins_with(tmp_path):
    groups = [
        {"group": group, "zh": "组", "en": "group", "prefix": prefix}
        for group, prefix in (("lung", "J4"), ("asthma", "J45"), ("asthma_allergic", "J45.0"))
    ]
    known = formulary(tmp_path, diagnosis_groups=groups)
    assert known.groups_of("J45.0x1") == ("lung", "asthma", "asthma_allergic")
    assert known.groups_of("J45") == ("lung", "asthma")
    assert known.groups_of("J") == known.groups_of("") == known.groups_of("XJ45") == ()


def test_a_membership_that_ended_carries_no_more_rows(tmp_path):
    classes = [{**row, "until": "2026-01-01"} if row["ingredient"] == "布洛芬" else row for row in CORE["classes"]]
    limit = {"target": "class:nsaid", "measure": "daily_dose", "maximum": "2", "unit": "g"}
    known = formulary(tmp_path, classes=classes, limits=[limit])
    assert len(known.limits.on("布洛芬", day("2025-12-31"))) == 1
    assert known.classes_of("布洛芬", day("2026-01-01")) == ()
    assert known.limits.on("布洛芬", day("2026-01-01")) == ()


@pytest.fixture(scope="module")
def shipped(checkout):
    return read_tables(checkout / "formulary")


def test_the_shipped_formulary_holds_together(shipped):
    known = build_formulary(shipped, {})
    assert len(shipped["drugs"]) > 1000
    assert known.parameter("outpatient_days", day("2026-11-01")) == 7
    assert known.spelt("route", "口服") == "po"
    assert known.written_names[fold("阿莫西林胶囊")][0] == "阿莫西林"


def test_every_shipped_drug_has_a_composition(shipped):
    composed = {row.generic for row in shipped["ingredients"]}
    assert sorted({row.generic for row in shipped["drugs"]} - composed) == []


def test_a_row_from_memory_does_not_claim_to_be_checked(shipped):
    rows = [row for table in shipped.values() for row in table if isinstance(row, Row)]
    assert [row for row in rows if row.checked and row.recalled] == []
    assert any(row.recalled for row in rows)


def test_pairs_have_one_spelling(shipped):
    turned = [
        (row.a, row.b) for table in ("interactions", "incompatibilities") for row in shipped[table] if row.a > row.b
    ]
    assert turned == []


def test_the_essential_list_changes_on_the_first_of_september(shipped):
    known = build_formulary(shipped, {})
    assert [known.editions.one("", day(d)).edition for d in ("2026-08-31", "2026-09-01")] == ["2018", "2026"]


def test_what_is_bounded_has_a_unit_that_can_be_compared(shipped):
    units = {row.unit: row for row in shipped["units"]}
    wrong = [
        row.target
        for row in shipped["limits"]
        if (
            row.unit != "day"
            if row.measure == "days"
            else units.get(row.unit) is None or units[row.unit].factor is None
        )
    ]
    assert wrong == []
