"""What the county keeps: the one row of the county, registers as documents, the duty roster, pauses of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from rx_review.store.tables import (
    CountyRow,
    DutyRow,
    GapRow,
    MemberRow,
    PauseRow,
    RegistrationRow,
    StaffRow,
    StandingDecisionRow,
)
from rx_review.store.tables.flow import DismissalRow

Register = Literal["member", "staff", "registration", "standing_decision"]

_COUNTY = CountyRow.__table__  # type: ignore[attr-defined]
_DUTY = DutyRow.__table__  # type: ignore[attr-defined]
_PAUSE = PauseRow.__table__  # type: ignore[attr-defined]
_GAP = GapRow.__table__  # type: ignore[attr-defined]
_DISMISSAL = DismissalRow.__table__  # type: ignore[attr-defined]
_REGISTERS: Mapping[Register, tuple[Any, Any]] = {
    "member": (MemberRow.__table__, MemberRow.__table__.c.institution),  # type: ignore[attr-defined]
    "staff": (StaffRow.__table__, StaffRow.__table__.c.code),  # type: ignore[attr-defined]
    "registration": (RegistrationRow.__table__, RegistrationRow.__table__.c.patient_id),  # type: ignore[attr-defined]
    "standing_decision": (
        StandingDecisionRow.__table__,  # type: ignore[attr-defined]
        StandingDecisionRow.__table__.c.number,  # type: ignore[attr-defined]
    ),
}


_THE_COUNTY = select(_COUNTY).where(_COUNTY.c.id == 1)
_ENTRY = {register: select(table).where(column == bindparam("key")) for register, (table, column) in _REGISTERS.items()}
_DISMISSED = select(_DISMISSAL.c.key).where(
    _DISMISSAL.c.patient_id == bindparam("patient"), _DISMISSAL.c.until > bindparam("at")
)


def county(connection: Connection) -> Row[Any] | None:
    """The one row of the county; None before it is founded."""
    return connection.execute(_THE_COUNTY).one_or_none()


def found(connection: Connection, name: str, history_since: date) -> None:
    """Found the county."""
    connection.execute(
        insert(_COUNTY), {"id": 1, "name": name, "version": 1, "edition": None, "history_since": history_since}
    )


def changed(connection: Connection, **values: Any) -> None:
    """Tell every process that what it keeps in memory is old."""
    connection.execute(update(_COUNTY).where(_COUNTY.c.id == 1).values(version=_COUNTY.c.version + 1, **values))


# --- registers: a key, a version and a document ------------------------------------------------


def entry(connection: Connection, register: Register, key: str) -> Row[Any] | None:
    """An entry of a register."""
    return connection.execute(_ENTRY[register], {"key": key}).one_or_none()


def entries(
    connection: Connection,
    register: Register,
    *,
    after: str | None = None,
    limit: int | None = None,
    institutions: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Entries of a register by key, those after a key; of staff, only of these institutions (empty = all)."""
    table, column = _REGISTERS[register]
    query = select(table).order_by(column)
    if after is not None:
        query = query.where(column > after)
    if institutions and register in ("staff", "member"):
        query = query.where(table.c.institution.in_(institutions))
    return connection.execute(query if limit is None else query.limit(limit)).all()


def put(
    connection: Connection, register: Register, key: str, document: str, at: datetime, version: int | None, **more: Any
) -> int | None:
    """Write an entry if its version is still the one given (None = it must not exist yet).

    Returns:
        The new version; None if somebody changed it meanwhile.
    """
    table, column = _REGISTERS[register]
    if version is None:
        if entry(connection, register, key) is not None:
            return None
        connection.execute(
            insert(table), {column.name: key, "version": 1, "document": document, "updated_at": at, **more}
        )
        return 1
    done = connection.execute(
        update(table)
        .where(column == key, table.c.version == version)
        .values(version=version + 1, document=document, updated_at=at, **more)
    )
    return version + 1 if done.rowcount == 1 else None


# --- duty and pauses -----------------------------------------------------------------------------


def add_duty(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add somebody to the roster."""
    return int(connection.execute(insert(_DUTY).returning(_DUTY.c.id), dict(values)).scalar_one())


def duty_by_id(connection: Connection, duty: int) -> Row[Any] | None:
    """An entry of the roster."""
    return connection.execute(select(_DUTY).where(_DUTY.c.id == duty)).one_or_none()


def end_duty(connection: Connection, duty: int, at: datetime) -> None:
    """Sign off."""
    connection.execute(update(_DUTY).where(_DUTY.c.id == duty, _DUTY.c.ended_at.is_(None)).values(ended_at=at))


def on_duty(connection: Connection, at: datetime) -> Sequence[Row[Any]]:
    """Who is on duty at an instant."""
    return connection.execute(
        select(_DUTY)
        .where(_DUTY.c.began_at <= at, _DUTY.c.until > at, _DUTY.c.ended_at.is_(None))
        .order_by(_DUTY.c.began_at, _DUTY.c.id)
    ).all()


def roster(connection: Connection, since: datetime, until: datetime) -> Sequence[Row[Any]]:
    """Who is planned between two instants."""
    return connection.execute(
        select(_DUTY).where(_DUTY.c.until > since, _DUTY.c.began_at < until).order_by(_DUTY.c.began_at, _DUTY.c.id)
    ).all()


def add_pause(connection: Connection, values: Mapping[str, Any]) -> int:
    """Pause a rule or a group of rules."""
    return int(connection.execute(insert(_PAUSE).returning(_PAUSE.c.id), dict(values)).scalar_one())


def end_pause(connection: Connection, pause: int, at: datetime) -> bool:
    """End a pause early; says whether it was running."""
    done = connection.execute(
        update(_PAUSE).where(_PAUSE.c.id == pause, _PAUSE.c.ended_at.is_(None), _PAUSE.c.until > at).values(ended_at=at)
    )
    return done.rowcount == 1


def pauses(connection: Connection, at: datetime | None = None) -> Sequence[Row[Any]]:
    """Every pause, or those that hold at an instant."""
    query = select(_PAUSE).order_by(_PAUSE.c.id)
    if at is not None:
        query = query.where(_PAUSE.c.ended_at.is_(None), _PAUSE.c.until > at)
    return connection.execute(query).all()


# --- what pharmacists have seen and settled --------------------------------------------------------


def seen_gaps(connection: Connection) -> Sequence[Row[Any]]:
    """The members' own codes that a pharmacist has seen."""
    return connection.execute(select(_GAP.c.institution, _GAP.c.kind, _GAP.c.code).order_by(_GAP.c.code)).all()


def see_gap(connection: Connection, institution: str, kind: str, code: str, by: str, at: datetime) -> None:
    """List a code of the member's own that a pharmacist has seen."""
    same = (_GAP.c.institution == institution, _GAP.c.kind == kind, _GAP.c.code == code)
    if connection.execute(select(_GAP.c.code).where(*same)).first() is None:
        connection.execute(
            insert(_GAP), {"institution": institution, "kind": kind, "code": code, "seen_by": by, "at": at}
        )
        changed(connection)


def dismissed(connection: Connection, patient: str, at: datetime) -> Sequence[str]:
    """Keys of findings that are settled for a patient."""
    return connection.execute(_DISMISSED, {"patient": patient, "at": at}).scalars().all()


def dismiss(connection: Connection, values: Mapping[str, Any]) -> None:
    """Settle a finding for a patient; a later one for the same key takes its place."""
    same = (_DISMISSAL.c.patient_id == values["patient_id"], _DISMISSAL.c.key == values["key"])
    connection.execute(_DISMISSAL.delete().where(*same))
    connection.execute(insert(_DISMISSAL), dict(values))
