"""How systems of each tier spell routes, frequencies and units: `dialects.csv`, kept apart from the formulary's table.

The formulary's spellings are what we can read; these are what sites write. Neither is made from the other.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

_TABLE = Path(__file__).with_name("dialects.csv")
_FIELDS = (("route", "route"), ("frequency", "frequency"), ("dose_unit", "unit"))

Forms = Mapping[tuple[str, str], str]
Dialects = Mapping[tuple[str, str, str], list[str]]


@cache
def _dialects() -> tuple[Forms, Dialects]:
    means: dict[tuple[str, str], str] = {}
    written: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for form in (row["means"], row["written"]):
                means.setdefault((row["kind"], form.lower()), row["means"])
            written[row["kind"], row["means"], row["tier"]].append(row["written"])
    return means, written


def speak(sheet: dict[str, Any], tier: str, random: Random) -> None:
    """Spell the lines of a sheet as a site of that tier would; a site spells one way all over a sheet."""
    means, written = _dialects()
    chosen: dict[tuple[str, str], str] = {}
    for line in sheet["lines"]:
        for field, kind in _FIELDS:
            meant = means.get((kind, str(line.get(field, "")).lower()))
            forms = written.get((kind, meant, tier)) if meant else None
            if meant and forms:
                line[field] = chosen.setdefault((kind, meant), random.choice(forms))
