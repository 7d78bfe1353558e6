"""What the rules cost a county: how many of a hundred reasonable prescriptions are stopped, and why.

Every prescription follows a treatment regimen, so whatever stops it is a false alarm, a gap in its data that stops
it, or a fault of the regimen. Prescriptions with a planted fault are reviewed apart: are the faults found?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from rx_review.county.faults import NO_CODE, Planted
from rx_review.county.generate import Generated, Sent
from rx_review.domain.review import RANK, Finding, Review
from rx_review.engine.review import review
from rx_review.library.edition import Edition

STOPS = ("return", "block")


@dataclass(slots=True)
class Burden:
    """Counts over reviewed prescriptions; `by_rule` counts prescriptions, by rule and severity."""

    reviewed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    warned: int = 0
    shown: int = 0
    most_shown: int = 0
    by_rule: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_missing: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_regimen: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    uncovered: Counter[str] = field(default_factory=Counter)

    def per_hundred(self, count: int) -> float:
        """A count as a rate per 100 reviewed prescriptions."""
        return 100 * count / self.reviewed if self.reviewed else float("nan")

    @property
    def interruptive(self) -> float:
        """Prescriptions per 100 that go back to the doctor or are blocked."""
        return self.per_hundred(sum(self.verdicts[verdict] for verdict in STOPS))

    @property
    def share_found(self) -> float:
        """Percent of the planted faults that the rules cover and that were found."""
        planted = sum(self.planted.values())
        return 100 * sum(self.found.values()) / planted if planted else float("nan")

    def add(self, answer: Review, regimen: str) -> None:
        """Count one reviewed prescription."""
        self.reviewed += 1
        self.verdicts[answer.verdict] += 1
        self.warned += any(finding.severity == "warn" for finding in answer.findings)
        self.shown += answer.shown
        self.most_shown = max(self.most_shown, answer.shown)
        for rule, severity in {(finding.rule, finding.severity) for finding in answer.findings}:
            self.by_rule[rule, severity] += 1
            if RANK[severity] >= RANK["warn"]:
                self.by_regimen[regimen, rule, severity] += 1
        for entry in answer.not_judged:
            self.by_missing[entry.fact, entry.outcome] += 1
            if RANK[entry.outcome] >= RANK["hold"]:
                self.by_regimen[regimen, f"?{entry.fact}", entry.outcome] += 1


def measure_burden(
    edition: Edition,
    reasonable: Iterable[Generated],
    faulty: Iterable[Generated],
    progress: Callable[[int], None] = lambda done: None,
) -> Burden:
    """Review reasonable prescriptions, and those with a planted fault, and count.

    `progress` is called with the number reviewed since the last call.
    """
    burden = Burden()
    for one in reasonable:
        prescription = one.sound.prescription
        burden.add(review(*one.sound, edition, prescription.issued_at, ways=False), one.regimen)
        progress(1)
    codes = {rule.code or NO_CODE for rule in edition.rules if rule.status == "active"}
    for one in faulty:
        if one.planted is not None and one.faulty is not None:
            if codes.isdisjoint(one.planted.codes):
                burden.uncovered[one.planted.fault] += 1
            else:
                burden.planted[one.planted.fault] += 1
                burden.found[one.planted.fault] += is_found(edition, one.planted, one.sound, one.faulty)
        progress(1)
    return burden


def is_found(edition: Edition, planted: Planted, sound: Sent, faulty: Sent) -> bool:
    """Whether review says something with the fault's code, on its lines, that it does not say of the sound sheet."""
    at = planted.at or faulty.prescription.issued_at
    before = {(finding.rule, finding.lines) for finding in _findings(edition, sound, sound.prescription.issued_at)}
    return any(
        (finding.code or NO_CODE) in planted.codes
        and (finding.rule, finding.lines) not in before
        and (not planted.lines or not finding.lines or not set(finding.lines).isdisjoint(planted.lines))
        for finding in _findings(edition, faulty, at)
    )


def _findings(edition: Edition, sent: Sent, at: datetime) -> tuple[Finding, ...]:
    return review(*sent, edition, at, ways=False).findings
