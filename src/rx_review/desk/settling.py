"""Settled findings: what a pharmacist has looked at for a patient is not asked again until its key changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rx_review.desk.actor import Actor
from rx_review.desk.centre import Centre
from rx_review.desk.qualified import must_review
from rx_review.desk.step import Moving, sees
from rx_review.domain.county import Dismissal
from rx_review.domain.problems import Pointed, Refusal
from rx_review.domain.review import Review
from rx_review.engine.stored import decision_from_json
from rx_review.store import audit, prescriptions, reviews
from rx_review.store import county as registers
from rx_review.store.database import Row


def settle(moving: Moving, review: Review) -> list[str]:
    """Settle the findings that an approval names, for this patient.

    Raises:
        Refusal: a key that is not among the findings, or that may not be settled.
    """
    request = moving.request
    if not request.settle:
        return []
    most = moving.minutes("dismissal_days")
    days = min(request.settle_days or most, most)
    reason = request.reason.code if request.reason is not None else "approved"
    text = request.reason.text if request.reason is not None else None
    rules = _settleable(review, moving.row, request.settle, "/settle")
    for key in request.settle:
        registers.dismiss(
            moving.connection,
            {
                "patient_id": moving.row.patient_id,
                "key": key,
                "rule": rules[key],
                "by": moving.person,
                "reason": reason,
                "text": text,
                "at": moving.at,
                "until": moving.at + timedelta(days=days),
            },
        )
    return list(request.settle)


def _settleable(review: Review, row: Row[Any], keys: tuple[str, ...], pointer: str) -> dict[str, str]:
    """Rules by key. A block is never settled; what is returned only once its prescriber has signed again for it."""
    signed = frozenset(row.resigned.split(","))
    rules = {
        finding.key: finding.rule
        for finding in review.findings
        if finding.severity not in ("return", "block") or (finding.severity == "return" and finding.key in signed)
    }
    unknown = [
        Pointed(
            f"{pointer}/{place}",
            {"en": "no finding of this prescription that may be settled", "zh": "不是本处方可处理的提示"},
        )
        for place, key in enumerate(keys)
        if key not in rules
    ]
    if unknown:
        raise Refusal("contradiction", errors=unknown)
    return rules


def dismiss(centre: Centre, actor: Actor, asked: Dismissal, at: datetime) -> dict[str, Any]:
    """Settle one finding of a prescription for its patient.

    Raises:
        Refusal: see the catalogue of problems.
    """
    actor.must_be("pharmacist", "lead", "chief")
    with centre.database.write() as connection:
        found = prescriptions.by_id(connection, asked.prescription)
        if found is None or not sees(actor, found):
            raise Refusal("not-found")
        newest = reviews.latest(connection, found.id)
        assert newest is not None
        rules = _settleable(decision_from_json(reviews.unpacked(newest.decision)), found, (asked.key,), "/key")
        person = actor.acting(None)
        must_review(centre, connection, person, (found.skill,), at)
        most = int(centre.number("dismissal_days", at, found.institution))
        until = at + timedelta(days=min(asked.days, most))
        values = {
            "patient_id": found.patient_id,
            "key": asked.key,
            "rule": rules[asked.key],
            "by": person,
            "reason": asked.reason,
            "text": asked.text,
            "at": at,
            "until": until,
        }
        registers.dismiss(connection, values)
        body = {"key": asked.key, "rule": rules[asked.key], "reason": asked.reason, "text": asked.text, "until": until}
        audit.append(
            connection,
            at=at,
            actor=actor.label,
            member=found.institution,
            action="dismiss",
            prescription=found.id,
            body=body,
        )
    return {"key": asked.key, "rule": rules[asked.key], "by": person, "reason": asked.reason, "at": at, "until": until}
