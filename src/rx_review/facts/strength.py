"""Strengths compared as amounts: 100mg is 0.1g, 2ml:0.1g is 0.1g/2ml, 40万单位 is 400000 IU."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import prod

from rx_review.library.lookup import fold
from rx_review.library.rows import Drug

_TIMES = re.compile(r"[*×x]")
_COUNT = re.compile(r"([0-9]{1,4})(?!\s*(?:mg|g|ml|ug|μg|l|iu|u|%|cm|mm))[^0-9.]*")
_SIZE = re.compile(r"[0-9.]+(?:cm|mm)?[*×x][0-9.]+(?:cm|mm)")
_PERCENT = re.compile(r"[0-9.]+%[:(]?([0-9.]+(?:ml|l))\)?")
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_AMOUNT = re.compile(_NUMBER + r"(ng|ug|μg|mcg|mg|g|万单位|万iu|万u|单位|iu|u)")
_VOLUME = re.compile(_NUMBER + r"(ml|l)")
_IN_BRACKETS = re.compile(r"(.+)\(([^()]+)\)$")
# Finer than amounts are counted; nothing, or next to nothing, is no strength.
_LEAST = Decimal("0.000001")
_BASE = {
    "ng": ("ug", Decimal("0.001")), "ug": ("ug", Decimal(1)), "μg": ("ug", Decimal(1)), "mcg": ("ug", Decimal(1)),
    "mg": ("ug", Decimal(1000)), "g": ("ug", Decimal(1_000_000)),
    "万单位": ("IU", Decimal(10_000)), "万iu": ("IU", Decimal(10_000)), "万u": ("IU", Decimal(10_000)),
    "单位": ("IU", Decimal(1)), "iu": ("IU", Decimal(1)), "u": ("IU", Decimal(1)),
    "ml": ("ml", Decimal(1)), "l": ("ml", Decimal(1000)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strength:
    """An amount in one dose unit (ug or IU), and the volume it is in where that is written (ml)."""

    amount: Decimal
    base: str
    volume: Decimal | None = None


def split_strength(written: str | None) -> tuple[str | None, Decimal | None]:
    """`0.25g*12粒*2板/盒` is 0.25g in packs of 24; the strength comes folded, as look-ups compare it."""
    if written is None:
        return None, None
    plain = fold(written).replace("∶", ":")
    # 7cm*10cm*6贴: a plaster of that size, in packs of six.
    size = _SIZE.match(plain)
    start = size.end() if size else 0
    first, *rest = _TIMES.split(plain[start:])
    first = plain[:start] + first
    counts = [_COUNT.fullmatch(part) for part in rest]
    if not rest or not first:
        return plain, None
    if not all(counts):
        return first, None
    return first, Decimal(prod(int(count[1]) for count in counts if count))


@lru_cache(maxsize=8192)
def read_strength(printed: str) -> Strength | None:
    """Read a folded strength that is one amount, alone or with its volume; None for anything else."""
    parts = [part for part in re.split(r"[:/]", printed) if part]
    if len(parts) == 1:
        return _amount(parts[0], None)
    if len(parts) != 2:
        return None
    for amount, volume in (parts, parts[::-1]):
        match = _VOLUME.fullmatch(volume)
        if match is not None:
            return _amount(amount, Decimal(match[1]) * _BASE[match[2]][1])
    return None


def _amount(text: str, volume: Decimal | None) -> Strength | None:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    base, factor = _BASE[match[2]]
    amount = Decimal(match[1]) * factor
    if amount < _LEAST or (volume is not None and volume < _LEAST):
        return None
    return Strength(amount, base, volume)


def read_volume(printed: str) -> Decimal | None:
    """The volume of a folded strength that is a volume, alone (250ml) or with its concentration (0.9%100ml)."""
    percent = _PERCENT.fullmatch(printed)
    match = _VOLUME.fullmatch(percent[1] if percent else printed)
    return Decimal(match[1]) * _BASE[match[2]][1] if match else None


def same_strength(one: str, other: str) -> bool | None:
    """Whether two folded strengths are the same amount; None if they cannot be compared.

    A volume counts only where both write one: an ampoule is printed with it on one list and without on another.
    """
    if one == other:
        return True
    first, second = read_strength(one), read_strength(other)
    if first is None or second is None or first.base != second.base:
        return None
    if first.amount != second.amount:
        return False
    return first.volume is None or second.volume is None or first.volume == second.volume


def strength_in_brackets(generic: str) -> tuple[str, str | None]:
    """阿莫西林胶囊(0.25g): the name and the strength, if what stands in brackets is one."""
    match = _IN_BRACKETS.fullmatch(fold(generic))
    if match is None:
        return generic, None
    printed, _ = split_strength(match[2])
    readable = printed is not None and (read_strength(printed) or read_volume(printed)) is not None
    return match[1], match[2] if readable else None


def of_strength(rows: tuple[Drug, ...], printed: str | None) -> tuple[Drug, ...]:
    """Rows of that folded strength; one printed alike, or alike in volume too, before one without volume."""
    if printed is None:
        return ()
    same = tuple(row for row in rows if row.strength and same_strength(printed, fold(row.strength)))
    volume = strength.volume if (strength := read_strength(printed)) else None
    alike = tuple(row for row in same if _volume(row) == volume)
    return tuple(row for row in same if row.strength and fold(row.strength) == printed) or alike or same


def _volume(row: Drug) -> Decimal | None:
    found = read_strength(fold(row.strength)) if row.strength else None
    return found.volume if found else None
