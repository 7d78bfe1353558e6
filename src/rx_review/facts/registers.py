"""Facts that registers, permits and the flow tell of a sheet.

A part of the circumstances that was not looked up leaves its facts unknown, all for one cause; a detail that a
register does not keep leaves them unknown for a cause of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.content import content_digest
from rx_review.domain.prescription import Prescription
from rx_review.domain.registers import PharmacistRecord, StaffRecord
from rx_review.domain.values import county_day
from rx_review.facts.case import Sheet
from rx_review.facts.place import Place
from rx_review.library.formulary import Formulary
from rx_review.library.rows import PERMITS

NOT_LOOKED_UP = "registers"
"""Cause of everything that a part of the circumstances would tell which was not looked up."""

_STAFF = (
    "title", "registered", "registered_here", "right_status", "trainee", "prescribing_granted", "specimen_on_file",
    "narcotic_right",
    "toxic_right", "radioactive_right", "antimicrobial_granted", "antineoplastic_granted", "tcm_doctor",
    "patent_trained", "herbs_trained",
)  # fmt: skip
_FLOW = ("flow_state", "content_changed", "locked_elsewhere", "repeats_used_up", "repeat_too_early")
_ANTIMICROBIAL = ("special", "restricted", "unrestricted")
_ANTINEOPLASTIC = ("restricted", "ordinary")
_PHARMACISTS = frozenset({"pharmacist", "chief_pharmacist"})
_DISPENSING = frozenset({"dispenser", "checker", "issuer"})
_PERMITS = tuple(name for name in PERMITS if not name.endswith("_retail"))


def tell_registers(
    sheet: Sheet, prescription: Prescription, circumstances: Circumstances, place: Place, formulary: Formulary, at: date
) -> None:
    """Set the facts that registers, permits and the flow tell; `at` is the day of the review."""
    day = county_day(prescription.issued_at)
    if circumstances.prescriber is None:
        sheet.missing.update(dict.fromkeys(_STAFF, NOT_LOOKED_UP))
    else:
        _staff(sheet, circumstances.prescriber, prescription.institution, formulary, day)
    _pharmacists(sheet, prescription, circumstances, formulary, day)
    _permits(sheet, prescription.institution, place, formulary, day)
    _collection(sheet, prescription, formulary, day)
    _patient_records(sheet, prescription, circumstances, day)
    _flow(sheet, prescription, circumstances, at)


def _staff(sheet: Sheet, record: StaffRecord, institution: str, formulary: Formulary, day: date) -> None:
    def tell(name: str, value: str | bool | None) -> None:
        sheet.tell(name, value, "staff_register")

    tell("title", record.title)
    tell("right_status", record.status)
    tell("trainee", record.trainee)
    tell("specimen_on_file", record.specimen_on_file)
    tell("tcm_doctor", record.tcm)
    posted = any(posting.institution == institution and posting.holds(day) for posting in record.postings)
    # Doctors of the community work at any member without changing their registration (医师法 art. 15).
    members = (
        None if record.registered_at is None else any(one in formulary.institutions for one in record.registered_at)
    )
    tell("registered", True if posted else members)
    here = None if record.registered_at is None else institution in record.registered_at
    tell("registered_here", True if posted else here)
    granted = None if record.rights is None else {right.kind for right in record.rights if right.holds(day)}
    for fact, kind in (
        ("prescribing_granted", "prescribe"), ("narcotic_right", "narcotic"), ("toxic_right", "toxic"),
        ("radioactive_right", "radioactive"),
    ):  # fmt: skip
        tell(fact, None if granted is None else kind in granted)
    for fact, kind in (("patent_trained", "patent_medicine"), ("herbs_trained", "herbs")):
        trained = None if granted is None else kind in granted
        # Who may be a doctor of Chinese medicine needs no training.
        tell(fact, True if record.tcm else None if record.tcm is None and not trained else trained)
    for group, tiers in (("antimicrobial", _ANTIMICROBIAL), ("antineoplastic", _ANTINEOPLASTIC)):
        highest = None
        if granted is not None:
            highest = next((tier for tier in tiers if f"{group}_{tier}" in granted), "none")
        tell(f"{group}_granted", highest)


def _pharmacists(
    sheet: Sheet, prescription: Prescription, circumstances: Circumstances, formulary: Formulary, day: date
) -> None:
    now = [each for each in prescription.signatures if each.revision == prescription.revision]
    kept = circumstances.pharmacists
    known = {record.person: record for record in kept.people} if kept is not None else {}
    cause = NOT_LOOKED_UP if kept is None else "pharmacist_register"
    years = formulary.parameter("reviewer_years", day.toordinal(), prescription.institution)
    reviewers = [known.get(each.person) for each in now if each.role == "reviewer"]
    sheet.tell("reviewer_qualified", _every(_may_review(one, years) for one in reviewers), cause)
    dispensers = [known.get(each.person) for each in now if each.role in _DISPENSING]
    narcotics = _every(None if one is None else one.narcotic_dispensing for one in dispensers)
    sheet.tell("narcotic_dispenser_qualified", narcotics, cause)
    titled = _every(
        _titled(known.get(each.person), junior=each.role == "dispenser") for each in now if each.role in _DISPENSING
    )
    sheet.tell("dispensers_qualified", titled, cause)


def _titled(record: PharmacistRecord | None, *, junior: bool) -> bool | None:
    """药士 may dispense, 药师 and above check and hand over too (处方管理办法 art. 31)."""
    if record is None or record.title is None:
        return None
    return record.title in _PHARMACISTS or (junior and record.title == "junior")


def _may_review(record: PharmacistRecord | None, years: Decimal | None) -> bool | None:
    """Title, years in dispensing and training (处方审核规范 art. 5); None if the register does not say."""
    if record is None:
        return None
    titled = None if record.title is None else record.title in _PHARMACISTS
    experienced = None if record.years is None or years is None else record.years >= years
    return _every((titled, experienced, record.review_trained))


def _every(answers: Iterable[bool | None]) -> bool | None:
    """True if all are, false if any is not, else unknown."""
    found = list(answers)
    return False if False in found else None if None in found else True


def _permits(sheet: Sheet, institution: str, place: Place, formulary: Formulary, day: date) -> None:
    sheet.tell("level", place.level or None, "level" if place.tier else "institution")
    held = dict(formulary.permits.on(institution, day.toordinal()))
    for name in _PERMITS:
        sheet.tell(f"permit_{name}", held.get(name), "permit" if place.tier else "institution")


def _collection(sheet: Sheet, prescription: Prescription, formulary: Formulary, day: date) -> None:
    site = prescription.collection_site
    if site is None or site == prescription.institution:
        where = "own"
    elif site in formulary.institutions:
        where = "member"
    else:
        where = "outlet" if site in formulary.outlets else "elsewhere"
    sheet.values["collected_at"] = where
    held = dict(formulary.permits.on(site, day.toordinal())) if site is not None and where == "outlet" else {}
    for fact, permit in (
        ("outlet_sells_psychotropic_2", "psychotropic_2_retail"),
        ("outlet_sells_toxic", "toxic_retail"),
    ):
        sheet.tell(fact, held.get(permit) if where == "outlet" else False, "permit")


def _patient_records(sheet: Sheet, prescription: Prescription, circumstances: Circumstances, day: date) -> None:
    register = circumstances.patient
    pain = register.pain if register is not None else None
    cause = NOT_LOOKED_UP if register is None else "pain_record"
    agreed = {consent.to for consent in prescription.consents}
    sheet.tell("pain_consent", True if "opioid" in agreed else pain.consent if pain else None, cause)
    sheet.tell("pain_file", pain.file if pain else None, cause)
    seen = pain.last_visit if pain is not None else None
    sheet.tell("pain_visit_days", None if seen is None else max(0, (day - seen).days), cause)
    long_term = register.long_term if register is not None else None
    if long_term is None:
        cause = NOT_LOOKED_UP if register is None else "long_term_record"
        sheet.missing.update(first_long_term=cause, admitted_since_long_term=cause)
    else:
        last, admitted = long_term.last_issued, long_term.last_admission
        sheet.tell("first_long_term", last is None)
        sheet.tell("admitted_since_long_term", last is not None and admitted is not None and admitted >= last)
    sheet.values["long_term_confirmed"] = int("long_term" in agreed)
    sheet.values["long_term_assessed"] = int(prescription.assessed)


def _flow(sheet: Sheet, prescription: Prescription, circumstances: Circumstances, at: date) -> None:
    flow = circumstances.flow
    if flow is None:
        sheet.missing.update(dict.fromkeys(_FLOW, NOT_LOOKED_UP))
        return
    approved = flow.approved_content
    here = prescription.collection_site or prescription.institution
    repeats = flow.repeats
    since = (at - repeats.last_on).days if repeats is not None and repeats.last_on is not None else None
    sheet.values.update(
        flow_state=flow.state,
        content_changed=int(approved is not None and approved != content_digest(prescription)),
        locked_elsewhere=int(flow.locked_by is not None and flow.locked_by != here),
        # The first supply is no repeat.
        repeats_used_up=int(
            repeats is not None and repeats.used >= repeats.most and (repeats.used > 0 or flow.state == "supplied")
        ),
        repeat_too_early=int(repeats is not None and since is not None and since < repeats.interval_days),
    )
