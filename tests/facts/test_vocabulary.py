"""Every fact that rules may name is computed, every computed fact may be named, and each is what it says it is."""

import json
from datetime import date

import pytest
from hypothesis import given
from tests.domain.invented import prescriptions
from tests.facts.small import CORE, formulary, rows, sheet

from rx_review.domain.circumstances import NOTHING_KNOWN, Circumstances
from rx_review.domain.reading import check_prescription, read_prescription
from rx_review.facts.build import FactBuilder
from rx_review.facts.vocabulary import BY_SUBJECT, CAUSES, OWN, Fact
from rx_review.library.rows import PERMITS

AT = "2026-11-01T09:00:00+08:00"
CLINICAL = {
    "limits": [
        {"target": "二甲双胍", **row}
        for row in rows(
            "measure maximum unit per age_until", "daily_dose 2 g - -\nsingle_dose 20 mg kg 18y\ndays 30 day - -"
        )
    ],
    "contraindications": [
        {"target": "布洛芬", "topic": "pregnancy", "grade": "contraindicated", "condition": "third"},
        {"target": "布洛芬", "topic": "lactation", "grade": "caution"},
        {"target": "布洛芬", "topic": "disease", "condition": "asthma", "grade": "caution"},
        {"target": "布洛芬", "topic": "renal", "under": "30", "grade": "contraindicated"},
        {"target": "布洛芬", "topic": "hepatic", "condition": "severe", "grade": "contraindicated"},
        {"target": "布洛芬", "topic": "age", "age_until": "6m", "grade": "contraindicated"},
        {"target": "布洛芬", "topic": "sex", "condition": "male", "grade": "caution"},
        {"target": "头孢曲松", "topic": "allergy", "condition": "class:penicillin", "grade": "caution"},
    ],
    "interactions": [{"a": "华法林", "b": "布洛芬", "grade": "major"}],
    "incompatibilities": rows("kind a b grade", "infusion 头孢曲松 氨溴索 major\neighteen_antagonisms 半夏 川乌 major"),
    "skin_tests": rows("target route", "class:penicillin injection"),
    "essential": rows(
        "edition entry generic form strength specialist",
        "2026 W1 布洛芬 tablet 0.2g false\n2026 W2 芬太尼 patch - true",
    ),
    "substitutes": rows(
        "generic substitute form strength dose dose_unit route frequency", "华法林 布洛芬 tablet 0.2g 0.2 g po tid"
    ),
    "listings": [*CORE["listings"], {"generic": "布洛芬", "tier": "village", "status": "listed"}],
    "institutions": [row | {"level": "primary"} for row in CORE["institutions"]],
    "permits": [
        {"holder": holder, "permit": permit, "granted": "true"}
        for holder in ("C1", "T1", "V1")
        for permit in sorted(PERMITS)
    ],
    "parameters": [
        *CORE["parameters"],
        *rows("parameter value unit zh en", "history_days 90 day 天 days\nreviewer_years 3 year 年 years"),
    ],
    "spellings": [*CORE.get("spellings", []), {"kind": "payer", "spelling": "自费", "code": "self"}],
}


@pytest.fixture(scope="module")
def builder(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("clinical"), **CLINICAL))


def built(builder: FactBuilder, sent: dict, world: Circumstances = NOTHING_KNOWN) -> dict:
    read = check_prescription(sent)
    return builder.build(read, world, read.issued_at).cases


FULL = sheet(
    {"generic": "二甲双胍", "form": "片", "strength": "0.5g", "dose": 1, "dose_unit": "片", "route": "po",
     "frequency": "bid", "quantity": 28, "quantity_unit": "片"},
    {"generic": "布洛芬", "form": "片", "strength": "0.2g", "route": "po"},
    {"generic": "华法林", "form": "片", "route": "po"},
    {"generic": "头孢曲松", "form": "注射用无菌粉末", "route": "iv_drip", "group": 1, "skin_test": "ordered"},
    {"generic": "氨溴索", "form": "注射液", "route": "iv_drip", "group": 1},
    {"generic": "芬太尼", "form": "透皮贴剂", "route": "transdermal"},
    {"generic": "法半夏", "kind": "herb", "dose": 9, "dose_unit": "g"},
    {"generic": "生川乌", "kind": "herb", "dose": 3, "dose_unit": "g"},
    {"generic": "布洛芬", "form": "乳膏", "route": "topical", "days": 5},
    {"generic": "某药"},
    sheet="ordinary",
    payer="自费",
    first_visit=False,
    valid_days=3,
    decoction={"packets": 7, "frequency": "qd"},
    prescriber={"id": "D1", "licence": "assistant", "independent": True, "identity_number": "D1"},
    patient={"id": "D1", "sex": "female", "birth_date": "1990-01-01", "pregnancy": "pregnant", "gestation": 30,
             "lactation": False, "weight": 60, "allergies": {"status": "known", "items": ["阿莫西林"]},
             "egfr": {"value": 20}, "hepatic": "severe", "identity_number": "D1"},
    signatures=[{"role": "prescriber", "person": "D1", "at": AT, "revision": 1}],
)  # fmt: skip
WORLD = Circumstances.model_validate(
    {
        "patient": {
            "as_of": AT,
            "pain_programme": True,
            "pain": {"consent": True, "file": False, "last_visit": date(2020, 1, 1)},
            "long_term": {"last_issued": date(2020, 1, 1)},
        },
        "prescriber": {
            "as_of": AT, "licence": "assistant", "independent": False, "title": "resident", "status": "active",
            "trainee": "none", "registered_at": ["T1"], "rights": [], "specimen_on_file": True, "tcm": False,
        },
        "pharmacists": {"as_of": AT, "people": []},
        "visit": {"as_of": AT, "sheets": []},
        "history": {"as_of": AT, "since": date(2019, 1, 1), "supplies": []},
        "stock": {"as_of": AT, "quantities": {"D03": "1000", "D04": "1000"}},
        "flow": {"as_of": AT, "state": "submitted"},
    }
)  # fmt: skip


def own_facts(case) -> set[str]:
    return {*case.own, *case.missing, *case.texts}


def test_every_fact_is_computed_and_every_computed_fact_is_listed(builder):
    cases = built(builder, FULL, WORLD)
    for subject, listed in OWN.items():
        names = {fact.name for fact in listed}
        assert cases[subject], subject
        assert set().union(*map(own_facts, cases[subject])) == names, subject


def test_every_fact_can_be_known(builder):
    cases = built(builder, FULL, WORLD)
    for subject, listed in OWN.items():
        known = set().union(*({*case.own, *case.texts} for case in cases[subject]))
        assert {fact.name for fact in listed} - known == set(), subject


def test_each_case_answers_for_every_fact_that_its_rules_may_name(builder):
    for subject, cases in built(builder, FULL, WORLD).items():
        # What a concern about safety does not have (a bound) is simply not its affair.
        optional = {"observed", "bound", "percent_of_bound"} if subject == "concern" else set()
        unknowable = {name for name, fact in BY_SUBJECT[subject].items() if fact.absence == "unknown"} - optional
        for case in cases:
            silent = {name for name in unknowable if case.known(name) is None and case.cause(name) not in CAUSES}
            assert silent == set(), (subject, case.row or case.lines)


def is_right(fact: Fact, value: object) -> bool:
    match fact.kind:
        case "flag":
            return type(value) is int and value in (0, 1)
        case "code":
            return isinstance(value, str) and (not fact.values or value in fact.values)
        case "number":
            return type(value) is int and 0 <= value < 2**53
    return False


def faults(subject: str, case) -> list[str]:
    """What is wrong with the values, texts and causes of a case."""
    listed = BY_SUBJECT[subject]
    found = [f"{name} is not listed" for name in own_facts(case) - set(listed)]
    found += [f"{name} is known and missing" for name in set(case.own) & set(case.missing)]
    for name, value in case.own.items():
        fact = listed[name]
        if not is_right(fact, value):
            found.append(f"{name} = {value!r} is no {fact.kind}")
    for name, cause in case.missing.items():
        if listed[name].absence == "not_written":
            found.append(f"{name} is never unknown")
        if cause not in CAUSES:
            found.append(f"{name} is missing for {cause!r}, which is no cause")
    for name, text in case.texts.items():
        both = isinstance(text, dict) and set(text) == {"zh", "en"} and all(isinstance(t, str) for t in text.values())
        if listed[name].kind != "text" or not (isinstance(text, str) or both):
            found.append(f"{name} = {text!r} is no text")
    return found


def test_facts_of_a_full_sheet_are_what_they_say(builder):
    for world in (NOTHING_KNOWN, WORLD):
        for subject, cases in built(builder, FULL, world).items():
            assert [fault for case in cases for fault in faults(subject, case)] == []


@given(prescriptions())
def test_facts_of_any_sheet_are_what_they_say(builder, sent):
    read = read_prescription(json.dumps(sent))
    for subject, cases in builder.build(read, NOTHING_KNOWN, read.issued_at).cases.items():
        assert [fault for case in cases for fault in faults(subject, case)] == []


@given(prescriptions())
def test_the_order_of_lines_changes_no_line_s_facts(builder, sent):
    # A builder remembers lines; what it remembers may not depend on the company a line was first seen in.
    backwards = {**sent, "lines": sent["lines"][::-1]}
    first, second = (built(builder, json.loads(json.dumps(s))) for s in (sent, backwards))
    by_line = [
        {case.lines: (case.own, case.missing, case.texts) for case in cases["line"]} for cases in (first, second)
    ]
    assert by_line[0] == by_line[1]
    fresh = built(FactBuilder(builder.formulary), sent)
    assert {case.lines: (case.own, case.missing, case.texts) for case in fresh["line"]} == by_line[0]


def test_names_are_unique_and_worded_in_both_languages():
    everything = [fact for listed in OWN.values() for fact in listed]
    for subject, listed in OWN.items():
        names = [fact.name for fact in listed]
        assert len(set(names)) == len(names), subject
    assert [fact.name for fact in everything if not (fact.zh and fact.en)] == []
    assert [fact.name for fact in everything if fact.kind == "text" and fact.absence != "not_written"] == []
    assert [fact.name for fact in everything if fact.values and fact.kind != "code"] == []
    assert [cause for cause, (zh, en) in CAUSES.items() if not (zh and en)] == []


def test_the_world_s_register_outweighs_the_sheet_s_claim(builder):
    whole = built(builder, FULL, WORLD)["prescription"][0]
    claimed = built(builder, FULL)["prescription"][0]
    assert (whole.known("independent"), claimed.known("independent")) == (0, 1)
    assert (whole.known("pain_programme"), claimed.known("pain_programme")) == (1, None)
