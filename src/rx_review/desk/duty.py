"""The duty roster: planned by a lead, or signed on by the pharmacist; and pauses of rules for a limited time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rx_review.desk.actor import Actor
from rx_review.desk.answer import stamp
from rx_review.desk.centre import Centre
from rx_review.desk.qualified import must_review
from rx_review.desk.standing import is_rule_name
from rx_review.domain.county import EVERYTHING, DutyEntry, PauseEntry, ordered_skills
from rx_review.domain.problems import Refusal
from rx_review.store import audit
from rx_review.store import county as store

LONGEST_PAUSE = timedelta(days=30)
LONGEST_DUTY = timedelta(hours=24)
"""Machine passes name who is on duty: nobody is for weeks."""
_LEADING = frozenset({"lead", "chief"})


def sign_on(centre: Centre, actor: Actor, asked: DutyEntry, at: datetime) -> dict[str, Any]:
    """Put somebody on the roster: a lead anybody, a pharmacist himself (上岗).

    Raises:
        Refusal: `unknown-staff` if the register has no such pharmacist, `lacks-skill` if it does not let the person
            review, `contradiction` for a duty that is over or longer than a day, `forbidden`, `unknown-member`.
    """
    actor.must_be("pharmacist", "lead", "chief")
    leading = bool(actor.roles & _LEADING)
    if not leading and (asked.person != actor.person or asked.role != "pharmacist"):
        raise Refusal("forbidden", "only a lead plans for others", "只有组长可以为他人排班")
    if not at < asked.until <= asked.from_ + LONGEST_DUTY:
        raise Refusal("contradiction", "a duty is not over and lasts at most 24 hours", "每班至多 24 小时，且未结束")
    with centre.database.write() as connection:
        must_review(centre, connection, asked.person, asked.skills, at)
        standing = centre.standing(connection, at)
        for institution in asked.covers:
            standing.member(institution)
            actor.must_see(institution)
        if not asked.covers and actor.members is not None and not leading:
            raise Refusal("forbidden", "name the members that you cover", "请写明覆盖的成员机构")
        values = {
            "person": asked.person,
            "role": asked.role,
            "skills": ordered_skills(asked.skills),
            "covers": ",".join(sorted(asked.covers)),
            "began_at": asked.from_,
            "until": asked.until,
        }
        number = store.add_duty(connection, values)
        store.changed(connection)
        _note(connection, actor, "sign on", {"duty": number, **values}, at)
        found = store.duty_by_id(connection, number)
        return _told(found)


def sign_off(centre: Centre, actor: Actor, duty: int, at: datetime) -> dict[str, Any]:
    """Sign off (下岗).

    Raises:
        Refusal: `not-found`, or `forbidden` for another's duty.
    """
    actor.must_be("pharmacist", "lead", "chief")
    with centre.database.write() as connection:
        found = store.duty_by_id(connection, duty)
        if found is None:
            raise Refusal("not-found")
        if found.person != actor.person and not actor.roles & _LEADING:
            raise Refusal("forbidden", "only a lead signs others off", "只有组长可以为他人下岗")
        store.end_duty(connection, duty, at)
        store.changed(connection)
        _note(connection, actor, "sign off", {"duty": duty, "person": found.person}, at)
        return _told(store.duty_by_id(connection, duty))


def roster(centre: Centre, actor: Actor, since: datetime, until: datetime, at: datetime) -> dict[str, Any]:
    """Who is planned between two instants, and who is on duty now."""
    actor.must_be("pharmacist", "lead", "chief", "auditor", "administrator", "prescriber")
    with centre.database.read() as connection:
        rows = store.roster(connection, since, until)
        now = store.on_duty(connection, at)
    return {"items": [_told(row) for row in rows], "on_duty": [_told(row) for row in now]}


def pause(centre: Centre, actor: Actor, asked: PauseEntry, at: datetime) -> dict[str, Any]:
    """Put a rule, or a group of rules, to shadow for at most thirty days.

    Raises:
        Refusal: `unknown-rule` (also for everything at once), `contradiction` for an end that is past or too far
            away, `forbidden`.
    """
    actor.must_be("lead", "chief")
    if actor.members is not None:
        raise Refusal("forbidden", "a pause holds for the county", "暂停规则须由县级办理")
    if asked.target == EVERYTHING or not is_rule_name(centre.reviewer, asked.target):
        raise Refusal("unknown-rule", "name a rule, a topic or a family; all of them cannot be paused")
    if not at < asked.until <= at + LONGEST_PAUSE:
        raise Refusal("contradiction", "until must lie within the next thirty days", "截止时间须在未来三十天内")
    values = {
        "target": asked.target,
        "began_at": at,
        "until": asked.until,
        "by": actor.acting(None),
        "reason": asked.reason,
    }
    with centre.database.write() as connection:
        number = store.add_pause(connection, values)
        store.changed(connection)
        _note(connection, actor, "pause", {"pause": number, **values}, at)
    return {"id": number, **_pause_told(values), "ended_at": None}


def end_pause(centre: Centre, actor: Actor, number: int, at: datetime) -> dict[str, Any]:
    """Let a paused rule speak again.

    Raises:
        Refusal: `not-found` if it does not run.
    """
    actor.must_be("lead", "chief")
    with centre.database.write() as connection:
        if not store.end_pause(connection, number, at):
            raise Refusal("not-found")
        store.changed(connection)
        _note(connection, actor, "end pause", {"pause": number}, at)
    return {"id": number, "ended_at": stamp(at)}


def pauses(centre: Centre, actor: Actor, at: datetime) -> dict[str, Any]:
    """Pauses that hold now."""
    actor.must_be("pharmacist", "lead", "chief", "auditor", "administrator", "prescriber")
    with centre.database.read() as connection:
        rows = store.pauses(connection, at)
    return {"items": [{"id": row.id, **_pause_told(row._mapping), "ended_at": stamp(row.ended_at)} for row in rows]}


def _pause_told(values: Any) -> dict[str, Any]:
    return {
        "target": values["target"],
        "began_at": stamp(values["began_at"]),
        "until": stamp(values["until"]),
        "by": values["by"],
        "reason": values["reason"],
    }


def _told(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "person": row.person,
        "role": row.role,
        "skills": row.skills.split(","),
        "covers": [each for each in row.covers.split(",") if each],
        "from": stamp(row.began_at),
        "until": stamp(row.until),
        "ended_at": stamp(row.ended_at),
    }


def _note(connection: Any, actor: Actor, action: str, body: dict[str, Any], at: datetime) -> None:
    audit.append(connection, at=at, actor=actor.label, member=None, action=action, prescription=None, body=body)
