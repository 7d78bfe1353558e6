"""The sheets of a day, drawn by a seed."""

from datetime import date

import pytest
from tests.shipped import shipped_edition, shipped_regimens

from rx_review.county.generate import County
from rx_review.demo.people import staff
from rx_review.demo.sheets import Sheets

DAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def county():
    edition = shipped_edition()
    return County(edition.formulary, shipped_regimens())


@pytest.fixture(scope="module")
def drawn(county):
    return list(Sheets(county, 3, DAY, 150))


def test_the_same_seed_draws_the_same_sheets(county, drawn):
    assert list(Sheets(county, 3, DAY, 150)) == drawn


def test_another_seed_draws_others(county, drawn):
    others = list(Sheets(county, 4, DAY, 150))
    assert (
        sum(one.prescription.lines == other.prescription.lines for one, other in zip(drawn, others, strict=True)) < 75
    )


def test_whoever_prescribes_is_in_the_staff_register_of_the_member(county, drawn):
    members = [member for here in county.members.values() for member in here]
    register = staff(members, "SAMPLE-C01")
    for one in drawn:
        entry = register[one.sound.prescriber.id]
        assert entry.institution == one.sound.institution
        assert entry.prescriber.licence == one.sound.prescriber.licence


def test_a_second_sheet_names_the_same_person_elsewhere_on_the_same_day(drawn):
    known: dict[str, list] = {}
    for one in drawn:
        if one.sound.patient.identity_number is not None:
            known.setdefault(one.sound.patient.identity_number, []).append(one.sound)
    pairs = [sheets for sheets in known.values() if len(sheets) > 1]
    assert pairs
    for first, second in (sheets[:2] for sheets in pairs):
        assert first.institution != second.institution
        assert first.issued_at < second.issued_at
        assert first.issued_at.date() == second.issued_at.date() == DAY


def test_earlier_sheets_are_of_the_same_patient_and_before_the_day(drawn):
    earlier = [(one, each.prescription) for one in drawn for each in one.earlier]
    assert earlier
    for one, before in earlier:
        assert before.patient.id == one.sound.patient.id
        assert before.institution == one.sound.institution
        assert before.issued_at.date() < DAY
        assert before.number != one.sound.number


def test_a_share_of_the_sheets_has_a_fault_planted_and_keeps_its_number(drawn):
    faulty = [one for one in drawn if one.prescription != one.sound]
    assert 0 < len(faulty) < 30
    assert all(one.prescription.number == one.sound.number for one in faulty)
