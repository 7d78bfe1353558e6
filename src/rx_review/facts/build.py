"""From a prescription and its circumstances to every case the rules judge. Pure: no clock, no input or output."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.review import Subject
from rx_review.domain.values import county_day
from rx_review.facts.case import Case, Facts
from rx_review.facts.concern import Person, line_concerns
from rx_review.facts.limit import dose_concerns, needs_weight
from rx_review.facts.line import line_facts
from rx_review.facts.pair import members_of, pair_cases
from rx_review.facts.prescription import age_of, prescription_facts
from rx_review.facts.resolve import Resolver
from rx_review.facts.supply import Supply, compute_supply
from rx_review.library.formulary import Formulary

_NO_SUPPLY = Supply()


class FactBuilder:
    """Builds facts over one formulary; keeps the look-ups of the days it was asked about."""

    def __init__(self, formulary: Formulary) -> None:
        self.formulary = formulary
        self.resolver = lru_cache(maxsize=16)(self._resolver)

    def _resolver(self, day: int) -> Resolver:
        return Resolver(self.formulary, day)

    def build(self, prescription: Prescription, circumstances: Circumstances, at: datetime) -> Facts:
        """Compute every case. Legal rows go by the day of issue, validity by `at`."""
        resolver = self.resolver(county_day(prescription.issued_at).toordinal())
        known = [resolver.line(line) for line in prescription.lines]
        sheet = prescription_facts(prescription, circumstances, known, resolver, at)
        sheet.tell("weight_needed", needs_weight(known, age_of(prescription), resolver))
        person = Person.of(prescription, sheet, resolver)
        everything = tuple(sorted({part.name for drug in known if drug for part in drug.components}))
        lines: list[Case] = []
        concerns: list[Case] = []
        for line, drug in zip(prescription.lines, known, strict=True):
            if drug is None:
                facts = line_facts(sheet, prescription, line, None, _NO_SUPPLY, resolver)
                name = line.generic or line.product or ""
                lines.append(Case("line", (line.line,), facts.values, facts.missing, facts.texts, (name,)))
                continue
            supply = compute_supply(line, drug, resolver, prescription.decoction)
            facts = line_facts(sheet, prescription, line, drug, supply, resolver)
            names = tuple(sorted(part.name for part in drug.components)) or (drug.generic,)
            lines.append(Case("line", (line.line,), facts.values, facts.missing, facts.texts, names))
            concerns += line_concerns(facts, prescription, line, drug, person, resolver)
            concerns += dose_concerns(facts, prescription, line, drug, supply, person, resolver)
        members = members_of(zip(prescription.lines, known, strict=True), resolver, own=True)
        if circumstances.visit is not None:
            for other in circumstances.visit.sheets:
                members += members_of(((line, resolver.line(line)) for line in other.lines), resolver, own=False)
        whole = Case("prescription", (), sheet.values, sheet.missing, sheet.texts, everything)
        cases: Mapping[Subject, tuple[Case, ...]] = {
            "prescription": (whole,),
            "line": tuple(lines),
            "concern": tuple(concerns),
            "pair": tuple(pair_cases(sheet, prescription, members, resolver)),
        }
        return Facts(cases)
