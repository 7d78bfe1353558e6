"""Rows by key and day, and how a written name is compared."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from datetime import date
from typing import Any, Generic, TypeVar

from rx_review.library.rows import Row

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")


def fold(name: str) -> str:
    """A name as look-ups compare it: full-width and case folded, spaces out."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


class Dated(Generic[K, R]):
    """Rows by key, several per key; `on` gives those that hold on a day."""

    __slots__ = ("_rows",)

    def __init__(self, pairs: Iterable[tuple[K, R]]) -> None:
        grouped: dict[K, list[tuple[int, int, R]]] = defaultdict(list)
        for key, row in pairs:
            grouped[key].append((*_period(row), row))
        self._rows: dict[K, tuple[tuple[int, int, R], ...]] = {key: tuple(rows) for key, rows in grouped.items()}

    def on(self, key: K, day: int) -> tuple[R, ...]:
        """Rows of `key` that hold on the day with that ordinal."""
        rows = self._rows.get(key)
        return tuple(row for start, end, row in rows if start <= day < end) if rows else ()

    def one(self, key: K, day: int) -> R | None:
        """The row of `key` that holds on that day, or None."""
        for start, end, row in self._rows.get(key, ()):
            if start <= day < end:
                return row
        return None

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[K]:
        """Every key, whatever the day."""
        return iter(self._rows)

    def all(self, key: K) -> tuple[R, ...]:
        """Rows of `key` whatever the day."""
        return tuple(row for _, _, row in self._rows.get(key, ()))


def _period(row: Any) -> tuple[int, int]:
    base = row if isinstance(row, Row) else row[-1]
    return base.from_.toordinal(), base.until.toordinal() if base.until else date.max.toordinal()
