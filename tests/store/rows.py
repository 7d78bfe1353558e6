"""Rows that hold together, in any number, written without the desk."""

from __future__ import annotations

import zlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import col

from rx_review.store import audit, tables
from rx_review.store.database import Database

EMPTY = zlib.compress(b"{}")
BEGAN = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
STATES = ("approved", "supplied", "supplied", "supplied", "charged", "waiting", "returned", "supplied")


def prescription(number: int, **changes: Any) -> dict[str, Any]:
    """One prescription of patient number // 3."""
    at = BEGAN + timedelta(seconds=number)
    return {
        "id": f"{number:032x}",
        "institution": f"SAMPLE-T{number % 5:02d}",
        "number": f"N{number}",
        "issued_on": date(2026, 11, 2),
        "patient_id": f"{number // 3:032x}",
        "setting": "outpatient",
        "stage": "signed",
        "revision": 1,
        "content": "c" * 64,
        "fingerprint": "f" * 64,
        "state": STATES[number % len(STATES)] if number % 50 else "waiting",
        "version": 1,
        "verdict": "pass",
        "complete": True,
        "observed": False,
        "needs_second": False,
        "resigned": "",
        "accepted": "",
        "skill": "general",
        "urgency": number % 3,
        "level": 0,
        "entered_at": at,
        "due_at": at if number % 100 == 0 else None,
        "fence": 0,
        "after_review": "due" if number % 200 == 0 else None,
        "after_due_at": at if number % 200 == 0 else None,
        "edition": "e" * 64,
        "created_at": at,
        "updated_at": at,
        **changes,
    }


def fill(database: Database, count: int) -> None:
    """Patients, prescriptions, a review, a supply and an audit row for each."""
    with database.write() as connection:
        patients = range(count // 3 + 1)
        connection.execute(
            insert(tables.PatientRow), [{"id": f"{n:032x}", "key": b"k", "created_at": BEGAN} for n in patients]
        )
        connection.execute(insert(tables.PrescriptionRow), [prescription(n) for n in range(count)])
        connection.execute(insert(tables.ReviewRow), [_review(n) for n in range(count)])
        connection.execute(insert(tables.SupplyRow), [_supply(n) for n in range(count)])
        for n in range(count):
            audit.append(
                connection,
                at=BEGAN + timedelta(seconds=n),
                actor="client:his",
                member="SAMPLE-T01",
                action="submit",
                prescription=f"{n:032x}",
                body={"to": "approved"},
            )
        # As in a county: all but the newest are sealed.
        number = col(tables.AuditRow.id)
        connection.execute(update(tables.AuditRow).where(number <= count - 20).values(seal=number // 50 + 1))


def _review(number: int) -> dict[str, Any]:
    return {
        "prescription_id": f"{number:032x}",
        "revision": 1,
        "cause": "submit",
        "at": BEGAN + timedelta(seconds=number),
        "edition": "e" * 64,
        "semantics": "s" * 64,
        "verdict": "pass",
        "complete": True,
        "body": EMPTY,
        "circumstances": EMPTY,
        "facts": EMPTY,
        "decision": EMPTY,
        "advice": EMPTY,
    }


def _supply(number: int) -> dict[str, Any]:
    return {
        "patient_id": f"{number // 3:032x}",
        "on": date(2026, 11, 2) - timedelta(days=number % 90),
        "prescription_id": f"{number:032x}",
        "institution": "SAMPLE-T01",
        "number": f"N{number}",
        "line": "{}",
    }
