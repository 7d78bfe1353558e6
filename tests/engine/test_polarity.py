"""Which way a parameter is stricter, against what raising it does to the cases that fire."""

import ast
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.oracle import outcome
from tests.properties.worlds import number

from rx_review.engine import polarity
from rx_review.engine.language import NEGATED, ORDERING, Condition, parameter_property
from rx_review.engine.language import Test as RuleTest
from rx_review.engine.polarity import READ_BY_CODE, Use, uses
from rx_review.library.rule import Rule

OPERATORS = ("is", "is_not", *sorted(ORDERING))
VALUES = range(6)


def condition(name: str, when=(), unless=()) -> Condition:
    return Condition(
        Rule.model_construct(id=name, name=name, about="line", status="active", severity="return"),
        when,
        unless,
        name,
        (),
        (),
    )


def on_parameter(operator: str, name: str = "limit", fact: str = "n") -> RuleTest:
    return RuleTest(number(fact), operator, None, parameter_property(name, 0), name)


def use_of(monkeypatch, *conditions: Condition, status="active", names=("limit",)) -> dict[str, Use]:
    """What `uses` says of an edition of these rules."""
    by_id = {one.rule.id: one for one in conditions}
    monkeypatch.setattr(polarity, "check_rule", lambda rule: (by_id[rule.id], []))
    rules = [one.rule.model_copy(update={"status": status}) for one in conditions]
    return uses(SimpleNamespace(rules=rules, formulary=SimpleNamespace(parameters=dict.fromkeys(names))))


def firing(conditions, value: int, name="limit") -> set[tuple]:
    """Every small world that some rule stops when the parameter has this value."""
    return {
        (one.rule.id, n, m)
        for one in conditions
        for n in VALUES
        for m in VALUES
        if outcome(one, {"n": n, "m": m, parameter_property(name, 0): value}) == "fires"
    }


def told_by_trying(conditions) -> str:
    """`lower` if raising it never stops more, `higher` if raising it never stops less, else `mixed`."""
    sets = [firing(conditions, value) for value in VALUES]
    shrinks = all(later <= earlier for earlier, later in pairwise(sets))
    grows = all(later >= earlier for earlier, later in pairwise(sets))
    return "unused" if shrinks and grows else "lower" if shrinks else "higher" if grows else "mixed"


@pytest.mark.parametrize("side", ["when", "unless"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_each_operator_on_each_side_is_as_strict_as_trying_it_says(monkeypatch, operator, side):
    one = condition("R", **{side: (on_parameter(operator),)})
    use = use_of(monkeypatch, one)["limit"]
    assert (use.stricter, use.rules) == (told_by_trying([one]), ("R",))


@st.composite
def rule_sets(draw):
    """Some rules, each with some tests on the parameter and some on another fact."""
    choose = draw(st.randoms(use_true_random=False))
    return [random_rule(choose, f"R{n}") for n in range(draw(st.integers(1, 3)))]


def random_rule(choose: random.Random, name: str) -> Condition:
    def tests(most: int) -> tuple[RuleTest, ...]:
        found = []
        for _ in range(choose.randint(0, most)):
            if choose.random() < 0.6:
                found.append(on_parameter(choose.choice(OPERATORS), fact=choose.choice("nm")))
            else:
                found.append(RuleTest(number("m"), choose.choice(OPERATORS), choose.choice(VALUES)))
        return tuple(found)

    return condition(name, tests(2), tests(2))


@settings(max_examples=150)
@given(rule_sets())
def test_what_members_may_tighten_can_only_stop_more(conditions):
    with pytest.MonkeyPatch.context() as patch:
        use = use_of(patch, *conditions)["limit"]
    tried = told_by_trying(conditions)
    if use.members_may_set:
        assert tried in (use.stricter, "unused")
    if use.stricter == "unused":
        assert tried == "unused"
        assert use.rules == ()
    if tried == "mixed":
        assert not use.members_may_set


@settings(max_examples=80)
@given(rule_sets())
def test_the_rules_that_use_it_are_those_that_name_it(conditions):
    with pytest.MonkeyPatch.context() as patch:
        use = use_of(patch, *conditions)["limit"]
    named = {one.rule.id for one in conditions if any(test.parameter for test in one.tests)}
    assert set(use.rules) == named


@pytest.mark.parametrize(("status", "stricter"), [("active", "lower"), ("shadow", "lower"), ("draft", "unused")])
def test_rules_that_do_not_run_say_nothing(monkeypatch, status, stricter):
    one = condition("R", when=(on_parameter("over"),))
    assert use_of(monkeypatch, one, status=status)["limit"].stricter == stricter


def test_what_code_reads_is_the_countys_alone_whatever_the_rules_say(monkeypatch):
    name = next(iter(READ_BY_CODE))
    one = condition("R", when=(on_parameter("over", name),))
    use = use_of(monkeypatch, one, names=(name,))[name]
    assert (use.stricter, use.rules, use.members_may_set) == ("mixed", ("R",), False)


def test_every_ordering_and_equality_has_an_opposite():
    assert set(NEGATED) == set(OPERATORS)
    assert all(NEGATED[NEGATED[operator]] == operator for operator in OPERATORS)


# What is shipped.


def test_each_parameter_that_members_may_set_stops_no_less_when_it_is_stricter(edition):
    """By brute force over the shipped rules: each test on a parameter, every other test held true."""
    for name, use in uses(edition).items():
        if not use.members_may_set:
            continue
        for rule in edition.rules:
            if rule.id not in use.rules:
                continue
            for side, clauses in (("when", rule.when), ("unless", rule.unless)):
                for clause in clauses:
                    if clause.parameter == name:
                        one = condition("R", **{side: (on_parameter(clause.operator),)})
                        assert told_by_trying([one]) == use.stricter, (name, rule.id)


def test_the_limits_of_the_law_can_be_tightened_by_members(edition):
    found = uses(edition)
    expected = {"psychotropic_2_days": "lower", "drugs_per_sheet": "lower", "supply_signatures": "higher"}
    assert {name: found[name].stricter for name in expected} == expected


SOURCE = Path(polarity.__file__).resolve().parents[1]


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_parameters_that_code_reads_are_those_that_the_source_names(edition):
    named: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        where = path.relative_to(SOURCE).as_posix()
        if where == "engine/polarity.py" or where.startswith(("library/rows/", "demo/")):
            # The list itself, examples in the descriptions of columns, and who plays at being the desk.
            continue
        words = set(_strings(ast.parse(path.read_text("utf-8")))) & set(edition.formulary.parameters)
        for word in words:
            named.setdefault(word, set()).add(where)
    assert named == {name: set(places) for name, places in READ_BY_CODE.items()}


def test_code_asks_for_parameters_only_by_names_that_can_be_searched_for():
    """A call with a computed name would escape the test above; those there are go over every name."""
    calls = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("parameter", "default")
                and node.args
                and not isinstance(node.args[0], ast.Constant)
            ):
                calls.append((path.relative_to(SOURCE).as_posix(), ast.unparse(node.args[0])))
    assert {where for where, _ in calls} == {
        "engine/review.py", "engine/lint.py", "engine/polarity.py", "engine/proof.py", "facts/resolve.py",
        "library/formulary.py", "bench/engine.py", "cli/rules.py",
    }  # fmt: skip
