"""What is asked of a peer: rules as plain conjunctions with every parameter resolved, and an answer of one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rx_review.domain.review import Subject
from rx_review.engine.bounds import ordered_tests
from rx_review.engine.language import NEGATED, Condition, Program, Test
from rx_review.facts.case import Value
from rx_review.facts.vocabulary import Fact

ORDER_SIGNS = {"over": ">", "at_least": ">=", "under": "<", "at_most": "<="}
SIGNS = {"is": "==", "is_not": "!=", **ORDER_SIGNS}

Parameters = Mapping[Subject, Mapping[str, Value]]
"""The resolved `$names` of a day, by subject, as the executors read them."""

Inputs = Mapping[Subject, Sequence[Mapping[str, Value]]]
"""The known facts of every case of one prescription; an absent name is unknown."""

Fired = list[tuple[Subject, int, int]]
"""Subject, condition index and case index of every rule that certainly fires."""


class Peer(Protocol):
    """A rule engine with the rules compiled into it; it is asked about one prescription at a time."""

    def __init__(self, programs: Mapping[Subject, Program], parameters: Parameters) -> None:
        """Compile once, as every peer's documentation advises."""

    def judge(self, inputs: Inputs) -> Fired:
        """Say which rules certainly fire; turning the facts into what the peer reads is part of the work."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One test that must be known and true; exceptions are already negated, parameters are numbers.

    The right side is `rights` (`is` any of them, `is_not` any of them, or the one that is ordered against), or the
    fact `against`.
    """

    fact: Fact
    operator: str
    rights: tuple[Value, ...] = ()
    against: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The facts that must be known."""
        return (self.fact.name,) if self.against is None else (self.fact.name, self.against)


def conjunctions(program: Program, parameters: Mapping[str, Value]) -> Iterator[tuple[int, list[Ask]]]:
    """Each condition of a subject with its index: what fails soonest first, in the order our own engine gets.

    A condition whose parameter has no value can never certainly fire and is left out.
    """
    for index, condition in enumerate(program.conditions):
        if all(test.parameter is None or test.against in parameters for test in condition.tests):
            yield index, list(_conjunction(condition, parameters))


def _conjunction(condition: Condition, parameters: Mapping[str, Value]) -> Iterator[Ask]:
    for test in ordered_tests(condition):
        yield _ask(test[0], parameters, negate=True) if isinstance(test, tuple) else _ask(test, parameters)


def _ask(test: Test, parameters: Mapping[str, Value], *, negate: bool = False) -> Ask:
    if isinstance(test.right, tuple):
        return Ask(test.fact, "is_not" if negate else "is", test.right)
    operator = NEGATED[test.operator] if negate else test.operator
    if test.parameter is not None and test.against is not None:
        return Ask(test.fact, operator, (parameters[test.against],))
    if test.right is None:
        return Ask(test.fact, operator, against=test.against)
    if test.fact.kind == "flag" and operator == "is_not":
        # Of two values, to be the one is quicker to ask than to be known and not the other.
        return Ask(test.fact, "is", (1 - int(test.right),))
    return Ask(test.fact, operator, (test.right,))
