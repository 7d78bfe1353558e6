"""The prescriptions that benchmarks review: common regimens of three lines, from `regimens.csv` beside this file."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from rx_review.domain.prescription import Prescription

_REGIMENS = Path(__file__).with_name("regimens.csv")
_SEED = 20261101


def varied_sheets() -> Iterator[Prescription]:
    """Yield the same sheets of three lines at every call, without end: numbered, on different days of one month.

    Their lines are some hundred different ones, as a county repeats its lines too.
    """
    random = Random(_SEED)
    for number, sheet in enumerate(_common_sheets(random), 1):
        lines = tuple(line.model_copy(update={"days": Decimal(random.randint(1, 14))}) for line in sheet.lines)
        day = sheet.issued_at + timedelta(days=random.randrange(28))
        yield sheet.model_copy(update={"number": f"B{number:07d}", "issued_at": day, "lines": lines})


def _common_sheets(random: Random) -> Iterator[Prescription]:
    """Each of the regimens in turn, for patients of differing age and gaps."""
    regimens: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    with _REGIMENS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            regimens[row["regimen"]].append(row)
    while True:
        for rows in regimens.values():
            yield Prescription.model_validate(_sheet(rows, random))


def _sheet(rows: Sequence[Mapping[str, str]], random: Random) -> dict[str, object]:
    first = rows[0]
    age = int(first["age"])
    diagnoses = {row["code"]: row["diagnosis"] for row in rows}
    return {
        "number": "BENCH",
        "setting": "outpatient",
        "institution": random.choice(("SAMPLE-V01", "SAMPLE-T01", "SAMPLE-C01")),
        "department": "全科",
        "record_number": "M1",
        "payer": "医保",
        "issued_at": "2026-11-01T09:30:00+08:00",
        "prescriber": {"id": "D1", "licence": "physician"},
        "patient": {
            "name": "张某",
            "sex": first["sex"],
            "birth_date": date(2026 - age, random.randint(1, 9), random.randint(1, 28)).isoformat(),
            "weight": 20 if age < 14 else None,
            "allergies": {"status": "none"} if random.random() < 0.7 else None,
            "chronic_entitlements": ["M001"] if age > 60 else [],
        },
        "diagnoses": [
            {"text": text, "code": code if random.random() < 0.8 else None} for code, text in diagnoses.items()
        ],
        "lines": [_line(number, row) for number, row in enumerate(rows, 1)],
    }


def _line(number: int, row: Mapping[str, str]) -> dict[str, object]:
    words = {name: row[name] for name in ("generic", "strength", "dose_unit", "route", "frequency", "quantity_unit")}
    amounts = {name: Decimal(row[name]) for name in ("dose", "days", "quantity")}
    return {"line": number, **words, **amounts, "group": int(row["group"]) if row["group"] else None}
