"""What the language of rules refuses, and what it says then."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from ruamel.yaml import YAML

from rx_review.engine.contradiction import contradictions
from rx_review.engine.language import check_rule, compile_rules
from rx_review.engine.lint import lint
from rx_review.errors import LibraryError
from rx_review.facts.vocabulary import BY_SUBJECT
from rx_review.library.rulebook import read_rule

TODAY = date(2026, 12, 1)

RULE = """
id: RX-QTY-901
name: seven-days
title: {zh: 超过七日, en: Over seven days}
about: line
severity: return
code: null
status: active
when_unknown: note
owner: 审方组
reviewed: {by: 甲, checked_by: null, date: 2026-11-21, next: 2027-11-21, checked: false}
effective: {from: 2020-01-01, until: null}
basis: [{law: 处方管理办法, article: 第十九条, gist: 一般不超过七日用量, source: MOH-2007-53, recalled: true}]
why: 一般七日。
when: {days_supplied: {over: $outpatient_days}}
unless: {extended_reason: {is: true}}
remedies: [give extended_reason]
message: {zh: "用量 {days_supplied} 日", en: "{days_supplied} days", short: 超量}
examples:
  fires: [{name: Eight days, facts: {days_supplied: 8}, says: 用量 8 日}]
  silent: [{name: Seven days, but: {days_supplied: 7}}]
  undetermined: [{name: Days not counted, but: {days_supplied: null}}]
"""


@pytest.fixture
def write(tmp_path):
    """Write the rule above with other keys, and read it as the library does."""

    def written(**changes):
        yaml = YAML()
        tree = yaml.load(RULE)
        tree.update(changes)
        text = io.StringIO()
        yaml.dump(tree, text)
        path = tmp_path / f"{tree['name']}.yaml"
        path.write_text(text.getvalue(), encoding="utf-8")
        return read_rule(path, path.name)

    return written


@pytest.fixture
def faults(write, edition):
    """What the lint finds in an edition of these rules alone, as lines."""

    def found(*changed, today=TODAY, **changes):
        rules = [write(**change) for change in (changed or [changes])]
        return [str(fault) for fault in lint(replace(edition, rules=tuple(rules)), today)]

    return found


def refusals(rule):
    condition, found = check_rule(rule)
    assert (condition is None) == bool(found)
    return [str(fault) for fault in found]


def test_the_rule_that_the_others_are_made_from_is_in_order(write, faults):
    assert refusals(write()) == []
    assert faults() == []


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (
            {"days_suplied": {"over": 7}},
            "seven-days: when.days_suplied: no such fact; did you mean days_supplied?",
        ),
        (
            {"zzzzzz": {"is": True}},
            "seven-days: when.zzzzzz: no such fact; see rules/README.md for the facts",
        ),
        ({"grade": {"is": "major"}}, "no such fact"),
        (
            {"drug": {"is": "阿司匹林"}},
            "is text for messages and cannot be tested; test a flag, code or number",
        ),
        ({"control": {"over": 1}}, "over compares numbers; control is a code; use is or is_one_of"),
        ({"long_term": {"at_least": 1}}, "at_least compares numbers; long_term is a flag"),
        ({"control": {"is": "heroin"}}, "heroin is not a value of control; use none, narcotic"),
        ({"control": {"is_one_of": ["none", "heroin"]}}, "heroin is not a value of control"),
        ({"control": {"is": True}}, "True is not a value of control"),
        ({"long_term": {"is": "yes it is"}}, "yes it is is no flag; write true or false"),
        ({"long_term": {"is": 1}}, "1 is no flag"),
        ({"days_supplied": {"over": "seven"}}, "seven is no number; write day"),
        ({"days_supplied": {"over": True}}, "True is no number"),
        ({"days_supplied": {"over": 7.125}}, "7.125 does not fit; days_supplied keeps 2 decimals"),
        ({"age_years": {"over": 7.5}}, "7.5 does not fit; age_years keeps 0 decimals"),
        (
            {"days_supplied": {"over": -1}},
            "-1 does not fit; days_supplied keeps 2 decimals and is never negative",
        ),
        ({"days_supplied": {"over": 10**15}}, "does not fit"),
        ({"days_supplied": {"is_one_of": [7, 14]}}, "is_one_of lists codes; use a number test"),
        ({"control": {"is": "$outpatient_days"}}, "a parameter is a number; control is a code"),
        (
            {"days_supplied": {"over": {"fact": "age_years"}}},
            "age_years cannot be compared with days_supplied",
        ),
        ({"control": {"is": {"fact": "kind"}}}, "kind cannot be compared with control"),
        ({"days_supplied": {"over": {"fact": "days_suplied"}}}, "did you mean days_supplied?"),
    ],
)
def test_a_clause_that_makes_no_sense_is_refused(write, when, says):
    (refusal,) = refusals(write(when=when))
    assert says in refusal


def test_every_wrong_clause_is_named_at_once(write):
    rule = write(when={"days_suplied": {"over": 7}}, unless={"drug": {"is": "x"}})
    assert [line.split(":")[1].strip() for line in refusals(rule)] == ["when.days_suplied", "unless.drug"]
    with pytest.raises(LibraryError) as caught:
        compile_rules([rule])
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"days_supplied": {"more_than": 7}}, "more_than is no operator; use is, is_not"),
        ({"days_supplied": 7}, "write {operator: value}"),
        ({"control": {"is_one_of": ["none"]}}, "is_one_of takes a list of two or more"),
        ({"days_supplied": {"over": "$Seven"}}, "$Seven is no parameter name"),
        ({"days_supplied": {"over": {"other": "x"}}}, "another fact is written {fact: name}"),
        ({"control": {"is": ["none", "narcotic"]}}, "neither a number, a code nor true or false"),
        ({}, "at least 1 item"),
    ],
)
def test_a_clause_that_cannot_be_read_is_refused_with_its_line(write, when, says):
    with pytest.raises(LibraryError, match=r"seven-days\.yaml:\d+: when") as caught:
        write(when=when)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "when",
    [
        {"days_supplied": {"over": 7, "at_most": 7}},
        {"days_supplied": {"over": 7, "under": 7.01}},
        {"days_supplied": {"at_least": 7, "at_most": 7, "is_not": 7}},
        {"days_supplied": {"over": "$outpatient_days", "at_most": 7}},
        {"days_supplied": {"under": 0}},
        {"control": {"is": "none", "is_not": "none"}},
        {"control": {"is_one_of": ["none", "narcotic"], "is": "psychotropic_1"}},
        {"long_term": {"is": True, "is_not": True}},
    ],
    ids=str,
)
def test_tests_that_cannot_hold_together_are_found(faults, when):
    found = faults(when=when, unless={})
    assert [line for line in found if "cannot hold together" in line]


@pytest.mark.parametrize(
    "when",
    [
        {"days_supplied": {"over": 7, "at_most": 7.01}},
        {"days_supplied": {"at_least": 7, "at_most": 7}},
        {"days_supplied": {"over": "$outpatient_days", "at_most": "$chronic_days"}},
        {"control": {"is_one_of": ["none", "narcotic"], "is_not": "none"}},
    ],
    ids=str,
)
def test_tests_that_can_just_hold_together_are_left_alone(faults, when):
    assert not [line for line in faults(when=when, unless={}) if "cannot hold" in line]


@pytest.mark.parametrize(
    ("when", "unless"),
    [
        ({"days_supplied": {"over": 7}}, {"days_supplied": {"over": 7}}),
        ({"days_supplied": {"over": 7}}, {"days_supplied": {"at_least": 7}}),
        ({"days_supplied": {"at_least": 7, "at_most": 7}}, {"days_supplied": {"is": 7}}),
        ({"days_supplied": {"under": 3}}, {"days_supplied": {"is_not": 3}}),
        ({"control": {"is": "narcotic"}}, {"control": {"is_one_of": ["narcotic", "none"]}}),
        ({"control": {"is": "narcotic"}}, {"control": {"is_not": "none"}}),
        ({"long_term": {"is": True}}, {"long_term": {"is": True}}),
    ],
    ids=str,
)
def test_an_exception_that_always_silences_is_found(faults, when, unless):
    (found,) = [line for line in faults(when=when, unless=unless) if "silences" in line]
    assert found == f"seven-days: unless.{next(iter(unless))}: it silences the rule whenever `when` holds; take it out"


def test_an_exception_that_sometimes_silences_is_left_alone(faults):
    found = faults(when={"days_supplied": {"over": 7}}, unless={"days_supplied": {"over": 30}})
    assert not [line for line in found if "silences" in line]


def test_a_parameter_that_is_not_in_force_proves_no_contradiction(write):
    condition, _ = check_rule(write(when={"days_supplied": {"over": "$outpatient_days", "at_most": 7}}, unless={}))
    assert list(contradictions(condition, {})) == []
    assert list(contradictions(condition, {"outpatient_days": Decimal(6)})) == []
    assert len(list(contradictions(condition, {"outpatient_days": Decimal(7)}))) == 1


def test_two_rules_with_the_same_tests_are_found(faults):
    twin = {"id": "RX-QTY-902", "name": "seven-days-again", "severity": "warn"}
    assert faults({}, twin) == ["seven-days-again: tests the same as seven-days; retire one of them"]
    assert faults({}, {**twin, "status": "retired"}) == []
    assert faults({}, {**twin, "when": {"days_supplied": {"at_least": "$outpatient_days"}}}) == []


def test_an_active_rule_overdue_for_review_is_found_from_the_next_day_on(faults):
    assert faults(today=date(2027, 11, 21)) == []
    (found,) = faults(today=date(2027, 11, 22))
    assert found == "seven-days: reviewed.next: overdue since 2027-11-21; review the rule and set a new date"
    assert faults(today=date(2027, 11, 22), status="retired") == []


def test_an_active_rule_without_authority_is_found(faults):
    assert faults(basis=[]) == ["seven-days: basis: an active rule names no authority; add law, article and source"]
    assert faults(basis=[], status="draft") == []


@pytest.mark.parametrize("gist", ["见第 12 页", "p. 12", "“不得超过七日用量”", "「七日」", "https://example.org"])
def test_a_recalled_basis_may_not_cite_page_or_words(faults, gist):
    basis = {
        "law": "处方管理办法",
        "article": "第十九条",
        "gist": gist,
        "source": "MOH-2007-53",
        "recalled": True,
    }
    (found,) = faults(basis=[basis])
    assert "cites a text that was not compared" in found
    assert faults(basis=[{**basis, "recalled": False}]) == []


def test_nobody_checks_their_own_rule_and_nobody_checks_from_memory(faults):
    reviewed = {"by": "甲", "checked_by": "乙", "date": "2026-11-21", "next": "2027-11-21", "checked": True}
    assert faults(reviewed=reviewed) == [
        "seven-days: basis: checked, but the basis is recalled; compare it with the text first"
    ]
    assert any("author and checker are the same" in line for line in faults(reviewed={**reviewed, "checked_by": "甲"}))
    assert any("checked, but by nobody" in line for line in faults(reviewed={**reviewed, "checked_by": None}))


def test_a_bound_in_another_unit_is_found(faults):
    (found,) = faults(when={"days_supplied": {"over": "$skin_test_hours"}})
    assert found == "seven-days: days_supplied: counts day, but $skin_test_hours is in hour; compare like with like"


def test_a_parameter_that_does_not_exist_is_found_where_it_is_said(faults):
    message = {"zh": "上限 {$no_days}", "en": "{days_suplied}", "short": "超量"}
    found = faults(message=message, remedies=["reduce days_supplied to $no_days", "pray"])
    assert sum("$no_days" in line for line in found) == 2
    assert any("{days_suplied} is no fact of a line" in line for line in found)
    assert any("'pray' is no remedy" in line for line in found)


def test_a_fact_that_can_be_unknown_asks_for_an_example_without_it(faults):
    examples = {
        "fires": [{"name": "Eight", "facts": {"days_supplied": 8}}],
        "silent": [{"name": "Seven", "but": {"days_supplied": 7}}],
    }
    found = faults(examples=examples)
    assert any("days_supplied can be unknown, and no example says what then" in line for line in found)
    assert any("no example says what is said" in line for line in found)


def test_the_rules_that_we_ship_have_no_fault(edition):
    assert [str(fault) for fault in lint(edition, TODAY)] == []


def test_codes_of_the_vocabulary_are_plain_words_that_need_no_escape():
    for facts in BY_SUBJECT.values():
        for fact in facts.values():
            assert all(value.isascii() and value.replace("_", "").isalnum() for value in fact.values)
            assert (fact.kind == "code") == bool(fact.values)
