"""Rows by key and day, and how a written name is compared."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from rx_review.library.rows import Row

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

FOR_EVER = date.max.toordinal()


def fold(name: str) -> str:
    """A name as look-ups compare it: full-width and case folded, spaces out."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


class Span(NamedTuple, Generic[R]):
    """Something that holds from one day to before another, as ordinals."""

    value: R
    start: int
    end: int


def span(row: Row, value: R) -> Span[R]:
    """A value for the days of a row."""
    return Span(value, row.from_.toordinal(), row.until.toordinal() if row.until else FOR_EVER)


class Dated(Generic[K, R]):
    """Values by key, several per key, each for some days; `on` gives those that hold on a day."""

    __slots__ = ("_spans",)

    def __init__(self, pairs: Iterable[tuple[K, Span[R]]]) -> None:
        grouped: dict[K, list[Span[R]]] = defaultdict(list)
        for key, value in pairs:
            grouped[key].append(value)
        self._spans: dict[K, tuple[Span[R], ...]] = {key: tuple(values) for key, values in grouped.items()}

    def on(self, key: K, day: int) -> tuple[R, ...]:
        """Values of `key` that hold on the day with that ordinal."""
        spans = self._spans.get(key)
        return tuple([s.value for s in spans if s.start <= day < s.end]) if spans else ()

    def one(self, key: K, day: int) -> R | None:
        """The value of `key` that holds on that day, or None."""
        for found in self._spans.get(key, ()):
            if found.start <= day < found.end:
                return found.value
        return None

    def __contains__(self, key: object) -> bool:
        return key in self._spans

    def __iter__(self) -> Iterator[K]:
        """Every key, whatever the day."""
        return iter(self._spans)

    def all(self, key: K) -> tuple[R, ...]:
        """Values of `key` whatever the day."""
        return tuple(found.value for found in self._spans.get(key, ()))
