"""Reads `formulary/*.csv` into checked rows, and says everything that is wrong at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rx_review.errors import Fault, LibraryError
from rx_review.library.rows import TABLES, Row, Source, columns

Tables = Mapping[str, tuple[Any, ...]]
"""Rows by table name; each tuple holds instances of that table's model."""

# Which column of which table must be a key of which other table (an empty cell is allowed).
REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("drugs", "form", "forms"),
    ("drugs", "amount_unit", "units"),
    ("drugs", "dose_unit", "units"),
    ("ingredients", "amount_unit", "units"),
    ("classes", "class_", "class_names"),
    ("essential", "edition", "essential_editions"),
    ("essential", "form", "forms"),
    ("listings", "form", "forms"),
    ("limits", "form", "forms"),
    ("contraindications", "form", "forms"),
    ("forms", "counts_as", "forms"),
    ("marks", "form", "forms"),
    ("payment_limits", "form", "forms"),
    ("winners", "form", "forms"),
    ("institutions", "parent", "institutions"),
    ("mappings", "institution", "institutions"),
    ("mappings", "form", "forms"),
    ("settings", "parameter", "parameters"),
    ("settings", "institution", "institutions"),
    ("substitutes", "form", "forms"),
    ("substitutes", "dose_unit", "units"),
    ("substitutes", "route", "routes"),
    ("substitutes", "frequency", "frequencies"),
)

PAYERS = ("self", "medical", "work_injury", "maternity")
"""Who may pay, as spellings of kind payer say it."""

_SPELLS = {"diagnosis": "diagnoses", "route": "routes", "unit": "units", "form": "forms", "frequency": "frequencies"}


def read_tables(folder: Path) -> Tables:
    """Read every table of a formulary folder.

    Raises:
        LibraryError: with each fault found, by file, line and column.
    """
    faults: list[Fault] = []
    tables: dict[str, tuple[Any, ...]] = {}
    lines: dict[int, int] = {}
    for model in TABLES:
        rows, found = _read_table(folder / f"{model.table}.csv", model)
        tables[model.table] = tuple(row for _, row in rows)
        lines.update((id(row), line) for line, row in rows)
        faults += found
        if not found:
            faults += _order_and_periods(model, rows)
    known = {f"{model.table}.csv" for model in TABLES}
    faults += [
        Fault(path.name, "no table of that name", f"rename it or take it out; tables are {', '.join(sorted(known))}")
        for path in sorted(folder.glob("*.csv"))
        if path.name not in known
    ]
    for table, row, column, value, target in _references(tables):
        where = f"{table}.csv:{lines[id(row)]}: {column}"
        faults.append(Fault(where, f"{value!r} is not in {target}", f"add it to {target} or correct it"))
    if faults:
        raise LibraryError(*faults)
    return tables


def _read_table(path: Path, model: type[Row] | type[Source]) -> tuple[list[tuple[int, Any]], list[Fault]]:
    if not path.is_file():
        return [], [Fault(path.name, "the table is missing", "add the file with its header line")]
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        return [], [Fault(path.name, f"not UTF-8 at byte {error.start}", "save the file as UTF-8")]
    if text.startswith("\ufeff"):
        what = "begins with a byte order mark (BOM)"
        return [], [Fault(f"{path.name}:1", what, "save as UTF-8 without BOM")]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected = columns(model)
    rows: list[tuple[int, Any]] = []
    faults: list[Fault] = []
    try:
        header = tuple(next(reader, ()))
        if header != expected:
            return [], [Fault(f"{path.name}:1", f"the header is {','.join(header)}", f"write {','.join(expected)}")]
        for cells in reader:
            line = reader.line_num
            if len(cells) != len(expected):
                faults.append(
                    Fault(f"{path.name}:{line}", f"{len(cells)} cells", f"write {len(expected)}, quote commas")
                )
                continue
            try:
                rows.append((line, model.model_validate(dict(zip(expected, cells, strict=True)))))
            except ValidationError as error:
                faults += _cell_faults(f"{path.name}:{line}", error)
    except csv.Error as error:
        faults.append(Fault(f"{path.name}:{reader.line_num}", str(error), "mend the quotes"))
    return rows, faults


def _cell_faults(where: str, error: ValidationError) -> list[Fault]:
    return [
        Fault(
            f"{where}: {'.'.join(str(part) for part in detail['loc'])}" if detail["loc"] else where,
            detail["msg"].removeprefix("Value error, "),
            "correct the cell; the column dictionary says what it may hold",
        )
        for detail in error.errors()
    ]


def _sort_key(model: type[Row] | type[Source], row: Any) -> tuple[str, ...]:
    key = tuple("" if (value := getattr(row, name)) is None else str(value) for name in model.key)
    return (*key, str(row.from_)) if isinstance(row, Row) else key


def _order_and_periods(model: type[Row] | type[Source], rows: list[tuple[int, Any]]) -> Iterable[Fault]:
    file = f"{model.table}.csv"
    for (_, earlier), (line, later) in pairwise(rows):
        before, after = _sort_key(model, earlier), _sort_key(model, later)
        if before > after:
            yield Fault(f"{file}:{line}", "rows are out of order", f"sort by {', '.join(model.key)}, from")
        same = before[: len(model.key)] == after[: len(model.key)]
        if same and not isinstance(later, Row):
            yield Fault(f"{file}:{line}", "the key stands twice", "keep one row")
        elif same and (earlier.until is None or earlier.until > later.from_):
            yield Fault(f"{file}:{line}", "two rows of one key hold at once", "give the older one an `until`")


Dangling = tuple[str, Any, str, object, str]
"""Table, row, column, value and the table in which the value is missing."""


def _references(tables: Mapping[str, tuple[Any, ...]]) -> Iterable[Dangling]:
    keys = {
        model.table: {getattr(row, model.key[0]) for row in tables[model.table]}
        for model in TABLES
        if len(model.key) == 1
    }
    for table, column, target in REFERENCES:
        for row in tables[table]:
            value = getattr(row, column)
            if value is not None and value not in keys[target]:
                yield (table, row, column, value, target)
    for table, rows in tables.items():
        for row in rows:
            if isinstance(row, Row) and row.source not in keys["sources"]:
                yield (table, row, "source", row.source, "sources")
    for row in tables["spellings"]:
        # A diagnosis may be spelt out to a subcategory; its category must exist.
        code = row.code.partition(".")[0] if row.kind == "diagnosis" else row.code
        if row.kind == "payer":
            if code not in PAYERS:
                yield ("spellings", row, "code", row.code, f"the payers {', '.join(PAYERS)}")
        elif code not in keys[_SPELLS[row.kind]]:
            yield ("spellings", row, "code", row.code, _SPELLS[row.kind])
    yield from _substances(tables, keys)
    yield from _member_codes(tables, keys)


def _member_codes(tables: Mapping[str, tuple[Any, ...]], keys: Mapping[str, set[Any]]) -> Iterable[Dangling]:
    drugs = keys["drugs"] | keys["herbs"] | {row.generic for row in tables["drugs"]}
    for row in tables["mappings"]:
        if row.kind == "drug" and row.target not in drugs:
            yield ("mappings", row, "target", row.target, "drugs or herbs")
        elif row.kind == "diagnosis" and row.target.partition(".")[0] not in keys["diagnoses"]:
            yield ("mappings", row, "target", row.target, "diagnoses")


def _substances(tables: Mapping[str, tuple[Any, ...]], keys: Mapping[str, set[Any]]) -> Iterable[Dangling]:
    generics = {row.generic for row in tables["drugs"]}
    herbs = {row.herb for row in tables["herbs"]}
    families = {row.family for row in tables["herbs"]}
    ingredients = {row.ingredient for row in tables["ingredients"]} | {row.generic for row in tables["ingredients"]}
    groups = {row.group for row in tables["diagnosis_groups"]}
    for table, column in (("ingredients", "generic"), ("substitutes", "generic"), ("substitutes", "substitute")):
        for row in tables[table]:
            if getattr(row, column) not in generics:
                yield (table, row, column, getattr(row, column), "drugs")
    composed = {row.generic for row in tables["ingredients"]}
    for row in tables["drugs"]:
        if row.generic not in composed:
            yield ("drugs", row, "generic", row.generic, "ingredients")
    for row in tables["names"]:
        if row.target not in generics and row.target not in herbs:
            yield ("names", row, "target", row.target, "drugs or herbs")
    for table, column in (
        ("limits", "target"), ("interactions", "a"), ("interactions", "b"), ("contraindications", "target"),
        ("allergens", "target"), ("skin_tests", "target"), ("incompatibilities", "a"), ("incompatibilities", "b"),
    ):  # fmt: skip
        for row in tables[table]:
            kind, _, name = getattr(row, column).rpartition(":")
            herbal = kind == "herb" or (table == "incompatibilities" and row.kind != "infusion")
            known = keys["class_names"] if kind == "class" else families if herbal else ingredients
            if name not in known:
                yield (table, row, column, name, "class_names" if kind == "class" else "ingredients or herbs")
    for table, column in (
        ("off_label", "generic"), ("payment_limits", "generic"), ("solvents", "target"), ("solvents", "solvent"),
        ("winners", "generic"),
    ):  # fmt: skip
        for row in tables[table]:
            if getattr(row, column) not in generics:
                yield (table, row, column, getattr(row, column), "drugs")
    for table in ("marks", "indications"):
        for row in tables[table]:
            kind, _, name = row.target.rpartition(":")
            if name not in (keys["class_names"] if kind == "class" else generics | herbs):
                yield (table, row, "target", name, "class_names" if kind == "class" else "drugs or herbs")
    for table, column in (("indications", "group"), ("off_label", "condition")):
        for row in tables[table]:
            if getattr(row, column) is not None and getattr(row, column) not in groups:
                yield (table, row, column, getattr(row, column), "diagnosis_groups")
    for row in tables["permits"]:
        if row.holder not in keys["institutions"] | keys["outlets"]:
            yield ("permits", row, "holder", row.holder, "institutions or outlets")
    for row in tables["limits"]:
        if row.unit != "day" and row.unit not in keys["units"]:
            yield ("limits", row, "unit", row.unit, "units")
    for row in tables["contraindications"]:
        if row.topic == "disease" and row.condition not in groups:
            yield ("contraindications", row, "condition", row.condition, "diagnosis_groups")
