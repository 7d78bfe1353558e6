"""What a site's system cannot send is unknown, never "not written"; and nothing that was sent is lost by it."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts.small import facts, formulary, rows, told
from tests.shipped import shipped_edition

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_prescription, decode, read_prescription
from rx_review.domain.review import RANK
from rx_review.engine.review import Reviewer
from rx_review.facts.build import FactBuilder
from rx_review.facts.place import CARRIED_BY, LINE_NOT_CARRIED, NOT_CARRIED
from rx_review.library.site import CARRIED, Site

HEADING = ("patient_name", "record_number", "department", "payer")
MEMBERS = rows("institution name tier", "C1 县医院 county\nT1 镇卫生院 township\nV1 村卫生室 village")
SIGNED = [{"role": "prescriber", "person": "D1", "at": "2026-11-01T09:30:00+08:00", "revision": 1}]
SENT = {
    "signatures": SIGNED,
    "reasons": [{"for": "quantity", "text": "路远"}],
    "decoction": {"packets": 7, "frequency": "qd"},
    "record_number": "M1",
    "department": "内科",
    "payer": "自费",
}
OF_PATIENT = {
    "name": "王某", "sex": "female", "birth_date": "1980-01-01", "weight": 50, "identity_number": "999999198001010023",
    "allergies": {"status": "none"},
}  # fmt: skip
LINE = {
    "generic": "附片", "kind": "herb", "dose": 6, "dose_unit": "g", "route": "po", "frequency": "qd", "days": 7,
    "quantity": 42, "quantity_unit": "g", "skin_test": "negative", "footnote": "先煎",
}  # fmt: skip


@pytest.fixture(scope="module")
def at_site(tmp_path_factory):
    """Facts of a sheet written where the system lacks these fields."""
    made = formulary(tmp_path_factory.mktemp("small"), institutions=MEMBERS)

    def call(*lacks: str, patient=None, line=None, **fields):
        row = made.institutions["C1"].model_copy(update={"site": "one"})
        site = Site.model_construct(lacks=frozenset(lacks))
        there = replace(made, sites={"one": site}, institutions={**made.institutions, "C1": row})
        return facts(FactBuilder(there), LINE if line is None else line, patient=patient or OF_PATIENT, **fields)

    return call


WITHOUT = {
    "skin_test": {"line": "skin_test"},
    "footnote": {"line": "footnote"},
    "quantity": {"line": "quantity"},
    "days": {"line": "days"},
    "route": {"line": "route"},
    "frequency": {"line": "frequency"},
    "reasons": {"sheet": "reasons"},
    "signatures": {"sheet": "signatures"},
    "decoction": {"sheet": "decoction"},
    "identity_number": {"patient": "identity_number"},
    "weight": {"patient": "weight"},
    "allergies": {"patient": "allergies"},
}
ELSEWHERE = {"guardian", "consultation", "long_term_record", "consents"}
"""Those whose facts test_formalities asks about."""


def without(field: str) -> dict:
    """A sheet that says everything but one field."""
    where = WITHOUT[field]
    drop = lambda tree, key: {name: value for name, value in tree.items() if name != key}  # noqa: E731
    return {
        "line": drop(LINE, where.get("line")),
        "patient": drop(OF_PATIENT, where.get("patient")),
        **drop(SENT, where.get("sheet")),
    }


def of_field(field: str) -> list[str]:
    return [fact for fact, by in CARRIED_BY.items() if by == field]


def look(cases, fact):
    """A fact of the line, or else of the sheet."""
    return told(cases["line"][0], fact)


@pytest.mark.parametrize("field", [field for field in WITHOUT if field != "skin_test"])
def test_what_a_system_cannot_send_is_unknown_and_not_unwritten(at_site, field):
    assert of_field(field)
    cause = LINE_NOT_CARRIED if "line" in WITHOUT[field] or field == "reasons" else NOT_CARRIED
    for fact in of_field(field):
        assert look(at_site(field, **without(field)), fact) == f"?{cause}"
        assert not str(look(at_site(**without(field)), fact)).startswith("?")


@pytest.mark.parametrize("field", WITHOUT)
def test_what_is_sent_all_the_same_is_used(at_site, field):
    full = {"line": LINE, "patient": OF_PATIENT, **SENT}
    lacking, plain = at_site(*CARRIED, **full), at_site(**full)
    for fact in of_field(field):
        assert look(lacking, fact) == look(plain, fact)
    assert [case.own for case in lacking["concern"]] == [case.own for case in plain["concern"]]


@pytest.mark.parametrize("field", WITHOUT)
def test_a_field_that_is_lacking_hides_no_other_that_is_not_written(at_site, field):
    others = [name for name in WITHOUT if name != field]
    for other in others:
        found = at_site(field, **without(other))
        for fact in of_field(other):
            assert look(found, fact) == look(at_site(**without(other)), fact)


def test_a_quantity_of_nothing_was_sent(at_site):
    for lacks in ((), ("quantity",)):
        assert look(at_site(*lacks, line=LINE | {"quantity": 0}), "quantity_written") == 0


def test_a_reason_for_one_line_says_that_the_system_can_send_reasons(at_site):
    reason = [{"for": "quantity", "text": "路远", "lines": [1]}]
    assert look(at_site("reasons", reasons=reason), "extended_reason") == 1
    assert look(at_site("reasons", reasons=reason), "choice_reason") == 0


@pytest.mark.parametrize("field", HEADING)
def test_a_heading_that_a_system_cannot_send_is_unknown_only_if_nothing_else_is_missing(at_site, field):
    names = {"patient_name": "name"}
    patient = {key: value for key, value in OF_PATIENT.items() if key != names.get(field)}
    full = {key: value for key, value in SENT.items() if key != field}
    assert look(at_site(field, patient=patient, **full), "header_missing") == f"?{NOT_CARRIED}"
    assert look(at_site(patient=patient, **full), "header_missing") == 1
    for other in HEADING:
        if other != field and other != "patient_name":
            less = {key: value for key, value in full.items() if key != other}
            found = at_site(field, patient=patient, **less)
            assert look(found, "header_missing") == 1
            assert len(found["prescription"][0].text("header_missing_names")["zh"].split("、")) == 1


def test_every_field_that_a_profile_may_lack_is_named_here_or_was_unknown_anyway():
    unknown_anyway = {"visit", "renal", "hepatic", "pregnancy", "lactation", "agent"}
    assert set(WITHOUT) | set(HEADING) | ELSEWHERE | unknown_anyway == CARRIED


# Whole reviews of the corpus, with the rules as they are shipped.

CORPUS = Path(__file__).resolve().parents[1] / "corpus"


@lru_cache(maxsize=1)
def corpus() -> tuple[Prescription, ...]:
    return tuple(
        check_prescription(tree) for file in sorted(CORPUS.glob("*.json")) for tree in decode(file.read_text("utf-8"))
    )


@lru_cache(maxsize=1)
def shipped() -> Reviewer:
    return Reviewer(replace(shipped_edition(), digest="place"))


def reviewed(prescription: Prescription, lacks: frozenset[str]):
    """A review as if every member's system lacked these; the compiled rules stay the same."""
    site = Site.model_construct(lacks=lacks)
    members = {
        name: row.model_copy(update={"site": "one"}) for name, row in shipped_edition().formulary.institutions.items()
    }
    reviewer = shipped()
    reviewer.facts = FactBuilder(replace(shipped_edition().formulary, sites={"one": site}, institutions=members))
    return reviewer.review(prescription, NOTHING_KNOWN, prescription.issued_at, both=False)


def reads(rule: str) -> set[str]:
    """The fields on which the facts of a rule rest."""
    every = (condition for program in shipped().programs.values() for condition in program.conditions)
    (condition,) = (condition for condition in every if condition.rule.id == rule)
    return {CARRIED_BY[test.fact.name] for test in condition.tests if test.fact.name in CARRIED_BY}


lacking = st.frozensets(st.sampled_from(sorted(CARRIED)), max_size=6) | st.just(CARRIED)


@settings(max_examples=80)
@given(st.integers(0, 10**6), lacking)
def test_what_a_system_lacks_only_takes_findings_away_that_rest_on_it_and_says_so(seed, lacks):
    prescription = Random(seed).choice(corpus())
    plain, found = reviewed(prescription, frozenset()), reviewed(prescription, lacks)
    before = {(finding.rule, finding.lines, finding.severity) for finding in plain.findings}
    after = {(finding.rule, finding.lines, finding.severity) for finding in found.findings}
    assert after <= before
    gaps = {entry.fact: entry for entry in found.not_judged}
    not_carried = gaps.get(NOT_CARRIED)
    said = {rule for cause in (NOT_CARRIED, LINE_NOT_CARRIED) if cause in gaps for rule in gaps[cause].rules}
    for rule, _lines, _severity in before - after:
        assert reads(rule) & (lacks | ({"heading"} if lacks & set(HEADING) else set()))
        assert rule in said
        assert found.complete is False
    if not_carried is not None:
        assert not_carried.outcome == "note"


@settings(max_examples=60)
@given(st.integers(0, 10**6), lacking)
def test_a_return_or_a_block_about_what_was_sent_stays(seed, lacks):
    prescription = Random(seed).choice(corpus())
    stopping = {
        (finding.rule, finding.lines)
        for finding in reviewed(prescription, frozenset()).findings
        if RANK[finding.severity] >= RANK["hold"] and not reads(finding.rule)
    }
    found = reviewed(prescription, lacks)
    assert stopping <= {(finding.rule, finding.lines) for finding in found.findings}
    assert not stopping or RANK[found.verdict] >= RANK["hold"]


def test_a_missing_skin_test_is_returned_or_looked_at_as_the_system_can_send_it():
    sheet = {
        "number": "P1", "setting": "outpatient", "sheet": "ordinary", "institution": "SAMPLE-T01",
        "issued_at": "2026-11-02T09:30:00+08:00", "record_number": "M1", "department": "内科", "payer": "自费",
        "patient": {"name": "王某", "sex": "male", "birth_date": "1980-01-01", "allergies": {"status": "none"}},
        "prescriber": {"id": "D1", "licence": "physician"}, "diagnoses": [{"text": "肺炎", "code": "J18.900"}],
        "lines": [{"line": 1, "generic": "注射用青霉素钠", "strength": "80万U", "dose": "160", "dose_unit": "万U",
                   "route": "肌内注射", "frequency": "bid", "quantity": 12, "quantity_unit": "支"}],
    }  # fmt: skip
    read = read_prescription(json.dumps(sheet))
    rules = {finding.rule: finding.severity for finding in reviewed(read, frozenset()).findings}
    stopping = {rule for rule in rules if rule.startswith("RX-SKIN") and RANK[rules[rule]] >= RANK["hold"]}
    assert stopping
    found = reviewed(read, frozenset({"skin_test"}))
    assert not stopping & {finding.rule for finding in found.findings}
    (entry,) = (entry for entry in found.not_judged if entry.fact == LINE_NOT_CARRIED)
    assert stopping <= set(entry.rules)
    # Not returned: the prescriber has no way to send it.
    assert (entry.outcome, entry.lines) == ("hold", (1,))
