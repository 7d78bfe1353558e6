"""Files of the registers to rows of typed values: which sheet is which, where its headings stand, every fault at once.

A column that a file lacks is not spoken of; a cell that is empty says that the value is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any, NamedTuple

from rx_review.errors import Fault, InputError
from rx_review.intake.refusal import Refused, visible
from rx_review.intake.register_cells import read_cell
from rx_review.intake.register_columns import EXPLAINS, FORMS, NONE, SHEET_KINDS, Column, Form, SheetKind, bare, heading
from rx_review.intake.register_sheets import MOST_COLUMNS, MOST_ROWS, Sheet, SheetRow, read_sheets, too_many

_TITLE_ROWS = 5
"""A title and a remark may stand above the headings."""
_OF_NONE = {"rights": "kind", "postings": "institution"}
"""Columns in which `none` stands for all of a person, so that no other column need be filled."""


class Headings(NamedTuple):
    """Where the headings of a sheet stand and what they mean."""

    form: Form
    row: int
    columns: Mapping[int, Column]
    written: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A row: a value or None for each column that its sheet has and that could be read; `sound` if each could."""

    kind: SheetKind
    sheet: Sheet
    number: int
    cells: Mapping[str, Any]
    headings: Headings
    sound: bool = True

    def place(self, key: str | None = None) -> str:
        """Where the row stands, or one of its cells."""
        found = next((place for place, column in self.headings.columns.items() if column.key == key), None)
        return self.sheet.place(self.number, found, visible(self.headings.written[found]) if found else "")

    def get(self, key: str) -> Any:
        """A value; None if it is unknown or its column is not there."""
        return self.cells.get(key)


@dataclass(slots=True)
class RegisterFiles:
    """What was read of some files, row by row, what was left alone, and what is wrong."""

    rows: dict[SheetKind, list[RegisterRow]] = field(default_factory=lambda: {kind: [] for kind in SHEET_KINDS})
    kinds: set[SheetKind] = field(default_factory=set)
    """Sheets that were there, if only with their headings."""
    left_alone: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_register_files(files: Iterable[tuple[str, bytes]]) -> RegisterFiles:
    """Read files of the registers, each csv or xlsx.

    Args:
        files: name and content of each.

    Returns:
        Every row, those with faults too; `faults` says what is wrong with files, headings and cells.
    """
    read = RegisterFiles()
    left = MOST_ROWS
    for name, data in files:
        shown = visible(PurePath(name).name)
        try:
            sheets = read_sheets(shown, data)
        except InputError as error:
            read.faults += error.faults
            continue
        left -= sum(len(sheet.rows) for sheet in sheets)
        if left < 0:
            read.faults.append(too_many(shown))
            break
        for sheet in sheets:
            _read_sheet(sheet, read)
    if not read.kinds and not read.faults:
        zh = "没有可导入的内容；请按模板填写"
        what = ", ".join(name for name, _ in files) if isinstance(files, Sequence) else "files"
        read.faults.append(Fault(visible(what), "no sheet of a register", "fill in the template", zh))
    return read


def _read_sheet(sheet: Sheet, read: RegisterFiles) -> None:
    if not sheet.rows or heading(sheet.name) in EXPLAINS:
        return
    if sheet.hidden:
        read.left_alone.append(sheet.place())
        return
    headings = _headings(sheet)
    if isinstance(headings, Fault):
        read.faults.append(headings)
        return
    faults = [*_heading_faults(sheet, headings)]
    if faults:
        read.faults += faults
        return
    kind = headings.form.kind
    read.kinds.add(kind)
    known = headings.columns
    others = ((place, text) for place, text in headings.written.items() if place not in known)
    read.left_alone += [sheet.place(headings.row, place, visible(text)) for place, text in others]
    for row in sheet.rows:
        if row.number > headings.row and not known.keys().isdisjoint(row.cells):
            read.rows[kind].append(_read_row(sheet, headings, row, read.faults))


def _read_row(sheet: Sheet, headings: Headings, row: SheetRow, faults: list[Fault]) -> RegisterRow:
    kind = headings.form.kind
    before = len(faults)
    alone = _OF_NONE.get(kind)
    cells: dict[str, Any] = {}
    refused: list[tuple[Column, Fault]] = []
    for place, column in headings.columns.items():
        try:
            cells[column.key] = read_cell(column, row.cells.get(place))
        except Refused as error:
            refused.append((column, error.at(sheet.place(row.number, place, visible(headings.written[place])))))
    of_none = alone is not None and cells.get(alone) == NONE
    # Of a person without any, the day on which it began is not asked.
    faults += [fault for column, fault in refused if not (of_none and column.key == "from" and fault.what == "empty")]
    found = RegisterRow(kind, sheet, row.number, cells, headings)
    stray = [
        Fault(sheet.place(row.number, place), "a cell under no heading", "give it a heading, or empty it",
              "单元格上方没有表头；请补表头或清空")
        for place in row.cells if place not in headings.written
    ]  # fmt: skip
    faults += [*stray, *_period_faults(found)]
    return replace(found, sound=len(faults) == before)


def _period_faults(row: RegisterRow) -> Iterable[Fault]:
    for prefix in ("", "mandate_"):
        until, last = row.get(f"{prefix}until"), row.get(f"{prefix}last_day")
        if until is not None and last is not None:
            what, do = "the first day after and the last day are both given", "keep one"
            yield Fault(row.place(f"{prefix}last_day"), what, do, "失效日和有效期至都已填写；请只留一个")
        start, end = row.get(f"{prefix}from"), until or last
        if start is not None and end is not None and end <= start:
            key = f"{prefix}until" if until is not None else f"{prefix}last_day"
            zh = "结束早于开始；请更正其一"
            yield Fault(row.place(key), "it ends before it begins", "correct one of the two", zh)


# --- headings ------------------------------------------------------------------------------------


def _headings(sheet: Sheet) -> Headings | Fault:
    """The row of headings: the first in which every column stands that the sheet needs."""
    name = heading(sheet.name or PurePath(sheet.file).stem)
    named = [form for form in FORMS.values() if name in form.names]
    tried = [_understood(form, row) for row in sheet.rows[:_TITLE_ROWS] for form in named or FORMS.values()]
    whole = [found for found in tried if not _missing(found)]
    if whole:
        first = min(found.row for found in whole)
        # Where several fit, as `institution, name` stands in both, the one that understands most.
        return max((found for found in whole if found.row == first), key=lambda found: len(found.columns))
    if not named:
        names = "、".join(form.zh for form in FORMS.values())
        return Fault(
            sheet.place(), "which register this is cannot be told from its name or headings",
            f"name the sheet {', '.join(SHEET_KINDS)}, or take it out",
            f"看不出是哪一张表；请把表名改为 {names} 之一，或删去此表",
        )  # fmt: skip
    best = max(tried, key=lambda found: len(found.columns))
    missing = _missing(best)
    return Fault(
        sheet.place(best.row), f"no column {', '.join(column.key for column in missing)}", "add it; see the template",
        f"缺少列：{'、'.join(column.zh for column in missing)}；请补充，见模板",
    )  # fmt: skip


def _understood(form: Form, row: SheetRow) -> Headings:
    written = {place: str(cell.value) for place, cell in row.cells.items()}
    folded = {place: heading(text) for place, text in written.items()}
    columns = {
        place: column for place, text in folded.items() for column in form.columns if text in column.headings
    }  # fmt: skip
    return Headings(form, row.number, columns, written)


def _missing(found: Headings) -> list[Column]:
    there = {column.key for column in found.columns.values()}
    return [column for column in found.form.columns if column.required and column.key not in there]


def _heading_faults(sheet: Sheet, found: Headings) -> Iterable[Fault]:
    """Columns that stand twice, too many columns, and headings that are nearly one of ours: a typing error."""
    keys = [column.key for column in found.columns.values()]
    free = {name: column for column in found.form.columns if column.key not in keys for name in column.headings}
    for place, text in found.written.items():
        column = found.columns.get(place)
        if place > MOST_COLUMNS:
            what, zh = f"more than {MOST_COLUMNS} columns", f"超过 {MOST_COLUMNS} 列；请删去多余的列"
            yield Fault(sheet.place(found.row, place), what, "take out what is not needed", zh)
        elif column is not None and keys.count(column.key) > 1:
            what, zh = f"column {column.key} stands twice", f"“{column.zh}”有两列；请保留一列"
            yield Fault(sheet.place(found.row, place, visible(text)), what, "keep one", zh)
        elif column is None and (near := get_close_matches(bare(text), free, 1, 0.8)):
            meant = free[near[0]]
            yield Fault(
                sheet.place(found.row, place, visible(text)), f"no such column, and {meant.key} is not there",
                f"correct the heading to {meant.key}, or take the column out",
                f"没有这一列；是否应为“{meant.zh}”？请更正表头，或删去此列",
            )  # fmt: skip
