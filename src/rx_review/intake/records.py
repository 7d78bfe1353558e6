"""What a profile reads from: a record gives the cell of a column or path, and where that cell stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from rx_review.domain.strict_json import escape
from rx_review.errors import Fault
from rx_review.intake.refusal import Refused, quoted, visible


class Cell(NamedTuple):
    """A value as sent, None if it was not, and where it stands."""

    value: Any
    place: str


class Record(Protocol):
    """A row, the rows of a sheet taken together, or an object."""

    @property
    def place(self) -> str:
        """Where the record stands."""
        ...

    def cell(self, name: str) -> Cell:
        """The cell of a column or path.

        Raises:
            Refused: if the cell cannot be told.
        """
        ...


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One sheet as it was sent: its whole, its lines, and what is already wrong with it."""

    place: str
    whole: Record
    lines: Sequence[Record]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the number of its line in the file, and its cells by column."""

    place: str
    cells: Mapping[str, Any]
    known: frozenset[str] = field(repr=False)

    def cell(self, name: str) -> Cell:
        """The cell of a column; one that is spelt almost so is refused."""
        place = f"{self.place}: {visible(name)}"
        if name not in self.cells:
            refuse_near_miss(name, self.cells, self.known, place)
        return Cell(self.cells.get(name), place)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one sheet: what is said of the sheet must be said alike on each row that says it."""

    place: str
    rows: tuple[Row, ...]

    def cell(self, name: str) -> Cell:
        """The one value of a column, empty cells aside."""
        first, given = self.rows[0].cell(name), None
        for row in self.rows:
            cell = row.cell(name)
            if is_blank(cell.value):
                continue
            if given is not None and as_key(cell.value) != as_key(given.value):
                one, other = quoted(given.value), quoted(cell.value)
                raise Refused(
                    f"{other} here and {one} on {given.place}, on one sheet",
                    "send one value for all rows of a sheet",
                    f"同一处方的各行不一致：此处 {other}，{given.place} 为 {one}；请统一",
                    cell.place,
                )
            given = given or cell
        return given or first


@dataclass(frozen=True, slots=True)
class Node:
    """An object of nested JSON; paths go down by dots."""

    place: str
    tree: Mapping[str, Any]
    known: frozenset[str] = field(repr=False)

    def cell(self, name: str) -> Cell:
        """The value at a path; one that is spelt almost so is refused."""
        node, place = self.tree, self.place
        parts = name.split(".")
        for depth, part in enumerate(parts):
            place = f"{place}/{escape(part)}"
            if part not in node:
                refuse_near_miss(part, node, self.known, place)
                return Cell(None, place)
            if depth == len(parts) - 1:
                return Cell(node[part], place)
            if node[part] is None:
                return Cell(None, place)
            if not isinstance(node[part], dict):
                raise Refused(*_NO_OBJECT, place)
            node = node[part]
        raise AssertionError(name)

    def elements(self, name: str) -> tuple[Node, ...]:
        """The objects of the array at a path; an object stands for an array of one, nothing for none.

        Raises:
            Refused: if something else stands there.
        """
        value, place = self.cell(name)
        if value is None or value == "":
            return ()
        if isinstance(value, dict):
            return (Node(place, value, self.known),)
        if not isinstance(value, list):
            raise Refused("not an array", "send an array of objects", "不是数组；请发送对象数组", place)
        for number, element in enumerate(value):
            if not isinstance(element, dict):
                raise Refused(*_NO_OBJECT, f"{place}/{number}")
        return tuple(Node(f"{place}/{number}", element, self.known) for number, element in enumerate(value))


_NO_OBJECT = ("not an object", "send an object", "不是对象；请发送对象")


def is_blank(value: object) -> bool:
    """Whether a cell is empty: null, or a text of spaces."""
    return value is None or (isinstance(value, str) and not value.strip())


def as_key(value: object) -> str:
    """A value as keys and comparisons take it."""
    return str(value).strip()


def refuse_near_miss(name: str, keys: Iterable[str], known: frozenset[str], place: str) -> None:
    """Refuse a column that is not there while one stands there that is one edit away and that nobody reads.

    Raises:
        Refused: naming both.
    """
    for key in keys:
        if key not in known and is_near(name, key):
            one, other = visible(name), visible(key)
            raise Refused(
                f"{one} is not there, but {other} is", f"correct the name, or list {other} under `ignored`",
                f"没有 {one}，却有 {other}；请更正名称，或把 {other} 列入对接配置的 ignored", place,
                once=True,
            )  # fmt: skip


@lru_cache(maxsize=20_000)
def is_near(name: str, other: str) -> bool:
    """Whether two names are one edit apart (short names: differ only in case, width or spaces)."""
    one, two = ("".join(unicodedata.normalize("NFKC", text).casefold().split()) for text in (name, other))
    if one == two:
        return True
    if min(len(one), len(two)) < (4 if one.isascii() else 3) or abs(len(one) - len(two)) > 1:
        return False
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    rest, more = one[start:], two[start:]
    swapped = rest[:2] == more[:2][::-1] and rest[2:] == more[2:]
    return rest[1:] == more[1:] or rest[1:] == more or rest == more[1:] or swapped
