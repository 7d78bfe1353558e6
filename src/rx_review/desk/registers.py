"""Registers: members, staff, patients, standing decisions; each entry a document with a version."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from rx_review.desk.actor import Actor
from rx_review.desk.answer import stamp
from rx_review.desk.centre import Centre
from rx_review.desk.standing import is_rule_name
from rx_review.desk.step import sees
from rx_review.domain.county import Member, Registration, StaffEntry, StandingDecision
from rx_review.domain.prescription import Strict
from rx_review.domain.problems import Pointed, Refusal
from rx_review.store import audit, prescriptions
from rx_review.store import county as store
from rx_review.store.county import Register
from rx_review.store.database import Connection

Document = TypeVar("Document", bound=Strict)

DOCUMENTS: dict[Register, type[Strict]] = {
    "member": Member,
    "staff": StaffEntry,
    "registration": Registration,
    "standing_decision": StandingDecision,
}


def entry(centre: Centre, actor: Actor, register: Register, key: str) -> dict[str, Any]:
    """An entry with its version.

    Raises:
        Refusal: `not-found`.
    """
    with centre.database.read() as connection:
        found = store.entry(connection, register, key)
        if found is None or not _visible(actor, register, key, found):
            raise Refusal("not-found")
        return _told(register, key, found)


def entries(centre: Centre, actor: Actor, register: Register, *, after: str | None, limit: int) -> dict[str, Any]:
    """A page of entries by key."""
    with centre.database.read() as connection:
        rows = store.entries(connection, register, after=after, limit=limit + 1, institutions=actor.listed())
    items = [_told(register, row[0], row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["key"] if len(rows) > limit else None}


def put(
    centre: Centre, actor: Actor, register: Register, key: str, document: Strict, version: int | None, at: datetime
) -> tuple[dict[str, Any], bool]:
    """Write an entry; returns it, and whether it is new.

    Args:
        centre: the review centre.
        actor: an administrator of the member, or a lead for what the desk itself decides.
        register: which register.
        key: of the entry.
        document: what it says.
        version: the version that was read; None for a new entry.
        at: the instant.

    Raises:
        Refusal: `version-needed`, `version-changed`, `unknown-member`, `unknown-rule`, `forbidden`.
    """

    def work(connection: Connection) -> tuple[dict[str, Any], bool]:
        return write(centre, connection, actor, register, key, document, version, at)

    return centre.database.transact(work)


def write(
    centre: Centre,
    connection: Connection,
    actor: Actor,
    register: Register,
    key: str,
    document: Strict,
    version: int | None,
    at: datetime,
) -> tuple[dict[str, Any], bool]:
    """As `put`, in a transaction that is already open."""
    found = store.entry(connection, register, key)
    if found is not None and not _visible(actor, register, key, found):
        raise Refusal("not-found")
    more = _checked(centre, connection, actor, key, document)
    if found is not None and version is None:
        raise Refusal("version-needed", more={"version": found.version})
    text = document.model_dump_json(by_alias=True, exclude_none=True)
    written = store.put(connection, register, key, text, at, version, **more)
    if written is None:
        raise Refusal("version-changed", more={"version": None if found is None else found.version})
    if register in ("member", "standing_decision"):
        store.changed(connection)
    audit.append(
        connection,
        at=at,
        actor=actor.label,
        member=more.get("institution") or (key if register == "member" else None),
        action=f"put {register}",
        prescription=None,
        body={"key": key, "version": written, "document": text},
    )
    fresh = store.entry(connection, register, key)
    assert fresh is not None
    return _told(register, key, fresh), version is None


def register_patient(
    centre: Centre, actor: Actor, prescription: str, document: Registration, version: int | None, at: datetime
) -> tuple[dict[str, Any], bool]:
    """Write what the register says of the patient of a prescription: nobody outside needs to know the random id."""
    with centre.database.read() as connection:
        found = prescriptions.by_id(connection, prescription)
        if found is None or not sees(actor, found):
            raise Refusal("not-found")
    return put(centre, actor, "registration", found.patient_id, document, version, at)


def patient_registration(centre: Centre, actor: Actor, prescription: str) -> dict[str, Any]:
    """What the register says of the patient of a prescription.

    Raises:
        Refusal: `not-found`.
    """
    with centre.database.read() as connection:
        found = prescriptions.by_id(connection, prescription)
        kept = (
            None
            if found is None or not sees(actor, found)
            else store.entry(connection, "registration", found.patient_id)
        )
        if found is None or kept is None:
            raise Refusal("not-found")
        return _told("registration", found.patient_id, kept)


def _checked(centre: Centre, connection: Connection, actor: Actor, key: str, document: Strict) -> dict[str, Any]:
    match document:
        case StaffEntry():
            actor.must_be("administrator")
            _enrolled(connection, document.institution)
            actor.must_see(document.institution)
            return {"institution": document.institution}
        case Member():
            actor.must_be("administrator")
            if actor.members is not None:
                raise Refusal("forbidden", "members are enrolled by the county", "成员机构由县级登记")
            _known_institution(centre, key)
            _known_rules(centre, document.observes)
        case StandingDecision():
            actor.must_be("lead", "chief")
            if actor.members is not None:
                raise Refusal("forbidden", "the committee decides for the county", "药事会决议由县级登记")
        case Registration():
            actor.must_be("administrator", "pharmacist", "lead", "chief")
    return {}


def _enrolled(connection: Connection, institution: str) -> None:
    if store.entry(connection, "member", institution) is None:
        raise Refusal("unknown-member", f"{institution} is not enrolled", f"{institution} 未登记")


def _known_institution(centre: Centre, institution: str) -> None:
    if institution not in centre.reviewer.edition.formulary.institutions:
        raise Refusal("unknown-member", f"institutions.csv has no {institution}", f"机构目录中没有 {institution}")


def _known_rules(centre: Centre, names: tuple[str, ...]) -> None:
    unknown = [
        Pointed(f"/observes/{place}", {"en": "no rule, topic or family", "zh": "没有这条规则、规则组或类别"})
        for place, name in enumerate(names)
        if not is_rule_name(centre.reviewer, name)
    ]
    if unknown:
        raise Refusal("unknown-rule", errors=unknown)


def _visible(actor: Actor, register: Register, key: str, found: Any) -> bool:
    match register:
        case "staff":
            return actor.sees(found.institution)
        case "member":
            return actor.sees(key)
    return True


def _told(register: Register, key: str, row: Any) -> dict[str, Any]:
    document = DOCUMENTS[register].model_validate_json(row.document)
    return {
        "key": key,
        "version": row.version,
        "updated_at": stamp(row.updated_at),
        "document": document.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
