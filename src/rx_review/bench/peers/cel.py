"""Common Expression Language (Python bindings of the Rust implementation): a compiled program a subject.

Mappings tried with common-expression-language 0.10.0, µs a prescription, plain being 20 there:

- one program a subject, one execution a case, answering the rules that fire as one string: 300 (kept);
- the same answering a list of booleans: 440; with `filter`: 450;
- one program a rule, one `Context` a case: 410 to 530;
- the facts below one variable instead of a variable each: 950, with `has()` for absent facts 1120;
- one program over all cases with `map`: 1090 to 1310;
- one `Context` a prescription, updated for each case: 570; a variable resolver: 570 to 700.

Two thirds of it is turning facts into CEL values. A variable that is absent is an error, so absent facts get a value
that no rule and no fact has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import cel

from rx_review.bench.peers.asked import SIGNS, Ask, Fired, Inputs, Parameters, conjunctions
from rx_review.domain.review import Subject
from rx_review.engine.language import Program
from rx_review.facts.case import Value

_NO_CODE = ""
_NO_NUMBER = -1


class Cel:
    """CEL: a program a subject, an execution a case."""

    def __init__(self, programs: Mapping[Subject, Program], parameters: Parameters) -> None:
        self._compiled: dict[Subject, tuple[Callable[[Any], str], Mapping[str, Value]]] = {}
        for subject, program in programs.items():
            rules = dict(conjunctions(program, parameters[subject]))
            parts = [f'({" && ".join(map(_test, asks))} ? "{index} " : "")' for index, asks in rules.items()]
            execute = cel.compile(" + ".join(parts) or '""').execute
            absent = {name: _NO_NUMBER for asks in rules.values() for ask in asks for name in ask.reads}
            codes = {ask.fact.name: _NO_CODE for asks in rules.values() for ask in asks if ask.fact.kind == "code"}
            self._compiled[subject] = execute, {**absent, **codes}

    def judge(self, inputs: Inputs) -> Fired:
        """Say which rules certainly fire."""
        fired: Fired = []
        for subject, cases in inputs.items():
            execute, absent = self._compiled[subject]
            for case, facts in enumerate(cases):
                fired += [(subject, int(rule), case) for rule in execute({**absent, **facts}).split()]
        return fired


def _test(ask: Ask) -> str:
    left = ask.fact.name
    absent = json.dumps(_NO_CODE if ask.fact.kind == "code" else _NO_NUMBER)
    if ask.against is not None:
        return f"{left} != {absent} && {ask.against} != {absent} && {left} {SIGNS[ask.operator]} {ask.against}"
    rights = [json.dumps(right, ensure_ascii=False) for right in ask.rights]
    if ask.operator == "is":
        equal = " || ".join(f"{left} == {right}" for right in rights)
        return f"({equal})" if len(rights) > 1 else equal
    if ask.operator == "is_not":
        return " && ".join(f"{left} != {right}" for right in (absent, *rights))
    test = f"{left} {SIGNS[ask.operator]} {rights[0]}"
    # What is absent is less than anything.
    return f"{left} != {absent} && {test}" if ask.operator in ("under", "at_most") else test
