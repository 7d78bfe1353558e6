"""Small values: what nothing invents and nothing changes."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from rx_review.domain.circumstances import NOTHING_KNOWN, Circumstances
from rx_review.domain.prescription import Patient, Prescription
from rx_review.domain.review import GOES_THROUGH, RANK, VERDICTS
from rx_review.domain.values import county_day


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), date(2026, 10, 31)),
        (datetime(2026, 10, 31, 16, 0, 0, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_a_day_is_a_day_of_the_county(instant, day):
    assert county_day(instant) == day


def test_absent_is_absent():
    patient = Patient.model_validate({})
    assert {value for _, value in patient} == {None, ()}
    assert {value for _, value in NOTHING_KNOWN} == {None}


def test_nothing_changes_after_it_was_read():
    patient = Patient.model_validate({"sex": "male"})
    with pytest.raises(ValidationError):
        patient.sex = "female"


def test_circumstances_are_as_strict_as_the_sheet():
    at = "2026-11-01T09:00:00+08:00"
    known = Circumstances.model_validate({"stock": {"as_of": at, "quantities": {"W001-01": "12.5"}}})
    assert str(known.stock.quantities["W001-01"]) == "12.5"
    for wrong in (
        {"stocks": {}},
        {"stock": {}},
        {"stock": {"as_of": "2026-11-01T09:00:00"}},
        {"stock": {"as_of": at, "quantities": {"a b": 1}}},
    ):
        with pytest.raises(ValidationError):
            Circumstances.model_validate(wrong)


def test_verdicts_run_from_the_mildest_to_the_gravest():
    assert sorted(RANK, key=RANK.__getitem__) == list(VERDICTS)
    assert {verdict for verdict in VERDICTS if RANK[verdict] < RANK["hold"]} == GOES_THROUGH


def test_every_field_of_the_schema_is_one_that_a_sheet_may_send():
    schema = Prescription.model_json_schema()
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"number", "setting", "institution", "issued_at", "patient", "lines"}
    assert "for" in schema["$defs"]["Reason"]["properties"]
