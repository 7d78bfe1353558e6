"""A word of the vocabulary, and short ways to write one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rx_review.domain.review import Subject

Kind = Literal["flag", "code", "number", "text"]
WRITTEN = "not_written"
"""Absence of such a fact is known: the sheet does not say it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One word of the vocabulary.

    `digits` are the decimals a number keeps: the engines see it as an integer times 10**digits. `text` facts
    appear in messages and cannot be tested. `values` closes a code; empty means keys of the formulary.
    """

    name: str
    subject: Subject
    kind: Kind
    zh: str
    en: str
    absence: Literal["unknown", "not_written"]
    when_absent: int | str = 0
    unit: str = ""
    digits: int = 0
    values: tuple[str, ...] = ()


def flag(subject: Subject, name: str, zh: str, en: str, absence: str = "unknown") -> Fact:
    """A fact that is true or false."""
    return Fact(name, subject, "flag", zh, en, _absence(absence), 0)


def code(subject: Subject, name: str, zh: str, en: str, values: str = "", absent: str | None = None) -> Fact:
    """A fact that is one of some words; with `absent`, that word is what not written means."""
    absence: Literal["unknown", "not_written"] = "unknown" if absent is None else "not_written"
    return Fact(name, subject, "code", zh, en, absence, absent or "", values=tuple(values.split()))


def number(subject: Subject, name: str, zh: str, en: str, unit: str, digits: int = 0, absence: str = "unknown") -> Fact:
    """A fact that is counted or measured."""
    return Fact(name, subject, "number", zh, en, _absence(absence), 0, unit, digits)


def text(subject: Subject, name: str, zh: str, en: str) -> Fact:
    """Words that appear in messages and cannot be tested."""
    return Fact(name, subject, "text", zh, en, "not_written", "")


def _absence(word: str) -> Literal["unknown", "not_written"]:
    return "unknown" if word == "unknown" else "not_written"
