"""What of a submission is done before its turn to write: who it is about, and the review, which takes most of the time.

Where one writes at a time, whoever reviews within the turn keeps everybody waiting for it. What was read ahead is read
again within the turn: the review stands if nothing came between, and is made again if something did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rx_review.desk.centre import Centre
from rx_review.desk.laps import Laps
from rx_review.desk.patient import Patient, expect_patient
from rx_review.desk.reviewing import Reviewed, review_sheet
from rx_review.domain.identity import Identity, separate
from rx_review.domain.prescription import Prescription
from rx_review.domain.values import county_day
from rx_review.store import prescriptions


@dataclass(frozen=True, slots=True)
class Ahead:
    """Who a sheet is expected to be about, whom it names, and its review."""

    patient: Patient
    identity: Identity
    reviewed: Reviewed


def review_ahead(centre: Centre, prescription: Prescription, at: datetime, laps: Laps) -> Ahead | None:
    """Review a sheet as things stand, without waiting for a turn and without writing.

    Returns:
        None for a sheet that was sent before, or cannot be the next revision: there is nothing to review.

    Raises:
        Refusal: `unknown-member`, `not-ready`, `busy`.
    """
    with centre.database.read() as connection:
        standing = centre.standing(connection, at)
        standing.member(prescription.institution)
        issued_on = county_day(prescription.issued_at)
        known = prescriptions.by_number(connection, prescription.institution, prescription.number, issued_on)
        if prescription.revision != (1 if known is None else known.revision + 1):
            return None
        patient = expect_patient(centre, connection, prescription, known, at)
        sheet, identity = separate(prescription, patient.key.stand_in)
        whose = patient.id if patient.named else None
        reviewed = review_sheet(centre, connection, standing, sheet, whose, known, at, fresh=patient.fresh, laps=laps)
    return Ahead(patient, identity, reviewed)
