"""What the C engine needs and does not check itself: bounds proved before a ruleset is compiled."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rx_review.engine.fact_json import short_names
from rx_review.engine.language import GREATEST, Condition, Test
from rx_review.errors import EngineError, Fault

FIRST_TESTS = 400
PENDING = 60
PROPERTIES = 250
ALTERNATIVES = 100
TEXT = 200


def ordered_tests(condition: Condition) -> list[Test | tuple[Test]]:
    """Tests with the most discriminating first: a code, a raised flag, an order, then the rest.

    An exception comes as a one-tuple: what must hold is its negation.
    """
    tests: list[Test | tuple[Test]] = [*condition.when, *((test,) for test in condition.unless)]
    return sorted(tests, key=_discrimination)


def _discrimination(test: Test | tuple[Test]) -> int:
    """Where a test stands: what few facts pass comes first, what most pass comes last."""
    if isinstance(test, tuple):
        return 7
    if test.operator == "is" and test.against is None:
        if test.fact.name == "topic":
            return 0
        usual = test.right in ("none", 0)
        inherited = test.fact.subject == "prescription"
        return 5 if usual else 4 if inherited else 1 if test.fact.kind == "code" else 2
    return 6 if isinstance(test.right, tuple) or test.operator == "is_not" else 3


def shards(conditions: Iterable[tuple[int, Condition]]) -> Iterator[list[tuple[int, Condition]]]:
    """Split numbered conditions so that no ruleset can have too many tests open for one fact."""
    shard: list[tuple[int, Condition]] = []
    for numbered in conditions:
        if shard and (pending([*shard, numbered]) > PENDING or breadth([*shard, numbered]) >= FIRST_TESTS):
            yield shard
            shard = []
        shard.append(numbered)
    if shard:
        yield shard


def breadth(conditions: Iterable[tuple[int, Condition]]) -> int:
    """A bound on the different tests under one node: each rule adds one, or as many as its longest list has."""
    return sum(
        max(len(test.right) if isinstance(test.right, tuple) else 1 for test in condition.tests)
        for _, condition in conditions
    )


def pending(conditions: Iterable[tuple[int, Condition]]) -> int:
    """A bound on the tests that one fact can leave open: equal tests on one property exclude each other."""
    by_value: dict[str, Counter[object]] = defaultdict(Counter)
    others = 0
    for _, condition in conditions:
        first = ordered_tests(condition)[0]
        if isinstance(first, Test) and first.operator == "is" and first.against is None:
            by_value[first.fact.name][first.right] += 1
        else:
            others += 1
    return others + sum(max(values.values()) for values in by_value.values())


def prove_bounds(conditions: Sequence[tuple[int, Condition]], fields: Iterable[str]) -> None:
    """Prove what the C engine needs and does not check itself.

    Raises:
        EngineError: if a bound does not hold.
    """
    names = [*fields, "id", "sid", "sentinel"]
    if len({fnv1a(name) for name in names}) != len(names):
        raise engine_failure("two fact names share a 32-bit hash")
    if len(names) > PROPERTIES:
        raise engine_failure(f"{len(names)} properties in one fact, at most {PROPERTIES}")
    if breadth(conditions) >= FIRST_TESTS or pending(conditions) > PENDING:
        raise engine_failure("too many tests under one node")
    for _, condition in conditions:
        for test in condition.tests:
            rights = test.right if isinstance(test.right, tuple) else (test.right,)
            if len(rights) > ALTERNATIVES:
                raise engine_failure(f"{condition.rule.name}: more than {ALTERNATIVES} alternatives")
            for right in rights:
                if isinstance(right, int) and not 0 <= right <= GREATEST:
                    raise engine_failure(f"{condition.rule.name}: {right} is beyond what the engine compares exactly")
                if isinstance(right, str) and len(right) > TEXT:
                    raise engine_failure(f"{condition.rule.name}: a text of more than {TEXT} characters")


def fnv1a(name: str) -> int:
    """The 32-bit FNV-1a hash by which the engine finds a property."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def engine_failure(what: str) -> EngineError:
    """The error of an engine that cannot be believed."""
    return EngineError(Fault("engine", what, "review the prescription by hand", f"规则引擎异常（{what}），请人工审核"))


def prove_shard(conditions: Sequence[tuple[int, Condition]]) -> None:
    """Prove that the engine can hold a ruleset of these conditions.

    Raises:
        EngineError: if it cannot.
    """
    names = sorted({name for _, condition in conditions for test in condition.tests for name in test.reads})
    prove_bounds(conditions, short_names(names).values())
