"""Which rules a fact can fire at all: rules that ask for something rare are kept apart, and opened only where it is.

Most rules of law ask for a flag or a code that hardly any prescription has (a narcotic, an agent, a ward), for
something that hardly any lacks (a dose, a signature), or for more than nothing of what is mostly nothing (days past
validity). Kept in rulesets of their own they cost nothing elsewhere: an ordinary fact is handed to the engine without
their fields. A rule behind a closed gate cannot fire, since one of its tests in `when` does not hold; the other
executor judges every rule on every fact, and would disagree if it did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, cast

from rx_review.engine.language import Condition, Test
from rx_review.facts.case import Value

Kind = Literal["always", "word", "above"]

# Words that most prescriptions have: a gate that opens for one of them would always be open. What is usual only
# decides which rules stand together, never what they say.
_USUAL = frozenset(
    [
        "active",
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
_USUALLY_TRUE = frozenset(
    [
        "applies",
        "chronic_diagnosis",
        "diagnosis_written",
        "dose_written",
        "drug_known",
        "frequency_written",
        "prescriber_signed",
        "prescribing_granted",
        "quantity_written",
        "registered",
        "reviewer_qualified",
        "route_written",
        "specimen_on_file",
        "strength_written",
        "tcm_doctor",
    ]
)
_USUALLY_ABOVE_ZERO = frozenset(
    [
        "age_days",
        "age_years",
        "days_supplied",
        "days_without_last_pack",
        "doses_supplied",
        "drug_count",
        "observed",
        "percent_of_bound",
        "times_a_week",
        "visit_drug_count",
    ]
)


class Gate(NamedTuple):
    """A fact and what of it opens the gate: one of some words, or any number above zero; or a gate always open."""

    kind: Kind
    fact: str
    values: frozenset[Value]
    conditions: tuple[tuple[int, Condition], ...]


def gates(conditions: Iterable[tuple[int, Condition]]) -> list[Gate]:
    """Put each condition behind the rarest thing it asks for; those that ask for nothing rare are always asked."""
    behind: dict[tuple[Kind, str, bool], list[tuple[int, Condition]]] = defaultdict(list)
    values: dict[tuple[Kind, str, bool], set[Value]] = defaultdict(set)
    for numbered in conditions:
        rare = min((test for test in numbered[1].when if _kind(test) != "always"), key=_rank, default=None)
        if rare is None:
            behind["always", "", False].append(numbered)
            continue
        accepted = _accepted(rare)
        # What lacks a flag and what has it are different facts.
        key = (_kind(rare), rare.fact.name, 0 in accepted)
        behind[key].append(numbered)
        values[key].update(accepted)
    return [Gate(key[0], key[1], frozenset(values[key]), tuple(behind[key])) for key in sorted(behind)]


def write_opener(found: Sequence[Gate]) -> Callable[[Sequence[Mapping[str, Value]]], list[list[int]]]:
    """Write the function that says, for each gate, which facts it lets through."""
    scope: dict[str, object] = {}
    always, body = [], []
    for place, gate in enumerate(found):
        if gate.kind == "always":
            always.append(f"    through[{place}] = range(len(facts))")
        elif gate.kind == "above":
            body.append(f"        if get({gate.fact!r}, 0) > 0: through[{place}].append(index)")
        else:
            scope[f"v{place}"] = gate.values
            body.append(f"        if get({gate.fact!r}) in v{place}: through[{place}].append(index)")
    source = [
        "def opened(facts):",
        f"    through = [[] for _ in range({len(found)})]",
        *always,
        "    for index, fact in enumerate(facts):",
        "        get = fact.get",
        *(body or ["        pass"]),
        "    return through",
        "",
    ]
    exec(compile("\n".join(source), "<gates>", "exec"), scope)
    return cast("Callable[[Sequence[Mapping[str, Value]]], list[list[int]]]", scope["opened"])


def _kind(test: Test) -> Kind:
    name = test.fact.name
    if test.fact.kind == "number":
        # More than any bound is more than zero: bounds are never negative.
        return "above" if test.operator == "over" and name not in _USUALLY_ABOVE_ZERO else "always"
    accepted = _accepted(test)
    if test.against is not None or not accepted:
        return "always"
    if test.fact.kind == "flag":
        return "word" if (0 in accepted) == (name in _USUALLY_TRUE) else "always"
    return "word" if _USUAL.isdisjoint(map(str, accepted)) else "always"


def _accepted(test: Test) -> tuple[Value, ...]:
    """The words of a flag or code that a test accepts; none where it cannot be told."""
    rights = test.right if isinstance(test.right, tuple) else (test.right,) if test.right is not None else ()
    if test.operator in ("is", "is_one_of"):
        return rights
    words: tuple[Value, ...] = test.fact.values if test.fact.kind == "code" else (0, 1)
    return tuple(word for word in words if word not in rights) if test.operator == "is_not" and rights else ()


def _rank(test: Test) -> tuple[bool, bool, int]:
    """What is likely to be rarer comes first: what a sheet seldom says, then flags, then codes of few words."""
    return test.fact.absence == "unknown", test.fact.kind != "flag", len(_accepted(test))
