"""Records of the registers: periods by the day, what is kept and what is not, and what is refused."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rx_review.domain.circumstances import NOTHING_KNOWN, Circumstances
from rx_review.domain.reading import check_circumstances, read_circumstances
from rx_review.domain.registers import Period, Posting, Right, StaffRecord
from rx_review.errors import InputError

AT = "2026-11-01T09:30:00+08:00"
DAY = date(2026, 11, 1)


def period(start: date, until: date | None) -> Period:
    return Period(from_=start, until=until)


@pytest.mark.parametrize(
    ("start", "until", "held"),
    [
        (0, None, True),
        (1, None, False),
        (-1, None, True),
        (-9, 0, False),
        (-9, 1, True),
        (0, 1, True),
        (0, 0, False),
        (1, -1, False),
    ],
)
def test_a_period_has_its_first_day_and_not_its_last(start, until, held):
    end = None if until is None else DAY + timedelta(days=until)
    assert period(DAY + timedelta(days=start), end).holds(DAY) is held


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(0, 400), st.integers(0, 400))
def test_two_periods_that_meet_hold_one_after_the_other(start, first, second):
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    before, after = period(start, middle), period(middle, end)
    for day in {start - timedelta(days=1), start, middle - timedelta(days=1), middle, end - timedelta(days=1), end}:
        assert before.holds(day) + after.holds(day) == (start <= day < end)


def test_rights_and_postings_are_periods():
    assert Right.model_validate({"kind": "narcotic", "from": "2026-11-01"}).holds(DAY)
    posting = Posting.model_validate({"institution": "T1", "from": "2026-01-01", "until": "2026-11-01"})
    assert not posting.holds(DAY)
    assert posting.holds(DAY - timedelta(days=1))


STAFF = {"as_of": AT, "licence": "physician"}


def test_what_a_register_does_not_keep_is_none_and_not_empty():
    record = StaffRecord.model_validate(STAFF)
    assert (record.title, record.status, record.trainee, record.registered_at, record.rights, record.tcm) == (None,) * 6
    assert record.specimen_on_file is None
    assert StaffRecord.model_validate({**STAFF, "rights": []}).rights == ()
    assert StaffRecord.model_validate({**STAFF, "registered_at": []}).registered_at == ()


@pytest.mark.parametrize(
    ("part", "tree", "place"),
    [
        ("prescriber", {"as_of": AT}, "/prescriber/licence"),
        ("prescriber", {"licence": "physician"}, "/prescriber/as_of"),
        ("prescriber", {**STAFF, "title": "professor"}, "/prescriber/title"),
        ("prescriber", {**STAFF, "status": "suspended"}, "/prescriber/status"),
        (
            "prescriber",
            {**STAFF, "rights": [{"kind": "everything", "from": "2026-01-01"}]},
            "/prescriber/rights/0/kind",
        ),
        ("prescriber", {**STAFF, "rights": [{"kind": "narcotic"}]}, "/prescriber/rights/0/from"),
        ("prescriber", {**STAFF, "rights": [{"kind": "toxic", "from": "2026-02-30"}]}, "/prescriber/rights/0/from"),
        ("prescriber", {**STAFF, "tcm": "yes"}, "/prescriber/tcm"),
        ("prescriber", {**STAFF, "tcm": 1}, "/prescriber/tcm"),
        ("prescriber", {**STAFF, "as_of": "2026-11-01T09:30:00"}, "/prescriber/as_of"),
        ("prescriber", {**STAFF, "salary": 1}, "/prescriber/salary"),
        ("pharmacists", {"as_of": AT, "people": [{"title": "pharmacist"}]}, "/pharmacists/people/0/person"),
        ("pharmacists", {"as_of": AT, "people": [{"person": "P1", "years": -1}]}, "/pharmacists/people/0/years"),
        ("pharmacists", {"as_of": AT, "people": [{"person": "P1", "years": 71}]}, "/pharmacists/people/0/years"),
        ("pharmacists", {"as_of": AT, "people": [{"person": "P1", "years": "3"}]}, "/pharmacists/people/0/years"),
        ("patient", {"as_of": AT, "pain": {"last_visit": "yesterday"}}, "/patient/pain/last_visit"),
        ("patient", {"as_of": AT, "pain": {"last_visit": "1879-12-31"}}, "/patient/pain/last_visit"),
        (
            "patient",
            {"as_of": AT, "long_term": {"last_issued": "2026-11-01T00:00:00"}},
            "/patient/long_term/last_issued",
        ),
        ("flow", {"as_of": AT, "state": "lost"}, "/flow/state"),
        ("flow", {"as_of": AT, "state": "none", "repeats": {"most": -1, "used": 0}}, "/flow/repeats/most"),
        ("flow", {"as_of": AT, "state": "none", "repeats": {"most": 1}}, "/flow/repeats/used"),
        ("stock", {"as_of": AT, "quantities": {"D01": -1}}, "/stock/quantities/D01"),
        ("stock", {"as_of": AT, "quantities": {"药": 1}}, "/stock/quantities/药"),
        ("stock", {"as_of": AT}, "/stock/quantities"),
        ("history", {"as_of": AT}, "/history/since"),
        (
            "history",
            {"as_of": AT, "since": "2026-08-01", "supplies": [{"on": "2026-10-01"}]},
            "/history/supplies/0/line",
        ),
    ],
)
def test_what_is_no_record_is_refused_where_it_stands(part, tree, place):
    with pytest.raises(InputError) as refused:
        check_circumstances({part: tree})
    assert any(fault.where.startswith(place) for fault in refused.value.faults)


FULL = {
    "visit": {"as_of": AT, "sheets": [{"number": "B1", "lines": [{"line": 1, "generic": "甘草"}]}]},
    "stock": {"as_of": AT, "quantities": {"D01": "0.5"}, "elsewhere": {"D01": ["县医院"]}, "short": ["D02"]},
    "history": {
        "as_of": AT, "since": "2026-08-01",
        "supplies": [{"on": "2026-10-01", "number": "B1", "institution": "T1", "line": {"line": 1, "generic": "甘草"}}],
    },
    "prescriber": {
        **STAFF, "title": "chief", "status": "active", "trainee": "none", "registered_at": ["C1"],
        "postings": [{"institution": "T1", "from": "2026-01-01", "until": "2027-01-01"}],
        "rights": [{"kind": "narcotic", "from": "2026-01-01"}], "specimen_on_file": True, "tcm": False,
    },
    "pharmacists": {
        "as_of": AT,
        "people": [
            {"person": "P1", "title": "junior", "years": 0, "review_trained": False, "narcotic_dispensing": True}
        ],
    },
    "patient": {
        "as_of": AT, "pain_programme": True, "pain": {"consent": True, "file": False, "last_visit": "2026-10-01"},
        "long_term": {"last_issued": "2026-10-01", "last_admission": "2026-10-02"},
    },
    "flow": {
        "as_of": AT, "state": "supplied", "approved_content": "ab", "locked_by": "T1", "supplied": [1],
        "repeats": {"most": 3, "used": 1, "interval_days": 30, "last_on": "2026-10-01"},
    },
    "gaps": {"as_of": AT, "drugs": ["某"], "diagnoses": []},
}  # fmt: skip


def test_circumstances_are_written_as_they_were_read():
    # They are stored with the decision, and replayed from there.
    read = check_circumstances(FULL)
    written = json.dumps(read.model_dump(mode="json", by_alias=True, exclude_none=True), ensure_ascii=False)
    assert read_circumstances(written) == read
    assert set(FULL) == set(Circumstances.model_fields)


@pytest.mark.parametrize("part", FULL)
def test_a_part_that_is_not_there_was_not_looked_up(part):
    assert getattr(NOTHING_KNOWN, part) is None
    assert getattr(check_circumstances({part: None}), part) is None
    assert getattr(check_circumstances({part: FULL[part]}), part) is not None


def test_records_do_not_change():
    record = check_circumstances(FULL).prescriber
    assert record is not None
    with pytest.raises(ValueError, match="frozen"):
        record.title = "none"  # type: ignore[misc]
