"""What differs between two editions: rules, values of parameters, rows of tables, site profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from rx_review.library.edition import load_edition
from rx_review.library.rows import TABLES, Parameter, Row, Setting
from rx_review.library.rule import Rule, Words
from rx_review.library.tables import Tables, read_tables

How = Literal["added", "removed", "changed"]
RuleHow = Literal["added", "removed", "version", "standing", "wording"]
"""`version`: it decides otherwise; `standing`: when, or whether, it runs; `wording`: neither."""

_STANDING = ("status", "effective")


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that only one edition has, or that the second words or decides otherwise."""

    id: str
    name: str
    title: Words
    how: RuleHow
    fields: tuple[str, ...] = ()
    """Keys of the rule's file that differ."""
    versions: tuple[str | None, str | None] = (None, None)
    """The rule's version before and after; None where there is no such rule."""


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A dated value of a parameter that only one edition has, or that differs; values are None where there is none."""

    parameter: str
    institution: str | None
    from_: date
    how: How
    before: str | None
    after: str | None
    until: tuple[date | None, date | None]
    set_by: Literal["default", "county", "member"]


@dataclass(slots=True)
class Count:
    """How many rows of a table, or which profiles, were added, removed or changed."""

    added: int = 0
    removed: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between two editions, whose digests are `before` and `after`."""

    before: str
    after: str
    rules: tuple[RuleChange, ...]
    values: tuple[ValueChange, ...]
    tables: Mapping[str, Count] = field(default_factory=dict)
    """Only tables in which something differs, by name."""
    sites: Mapping[str, How] = field(default_factory=dict)


def difference(before: tuple[Path, Path], after: tuple[Path, Path], cache: Path | None) -> Difference:
    """Compare two editions, each given by its folders of rules and formulary.

    Raises:
        LibraryError: if one of them does not hold together.
    """
    old, new = load_edition(*before, cache), load_edition(*after, cache)
    rows, new_rows = read_tables(before[1]), read_tables(after[1])
    return Difference(
        old.digest,
        new.digest,
        tuple(_rules(old.rules, new.rules)),
        tuple(_values(rows, new_rows)),
        dict(_tables(rows, new_rows)),
        {name: how for name, how, _, _ in _changes(old.formulary.sites, new.formulary.sites)},
    )


def _rules(before: Iterable[Rule], after: Iterable[Rule]) -> Iterator[RuleChange]:
    old, new = {rule.id: rule for rule in before}, {rule.id: rule for rule in after}
    for identity, how, one, other in _changes(old, new):
        rule: Rule = other or one
        versions = (one and one.version, other and other.version)
        if how == "changed":
            fields = tuple(name for name in Rule.model_fields if getattr(one, name) != getattr(other, name))
            yield RuleChange(identity, rule.name, rule.title, _kind(fields, versions), fields, versions)
        else:
            yield RuleChange(identity, rule.name, rule.title, how, (), versions)


def _kind(fields: Iterable[str], versions: tuple[str, str]) -> RuleHow:
    if versions[0] != versions[1]:
        return "version"
    return "standing" if any(name in _STANDING for name in fields) else "wording"


def _values(before: Tables, after: Tables) -> Iterator[ValueChange]:
    for model in (Parameter, Setting):
        for _, how, one, other in _changes(_by_key(model, before), _by_key(model, after)):
            row: Parameter | Setting = other or one
            institution = row.institution if isinstance(row, Setting) else None
            yield ValueChange(
                row.parameter,
                institution,
                row.from_,
                how,
                None if one is None else f"{one.value:f}",
                None if other is None else f"{other.value:f}",
                (one and one.until, other and other.until),
                "default" if isinstance(row, Parameter) else "member" if institution else "county",
            )


def _tables(before: Tables, after: Tables) -> Iterator[tuple[str, Count]]:
    for model in TABLES:
        count = Count()
        for _, how, _, _ in _changes(_by_key(model, before), _by_key(model, after)):
            setattr(count, how, getattr(count, how) + 1)
        if count != Count():
            yield model.table, count


def _by_key(model: Any, tables: Tables) -> Mapping[tuple[str, ...], Any]:
    """Rows of a table by what names one: its key and, if it is dated, its first day."""
    names = (*model.key, "from_") if issubclass(model, Row) else model.key
    return {tuple(str(getattr(row, name)) for name in names): row for row in tables[model.table]}


def _changes(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[tuple[Any, How, Any, Any]]:
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if one is None:
            yield key, "added", None, other
        elif other is None:
            yield key, "removed", one, None
        elif one != other:
            yield key, "changed", one, other
