"""From checked rows to the look-ups of a formulary: classes expanded, names and spellings folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rx_review.library.formulary import Formulary
from rx_review.library.lookup import Dated, Span, fold, span
from rx_review.library.rows import Drug, Row
from rx_review.library.site import Site
from rx_review.library.tables import Tables


def build_formulary(tables: Tables, sites: Mapping[str, Site]) -> Formulary:
    """Index checked rows. Class rows are expanded to ingredients; an ingredient's own row beats its class's."""
    members = _members(tables)
    drugs: tuple[Drug, ...] = tables["drugs"]
    forms = {row.form: row for row in tables["forms"]}
    spellings = _spellings(tables)
    written_names = _written_names(tables, spellings)
    return Formulary(
        drugs=Dated(_keyed(drugs, lambda row: row.drug)),
        drugs_of=Dated(_keyed(drugs, lambda row: row.generic)),
        written_names=written_names,
        irregular_names=_irregular_names(tables, written_names, spellings),
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
        broad_groups=frozenset(row.group for row in tables["diagnosis_groups"] if row.broad),
        diagnosis_codes=_diagnosis_codes(tables),
        categories=frozenset(row.code[:3] for row in tables["diagnoses"] if row.kind == "western"),
        tcm_names=_tcm_names(tables),
        routes={row.route: row for row in tables["routes"]},
        units={row.unit: row for row in tables["units"]},
        forms=forms,
        frequencies={row.frequency: row for row in tables["frequencies"]},
        spellings=spellings,
        parameters=Dated(_keyed(tables["parameters"], lambda row: row.parameter)),
        statutory=frozenset(row.source for row in tables["sources"] if row.kind in ("law", "regulation")),
        settings=Dated(_keyed(tables["settings"], lambda row: (row.parameter, row.institution or ""))),
        institutions={row.institution: row for row in tables["institutions"]},
        lines_of_command=_lines_of_command(tables),
        mappings=Dated(_keyed(tables["mappings"], lambda row: (row.institution, row.kind, fold(row.code)))),
        with_own_settings=frozenset(row.institution for row in tables["settings"] if row.institution),
        sites=sites,
        with_own_codes=frozenset(row.institution for row in tables["mappings"]),
        growth=tuple(sorted((row.days, row.lightest) for row in tables["growth"])),
        fills={(row.field, row.tier): row.percent for row in tables["fills"]},
        substitutes=Dated(_keyed(tables["substitutes"], lambda row: row.generic)),
        marks=Dated(_keyed(tables["marks"], lambda row: row.target)),
        permits=Dated((row.holder, span(row, (row.permit, row.granted))) for row in tables["permits"]),
        outlets=frozenset(row.outlet for row in tables["outlets"]),
        off_label=Dated(_keyed(tables["off_label"], lambda row: row.generic)),
        indications=Dated((row.target, span(row, row.group)) for row in tables["indications"]),
        solvents=Dated(_keyed(tables["solvents"], lambda row: row.target)),
        winners=Dated(_keyed(tables["winners"], lambda row: row.generic)),
        payment_limits=Dated(_keyed(tables["payment_limits"], lambda row: row.generic)),
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


def _lines_of_command(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    parents = {row.institution: row.parent for row in tables["institutions"]}
    lines: dict[str, tuple[str, ...]] = {}
    for institution in parents:
        line = [institution]
        # A circle ends where it began.
        while (above := parents.get(line[-1])) is not None and above not in line:
            line.append(above)
        lines[institution] = tuple(line)
    return lines


def _groups(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in tables["diagnosis_groups"]:
        groups[row.prefix].append(row.group)
    return {prefix: tuple(found) for prefix, found in groups.items()}


def _diagnosis_codes(tables: Tables) -> Mapping[str, str]:
    codes: dict[str, str] = {}
    western = {row.code for row in tables["diagnoses"] if row.kind == "western"}
    for row in tables["diagnoses"]:
        if row.kind == "western":
            codes.setdefault(fold(row.zh), row.code)
    for row in tables["spellings"]:
        if row.kind == "diagnosis" and row.code.partition(".")[0] in western:
            codes[fold(row.spelling)] = row.code
    return codes


def _tcm_names(tables: Tables) -> Mapping[str, str]:
    kinds = {row.code: row.kind for row in tables["diagnoses"] if row.kind != "western"}
    names = {fold(row.zh): row.kind for row in tables["diagnoses"] if row.kind != "western"}
    for row in tables["spellings"]:
        if row.kind == "diagnosis" and row.code in kinds:
            names[fold(row.spelling)] = kinds[row.code]
    return names


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


def _irregular_names(
    tables: Tables, written: Mapping[str, object], spellings: Mapping[tuple[str, str], str]
) -> frozenset[str]:
    """Brands, abbreviations, numbers, old and folk names, alone and with a form behind them (654-2片)."""
    endings = {"", *(word for kind, word in spellings if kind == "form")}
    plain = [fold(row.name) for row in tables["names"] if row.kind in ("brand", "irregular")]
    return frozenset(name + ending for name in plain for ending in endings if name + ending in written)


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
