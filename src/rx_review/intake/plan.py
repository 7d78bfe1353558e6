"""A profile made ready to read with: words folded, forms of dates compiled, one plan a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rx_review.library.lookup import fold
from rx_review.library.site import ABSENT, Condition, Entry, Origin, Site, WrittenNumbers
from rx_review.library.site_fields import PARTS, Field, Part, full_name

Absent = Literal["none", "unknown", "not_asked"]


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """How one field is read. Keys of `values` and `words` are folded."""

    field: Field
    origin: Origin
    column: str
    values: Mapping[str, bool | str]
    words: Mapping[str, Absent]
    zero_is_unknown: bool
    dates: tuple[str, ...]
    numbers: WrittenNumbers


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """How one entry is read."""

    entry: Entry
    fields: Mapping[str, FieldPlan]


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole profile, ready."""

    site: Site
    sheet: Mapping[str, FieldPlan]
    lines: Mapping[str, FieldPlan]
    diagnoses: tuple[EntryPlan, ...]
    signatures: tuple[EntryPlan, ...]
    reasons: tuple[EntryPlan, ...]


def make_plan(site: Site) -> Plan:
    """Make a profile ready."""
    words = dict(_words(site))

    def fields(part: Part, origins: Mapping[str, Origin]) -> Mapping[str, FieldPlan]:
        return {name: _field(site, words, part, PARTS[part][name], origin) for name, origin in origins.items()}

    def entries(part: Part, found: tuple[Entry, ...]) -> tuple[EntryPlan, ...]:
        return tuple(EntryPlan(entry, fields(part, entry.fields)) for entry in found)

    return Plan(
        site,
        fields("fields", site.fields),
        fields("lines", site.lines.fields),
        entries("diagnoses", site.diagnoses),
        entries("signatures", site.signatures),
        entries("reasons", site.reasons),
    )


def _field(site: Site, words: Mapping[str, Absent], part: Part, field: Field, origin: Origin) -> FieldPlan:
    return FieldPlan(
        field,
        origin,
        " + ".join(origin.from_),
        {fold(theirs): ours for theirs, ours in origin.values.items()},
        {**words, **dict(_words(origin))},
        full_name(part, field.name) in site.zero_is_unknown,
        origin.dates or site.dates,
        site.numbers,
    )


def _words(owner: Site | Origin) -> Iterator[tuple[str, Absent]]:
    for kind in ABSENT:
        for word in getattr(owner, kind):
            yield fold(word), kind


def meets(condition: Condition, value: object) -> bool:
    """Whether a value is one of those of a condition."""
    return fold(as_text(value)) in {fold(word) for word in condition.is_}


def as_text(value: object) -> str:
    """A scalar as text: true is the word true, null nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
