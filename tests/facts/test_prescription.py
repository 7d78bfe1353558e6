"""Facts of the sheet: heading, signatures, validity by the calendar, what stands together on it."""

import json
from datetime import datetime

import pytest
from tests.facts.small import facts, sheet, told

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import read_prescription

TABLET = {"generic": "二甲双胍", "form": "片"}
SUSTAINED = {"generic": "二甲双胍", "form": "缓释片"}
SALINE = {"generic": "氯化钠"}
HERB = {"generic": "甘草", "kind": "herb"}
SACHET = {"generic": "感冒清热颗粒"}


def whole(builder, *lines: dict, **fields: object):
    return facts(builder, *(lines or (TABLET,)), **fields)["prescription"][0]


@pytest.mark.parametrize(
    ("valid", "at", "late"),
    [
        (None, "2026-11-01T23:59:59+08:00", 0),
        (None, "2026-11-02T00:00:00+08:00", 1),
        (1, "2026-11-02T00:00:00+08:00", 1),
        (3, "2026-11-03T23:59:59+08:00", 0),
        (3, "2026-11-04T00:00:00+08:00", 1),
        (3, "2026-11-03T16:00:00+00:00", 1),
        (3, "2026-11-03T15:59:59+00:00", 0),
        (None, "2026-10-31T09:00:00+08:00", 0),
    ],
)
def test_a_sheet_expires_with_the_county_s_midnight(builder, valid, at, late):
    read = read_prescription(json.dumps(sheet(TABLET, valid_days=valid, issued_at="2026-11-01T23:30:00+08:00")))
    case = builder.build(read, NOTHING_KNOWN, datetime.fromisoformat(at)).cases["prescription"][0]
    assert told(case, "days_past_validity") == late
    assert told(case, "valid_days") == (valid or 0)


@pytest.mark.parametrize(
    ("lines", "drugs", "herbs"),
    [
        ((TABLET,), 1, 0),
        ((TABLET, TABLET), 1, 0),
        ((TABLET, SUSTAINED), 2, 0),
        ((TABLET, {**TABLET, "form": "薄膜衣片"}), 1, 0),
        ((TABLET, SALINE), 1, 0),
        ((TABLET, SACHET), 2, 0),
        ((HERB, {"generic": "薄荷", "kind": "granule"}), 0, 2),
        ((TABLET, {"generic": "某药"}, {"generic": "另一种药"}), 3, 0),
    ],
)
def test_drugs_are_counted_by_kind_and_solvents_are_not(builder, lines, drugs, herbs):
    case = whole(builder, *lines)
    assert (told(case, "drug_count"), told(case, "herb_count")) == (drugs, herbs)


@pytest.mark.parametrize(
    ("lines", "mixed"), [((HERB, TABLET), 1), ((HERB, SALINE), 0), ((HERB,), 0), ((TABLET, SACHET), 0)]
)
def test_herbs_with_other_drugs(builder, lines, mixed):
    assert told(whole(builder, *lines), "herbs_with_other_drugs") == mixed


def signed(*entries: tuple[str, int]) -> list[dict]:
    return [{"role": role, "person": "P1", "at": "2026-11-01T09:31:00+08:00", "revision": r} for role, r in entries]


@pytest.mark.parametrize(
    ("revision", "signatures", "by_prescriber", "altered", "countersigned", "dispensing"),
    [
        (1, [], 0, 0, 0, 0),
        (1, [("prescriber", 1)], 1, 0, 0, 0),
        (2, [("prescriber", 1)], 1, 1, 0, 0),
        (2, [("prescriber", 1), ("prescriber", 2)], 1, 0, 0, 0),
        (2, [("prescriber", 2), ("countersign", 1)], 1, 0, 0, 0),
        (2, [("prescriber", 2), ("countersign", 2)], 1, 0, 1, 0),
        (1, [("prescriber", 1), ("reviewer", 1), ("dispenser", 1), ("checker", 1), ("issuer", 1)], 1, 0, 0, 4),
    ],
)
def test_signatures_are_for_the_revision_they_were_put_under(
    builder, revision, signatures, by_prescriber, altered, countersigned, dispensing
):
    case = whole(builder, revision=revision, signatures=signed(*signatures))
    names = ("prescriber_signed", "altered_after_signing", "countersigned", "dispensing_signatures")
    assert tuple(told(case, n) for n in names) == (by_prescriber, altered, countersigned, dispensing)


def test_a_heading_lists_what_is_missing(builder):
    bare = whole(builder, patient={"sex": "unknown"})
    assert told(bare, "header_missing") == 6
    assert bare.text("header_missing_names")["zh"] == "姓名、性别、年龄、门诊/住院病历号、科别、费别"
    patient = {"name": "张三", "sex": "male", "age_written": "45岁"}
    filled = whole(builder, patient=patient, record_number="M1", department="内科", payer="自费")
    assert told(filled, "header_missing") == 0
    assert filled.text("header_missing_names") == {"zh": "", "en": ""}


@pytest.mark.parametrize(
    ("diagnoses", "written", "vague", "syndrome"),
    [
        ([], 0, 0, 0),
        ([{"text": "取药"}], 1, 1, 0),
        ([{"text": " 取 药"}], 1, 1, 0),
        ([{"text": "取药"}, {"text": "哮喘"}], 1, 0, 0),
        ([{"text": "取药，哮喘"}], 1, 0, 0),
        ([{"text": "感冒", "kind": "tcm_disease"}, {"text": "风寒", "kind": "tcm_syndrome"}], 1, 0, 1),
    ],
)
def test_diagnoses_as_they_are_written(builder, diagnoses, written, vague, syndrome):
    case = whole(builder, diagnoses=diagnoses)
    assert [told(case, f"{n}") for n in ("diagnosis_written", "diagnosis_vague", "syndrome_written")] == [
        written, vague, syndrome,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("patient", "years", "fine"),
    [
        ({"birth_date": "2024-11-01"}, 2, 1),
        ({"age_written": "2岁"}, 2, 0),
        ({"age_written": "2岁3月"}, 2, 1),
        ({"age_written": "8月"}, 0, 1),
        ({}, "?birth_date", 0),
        ({"birth_date": "2024-11-01", "age_written": "2岁"}, 2, 1),
        # Two ages that contradict each other: which is right is unknown.
        ({"birth_date": "2024-11-01", "age_written": "70岁"}, "?birth_date", 0),
    ],
)
def test_an_infant_s_age_is_written_in_months(builder, patient, years, fine):
    case = whole(builder, patient=patient)
    assert (told(case, "age_years"), told(case, "age_in_months_or_days")) == (years, fine)


@pytest.mark.parametrize(
    ("licence", "independent", "expected"),
    [
        ("physician", None, 0),
        ("rural_doctor", True, 0),
        ("assistant", True, 1),
        ("assistant", False, 0),
        ("assistant", None, "?prescriber"),
        (None, None, "?prescriber"),
    ],
)
def test_only_an_assistant_can_be_an_independent_one(builder, licence, independent, expected):
    case = whole(builder, prescriber={"licence": licence, "independent": independent}, institution="T1")
    assert told(case, "independent") == expected
    assert told(case, "licence") == (licence or "?prescriber")


@pytest.mark.parametrize(("institution", "tier"), [("V1", "village"), ("C1", "county"), ("X9", "?institution")])
def test_the_tier_of_the_institution(builder, institution, tier):
    assert told(whole(builder, institution=institution), "tier") == tier


def test_in_a_county_hospital_no_assistant_is_independent_unless_the_sheet_says_so(builder):
    for claimed, expected in ((None, 0), (True, 1)):
        case = whole(builder, prescriber={"licence": "assistant", "independent": claimed}, institution="C1")
        assert told(case, "independent") == expected


@pytest.mark.parametrize(
    ("prescriber", "patient", "same"),
    [("A1", "A1", 1), ("A1", "B2", 0), (None, "B2", "?identity"), ("A1", None, "?identity")],
)
def test_who_prescribes_for_oneself(builder, prescriber, patient, same):
    case = whole(
        builder, prescriber={"id": "X", "identity_number": prescriber}, patient={"id": "X", "identity_number": patient}
    )
    assert told(case, "prescriber_is_patient") == same
