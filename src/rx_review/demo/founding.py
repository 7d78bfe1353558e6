"""The county of the demonstration is founded: people with accounts, a signed edition, registers, the duty roster."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from rx_review.county.writing import Member
from rx_review.demo.ground import Ground
from rx_review.demo.people import PHARMACISTS, SHIFTS, Shift, staff
from rx_review.demo.sheets import LOOKED_BACK
from rx_review.desk import duty, registers
from rx_review.desk.actor import Actor, roles_of
from rx_review.desk.centre import Centre
from rx_review.desk.enrolling import Rights, add_account, add_client, register_key
from rx_review.domain.county import SKILLS, DutyEntry, StandingDecision
from rx_review.domain.county import Member as Enrolled
from rx_review.domain.values import CHINA
from rx_review.editions.keys import fingerprint, open_private, write_keys
from rx_review.editions.publishing import publish
from rx_review.editions.signing import sign_edition
from rx_review.library.formulary import Formulary
from rx_review.store import audit, county
from rx_review.store.database import Database
from rx_review.store.key_files import Ed25519Verifier

NAME = "示例县（演示）"
BY = "demo"
SIGNERS = ("L001", "L002")
DECISION = "PT-2026-03"
_REASON = "演示县的首个版本，两人签署 · first edition of the demonstration, signed by two"


@dataclass(frozen=True, slots=True)
class Login:
    """An account or a client with the secret that opens it; shown once, kept nowhere in the clear."""

    name: str
    secret: str
    is_client: bool
    roles: tuple[str, ...]
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts in the demonstration, as the desk knows them."""

    his: Actor
    till: Actor
    administrator: Actor
    lead: Actor
    pharmacists: tuple[Actor, ...]


_PEOPLE: tuple[tuple[str, str, str], ...] = (
    ("admin", "A001", "administrator"),
    ("lead", "L001", "lead"),
    ("chief", "L002", "chief"),
    ("auditor", "U001", "auditor"),
    *((code.lower(), code, "pharmacist") for code in PHARMACISTS),
)
_WHOLE_DAY = Shift("P001", ((0.0, 24.0),), SKILLS)
_SYSTEMS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("his", ("prescriber",), ()),
    ("his-t01", ("prescriber",), ("SAMPLE-T01",)),
    ("till", ("cashier", "dispenser"), ()),
)


def first_instant(day: date) -> datetime:
    """When the county of a demonstration about this day was founded: before the first supply that it knows."""
    return datetime.combine(day - LOOKED_BACK, time(8), CHINA)


def found_county(ground: Ground, day: date) -> list[Login]:
    """Found the county and let people and systems in; every password and secret is new.

    Returns:
        Everybody who may come in.
    """
    at = first_instant(day)
    since = at.date()
    with ground.database.write() as connection:
        county.found(connection, NAME, since)
        body = {"name": NAME, "history_since": since}
        audit.append(connection, at=at, actor=BY, member=None, action="found county", prescription=None, body=body)
    logins = []
    for name, person, role in _PEOPLE:
        password = secrets.token_urlsafe(12)
        add_account(ground.database, name, person, password, Rights((role,), (), True), at, BY)
        logins.append(Login(name, password, False, (role,), ()))
    for name, roles, members in _SYSTEMS:
        secret, _ = add_client(ground.database, name, Rights(roles, members, not members), at, BY)
        logins.append(Login(name, secret, True, roles, members))
    return logins


def cast_of(logins: Iterable[Login]) -> Cast:
    """Those who act, from their accounts."""
    persons = {name: person for name, person, _ in _PEOPLE}
    actors = {
        login.name: Actor(
            "client" if login.is_client else "person",
            login.name,
            roles_of(login.roles),
            frozenset(login.members) or None,
            persons.get(login.name),
        )
        for login in logins
    }
    pharmacists = tuple(actors[code.lower()] for code in PHARMACISTS)
    return Cast(actors["his"], actors["till"], actors["admin"], actors["lead"], pharmacists)


def publish_edition(
    database: Database, folder: Path, rules: Path, formulary: Path, edition: str, day: date, cache: Path | None
) -> None:
    """Let two people sign an edition with keys of their own, prove it, and let it hold.

    Proving takes some seconds and memory that is never given back.

    Args:
        database: of the county, which is founded.
        folder: where the keys of the two are put, in a folder `signing`.
        rules: folder of the rules.
        formulary: folder of the formulary.
        edition: digest of both, 64 hexadecimal digits: what the two sign.
        day: of the demonstration.
        cache: where compiled editions are kept.

    Raises:
        LibraryError: the edition is not fit to be published, or changes meanwhile.
    """
    at = first_instant(day)
    signing = folder / "signing"
    signing.mkdir(mode=0o700)
    statements = []
    accounts = {person: name for name, person, _ in _PEOPLE}
    for person in SIGNERS:
        path = signing / f"{person}.pem"
        _, public = write_keys(path, person)
        pem = Ed25519Verifier(public).pem().decode()
        register_key(database, accounts[person], person, pem, fingerprint(public), at, BY)
        statements.append(sign_edition(edition, person, at, open_private(path)[1]))
    publish(database, rules, formulary, statements, _REASON, at, BY, cache=cache)


def fill_registers(centre: Centre, cast: Cast, members: Sequence[Member], formulary: Formulary, day: date) -> None:
    """Enrol the members, register everybody who works there, decide what a machine may pass, plan the duty."""
    at = first_instant(day)
    with centre.database.write() as connection:
        for order, member in enumerate(members):
            name = formulary.institutions[member.institution].name
            enrolled = Enrolled(name=name, phone=f"0000-60{order:02d}")
            registers.write(centre, connection, cast.administrator, "member", member.institution, enrolled, None, at)
        lead = next((member.lead for member in members if member.lead), members[0].institution)
        for code, entry in staff(members, lead).items():
            registers.write(centre, connection, cast.administrator, "staff", code, entry, None, at)
        since = (at - timedelta(days=30)).date()
        decision = StandingDecision.model_validate(
            {"minutes": DECISION, "decided_on": since, "from": since, "passes": ["pass", "note", "warn"]}
        )
        registers.write(centre, connection, cast.lead, "standing_decision", DECISION, decision, None, at)
    for shift in SHIFTS:
        _plan(centre, cast, shift, datetime.combine(day, time(), CHINA), at)


def plan_days(centre: Centre, cast: Cast, days: Iterable[date], at: datetime) -> None:
    """Put one pharmacist on duty for whole days."""
    for day in days:
        _plan(centre, cast, _WHOLE_DAY, datetime.combine(day, time(), CHINA), at)


def _plan(centre: Centre, cast: Cast, shift: Shift, midnight: datetime, at: datetime) -> None:
    for begins, ends in shift.hours:
        until = midnight + timedelta(hours=ends)
        _on_duty(centre, cast, shift.person, shift.skills, midnight + timedelta(hours=begins), until, at)


def _on_duty(
    centre: Centre, cast: Cast, person: str, skills: Sequence[str], since: datetime, until: datetime, at: datetime
) -> None:
    asked = DutyEntry.model_validate({"person": person, "skills": skills, "from": since, "until": until})
    duty.sign_on(centre, cast.lead, asked, at)


def sign_on_now(centre: Centre, cast: Cast, now: datetime) -> None:
    """Put a pharmacist on duty for the hours to come, so that a service which follows has one."""
    _on_duty(centre, cast, "P001", SKILLS, now, now + timedelta(hours=23), now)
