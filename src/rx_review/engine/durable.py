"""The only user of durable-rules: its C engine, in the subset that random testing proved right.

One pattern a rule, tests on one fact only, integers and codes; a comparison with another property asks first
whether that one is there. Facts are asserted, never posted: an event feeds only the first rule that matches. Each
fact carries its own id: generated ids are compared by a 32-bit hash. One ruleset handle keeps one state for ever:
states are found by a 32-bit hash of their name, and deleting one that fired nothing crashes. A sentinel rule,
defined last on a fact asserted last, must fire exactly once a review; its literal is Chinese, because a ruleset
written with another encoder than the facts never matches. No actions: an exception in an action is swallowed, so
the driver reads which rules fired and does nothing else.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

import durable_rules_engine

from rx_review.engine.bounds import engine_failure, ordered_tests, prove_shard, shards
from rx_review.engine.fact_json import STATE, encode, short_names, write_encoder
from rx_review.engine.gates import Gate, gates, write_opener
from rx_review.engine.language import NEGATED, Condition, Program, Test, bind
from rx_review.errors import EngineError
from rx_review.facts.case import Value

_LAST = "末"
_SENTINEL = f'{{"id":"sentinel","sid":"{STATE}","sentinel":"{_LAST}"}}'
_SENTINEL_FIRED = f'{{"sentinel":{{"m":{_SENTINEL}}}}}'
# The engine prints the rule and the whole fact; the id is written first, so it stands first.
_FIRED = re.compile(r'\{"r(\d+)":\{"m":\{"id":"(\d+)",')
_OPERATORS = {"is_not": "$neq", "over": "$gt", "at_least": "$gte", "under": "$lt", "at_most": "$lte"}
_names = count()

# Sets of parameters with rulesets of their own: the county's, and those of the members first met.
_BOUND = 8

# Mappings remembered by identity: members with settings of their own, times the periods reviewed at one time.
_KNOWN = 1_024

# The engine's own codes: 0 = a rule may fire, 1 = clean, nothing matched; anything else is an error.
_ACCEPTED = (0, 1)
_CLEAN = 1

Fired = list[tuple[int, int]]
"""Pairs of condition index and fact index."""


class DurableProgram:
    """Conditions of one subject in as many C rulesets as its bounds ask for.

    Parameters that come again and again are written into rulesets of their own as literals, which is faster; for
    others they travel with every fact, since a ruleset takes memory that the engine does not give back.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._numbered = list(enumerate(program.conditions))
        self._known: dict[int, tuple[Mapping[str, Value], _Gated]] = {}
        self._bound: dict[frozenset[tuple[str, Value]], _Gated] = {}
        # Proved now, compiled when it is needed: most programs never need it.
        self._unbound: _Gated | None = None
        for gate in gates(self._numbered):
            for shard in shards(gate.conditions):
                prove_shard(shard)

    def fire(self, facts: Sequence[Mapping[str, Value]], parameters: Mapping[str, Value]) -> Fired:
        """Say which conditions certainly hold for which facts. Absent facts are unknown and never hold.

        `parameters` are the resolved `$names` of the day and member, by property.

        Raises:
            EngineError: if the engine reported an error or lost facts; its ruleset was rebuilt.
        """
        return self._gated(parameters).fire(facts, parameters)

    def rulesets(self, parameters: Mapping[str, Value]) -> list[_Ruleset]:
        """The rulesets that judge under these parameters, behind whatever gates."""
        return self._gated(parameters).rulesets()

    def _gated(self, parameters: Mapping[str, Value]) -> _Gated:
        # By identity first: a caller keeps one mapping for each period and member, and so does this, so that no
        # other can get its place in memory.
        kept = self._known.get(id(parameters))
        if kept is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            kept = self._known[id(parameters)] = (parameters, self._choose(parameters))
        return kept[1]

    def unbound(self) -> list[_Ruleset]:
        """The rulesets that read parameters from each fact."""
        return self._without_bounds().rulesets()

    def _without_bounds(self) -> _Gated:
        if self._unbound is None:
            self._unbound = _Gated(gates(self._numbered), self.program)
        return self._unbound

    def _choose(self, parameters: Mapping[str, Value]) -> _Gated:
        key = frozenset(parameters.items())
        if key not in self._bound:
            if len(self._bound) >= _BOUND:
                return self._without_bounds()
            numbered = [(n, bound) for n, c in self._numbered if (bound := bind(c, parameters)) is not None]
            self._bound[key] = _Gated(gates(numbered), self.program)
        return self._bound[key]


class _Gated:
    """The rulesets of a program behind their gates, each compiled when its gate first opens."""

    def __init__(self, found: Sequence[Gate], program: Program) -> None:
        self._opened = write_opener(found)
        self._shards = [list(shards(gate.conditions)) for gate in found]
        self._compiled: list[list[_Ruleset] | None] = [None] * len(found)
        self._program = program

    def rulesets(self) -> list[_Ruleset]:
        """Every ruleset, compiled."""
        return [ruleset for place in range(len(self._shards)) for ruleset in self._behind(place)]

    def _behind(self, place: int) -> list[_Ruleset]:
        compiled = self._compiled[place]
        if compiled is None:
            compiled = self._compiled[place] = [_Ruleset(shard, self._program) for shard in self._shards[place]]
        return compiled

    def fire(self, facts: Sequence[Mapping[str, Value]], parameters: Mapping[str, Value]) -> Fired:
        """What fires among the facts that each gate lets through."""
        try:
            opened = self._opened(facts)
        except TypeError as error:
            raise engine_failure(f"a value that is no number: {error}") from error
        fired: Fired = []
        for place, through in enumerate(opened):
            if through:
                numbered = [(index, facts[index]) for index in through]
                for ruleset in self._behind(place):
                    fired += ruleset.fire(numbered, parameters)
        return fired


class _Ruleset:
    """One C ruleset and its one state."""

    def __init__(self, conditions: Sequence[tuple[int, Condition]], program: Program) -> None:
        tests = [test for _, condition in conditions for test in condition.tests]
        names = {name for test in tests for name in test.reads}
        self._parameters = tuple(sorted(names & set(program.parameters)))
        self._given: Mapping[str, Value] | None = None
        self._ending = "}"
        self._short = short_names(sorted(names))
        prove_shard(conditions)
        self._definition = encode(definition(conditions, self._short))
        self._message = write_encoder(conditions, sorted(names - set(self._parameters)), self._short)
        self._lock = threading.Lock()
        self._subject = program.subject
        self._build()

    def _build(self) -> None:
        self._handle = durable_rules_engine.create_ruleset(f"{self._subject}-{next(_names)}", self._definition)
        self._slot: int | None = None
        self._expected: tuple[tuple[int, int], ...] = ()
        self._unmatched: tuple[int, int] | None = None

    def fire(self, facts: Sequence[tuple[int, Mapping[str, Value]]], parameters: Mapping[str, Value]) -> Fired:
        """What fires among numbered facts."""
        with self._lock:
            try:
                return self._fire(facts, self._tail(parameters))
            except EngineError:
                self._rebuild()
                raise
            except Exception as error:
                # The extension raises bare exceptions for its error numbers.
                self._rebuild()
                raise engine_failure(f"{type(error).__name__}: {error}") from error

    def _rebuild(self) -> None:
        durable_rules_engine.delete_ruleset(self._handle)
        self._build()

    def _tail(self, parameters: Mapping[str, Value]) -> str:
        """The parameters that some test of this ruleset reads, as the end of each fact."""
        if not self._parameters:
            return "}"
        if self._given is not parameters:
            read = (f',"{self._short[name]}":{parameters[name]:d}' for name in self._parameters if name in parameters)
            self._given, self._ending = parameters, "".join(read) + "}"
        return self._ending

    def _fire(self, facts: Sequence[tuple[int, Mapping[str, Value]]], ending: str) -> Fired:
        handle, message = self._handle, self._message
        assert_fact, retract_fact = durable_rules_engine.assert_fact, durable_rules_engine.retract_fact
        matched: list[int] = []
        for index, fact in facts:
            answer = assert_fact(handle, message(index, fact.get) + ending)
            if answer != self._unmatched:
                self._accept(answer)
                if answer[0] != _CLEAN:
                    matched.append(index)
        self._accept(assert_fact(handle, _SENTINEL))
        fired = self._drain()
        for index in matched:
            # A fact that matched nothing was not kept: there is nothing to retract.
            self._accept(retract_fact(handle, f'{{"id":"{index}","sid":"{STATE}"}}'))
        self._accept(retract_fact(handle, _SENTINEL))
        return fired

    def _accept(self, answer: tuple[int, int]) -> None:
        if answer in self._expected:
            return
        code, slot = answer
        if self._slot is not None or code not in _ACCEPTED:
            # A wild slot means that the engine read past its input; nothing it says can be believed.
            raise engine_failure(f"code {code}, slot {slot}")
        self._slot = slot
        self._expected = tuple((accepted, slot) for accepted in _ACCEPTED)
        self._unmatched = (_CLEAN, slot)

    def _drain(self) -> Fired:
        """What the engine says has fired, beside the sentinel, which must have fired once."""
        handle, slot = self._handle, self._slot
        proceed = durable_rules_engine.complete_and_start_action
        started = durable_rules_engine.start_action_for_state(handle, slot)
        result = started[1] if started else None
        fired: Fired = []
        sentinels = 0
        while result is not None:
            if result == _SENTINEL_FIRED:
                sentinels += 1
            elif match := _FIRED.match(result):
                fired.append((int(match[1]), int(match[2])))
            else:
                raise engine_failure(f"an answer that cannot be read: {result[:80]}")
            result = proceed(handle, slot)
        if sentinels != 1:
            raise engine_failure(f"the sentinel fired {sentinels} times")
        return fired


def definition(conditions: Iterable[tuple[int, Condition]], short: Mapping[str, str]) -> Mapping[str, object]:
    """The ruleset in the engine's own form; the sentinel is defined last."""
    rules: dict[str, object] = {
        f"r{index}": {"all": [{"m": _conjunction(ordered_tests(condition), short)}]} for index, condition in conditions
    }
    rules["sentinel"] = {"all": [{"m": {"sentinel": _LAST}}]}
    return rules


def _conjunction(tests: Sequence[Test | tuple[Test]], short: Mapping[str, str]) -> object:
    parts: list[object] = []
    for test in tests:
        asked = test[0] if isinstance(test, tuple) else test
        if asked.against is not None:
            # Against an absent property the engine compares with what the test before left in memory.
            parts.append({"$ex": {short[asked.against]: 1}})
        if isinstance(test, tuple):
            parts += _negated(test[0], short)
        else:
            parts.append(_positive(test, short))
    return parts[0] if len(parts) == 1 else {"$and": parts}


def _positive(test: Test, short: Mapping[str, str]) -> object:
    if isinstance(test.right, tuple):
        return {"$or": [{short[test.fact.name]: value} for value in test.right]}
    return _comparison(test, test.operator, short)


def _negated(test: Test, short: Mapping[str, str]) -> list[object]:
    if isinstance(test.right, tuple):
        return [{"$neq": {short[test.fact.name]: value}} for value in test.right]
    return [_comparison(test, NEGATED[test.operator], short)]


def _comparison(test: Test, operator: str, short: Mapping[str, str]) -> object:
    right: object = {"$m": short[test.against]} if test.against is not None else test.right
    comparison = {short[test.fact.name]: right}
    return comparison if operator == "is" else {_OPERATORS[operator]: comparison}
