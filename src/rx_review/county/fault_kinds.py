"""What a kind of fault is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TypeAlias

from rx_review.county.writing import Written

NO_CODE = "-"
"""In place of a problem code, where the law has a rule and the official list has no code."""

Outcome: TypeAlias = tuple[tuple[int, ...], datetime | None]
"""The lines at fault (none = the sheet) and the instant of the review, if it is not that of issue."""

Change: TypeAlias = Callable[[Written, str, Random], Outcome | None]
"""Changes the trees of a prescription written in an institution of a tier; None, and no change, if it does not fit."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault, the official problem codes it deserves, and how it is planted.

    `rare`: it fits few sheets only (of herbs, of infants, narcotic, long-term), and is tried first on a quarter of all
    sheets, so that it is planted as often as the rest.
    """

    fault: str
    codes: frozenset[str]
    plant: Change
    rare: bool = False
