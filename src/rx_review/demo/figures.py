"""What a director asks after the day: every figure counted in the database."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from rx_review.demo.mending import Mending
from rx_review.domain.review import RANK, Review
from rx_review.domain.values import CHINA
from rx_review.engine.stored import decision_from_json, facts_from_json
from rx_review.library.edition import Edition
from rx_review.store import audit, prescriptions, reviews
from rx_review.store.database import Connection, Database, Row

_BY_PEOPLE = frozenset({"approve", "return", "refuse"})
_BATCH = 500


@dataclass
class Figures:
    """Counts are of prescriptions of the day, judged by their first submission, where nothing else is said."""

    prescriptions: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    stops: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By tier and verdict."""
    warned: int = 0
    complete: int = 0
    states: Counter[str] = field(default_factory=Counter)
    """Where they stood at midnight."""
    by_pharmacist: int = 0
    by_machine: int = 0
    unreviewed: int = 0
    """Neither a pharmacist nor, under the committee's decision, a machine decided on it."""
    faults: Counter[str] = field(default_factory=Counter)
    """By rule, of findings from `warn` on."""
    missing: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict)
    settles: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """What was missing, its label, and the rules that it would settle."""
    mending: Mending = field(default_factory=Mending)
    """What became of what was sent back."""
    waits: list[float] = field(default_factory=list)
    """Seconds from the queue to a pharmacist's decision, ascending."""
    escalated: int = 0
    lines: int = 0
    essential: int = 0
    essential_unknown: int = 0
    outpatient: int = 0
    antimicrobial: int = 0
    """Lines; those on the national list; those of which it is not known; outpatient sheets, and with antimicrobials."""

    def per_hundred(self, count: int) -> float:
        """A count as a rate per 100 prescriptions."""
        return 100 * count / self.prescriptions if self.prescriptions else 0.0

    def wait(self, share: float) -> float | None:
        """The wait in minutes that this share of the sheets in the queue did not exceed; None if none waited."""
        if not self.waits:
            return None
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))] / 60


def count_day(database: Database, edition: Edition, day: date) -> Figures:
    """Count a day.

    Args:
        database: where it was stored.
        edition: that held; it knows the tiers of the members.
        day: of issue, Asia/Shanghai.
    """
    figures = Figures()
    with database.read() as connection:
        rows = [row for row in connection.execute(prescriptions.listing((), after=None, limit=10**9))
                if row.issued_on == day]  # fmt: skip
        by_id = {row.id: row for row in rows}
        tiers = {row.id: edition.formulary.institutions[row.institution].tier for row in rows}
        figures.prescriptions = len(rows)
        figures.tiers.update(tiers.values())
        figures.states.update(row.state for row in rows)
        for told in _told(connection, list(by_id)):
            _decided(figures, told)
        midnight = datetime.combine(day, time(), CHINA)
        for kept in reviews.between(connection, midnight, midnight + timedelta(days=2)):
            if kept.prescription_id in by_id and kept.cause != "supply":
                _reviewed(figures, kept, tiers[kept.prescription_id], figures.mending)
    figures.waits.sort()
    return figures


def _told(connection: Connection, ids: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """What the audit says of each prescription, oldest first."""
    for start in range(0, len(ids), _BATCH):
        by_prescription: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in audit.of_prescriptions(connection, ids[start : start + _BATCH]):
            by_prescription[row.prescription_id].append({**json.loads(row.body), "at": row.at})
        yield from by_prescription.values()


def _decided(figures: Figures, told: Sequence[Mapping[str, Any]]) -> None:
    """Who decided on a prescription, and how long it waited for people."""
    since: datetime | None = None
    by_person = False
    for entry in told:
        action = entry["action"]
        figures.escalated += action == "escalate"
        if action in _BY_PEOPLE:
            by_person = True
            if since is not None:
                figures.waits.append((entry["at"] - since).total_seconds())
                since = None
        elif entry.get("to") == "waiting" and since is None:
            since = entry["at"]
        elif entry.get("to") not in ("waiting", "taken", "second"):
            since = None
    figures.by_pharmacist += by_person
    rules = any(entry.get("to") in ("approved", "returned", "blocked") and "verdict" in entry for entry in told)
    figures.by_machine += rules and not by_person
    figures.unreviewed += not rules and not by_person


def _reviewed(figures: Figures, kept: Row[Any], tier: str, mending: Mending) -> None:
    """One review: of what was sent first, or of what came of it."""
    review = decision_from_json(reviews.unpacked(kept.decision))
    mending.see(kept, review)
    if kept.cause == "submit":
        _first(figures, kept, review, tier)


def _first(figures: Figures, kept: Row[Any], review: Review, tier: str) -> None:
    figures.verdicts[review.verdict] += 1
    figures.stops[tier, review.verdict] += 1
    figures.complete += review.complete
    found = {finding.rule for finding in review.findings if RANK[finding.severity] >= RANK["warn"]}
    figures.warned += any(finding.severity == "warn" for finding in review.findings)
    figures.faults.update(found)
    for entry in {each.fact: each for each in review.not_judged}.values():
        figures.missing[entry.fact] += 1
        figures.labels[entry.fact] = entry.label
        figures.settles[entry.fact].update(entry.rules)
    facts = facts_from_json(reviews.unpacked(kept.facts))
    antimicrobial = False
    for line in facts.cases["line"]:
        essential = line.known("essential")
        figures.lines += 1
        figures.essential += essential == 1
        figures.essential_unknown += essential is None
        antimicrobial |= line.known("antimicrobial") not in (None, "none")
    if facts.cases["prescription"][0].known("setting") == "outpatient":
        figures.outpatient += 1
        figures.antimicrobial += antimicrobial
