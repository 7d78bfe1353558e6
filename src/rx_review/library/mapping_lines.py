"""The lines of a mapping file: csv as spreadsheets write it, or xlsx. What a spreadsheet spoilt is never a value."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path

from rx_review.errors import Fault, InputError

Lines = Iterator[tuple[int, Sequence[str]]]
"""Number of each line, from 1, and its cells as text."""

# Beyond fifteen digits a spreadsheet rounds.
_ROUNDED = 10**15
_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})


class Spoilt(str):
    """A cell that holds no value: what is wrong with it, in English; `zh` says the same in Chinese."""

    __slots__ = ("zh",)
    zh: str


def _spoilt(what: str, zh: str) -> Spoilt:
    found = Spoilt(what)
    found.zh = zh
    return found


def mapping_lines(path: Path) -> Lines:
    """Read a csv (UTF-8 or GB18030) or xlsx file, of a workbook the first sheet.

    Raises:
        InputError: if it is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise InputError(Fault(str(path), why, "correct the path", "无法读取；请更正路径")) from None
    if path.suffix.lower() == ".xlsx":
        yield from enumerate(_sheet(path, data), 1)
        return
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        yield from _csv(path, text)
        return
    zh = "既不是 UTF-8 也不是 GB18030；请另存为 UTF-8"
    raise InputError(Fault(path.name, "neither UTF-8 nor GB18030", "save it as UTF-8", zh))


def _csv(path: Path, text: str) -> Lines:
    # An open quote would swallow every line below it into one cell.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        zh = "引号不成对或单元格过长；请更正"
        raise InputError(Fault(f"{path.name}:{before + 1}", str(error), "mend the quotes", zh)) from None


def _sheet(path: Path, data: bytes) -> list[list[str]]:
    # Only whoever sends a spreadsheet pays for the library that reads one.
    from openpyxl import load_workbook

    try:
        # Formulas stand in one reading and what they came to in the other.
        values, formulas = (
            load_workbook(io.BytesIO(data), read_only=True, data_only=only).worksheets[0] for only in (True, False)
        )
        for sheet in (values, formulas):
            # Some programs write A1 for the size of the sheet, whatever is in it.
            sheet.reset_dimensions()
        return [
            [_cell(value, formula) for value, formula in zip_longest(row, written)]
            for row, written in zip(values.values, formulas.values, strict=True)
        ]
    except Exception:
        # Whatever the library stumbles over in a spoilt file, the answer is the same.
        fault = Fault(path.name, "not an xlsx file", "save it as xlsx or csv", "不是 xlsx 文件；请另存为 xlsx 或 csv")
        raise InputError(fault) from None


def _cell(value: object, formula: object) -> str:
    """A cell as text; a whole number that a spreadsheet keeps as 10023.0 is 10023."""
    if value is None:
        return "" if formula is None else _spoilt("a formula without a value", "公式没有算出结果；请粘贴为数值")
    if isinstance(value, date | time | timedelta):
        return _spoilt("the spreadsheet made a date of it", "被表格软件改成了日期；请设为文本后重填")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) >= _ROUNDED:
            return _spoilt("a number that the spreadsheet rounded", "数字超过15位，已被表格软件舍入；请设为文本后重填")
        return format(Decimal(f"{value:.15g}"), "f")
    if value in _ERRORS:
        return _spoilt(f"the formula came to {value}", "公式出错；请更正")
    return str(value)
