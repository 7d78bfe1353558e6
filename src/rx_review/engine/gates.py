"""Which rules a fact can fire at all: rules that ask for a rare word are kept apart, and opened only where it is there.

Most rules of law ask for a flag or a code that hardly any prescription has (a narcotic, an agent, a ward). Kept in
rulesets of their own they cost nothing where nobody has it: an ordinary fact is handed to the engine without their
fields. A rule behind a closed gate cannot fire, since one of its tests in `when` does not hold; the other executor
judges every rule on every fact, and would disagree if it did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from rx_review.engine.language import Condition, Test
from rx_review.facts.case import Value

# Words that most prescriptions have: a gate that opens for one of them would always be open.
_USUAL = frozenset(
    [
        "active",
        "charge",
        "count",
        "county",
        "draft",
        "enough",
        "immediate",
        "injection",
        "listed",
        "mass",
        "medical",
        "none",
        "oral",
        "ordinary",
        "outpatient",
        "own",
        "patent",
        "physician",
        "primary",
        "secondary",
        "signed",
        "submitted",
        "topical",
        "township",
        "village",
        "western",
    ]
)
_USUALLY_TRUE = frozenset(("applies", "chronic_diagnosis", "drug_known", "registered"))


class Gate(NamedTuple):
    """A fact, and the values of it that open the gate; `fact` is empty for rules that are always asked."""

    fact: str
    values: frozenset[Value]
    conditions: tuple[tuple[int, Condition], ...]


def gates(conditions: Iterable[tuple[int, Condition]]) -> list[Gate]:
    """Put each condition behind the rarest word it asks for; those that ask for none stand first, behind none."""
    behind: dict[str, list[tuple[int, Condition]]] = defaultdict(list)
    values: dict[str, set[Value]] = defaultdict(set)
    for numbered in conditions:
        asked = min((test for test in numbered[1].when if _is_gate(test)), key=_share, default=None)
        name = asked.fact.name if asked is not None else ""
        behind[name].append(numbered)
        if asked is not None:
            values[name].update(_accepted(asked))
    return [Gate(name, frozenset(values[name]), tuple(behind[name])) for name in sorted(behind)]


def _is_gate(test: Test) -> bool:
    accepted = _accepted(test)
    if (
        test.fact.name in _USUALLY_TRUE
        or test.against is not None
        or test.operator not in ("is", "is_one_of")
        or test.fact.kind == "number"
    ):
        return False
    return bool(accepted) and 0 not in accepted and _USUAL.isdisjoint(map(str, accepted))


def _accepted(test: Test) -> tuple[Value, ...]:
    return test.right if isinstance(test.right, tuple) else (test.right,) if test.right is not None else ()


def _share(test: Test) -> tuple[bool, bool, int]:
    """What is likely to be rarer comes first: what a sheet seldom says, then flags, then codes of few words."""
    return test.fact.absence == "unknown", test.fact.kind != "flag", len(_accepted(test))
