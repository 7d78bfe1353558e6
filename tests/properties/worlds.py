"""Small closed vocabularies, rules over them and facts about them, for tests that make their own."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from rx_review.engine.language import (
    GREATEST,
    ORDERING,
    Condition,
    Program,
    Test,
    parameter_property,
    program_of,
)
from rx_review.facts.vocabulary import Fact
from rx_review.library.rule import Rule

Facts = dict[str, int | str]

# Prefixes of each other, spaces and Chinese: where the engine's string comparison was seen to go wrong.
CODES = ("a", "ab", "ab c", "ab!", "青霉素", "青霉素 V", "阿莫西林", "none", "0", "1")
NUMBERS = (0, 1, 2, 3, 7, 10, 700, 701, 2**31, 2**32 + 1, GREATEST - 1, GREATEST)


@dataclass(frozen=True)
class World:
    """A vocabulary and the names of parameters."""

    facts: tuple[Fact, ...]
    parameters: tuple[str, ...]


def flag(name: str) -> Fact:
    return Fact(name, "line", "flag", name, name, "unknown")


def number(name: str) -> Fact:
    return Fact(name, "line", "number", name, name, "unknown")


def code(name: str, values: tuple[str, ...]) -> Fact:
    return Fact(name, "line", "code", name, name, "unknown", "", values=values)


def rule_of(name: str, when: tuple[Test, ...], unless: tuple[Test, ...] = ()) -> Condition:
    """A condition as the executors take it; its rule is no more than a name."""
    return Condition(Rule.model_construct(name=name, about="line", status="active"), when, unless, name, (), ())


def program(*conditions: Condition) -> Program:
    return program_of("line", conditions)


def make_world(choose: random.Random) -> World:
    facts = [flag(f"f{index}") for index in range(choose.randint(1, 4))]
    facts += [number(f"n{index}") for index in range(choose.randint(1, 4))]
    facts += [
        code(
            choose.choice(("topic", "kind", "grade")) + f"{index}",
            tuple(choose.sample(CODES, choose.randint(2, 6))),
        )
        for index in range(choose.randint(1, 3))
    ]
    return World(tuple(facts), tuple(f"limit_{index}" for index in range(choose.randint(0, 2))))


def make_test(choose: random.Random, world: World) -> Test:
    fact = choose.choice(world.facts)
    if fact.kind == "flag":
        return Test(fact, choose.choice(("is", "is", "is_not")), choose.randint(0, 1))
    if fact.kind == "code":
        if choose.random() < 0.4:
            return Test(fact, "is_one_of", tuple(choose.sample(fact.values, choose.randint(2, len(fact.values)))))
        return Test(fact, choose.choice(("is", "is", "is_not")), choose.choice(fact.values))
    operator = choose.choice(("is", "is_not", *sorted(ORDERING)))
    if world.parameters and choose.random() < 0.3:
        name = choose.choice(world.parameters)
        return Test(fact, operator, None, parameter_property(name, 0), name)
    if choose.random() < 0.3:
        other = choose.choice([other for other in world.facts if other.kind == "number"])
        return Test(fact, operator, None, other.name)
    return Test(fact, operator, choose.choice(NUMBERS))


def make_rule(choose: random.Random, world: World, name: str) -> Condition:
    when = tuple(make_test(choose, world) for _ in range(choose.choice((1, 1, 2, 2, 3, 4))))
    unless = tuple(make_test(choose, world) for _ in range(choose.choice((0, 0, 0, 1, 2, 3))))
    return rule_of(name, when, unless)


def make_facts(choose: random.Random, world: World, known: float = 0.8) -> Facts:
    facts: Facts = {}
    for fact in world.facts:
        if choose.random() < known:
            values: tuple[int | str, ...] = {"flag": (0, 1), "code": fact.values, "number": NUMBERS}[fact.kind]
            facts[fact.name] = choose.choice(values)
    return facts


def make_parameters(choose: random.Random, world: World, known: float = 0.8) -> Facts:
    """What each `$name` stands for; one that is left out is not in force."""
    names = [parameter_property(name, 0) for name in world.parameters if choose.random() < known]
    return {name: choose.choice(NUMBERS) for name in names}


def shown(condition: Condition) -> Mapping[str, list[str]]:
    """A rule as a person reads it."""
    return {
        side: [f"{test.fact.name} {test.operator} {test.against or test.right!r}" for test in tests]
        for side, tests in (("when", condition.when), ("unless", condition.unless))
    }
