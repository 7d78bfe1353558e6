"""zen-engine (GoRules): each subject's rules as one compiled expression, an array of conditions.

Mappings tried with zen-engine 2.1.3, µs a prescription on one machine, plain being 20 and durable 107 there:

- one compiled expression a subject, one evaluation a case, answering an array of booleans: 98 (kept);
- the same answering the matching rules as numbers or as one string: 102 to 110; with `filter`: 210;
- one compiled expression a subject over all cases with `map`: 210;
- one compiled expression a rule: 3100;
- a decision of expression nodes in loop mode, loaded once: 750; the same as decision tables that collect: 800 to 990;
- the context as JSON text instead of a dict: 15 to 50 more.

To order null is an error, so an absent number stands for one that no test passes; equality with null is false.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import zen

from rx_review.bench.peers.asked import SIGNS, Ask, Fired, Inputs, Parameters, conjunctions
from rx_review.domain.review import Subject
from rx_review.engine.language import Program

_BEYOND = 10**18


class Zen:
    """zen-engine: an expression a subject, an evaluation a case."""

    def __init__(self, programs: Mapping[Subject, Program], parameters: Parameters) -> None:
        self._compiled: dict[Subject, tuple[Callable[[Any], list[bool]], tuple[int, ...]]] = {}
        for subject, program in programs.items():
            rules = dict(conjunctions(program, parameters[subject]))
            source = ", ".join(" and ".join(map(_test, asks)) for asks in rules.values())
            self._compiled[subject] = zen.compile_expression(f"[{source}]").evaluate, tuple(rules)

    def judge(self, inputs: Inputs) -> Fired:
        """Say which rules certainly fire."""
        fired: Fired = []
        for subject, cases in inputs.items():
            evaluate, indices = self._compiled[subject]
            for case, facts in enumerate(cases):
                answers = evaluate(facts)
                if True in answers:
                    fired += [(subject, rule, case) for rule, holds in zip(indices, answers, strict=True) if holds]
        return fired


def _test(ask: Ask) -> str:
    left = ask.fact.name
    if ask.against is not None:
        return f"{left} != null and {ask.against} != null and {left} {SIGNS[ask.operator]} {ask.against}"
    rights = [json.dumps(right, ensure_ascii=False) for right in ask.rights]
    if ask.operator == "is":
        equal = " or ".join(f"{left} == {right}" for right in rights)
        return f"({equal})" if len(rights) > 1 else equal
    if ask.operator == "is_not":
        return " and ".join(f"{left} != {right}" for right in ("null", *rights))
    absent = -1 if ask.operator in ("over", "at_least") else _BEYOND
    return f"({left} ?? {absent}) {SIGNS[ask.operator]} {rights[0]}"
