"""What a rule means, written straight from its definition and from nothing else.

A rule fires when all of `when` is true and all of `unless` is false; it is silent when any of `when` is false
or any of `unless` is true; otherwise it is undetermined. A fact that is absent is unknown, and so is every test
on it.
"""

from collections.abc import Mapping

from rx_review.engine.language import Condition, Test

Truth = bool | None


def truth(test: Test, facts: Mapping[str, int | str]) -> Truth:
    """True, false, or None if a fact of the test is unknown."""
    left = facts.get(test.fact.name)
    right = test.right if test.against is None else facts.get(test.against)
    if left is None or right is None:
        return None
    match test.operator:
        case "is":
            return left == right
        case "is_not":
            return left != right
        case "is_one_of":
            return any(left == value for value in right)
        case "over":
            return left > right
        case "at_least":
            return left >= right
        case "under":
            return left < right
        case "at_most":
            return left <= right
    raise AssertionError(test.operator)


def outcome(condition: Condition, facts: Mapping[str, int | str]) -> str:
    """Say `fires`, `silent` or `undetermined`."""
    when = [truth(test, facts) for test in condition.when]
    unless = [truth(test, facts) for test in condition.unless]
    if False in when or True in unless:
        return "silent"
    return "undetermined" if None in when + unless else "fires"
