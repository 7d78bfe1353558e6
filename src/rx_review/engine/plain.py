"""The three-valued executor: generated Python that says which rules fire and which cannot be judged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from rx_review.engine.language import NEGATED, Condition, Program, Test
from rx_review.facts.case import Value

_SYMBOLS = {"is": "==", "is_not": "!=", "over": ">", "at_least": ">=", "under": "<", "at_most": "<="}

Inputs = Mapping[str, Value]

Judgement = tuple[list[int], list[int]]
"""Indices of the conditions that fire, and of those that are undetermined."""


class PlainProgram:
    """Conditions of one subject compiled to one Python function."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.source = generate(program)
        scope: dict[str, object] = {}
        exec(compile(self.source, f"<plain:{program.subject}>", "exec"), scope)
        self.judge_all = cast("Callable[[Sequence[Inputs], Inputs], list[Judgement]]", scope["judge_all"])

    def judge(self, facts: Inputs, parameters: Inputs) -> Judgement:
        """Judge one case."""
        return self.judge_all((facts,), parameters)[0]


def generate(program: Program) -> str:
    """Write the function: a rule is looked at further only while no known fact silences it.

    A name that is absent from the facts, or from the parameters in force, is unknown. Names and values come from the
    vocabulary and from checked rules, and are written with `repr`.
    """
    local = {name: f"v{index}" for index, name in enumerate((*program.fields, *program.parameters))}
    given = [f"    {local[name]} = parameters.get({name!r})" for name in program.parameters]
    readers = Counter(
        name for condition in program.conditions for name in {n for t in condition.tests for n in t.reads}
    )
    # What one rule alone reads is looked up only when that rule comes so far.
    once = {name for name in program.fields if readers[name] == 1}
    once -= {test.against for condition in program.conditions for test in condition.tests if test.against is not None}
    body = [f"        {local[name]} = get({name!r})" for name in program.fields if name not in once]
    for index, condition in enumerate(program.conditions):
        body += _branch(index, condition, local, once)
    return "\n".join(
        [
            "def judge_all(cases, parameters):",
            *given,
            "    judged = []",
            "    for facts in cases:",
            "        get = facts.get",
            "        fires = []",
            "        open = []",
            *body,
            "        judged.append((fires, open))",
            "    return judged",
            "",
        ]
    )


def _branch(index: int, condition: Condition, local: Mapping[str, str], once: set[str]) -> list[str]:
    # What few facts have is asked first, so that most rules are done with after one test.
    asked = sorted(condition.when, key=_commonness)
    possible = [_may_hold(test, local, negate=False) for test in asked]
    possible += [_may_hold(test, local, negate=True) for test in condition.unless]
    loads: list[str] = []
    for name in sorted(once & {name for test in condition.tests for name in test.reads}):
        word = re.compile(rf"\b{local[name]}\b")
        first = next((place for place, source in enumerate(possible) if word.search(source)), None)
        if first is None:
            loads.append(f"        {local[name]} = get({name!r})")
        else:
            possible[first] = word.sub(f"({local[name]} := get({name!r}))", possible[first], count=1)
    read = sorted({local[name] for test in condition.tests for name in test.reads})
    unknown = " or ".join(f"{name} is None" for name in read)
    return [
        *loads,
        f"        if {' and '.join(possible) or True}:",
        f"            if {unknown or False}:",
        f"                open.append({index})",
        "            else:",
        f"                fires.append({index})",
    ]


def _commonness(test: Test) -> tuple[bool, bool, bool]:
    """Where a test of `when` is asked: a word that a sheet seldom says first, what may be unknown last."""
    usual = test.right in (0, "none") or test.operator == "is_not"
    return usual, test.fact.absence == "unknown", test.fact.kind == "number"


def _may_hold(test: Test, local: Mapping[str, str], *, negate: bool) -> str:
    """Source that is false only if the test (or its negation) certainly does not hold."""
    left = local[test.fact.name]
    if isinstance(test.right, tuple):
        word = "not in" if negate else "in"
        return f"({left} is None or {left} {word} {test.right!r})"
    symbol = _SYMBOLS[NEGATED[test.operator] if negate else test.operator]
    if test.against is None:
        return f"({left} is None or {left} {symbol} {test.right!r})"
    right = local[test.against]
    return f"({left} is None or {right} is None or {left} {symbol} {right})"
