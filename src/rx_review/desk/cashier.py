"""The cashier's gate and what follows it: one question answered yes or no, charge, refund, void, supply."""

from __future__ import annotations

import hmac
from datetime import date, datetime, timedelta
from typing import Any

from rx_review.desk.actor import Actor
from rx_review.desk.answer import stamp
from rx_review.desk.approval import unforeseen
from rx_review.desk.centre import Centre
from rx_review.desk.reviewing import lay_down, review_sheet
from rx_review.desk.step import Moved, Moving, sees
from rx_review.desk.submission import not_allowed
from rx_review.desk.timing import first_due
from rx_review.domain.moves import STATE_NAMES, row
from rx_review.domain.prescription import Prescription, Signature
from rx_review.domain.problems import Refusal
from rx_review.domain.values import county_day
from rx_review.store import prescriptions
from rx_review.store.database import Row


def gate(
    centre: Centre, actor: Actor, institution: str, number: str, issued_on: date | None, at: datetime
) -> dict[str, Any]:
    """Whether a prescription may be charged: yes or no, for which revision and content, until when.

    Raises:
        Refusal: `not-found`.
    """
    actor.must_be("cashier", "prescriber", "dispenser", "pharmacist", "lead", "chief")
    with centre.database.read() as connection:
        if issued_on is None:
            found = prescriptions.latest_by_number(connection, institution, number)
        else:
            found = prescriptions.by_number(connection, institution, number, issued_on)
        if found is None or not sees(actor, found):
            raise Refusal("not-found")
    return _release(centre, found, at)


def _release(centre: Centre, found: Row[Any], at: datetime) -> dict[str, Any]:
    expired = found.expires_at is not None and found.expires_at <= at
    same = found.content == found.approved_content and found.after_review != "objected"
    yes = row("charge", found.state) is not None and same and not expired
    minutes = int(centre.number("release_minutes", at, found.institution))
    until = at + timedelta(minutes=minutes)
    if found.expires_at is not None:
        until = min(until, found.expires_at)
    named = STATE_NAMES[found.state]
    return {
        "release": yes,
        "prescription": found.id,
        "revision": found.revision,
        "content": found.approved_content,
        "state": found.state,
        "text": named.zh if not expired else STATE_NAMES["expired"].zh,
        "reviewed": found.approved_how in ("pharmacist", "machine"),
        "token": token(centre, found, until) if yes else None,
        "expires_at": stamp(until) if yes else None,
    }


def token(centre: Centre, found: Row[Any], until: datetime) -> str:
    """A release token: revision and expiry, with a mark that only this county's key makes."""
    seconds = int(until.timestamp())
    parts = (found.id, str(found.revision), str(found.approved_content), str(seconds))
    return f"{found.revision}.{seconds}.{centre.vault.mark('release', *parts)[:32]}"


def charge(moving: Moving) -> Moved:
    """Charge what was approved, and nothing else."""
    found, given = moving.row, moving.request.token
    _must_be_approved(found)
    if found.expires_at is not None and found.expires_at <= moving.at:
        more = not_allowed("charge", found).more
        raise Refusal("move-not-allowed", "its validity has ended", "处方已过有效期", more=more)
    if given is not None:
        _check_token(moving, given)
    amount = moving.request.amount
    return Moved(
        "charged", {"due_at": None}, {"content": found.content, "amount": None if amount is None else str(amount)}
    )


def _check_token(moving: Moving, given: str) -> None:
    parts = given.split(".")
    seconds = int(parts[1]) if len(parts) == 3 and parts[1].isascii() and parts[1].isdigit() else 0
    until = datetime.fromtimestamp(min(seconds, 4_000_000_000), tz=moving.at.tzinfo)
    expected = token(moving.centre, moving.row, until)
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise Refusal("content-changed", "the release token is of another revision", "放行凭证与当前版次不符")
    if until <= moving.at:
        raise Refusal("content-changed", "the release token has expired: ask the gate again", "放行凭证已过期")


def refund(moving: Moving) -> Moved:
    """Refund what was charged and not supplied."""
    return Moved("refunded", {"due_at": first_due("refunded", None, moving.row.expires_at)})


def void(moving: Moving) -> Moved:
    """Make it void after the refund."""
    return Moved("cancelled", {"due_at": None})


def supply(moving: Moving) -> Moved:
    """Supply all lines. The review at this stage must not find what nobody accepted when it was approved.

    What was given in a rescue is with the patient already: it is recorded, whatever the review says.
    """
    found, given = moving.row, moving.request.dispensed
    if given is None:
        raise Refusal("bad-request", "dispensed: who dispensed and checked is missing", "缺少 dispensed：调配与核对人")
    _must_be_approved(found)
    sheet = moving.sheet()
    signed = sheet.model_copy(update={"stage": "supply", "signatures": _signatures(moving, sheet)})
    patient = found.patient_id
    reviewed = review_sheet(moving.centre, moving.connection, moving.standing, signed, patient, found, moving.at)
    muted = moving.standing.muted(moving.centre.reviewer, found.institution, moving.at)
    # What only asks for a pharmacist cannot stop what was released because there is none.
    stops = unforeseen(reviewed, muted, found.accepted, "return" if found.approved_how == "released" else "hold")
    if stops and found.state != "rescued" and not muted.everything_observed:
        raise Refusal("not-fit-for-supply", more={"findings": stops})
    laid = lay_down(moving.connection, reviewed, found.id, "supply")
    prescriptions.add_supplies(
        moving.connection,
        [
            {
                "patient_id": found.patient_id,
                "on": county_day(moving.at),
                "prescription_id": found.id,
                "institution": found.institution,
                "number": found.number,
                "line": line.model_dump_json(by_alias=True, exclude_defaults=True),
            }
            for line in sheet.lines
        ],
    )
    note = {"dispensed": given.model_dump(), "digests": laid.digests, "lines": [line.line for line in sheet.lines]}
    return Moved("supplied", {"due_at": None}, note)


def _must_be_approved(found: Row[Any]) -> None:
    if found.content != found.approved_content:
        raise Refusal("content-changed")
    if found.state != "rescued" and found.after_review == "objected":
        raise Refusal("not-fit-for-supply", "a pharmacist objected to it afterwards", "药师补审不通过，请退费")


def _signatures(moving: Moving, sheet: Prescription) -> tuple[Signature, ...]:
    """The sheet's own signatures, that of who approved it, and those of who dispenses (后记)."""
    given = moving.request.dispensed
    assert given is not None
    signed: list[tuple[Any, str | None]] = [
        ("reviewer", _reviewer(moving)),
        ("dispenser", given.dispenser),
        ("checker", given.checker),
        ("issuer", given.issuer),
    ]
    fresh = [
        Signature(role=role, person=person, at=moving.at, revision=sheet.revision) for role, person in signed if person
    ]
    return (*sheet.signatures, *fresh)[-50:]


def _reviewer(moving: Moving) -> str | None:
    """Who approved: the pharmacist, or the one on duty whom a machine pass names."""
    found = moving.row
    match found.approved_how:
        case "pharmacist":
            return str(found.approved_by).split(", ")[-1]
        case "machine":
            return str(found.approved_by).rsplit(" ", 1)[-1]
    return None
