"""Which rules a fact can fire at all: rules that ask for something rare are kept apart, and opened only where it is.

Most rules ask for something that hardly any fact has: a flag or a code (a narcotic, an agent, a ward), the lack of
what hardly any sheet lacks (a dose, a signature), a number above a bound. Kept in rulesets of their own they cost
nothing elsewhere: an ordinary fact is not handed to the engine at all. A rule behind a closed gate cannot fire, since
one of its tests in `when` does not hold; the other executor judges every rule on every fact, and would disagree if it
did. What is usual only decides which rules stand together, never what they say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from rx_review.engine.language import Condition, Test
from rx_review.facts.case import Value

# Words that most facts have; a gate that opens for one of them would mostly be open.
_USUAL: Mapping[str, frozenset[str]] = {
    "collected_at": frozenset({"own"}),
    "dose_measured_in": frozenset({"mass", "count"}),
    "flow_state": frozenset({"submitted"}),
    "form_route": frozenset({"oral", "injection"}),
    "grade": frozenset({"bound", "caution", "contraindicated", "major", "moderate"}),
    "kind": frozenset({"western", "patent"}),
    "level": frozenset({"primary", "secondary"}),
    "licence": frozenset({"physician"}),
    "listing": frozenset({"listed"}),
    "payer": frozenset({"medical"}),
    "release": frozenset({"immediate"}),
    "right_status": frozenset({"active"}),
    "route_group": frozenset({"oral", "injection"}),
    "setting": frozenset({"outpatient"}),
    "sex": frozenset({"male", "female"}),
    "sheet": frozenset({"ordinary", "none"}),
    "stage": frozenset({"draft", "signed"}),
    "stock": frozenset({"enough"}),
    "tier": frozenset({"village", "township", "county"}),
    "village_listing": frozenset({"listed"}),
}
_NOTHING = frozenset({"none"})
_USUALLY_TRUE = frozenset(
    {
        "applies", "chronic_diagnosis", "diagnosis_written", "dose_written", "drug_known", "frequency_written",
        "prescriber_signed", "prescribing_granted", "quantity_written", "registered", "reviewer_qualified",
        "route_written", "specimen_on_file", "strength_written",
    }
)  # fmt: skip


class Ask(NamedTuple):
    """What must be known of a fact: that it is one of some values, or a number above a bound."""

    fact: str
    values: frozenset[Value] | None
    above: int = 0


class Gate(NamedTuple):
    """Everything that opens the gate, none of which a rule behind it can do without; nothing is always open."""

    asks: tuple[Ask, ...]
    conditions: tuple[tuple[int, Condition], ...]


def gates(conditions: Iterable[tuple[int, Condition]]) -> list[Gate]:
    """Put each condition behind the rarest thing it asks for, and those that ask for nothing rare behind nothing."""
    behind: dict[tuple[str, str], list[tuple[int, Condition]]] = defaultdict(list)
    asked: dict[tuple[str, str], list[Test]] = defaultdict(list)
    for numbered in conditions:
        rare = min((test for test in numbered[1].when if _is_rare(test)), key=_rank, default=None)
        key = ("", "") if rare is None else (rare.fact.name, _side(rare))
        behind[key].append(numbered)
        if rare is not None:
            asked[key].append(rare)
    return [Gate(_asks(asked[key], behind[key]), tuple(behind[key])) for key in sorted(behind)]


def write_opener(found: Sequence[Gate]) -> Callable[[Sequence[Mapping[str, Value]]], list[list[int]]]:
    """Write the function that says, for each gate, which facts it lets through."""
    scope: dict[str, object] = {}
    always, body = [], []
    for place, gate in enumerate(found):
        tests = []
        for order, ask in enumerate(gate.asks):
            if ask.values is None:
                tests.append(f"get({ask.fact!r}, 0) > {ask.above}")
            else:
                scope[f"v{place}_{order}"] = ask.values
                tests.append(f"get({ask.fact!r}) in v{place}_{order}")
        if tests:
            body.append(f"        if {' and '.join(tests)}: through[{place}].append(index)")
        else:
            always.append(f"    through[{place}] = range(len(facts))")
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


def _asks(rare: Sequence[Test], behind: Sequence[tuple[int, Condition]]) -> tuple[Ask, ...]:
    if not rare:
        return ()
    fact = rare[0].fact
    if fact.kind == "number":
        first = Ask(fact.name, None, min(_bound(test) for test in rare))
    else:
        first = Ask(fact.name, frozenset(word for test in rare for word in _accepted(test)))
    return (first, *_shared(fact.name, behind))


def _shared(name: str, behind: Sequence[tuple[int, Condition]]) -> Iterable[Ask]:
    """What every rule behind a gate asks besides, of what may be unknown: an unknown never opens a gate."""
    everybody = set.intersection(
        *(
            {(test.fact.name, _accepted(test)) for test in condition.when if _may_be_unknown(test)}
            for _, condition in behind
        )
    )
    return [Ask(other, frozenset(words)) for other, words in sorted(everybody) if other != name]


def _may_be_unknown(test: Test) -> bool:
    return test.fact.kind == "flag" and test.fact.absence == "unknown" and test.against is None


def _is_rare(test: Test) -> bool:
    name = test.fact.name
    if test.fact.kind == "number":
        return test.operator == "over"
    accepted = _accepted(test)
    if test.against is not None or not accepted:
        return False
    if test.fact.kind == "flag":
        return (0 in accepted) == (name in _USUALLY_TRUE)
    return _USUAL.get(name, _NOTHING).isdisjoint(map(str, accepted))


def _side(test: Test) -> str:
    """What lacks a flag and what has it are different facts."""
    return "above" if test.fact.kind == "number" else "false" if 0 in _accepted(test) else "word"


def _bound(test: Test) -> int:
    """The least that opens; bounds are never negative, and one that is not known here is at least zero."""
    return test.right if isinstance(test.right, int) else 0


def _accepted(test: Test) -> tuple[Value, ...]:
    """The words of a flag or code that a test accepts; none where it cannot be told."""
    rights = test.right if isinstance(test.right, tuple) else (test.right,) if test.right is not None else ()
    if test.operator in ("is", "is_one_of"):
        return rights
    words: tuple[Value, ...] = test.fact.values if test.fact.kind == "code" else (0, 1)
    return tuple(word for word in words if word not in rights) if test.operator == "is_not" and rights else ()


def _rank(test: Test) -> tuple[bool, bool, int]:
    """What is likely to be rarer comes first: what a sheet seldom says, then flags, codes of few words, numbers."""
    number = test.fact.kind == "number"
    return (
        test.fact.absence == "unknown" and not number,
        test.fact.kind != "flag",
        99 if number else len(_accepted(test)),
    )
