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
        "herbs_trained", "patent_trained", "prescribing_granted", "quantity_written", "registered",
        "reviewer_qualified", "route_written", "specimen_on_file", "strength_written",
    }
)  # fmt: skip


class Ask(NamedTuple):
    """What must be known of a fact: that it is one of some values, or a number above or below a bound."""

    fact: str
    values: frozenset[Value] | None = None
    above: int | None = None
    below: int | None = None


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
            if ask.above is not None:
                tests.append(f"get({ask.fact!r}, 0) > {ask.above}")
            elif ask.below is not None:
                tests.append(f"get({ask.fact!r}, {ask.below}) < {ask.below}")
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
    first = _ask(rare)
    shared: set[tuple[str, str]] = set.intersection(
        *({(test.fact.name, _side(test)) for test in condition.when if _side(test)} for _, condition in behind)
    )
    more = []
    for name, side in sorted(shared):
        if name != first.fact:
            alike = [t for _, c in behind for t in c.when if (t.fact.name, _side(t)) == (name, side)]
            if alike[0].fact.absence == "unknown":
                # What is unknown never opens a gate either.
                more.append(_ask(alike))
    return (first, *more)


def _ask(tests: Sequence[Test]) -> Ask:
    """What must be known for one of some tests on the same side of a fact to hold."""
    name, side = tests[0].fact.name, _side(tests[0])
    if side == "above":
        return Ask(name, above=min(_bound(test) for test in tests))
    if side == "below":
        return Ask(name, below=max(_bound(test) for test in tests))
    return Ask(name, frozenset(word for test in tests for word in _accepted(test)))


def _is_rare(test: Test) -> bool:
    name = test.fact.name
    if test.fact.kind == "number":
        return bool(_side(test))
    accepted = _accepted(test)
    if test.against is not None or not accepted:
        return False
    if test.fact.kind == "flag":
        return (0 in accepted) == (name in _USUALLY_TRUE)
    return _USUAL.get(name, _NOTHING).isdisjoint(map(str, accepted))


def _side(test: Test) -> str:
    """Which facts a test lets through; empty where that cannot be told beforehand.

    What lacks a flag and what has it are different facts; so are those of different topics.
    """
    if test.fact.kind == "number":
        if test.operator == "over":
            return "above"
        return "below" if test.operator == "under" and isinstance(test.right, int) else ""
    if test.against is not None or not _accepted(test):
        return ""
    if test.fact.name == "topic":
        return " ".join(map(str, _accepted(test)))
    return "false" if 0 in _accepted(test) else "word"


def _bound(test: Test) -> int:
    """The bound of a comparison; one that is not known here is at least zero, since none is negative."""
    return test.right if isinstance(test.right, int) else 0


def _accepted(test: Test) -> tuple[Value, ...]:
    """The words of a flag or code that a test accepts; none where it cannot be told."""
    rights = test.right if isinstance(test.right, tuple) else (test.right,) if test.right is not None else ()
    if test.operator in ("is", "is_one_of"):
        return rights
    words: tuple[Value, ...] = test.fact.values if test.fact.kind == "code" else (0, 1)
    return tuple(word for word in words if word not in rights) if test.operator == "is_not" and rights else ()


def _rank(test: Test) -> tuple[bool, bool, bool, int]:
    """What is likely to be rarer comes first: what a sheet seldom says, then flags, codes of few words, numbers."""
    number = test.fact.kind == "number"
    return number, test.fact.absence == "unknown", test.fact.kind != "flag", len(_accepted(test))
