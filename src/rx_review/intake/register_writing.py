"""Registers as a workbook in the columns that are read, and an empty one that explains them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from rx_review.domain.county import EVERYTHING, Member, StaffEntry, StandingDecision
from rx_review.domain.registers import Period
from rx_review.errors import Fault, InputError
from rx_review.intake.register_columns import FORMS, NONE, SHEET_KINDS, TRUTHS, Column, SheetKind

_TEXT = "@"
_LONGEST_LIST = 255
"""Characters that a drop-down list may have in a cell's own rule."""
_NOT_IN_XML = ("\ufffe", "\uffff")
_EXPLANATION = (
    "表 · sheet",
    "列 · column",
    "英文列名 · in English",
    "必填 · needed",
    "可填的值 · values",
    "说明 · remarks",
)
_REMARKS = (
    ("空单元格表示不详，不表示“否”。", "An empty cell means unknown, never no."),
    ("没有的列不改动登记中的内容。", "A column that is not there leaves what the register says."),
    ("编号、电话用文本格式，保留前导零；数字格式会被拒绝。", "Codes and telephones are texts; numbers are refused."),
    (
        "写了某人的处方权或派驻，即以本表为准；没写的人不变。",
        "Rows for somebody's rights or postings replace all of them.",
    ),
    ("表中没有的人员不会被删除，只会列出。", "People who are not in the file are listed, never removed."),
)

Row = Mapping[str, Any]
"""A cell's value by the key of its column: str, bool, int, date or a list; None is an empty cell."""


def write_registers(rows: Mapping[SheetKind, Sequence[Row]]) -> bytes:
    """A workbook with these sheets, every cell a text.

    Raises:
        InputError: a name holds a character that no workbook can hold.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    for kind, found in rows.items():
        _sheet(book, kind, found)
    return _saved(book)


def write_template() -> bytes:
    """A workbook with every sheet empty, lists to choose from, and one that explains the values."""
    book = Workbook()
    explained = book.worksheets[0]
    explained.title = "说明"
    for remark in _REMARKS:
        explained.append(remark)
    explained.append(())
    explained.append(_EXPLANATION)
    for kind in SHEET_KINDS:
        form, sheet = FORMS[kind], _sheet(book, kind, ())
        for place, column in enumerate(form.columns, 1):
            needed = "是" if column.required else ""
            remarks = " · ".join(filter(None, column.says))
            explained.append((form.zh, column.zh, column.key, needed, _values(column), remarks))
            _choose(sheet, place, column)
    for letter, width in zip("ABCDEF", (14, 18, 20, 8, 60, 80), strict=True):
        explained.column_dimensions[letter].width = width
    for row in explained.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    return _saved(book)


def rows_of_staff(entries: Iterable[tuple[str, StaffEntry]]) -> dict[SheetKind, list[Row]]:
    """Staff as rows of three sheets."""
    staff: list[Row] = []
    rights: list[Row] = []
    postings: list[Row] = []
    for code, entry in entries:
        prescriber, pharmacist = entry.prescriber, entry.pharmacist
        row: dict[str, Any] = {"code": code, "institution": entry.institution, "name": entry.name}
        if prescriber is not None:
            row |= prescriber.model_dump(exclude={"rights", "postings"})
            row["registered_at"] = [NONE] if prescriber.registered_at == () else prescriber.registered_at
            rights += [{"code": code, "kind": right.kind, **_days(right)} for right in prescriber.rights or ()]
            if prescriber.rights == ():
                rights.append({"code": code, "kind": NONE})
            postings += [
                {"code": code, "institution": posting.institution, **_days(posting)} for posting in prescriber.postings
            ]
        if pharmacist is not None:
            row |= {
                "pharmacist": True,
                "pharmacist_title": pharmacist.title,
                **pharmacist.model_dump(exclude={"title"}),
            }
        staff.append(row)
    return {"staff": staff, "rights": rights, "postings": postings}


def rows_of_members(entries: Iterable[tuple[str, Member]]) -> dict[SheetKind, list[Row]]:
    """Members as rows."""
    rows: list[Row] = []
    for code, member in entries:
        row: dict[str, Any] = {"institution": code, "name": member.name, "phone": member.phone}
        row["observes"] = member.observes or [NONE]
        if member.mandate is not None:
            said = {"number": member.mandate.number, **_days(member.mandate)}
            row |= {f"mandate_{key}": value for key, value in said.items()}
        rows.append(row)
    return {"members": rows}


def rows_of_decisions(entries: Iterable[tuple[str, StandingDecision]]) -> dict[SheetKind, list[Row]]:
    """Decisions of the committee as rows."""
    return {
        "decisions": [
            {"number": number, **decision.model_dump(), **_days(decision), "members": decision.members or [EVERYTHING]}
            for number, decision in entries
        ]
    }


def _days(period: Period) -> Row:
    """Both days, the end as the last day on which it holds, since that is how people read an end."""
    return {"from": period.from_, "until": None, "last_day": period.until and period.until - timedelta(days=1)}


# --- cells ---------------------------------------------------------------------------------------


def _sheet(book: Workbook, kind: SheetKind, rows: Iterable[Row]) -> Worksheet:
    form = FORMS[kind]
    sheet: Worksheet = book.create_sheet(form.zh)
    sheet.freeze_panes = "A2"
    for place, column in enumerate(form.columns, 1):
        head = sheet.cell(1, place, column.zh)
        head.font = Font(bold=True)
        width = sheet.column_dimensions[get_column_letter(place)]
        # So that a code typed below keeps its zeros.
        width.number_format = _TEXT
        width.width = 2 * len(column.zh) + 6
    for number, row in enumerate(rows, 2):
        for place, column in enumerate(form.columns, 1):
            written = _written(column, row.get(column.key))
            if written:
                cell = sheet.cell(number, place, written)
                # A name that begins with = is no formula.
                cell.data_type = "s"
                cell.number_format = _TEXT
    return sheet


def _written(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return TRUTHS["true" if value else "false"][0]
    if isinstance(value, list | tuple):
        return "、".join(_written(column, each) for each in value)
    text = str(value)
    for word, names in column.words.items():
        if text == word or text in names:
            return names[0]
    if any(mark in text for mark in _NOT_IN_XML):
        zh = "含有表格文件无法保存的字符；请先在登记中更正"
        raise InputError(
            Fault(f"{column.zh} {text!r}", "a character that no workbook can hold", "correct it first", zh)
        )
    return text


def _values(column: Column) -> str:
    if column.kind == "truth":
        return "是、否"
    return "、".join(names[0] for names in column.words.values())


def _choose(sheet: Worksheet, place: int, column: Column) -> None:
    words = TRUTHS if column.kind == "truth" else column.words
    listed = ",".join(names[0] for names in words.values())
    if column.kind in ("truth", "choice") and len(listed) <= _LONGEST_LIST:
        # A list to choose from, not a fence: other words of the same meaning are read too.
        choice = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=False)
        letter = get_column_letter(place)
        choice.add(f"{letter}2:{letter}20000")
        sheet.add_data_validation(choice)


def _saved(book: Workbook) -> bytes:
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()
