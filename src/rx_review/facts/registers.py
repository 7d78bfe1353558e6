"""Facts that registers, permits and the flow tell of a sheet.

A part of the circumstances that was not looked up leaves its facts unknown, all for one cause; a detail that a
register does not keep leaves them unknown for a cause of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from rx_review.domain.circumstances import Circumstances, Flow
from rx_review.domain.content import content_digest
from rx_review.domain.prescription import Prescription
from rx_review.domain.registers import PatientRecord, PharmacistRecord, StaffRecord
from rx_review.facts.case import Sheet
from rx_review.facts.place import Place
from rx_review.library.formulary import Formulary

NOT_LOOKED_UP = "registers"
"""Cause of everything that a part of the circumstances would tell which was not looked up."""

_STAFF = (
    "title", "registered", "registered_here", "right_status", "trainee", "prescribing_granted", "specimen_on_file",
    "narcotic_right",
    "toxic_right", "radioactive_right", "antimicrobial_granted", "antineoplastic_granted", "tcm_doctor",
    "patent_trained", "herbs_trained",
)  # fmt: skip
_PATIENT = ("pain_consent", "pain_file", "pain_visit_days", "first_long_term", "admitted_since_long_term")
_FLOW = ("flow_state", "content_changed", "locked_elsewhere", "repeats_used_up", "repeat_too_early")
_UNTOLD = dict.fromkeys((*_STAFF, *_PATIENT, *_FLOW), NOT_LOOKED_UP)
_ANTIMICROBIAL = ("special", "restricted", "unrestricted")
_ANTINEOPLASTIC = ("restricted", "ordinary")
_PHARMACISTS = frozenset({"pharmacist", "chief_pharmacist"})
_DISPENSING = frozenset({"dispenser", "checker", "issuer"})


def tell_registers(
    sheet: Sheet,
    prescription: Prescription,
    circumstances: Circumstances,
    place: Place,
    formulary: Formulary,
    day: date,
    at: date,
) -> None:
    """Set the facts that registers, permits and the flow tell, for a day of issue and a day of review."""
    sheet.values.update(place.permits.known)
    sheet.missing.update(place.permits.missing)
    sheet.missing.update(_UNTOLD)
    if circumstances.prescriber is not None:
        _staff(sheet, circumstances.prescriber, prescription.institution, formulary, day)
    _pharmacists(sheet, prescription, circumstances, formulary, day)
    _collection(sheet, prescription, formulary, day)
    _consents(sheet, prescription)
    if circumstances.patient is not None:
        _patient_records(sheet, circumstances.patient, day)
    if circumstances.flow is not None:
        _flow(sheet, prescription, circumstances.flow, at)
    for name in _UNTOLD:
        if name in sheet.values:
            del sheet.missing[name]


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
    now = [
        each
        for each in prescription.signatures
        if each.revision == prescription.revision and each.role not in ("prescriber", "countersign")
    ]
    if not now:
        sheet.values.update(reviewer_qualified=1, dispensers_qualified=1, narcotic_dispenser_qualified=1)
        return
    kept = circumstances.pharmacists
    known = {record.person: record for record in kept.people} if kept is not None else {}
    cause = NOT_LOOKED_UP if kept is None else "pharmacist_register"
    years = formulary.parameter("reviewer_years", day.toordinal(), prescription.institution)
    reviewers = [known.get(each.person) for each in now if each.role == "reviewer"]
    sheet.tell("reviewer_qualified", _every(may_review(one, years) for one in reviewers), cause)
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


def may_review(record: PharmacistRecord | None, years: Decimal | None) -> bool | None:
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


def _collection(sheet: Sheet, prescription: Prescription, formulary: Formulary, day: date) -> None:
    site = prescription.collection_site
    if site is None or site == prescription.institution:
        sheet.values.update(collected_at="own", outlet_sells_psychotropic_2=0, outlet_sells_toxic=0)
        return
    member, outlet = site in formulary.institutions, site in formulary.outlets
    where = "member" if member else "outlet" if outlet else "elsewhere"
    sheet.values["collected_at"] = where
    held = dict(formulary.permits.on(site, day.toordinal())) if where == "outlet" else {}
    for fact, permit in (
        ("outlet_sells_psychotropic_2", "psychotropic_2_retail"),
        ("outlet_sells_toxic", "toxic_retail"),
    ):
        sheet.tell(fact, held.get(permit) if where == "outlet" else False, "permit")


def _consents(sheet: Sheet, prescription: Prescription) -> None:
    agreed = {consent.to for consent in prescription.consents}
    if "opioid" in agreed:
        sheet.values["pain_consent"] = 1
    sheet.values["long_term_confirmed"] = int("long_term" in agreed)
    sheet.values["long_term_assessed"] = int(prescription.assessed)


def _patient_records(sheet: Sheet, register: PatientRecord, day: date) -> None:
    pain, long_term = register.pain, register.long_term
    if "pain_consent" not in sheet.values:
        sheet.tell("pain_consent", pain.consent if pain else None, "pain_record")
    sheet.tell("pain_file", pain.file if pain else None, "pain_record")
    seen = pain.last_visit if pain is not None else None
    sheet.tell("pain_visit_days", None if seen is None else max(0, (day - seen).days), "pain_record")
    if long_term is None:
        sheet.missing.update(first_long_term="long_term_record", admitted_since_long_term="long_term_record")
    else:
        last, admitted = long_term.last_issued, long_term.last_admission
        sheet.tell("first_long_term", last is None)
        sheet.tell("admitted_since_long_term", last is not None and admitted is not None and admitted >= last)


def _flow(sheet: Sheet, prescription: Prescription, flow: Flow, at: date) -> None:
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
