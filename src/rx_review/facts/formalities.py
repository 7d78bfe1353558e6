"""Facts that the sheet itself tells about agents, payment, the visit and what its diagnoses have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rx_review.domain.prescription import Prescription
from rx_review.facts.case import Sheet
from rx_review.facts.registers import NOT_LOOKED_UP
from rx_review.facts.resolve import Known, Resolver
from rx_review.facts.supply import exact

_GROUPS = (
    ("long_term_disease", "long_term_listed"),
    ("malignant_diagnosis", "malignancy"),
    ("chronic_infection", "chronic_infection"),
)


@dataclass(frozen=True, slots=True)
class Diagnoses:
    """Groups that the diagnoses establish or make possible, and whether every Western one could be read."""

    groups: frozenset[str]
    all_read: bool
    vague: bool
    possible: frozenset[str] = frozenset()
    syndrome: bool = False
    unmapped: tuple[str, ...] = ()
    """Codes of the member's own that nobody has mapped."""
    allergens: tuple[str, ...] = ()
    """What allergies written among the diagnoses are to."""
    denied: bool = False
    """Whether every one is denied."""
    shared: frozenset[str] = frozenset()
    """Groups that every one of them is in."""
    western: bool = True
    """Whether one of them is Western: what a TCM disease supports, no list says."""


def kinds_of(known: Iterable[Known | None]) -> set[tuple[str, str | None]]:
    """Different western and patent medicines, solvents and herbs left aside."""
    return {
        (drug.generic, drug.form.counts_as if drug.form else None)
        for drug in known
        if drug is not None and not drug.is_solvent and drug.kind not in ("herb", "granule")
    }


def tell_formalities(
    sheet: Sheet,
    prescription: Prescription,
    known: Sequence[Known | None],
    diagnoses: Diagnoses,
    visit: Sequence[Known | None] | None,
    resolver: Resolver,
) -> None:
    """Set those facts; `visit` are the drugs of the visit's other sheets, None if these were not looked up."""
    agent = prescription.patient.agent
    kinds = {drug.kind for drug in known if drug is not None}
    sheet.values.update(
        agent_written=int(agent is not None),
        agent_identified=int(agent is not None and agent.name is not None and agent.identity_number is not None),
        guardian_written=int(prescription.patient.guardian is not None),
        rescue=int(prescription.rescue),
        consultation_written=int(prescription.consultation is not None),
        amount=exact(prescription.amount).scaled(2) if prescription.amount is not None else 0,
        granules_with_pieces=int({"herb", "granule"} <= kinds),
    )
    sheet.tell("first_visit", prescription.first_visit, "first_visit")
    payer = prescription.payer
    sheet.tell("payer", resolver.payer(payer) if payer is not None else None, "payer")
    everything = None if visit is None else [*known, *visit]
    unread = 0 if everything is None else everything.count(None)
    sheet.tell("visit_drug_count", None if everything is None else len(kinds_of(everything)) + unread, NOT_LOOKED_UP)
    _alone(sheet, "only_viral", "airway_illness", "viral_upper_airway", prescription, diagnoses)
    _alone(sheet, "no_infusion_needed", "no_infusion", "no_infusion", prescription, diagnoses)
    for fact, group in _GROUPS:
        tell_group(sheet, fact, group, prescription, diagnoses)


def _alone(sheet: Sheet, fact: str, every: str, some: str, prescription: Prescription, diagnoses: Diagnoses) -> None:
    """Whether every diagnosis is in one group, and one of them in another, for certain."""
    if not prescription.diagnoses:
        sheet.tell(fact, False)
    elif not diagnoses.all_read:
        # A diagnosis that cannot be read may be another one.
        sheet.tell(fact, None, "diagnosis_code")
    elif every not in diagnoses.shared or some not in diagnoses.groups | diagnoses.possible:
        sheet.tell(fact, False)
    else:
        sheet.tell(fact, True if some in diagnoses.groups else None, "diagnosis_certain")


def tell_group(sheet: Sheet, fact: str, group: str, prescription: Prescription, diagnoses: Diagnoses) -> None:
    """Whether a diagnosis of the group is there; unknown while one is doubtful or cannot be read."""
    if group in diagnoses.groups or not prescription.diagnoses:
        sheet.tell(fact, group in diagnoses.groups)
    elif group in diagnoses.possible:
        sheet.tell(fact, None, "diagnosis_certain")
    else:
        sheet.tell(fact, False if diagnoses.all_read else None, "diagnosis_code")
