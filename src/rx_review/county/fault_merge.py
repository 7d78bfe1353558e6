"""What a declared fault puts into the sheet and into the registers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rx_review.county.writing import Written

_DAY = re.compile(r"issued([+-]\d{1,4})d")
_MINUTE = re.compile(r"issued([+-]\d{1,4})min")


def merge(
    written: Written, put: Mapping[str, Any], known: Mapping[str, Any], after_days: int | None
) -> datetime | None:
    """Merge a fault into the trees, in place; the instant of the review, if it is not that of issue.

    Trees are merged, null takes away, anything else replaces; `issued-95d` is a day counted from that of issue,
    `issued+5min` an instant. A part of the circumstances that was not looked up is looked up first: the fault is about
    what it says.
    """
    issued = datetime.fromisoformat(written.sheet["issued_at"])
    as_of = written.circumstances["patient"]["as_of"]
    for part, tree in known.items():
        there = written.circumstances.get(part) or _looked_up(part, written, as_of)
        written.circumstances[part] = _merged(there, tree, issued)
    if put:
        sheet = _merged(written.sheet, put, issued)
        written.sheet.clear()
        written.sheet.update(sheet)
    return issued + timedelta(days=after_days) if after_days is not None else None


def _looked_up(part: str, written: Written, as_of: str) -> dict[str, Any]:
    prescriber = written.sheet["prescriber"]
    empty: Mapping[str, dict[str, Any]] = {
        "prescriber": {
            "licence": prescriber["licence"],
            "independent": prescriber["independent"],
            "status": "active",
            "trainee": "none",
        },
        "stock": {"quantities": {}},
        "flow": {"state": "submitted"},
    }
    return {"as_of": as_of} | empty.get(part, {})


def _merged(there: Any, change: Any, issued: datetime) -> Any:
    if isinstance(change, dict) and isinstance(there, dict | None):
        merged = {**(there or {})}
        for name, value in change.items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = _merged(merged.get(name), value, issued)
        return merged
    if isinstance(change, list):
        return [_merged(None, value, issued) for value in change]
    if isinstance(change, str) and (match := _DAY.fullmatch(change)):
        return (issued + timedelta(days=int(match[1]))).date().isoformat()
    if isinstance(change, str) and (match := _MINUTE.fullmatch(change)):
        return (issued + timedelta(minutes=int(match[1]))).isoformat()
    return change
