"""Patients under random ids, found again by blind indices; their identity, encrypted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from rx_review.store.tables import IdentityRow, PatientKeyRow, PatientRow

_PATIENT = PatientRow.__table__  # type: ignore[attr-defined]
_KEY = PatientKeyRow.__table__  # type: ignore[attr-defined]
_IDENTITY = IdentityRow.__table__  # type: ignore[attr-defined]


_LOCK = select(_PATIENT.c.key).where(_PATIENT.c.id == bindparam("patient"))
_LOCKED = _LOCK.with_for_update()
_FIND = select(_KEY.c.blind_index, _KEY.c.patient_id).where(_KEY.c.blind_index.in_(bindparam("keys", expanding=True)))
_MAKE, _REMEMBER = insert(_PATIENT), insert(_KEY)
# Its number is not asked for: nobody needs it.
_KEEP = insert(_IDENTITY).inline()


def lock(connection: Connection, patient: str) -> bytes | None:
    """Wait until nothing else is being decided for the patient; returns the wrapped key, None if it was destroyed."""
    # SQLite has one writer at a time anyway, and leaves FOR UPDATE out.
    return connection.execute(_LOCKED, {"patient": patient}).scalar_one()  # type: ignore[no-any-return]


def wrapped_key(connection: Connection, patient: str) -> bytes | None:
    """The wrapped key of a patient, without waiting."""
    return connection.execute(_LOCK, {"patient": patient}).scalar_one()  # type: ignore[no-any-return]


def find(connection: Connection, keys: Sequence[str]) -> Mapping[str, str]:
    """The patients to whom blind indices lead, by index."""
    if not keys:
        return {}
    return {row.blind_index: row.patient_id for row in connection.execute(_FIND, {"keys": list(keys)})}


def make(connection: Connection, patient: str, key: bytes, at: datetime) -> None:
    """Add a patient under a random id, with the wrapped key."""
    connection.execute(_MAKE, {"id": patient, "key": key, "created_at": at})


def remember(connection: Connection, patient: str, keys: Sequence[str]) -> None:
    """Let blind indices that lead nowhere yet lead to a patient."""
    if keys:
        connection.execute(_REMEMBER, [{"blind_index": key, "patient_id": patient} for key in keys])


def keep_identity(
    connection: Connection, *, patient: str, prescription: str, revision: int, sealed: bytes, at: datetime
) -> None:
    """Keep who a revision names."""
    connection.execute(
        _KEEP,
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
