"""Proves rules by their own examples: each comes out as written, and each clause is noticed by one of them.

A clause is proved when leaving it out, leaving out one of its alternatives, or moving its bound by one step either
way changes the outcome of at least one example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from rx_review.engine.durable import DurableProgram
from rx_review.engine.finding import build_finding
from rx_review.engine.language import (
    ORDERING,
    SUBJECTS,
    Condition,
    Test,
    check_rule,
    program_of,
    scale,
)
from rx_review.engine.plain import PlainProgram
from rx_review.errors import Fault, LibraryError
from rx_review.facts.case import Case, Value
from rx_review.facts.vocabulary import BY_SUBJECT
from rx_review.library.edition import Edition
from rx_review.library.rule import Example, Rule

Outcome = Literal["fires", "silent", "undetermined"]


@dataclass(frozen=True, slots=True)
class Trial:
    """An example made ready: its facts, and how it should come out."""

    example: Example
    expected: Outcome
    case: Case


@dataclass(frozen=True, slots=True)
class Proof:
    """What proving a rule found."""

    rule: Rule
    examples: int
    mutants: int
    faults: tuple[Fault, ...]


def prove(edition: Edition, names: Sequence[str] = ()) -> Iterator[Proof]:
    """Prove the rules of an edition, or those named by id or name, one after the other."""
    chosen = [rule for rule in edition.rules if not names or rule.id in names or rule.name in names]
    agreement = _Agreement(chosen)
    for rule in chosen:
        yield _prove(rule, edition, agreement)


def _prove(rule: Rule, edition: Edition, agreement: _Agreement) -> Proof:
    condition, faults = check_rule(rule)
    if condition is None:
        return Proof(rule, 0, 0, tuple(faults))
    day = rule.reviewed.date.toordinal()
    names = edition.formulary.parameters
    parameters = {n: v for n in names if (v := edition.formulary.default(n, day)) is not None}
    try:
        trials = trials_of(rule)
    except LibraryError as error:
        return Proof(rule, 0, 0, error.faults)
    base = _outcomes(condition, trials, parameters)
    for trial, outcome in zip(trials, base, strict=True):
        where = f"{rule.name}: {trial.example.name}"
        if outcome != trial.expected:
            faults.append(Fault(where, f"is {outcome}, not {trial.expected}", "correct the rule or the example"))
        elif agreement.fires(condition, trial, parameters) != (outcome == "fires"):
            faults.append(Fault(where, "the executors disagree", "report it: this must never happen"))
        faults += _said(condition, trial, parameters)
    mutants = list(mutants_of(condition, parameters))
    for what, mutant, changed in mutants:
        if _outcomes(mutant, trials, changed) == base:
            faults.append(Fault(f"{rule.name}: {what}", "no example notices", "add an example that does"))
    return Proof(rule, len(trials), len(mutants), tuple(faults))


class _Agreement:
    """All the rules in one C ruleset a subject: creating one for each rule would leak memory."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        checked = [condition for rule in rules if (condition := check_rule(rule)[0]) is not None]
        self._programs = {s: program_of(s, [c for c in checked if c.rule.about == s]) for s in SUBJECTS}
        self._durable = {s: DurableProgram(p) for s, p in self._programs.items() if p.conditions}

    def fires(self, condition: Condition, trial: Trial, parameters: Mapping[str, Decimal]) -> bool:
        program = self._programs[condition.rule.about]
        given = _properties(program.parameters, parameters)
        fired = self._durable[condition.rule.about].fire([trial.case.own], given)
        return any(program.conditions[index].rule is condition.rule for index, _ in fired)


def trials_of(rule: Rule) -> tuple[Trial, ...]:
    """Make a rule's examples ready.

    Raises:
        LibraryError: if an example names a fact or value that does not exist.
    """
    first = rule.examples.fires[0]
    if first.facts is None:
        raise LibraryError(Fault(f"{rule.name}: {first.name}", "the first example has no facts", "write them in full"))
    trials: list[Trial] = []
    expected: Outcome
    for expected, examples in (
        ("fires", rule.examples.fires),
        ("silent", rule.examples.silent),
        ("undetermined", rule.examples.undetermined),
    ):
        for example in examples:
            facts = dict(example.facts if example.facts is not None else {**first.facts, **(example.but or {})})
            trials.append(Trial(example, expected, _case(rule, example, facts)))
    return tuple(trials)


def _case(rule: Rule, example: Example, facts: Mapping[str, Any]) -> Case:
    vocabulary = BY_SUBJECT[rule.about]
    values: dict[str, Value] = {
        fact.name: fact.when_absent
        for fact in vocabulary.values()
        if fact.absence == "not_written" and fact.kind != "text"
    }
    texts: dict[str, Any] = {fact.name: "" for fact in vocabulary.values() if fact.kind == "text"}
    for name, value in facts.items():
        where = f"{rule.name}: {example.name}: {name}"
        if name not in vocabulary:
            raise LibraryError(Fault(where, "no such fact", "use a fact of the vocabulary"))
        fact = vocabulary[name]
        if fact.kind == "text":
            texts[name] = value
        elif value is None:
            if fact.absence == "unknown":
                values.pop(name, None)
        else:
            number = Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
            values[name] = scale(fact, number, where)
    return Case(rule.about, (1,), values, {}, texts, ("",))


def _outcomes(condition: Condition, trials: Sequence[Trial], parameters: Mapping[str, Decimal]) -> list[Outcome]:
    program = program_of(condition.rule.about, [condition])
    judge = PlainProgram(program).judge
    properties = _properties(program.parameters, parameters)
    outcomes: list[Outcome] = []
    for trial in trials:
        fires, undetermined = judge(trial.case.own, properties)
        outcomes.append("fires" if fires else "undetermined" if undetermined else "silent")
    return outcomes


def _properties(wanted: Mapping[str, tuple[str, int]], parameters: Mapping[str, Decimal]) -> Mapping[str, Value]:
    return {
        name: int(parameters[parameter].scaleb(digits))
        for name, (parameter, digits) in wanted.items()
        if parameter in parameters
    }


def _said(condition: Condition, trial: Trial, parameters: Mapping[str, Decimal]) -> Iterator[Fault]:
    if trial.example.says is None:
        return
    said = build_finding(condition, trial.case, parameters).message.zh
    if said != trial.example.says:
        yield Fault(f"{condition.rule.name}: {trial.example.name}", f"says {said}", "correct `says` or the message")


Mutant = tuple[str, Condition, Mapping[str, Decimal]]


def mutants_of(condition: Condition, parameters: Mapping[str, Decimal]) -> Iterator[Mutant]:
    """Yield the rule with one thing changed, and the parameters to judge it by."""
    for side in ("when", "unless"):
        tests: tuple[Test, ...] = getattr(condition, side)
        for index, test in enumerate(tests):
            label = f"{side}.{test.fact.name}"
            without = tests[:index] + tests[index + 1 :]
            yield f"{label} left out", _changed(condition, side, without), parameters
            for changed, words in _variants(test):
                mutated = (*tests[:index], changed, *tests[index + 1 :])
                yield f"{label} {words}", _changed(condition, side, mutated), parameters
            if test.parameter is not None:
                for step in (1, -1):
                    value = parameters.get(test.parameter)
                    if value is not None and value + step >= 0:
                        yield f"${test.parameter} {step:+d}", condition, {**parameters, test.parameter: value + step}


def _changed(condition: Condition, side: str, tests: tuple[Test, ...]) -> Condition:
    return replace(condition, when=tests) if side == "when" else replace(condition, unless=tests)


def _variants(test: Test) -> Iterator[tuple[Test, str]]:
    if isinstance(test.right, tuple):
        for value in test.right:
            yield replace(test, right=tuple(other for other in test.right if other != value)), f"without {value}"
    elif test.operator in ORDERING and isinstance(test.right, int):
        step = 10**test.fact.digits
        for moved in (test.right + step, test.right - step):
            if moved >= 0:
                yield replace(test, right=moved), f"moved to {Decimal(moved).scaleb(-test.fact.digits)}"
