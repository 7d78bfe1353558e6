"""Rules that can never fire: tests that cannot hold together, exceptions that always silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rx_review.engine.language import GREATEST, Condition, Test
from rx_review.errors import Fault
from rx_review.facts.case import Value
from rx_review.facts.vocabulary import Fact


def contradictions(condition: Condition, parameters: Mapping[str, Decimal]) -> Iterator[Fault]:
    """Find tests that cannot hold together, and exceptions that silence a rule whenever it would fire."""
    name = condition.rule.name
    for fact in {test.fact.name: test.fact for test in condition.when}.values():
        tests = [test for test in condition.when if test.fact.name == fact.name]
        allowed = _Allowed(fact)
        for test in tests:
            allowed.narrow(test, parameters)
        if allowed.empty:
            yield Fault(f"{name}: when.{fact.name}", "these tests cannot hold together", "take one out")
            continue
        for test in condition.unless:
            if test.fact.name == fact.name and test.against is None and allowed.implies(test, parameters):
                yield Fault(f"{name}: unless.{fact.name}", "it silences the rule whenever `when` holds", "take it out")


class _Allowed:
    """What values of one fact are left by tests that must all hold."""

    def __init__(self, fact: Fact) -> None:
        self.codes: set[Value] | None = (
            set(fact.values) if fact.kind == "code" else {0, 1} if fact.kind == "flag" else None
        )
        self.low, self.high = 0, GREATEST
        self.not_equal: set[int] = set()

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        if self.codes is not None:
            return not self.codes
        return self.low > self.high or (self.low == self.high and self.low in self.not_equal)

    def narrow(self, test: Test, parameters: Mapping[str, Decimal]) -> None:
        """Keep what the test allows."""
        if isinstance(test.right, tuple):
            self.codes = (self.codes or set()) & set(test.right)
            return
        right = self._right(test, parameters)
        if right is None:
            return
        if self.codes is not None:
            self.codes = {code for code in self.codes if (code == right) == (test.operator == "is")}
            return
        number = int(right)
        low, high = {
            "is": (number, number),
            "over": (number + 1, GREATEST),
            "at_least": (number, GREATEST),
            "under": (0, number - 1),
            "at_most": (0, number),
            "is_not": (0, GREATEST),
        }[test.operator]
        self.low, self.high = max(self.low, low), min(self.high, high)
        if test.operator == "is_not":
            self.not_equal.add(number)

    def implies(self, test: Test, parameters: Mapping[str, Decimal]) -> bool:
        """Whether every value left passes the test."""
        if isinstance(test.right, tuple):
            return self.codes is not None and self.codes <= set(test.right)
        right = self._right(test, parameters)
        if right is None:
            return False
        if self.codes is not None:
            return all((code == right) == (test.operator == "is") for code in self.codes)
        number = int(right)
        return {
            "is": self.low == self.high == number,
            "is_not": number < self.low or number > self.high,
            "over": self.low > number,
            "at_least": self.low >= number,
            "under": self.high < number,
            "at_most": self.high <= number,
        }[test.operator]

    @staticmethod
    def _right(test: Test, parameters: Mapping[str, Decimal]) -> Value | None:
        if test.parameter is not None:
            value = parameters.get(test.parameter)
            return None if value is None else int(value.scaleb(test.fact.digits))
        return test.right if not isinstance(test.right, tuple) else None
