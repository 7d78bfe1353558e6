"""Gates: a rule that holds is never behind a closed one, whatever the facts; an ordinary fact opens hardly any."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.oracle import outcome
from tests.properties.worlds import make_facts, make_rule, make_world
from tests.shipped import shipped_edition

from rx_review.domain.review import Subject
from rx_review.engine.gates import gates, write_opener
from rx_review.engine.language import bind, compile_rules


def through(conditions, facts) -> list[set[int]]:
    """For each fact, the conditions whose gate lets it through."""
    found = gates(enumerate(conditions))
    open_ = [set() for _ in facts]
    for gate, places in zip(found, write_opener(found)(facts), strict=True):
        for place in places:
            open_[place].update(number for number, _ in gate.conditions)
    return open_


@settings(max_examples=300)
@given(st.integers(0, 10**9))
def test_what_holds_is_never_behind_a_closed_gate(seed):
    choose = random.Random(seed)
    world = make_world(choose)
    rules = [make_rule(choose, world, f"r{n}") for n in range(choose.randint(1, 12))]
    facts = [make_facts(choose, world) for _ in range(6)]
    for fact, let_through in zip(facts, through(rules, facts), strict=True):
        assert {n for n, rule in enumerate(rules) if outcome(rule, fact) == "fires"} <= let_through


def test_each_rule_stands_behind_one_gate_and_keeps_its_number():
    edition = shipped_edition()
    for program in compile_rules(edition.rules).values():
        found = gates(enumerate(program.conditions))
        behind = sorted((number, condition.rule.id) for gate in found for number, condition in gate.conditions)
        assert behind == [(number, condition.rule.id) for number, condition in enumerate(program.conditions)]


@pytest.mark.parametrize("subject", ["prescription", "line", "concern", "pair"])
def test_hardly_any_shipped_rule_is_always_asked(subject: Subject):
    edition = shipped_edition()
    program = compile_rules(edition.rules)[subject]
    values = {name: 1 for name in program.parameters}
    bound = [bind(condition, values) or condition for condition in program.conditions]
    assert sum(len(gate.conditions) for gate in gates(enumerate(bound)) if not gate.asks) <= len(bound) // 20
