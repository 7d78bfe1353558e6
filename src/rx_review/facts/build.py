"""From a prescription and its circumstances to every case the rules judge. Pure: no clock, no input or output."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import chain

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Line, Prescription
from rx_review.domain.review import Subject
from rx_review.domain.values import county_day
from rx_review.facts.case import Case, Facts
from rx_review.facts.concern import Person, lightest_weight, line_concerns
from rx_review.facts.indication import indication_concerns, with_approvals
from rx_review.facts.limit import dose_concerns, needs_weight, weight_decides
from rx_review.facts.line import count_antibacterials, line_case, understand
from rx_review.facts.pair import members_of, pair_cases
from rx_review.facts.payment import payment_concerns
from rx_review.facts.prescription import age_of, prescription_case, read_diagnoses
from rx_review.facts.resolve import Resolver
from rx_review.facts.supplies import Meant
from rx_review.library.formulary import Formulary

# A service reviews today's prescriptions; a replay of some years meets a few periods at a time.
_EPOCHS = 8


class FactBuilder:
    """Builds facts over one formulary; keeps the look-ups of the periods it was asked about."""

    def __init__(self, formulary: Formulary) -> None:
        self.formulary = formulary
        self._resolvers: dict[int, Resolver] = {}

    def resolver(self, day: int) -> Resolver:
        """The look-ups of the day with that ordinal, shared by every day on which the same rows hold."""
        epoch = self.formulary.epoch(day)
        if epoch not in self._resolvers:
            if len(self._resolvers) >= _EPOCHS:
                self._resolvers.pop(next(iter(self._resolvers)))
            self._resolvers[epoch] = Resolver(self.formulary, epoch)
        return self._resolvers[epoch]

    def build(self, prescription: Prescription, circumstances: Circumstances, at: datetime) -> Facts:
        """Compute every case. Legal rows go by the day of issue, validity by `at`."""
        day = county_day(prescription.issued_at)
        resolver = self.resolver(day.toordinal())
        place = resolver.place(prescription.institution)
        lines = [(line, understand(line, place, prescription.decoction, resolver)) for line in prescription.lines]
        sheets = circumstances.visit.sheets if circumstances.visit is not None else ()
        others = [(line, understand(line, place, None, resolver)) for sheet in sheets for line in sheet.lines]
        age = age_of(prescription)
        diagnoses = read_diagnoses(prescription, place.member, resolver)
        weighed = [understood for _, understood in lines if understood.by_weight]
        lightest = lightest_weight(age, resolver) if weighed else None
        told = [understood.facts.values for _, understood in lines]
        whole = prescription_case(
            prescription,
            circumstances,
            [understood.known for _, understood in lines],
            age,
            diagnoses,
            place,
            resolver,
            day,
            at,
            weight_needed=needs_weight(weighed, age),
            weight_decides=weight_decides(weighed, age, lightest),
            antibacterials=count_antibacterials(understood for _, understood in lines),
            toxic=any(facts.get("toxic_drug") or facts.get("toxic_herb") for facts in told),
            radioactive=any(facts.get("radioactive") for facts in told),
            visit=None if circumstances.visit is None else [understood.known for _, understood in others],
        )
        person = Person.of(prescription, whole, age, diagnoses, resolver, lightest)

        def understands(line: Line, institution: str) -> Meant:
            found = understand(line, resolver.place(institution), None, resolver)
            return Meant(found.known, found.supply, found.topical)

        line_cases: list[Case] = []
        concerns: list[Case] = []
        for line, understood in lines:
            infusion = [each for other, each in lines if line.group is not None and other.group == line.group]
            case = line_case(
                whole, prescription, circumstances, line, understood, place, resolver, understands, infusion
            )
            line_cases.append(case)
            found = chain(
                line_concerns(case, understood, prescription, person, resolver),
                dose_concerns(case, understood, prescription, person),
                indication_concerns(case, understood, prescription, person, resolver),
            )
            concerns += with_approvals(case, found, understood.known, person, resolver)
            concerns += payment_concerns(case, understood, prescription, person, resolver)
        members = members_of(lines, own=True)
        members += members_of(others, own=False)
        cases: Mapping[Subject, tuple[Case, ...]] = {
            "prescription": (whole,),
            "line": tuple(line_cases),
            "concern": tuple(concerns),
            "pair": tuple(pair_cases(whole, prescription, members, resolver)),
        }
        return Facts(cases)
