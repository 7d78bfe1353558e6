"""The form of a rule file: what each key may hold. What its facts mean is checked by the engine's lint."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rx_review.domain.review import Severity, Subject

Operator = Literal["is", "is_not", "is_one_of", "over", "at_least", "under", "at_most"]
OPERATORS: tuple[str, ...] = ("is", "is_not", "is_one_of", "over", "at_least", "under", "at_most")

KEYS = (
    "id", "name", "title", "about", "severity", "code", "status", "when_unknown", "second_pharmacist",
    "owner", "reviewed", "effective",
    "replaces", "basis", "why", "when", "unless", "remedies", "message", "examples",
)  # fmt: skip
"""Keys of a rule file, in the order in which they are written."""

Literal_: TypeAlias = bool | Decimal | str
Line: TypeAlias = Annotated[str, Field(min_length=1, max_length=300)]


class _Form(BaseModel):
    # Built at the first rule read: a start from the cached edition reads none.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


class Words(_Form):
    """The same in Chinese and English."""

    zh: Line
    en: Line


class Text(_Form):
    """What a finding says; `short` fits an HIS pop-up of 60 characters."""

    zh: Line
    en: Line
    short: Annotated[str, Field(min_length=1, max_length=60)]


class Basis(_Form):
    """Where a rule comes from. `gist` is our wording; `recalled` says it was not yet compared with the text."""

    law: Line
    article: Line
    gist: Line
    source: Line
    recalled: bool = False


class Reviewed(_Form):
    """Who wrote and checked the rule, and when it must be looked at again."""

    by: Line
    checked_by: Line | None = None
    date: datetime.date
    next: datetime.date
    checked: bool = False


class Effective(_Form):
    """Days on which prescriptions are issued that the rule is for; `until` is exclusive."""

    from_: Annotated[datetime.date, Field(alias="from")]
    until: datetime.date | None = None


class Clause(_Form):
    """One test: a fact, an operator and a literal, a `$parameter` or another fact of the same subject."""

    fact: str
    operator: Operator
    literal: Literal_ | tuple[Literal_, ...] | None = None
    parameter: str | None = None
    other: str | None = None

    def __str__(self) -> str:
        right = f"${self.parameter}" if self.parameter else self.other or self.literal
        return f"{self.fact} {self.operator} {right}"


class Example(_Form):
    """A case a pharmacist would agree with: `facts` in full, or the first firing example's with changes."""

    name: Line
    facts: Mapping[str, Any] | None = None
    but: Mapping[str, Any] | None = None
    says: str | None = None


class Examples(_Form):
    """Cases that fire, near misses that stay silent, and cases that cannot be judged."""

    fires: Annotated[tuple[Example, ...], Field(min_length=1)]
    silent: Annotated[tuple[Example, ...], Field(min_length=1)]
    undetermined: tuple[Example, ...] = ()


class Rule(_Form):
    """A rule as its file says it."""

    id: Annotated[str, Field(pattern=r"^RX-[A-Z]{2,5}-\d{3}$")]
    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    title: Words
    about: Subject
    severity: Severity
    code: Annotated[str | None, Field(pattern=r"^[123]-\d{1,2}$")]
    status: Literal["draft", "shadow", "active", "retired"]
    when_unknown: Literal["block", "return", "hold", "note"]
    second_pharmacist: bool = False
    """Whether a sheet on which it fires is approved by two pharmacists, or twice by who is alone on duty."""
    owner: Line
    reviewed: Reviewed
    effective: Effective
    replaces: str | None = None
    basis: tuple[Basis, ...] = ()
    why: Annotated[str, Field(min_length=1, max_length=1000)]
    when: Annotated[tuple[Clause, ...], Field(min_length=1)]
    unless: tuple[Clause, ...] = ()
    remedies: tuple[Line, ...] = ()
    message: Text
    examples: Examples
    topic: str = ""
    """The folder it lies in, a key of topics.csv; no key of the file."""

    @field_validator("when", "unless", mode="before")
    @classmethod
    def _clauses(cls, value: object) -> object:
        if isinstance(value, tuple):
            return value
        if not isinstance(value, Mapping):
            raise ValueError("write it as `fact: {operator: value}`")
        return tuple(clause for fact, tests in value.items() for clause in _read_tests(str(fact), tests))

    @field_validator("remedies", mode="before")
    @classmethod
    def _no_remedies(cls, value: object) -> object:
        return () if value is None else value

    @model_validator(mode="after")
    def _dates(self) -> Rule:
        if self.reviewed.next <= self.reviewed.date:
            raise ValueError("reviewed.next must be later than reviewed.date")
        if self.effective.until is not None and self.effective.until <= self.effective.from_:
            raise ValueError("effective.until must be later than effective.from")
        return self

    @property
    def version(self) -> str:
        """Hash of what the rule decides: about, when, unless, severity, when_unknown. Wording does not change it."""
        decided = [
            self.about,
            sorted(str(clause) for clause in self.when),
            sorted(str(clause) for clause in self.unless),
            self.severity,
            self.when_unknown,
        ]
        return hashlib.sha256(json.dumps(decided, ensure_ascii=False).encode()).hexdigest()[:12]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Every test of the rule, `when` first."""
        return self.when + self.unless


def _read_tests(fact: str, tests: object) -> list[dict[str, object]]:
    if not isinstance(tests, Mapping) or not tests:
        raise ValueError(f"{fact}: write {{operator: value}}, one of {', '.join(OPERATORS)}")
    clauses = []
    for operator, right in tests.items():
        if operator not in OPERATORS:
            raise ValueError(f"{fact}: {operator} is no operator; use {', '.join(OPERATORS)}")
        clauses.append({"fact": fact, "operator": operator, **_read_right(fact, operator, right)})
    return clauses


def _read_right(fact: str, operator: str, right: object) -> dict[str, object]:
    if operator == "is_one_of":
        if not isinstance(right, list | tuple) or len(right) < 2:
            raise ValueError(f"{fact}: is_one_of takes a list of two or more")
        return {"literal": tuple(_read_literal(fact, item) for item in right)}
    if isinstance(right, Mapping):
        if set(right) != {"fact"}:
            raise ValueError(f"{fact}: another fact is written {{fact: name}}")
        return {"other": str(right["fact"])}
    if isinstance(right, str) and right.startswith("$"):
        if not re.fullmatch(r"\$[a-z][a-z0-9_]*", right):
            raise ValueError(f"{fact}: {right} is no parameter name")
        return {"parameter": right[1:]}
    return {"literal": _read_literal(fact, right)}


def _read_literal(fact: str, value: object) -> Literal_:
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value))
    if isinstance(value, str):
        return str(value)
    raise ValueError(f"{fact}: {value!r} is neither a number, a code nor true or false")
