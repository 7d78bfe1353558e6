"""The engines we are compared with say what ours say, or the comparison says that they do not."""

import dataclasses
import random
import sys
from itertools import islice

import pytest
from tests.properties.oracle import outcome
from tests.properties.worlds import (
    code,
    flag,
    make_facts,
    make_parameters,
    make_rule,
    make_world,
    number,
    program,
    rule_of,
)
from tests.shipped import shipped_edition

from rx_review.bench import engine
from rx_review.bench.peers import EXPRESSION, NAMES, compile_peers
from rx_review.bench.peers.asked import conjunctions
from rx_review.bench.sheets import varied_sheets
from rx_review.engine.language import Test as Ask
from rx_review.engine.language import compile_rules
from rx_review.errors import EnvironmentFault

AGE, DAYS = number("age"), number("days")
SEVERE, CHRONIC = flag("severe"), flag("chronic")
KIND = code("kind", ("none", "herb", "western", "patent"))
STEPS = {"over": 1, "under": -1}
OTHERS = (*NAMES, EXPRESSION)


def answers(conditions, cases, parameters=None):
    """What each peer says of the cases of a subject: the pairs of rule and case."""
    peers = compile_peers({"line": program(*conditions)}, {"line": parameters or {}})
    return {name: sorted((rule, case) for _, rule, case in peer.judge({"line": cases})) for name, peer in peers.items()}


def all_say(*fired):
    return dict.fromkeys(OTHERS, sorted(fired))


@pytest.fixture(scope="module")
def edition():
    return shipped_edition()


@pytest.fixture(scope="module")
def shipped(edition):
    """The programs of the shipped rules, their parameters of a day, and the inputs of some dozen prescriptions."""
    programs = {subject: found for subject, found in compile_rules(edition.rules).items() if found.conditions}
    sheets = list(islice(varied_sheets(), 60))
    day = sheets[0].issued_at.date().toordinal()
    parameters = {subject: engine.resolved(found, edition, day) for subject, found in programs.items()}
    return programs, parameters, list(engine.inputs_of(edition, programs, sheets))


def test_every_contender_says_what_plain_says_of_the_shipped_rules(shipped):
    programs, parameters, sheets = shipped
    contenders = engine.contenders_of(programs, parameters)
    assert [engine.disagreeing(contenders, sheet) for sheet in sheets] == [[]] * len(sheets)
    assert list(contenders) == ["durable", "plain", "both", "zen-engine", "clips", "cel", "zen expression"]


def firing(asks, choose):
    """Facts that make a rule fire, unless its tests ask two things of one fact."""
    facts = {}
    for ask in asks:
        right = facts.setdefault(ask.against, 500) if ask.against else choose.choice(ask.rights)
        if ask.operator == "is_not":
            known = ask.fact.values or (right + 1,)
            right = choose.choice([value for value in known if value not in ask.rights])
        facts[ask.fact.name] = right + STEPS[ask.operator] if ask.operator in STEPS else right
    return facts


def test_every_contender_says_what_plain_says_when_shipped_rules_fire(shipped):
    programs, parameters, _ = shipped
    contenders = engine.contenders_of(programs, parameters)
    choose = random.Random(1)
    heard = 0
    for subject, found in programs.items():
        exact = [firing(asks, choose) for _, asks in conjunctions(found, parameters[subject])]
        # Each once as it stands, once without one of its facts and once among the facts of another rule.
        gaps = [{name: facts[name] for name in choose.sample(sorted(facts), len(facts) - 1)} for facts in exact]
        mixed = [{**choose.choice(exact), **facts} for facts in exact]
        inputs = {subject: [*exact, *gaps, *mixed]}
        assert engine.disagreeing(contenders, inputs) == []
        heard += len({rule for _, rule, _ in contenders["plain"](inputs)})
    # Silence would be easy to agree on.
    assert heard > 0.9 * sum(len(found.conditions) for found in programs.values())


@pytest.mark.parametrize("seed", range(40))
def test_every_peer_says_what_the_rules_mean(seed):
    choose = random.Random(seed)
    world = make_world(choose)
    conditions = [make_rule(choose, world, f"r{index}") for index in range(8)]
    parameters = make_parameters(choose, world)
    cases = [make_facts(choose, world) for _ in range(12)]
    expected = [
        (rule, case)
        for rule, condition in enumerate(conditions)
        for case, facts in enumerate(cases)
        if outcome(condition, {**facts, **parameters}) == "fires"
    ]
    assert answers(conditions, cases, parameters) == all_say(*expected)


@pytest.mark.parametrize(
    ("test", "holds", "fails"),
    [
        (Ask(AGE, "is", 7), {"age": 7}, {"age": 8}),
        (Ask(AGE, "is_not", 7), {"age": 8}, {"age": 7}),
        (Ask(AGE, "over", 0), {"age": 1}, {"age": 0}),
        (Ask(AGE, "at_least", 0), {"age": 0}, None),
        (Ask(AGE, "under", 7), {"age": 6}, {"age": 7}),
        (Ask(AGE, "at_most", 7), {"age": 7}, {"age": 8}),
        (Ask(AGE, "under", None, "days"), {"age": 6, "days": 7}, {"age": 7, "days": 7}),
        (Ask(AGE, "over", None, "days"), {"age": 8, "days": 7}, {"age": 7, "days": 7}),
        (Ask(SEVERE, "is", 0), {"severe": 0}, {"severe": 1}),
        (Ask(SEVERE, "is_not", 1), {"severe": 0}, {"severe": 1}),
        (Ask(KIND, "is", "none"), {"kind": "none"}, {"kind": "herb"}),
        (Ask(KIND, "is_not", "none"), {"kind": "herb"}, {"kind": "none"}),
        (Ask(KIND, "is_one_of", ("herb", "patent")), {"kind": "patent"}, {"kind": "none"}),
    ],
    ids=lambda value: f"{value.fact.name} {value.operator}" if isinstance(value, Ask) else "",
)
def test_what_is_unknown_neither_holds_nor_fails(test, holds, fails):
    conditions = [rule_of("when", (test,)), rule_of("unless", (Ask(CHRONIC, "is", 1),), (test,))]
    unknown = [{}, *({name: value} for name, value in holds.items() if len(holds) > 1)]
    cases = [{**facts, "chronic": 1} for facts in [*unknown, holds, *([fails] if fails else [])]]
    expected = [(0, len(unknown)), *([(1, len(unknown) + 1)] if fails else [])]
    assert answers(conditions, cases) == all_say(*expected)


def test_an_exception_silences_a_rule_and_so_does_not_knowing_it():
    exempt = rule_of("r", (Ask(DAYS, "over", 7),), (Ask(CHRONIC, "is", 1), Ask(KIND, "is_one_of", ("herb", "patent"))))
    cases = [
        {"days": 14, "chronic": 0, "kind": "western"},
        {"days": 14, "chronic": 1, "kind": "western"},
        {"days": 14, "chronic": 0, "kind": "herb"},
        {"days": 14, "kind": "western"},
        {"days": 14, "chronic": 0},
    ]
    assert answers([exempt], cases) == all_say((0, 0))


def test_a_parameter_that_is_not_in_force_silences_its_rules():
    limit = rule_of("r", (Ask(DAYS, "over", None, "p0_limit", "limit"),))
    plain = rule_of("s", (Ask(DAYS, "over", 7),))
    assert answers([limit, plain], [{"days": 14}]) == all_say((1, 0))
    assert answers([limit, plain], [{"days": 14}], {"p0_limit": 7}) == all_say((0, 0), (1, 0))


def test_two_tests_of_one_fact_are_both_asked():
    between = rule_of("r", (Ask(AGE, "at_least", 7), Ask(AGE, "under", 14), Ask(AGE, "is_not", 9)))
    listed = rule_of("s", (Ask(KIND, "is_one_of", ("herb", "western")), Ask(KIND, "is_not", "herb")))
    cases = [{"age": 6}, {"age": 7}, {"age": 9}, {"age": 14}, {"kind": "western"}, {"kind": "herb"}, {"kind": "none"}]
    assert answers([between, listed], cases) == all_say((0, 1), (1, 4))


def test_a_peer_remembers_nothing_of_the_prescription_before():
    peers = compile_peers({"line": program(rule_of("r", (Ask(AGE, "over", 1),)))}, {"line": {}})
    for peer in peers.values():
        told = [peer.judge({"line": facts}) for facts in ([{"age": 2}, {"age": 0}], [{"age": 0}], [{}], [{"age": 2}])]
        assert told == [[("line", 0, 0)], [], [], [("line", 0, 0)]]


@pytest.mark.parametrize("name", OTHERS)
def test_a_changed_limit_is_noticed(shipped, name):
    programs, parameters, sheets = shipped
    told = engine.contenders_of(programs, parameters)
    line = programs["line"]
    # The first rule that fires and orders a number by a parameter gets another limit, for one contender only.
    fired = {rule for sheet in sheets for subject, rule, _ in told["plain"](sheet) if subject == "line"}
    changed = next(
        test.against
        for rule in sorted(fired)
        for test in line.conditions[rule].when
        if test.against is not None and test.parameter is not None and test.operator == "over"
    )
    other = compile_peers(programs, {**parameters, "line": {**parameters["line"], changed: 10**9}})
    mixed = {**told, name: other[name].judge}
    assert {found for sheet in sheets for found in engine.disagreeing(mixed, sheet)} == {name}


@pytest.mark.parametrize("name", OTHERS)
def test_a_changed_literal_is_noticed(name):
    under = rule_of("r", (Ask(AGE, "under", 18), Ask(KIND, "is", "herb")))
    wrong = dataclasses.replace(under, when=(under.when[0], Ask(KIND, "is", "patent")))
    contenders = engine.contenders_of({"line": program(under)}, {"line": {}})
    contenders[name] = compile_peers({"line": program(wrong)}, {"line": {}})[name].judge
    assert engine.disagreeing(contenders, {"line": [{"age": 7, "kind": "herb"}]}) == [name]
    assert engine.disagreeing(contenders, {"line": [{"age": 70, "kind": "herb"}]}) == []


def test_a_rule_told_twice_is_a_difference():
    contenders = engine.contenders_of({"line": program(rule_of("r", (Ask(AGE, "over", 1),)))}, {"line": {}})
    cel = contenders["cel"]
    contenders["cel"] = lambda inputs: cel(inputs) * 2
    assert engine.disagreeing(contenders, {"line": [{"age": 2}]}) == ["cel"]


def test_the_measures_and_their_names(edition):
    done = []
    measures = engine.measure_engine(edition, 100, done.append)
    named = {measure.name: measure for measure in measures}
    contenders = ("durable", "plain", "both", *OTHERS)
    assert list(named) == [
        "ratio to fastest peer, both",
        "ratio to fastest peer, plain",
        "ratio to zen expression, both",
        "ratio to zen expression, plain",
        *(f"µs per prescription, {name}" for name in contenders),
        *(f"CPU µs per prescription, {name}" for name in contenders),
        "prescriptions compared",
        "verdicts different",
    ]
    assert (named["prescriptions compared"].value, named["verdicts different"].value, sum(done)) == (100, 0, 100)
    bars = {name: (measure.bar, measure.at_most) for name, measure in named.items() if measure.bar is not None}
    assert bars == {
        "ratio to fastest peer, both": (2, False),
        "ratio to fastest peer, plain": (8, False),
        "verdicts different": (0, True),
    }
    assert all(measure.value > 0 for measure in measures[:-1])


def test_the_bare_expression_is_not_the_fastest_peer_however_fast():
    took = {"durable": 60, "plain": 20, "both": 80, "zen-engine": 240, "clips": 500, "cel": 400, "zen expression": 100}
    times = {name: engine.Times([cpu + 1.0] * 2, [float(cpu)] * 2) for name, cpu in took.items()}
    named = {measure.name: measure for measure in engine._measures(times, 100, 0)}
    ratios = [f"ratio to {other}, {ours}" for other in ("fastest peer", EXPRESSION) for ours in ("both", "plain")]
    assert [(named[name].value, named[name].bar) for name in ratios] == [(3, 2), (12, 8), (1.25, None), (5, None)]


@pytest.mark.parametrize(("name", "module"), [("zen", "zen"), ("clips", "clips"), ("cel", "cel")])
def test_a_peer_that_is_not_installed_is_named_with_what_installs_it(monkeypatch, name, module):
    monkeypatch.delitem(sys.modules, f"rx_review.bench.peers.{name}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EnvironmentFault, match=rf"{module} is not installed.*rx-review\[peers\]"):
        compile_peers({}, {})
