"""Patients under random ids, found again by blind indices; their identity, encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from rx_review.store.tables import IdentityRow, PatientKeyRow, PatientRow

_PATIENT = PatientRow.__table__  # type: ignore[attr-defined]
_KEY = PatientKeyRow.__table__  # type: ignore[attr-defined]
_IDENTITY = IdentityRow.__table__  # type: ignore[attr-defined]


def lock(connection: Connection, patient: str) -> bytes | None:
    """Wait until nothing else is being decided for the patient; returns the wrapped key, None if it was destroyed."""
    query = select(_PATIENT.c.key).where(_PATIENT.c.id == patient)
    # SQLite has one writer at a time anyway, and leaves FOR UPDATE out.
    return connection.execute(query.with_for_update()).scalar_one()  # type: ignore[no-any-return]


def wrapped_key(connection: Connection, patient: str) -> bytes | None:
    """The wrapped key of a patient, without waiting."""
    return connection.execute(select(_PATIENT.c.key).where(_PATIENT.c.id == patient)).scalar_one()  # type: ignore[no-any-return]


def find(connection: Connection, keys: Sequence[str]) -> str | None:
    """The patient that a blind index leads to; the first of the keys that is known decides."""
    if not keys:
        return None
    rows = connection.execute(select(_KEY.c.blind_index, _KEY.c.patient_id).where(_KEY.c.blind_index.in_(keys))).all()
    found = {row.blind_index: row.patient_id for row in rows}
    return next((found[key] for key in keys if key in found), None)


def make(connection: Connection, patient: str, key: bytes, at: datetime) -> None:
    """Add a patient under a random id, with the wrapped key."""
    connection.execute(insert(_PATIENT), {"id": patient, "key": key, "created_at": at})


def remember(connection: Connection, patient: str, keys: Sequence[str]) -> None:
    """Let further blind indices lead to a patient; what leads elsewhere already is left alone."""
    known = set(connection.execute(select(_KEY.c.blind_index).where(_KEY.c.blind_index.in_(keys))).scalars())
    fresh = [{"blind_index": key, "patient_id": patient} for key in keys if key not in known]
    if fresh:
        connection.execute(insert(_KEY), fresh)


def keep_identity(
    connection: Connection, *, patient: str, prescription: str, revision: int, sealed: bytes, at: datetime
) -> None:
    """Keep who a revision names."""
    connection.execute(
        insert(_IDENTITY),
        {
            "patient_id": patient,
            "prescription_id": prescription,
            "revision": revision,
            "sealed": sealed,
            "created_at": at,
        },
    )


def identity(connection: Connection, prescription: str, revision: int) -> Row[Any] | None:
    """The sealed identity of a revision."""
    return connection.execute(
        select(_IDENTITY)
        .where(_IDENTITY.c.prescription_id == prescription, _IDENTITY.c.revision <= revision)
        .order_by(_IDENTITY.c.revision.desc(), _IDENTITY.c.id.desc())
        .limit(1)
    ).one_or_none()


def erase(connection: Connection, patient: str) -> None:
    """Destroy the patient's key, and with it every identity; the blind indices go too."""
    connection.execute(_KEY.delete().where(_KEY.c.patient_id == patient))
    connection.execute(update(_PATIENT).where(_PATIENT.c.id == patient).values(key=None))
