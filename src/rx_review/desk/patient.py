"""Whose sheet it is: found by blind indices, locked while it is decided, made where nobody is known."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
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
    """Whose sheet it is: the random id, and the key as it is stored and opened."""

    id: str
    wrapped: WrappedKey
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
    centre: Centre,
    connection: Connection,
    prescription: Prescription,
    known: Row[Any] | None,
    at: datetime,
    expected: Patient | None = None,
) -> Patient:
    """The patient of a sheet, locked until the end of the transaction, and made if nobody is known.

    Args:
        centre: the review centre.
        connection: of the transaction.
        prescription: with its identity.
        known: where an earlier revision of it stands.
        at: the instant.
        expected: who was expected before the transaction; the very same object is returned if it still is so.
    """
    indices = indices_of(centre, prescription)
    known_by = patients.find(connection, indices)
    identifier = _whose(indices, known_by, known)
    unknown = [index for index in indices if index not in known_by]
    packed = None if identifier is None else patients.lock(connection, identifier)
    if identifier is not None and packed is not None:
        patients.remember(connection, identifier, unknown)
        if expected is not None and expected.id == identifier:
            return expected
        return _opened(centre, identifier, packed, bool(indices))
    patient = expected if expected is not None and expected.fresh else new_patient(centre, bool(indices), at)
    patients.make(connection, patient.id, patient.wrapped.packed(), at)
    # Two first sheets of one patient at the same time meet at this key, and one of them begins again.
    patients.remember(connection, patient.id, unknown)
    return patient


def expect_patient(
    centre: Centre, connection: Connection, prescription: Prescription, known: Row[Any] | None, at: datetime
) -> Patient:
    """Who the patient of a sheet will be, if nobody comes between: looked up without waiting, and nothing is made."""
    indices = indices_of(centre, prescription)
    identifier = _whose(indices, patients.find(connection, indices), known)
    packed = None if identifier is None else patients.wrapped_key(connection, identifier)
    if identifier is None or packed is None:
        return new_patient(centre, bool(indices), at)
    return _opened(centre, identifier, packed, bool(indices))


def new_patient(centre: Centre, named: bool, at: datetime) -> Patient:
    """Somebody who is not known yet, under a random id and with a key of his own; not stored."""
    identifier = new_id(at)
    wrapped = centre.vault.new_key(identifier)
    return Patient(identifier, wrapped, centre.vault.unlock(identifier, wrapped), named, fresh=True)


def _whose(indices: list[str], known_by: Mapping[str, str], known: Row[Any] | None) -> str | None:
    found = next((known_by[index] for index in indices if index in known_by), None)
    return known.patient_id if found is None and known is not None else found


def _opened(centre: Centre, identifier: str, packed: bytes, named: bool) -> Patient:
    wrapped = WrappedKey.unpacked(f"patient {identifier}", packed)
    return Patient(identifier, wrapped, centre.vault.unlock(identifier, wrapped), named, fresh=False)


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
