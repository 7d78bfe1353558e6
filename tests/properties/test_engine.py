"""Laws of the executors, on random rules over random vocabularies."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties.oracle import outcome
from tests.properties.worlds import make_facts, make_parameters, make_rule, make_world, program

from rx_review.engine.durable import DurableProgram
from rx_review.engine.plain import PlainProgram

PLAIN = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
# Each ruleset of the C engine keeps about a megabyte for ever.
DURABLE = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw, rules=6, facts=3):
    """Rules, facts to judge and parameters, of one random vocabulary."""
    choose = draw(st.randoms(use_true_random=False))
    world = make_world(choose)
    conditions = [make_rule(choose, world, f"rule-{i}") for i in range(draw(st.integers(1, rules)))]
    cases = [make_facts(choose, world, 0.7) for _ in range(draw(st.integers(1, facts)))]
    return world, conditions, cases, make_parameters(choose, world, 0.7)


def judged(conditions, fact, given):
    """Outcome of each rule by the plain executor."""
    fires, opens = PlainProgram(program(*conditions)).judge(fact, given)
    assert not set(fires) & set(opens)
    return ["fires" if i in fires else "undetermined" if i in opens else "silent" for i in range(len(conditions))]


@PLAIN
@given(worlds())
def test_plain_says_what_the_definition_says(drawn):
    _, conditions, facts, given = drawn
    for fact in facts:
        assert judged(conditions, fact, given) == [outcome(condition, {**fact, **given}) for condition in conditions]


@DURABLE
@given(worlds())
def test_durable_fires_exactly_what_plain_fires(drawn):
    _, conditions, facts, given = drawn
    fired = DurableProgram(program(*conditions)).fire(facts, given)
    plain = [
        (rule, i) for i, fact in enumerate(facts) for rule in PlainProgram(program(*conditions)).judge(fact, given)[0]
    ]
    assert sorted(fired) == sorted(plain)


@DURABLE
@given(worlds(rules=4), st.randoms(use_true_random=False))
def test_another_rule_never_takes_a_finding_away(drawn, choose):
    world, conditions, facts, given = drawn
    more = [*conditions, make_rule(choose, world, "another")]
    before = set(DurableProgram(program(*conditions)).fire(facts, given))
    after = set(DurableProgram(program(*more)).fire(facts, given))
    assert {pair for pair in after if pair[0] < len(conditions)} == before
    for fact in facts:
        assert judged(more, fact, given)[:-1] == judged(conditions, fact, given)


@DURABLE
@given(worlds(facts=5), st.randoms(use_true_random=False))
def test_the_order_of_cases_does_not_matter(drawn, choose):
    _, conditions, facts, given = drawn
    order = choose.sample(range(len(facts)), len(facts))
    driver = DurableProgram(program(*conditions))
    shuffled = [(rule, order[place]) for rule, place in driver.fire([facts[i] for i in order], given)]
    assert sorted(shuffled) == sorted(driver.fire(facts, given))


@DURABLE
@given(worlds())
def test_a_case_is_judged_alike_alone_and_among_others(drawn):
    _, conditions, facts, given = drawn
    driver = DurableProgram(program(*conditions))
    alone = [(rule, i) for i, fact in enumerate(facts) for rule, _ in driver.fire([fact], given)]
    assert sorted(alone) == sorted(driver.fire(facts, given))


@PLAIN
@given(worlds(facts=1))
def test_what_is_decided_stays_decided_when_a_fact_becomes_known(drawn):
    _, conditions, (known,), given = drawn
    for name in known:
        less = {other: value for other, value in known.items() if other != name}
        for before, after in zip(judged(conditions, less, given), judged(conditions, known, given), strict=True):
            assert before in ("undetermined", after)


@PLAIN
@given(worlds(facts=1))
def test_a_rule_fires_only_with_every_fact_known_and_is_then_never_undetermined(drawn):
    _, conditions, (fact,), given = drawn
    for condition, word in zip(conditions, judged(conditions, fact, given), strict=True):
        known = all(name in fact or name in given for test in condition.tests for name in test.reads)
        assert word != ("undetermined" if known else "fires")


@PLAIN
@given(worlds())
def test_the_order_of_rules_and_of_tests_does_not_matter(drawn):
    _, conditions, facts, given = drawn
    turned = [replace(c, when=c.when[::-1], unless=c.unless[::-1]) for c in conditions[::-1]]
    for fact in facts:
        assert judged(turned, fact, given)[::-1] == judged(conditions, fact, given)
