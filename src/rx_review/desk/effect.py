"""What a review does here and now: paused and observed rules do not stop, what was settled is not asked again."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from rx_review.desk.standing import Muted
from rx_review.domain.review import RANK, Review, Verdict

Silenced = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Effect:
    """The binding verdict, and which findings do not count towards it, as (key, why)."""

    verdict: Verdict
    silenced: tuple[Silenced, ...]

    def as_json(self) -> dict[str, Any]:
        """As answers carry it."""
        return {"verdict": self.verdict, "silenced": [{"key": key, "why": why} for key, why in self.silenced]}


def effect_of(review: Review, muted: Muted, settled: Set[str], resigned: Set[str]) -> Effect:
    """The binding verdict of a review.

    Args:
        review: what the rules say.
        muted: rules that are paused, or only observed by the member.
        settled: keys of findings that a pharmacist has settled for this patient.
        resigned: keys of findings for which the prescriber gave a reason and signed again: a pharmacist decides.
    """
    gravest: Verdict = "pass"
    silenced: list[Silenced] = []
    for finding in review.findings:
        counts: Verdict = finding.severity
        why = muted.why(finding.rule)
        if why is not None:
            silenced.append((finding.key, why))
            continue
        if finding.key in settled and counts != "block":
            silenced.append((finding.key, "settled"))
            continue
        if finding.key in resigned and counts == "return":
            silenced.append((finding.key, "signed again"))
            counts = "hold"
        gravest = max(gravest, counts, key=RANK.__getitem__)
    for entry in review.not_judged:
        if RANK[entry.outcome] < RANK["hold"]:
            continue
        if entry.rules and all(muted.why(rule) for rule in entry.rules):
            continue
        gravest = max(gravest, entry.outcome, key=RANK.__getitem__)
    return Effect(gravest, tuple(silenced))
