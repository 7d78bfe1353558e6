"""The checked condition tree: a rule's clauses against the vocabulary. Every executor compiles from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from rx_review.domain.review import RANK, Subject
from rx_review.errors import Fault, LibraryError
from rx_review.facts.case import Case, Value
from rx_review.facts.place import CARRIED_BY
from rx_review.facts.vocabulary import BY_SUBJECT, OWN, Fact
from rx_review.library.lookup import FOR_EVER
from rx_review.library.rule import Clause, Rule

SUBJECTS: tuple[Subject, ...] = ("prescription", "line", "concern", "pair")
ORDERING = frozenset({"over", "at_least", "under", "at_most"})
NEGATED: Mapping[str, str] = {
    "is": "is_not",
    "is_not": "is",
    "over": "at_most",
    "at_most": "over",
    "under": "at_least",
    "at_least": "under",
}

# The C engine compares doubles; above 2**53 neighbours become equal.
GREATEST = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Test:
    """One test with its right side as the engines see it: integers and codes, or the property that holds it."""

    fact: Fact
    operator: str
    right: Value | tuple[Value, ...] | None = None
    against: str | None = None
    parameter: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Facts and parameter properties that must be known."""
        return (self.fact.name,) if self.against is None else (self.fact.name, self.against)


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule as the executors compile it: all of `when`, none of `unless`."""

    rule: Rule
    when: tuple[Test, ...]
    unless: tuple[Test, ...]
    version: str
    basis: tuple[Mapping[str, Any], ...]
    open_names: tuple[str, ...]
    """Facts of the tests that can be unknown."""
    days: tuple[int, int] = (0, FOR_EVER)
    """First day of issue that the rule is for, and the first that it no longer is, as ordinals."""
    mild: bool = False
    """Whether it never stops a prescription while it cannot be judged, whatever is missing."""

    @property
    def tests(self) -> tuple[Test, ...]:
        """Every test, `when` first."""
        return self.when + self.unless


@dataclass(frozen=True, slots=True)
class Program:
    """The conditions of one subject, the facts they read and the parameters they need as facts."""

    subject: Subject
    conditions: tuple[Condition, ...]
    fields: tuple[str, ...]
    inherited: tuple[str, ...]
    """Those of `fields` that belong to the prescription or line above."""
    parameters: Mapping[str, tuple[str, int]]
    """Property to (parameter, digits)."""

    def inputs(self, cases: Sequence[Case]) -> list[dict[str, Value]]:
        """What is known of each case, as the executors read it; an absent name is unknown."""
        found: list[dict[str, Value]] = []
        above: Case | None = None
        inherited: dict[str, Value] = {}
        for case in cases:
            if case.above is not above:
                above = case.above
                inherited = {}
                if above is not None:
                    # The line's facts and, above them, the prescription's.
                    own = above.own
                    inherited = {name: own[name] for name in self.inherited if name in own}
                    if above.above is not None:
                        top = above.above.own
                        for name in self.inherited:
                            if name not in own and name in top:
                                inherited[name] = top[name]
            found.append({**inherited, **case.own})
        return found


def parameter_property(name: str, digits: int) -> str:
    """The fact that carries a parameter's value, scaled like the fact it is compared with."""
    return f"p{digits}_{name}"


def check_rule(rule: Rule) -> tuple[Condition | None, list[Fault]]:
    """Check a rule's clauses against the vocabulary; the condition is None if there are faults."""
    faults: list[Fault] = []
    sides: dict[str, list[Test]] = {"when": [], "unless": []}
    for side, clauses in (("when", rule.when), ("unless", rule.unless)):
        for clause in clauses:
            where = f"{rule.name}: {side}.{clause.fact}"
            try:
                sides[side].append(_check_clause(clause, BY_SUBJECT[rule.about], where))
            except LibraryError as error:
                faults += error.faults
    if faults:
        return None, faults
    basis = tuple(entry.model_dump() for entry in rule.basis)
    vocabulary = BY_SUBJECT[rule.about]
    reads = {name for test in (*sides["when"], *sides["unless"]) for name in test.reads if name in vocabulary}
    can_be_unknown = tuple(sorted(n for n in reads if vocabulary[n].absence == "unknown" or n in CARRIED_BY))
    until = rule.effective.until.toordinal() if rule.effective.until else FOR_EVER
    days = (rule.effective.from_.toordinal(), until)
    when, unless = tuple(sides["when"]), tuple(sides["unless"])
    # A concern or pair may be suspected, and then a pharmacist looks.
    waits = RANK[rule.severity] >= RANK["return"] and (rule.when_unknown != "note" or rule.about in ("concern", "pair"))
    return Condition(rule, when, unless, rule.version, basis, can_be_unknown, days, not waits), []


def compile_rules(rules: Iterable[Rule]) -> Mapping[Subject, Program]:
    """Compile the rules that run (active and shadow) into one program a subject.

    Raises:
        LibraryError: with every fault of every clause.
    """
    faults: list[Fault] = []
    conditions: dict[Subject, list[Condition]] = {subject: [] for subject in SUBJECTS}
    for rule in rules:
        condition, found = check_rule(rule)
        faults += found
        if condition is not None and rule.status in ("active", "shadow"):
            conditions[rule.about].append(condition)
    if faults:
        raise LibraryError(*faults)
    return {subject: program_of(subject, found) for subject, found in conditions.items()}


def program_of(subject: Subject, conditions: Iterable[Condition]) -> Program:
    """Gather what a subject's conditions read."""
    conditions = tuple(conditions)
    tests = [test for condition in conditions for test in condition.tests]
    parameters = {
        test.against: (test.parameter, test.fact.digits)
        for test in tests
        if test.against is not None and test.parameter is not None
    }
    fields = sorted({name for test in tests for name in test.reads} - set(parameters))
    own = {fact.name for fact in OWN[subject]}
    return Program(subject, conditions, tuple(fields), tuple(name for name in fields if name not in own), parameters)


def _check_clause(clause: Clause, vocabulary: Mapping[str, Fact], where: str) -> Test:
    fact = _lookup(clause.fact, vocabulary, where)
    if fact.kind == "text":
        raise _fault(where, "is text for messages and cannot be tested", "test a flag, code or number")
    if clause.operator in ORDERING and fact.kind != "number":
        raise _fault(where, f"{clause.operator} compares numbers; {fact.name} is a {fact.kind}", "use is or is_one_of")
    if clause.parameter is not None:
        if fact.kind != "number":
            raise _fault(where, "a parameter is a number", f"{fact.name} is a {fact.kind}")
        name = parameter_property(clause.parameter, fact.digits)
        return Test(fact, clause.operator, None, name, clause.parameter)
    if clause.other is not None:
        other = _lookup(clause.other, vocabulary, where)
        if (other.kind, other.digits) != (fact.kind, fact.digits) or other.kind != "number":
            raise _fault(where, f"{other.name} cannot be compared with {fact.name}", "compare numbers of one unit")
        return Test(fact, clause.operator, None, other.name)
    if isinstance(clause.literal, tuple):
        if fact.kind != "code":
            raise _fault(where, "is_one_of lists codes", "use a number test")
        return Test(fact, clause.operator, tuple(scale(fact, item, where) for item in clause.literal))
    if clause.literal is None:
        raise _fault(where, "nothing to compare with", "write a value, a $parameter or {fact: name}")
    return Test(fact, clause.operator, scale(fact, clause.literal, where))


def _lookup(name: str, vocabulary: Mapping[str, Fact], where: str) -> Fact:
    if name in vocabulary:
        return vocabulary[name]
    near = get_close_matches(name, vocabulary, 1)
    raise _fault(where, "no such fact", f"did you mean {near[0]}?" if near else "see rules/README.md for the facts")


def scale(fact: Fact, value: object, where: str) -> Value:
    """A value as the engines see it.

    Raises:
        LibraryError: if the fact cannot hold it.
    """
    if fact.kind == "flag":
        if not isinstance(value, bool):
            raise _fault(where, f"{value} is no flag", "write true or false")
        return int(value)
    if fact.kind == "code":
        if not isinstance(value, str) or value not in fact.values:
            raise _fault(where, f"{value} is not a value of {fact.name}", f"use {', '.join(fact.values)}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _fault(where, f"{value} is no number", f"write {fact.unit or 'a number'}")
    scaled = Decimal(value).scaleb(fact.digits)
    if scaled != scaled.to_integral_value() or not 0 <= scaled <= GREATEST:
        raise _fault(where, f"{value} does not fit", f"{fact.name} keeps {fact.digits} decimals and is never negative")
    return int(scaled)


def shown(fact: Fact, value: Value | None) -> object:
    """A value as answers carry it: true or false, a code, a plain decimal string for a number."""
    if value is None:
        return None
    if fact.kind == "flag":
        return bool(value)
    if fact.kind == "number":
        text = format(Decimal(value).scaleb(-fact.digits), "f")
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    return value


def _fault(where: str, what: str, do: str) -> LibraryError:
    return LibraryError(Fault(where, what, do))


def bind(condition: Condition, parameters: Mapping[str, Value]) -> Condition | None:
    """The condition with its parameters as literals; None if one has no value: then it never certainly holds."""
    sides = []
    for tests in (condition.when, condition.unless):
        bound = []
        for test in tests:
            if test.parameter is not None and test.against is not None:
                if test.against not in parameters:
                    return None
                test = Test(test.fact, test.operator, parameters[test.against])
            bound.append(test)
        sides.append(tuple(bound))
    return replace(condition, when=sides[0], unless=sides[1])
