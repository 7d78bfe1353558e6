"""From a rule that fired to what people read: message, facts, basis, remedies and the key of a dismissal."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rx_review.domain.review import Finding, Message
from rx_review.engine.language import Condition, shown
from rx_review.facts.case import Case
from rx_review.facts.vocabulary import BY_SUBJECT
from rx_review.library.rule import Rule

SHORT = 60
_PLACE = re.compile(r"\{(\$?[a-z][a-z0-9_]*)\}")


def build_finding(condition: Condition, case: Case, parameters: Mapping[str, Any]) -> Finding:
    """Put a fired rule into words. `parameters` gives each `$name` its value."""
    rule = condition.rule
    return Finding(
        rule.id,
        condition.version,
        rule.severity,
        rule.code,
        rule.about,
        case.lines,
        render(rule, case, parameters),
        condition.basis,
        named_facts(condition, case, parameters),
        rule.remedies,
        key_of(condition, case),
    )


@lru_cache(maxsize=4096)
def _places(template: str) -> tuple[tuple[str, str | None], ...]:
    """A template as pairs of text and the placeholder after it."""
    parts = _PLACE.split(template)
    return tuple((text, parts[i + 1] if i + 1 < len(parts) else None) for i, text in enumerate(parts) if i % 2 == 0)


def placeholders(template: str) -> tuple[str, ...]:
    """Names in braces, `$parameters` included."""
    return tuple(name for _, name in _places(template) if name is not None)


def render(rule: Rule, case: Case, parameters: Mapping[str, Any]) -> Message:
    """Fill a rule's message with the facts of the case."""
    short = _fill(rule.message.short, rule, case, parameters, "zh")
    return Message(
        _fill(rule.message.zh, rule, case, parameters, "zh"),
        _fill(rule.message.en, rule, case, parameters, "en"),
        short if len(short) <= SHORT else short[: SHORT - 1] + "…",
    )


def _fill(template: str, rule: Rule, case: Case, parameters: Mapping[str, Any], language: str) -> str:
    out: list[str] = []
    for text, name in _places(template):
        out.append(text)
        if name is not None:
            out.append(_word(name, rule, case, parameters, language))
    return "".join(out)


def _word(name: str, rule: Rule, case: Case, parameters: Mapping[str, Any], language: str) -> str:
    if name.startswith("$"):
        value = parameters.get(name[1:])
    elif BY_SUBJECT[rule.about][name].kind == "text":
        value = case.text(name)
        if isinstance(value, Mapping):
            value = value[language]
    else:
        value = shown(BY_SUBJECT[rule.about][name], case.known(name))
    if value is None:
        return "未知" if language == "zh" else "unknown"
    if isinstance(value, bool):
        return {"zh": ("否", "是"), "en": ("no", "yes")}[language][value]
    return str(value)


def named_facts(condition: Condition, case: Case, parameters: Mapping[str, Any]) -> Mapping[str, object]:
    """The facts that the rule names in its tests and messages, as answers carry them."""
    vocabulary = BY_SUBJECT[condition.rule.about]
    facts: dict[str, object] = {}
    for test in condition.tests:
        facts[test.fact.name] = shown(test.fact, case.known(test.fact.name))
        if test.parameter is not None:
            facts[f"${test.parameter}"] = _plain(parameters.get(test.parameter))
        elif test.against is not None:
            facts[test.against] = shown(vocabulary[test.against], case.known(test.against))
    for name in placeholders(condition.rule.message.zh):
        if name.startswith("$"):
            facts[name] = _plain(parameters.get(name[1:]))
        elif vocabulary[name].kind == "text":
            facts[name] = case.text(name)
        else:
            facts[name] = shown(vocabulary[name], case.known(name))
    return dict(sorted(facts.items()))


def _plain(value: object) -> object:
    return None if value is None else str(value)


def key_of(condition: Condition, case: Case) -> str:
    """A key that survives nights, line numbers and wording, and dies when a test changes its answer.

    It is a hash of the rule's version, the ingredients and the formulary row that made the case. The truth of
    each test is the same for every finding of a version: all of `when`, none of `unless`.
    """
    decided = "\x1f".join((condition.version, case.row, *sorted(case.ingredients)))
    return hashlib.sha256(decided.encode()).hexdigest()[:24]
