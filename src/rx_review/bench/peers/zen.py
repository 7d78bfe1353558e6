"""zen-engine (GoRules): one decision (JDM) with a decision table a subject, and, apart, its bare expressions.

Mappings of the decision tried with zen-engine 2.1.3, CPU µs a prescription, plain being 36 there:

- a table a subject, one column of conditions, one output that names the rule, hit policy collect; all tables in one
  decision, each in loop mode over the cases of its subject, one evaluation a prescription: 265 to 280 (kept);
- the same with an output node: 265 to 290; a decision a subject: 290 to 320; one evaluation a case: 340 to 350;
- tables with a column a fact, cells as unary tests: one decision 290, a decision a subject 300 to 370, a case 370;
- expression nodes, an expression a rule: one decision 470, a decision a subject 510 to 540, a case 610;
- the context as JSON text instead of a dict: 90 more; `evaluate_batch`: 670; only what some rule accepts: no less;
- a loader function that answers `ZenDecisionContent` instead of the static loader: 50 more;
- `create_decision(…).evaluate` instead of `ZenEngine.evaluate`: some 200 more for each evaluation, whatever is in it.

As one compiled expression a subject, 98 while plain took 20: an array of booleans, one evaluation a case (kept);
the matching rules as numbers or text 102 to 110, with `filter` or over all cases with `map` 210, one a rule 3100.

To order null is an error, so an absent number stands for one that no test passes; equality with null is false.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import zen

from rx_review.bench.peers.asked import SIGNS, Ask, Fired, Inputs, Parameters, conjunctions
from rx_review.domain.review import Subject
from rx_review.engine.language import Program

_BEYOND = 10**18
_KEY = "review"
_PATH = "told_of_"


class Zen:
    """zen-engine: rules as rows of decision tables that collect, one evaluation a prescription."""

    def __init__(self, programs: Mapping[Subject, Program], parameters: Parameters) -> None:
        tables = [_table(subject, program, parameters[subject]) for subject, program in programs.items()]
        asked = {"id": "asked", "type": "inputNode", "name": "asked", "content": {}}
        edges = [{"id": table["id"], "type": "edge", "sourceId": "asked", "targetId": table["id"]} for table in tables]
        loader: Any = {"type": "static", "content": {_KEY: {"nodes": [asked, *tables], "edges": edges}}}
        self._evaluate: Callable[[str, Any], Any] = zen.ZenEngine({"loader": loader}).evaluate
        # To loop over what is not there is an error.
        self._nothing: Inputs = {subject: () for subject in programs}

    def judge(self, inputs: Inputs) -> Fired:
        """Say which rules certainly fire."""
        told = self._evaluate(_KEY, {**self._nothing, **inputs})["result"]
        fired: Fired = []
        for subject in inputs:
            for case, rows in enumerate(told[_PATH + subject]):
                if rows:
                    fired += [(subject, row["rule"], case) for row in rows]
        return fired


class ZenExpression:
    """zen-engine's expressions alone: all rules of a subject in one text, which answers an array of booleans.

    This is not how its documentation would have rules kept: what makes it a rule engine is given up, there are no
    rows, no names of rules and no trace of what held. It bounds what the evaluator could do at best, no more.
    """

    def __init__(self, programs: Mapping[Subject, Program], parameters: Parameters) -> None:
        self._compiled: dict[Subject, tuple[Callable[[Any], list[bool]], tuple[int, ...]]] = {}
        for subject, program in programs.items():
            rules = dict(conjunctions(program, parameters[subject]))
            source = ", ".join(map(_condition, rules.values()))
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


def _table(subject: Subject, program: Program, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The decision table of a subject: a column without a field, whose cells are whole conditions, and the rule."""
    rules = conjunctions(program, parameters)
    content = {
        "hitPolicy": "collect",
        "inputs": [{"id": "when", "name": "when"}],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": [{"_id": f"{index}", "when": _condition(asks), "rule": f"{index}"} for index, asks in rules],
        "passThrough": False,
        "executionMode": "loop",
        "inputField": subject,
        "outputPath": _PATH + subject,
    }
    return {"id": subject, "type": "decisionTableNode", "name": subject, "content": content}


def _condition(asks: Sequence[Ask]) -> str:
    return " and ".join(map(_test, asks))


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
