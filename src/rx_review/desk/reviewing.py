"""One review at the desk: decide, find ways to pass, work out what binds, and lay it down with all it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import to_json

from rx_review.desk.centre import Centre
from rx_review.desk.circumstances import read_circumstances
from rx_review.desk.effect import Effect, effect_of
from rx_review.desk.laps import Laps
from rx_review.desk.sheet import sheet_json
from rx_review.desk.standing import Standing
from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.review import Review
from rx_review.domain.values import county_day
from rx_review.engine.counterfactual import ways_to_pass
from rx_review.engine.review import Reviewer
from rx_review.engine.semantics import semantics
from rx_review.engine.stored import decision_json, facts_json
from rx_review.facts.case import Facts
from rx_review.store import county as registers
from rx_review.store import reviews
from rx_review.store.database import Connection, Row


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review of a sheet without identity, and everything it was decided from."""

    sheet: Prescription
    circumstances: Circumstances
    review: Review
    facts: Facts
    effect: Effect
    at: datetime
    reviewer: Reviewer
    parts: Mapping[str, bytes]
    """What is stored of it whatever binds: sheet, circumstances, facts and decision as JSON."""


def review_sheet(
    centre: Centre,
    connection: Connection,
    standing: Standing,
    sheet: Prescription,
    patient: str | None,
    row: Row[Any] | None,
    at: datetime,
    resigned: frozenset[str] = frozenset(),
    *,
    fresh: bool = False,
    laps: Laps | None = None,
    before: Reviewed | None = None,
) -> Reviewed:
    """Review a sheet with what the world says now.

    Args:
        centre: the review centre.
        connection: to read what the world says.
        standing: the county's registers.
        sheet: without identity.
        patient: the patient's id; None if the sheet does not say who it is for.
        row: where the prescription stands; None for one that is new.
        at: the instant.
        resigned: keys of findings for which the prescriber has signed again.
        fresh: whether the patient is new: then there is no past to be read.
        laps: where the time goes.
        before: a review of this sheet a moment ago; it stands if the world says today what it said then.
    """
    reviewer, laps = centre.reviewer, laps or Laps()
    back = int(centre.number("history_days", at, sheet.institution))
    circumstances = read_circumstances(connection, standing, sheet, patient, row, at, back, fresh=fresh)
    laps.lap("circumstances")
    if before is not None and before.reviewer is reviewer and before.circumstances == circumstances:
        facts, review, parts = before.facts, before.review, before.parts
    else:
        facts = reviewer.facts.build(sheet, circumstances, at)
        laps.lap("facts")
        decided = reviewer.answer(facts, sheet.number, sheet.revision, sheet.institution, county_day(sheet.issued_at))
        laps.lap("rules")
        review = ways_to_pass(reviewer, decided, sheet, circumstances, at)
        laps.lap("ways")
        parts = {
            "body": sheet_json(sheet),
            "circumstances": circumstances.model_dump_json(by_alias=True, exclude_defaults=True).encode(),
            "facts": facts_json(facts),
            "decision": decision_json(review),
        }
    settled = frozenset(() if patient is None or fresh else registers.dismissed(connection, patient, at))
    effect = effect_of(review, standing.muted(reviewer, sheet.institution, at), settled, resigned)
    return Reviewed(sheet, circumstances, review, facts, effect, at, reviewer, parts)


class Laid(NamedTuple):
    """A review that is stored: its id, its decision and advice as JSON, digests of its parts and of the facts' code."""

    id: int
    decision: bytes
    advice: bytes
    digests: dict[str, str]


def lay_down(connection: Connection, reviewed: Reviewed, prescription: str, cause: str) -> Laid:
    """Store a review with everything it rests on."""
    review = reviewed.review
    advice = to_json({"counterfactuals": review.counterfactuals, "effect": reviewed.effect.as_json()})
    parts = {**reviewed.parts, "advice": advice}
    values = {
        "prescription_id": prescription,
        "revision": review.revision,
        "cause": cause,
        "at": reviewed.at,
        "edition": review.edition.removeprefix("sha256:"),
        "semantics": semantics(),
        "verdict": review.verdict,
        "complete": review.complete,
        **parts,
    }
    number = reviews.add(connection, values)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    digests["semantics"] = semantics()
    return Laid(number, parts["decision"], parts["advice"], digests)
