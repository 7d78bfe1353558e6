"""Reads what the world says of a sheet: the visit, supplies of all members, registers, the flow, known gaps."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from rx_review.desk.standing import Standing
from rx_review.domain.circumstances import Circumstances, Flow, Gaps, History, OtherSheet, Supplied, Visit
from rx_review.domain.county import Registration, StaffEntry
from rx_review.domain.moves import STATE_NAMES
from rx_review.domain.prescription import Line, Prescription
from rx_review.domain.registers import PatientRecord, PharmacistRecord, Pharmacists, StaffRecord
from rx_review.domain.values import county_day
from rx_review.store import county as registers
from rx_review.store import prescriptions, reviews
from rx_review.store.database import Connection, Row

_SIGNS = frozenset({"reviewer", "dispenser", "checker", "issuer"})


def read_circumstances(
    connection: Connection,
    standing: Standing,
    prescription: Prescription,
    patient: str | None,
    row: Row[Any] | None,
    at: datetime,
    history_days: int,
    *,
    fresh: bool = False,
) -> Circumstances:
    """The snapshot for one review.

    Args:
        connection: where the patient is locked already, if the review is to be stored.
        standing: the county's registers.
        prescription: the sheet, without identity.
        patient: the patient's random id; None if the sheet does not say who it is for.
        row: where the prescription stands; None for one that is new.
        at: the instant of the review.
        history_days: days back that earlier supplies must be known.
        fresh: whether this is the first sheet of the patient: there is no past to look up.
    """
    return Circumstances(
        visit=Visit(as_of=at) if fresh and patient else _visit(connection, prescription, patient, row, at),
        history=_history(connection, standing, prescription, patient, at, history_days, fresh),
        prescriber=_prescriber(connection, prescription, at),
        pharmacists=_pharmacists(connection, prescription, at),
        patient=None if fresh else _patient(connection, patient, at),
        flow=_flow(row, at),
        gaps=_gaps(standing, prescription, at),
    )


def staff_entry(connection: Connection, person: str) -> StaffEntry | None:
    """What the staff register says of a person."""
    found = registers.entry(connection, "staff", person)
    return None if found is None else _staff(found.document)


@lru_cache(maxsize=2_048)
def _staff(document: str) -> StaffEntry:
    return StaffEntry.model_validate_json(document)


@lru_cache(maxsize=4_096)
def _line(document: str) -> Line:
    return Line.model_validate_json(document)


def _visit(
    connection: Connection, prescription: Prescription, patient: str | None, row: Row[Any] | None, at: datetime
) -> Visit | None:
    if patient is None:
        return None
    others = prescriptions.of_visit(
        connection, patient, county_day(prescription.issued_at), prescription.visit, None if row is None else row.id
    )
    if not others:
        return Visit(as_of=at)
    bodies = reviews.latest_bodies(connection, [other.id for other in others])
    sheets = [
        OtherSheet(number=other.number, lines=tuple(_lines(json.loads(bodies[other.id]))))
        for other in others
        if other.id in bodies
    ]
    return Visit(as_of=at, sheets=tuple(sheets))


def _lines(tree: dict[str, Any]) -> list[Line]:
    return [Line.model_validate(line) for line in tree["lines"]]


def _history(
    connection: Connection,
    standing: Standing,
    prescription: Prescription,
    patient: str | None,
    at: datetime,
    history_days: int,
    fresh: bool,
) -> History | None:
    if patient is None:
        return None
    # A long-term sheet lasts for 84 days: one supplied before the window may still last within it.
    window = county_day(prescription.issued_at) - timedelta(days=2 * history_days)
    since = max(standing.history_since, window)
    rows = [] if fresh else prescriptions.supplies_of(connection, patient, since)
    supplies = tuple(
        Supplied(
            on=row.on,
            number=row.number,
            institution=row.institution,
            line=_line(row.line),
        )
        for row in rows
    )
    return History(as_of=at, since=since, supplies=supplies)


def _prescriber(connection: Connection, prescription: Prescription, at: datetime) -> StaffRecord | None:
    if prescription.prescriber.id is None:
        return None
    entry = staff_entry(connection, prescription.prescriber.id)
    if entry is None or entry.prescriber is None:
        return None
    return StaffRecord(as_of=at, **entry.prescriber.model_dump(exclude={"as_of"}))


def _pharmacists(connection: Connection, prescription: Prescription, at: datetime) -> Pharmacists:
    people = []
    for person in dict.fromkeys(each.person for each in prescription.signatures if each.role in _SIGNS):
        entry = staff_entry(connection, person)
        if entry is not None and entry.pharmacist is not None:
            people.append(PharmacistRecord(person=person, **entry.pharmacist.model_dump(exclude={"person"})))
    return Pharmacists(as_of=at, people=tuple(people))


def _patient(connection: Connection, patient: str | None, at: datetime) -> PatientRecord | None:
    found = None if patient is None else registers.entry(connection, "registration", patient)
    if found is None:
        return None
    registration = Registration.model_validate_json(found.document)
    return PatientRecord(as_of=at, **registration.model_dump(exclude={"as_of"}))


def _flow(row: Row[Any] | None, at: datetime) -> Flow:
    if row is None:
        return Flow(as_of=at, state="none")
    state = STATE_NAMES[row.state].flow
    return Flow(as_of=at, state=state, approved_content=row.approved_content)


def _gaps(standing: Standing, prescription: Prescription, at: datetime) -> Gaps:
    seen = standing.seen
    return Gaps(
        as_of=at,
        drugs=seen.get((prescription.institution, "drug"), ()),
        diagnoses=seen.get((prescription.institution, "diagnosis"), ()),
    )
