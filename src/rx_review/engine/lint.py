"""What a set of rules must satisfy before it may run, beyond what each executor proves for itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from rx_review.engine.contradiction import contradictions
from rx_review.engine.finding import placeholders
from rx_review.engine.language import Condition, check_rule
from rx_review.engine.polarity import settings_faults
from rx_review.errors import Fault
from rx_review.facts.vocabulary import BY_SUBJECT
from rx_review.library.edition import Edition
from rx_review.library.rule import Rule

REMEDIES = (
    r"reduce days_supplied to (\$[a-z][a-z0-9_]*|[0-9]+)",
    r"reduce dose to bound",
    r"give (extended_reason|choice_reason|catalogue_reason|refill_reason|emergency_reason|excused)",
    r"swap drug",
    r"drop line",
    r"separate line",
    r"supply [^ ].*",
)

# A recalled row was not compared with the text, so it can name no page and quote no words.
_CITATION = re.compile(r"第\s*\d+\s*页|\bp{1,2}\.\s*\d+|[“”「」『』]|\"[^\"]+\"|https?:")


def lint(edition: Edition, today: date) -> list[Fault]:
    """Everything that is wrong with an edition's rules, by rule."""
    faults: list[Fault] = []
    conditions: list[Condition] = []
    parameters = _parameters(edition, today)
    for rule in edition.rules:
        condition, found = check_rule(rule)
        faults += found
        faults += _words(rule, parameters)
        faults += _governance(rule, today)
        faults += _units(rule, edition, today)
        if condition is not None:
            conditions.append(condition)
            faults += contradictions(condition, parameters)
            faults += _coverage(condition)
    faults += _duplicates(conditions)
    faults += settings_faults(edition)
    return faults


def _parameters(edition: Edition, day: date) -> Mapping[str, Decimal]:
    names = edition.formulary.parameters
    found = {name: edition.formulary.parameter(name, day.toordinal()) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _words(rule: Rule, parameters: Mapping[str, Decimal]) -> Iterator[Fault]:
    vocabulary = BY_SUBJECT[rule.about]
    for language, template in (("zh", rule.message.zh), ("en", rule.message.en), ("short", rule.message.short)):
        for name in placeholders(template):
            if name.startswith("$") and name[1:] not in parameters:
                yield Fault(
                    f"{rule.name}: message.{language}", f"{{{name}}} is no parameter in force", "correct the name"
                )
            elif not name.startswith("$") and name not in vocabulary:
                yield Fault(
                    f"{rule.name}: message.{language}", f"{{{name}}} is no fact of a {rule.about}", "correct it"
                )
    for remedy in rule.remedies:
        if not any(re.fullmatch(form, remedy) for form in REMEDIES):
            yield Fault(f"{rule.name}: remedies", f"{remedy!r} is no remedy", "see rules/README.md for the forms")
        target = remedy.partition("$")[2]
        if target and target not in parameters:
            yield Fault(f"{rule.name}: remedies", f"${target} is no parameter in force", "correct the name")


def _governance(rule: Rule, today: date) -> Iterator[Fault]:
    if rule.status == "active" and not rule.basis:
        yield Fault(f"{rule.name}: basis", "an active rule names no authority", "add law, article and source")
    if rule.status == "active" and rule.reviewed.next < today:
        yield Fault(
            f"{rule.name}: reviewed.next", f"overdue since {rule.reviewed.next}", "review the rule and set a new date"
        )
    if rule.status == "active" and "待写" in rule.title.zh + rule.why:
        yield Fault(f"{rule.name}: title", "still the frame of a new rule", "write title and why")
    if rule.reviewed.checked and not rule.reviewed.checked_by:
        yield Fault(f"{rule.name}: reviewed", "checked, but by nobody", "name who checked it")
    if rule.reviewed.checked_by and rule.reviewed.checked_by == rule.reviewed.by:
        yield Fault(f"{rule.name}: reviewed", "author and checker are the same", "let another person check it")
    for basis in rule.basis:
        if basis.recalled and (match := _CITATION.search(basis.gist + basis.article)):
            yield Fault(
                f"{rule.name}: basis", f"{match[0]!r} cites a text that was not compared", "say it in our own words"
            )
        if basis.recalled and rule.reviewed.checked:
            yield Fault(f"{rule.name}: basis", "checked, but the basis is recalled", "compare it with the text first")


def _units(rule: Rule, edition: Edition, today: date) -> Iterator[Fault]:
    for clause in rule.clauses:
        row = edition.formulary.parameters.one(clause.parameter, today.toordinal()) if clause.parameter else None
        fact = BY_SUBJECT[rule.about].get(clause.fact)
        unit = {"%": "percent"}.get(fact.unit, fact.unit) if fact else ""
        if row is not None and unit and row.unit != unit:
            yield Fault(
                f"{rule.name}: {clause.fact}",
                f"counts {unit}, but ${row.parameter} is in {row.unit}",
                "compare like with like",
            )


def _coverage(condition: Condition) -> Iterator[Fault]:
    examples = condition.rule.examples
    open_facts = [test.fact.name for test in condition.tests if test.fact.absence == "unknown"]
    if open_facts and not examples.undetermined and condition.rule.status == "active":
        yield Fault(
            f"{condition.rule.name}: examples.undetermined",
            f"{open_facts[0]} can be unknown, and no example says what then",
            "add a case without it",
        )
    if not any(example.says for example in examples.fires):
        yield Fault(f"{condition.rule.name}: examples.fires", "no example says what is said", "add `says` to one")


def _duplicates(conditions: Iterable[Condition]) -> Iterator[Fault]:
    seen: dict[tuple[object, ...], str] = {}
    for condition in conditions:
        if condition.rule.status not in ("active", "shadow"):
            continue
        rule = condition.rule
        key = (rule.about, frozenset(map(str, rule.when)), frozenset(map(str, rule.unless)))
        if key in seen:
            yield Fault(rule.name, f"tests the same as {seen[key]}", "retire one of them")
        seen.setdefault(key, rule.name)
