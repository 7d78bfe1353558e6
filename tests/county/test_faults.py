"""Every kind of fault can be planted, leaves a prescription that can be read, and says truly what it planted."""

from copy import deepcopy
from datetime import date, datetime
from pathlib import Path
from random import Random

import pytest
from tests.shipped import shipped_faults, shipped_regimens

from rx_review import config
from rx_review.county import generate, generate_county
from rx_review.county.faults import NO_CODE, plant
from rx_review.county.gaps import leave_gaps
from rx_review.county.writing import write_prescription
from rx_review.library.indexing import build_formulary
from rx_review.library.tables import read_tables

DAY = date(2026, 11, 2)
FAULTS = {fault.fault: fault for fault in shipped_faults()}


@pytest.fixture(scope="module")
def tables(checkout: Path):
    return read_tables(checkout / "formulary")


@pytest.fixture(scope="module")
def formulary(tables):
    return build_formulary(tables, {})


@pytest.fixture(scope="module")
def codes(tables):
    return {row.code for row in tables["comment_codes"]}


@pytest.fixture(scope="module")
def sheets(formulary):
    """A prescription of each regimen in each tier that uses it, with the gaps of that tier: tier and trees."""
    county, found = generate.County(formulary, ()), []
    for order, regimen in enumerate(shipped_regimens()):
        for tier in regimen.tiers:
            random = Random(f"{regimen.regimen}:{tier}")
            written = write_prescription(regimen, county.members[tier][0], DAY, f"20261102-{order:05d}", random)
            born = date.fromisoformat(written.sheet["patient"]["birth_date"])
            leave_gaps(written, tier, (DAY - born).days, formulary.fills, random)
            found.append((tier, written))
    Random(1).shuffle(found)
    return found


def planted_first(fault, sheets, skip=0):
    """The first trees on which the fault can be planted: before, after, its lines and its instant."""
    for tier, written in sheets:
        after = deepcopy(written)
        done = fault.plant(after, tier, Random(fault.fault))
        if done is None:
            assert after == written, "what does not fit must change nothing"
        elif skip:
            skip -= 1
        else:
            return written, after, *done
    raise AssertionError("fits nowhere")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gives_a_prescription_that_can_be_read_and_names_its_lines(name, sheets):
    before, after, lines, at = planted_first(FAULTS[name], sheets)
    sent = generate._sent(after)
    assert after != before
    written = {line.line for line in sent.prescription.lines}
    assert set(lines) <= written
    old = {line["line"]: line for line in before.sheet["lines"]}
    changed = {line["line"] for line in after.sheet["lines"] if old.get(line["line"]) != line}
    assert changed <= set(lines)
    assert at is None or at > datetime.fromisoformat(after.sheet["issued_at"])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_labelled_with_codes_that_exist(name, codes):
    assert FAULTS[name].codes
    assert FAULTS[name].codes <= codes | {NO_CODE}


def test_every_code_that_a_prescription_can_show_has_kinds(codes):
    few = {code for code in codes if sum(code in fault.codes for fault in FAULTS.values()) < 3}
    assert few == set()


def test_there_are_many_kinds_each_with_its_own_name():
    assert len(FAULTS) == len(shipped_faults()) >= 160


def test_the_same_seed_plants_the_same(formulary):
    def labels(seed):
        made = generate_county(
            formulary, shipped_regimens(), seed=seed, first=DAY, days=1, per_day=60, gaps=True, faults=True,
            cache=config.cache_dir(),
        )  # fmt: skip
        return [(one.planted, one.faulty) for one in made]

    assert labels(3) == labels(3)
    assert labels(3) != labels(4)


def test_chance_chooses_among_the_kinds(sheets):
    tier, written = next((tier, one) for tier, one in sheets if one.sheet["sheet"] == "ordinary")
    names = {plant(deepcopy(written), tier, Random(seed), config.cache_dir()).fault for seed in range(60)}
    assert len(names) > 40
    assert names <= set(FAULTS)


def test_an_adults_fault_on_a_childs_sheet_makes_a_sheet_of_an_adult(sheets):
    children = [(tier, one) for tier, one in sheets if one.sheet["sheet"] == "paediatric"]
    before, after, lines, _ = planted_first(FAULTS["propranolol-in-asthma"], children)
    assert len(before.sheet["lines"]) > 0
    assert [line["line"] for line in after.sheet["lines"]] == list(lines)
    assert after.sheet["sheet"] == "ordinary"
    assert date.fromisoformat(after.sheet["patient"]["birth_date"]).year < 2008


def test_an_adults_fault_leaves_the_lines_of_an_adult(sheets):
    adults = [
        (tier, one) for tier, one in sheets
        if one.sheet["patient"]["birth_date"] < "1990" and one.sheet["setting"] == "outpatient"
        and not one.sheet["long_term"] and one.sheet["sheet"] == "ordinary"
    ]  # fmt: skip
    before, after, lines, _ = planted_first(FAULTS["propranolol-in-asthma"], adults)
    assert after.sheet["lines"][: -len(lines)] == before.sheet["lines"]


def test_a_controlled_sheet_is_otherwise_in_order(sheets):
    _, after, lines, _ = planted_first(FAULTS["programme-sustained-opioid-for-a-month"], sheets)
    sheet, known = after
    assert sheet["sheet"] == "narcotic"
    assert [line["line"] for line in sheet["lines"]] == list(lines)
    assert len(sheet["patient"]["identity_number"]) == 18
    assert known["patient"]["pain_programme"] is True
    assert sheet["prescriber"]["licence"] == known["prescriber"]["licence"] == "physician"


def test_what_one_prescribes_for_oneself_is_told_by_the_identity_number(sheets):
    _, after, _, _ = planted_first(FAULTS["narcotic-for-oneself"], sheets)
    assert after.sheet["prescriber"]["identity_number"] == after.sheet["patient"]["identity_number"]


def test_another_sheet_of_the_visit_is_known(sheets):
    _, after, lines, _ = planted_first(FAULTS["opioid-split-over-two-sheets"], sheets)
    (other,) = after.circumstances["visit"]["sheets"]
    assert other["number"] != after.sheet["number"]
    assert other["lines"][0]["generic"] == after.sheet["lines"][lines[0] - 1]["generic"]
