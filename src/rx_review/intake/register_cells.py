"""A cell of a register to its value. An empty cell is unknown; what a spreadsheet may have spoilt is refused.

A number where a code or a telephone is meant is refused: 12 may have been 0012 before the spreadsheet read it, and
another person's rights would then stand under the code. Only where the cell's own format writes the zeros (0000) is it
certain what people saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, assert_never

from pydantic import Field, TypeAdapter, ValidationError

from rx_review.domain.county import Muted
from rx_review.domain.values import Code, Count, Day, Note, Text
from rx_review.domain.wording import say_fault
from rx_review.intake.refusal import Refused, quoted
from rx_review.intake.register_columns import TRUTHS, UNKNOWN_WORDS, Column, Words
from rx_review.intake.register_sheets import Cell
from rx_review.library.lookup import fold

_SEPARATORS = re.compile(r"[、，,;；\s]+")
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|\.([0-9]{1,2})\.|年([0-9]{1,2})月)([0-9]{1,2})日?")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_ZEROS = re.compile(r"0{2,30}")
_NULLABLE = frozenset({"truth", "choice", "codes", "count"})


@cache
def _reader(kind: str) -> TypeAdapter[Any]:
    models: Mapping[str, Any] = {
        "code": Code,
        "text": Text,
        "note": Note,
        "day": Day,
        "count": Annotated[Count, Field(ge=0, le=70)],
        "word": Muted,
    }
    return TypeAdapter(models[kind])


def read_cell(column: Column, cell: Cell | None) -> Any:
    """The value of a cell: str, bool, int, date or a list of str; None if it is empty or says that it is unknown.

    Raises:
        Refused: the cell is empty and may not be, or holds no value of that column.
    """
    if cell is not None and cell.spoilt:
        raise _spoilt(cell)
    if cell is None or (
        column.kind in _NULLABLE and not column.required and isinstance(cell.value, str)
        and fold(cell.value) in UNKNOWN_WORDS
    ):  # fmt: skip
        if column.required:
            raise Refused("empty", "fill it in", "为空；请填写")
        return None
    match column.kind:
        case "code" | "text" | "note":
            written = _text(cell)
            return _word(column.words, written) or _checked(column.kind, written)
        case "codes":
            return _several("code", column.words, _text(cell))
        case "words":
            return _several("word", column.words, _text(cell))
        case "truth":
            return _chosen(TRUTHS, _plain(cell)) == "true"
        case "choice":
            return _chosen(column.words, _plain(cell))
        case "choices":
            return list(dict.fromkeys(_chosen(column.words, part) for part in _parts(_plain(cell))))
        case "count":
            return _checked("count", _number(cell))
        case "day":
            return _day(cell)
        case "last_day":
            return _checked("day", _day(cell) + timedelta(days=1))
    assert_never(column.kind)


def _spoilt(cell: Cell) -> Refused:
    if cell.spoilt == "formula":
        return Refused("a formula", "paste it as a value", "是公式；请粘贴为数值")
    return Refused(f"the formula came to {cell.value}", "correct it", f"公式出错（{cell.value}）；请更正")


def _checked(kind: str, value: object) -> Any:
    try:
        return _reader(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Refused(*say_fault(first["type"], first.get("ctx", {}), first["msg"], first.get("input"))) from None


def _text(cell: Cell) -> str:
    """Text as it was typed, or as the cell's format shows a number."""
    if isinstance(cell.value, str):
        return cell.value
    if isinstance(cell.value, int) and not isinstance(cell.value, bool) and _ZEROS.fullmatch(cell.format):
        return f"{cell.value:0{len(cell.format)}d}"
    raise Refused(
        f"{_shown(cell)} is a number, a date or a truth to the spreadsheet, which drops leading zeros",
        "set the column to text and type it again",
        f"{_shown(cell)} 被表格软件当作数字、日期或逻辑值，前导零可能已丢失；请把该列设为文本后重填",
    )


def _plain(cell: Cell) -> str:
    """A word: also one that a spreadsheet made a number or truth of."""
    if isinstance(cell.value, bool):
        return str(cell.value).lower()
    return str(cell.value)


def _shown(cell: Cell) -> str:
    return quoted(cell.value.isoformat() if isinstance(cell.value, date | time) else cell.value)


def _parts(written: str) -> list[str]:
    return [part for part in _SEPARATORS.split(written) if part]


def _several(kind: str, words: Words, written: str) -> list[str]:
    parts = _parts(written)
    found = next((word for part in parts if (word := _word(words, part))), None)
    if found is None:
        return list(dict.fromkeys(_checked(kind, part) for part in parts))
    if len(parts) > 1:
        zh = f"{quoted(written)} 自相矛盾；请只写“{words[found][0]}”或逐一列出"
        raise Refused(f"{quoted(written)} contradicts itself", f"write {found} alone, or list them", zh)
    return [found]


def _word(words: Words, written: str) -> str | None:
    """The value that a word stands for."""
    folded = fold(written)
    return next((value for value, names in words.items() if folded == value or folded in map(fold, names)), None)


def _chosen(words: Words, written: str) -> str:
    found = _word(words, written)
    if found is not None:
        return found
    raise Refused(
        f"not one of the values: {quoted(written)}",
        f"write {_listed(words)}",
        f"{quoted(written)} 不在可选值内；请填 {'、'.join(names[0] for names in words.values())}",
    )


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}"


def _number(cell: Cell) -> object:
    if isinstance(cell.value, str) and re.fullmatch(r"[0-9]{1,9}", cell.value):
        return int(cell.value)
    if isinstance(cell.value, float) and cell.value.is_integer():
        return int(cell.value)
    return cell.value


def _day(cell: Cell) -> date:
    value = cell.value
    if isinstance(value, datetime):
        if value.time() != time():
            shown = quoted(value.isoformat(" "))
            raise Refused(f"a time, not a day: {shown}", "write the day alone", f"{shown} 带有时间；请只填日期")
        value = value.date()
    if isinstance(value, date):
        return _in_range(value)
    written = fold(str(value))
    found = _DAY.fullmatch(written) or _DIGITS.fullmatch(written)
    if isinstance(value, bool) or found is None:
        shown = _shown(cell)
        raise Refused(
            f"not a day: {shown}", "write 2026-11-01, 2026/11/1 or 2026年11月1日",
            f"{shown} 不是日期；请写成 2026-11-01、2026/11/1 或 2026年11月1日",
        )  # fmt: skip
    try:
        year, month, day = (int(part) for part in found.groups() if part is not None)
        return _in_range(date(year, month, day))
    except ValueError:
        shown = quoted(value)
        raise Refused(f"no such day: {shown}", "correct it", f"{shown} 这一天不存在；请更正") from None


def _in_range(day: date) -> date:
    checked: date = _checked("day", day)
    return checked
