"""Whole reviews with the rules and the formulary that we ship: what must not matter does not."""

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.properties.sheets import AT, DRUGS, read, sheets
from tests.shipped import shipped_edition

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.review import as_json
from rx_review.engine.review import Reviewer, review

MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])

# What is unknown about a patient when nobody asked or measured.
CLINICAL = ("allergies", "egfr", "hepatic", "pregnancy", "lactation")


@pytest.fixture(scope="module")
def edition():
    return shipped_edition()


@pytest.fixture(scope="module")
def answer(edition):
    """The answer to a sheet, without ways to pass: they cost a hundred reviews."""
    return lambda sheet: review(read(sheet), NOTHING_KNOWN, edition, AT, ways=False)


def said(found):
    """What an answer says, whatever the order of lines: verdict, findings and what could not be judged."""
    findings = {(f.rule, f.severity, tuple(sorted(f.lines)), f.key) for f in found.findings}
    missing = {(n.fact, n.outcome, n.rules, n.lines) for n in found.not_judged}
    return found.verdict, findings, missing


def blocks(found):
    return {(f.rule, f.lines, f.key) for f in found.findings if f.severity == "block"}


def keys(found):
    return sorted((f.rule, f.lines, f.key) for f in found.findings)


def changed(sheet, **patient):
    kept = {name: value for name, value in (sheet["patient"] | patient).items() if value is not None}
    return sheet | {"patient": kept}


def test_the_forty_drugs_are_in_the_formulary_and_most_are_told_apart(edition):
    reviewer = Reviewer(edition)
    resolver = reviewer.facts.resolver(AT.toordinal())
    known = {name: resolver.drug(None, name, None, None, None, None) for name in DRUGS}
    assert [name for name, found in known.items() if found is None] == []


@MANY
@given(sheets())
def test_both_executors_say_the_same_of_every_sheet(answer, sheet):
    assert "engine" not in [entry.fact for entry in answer(sheet).not_judged]


@pytest.mark.parametrize("year", [2006, 2019])
@FEW
@given(sheets())
def test_a_sheet_older_than_our_parameters_is_judged_by_both_executors_alike(answer, year, sheet):
    sheet = changed(sheet, birth_date="1990-01-01") | {
        "issued_at": f"{year}-05-01T09:00:00+08:00",
        "signatures": [],
    }
    assert "engine" not in [entry.fact for entry in answer(sheet).not_judged]


@MANY
@given(sheets(), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(answer, sheet, choose):
    other = sheet | {"lines": choose.sample(sheet["lines"], len(sheet["lines"]))}
    assert said(answer(other)) == said(answer(sheet))


@MANY
@given(sheets(), st.integers(1, 900))
def test_numbering_the_lines_from_elsewhere_keeps_every_key(answer, sheet, start):
    moved = [line | {"line": line["line"] + start} for line in sheet["lines"]]
    reasons = [reason | {"lines": [number + start for number in reason["lines"]]} for reason in sheet["reasons"]]
    other = answer(sheet | {"lines": moved, "reasons": reasons})
    assert [(f.rule, f.key) for f in other.findings] == [(f.rule, f.key) for f in answer(sheet).findings]


@MANY
@given(sheets())
def test_the_same_diagnosis_written_twice_changes_nothing(answer, sheet):
    assume(sheet["diagnoses"])
    twice = sheet | {"diagnoses": [*sheet["diagnoses"], sheet["diagnoses"][0]]}
    assert as_json(answer(twice)) == as_json(answer(sheet))


@MANY
@given(sheets(), st.sampled_from(["CF-9", "X" * 64]), st.sampled_from([None, "P2"]))
def test_another_prescription_number_and_patient_id_keep_every_key(answer, sheet, number, patient):
    other = answer(changed(sheet, id=patient) | {"number": number})
    assert said(other) == said(answer(sheet))
    assert keys(other) == keys(answer(sheet))


@MANY
@given(sheets())
def test_a_known_allergy_to_a_drug_of_another_kind_adds_no_finding(answer, sheet):
    denied = changed(sheet, allergies={"status": "none"})
    unrelated = changed(sheet, allergies={"status": "known", "items": ["丙泊酚"]})
    assert said(answer(unrelated)) == said(answer(denied))


@MANY
@given(sheets(), st.sets(st.sampled_from(CLINICAL), min_size=1))
def test_what_becomes_known_of_the_patient_never_takes_a_block_away(answer, sheet, unknown):
    less = changed(sheet, **dict.fromkeys(unknown))
    assert blocks(answer(less)) <= blocks(answer(sheet))


@MANY
@given(sheets(), st.sampled_from(CLINICAL))
def test_what_becomes_unknown_never_adds_a_finding_about_a_drug(answer, sheet, unknown):
    def about_drugs(found):
        return {(f.rule, f.lines, f.key) for f in found.findings if f.subject in ("concern", "pair")}

    assert about_drugs(answer(changed(sheet, **{unknown: None}))) <= about_drugs(answer(sheet))


@MANY
@given(sheets())
def test_a_reason_signed_again_never_makes_the_verdict_complete_or_incomplete(answer, sheet):
    reason = {"for": "interaction", "text": "病情需要", "lines": [], "signed_again": True}
    assert answer(sheet | {"reasons": [reason]}).complete == answer(sheet | {"reasons": []}).complete


@FEW
@given(sheets(most=3))
def test_the_same_sheet_again_gives_the_same_bytes(edition, sheet):
    first, second = (
        json.dumps(as_json(review(read(sheet), NOTHING_KNOWN, edition, AT)), ensure_ascii=False) for _ in range(2)
    )
    assert first == second


@FEW
@given(st.lists(sheets(most=3), min_size=2, max_size=3))
def test_what_was_reviewed_before_does_not_matter(edition, batch):
    fresh, used = Reviewer(edition), Reviewer(edition)
    for sheet in batch:
        used.review(read(sheet), NOTHING_KNOWN, AT, both=False)
    last = read(batch[-1])
    assert as_json(used.review(last, NOTHING_KNOWN, AT, both=False)) == as_json(
        fresh.review(last, NOTHING_KNOWN, AT, both=False)
    )
