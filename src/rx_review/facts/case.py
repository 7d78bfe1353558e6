"""What the engines judge: one case per prescription, line, concern and pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rx_review.domain.review import Subject

Value = int | str
"""A known value as the engines see it: a flag is 0 or 1, a number is scaled by its digits, a code is text."""


class Case(NamedTuple):
    """One thing to be judged.

    `own` holds the known facts that the case adds to the one above it (a line's to its prescription's, a
    concern's to its line's). A fact found in neither is unknown, and `missing` says what would settle it (a key of
    `CAUSES`). `row` names the formulary row or pair that made the case, so that a dismissal is about it; `ask` is
    the one question a row may put to the doctor.
    """

    subject: Subject
    lines: tuple[int, ...]
    own: Mapping[str, Value]
    missing: Mapping[str, str]
    texts: Mapping[str, Any]
    ingredients: tuple[str, ...]
    row: str = ""
    ask: Mapping[str, str] | None = None
    above: Case | None = None

    def known(self, name: str) -> Value | None:
        """The value of a fact, or None if it is unknown."""
        case: Case | None = self
        while case is not None:
            value = case.own.get(name)
            if value is not None:
                return value
            case = case.above
        return None

    def cause(self, name: str) -> str:
        """What would settle an unknown fact; the fact itself where nothing better is known."""
        case: Case | None = self
        while case is not None:
            if name in case.missing:
                return case.missing[name] or name
            case = case.above
        return name

    def text(self, name: str) -> Any:
        """A text fact: a string, or the same in `zh` and `en`; None if there is none."""
        case: Case | None = self
        while case is not None:
            if name in case.texts:
                return case.texts[name]
            case = case.above
        return None


@dataclass(frozen=True, slots=True)
class Facts:
    """Every case of a review, by subject."""

    cases: Mapping[Subject, tuple[Case, ...]]


@dataclass(slots=True)
class Sheet:
    """Facts under construction: known values, causes of the unknown, and texts."""

    values: dict[str, Value] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    texts: dict[str, Any] = field(default_factory=dict)

    def tell(self, name: str, value: Value | bool | None, cause: str = "") -> None:
        """Set a fact, or say what is missing when the value is None."""
        if value is None:
            self.missing[name] = cause
        else:
            self.values[name] = int(value) if isinstance(value, bool) else value
