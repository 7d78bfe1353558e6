"""Submission of a prescription: checked, reviewed with what the world says, stored with all of it, answered.

Everything happens in one transaction: what was answered was committed. The same revision sent again is answered again;
(institution, number, day of issue, revision) is the key, and an idempotency key is only needed by who wants one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from rx_review.desk.actor import Actor
from rx_review.desk.ahead import Ahead, review_ahead
from rx_review.desk.answer import open_moves, tell, waiting_of, whole
from rx_review.desk.approval import outlives, sent_back
from rx_review.desk.centre import Centre
from rx_review.desk.laps import Laps
from rx_review.desk.outcome import decided, described, reviewed_after, reviewed_note
from rx_review.desk.patient import find_patient, indices_of, keep_identity, new_id
from rx_review.desk.reviewing import lay_down, review_sheet
from rx_review.desk.sheet import is_rescue, sheet_json
from rx_review.desk.standing import Standing
from rx_review.domain.identity import separate, stand_ins
from rx_review.domain.moves import STATE_NAMES, State, row
from rx_review.domain.prescription import Prescription
from rx_review.domain.problems import Refusal
from rx_review.domain.review import as_json
from rx_review.domain.values import county_day
from rx_review.store import audit, patients, prescriptions
from rx_review.store.database import Connection, Row

FEW_LINES = 20
"""Pairs of lines make a review long: it takes milliseconds up to here, and seconds at 200."""


def check(centre: Centre, actor: Actor, prescription: Prescription, at: datetime) -> dict[str, Any]:
    """Review a draft: answered, neither stored nor signed nor counted."""
    actor.must_be("prescriber", "pharmacist")
    with centre.database.read() as connection:
        standing = centre.standing(connection, at)
        standing.member(prescription.institution)
        actor.must_see(prescription.institution)
        known_by = patients.find(connection, indices_of(centre, prescription))
        patient = next(iter(known_by.values()), None)
        sheet, _ = separate(prescription, stand_ins(secrets.token_bytes(32)))
        standing_at = prescriptions.by_number(
            connection, prescription.institution, prescription.number, county_day(prescription.issued_at)
        )
        reviewed = review_sheet(centre, connection, standing, sheet, patient, standing_at, at)
    effect = reviewed.effect.as_json()
    return {**as_json(reviewed.review), "binding": effect["verdict"], "silenced": effect["silenced"]}


def submit(
    centre: Centre,
    actor: Actor,
    prescription: Prescription,
    at: datetime,
    key: str | None = None,
    laps: Laps | None = None,
) -> dict[str, Any]:
    """Submit a prescription or its next revision.

    Args:
        centre: the review centre.
        actor: who sends it.
        prescription: as it was read.
        at: the instant.
        key: an idempotency key; the same key with another prescription is refused.
        laps: where the time goes.

    Raises:
        Refusal: see the catalogue of problems.
    """
    actor.must_be("prescriber")
    actor.must_see(prescription.institution)
    if prescription.stage == "draft":
        raise Refusal("contradiction", "a draft is checked, not submitted: POST /v1/checks", "草稿请用 /v1/checks 检查")
    laps = laps or Laps()
    ahead = review_ahead(centre, prescription, at, laps) if _keeps_waiting(centre, prescription) else None
    answer = centre.database.transact(
        lambda connection: _submit(centre, connection, actor, prescription, at, key, laps, ahead)
    )
    laps.lap("commit")
    return answer


def _keeps_waiting(centre: Centre, prescription: Prescription) -> bool:
    """Whether a review within the turn to write would keep others waiting: somebody is there already, or it is long."""
    database = centre.database
    return database.one_writes_at_a_time and (database.somebody_writes or len(prescription.lines) > FEW_LINES)


def _submit(
    centre: Centre,
    connection: Connection,
    actor: Actor,
    prescription: Prescription,
    at: datetime,
    key: str | None,
    laps: Laps,
    ahead: Ahead | None,
) -> dict[str, Any]:
    standing = centre.standing(connection, at)
    standing.member(prescription.institution)
    issued_on = county_day(prescription.issued_at)
    known = prescriptions.by_number(connection, prescription.institution, prescription.number, issued_on)
    expected = None if ahead is None else ahead.patient
    patient = find_patient(centre, connection, prescription, known, at, expected)
    if known is not None:
        # Somebody may have moved it while this waited for the patient.
        known = prescriptions.by_id(connection, known.id, lock=True)
    laps.lap("lock")
    before = None
    if ahead is not None and patient is expected:
        before, sheet, identity = ahead.reviewed, ahead.reviewed.sheet, ahead.identity
    else:
        sheet, identity = separate(prescription, patient.key.stand_in)
    fingerprint = hashlib.sha256(sheet_json(sheet) if before is None else before.parts["body"]).hexdigest()
    if (again := _again(centre, connection, standing, actor, known, sheet, fingerprint, at, key)) is not None:
        return again
    whose = patient.id if patient.named else None
    reviewed = review_sheet(
        centre, connection, standing, sheet, whose, known, at, fresh=patient.fresh, laps=laps, before=before
    )
    identifier = known.id if known is not None else new_id(at)
    values = {
        **described(sheet, at if known is None else known.created_at),
        **decided(
            centre,
            standing,
            reviewed,
            at,
            supplied=known is not None and known.state == "supplied",
            by_hand=known is not None and sent_back(connection, known.id),
        ),
        **reviewed_after(centre, sheet, known, at),
        "patient_id": patient.id,
        "fingerprint": fingerprint,
        "resigned": "",
        **outlives(known, reviewed, standing.muted(centre.reviewer, sheet.institution, at)),
    }
    if known is None:
        prescriptions.add(connection, {"id": identifier, "version": 1, "fence": 0, **values})
    elif not prescriptions.change(connection, identifier, known.version, values):
        raise Refusal("stale-revision")
    keep_identity(connection, patient, identity, identifier, sheet, at)
    cause = "submit" if known is None else "revise"
    laid = lay_down(connection, reviewed, identifier, cause)
    note = reviewed_note(reviewed, values, laid.digests, None if known is None else known.state)
    audit.append(
        connection,
        at=at,
        actor=actor.label,
        member=sheet.institution,
        action=cause,
        prescription=identifier,
        body=note,
    )
    _keep_key(connection, actor, key, fingerprint, identifier, laid.id, values["state"], at)
    version, fence = (1, 0) if known is None else (known.version + 1, known.fence)
    # What was just written need not be read again.
    now = SimpleNamespace(id=identifier, version=version, fence=fence, **values)
    waiting = waiting_of(centre, connection, standing, now, at)
    decision, advice = json.loads(laid.decision), json.loads(laid.advice)
    told = whole(now, decision, advice, standing, waiting, replayed=False)
    laps.lap("write")
    return told


def _again(
    centre: Centre,
    connection: Connection,
    standing: Standing,
    actor: Actor,
    known: Row[Any] | None,
    sheet: Prescription,
    fingerprint: str,
    at: datetime,
    key: str | None,
) -> dict[str, Any] | None:
    """The answer to what was sent before, or None for what is new.

    Raises:
        Refusal: the key, the revision or the state does not allow it.
    """
    if key is not None and (kept := prescriptions.kept_key(connection, actor.label, key)) is not None:
        if known is None or kept.prescription_id != known.id or kept.fingerprint != fingerprint:
            raise Refusal("key-reused")
        return tell(centre, connection, standing, known, at, review=kept.review_id, replayed=True)
    if known is None:
        if sheet.revision != 1:
            raise Refusal("revision-gap", "the first revision is 1", "首次提交的版次为 1", more={"current": 0})
        return None
    if sheet.revision == known.revision:
        if known.fingerprint != fingerprint:
            raise Refusal("same-revision-other-content", more={"current": known.revision})
        return tell(centre, connection, standing, known, at, replayed=True)
    if sheet.revision < known.revision:
        raise Refusal("stale-revision", more={"current": known.revision})
    if sheet.revision > known.revision + 1:
        raise Refusal("revision-gap", more={"current": known.revision})
    move = row("revise", known.state)
    if move is None or ("after_review_due" in move.guards and known.after_review != "due"):
        raise not_allowed("revise", known)
    if is_rescue(sheet) != move.keeps_state:
        # Else a review could be left by calling it a rescue, and the review after a rescue by no longer calling it one.
        raise Refusal("contradiction", "a rescue stays one, and nothing becomes one later", "抢救标记提交后不得更改")
    return None


def not_allowed(move: str, found: Row[Any]) -> Refusal:
    """A move that the table does not have: the state, and what it allows."""
    state: State = found.state
    named = STATE_NAMES[state]
    return Refusal(
        "move-not-allowed",
        f"{move} is not possible: {named.en}",
        f"{named.zh}，不能执行 {move}",
        more={"state": state, "allowed": open_moves(found)},
    )


def _keep_key(
    connection: Connection,
    actor: Actor,
    key: str | None,
    fingerprint: str,
    identifier: str,
    review: int,
    state: str,
    at: datetime,
) -> None:
    if key is not None:
        prescriptions.keep_key(
            connection,
            {
                "scope": actor.label,
                "key": key,
                "fingerprint": fingerprint,
                "status": 201,
                "prescription_id": identifier,
                "review_id": review,
                "state": state,
                "version": 1,
                "at": at,
            },
        )
