"""Faults planted in reasonable prescriptions, so that what the rules find can be counted. Labelled by official code.

Those that add drugs are declared in `fault_tables/*.yaml`; those that take something away or change it are functions
of `fault_changes` (the sheet and its people) and `fault_line_changes` (its lines). All are written from regulations,
labels and the pharmacopoeia, never from the rules or from what the formulary happens to know.
"""

from __future__ import annotations

import functools
from datetime import datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from rx_review.county.fault_changes import RARE_SHEET_CHANGES, SHEET_CHANGES
from rx_review.county.fault_declared import declared_faults
from rx_review.county.fault_kinds import NO_CODE, Fault
from rx_review.county.fault_line_changes import LINE_CHANGES, RARE_LINE_CHANGES
from rx_review.county.writing import Written

__all__ = ["NO_CODE", "Fault", "Planted", "all_faults", "plant"]


class Planted(NamedTuple):
    """What was planted: its name, the problem codes it deserves, its lines (none = the sheet), when it is reviewed."""

    fault: str
    codes: frozenset[str]
    lines: tuple[int, ...] = ()
    at: datetime | None = None


def plant(written: Written, tier: str, random: Random, cache: Path | None = None) -> Planted | None:
    """Plant one fault that fits; None if none fits. The trees are changed in place.

    Each kind is as likely as the next, but for those that fit few sheets: see `Fault.rare`. `cache` as in `all_faults`.
    """
    kinds = list(all_faults(cache))
    random.shuffle(kinds)
    if random.random() < 0.25:
        kinds.sort(key=lambda kind: not kind.rare)
    for kind in kinds:
        done = kind.plant(written, tier, random)
        if done is not None:
            return Planted(kind.fault, kind.codes, *done)
    return None


@functools.cache
def all_faults(cache: Path | None = None) -> tuple[Fault, ...]:
    """Every kind of fault, by name; read once per process.

    Args:
        cache: where to keep what was read of the declared ones, by content, since reading YAML takes seconds; None
            keeps nothing.
    """
    changed = [
        Fault(name.replace("_", "-"), frozenset(codes), change, rare)
        for table, rare in (
            (SHEET_CHANGES, False), (LINE_CHANGES, False), (RARE_SHEET_CHANGES, True), (RARE_LINE_CHANGES, True)
        )
        for name, codes, change in table
    ]  # fmt: skip
    return tuple(sorted((*declared_faults(cache), *changed), key=lambda fault: fault.fault))
