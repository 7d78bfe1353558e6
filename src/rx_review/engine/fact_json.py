"""How a fact is handed to the C engine: short names, and no more JSON than some test could accept."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from rx_review.engine.language import Condition
from rx_review.facts.case import Value

STATE = "review"
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def short_names(names: Iterable[str]) -> Mapping[str, str]:
    """A name of two letters for each property: the engine reads every byte of every fact."""
    return {name: f"{chr(97 + index // 26 % 26)}{chr(97 + index % 26)}" for index, name in enumerate(names)}


def write_encoder(
    conditions: Sequence[tuple[int, Condition]], fields: Sequence[str], short: Mapping[str, str]
) -> Callable[[int, Callable[[str], Value | None]], str]:
    """Write the function that puts one fact into JSON but for its end: id first, then what some test could accept.

    A flag or code that no test of the ruleset accepts is left out: an absent fact never holds, so it changes
    nothing, and what a fact costs grows with its length. Names and codes come from the closed vocabulary and are
    plain ASCII words; numbers are integers.
    """
    accepted = _accepted(conditions)
    scope: dict[str, object] = {}
    parts = []
    for position, name in enumerate(fields):
        values = accepted.get(name)
        if values is None:
            parts.append(f"('' if (v := get({name!r})) is None else ',\"{short[name]}\":%d' % v)")
        else:
            scope[f"t{position}"] = {value: f',"{short[name]}":{encode(value)}' for value in values}
            parts.append(f"t{position}.get(get({name!r}), '')")
    start = f'\'{{"id":"%d","sid":"{STATE}"\' % index'
    source = f"def encode(index, get):\n    return ''.join(({', '.join([start, *parts])},))\n"
    exec(compile(source, "<durable encoder>", "exec"), scope)
    return cast("Callable[[int, Callable[[str], Value | None]], str]", scope["encode"])


def _accepted(conditions: Sequence[tuple[int, Condition]]) -> Mapping[str, set[Value]]:
    """For each flag and code, the values that some test accepts."""
    accepted: dict[str, set[Value]] = defaultdict(set)
    for _, condition in conditions:
        for test, wanted in [*((t, True) for t in condition.when), *((t, False) for t in condition.unless)]:
            if test.fact.kind == "number":
                continue
            values: Iterable[Value] = test.fact.values if test.fact.kind == "code" else (0, 1)
            rights = test.right if isinstance(test.right, tuple) else (test.right,)
            equal = wanted == (test.operator in ("is", "is_one_of"))
            accepted[test.fact.name] |= {value for value in values if (value in rights) == equal}
    return accepted
