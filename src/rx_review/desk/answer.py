"""What a caller is told of a prescription: where it stands, what to do, one line for the doctor, and the review."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rx_review.desk.centre import Centre
from rx_review.desk.standing import Standing
from rx_review.domain.county import SKILLS
from rx_review.domain.moves import STATE_NAMES, Action, Move, allowed
from rx_review.domain.review import RANK
from rx_review.store import prescriptions, reviews
from rx_review.store.database import Connection, Row

SHORT = 60
_POLL_SECONDS: Mapping[Action, int | None] = {"proceed": None, "fix": None, "wait": 5, "refuse": None}


def tell(
    centre: Centre,
    connection: Connection,
    standing: Standing,
    row: Row[Any],
    at: datetime,
    *,
    review: int | None = None,
    replayed: bool = False,
) -> dict[str, Any]:
    """The answer for a prescription as it stands, with its newest review or the one that is asked for."""
    found = reviews.by_id(connection, review) if review is not None else reviews.latest(connection, row.id)
    if found is None:
        raise LookupError(f"prescription {row.id} has no review")
    decision = json.loads(reviews.unpacked(found.decision))
    advice = json.loads(reviews.unpacked(found.advice))
    waiting = waiting_of(centre, connection, standing, row, at)
    return whole(row, decision, advice, standing, waiting, replayed=replayed)


def whole(
    row: Any,
    decision: Mapping[str, Any],
    advice: Mapping[str, Any],
    standing: Standing,
    waiting: Mapping[str, Any] | None,
    *,
    replayed: bool,
) -> dict[str, Any]:
    """Put an answer together. `row` may be any object with the columns of a prescription."""
    named = STATE_NAMES[row.state]
    member = standing.members.get(row.institution)
    return {
        "id": row.id,
        "institution": row.institution,
        "number": row.number,
        "issued_on": row.issued_on.isoformat(),
        "revision": row.revision,
        "version": row.version,
        "state": row.state,
        "state_name": {"zh": named.zh, "en": named.en},
        "action": "refuse" if row.state == "charged" and row.after_review == "objected" else named.action,
        "text": line_for_doctor(row.state, decision, advice, waiting),
        "allowed": open_moves(row),
        "binding": advice["effect"]["verdict"],
        "observed": row.observed,
        "approved": _approved(row),
        "after_review": row.after_review,
        "holder": row.holder,
        "fence": row.fence if row.holder is not None else None,
        "lease_until": stamp(row.lease_until),
        "queue": None if waiting is None else dict(waiting),
        "poll_after": _POLL_SECONDS[named.action],
        "phone": member.phone if member else None,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
        "expires_at": stamp(row.expires_at),
        "replayed": replayed,
        "review": {
            **decision,
            "counterfactuals": advice["counterfactuals"],
            "silenced": advice["effect"]["silenced"],
        },
    }


def open_moves(row: Any) -> list[str]:
    """Moves that somebody may make now, as the table and what is still due say."""
    return sorted({move.name for move in allowed(row.state) if _open(move, row)})


def _open(move: Move, row: Any) -> bool:
    return move.by != ("system",) and ("after_review_due" not in move.guards or row.after_review == "due")


def stamp(at: datetime | None) -> str | None:
    """An instant as answers carry it."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def line_for_doctor(
    state: str, decision: Mapping[str, Any], advice: Mapping[str, Any], waiting: Mapping[str, Any] | None
) -> str:
    """One line of Chinese, at most 60 characters."""
    silenced = {each["key"] for each in advice["effect"]["silenced"]}
    stops = [
        finding["message"]["short"]
        for finding in decision["findings"]
        if RANK[finding["severity"]] >= RANK["hold"] and finding["key"] not in silenced
    ]
    match state:
        case "returned" | "blocked":
            text = stops[0] if stops else "药师退回，请修改后重新提交"
        case "waiting" | "taken" | "second":
            minutes = 1 + (waiting["expected_seconds"] // 60 if waiting else 0)
            text = f"待药师审核，约 {minutes} 分钟" + (f"：{stops[0]}" if stops else "")
        case _:
            text = STATE_NAMES[state].zh  # type: ignore[index]
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


def _approved(row: Any) -> dict[str, Any] | None:
    if row.approved_how is None:
        return None
    return {"by": row.approved_by, "how": row.approved_how, "content": row.approved_content}


def waiting_of(
    centre: Centre, connection: Connection, standing: Standing, row: Any, at: datetime
) -> dict[str, Any] | None:
    """The place of a prescription in the queue; None if it waits for nobody."""
    if row.state not in prescriptions.OPEN:
        return None
    ahead = prescriptions.ahead(connection, row) if row.state == "waiting" else 0
    seconds = int(centre.number("review_seconds", at, row.institution))
    people = max(1, sum(1 for each in standing.on_duty(at) if each.covering(row.institution)))
    return {
        "ahead": ahead,
        "expected_seconds": -(-(ahead + 1) * seconds // people),
        "level": row.level,
        "skill": row.skill if row.skill in SKILLS else "general",
        "on_duty": people if standing.on_duty(at) else 0,
    }
