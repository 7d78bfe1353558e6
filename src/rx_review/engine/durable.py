"""The only user of durable-rules: its C engine, in the subset that random testing proved right.

One pattern a rule, tests on one fact only, integers and codes. Facts are asserted, never posted: an event feeds
only the first rule that matches. Each fact carries its own id: generated ids are compared by a 32-bit hash. One
ruleset handle keeps one state for ever: states are found by a 32-bit hash of their name, and deleting one that
fired nothing crashes. A sentinel rule, defined last on a fact asserted last, must fire exactly once a review;
its literal is Chinese, because a ruleset written with another encoder than the facts never matches. No actions:
an exception in an action is swallowed, so the driver reads which rules fired and does nothing else.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

import durable_rules_engine

from rx_review.engine.language import GREATEST, NEGATED, Condition, Program, Test, Value
from rx_review.errors import EngineError, Fault

FIRST_TESTS = 400
PENDING = 60
PROPERTIES = 250
ALTERNATIVES = 100
TEXT = 200

_STATE = "review"
_SENTINEL = {"id": "sentinel", "sid": _STATE, "sentinel": "末"}
_OPERATORS = {"is_not": "$neq", "over": "$gt", "at_least": "$gte", "under": "$lt", "at_most": "$lte"}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_names = count()

# The engine's own codes: 0 = a rule may fire, 1 = clean, nothing matched; anything else is an error.
_ACCEPTED = (0, 1)

Fired = list[tuple[int, int]]
"""Pairs of condition index and fact index."""


class DurableProgram:
    """Conditions of one subject in as many C rulesets as its bounds ask for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._shards = [_Ruleset(shard, program) for shard in shards(program.conditions)]

    def fire(self, facts: Sequence[Mapping[str, Value]]) -> Fired:
        """Say which conditions certainly hold for which facts. Absent facts are unknown and never hold.

        Raises:
            EngineError: if the engine reported an error or lost facts; its ruleset was rebuilt.
        """
        fired: Fired = []
        for shard in self._shards:
            fired += shard.fire(facts)
        return fired


class _Ruleset:
    """One C ruleset and its one state."""

    def __init__(self, conditions: Sequence[tuple[int, Condition]], program: Program) -> None:
        tests = [test for _, condition in conditions for test in condition.tests]
        self._fields = tuple(sorted({name for test in tests for name in test.reads}))
        prove_bounds(conditions, self._fields)
        self._definition = _encode(definition(conditions))
        self._lock = threading.Lock()
        self._subject = program.subject
        self._build()

    def _build(self) -> None:
        self._handle = durable_rules_engine.create_ruleset(f"{self._subject}-{next(_names)}", self._definition)
        self._slot: int | None = None

    def fire(self, facts: Sequence[Mapping[str, Value]]) -> Fired:
        with self._lock:
            try:
                return self._fire(facts)
            except EngineError:
                self._rebuild()
                raise
            except Exception as error:
                # The extension raises bare exceptions for its error numbers.
                self._rebuild()
                raise _failure(f"{type(error).__name__}: {error}") from error

    def _rebuild(self) -> None:
        durable_rules_engine.delete_ruleset(self._handle)
        self._build()

    def _fire(self, facts: Sequence[Mapping[str, Value]]) -> Fired:
        messages = [self._message(index, fact) for index, fact in enumerate(facts)]
        messages.append(_encode(_SENTINEL))
        for message in messages:
            self._accept(durable_rules_engine.assert_fact(self._handle, message))
        fired: Fired = []
        sentinels = 0
        for rule, fact in self._drain():
            if rule == "sentinel":
                sentinels += 1
            else:
                fired.append((int(rule[1:]), int(fact)))
        if sentinels != 1:
            raise _failure(f"the sentinel fired {sentinels} times")
        for message in messages:
            self._accept(durable_rules_engine.retract_fact(self._handle, message))
        return fired

    def _message(self, index: int, fact: Mapping[str, Value]) -> str:
        values: dict[str, Value] = {"id": str(index), "sid": _STATE}
        for name in self._fields:
            if name in fact:
                values[name] = fact[name]
        return _encode(values)

    def _accept(self, answer: tuple[int, int]) -> None:
        code, slot = answer
        if self._slot is None:
            self._slot = slot
        if code not in _ACCEPTED or slot != self._slot:
            # A wild slot means that the engine read past its input; nothing it says can be believed.
            raise _failure(f"code {code}, slot {slot}")

    def _drain(self) -> Iterator[tuple[str, str]]:
        started = durable_rules_engine.start_action_for_state(self._handle, self._slot)
        result = started[1] if started else None
        while result is not None:
            for rule, frame in json.loads(result).items():
                yield rule, frame["m"]["id"]
            result = durable_rules_engine.complete_and_start_action(self._handle, self._slot)


def definition(conditions: Iterable[tuple[int, Condition]]) -> Mapping[str, object]:
    """The ruleset in the engine's own form; the sentinel is defined last."""
    rules: dict[str, object] = {
        f"r{index}": {"all": [{"m": _conjunction(ordered_tests(condition))}]} for index, condition in conditions
    }
    rules["sentinel"] = {"all": [{"m": {"sentinel": _SENTINEL["sentinel"]}}]}
    return rules


def ordered_tests(condition: Condition) -> list[Test | tuple[Test]]:
    """Tests with the most discriminating first: a code, a raised flag, an order, then the rest.

    An exception comes as a one-tuple: what must hold is its negation.
    """
    tests: list[Test | tuple[Test]] = [*condition.when, *((test,) for test in condition.unless)]
    return sorted(tests, key=_discrimination)


def _discrimination(test: Test | tuple[Test]) -> int:
    if isinstance(test, tuple):
        return 5
    if test.operator == "is" and test.against is None:
        # The topic of a concern splits its cases best; other codes follow, then flags.
        return 0 if test.fact.name == "topic" else 1 if test.fact.kind == "code" else 2
    return 4 if isinstance(test.right, tuple) or test.operator == "is_not" else 3


def _conjunction(tests: Sequence[Test | tuple[Test]]) -> object:
    parts = [part for test in tests for part in (_negated(test[0]) if isinstance(test, tuple) else [_positive(test)])]
    return parts[0] if len(parts) == 1 else {"$and": parts}


def _positive(test: Test) -> object:
    if isinstance(test.right, tuple):
        return {"$or": [{test.fact.name: value} for value in test.right]}
    return _comparison(test.fact.name, test.operator, test)


def _negated(test: Test) -> list[object]:
    if isinstance(test.right, tuple):
        return [{"$neq": {test.fact.name: value}} for value in test.right]
    return [_comparison(test.fact.name, NEGATED[test.operator], test)]


def _comparison(name: str, operator: str, test: Test) -> object:
    right: object = {"$m": test.against} if test.against is not None else test.right
    return {name: right} if operator == "is" else {_OPERATORS[operator]: {name: right}}


def shards(conditions: Sequence[Condition]) -> Iterator[list[tuple[int, Condition]]]:
    """Split conditions so that no ruleset can have too many tests open for one fact."""
    shard: list[tuple[int, Condition]] = []
    for numbered in enumerate(conditions):
        if shard and (pending([*shard, numbered]) > PENDING or len(shard) >= FIRST_TESTS - 1):
            yield shard
            shard = []
        shard.append(numbered)
    if shard:
        yield shard


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


def prove_bounds(conditions: Sequence[tuple[int, Condition]], fields: Sequence[str]) -> None:
    """Prove what the C engine needs and does not check itself.

    Raises:
        EngineError: if a bound does not hold.
    """
    names = [*fields, "id", "sid", "sentinel"]
    if len({fnv1(name) for name in names}) != len(names):
        raise _failure("two fact names share a 32-bit hash")
    if len(names) > PROPERTIES:
        raise _failure(f"{len(names)} properties in one fact, at most {PROPERTIES}")
    if len(conditions) >= FIRST_TESTS or pending(conditions) > PENDING:
        raise _failure("too many tests under one node")
    for _, condition in conditions:
        for test in condition.tests:
            rights = test.right if isinstance(test.right, tuple) else (test.right,)
            if len(rights) > ALTERNATIVES:
                raise _failure(f"{condition.rule.name}: more than {ALTERNATIVES} alternatives")
            for right in rights:
                if isinstance(right, int) and not 0 <= right <= GREATEST:
                    raise _failure(f"{condition.rule.name}: {right} is beyond what the engine compares exactly")
                if isinstance(right, str) and len(right) > TEXT:
                    raise _failure(f"{condition.rule.name}: a text of more than {TEXT} characters")


def fnv1(name: str) -> int:
    """The 32-bit FNV-1 hash by which the engine finds a property."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value * 0x01000193) & 0xFFFFFFFF ^ byte
    return value


def _failure(what: str) -> EngineError:
    return EngineError(
        Fault("engine", what, "review the prescription by hand", f"规则引擎异常（{what}），请人工审核")
    )
