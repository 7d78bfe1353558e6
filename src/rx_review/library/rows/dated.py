"""What every dated row of the formulary carries, and how a cell of text becomes a value."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Tier: TypeAlias = Literal["village", "township", "county"]

_AGE = re.compile(r"(\d{1,4})([dmy])")
_CITATION = re.compile(r"第\s*\d+\s*页|\bp{1,2}\.\s*\d+|[“”「」『』]|https?:")
_FULL_WIDTH = re.compile(r"[０-９ａ-ｚＡ-Ｚ　]")


def blank_is_none(cell: object) -> object:
    """An empty cell holds nothing."""
    return None if cell == "" else cell


def plain_number(cell: object) -> object:
    """A number as plain digits; an exponent or a sign is a mistake in a spreadsheet."""
    if cell == "" or cell is None:
        return None
    if not re.fullmatch(r"\d{1,12}(\.\d{1,6})?", str(cell)):
        raise ValueError("a number is plain digits with at most six decimals, such as 0.25")
    return cell


def _age(cell: object) -> object:
    if cell == "" or cell is None:
        return None
    if not _AGE.fullmatch(str(cell)):
        raise ValueError("an age is a whole number and d, m or y, such as 28d, 6m, 18y")
    return cell


def _flag(cell: object) -> object:
    if cell not in ("true", "false", True, False):
        raise ValueError("a flag is true or false")
    return cell in ("true", True)


Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Maybe: TypeAlias = Annotated[str | None, BeforeValidator(blank_is_none)]
Number: TypeAlias = Annotated[Decimal | None, BeforeValidator(plain_number)]
Age: TypeAlias = Annotated[str | None, BeforeValidator(_age)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(_flag)]
Until: TypeAlias = Annotated[date | None, BeforeValidator(blank_is_none)]


def column(zh: str, example: str, en: str) -> object:
    """Declare a column: its Chinese name, one example cell and what it means in English."""
    return Field(title=zh, examples=[example], description=en)


_NAMES: dict[type, tuple[str, ...]] = {}
_set = object.__setattr__

# Cells that are equal and of one type; a formulary says the same days, sources and flags thousands of times.
_SAME: dict[tuple[type, Any], Any] = {}


def _restore(model: type[Row], cells: tuple[Any, ...]) -> Row:
    """A row as it was when it was checked."""
    names = _NAMES.get(model)
    if names is None:
        names = _NAMES[model] = tuple(model.model_fields)
    row = model.__new__(model)
    _set(row, "__dict__", dict(zip(names, cells, strict=True)))
    _set(row, "__pydantic_fields_set__", set(names))
    _set(row, "__pydantic_extra__", None)
    _set(row, "__pydantic_private__", None)
    return row


class Row(BaseModel):
    """What each dated row carries: where it comes from, when it holds and whether a pharmacist compared it."""

    # Built at the first row read: a start from the cached edition reads none.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)
    table: ClassVar[str]
    key: ClassVar[tuple[str, ...]]
    about: ClassVar[str]

    source: Annotated[Text, column("来源", "NEML-2026", "key of sources.csv")]
    from_: Annotated[date, Field(alias="from"), column("生效日", "2026-09-01", "first day the row holds")]
    until: Annotated[Until, column("失效日", "", "first day it no longer holds; empty = still true")] = None
    checked: Annotated[Flag, column("已核对", "false", "a pharmacist compared the row with the official text")] = False
    recalled: Annotated[Flag, column("凭记忆", "true", "written from memory, to be compared")] = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel into the cached edition as a tuple of cells, equal ones being one object."""
        return _restore, (type(self), tuple(_SAME.setdefault((type(v), v), v) for v in self.__dict__.values()))

    @model_validator(mode="before")
    @classmethod
    def _cells_are_tidy(cls, cells: object) -> object:
        if isinstance(cells, dict):
            for name, cell in cells.items():
                if isinstance(cell, str) and cell != cell.strip():
                    raise ValueError(f"{name}: spaces around the cell; take them out")
                if isinstance(cell, str) and _FULL_WIDTH.search(cell) and name not in ("spelling", "name"):
                    raise ValueError(f"{name}: full-width digits, letters or spaces; type them half-width")
        return cells

    @model_validator(mode="after")
    def _dates_and_words_are_honest(self) -> Row:
        if self.until is not None and self.until <= self.from_:
            raise ValueError("until must be later than from")
        if self.recalled and self.checked:
            raise ValueError("checked, but recalled; compare it with the text, then take recalled away")
        for name, cell in self.__dict__.items():
            if self.recalled and isinstance(cell, str) and _CITATION.search(cell):
                raise ValueError(f"{name}: a row written from memory cites no page, address or words; say it plainly")
        return self
