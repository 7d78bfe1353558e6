"""`review`: one prescription, one snapshot of the world, one edition, one instant; no clock, no randomness.

Both executors judge every case: durable-rules says which rules certainly fire, the generated Python confirms
that and adds what cannot be judged. If they disagree, or the C engine fails, a pharmacist must look.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.review import RANK, Finding, NotJudged, Review, Subject, Verdict
from rx_review.domain.values import county_day
from rx_review.engine.counterfactual import ways_to_pass
from rx_review.engine.durable import DurableProgram
from rx_review.engine.finding import build_finding
from rx_review.engine.language import Condition, Program, compile_rules
from rx_review.engine.missing import ENGINE_FAILED, not_judged
from rx_review.engine.plain import PlainProgram
from rx_review.engine.polarity import settings_faults
from rx_review.errors import EngineError, LibraryError
from rx_review.facts.build import FactBuilder
from rx_review.facts.case import Case, Facts, Value
from rx_review.library.edition import Edition


class Judged(NamedTuple):
    """A condition that holds for a case, or that cannot be judged."""

    condition: Condition
    case: Case
    known: Mapping[str, Value]
    """What is known of the case, as the executors read it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of a set of facts; `agreed` is false if the executors differ or the C engine failed."""

    fired: tuple[Judged, ...]
    undetermined: tuple[Judged, ...]
    agreed: bool


class Decision(NamedTuple):
    """A review and the facts that it was decided on, as a store keeps them."""

    review: Review
    facts: Facts


class Reviewer:
    """An edition compiled for both executors. One per process and edition; reviews from several threads queue."""

    def __init__(self, edition: Edition) -> None:
        if faults := settings_faults(edition):
            raise LibraryError(*faults)
        self.edition = edition
        self.facts = FactBuilder(edition.formulary)
        programs = compile_rules(edition.rules)
        self.programs: Mapping[Subject, Program] = {s: p for s, p in programs.items() if p.conditions}
        self.plain = {subject: PlainProgram(program) for subject, program in self.programs.items()}
        self.durable = {subject: DurableProgram(program) for subject, program in self.programs.items()}
        self._parameters = lru_cache(maxsize=1_024)(self._read_parameters)
        self._inputs = lru_cache(maxsize=4_096)(self._read_inputs)
        self._effective = lru_cache(maxsize=1_024)(self._read_effective)

    def review(
        self, prescription: Prescription, circumstances: Circumstances, at: datetime, *, both: bool = True
    ) -> Review:
        """Review with both executors, or with plain alone. An engine failure is answered with `hold`."""
        return self.decide(prescription, circumstances, at, both=both).review

    def decide(
        self, prescription: Prescription, circumstances: Circumstances, at: datetime, *, both: bool = True
    ) -> Decision:
        """Review, and give the facts along that the review was decided on."""
        facts = self.facts.build(prescription, circumstances, at)
        number, revision, institution = prescription.number, prescription.revision, prescription.institution
        issued_on = county_day(prescription.issued_at)
        return Decision(self.answer(facts, number, revision, institution, issued_on, both=both), facts)

    def answer(
        self, facts: Facts, number: str, revision: int, institution: str, issued_on: date, *, both: bool = True
    ) -> Review:
        """What the rules say of these facts: all that a review is, but for the ways to pass.

        Args:
            facts: every case.
            number: number of the prescription, for the answer alone.
            revision: its revision, for the answer alone.
            institution: who issued it; parameters may be its own.
            issued_on: the county's day of issue; rules and parameters go by it.
            both: whether both executors judge, or plain alone.
        """
        day = issued_on.toordinal()
        judgement = self.judge(facts, day, institution, both=both)
        parameters = self.parameters(day, institution)
        findings = _distinct(
            build_finding(found.condition, found.case, parameters)
            for found in judgement.fired
            if found.condition.rule.status == "active"
        )
        missing = not_judged(found for found in judgement.undetermined if found.condition.rule.status == "active")
        if not judgement.agreed:
            missing = (ENGINE_FAILED, *missing)
        return Review(
            number,
            revision,
            verdict_of(findings, missing),
            not missing,
            self.edition.name,
            findings,
            missing,
            shown=min(len(findings), int(parameters.get("findings_shown", len(findings)))),
        )

    def judge_prescription(self, prescription: Prescription, circumstances: Circumstances, at: datetime) -> Judgement:
        """Facts and the plain executor's judgement, without words."""
        facts = self.facts.build(prescription, circumstances, at)
        day = county_day(prescription.issued_at).toordinal()
        return self.judge(facts, day, prescription.institution, both=False)

    def judge(self, facts: Facts, day: int, institution: str, *, both: bool) -> Judgement:
        """Judge every case for prescriptions that an institution issued on the day with that ordinal."""
        formulary = self.edition.formulary
        epoch, whose = formulary.epoch(day), formulary.settings_of(institution)
        fired: list[Judged] = []
        undetermined: list[Judged] = []
        agreed = True
        for subject, program in self.programs.items():
            cases = facts.cases[subject]
            if not cases:
                continue
            parameters = self._inputs(subject, epoch, whose)
            inputs = program.inputs(cases)
            judged = self.plain[subject].judge_all(inputs, parameters)
            if both:
                agreed = self._confirm(subject, inputs, parameters, judged) and agreed
            conditions, effective = program.conditions, self._effective(subject, day)
            for case, known, (fires, opens) in zip(cases, inputs, judged, strict=True):
                fired += [Judged(conditions[i], case, known) for i in fires if i in effective]
                undetermined += [Judged(conditions[i], case, known) for i in opens if i in effective]
        return Judgement(tuple(fired), tuple(undetermined), agreed)

    def _confirm(
        self,
        subject: Subject,
        inputs: Sequence[Mapping[str, Value]],
        parameters: Mapping[str, Value],
        judged: Sequence[tuple[list[int], list[int]]],
    ) -> bool:
        expected = {(rule, case) for case, (fires, _) in enumerate(judged) for rule in fires}
        try:
            found = self.durable[subject].fire(inputs, parameters)
        except EngineError:
            return False
        return len(found) == len(expected) and set(found) == expected

    def parameters(self, day: int, institution: str = "") -> Mapping[str, Decimal]:
        """Every parameter's value on the day with that ordinal, for an institution or for the county."""
        formulary = self.edition.formulary
        return self._parameters(formulary.epoch(day), formulary.settings_of(institution))

    def _read_parameters(self, day: int, whose: str) -> Mapping[str, Decimal]:
        formulary = self.edition.formulary
        found = {name: formulary.parameter(name, day, whose) for name in formulary.parameters}
        return {name: value for name, value in found.items() if value is not None}

    def _read_inputs(self, subject: Subject, day: int, whose: str) -> Mapping[str, Value]:
        values = self._parameters(day, whose)
        return {
            name: int(values[parameter].scaleb(digits))
            for name, (parameter, digits) in self.programs[subject].parameters.items()
            if parameter in values
        }

    def _read_effective(self, subject: Subject, day: int) -> frozenset[int]:
        """Indices of the conditions that are for prescriptions issued on that day."""
        return frozenset(n for n, each in enumerate(self.programs[subject].conditions) if in_effect(each, day))


def in_effect(condition: Condition, day: int) -> bool:
    """Whether a rule is for prescriptions issued on that day."""
    return condition.days[0] <= day < condition.days[1]


def verdict_of(findings: Iterable[Finding], missing: Iterable[NotJudged]) -> Verdict:
    """The gravest finding; what could not be judged counts only where it stops the prescription."""
    verdicts: list[Verdict] = ["pass", *(finding.severity for finding in findings)]
    verdicts += [entry.outcome for entry in missing if RANK[entry.outcome] >= RANK["hold"]]
    return max(verdicts, key=RANK.__getitem__)


def _distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Gravest first, then by rule and lines; the same rule on the same lines and ingredients speaks once."""
    ordered = sorted(findings, key=lambda found: (-RANK[found.severity], found.rule, found.lines, found.key))
    seen: set[tuple[str, tuple[int, ...], str]] = set()
    kept = []
    for found in ordered:
        slot = (found.rule, found.lines, found.message.zh)
        if slot not in seen:
            seen.add(slot)
            kept.append(found)
    return tuple(kept)


COMPILED = 4
"""Compiled editions that a process keeps; who holds one longer holds it itself."""

_reviewers: dict[str, Reviewer] = {}
_compiling = threading.Lock()


def reviewer_for(edition: Edition) -> Reviewer:
    """The compiled edition, made once per process and digest; the last few that were made are kept."""
    with _compiling:
        if edition.digest not in _reviewers:
            if len(_reviewers) == COMPILED:
                # Insertion order: the oldest goes. What was frozen with it is found again by the next collection.
                del _reviewers[next(iter(_reviewers))]
                gc.unfreeze()
                gc.collect()
            _reviewers[edition.digest] = Reviewer(edition)
            # An edition lives for long: looking through its rows at each collection costs milliseconds.
            gc.freeze()
        return _reviewers[edition.digest]


def review(
    prescription: Prescription, circumstances: Circumstances, edition: Edition, at: datetime, *, ways: bool = True
) -> Review:
    """Review one prescription.

    Args:
        prescription: the sheet.
        circumstances: what the world says; what was not looked up is unknown.
        edition: rules and formulary.
        at: the instant to review for; validity and windows go by it, legal rows by the day of issue.
        ways: whether to look for changes that would pass.

    Returns:
        The verdict with findings, what could not be judged and verified ways to pass.
    """
    reviewer = reviewer_for(edition)
    answer = reviewer.review(prescription, circumstances, at)
    return ways_to_pass(reviewer, answer, prescription, circumstances, at) if ways else answer
