"""The formulary as look-ups: what a review asks of the rows, answered by hash, by the day asked about."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rx_review.library.lookup import Dated, fold
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
    partners: Mapping[str, tuple[str, ...]]
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
    classes = Dated((row.ingredient, _Word(row.class_, row)) for row in tables["classes"])
    members = _members(tables)
    drugs: tuple[Drug, ...] = tables["drugs"]
    forms = {row.form: row for row in tables["forms"]}
    spellings = _spellings(tables)
    return Formulary(
        drugs=Dated((row.drug, row) for row in drugs),
        drugs_of=Dated((row.generic, row) for row in drugs),
        written_names=_written_names(tables, spellings),
        herbs=Dated((row.herb, row) for row in tables["herbs"]),
        composition=Dated((row.generic, row) for row in tables["ingredients"]),
        classes=_words(classes),
        class_names={row.class_: (row.zh, row.en, row.duplicate) for row in tables["class_names"]},
        essential=Dated(((row.edition, row.generic), row) for row in tables["essential"]),
        editions=Dated(("", row) for row in tables["essential_editions"]),
        listings=Dated((row.generic, row) for row in tables["listings"]),
        limits=Dated(_expand(tables["limits"], members)),
        contraindications=Dated(_expand(tables["contraindications"], members)),
        interactions=Dated(_pairs(tables["interactions"])),
        incompatibilities=Dated(_pairs(tables["incompatibilities"])),
        partners=_partners(tables),
        allergens=_words(Dated((fold(row.allergen), _Word(row.target, row)) for row in tables["allergens"])),
        skin_tests=_words(
            Dated(
                (name, _Word(row.route, row)) for row in tables["skin_tests"] for name in _targets(row.target, members)
            )
        ),
        groups=_groups(tables),
        group_names={row.group: (row.zh, row.en) for row in tables["diagnosis_groups"]},
        diagnosis_codes=_diagnosis_codes(tables),
        routes={row.route: row for row in tables["routes"]},
        units={row.unit: row for row in tables["units"]},
        forms=forms,
        frequencies={row.frequency: row for row in tables["frequencies"]},
        spellings=spellings,
        parameters=Dated((row.parameter, row) for row in tables["parameters"]),
        institutions={row.institution: row for row in tables["institutions"]},
        substitutes=Dated((row.generic, row) for row in tables["substitutes"]),
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


class _Word(tuple[Any, Row]):
    """A word with the row that dates it."""

    def __new__(cls, word: Any, row: Row) -> _Word:
        return super().__new__(cls, (word, row))


def _words(dated: Dated[Any, _Word]) -> Dated[Any, Any]:
    plain: Dated[Any, Any] = Dated(())
    plain._rows = {
        key: tuple((start, end, word) for start, end, (word, _) in rows) for key, rows in dated._rows.items()
    }
    return plain


def _members(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    members: dict[str, list[str]] = defaultdict(list)
    for row in tables["classes"]:
        if row.ingredient not in members[row.class_]:
            members[row.class_].append(row.ingredient)
    return {name: tuple(found) for name, found in members.items()}


def _targets(target: str, members: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return members.get(target[6:], ()) if target.startswith("class:") else (target,)


def _expand(rows: Iterable[Any], members: Mapping[str, tuple[str, ...]]) -> list[tuple[str, Any]]:
    """Rows by ingredient, a class's row under each member. Where a member has its own row, the look-up decides."""
    return [(name, row) for row in rows for name in _targets(row.target, members)]


def _pairs(rows: Iterable[Any]) -> list[tuple[tuple[str, str], Any]]:
    return [(key, row) for row in rows for key in {(row.a, row.b), (row.b, row.a)}]


def _partners(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    partners: dict[str, set[str]] = defaultdict(set)
    for row in (*tables["interactions"], *tables["incompatibilities"]):
        partners[row.a].add(row.b)
        partners[row.b].add(row.a)
    return {key: tuple(sorted(found)) for key, found in partners.items()}


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
    for drug in tables["drugs"]:
        for written in (drug.generic, *aliases[drug.generic]):
            plain = fold(written)
            names[plain] = (drug.generic, None)
            for suffix in suffixes[drug.form]:
                names.setdefault(plain + suffix, (drug.generic, drug.form))
                if drug.form == "powder_injection":
                    names.setdefault("注射用" + plain, (drug.generic, drug.form))
    return names
