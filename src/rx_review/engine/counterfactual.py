"""Ways to pass: changes worked out from the remedies of the rules that fired, each verified by review.

A depth-first search, taking one open finding after another and its remedies in order; at most 64 evaluations with
the plain executor. A way is shown only if every edit is needed and both executors let the result through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.review import GOES_THROUGH, RANK, Counterfactual, Review
from rx_review.domain.values import county_day
from rx_review.engine.remedy import ORDER, Edit, Ground, edits_for

if TYPE_CHECKING:
    from rx_review.engine.review import Judged, Reviewer

EVALUATIONS = 64
SHOWN = 3
_DEPTH = 8


def ways_to_pass(
    reviewer: Reviewer, answer: Review, prescription: Prescription, circumstances: Circumstances, at: datetime
) -> Review:
    """Add up to three verified ways to an answer that stops the prescription, or why there is none."""
    if answer.verdict in GOES_THROUGH:
        return answer
    search = _Search(reviewer, circumstances, at)
    found = tuple(search.ways(prescription))
    supply = tuple(
        Counterfactual("supply", {"zh": f"补充：{entry.label['zh']}", "en": f"supply: {entry.label['en']}"})
        for entry in answer.not_judged
        if RANK[entry.outcome] >= RANK["hold"] and entry.fact != "engine"
    )
    if not found:
        supply += search.supplies(prescription)
    none = () if found or supply else (Counterfactual("none", _why_none(answer)),)
    return replace(answer, counterfactuals=(*found, *supply, *none))


def _why_none(answer: Review) -> dict[str, str]:
    stops = [found for found in answer.findings if found.severity not in GOES_THROUGH]
    if not stops:
        return {"zh": "须由药师审核后决定", "en": "a pharmacist must decide"}
    rules = ", ".join(dict.fromkeys(found.rule for found in stops))
    if all(found.severity == "hold" for found in stops):
        return {"zh": f"须由药师审核后决定（{rules}）", "en": f"a pharmacist must decide ({rules})"}
    return {
        "zh": f"试过各规则的改法，没有一种能通过（{rules}），须重新开具",
        "en": f"no remedy of these rules passes ({rules}); prescribe anew",
    }


class _Search:
    def __init__(self, reviewer: Reviewer, circumstances: Circumstances, at: datetime) -> None:
        self.reviewer = reviewer
        self.circumstances = circumstances
        self.at = at
        self.left = EVALUATIONS
        self.seen: set[frozenset[str]] = set()
        self.names: Mapping[int, str] = {}

    def ways(self, prescription: Prescription) -> Iterator[Counterfactual]:
        """Yield verified ways, the first found first."""
        shown = 0
        self.names = {line.line: line.generic for line in prescription.lines if line.generic is not None}
        for edits in self._explore(prescription, (), {}):
            minimal = self._minimal(prescription, edits)
            key = frozenset(edit.zh for edit in minimal)
            if key in self.seen:
                continue
            self.seen.add(key)
            way = self._verified(prescription, minimal)
            if way is not None:
                yield way
                shown += 1
            if shown == SHOWN:
                return

    def supplies(self, prescription: Prescription) -> tuple[Counterfactual, ...]:
        """What only a person can supply, from `supply` remedies of the rules that stop it."""
        wanted: dict[str, str] = {}
        for stop in self._stops(prescription):
            for remedy in stop.condition.rule.remedies:
                if remedy.startswith("supply "):
                    wanted.setdefault(stop.condition.rule.title.zh, stop.condition.rule.title.en)
        return tuple(
            Counterfactual("supply", {"zh": f"须由人处理：{zh}", "en": f"for a person to settle: {en}"})
            for zh, en in wanted.items()
        )

    def _explore(
        self, prescription: Prescription, edits: tuple[Edit, ...], chosen: Mapping[str, str]
    ) -> Iterator[tuple[Edit, ...]]:
        if self.left <= 0:
            return
        self.left -= 1
        stops = self._stops(prescription)
        if not stops:
            if edits:
                yield edits
            return
        if len(edits) >= _DEPTH:
            return
        # The finding with the fewest ways out decides most of what the rest will be.
        choices = {stop.condition.rule.id: self._choices(stop, prescription) for stop in reversed(stops)}
        rule = min(choices, key=lambda name: len(choices[name]))
        for edit in choices[rule]:
            # What answers a rule on one line answers it on the next: halving one drug of a regimen and giving a
            # reason for the other helps nobody.
            if chosen.get(rule, edit.kind) == edit.kind:
                yield from self._explore(edit.apply(prescription), (*edits, edit), {**chosen, rule: edit.kind})

    def _choices(self, stop: Judged, prescription: Prescription) -> list[Edit]:
        day = county_day(prescription.issued_at).toordinal()
        ground = Ground(
            prescription,
            self.circumstances,
            self.reviewer.facts.resolver(day),
            self.reviewer.parameters(day, prescription.institution),
            self.names,
        )
        edits = [edit for remedy in stop.condition.rule.remedies for edit in edits_for(remedy, stop.case, ground)]
        return sorted(edits, key=lambda edit: ORDER.index(edit.kind))

    def _stops(self, prescription: Prescription) -> list[Judged]:
        judgement = self.reviewer.judge_prescription(prescription, self.circumstances, self.at)
        stops = [found for found in judgement.fired if found.condition.rule.severity not in GOES_THROUGH]
        return [found for found in stops if found.condition.rule.status == "active"]

    def _minimal(self, prescription: Prescription, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
        kept = edits
        for edit in edits:
            rest = tuple(other for other in kept if other is not edit)
            if rest and self.left > 0:
                self.left -= 1
                if not self._stops(_apply(prescription, rest)):
                    kept = rest
        return kept

    def _verified(self, prescription: Prescription, edits: Sequence[Edit]) -> Counterfactual | None:
        changed = prescription
        patches: list[Mapping[str, Any]] = []
        for edit in edits:
            patches += edit.patches(changed)
            changed = edit.apply(changed)
        changed = Prescription.model_validate(changed.model_dump(by_alias=True))
        answer = self.reviewer.review(changed, self.circumstances, self.at)
        if answer.verdict not in GOES_THROUGH or not _offers_better(answer, edits):
            return None
        return Counterfactual(
            "change",
            {"zh": "；".join(edit.zh for edit in edits), "en": "; ".join(edit.en for edit in edits)},
            tuple(patches),
            answer.verdict,
        )


def _offers_better(answer: Review, edits: Sequence[Edit]) -> bool:
    """Whether no drug that was offered instead brings a warning of its own."""
    swapped = {edit.swapped for edit in edits if edit.swapped is not None}
    return not any(found.severity == "warn" and swapped & set(found.lines) for found in answer.findings)


def _apply(prescription: Prescription, edits: Sequence[Edit]) -> Prescription:
    for edit in edits:
        prescription = edit.apply(prescription)
    return prescription
