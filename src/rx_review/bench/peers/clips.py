"""CLIPS (clipspy): a template a subject, a rule a rule, facts asserted through the template and retracted.

Mappings tried with clipspy 1.0.6, µs a prescription while plain took 21, each with the mend below:

- `Template.assert_fact` with the slots that some rule could accept, one `run`, each fact retracted: 330 (kept);
- the same with `reset` instead of retracting: 326 to 376;
- with every known slot: 446;
- `assert_string`, `load_facts` or `(assert …)` evaluated: 3600 to 14000.

Tests of one slot are literal constraints where they can be and predicates inside the pattern where they cannot,
which the network decides soonest. An absent slot has a default that no rule and no fact has. Which rules fired is
collected by a function; nothing else is done in an action.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import clips
from clips._clips import lib
from clips.facts import Fact

from rx_review.bench.peers.asked import ORDER_SIGNS, Ask, Fired, Inputs, Parameters, conjunctions
from rx_review.domain.review import Subject
from rx_review.engine.language import Program
from rx_review.facts.case import Value

_NO_CODE = "nil"
_NO_NUMBER = "-1"
_WORDS = {"is": "=", "is_not": "<>", **ORDER_SIGNS}

# clipspy 1.0.6 never lets go of a fact: it calls ReleaseFact with an argument too many and swallows the TypeError, and
# CLIPS walks all retracted facts ever after, so that each prescription takes longer than the one before. That would
# not be a fair comparison.
Fact.__del__ = lambda self: lib.ReleaseFact(self._fact)

_Accepted = Mapping[str, frozenset[Value] | None]
"""For each slot the values that some rule accepts; None for a number, where there is no list of them."""


class Clips:
    """CLIPS: one environment for all subjects, one run a prescription."""

    def __init__(self, programs: Mapping[Subject, Program], parameters: Parameters) -> None:
        self._environment = clips.Environment()
        self._hits: Fired = []
        self._environment.define_function(lambda *hit: self._hits.append(hit), name="hit")
        self._templates: dict[Subject, tuple[Callable[..., Any], _Accepted]] = {}
        for subject, program in programs.items():
            rules = dict(conjunctions(program, parameters[subject]))
            asks = [ask for conjunction in rules.values() for ask in conjunction]
            self._environment.build(_template(subject, asks))
            for index, conjunction in rules.items():
                self._environment.build(_rule(subject, index, conjunction))
            template = self._environment.find_template(subject)
            self._templates[subject] = template.assert_fact, _accepted(asks)

    def judge(self, inputs: Inputs) -> Fired:
        """Say which rules certainly fire."""
        self._hits.clear()
        asserted = []
        for subject, cases in inputs.items():
            assert_fact, accepted = self._templates[subject]
            for case, facts in enumerate(cases):
                slots: dict[str, Value] = {"case": case}
                for name, value in facts.items():
                    if name in accepted and ((values := accepted[name]) is None or value in values):
                        slots[name] = value
                asserted.append(assert_fact(**slots))
        self._environment.run()
        for fact in asserted:
            fact.retract()
        return list(self._hits)


def _template(subject: Subject, asks: Iterable[Ask]) -> str:
    defaults = {name: _absent(ask) for ask in asks for name in ask.reads}
    slots = " ".join(f"(slot {name} (default {default}))" for name, default in defaults.items())
    return f"(deftemplate {subject} (slot case) {slots})"


def _rule(subject: Subject, index: int, asks: Sequence[Ask]) -> str:
    names = list(dict.fromkeys(name for ask in asks for name in ask.reads))
    tests: dict[str, list[str]] = {name: [] for name in names}
    for ask in asks:
        if ask.against is None:
            single = sum(ask.fact.name in other.reads for other in asks) == 1
            tests[ask.fact.name] += _constraints(ask, single=single)
        else:
            for name in ask.reads:
                tests[name].append(f"~{_absent(ask)}")
            # Both are bound where the later slot is tested.
            tests[max(ask.reads, key=names.index)].append(f":({_WORDS[ask.operator]} ?{ask.fact.name} ?{ask.against})")
    slots = " ".join(f"({name} {'&'.join([f'?{name}', *found])})" for name, found in tests.items())
    return f"(defrule {subject}-{index} ({subject} (case ?case) {slots}) => (hit {subject} {index} ?case))"


def _constraints(ask: Ask, *, single: bool) -> list[str]:
    name, absent = ask.fact.name, _absent(ask)
    rights = [json.dumps(right, ensure_ascii=False) for right in ask.rights]
    if ask.operator in ORDER_SIGNS:
        test = f":({_WORDS[ask.operator]} ?{name} {rights[0]})"
        # What is absent is less than anything.
        return [f"~{absent}", test] if ask.operator in ("under", "at_most") else [test]
    if single:
        return ["|".join(rights)] if ask.operator == "is" else [f"~{right}" for right in (absent, *rights)]
    # `a|b` binds weaker than `&`, and literals that exclude each other are refused: several tests are predicates.
    if ask.operator == "is_not":
        return [f":(neq ?{name} {' '.join((absent, *rights))})"]
    return [f":(or {' '.join(f'(eq ?{name} {right})' for right in rights)} FALSE)"]


def _absent(ask: Ask) -> str:
    return _NO_CODE if ask.fact.kind == "code" else _NO_NUMBER


def _accepted(asks: Iterable[Ask]) -> _Accepted:
    """What is worth asserting: a value that no rule accepts says no more than an absent one."""
    values: dict[str, set[Value]] = defaultdict(set)
    numbers: set[str] = set()
    for ask in asks:
        if ask.fact.kind == "number":
            numbers.update(ask.reads)
        else:
            known: Iterable[Value] = ask.fact.values if ask.fact.kind == "code" else (0, 1)
            values[ask.fact.name] |= {value for value in known if (value in ask.rights) == (ask.operator == "is")}
    return {**{name: frozenset(found) for name, found in values.items()}, **dict.fromkeys(numbers)}
