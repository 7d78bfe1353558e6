"""The formulary as look-ups: what a review asks of the rows, answered by hash, by the day asked about."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rx_review.library.lookup import Dated, Span, fold, span
from rx_review.library.rows import (
    Contraindication,
    Drug,
    Essential,
    EssentialEdition,
    Form,
    Frequency,
    Herb,
    Incompatibility,
    Ingredient,
    Institution,
    Interaction,
    Limit,
    Listing,
    Parameter,
    Route,
    Row,
    Substitute,
    Unit,
)
from rx_review.library.tables import Tables


@dataclass(frozen=True, slots=True)
class Formulary:
    """Every look-up a review makes. Built once per edition; nothing in it changes."""

    drugs: Dated[str, Drug]
    drugs_of: Dated[str, Drug]
    written_names: Mapping[str, tuple[str, str | None]]
    herbs: Dated[str, Herb]
    composition: Dated[str, Ingredient]
    classes: Dated[str, str]
    class_names: Mapping[str, tuple[str, str, str]]
    essential: Dated[tuple[str, str], Essential]
    editions: Dated[str, EssentialEdition]
    listings: Dated[str, Listing]
    limits: Dated[str, Limit]
    contraindications: Dated[str, Contraindication]
    interactions: Dated[tuple[str, str], Interaction]
    incompatibilities: Dated[tuple[str, str], Incompatibility]
    partners: Mapping[str, frozenset[str]]
    allergens: Dated[str, str]
    skin_tests: Dated[str, str | None]
    groups: Mapping[str, tuple[str, ...]]
    group_names: Mapping[str, tuple[str, str]]
    diagnosis_codes: Mapping[str, str]
    routes: Mapping[str, Route]
    units: Mapping[str, Unit]
    forms: Mapping[str, Form]
    frequencies: Mapping[str, Frequency]
    spellings: Mapping[tuple[str, str], str]
    parameters: Dated[str, Parameter]
    institutions: Mapping[str, Institution]
    substitutes: Dated[str, Substitute]
    wordings: frozenset[tuple[str, str]]
    changes: tuple[int, ...]
    """Days on which some row begins or ends; between two of them every look-up gives the same answer."""

    def epoch(self, day: int) -> int:
        """The first day of the period around `day` in which nothing changes."""
        place = bisect_right(self.changes, day)
        return self.changes[place - 1] if place else 0

    def spelt(self, kind: str, written: str) -> str | None:
        """The dictionary key that a written route, unit, form or frequency means, or None. Exact after folding."""
        return self.spellings.get((kind, fold(written)))

    def parameter(self, name: str, day: int) -> Decimal | None:
        """The value of `$name` on a day."""
        row = self.parameters.one(name, day)
        return row.value if row else None

    def classes_of(self, ingredient: str, day: int) -> tuple[str, ...]:
        """Classes of an ingredient on a day, in the table's order."""
        return self.classes.on(ingredient, day)

    def groups_of(self, code: str) -> tuple[str, ...]:
        """Diagnosis groups whose prefix the code begins with."""
        found: list[str] = []
        for end in range(2, len(code) + 1):
            found.extend(self.groups.get(code[:end], ()))
        return tuple(found)


def build_formulary(tables: Tables) -> Formulary:
    """Index checked rows. Class rows are expanded to ingredients; an ingredient's own row beats its class's."""
    members = _members(tables)
    drugs: tuple[Drug, ...] = tables["drugs"]
    forms = {row.form: row for row in tables["forms"]}
    spellings = _spellings(tables)
    return Formulary(
        drugs=Dated(_keyed(drugs, lambda row: row.drug)),
        drugs_of=Dated(_keyed(drugs, lambda row: row.generic)),
        written_names=_written_names(tables, spellings),
        herbs=Dated(_keyed(tables["herbs"], lambda row: row.herb)),
        composition=Dated(_keyed(tables["ingredients"], lambda row: row.generic)),
        classes=Dated((row.ingredient, span(row, row.class_)) for row in tables["classes"]),
        class_names={row.class_: (row.zh, row.en, row.duplicate) for row in tables["class_names"]},
        essential=Dated(_keyed(tables["essential"], lambda row: (row.edition, row.generic))),
        editions=Dated(_keyed(tables["essential_editions"], lambda row: "")),
        listings=Dated(_keyed(tables["listings"], lambda row: row.generic)),
        limits=Dated(_expand(tables["limits"], members)),
        contraindications=Dated(_expand(tables["contraindications"], members)),
        interactions=Dated(_pairs(tables["interactions"])),
        incompatibilities=Dated(_pairs(tables["incompatibilities"])),
        partners=_partners(tables),
        allergens=Dated((fold(row.allergen), span(row, row.target)) for row in tables["allergens"]),
        skin_tests=Dated(
            (name, Span(found.value.route, found.start, found.end))
            for name, found in _expand(tables["skin_tests"], members)
        ),
        groups=_groups(tables),
        group_names={row.group: (row.zh, row.en) for row in tables["diagnosis_groups"]},
        diagnosis_codes=_diagnosis_codes(tables),
        routes={row.route: row for row in tables["routes"]},
        units={row.unit: row for row in tables["units"]},
        forms=forms,
        frequencies={row.frequency: row for row in tables["frequencies"]},
        spellings=spellings,
        parameters=Dated(_keyed(tables["parameters"], lambda row: row.parameter)),
        institutions={row.institution: row for row in tables["institutions"]},
        substitutes=Dated(_keyed(tables["substitutes"], lambda row: row.generic)),
        wordings=frozenset((row.kind, fold(row.wording)) for row in tables["wordings"]),
        changes=_changes(tables),
    )


def _changes(tables: Tables) -> tuple[int, ...]:
    days = {
        day.toordinal()
        for rows in tables.values()
        for row in rows
        if isinstance(row, Row)
        for day in (row.from_, row.until)
        if day is not None
    }
    return tuple(sorted(days))


Members = Mapping[str, tuple[tuple[str, Row], ...]]
"""Ingredients of each class, each with the row that makes it one."""


def _members(tables: Tables) -> Members:
    members: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    for row in tables["classes"]:
        members[row.class_].append((row.ingredient, row))
    return {name: tuple(found) for name, found in members.items()}


def _keyed(rows: Iterable[Any], key: Callable[[Any], Any]) -> Iterator[tuple[Any, Span[Any]]]:
    for row in rows:
        yield key(row), span(row, row)


def _expand(rows: Iterable[Any], members: Members) -> Iterator[tuple[str, Span[Any]]]:
    """Rows by ingredient, a class's row under each member while it is one. Own rows beat these at the look-up."""
    for row in rows:
        whole = span(row, row)
        if not row.target.startswith("class:"):
            yield row.target, whole
            continue
        for ingredient, membership in members.get(row.target[6:], ()):
            held = span(membership, row)
            start, end = max(whole.start, held.start), min(whole.end, held.end)
            if start < end:
                yield ingredient, Span(row, start, end)


def _pairs(rows: Iterable[Any]) -> Iterator[tuple[tuple[str, str], Span[Any]]]:
    for row in rows:
        for key in {(row.a, row.b), (row.b, row.a)}:
            yield key, span(row, row)


def _partners(tables: Tables) -> Mapping[str, frozenset[str]]:
    partners: dict[str, set[str]] = defaultdict(set)
    for row in (*tables["interactions"], *tables["incompatibilities"]):
        partners[row.a].add(row.b)
        partners[row.b].add(row.a)
    return {key: frozenset(found) for key, found in partners.items()}


def _groups(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in tables["diagnosis_groups"]:
        groups[row.prefix].append(row.group)
    return {prefix: tuple(found) for prefix, found in groups.items()}


def _diagnosis_codes(tables: Tables) -> Mapping[str, str]:
    codes: dict[str, str] = {}
    for row in tables["diagnoses"]:
        codes.setdefault(fold(row.zh), row.code)
    for row in tables["spellings"]:
        if row.kind == "diagnosis":
            codes[fold(row.spelling)] = row.code
    return codes


def _spellings(tables: Tables) -> Mapping[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for kind, table, key in (
        ("route", "routes", "route"),
        ("unit", "units", "unit"),
        ("form", "forms", "form"),
        ("frequency", "frequencies", "frequency"),
    ):
        for row in tables[table]:
            code = getattr(row, key)
            found.setdefault((kind, fold(code)), code)
            found.setdefault((kind, fold(row.zh)), code)
    for row in tables["spellings"]:
        if row.kind != "diagnosis":
            found[row.kind, fold(row.spelling)] = row.code
    return found


def _written_names(tables: Tables, spellings: Mapping[tuple[str, str], str]) -> Mapping[str, tuple[str, str | None]]:
    """Every exact way to write a drug: generic, alias, and either with its form; the value is (generic, form)."""
    names: dict[str, tuple[str, str | None]] = {}
    aliases: dict[str, list[str]] = defaultdict(list)
    for row in tables["names"]:
        aliases[row.target].append(row.name)
    suffixes: dict[str, list[str]] = defaultdict(list)
    for (kind, written), code in spellings.items():
        if kind == "form" and written != fold(code):
            suffixes[code].append(written)
    for herb in tables["herbs"]:
        for written in (herb.herb, *aliases[herb.herb]):
            names[fold(written)] = (herb.herb, None)
    forms_of: dict[str, dict[str, str]] = defaultdict(dict)
    for drug in tables["drugs"]:
        for suffix in suffixes[drug.form]:
            forms_of[drug.generic].setdefault(suffix, drug.form)
    for generic, endings in forms_of.items():
        for written in (generic, *aliases[generic]):
            plain = fold(written)
            # 缓释片 before 片: the longest ending tells the form.
            told = max((suffix for suffix in endings if plain.endswith(suffix)), key=len, default="")
            names[plain] = (generic, endings[told] if told and written != generic else None)
            for suffix, form in endings.items():
                names.setdefault(plain + suffix, (generic, form))
                if form == "powder_injection":
                    names.setdefault("注射用" + plain, (generic, form))
    return names
