"""Whose sheet it is: found by blind indices, locked while it is decided, made where nobody is known."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rx_review.desk.centre import Centre
from rx_review.domain.identity import Identity
from rx_review.domain.prescription import Prescription
from rx_review.store import patients
from rx_review.store.database import Connection, Row
from rx_review.store.vault import PatientKey, WrappedKey


@dataclass(frozen=True, slots=True)
class Patient:
    """Whose sheet it is: the random id and the opened key."""

    id: str
    key: PatientKey
    named: bool
    """Whether the sheet says who it is for by a number: else earlier supplies of this patient are unknown."""
    fresh: bool
    """Whether nothing is known of this patient yet: there is nothing to look up."""


def indices_of(centre: Centre, prescription: Prescription) -> list[str]:
    """Blind indices of the patient: the identity number first, then the member's own number."""
    patient, vault = prescription.patient, centre.vault
    found = []
    if patient.identity_number is not None:
        found.append(vault.blind_index("identity_number", patient.identity_number))
    if patient.id is not None:
        found.append(vault.blind_index("patient_number", patient.id, prescription.institution))
    return found


def find_patient(
    centre: Centre, connection: Connection, prescription: Prescription, known: Row[Any] | None, at: datetime
) -> Patient:
    """The patient of a sheet, locked until the end of the transaction.

    Args:
        centre: the review centre.
        connection: of the transaction.
        prescription: with its identity.
        known: where an earlier revision of it stands.
        at: the instant.
    """
    indices = indices_of(centre, prescription)
    known_by = patients.find(connection, indices)
    identifier = next((known_by[index] for index in indices if index in known_by), None)
    if identifier is None and known is not None:
        identifier = known.patient_id
    unknown = [index for index in indices if index not in known_by]
    packed = None if identifier is None else patients.lock(connection, identifier)
    if identifier is not None and packed is not None:
        key = centre.vault.unlock(identifier, WrappedKey.unpacked(f"patient {identifier}", packed))
        patients.remember(connection, identifier, unknown)
        return Patient(identifier, key, bool(indices), fresh=False)
    identifier = new_id(at)
    wrapped = centre.vault.new_key(identifier)
    patients.make(connection, identifier, wrapped.packed(), at)
    # Two first sheets of one patient at the same time meet at this key, and one of them begins again.
    patients.remember(connection, identifier, unknown)
    return Patient(identifier, centre.vault.unlock(identifier, wrapped), bool(indices), fresh=True)


def new_id(at: datetime) -> str:
    """A random id that sorts by time: 48 bits of milliseconds, 80 random bits, in hexadecimal."""
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(10)}"


def keep_identity(
    connection: Connection, patient: Patient, identity: Identity, identifier: str, sheet: Prescription, at: datetime
) -> None:
    """Keep who a revision names, sealed for that revision alone."""
    sealed = patient.key.seal(f"{identifier}/{sheet.revision}", identity)
    patients.keep_identity(
        connection,
        patient=patient.id,
        prescription=identifier,
        revision=sheet.revision,
        sealed=sealed.packed(),
        at=at,
    )
