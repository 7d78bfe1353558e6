"""Facts of the sheet as a whole: heading, people, signatures, validity, what stands together on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from rx_review.domain.circumstances import Circumstances, Flow
from rx_review.domain.prescription import Prescription
from rx_review.domain.values import county_day
from rx_review.facts.age import Age, read_age
from rx_review.facts.case import Case, Sheet
from rx_review.facts.formalities import Diagnoses, kinds_of, tell_formalities, tell_group
from rx_review.facts.place import NOT_CARRIED, Place, forget_sheet, heading_carried
from rx_review.facts.registers import tell_registers
from rx_review.facts.resolve import Known, Resolver
from rx_review.facts.signatures import tell_signatures
from rx_review.library.lookup import fold

_NO_GROUPS: frozenset[str] = frozenset()
_NOTHING = {"zh": "", "en": ""}
_HEADING = (
    ("patient.name", "姓名", "name"),
    ("patient.sex", "性别", "sex"),
    ("patient.age", "年龄", "age"),
    ("record_number", "门诊/住院病历号", "record number"),
    ("department", "科别", "department"),
    ("payer", "费别", "payer"),
)


def age_of(prescription: Prescription) -> Age:
    """The patient's age on the day of issue."""
    patient = prescription.patient
    day = county_day(prescription.issued_at)
    exact = Age(day, patient.birth_date)
    if patient.age_written is None:
        return exact
    written = Age(day, None, read_age(patient.age_written))
    if exact.years is not None and written.years is not None and abs(exact.years - written.years) > 1:
        # Two ages that contradict each other: which is right is unknown.
        return Age(day)
    return Age(day, patient.birth_date, written.written)


def prescription_case(
    prescription: Prescription,
    circumstances: Circumstances,
    known: Sequence[Known | None],
    age: Age,
    diagnoses: Diagnoses,
    place: Place,
    resolver: Resolver,
    day: date,
    at: datetime,
    *,
    weight_needed: bool,
    weight_decides: bool,
    antibacterials: int,
    toxic: bool,
    radioactive: bool,
    visit: Sequence[Known | None] | None,
) -> Case:
    """Compute the facts that every rule of this prescription may name."""
    sheet = Sheet()
    sheet.values.update(
        stage=prescription.stage,
        setting=prescription.setting,
        sheet=prescription.sheet or "none",
        weight_needed=int(weight_needed),
        weight_decides=int(weight_decides),
        antibacterial_count=antibacterials,
        toxic_on_sheet=int(toxic),
        radioactive_on_sheet=int(radioactive),
        decoction_vague=int(_vague_decoction(prescription, resolver)),
        packets=prescription.decoction.packets if prescription.decoction else 0,
        long_term=int(prescription.long_term),
    )
    sheet.tell("tier", place.tier, "institution")
    _people(sheet, prescription, circumstances)
    _heading(sheet, prescription, place.lacks)
    _diagnoses(sheet, prescription, circumstances, diagnoses)
    _patient(sheet, prescription, circumstances, age, diagnoses, resolver)
    _company(sheet, known)
    _validity(sheet, prescription, circumstances.flow, day, at)
    tell_formalities(sheet, prescription, known, diagnoses, visit, resolver)
    today = day if at is prescription.issued_at else county_day(at)
    tell_registers(sheet, prescription, circumstances, place, resolver.formulary, day, today)
    if place.lacks:
        forget_sheet(sheet, prescription, place.lacks)
    everything = tuple(sorted({part.name for drug in known if drug for part in drug.components}))
    return Case("prescription", (), sheet.values, sheet.missing, sheet.texts, everything)


def _people(sheet: Sheet, prescription: Prescription, circumstances: Circumstances) -> None:
    prescriber, register = prescription.prescriber, circumstances.prescriber
    licence = register.licence if register else prescriber.licence
    sheet.tell("licence", licence, "prescriber")
    independent = register.independent if register else prescriber.independent
    if licence not in (None, "assistant") or (independent is None and sheet.values.get("tier") == "county"):
        # Assistants may practise on their own in townships and villages (处方管理办法 art. 9), not in county hospitals.
        independent = False
    sheet.tell("independent", independent, "prescriber")
    tell_signatures(sheet, prescription)
    # Ids of people and of patients come from different registers; only an equal identity number is evidence.
    same = prescriber.identity_number and prescriber.identity_number == prescription.patient.identity_number
    known = prescriber.identity_number is not None and prescription.patient.identity_number is not None
    sheet.tell("prescriber_is_patient", bool(same) if known else None, "identity")


def _vague_decoction(prescription: Prescription, resolver: Resolver) -> bool:
    decoction = prescription.decoction
    words = (decoction.usage, decoction.frequency) if decoction is not None else ()
    return any(word is not None and ("usage", fold(word)) in resolver.formulary.wordings for word in words)


def _heading(sheet: Sheet, prescription: Prescription, lacks: frozenset[str]) -> None:
    patient = prescription.patient
    written = {
        "patient.name": patient.name is not None,
        "patient.sex": patient.sex in ("male", "female"),
        "patient.age": patient.birth_date is not None or patient.age_written is not None,
        "record_number": prescription.record_number is not None,
        "department": prescription.department is not None,
        "payer": prescription.payer is not None,
    }
    missing = [(zh, en) for field, zh, en in _HEADING if not written[field] and heading_carried(field, lacks)]
    sheet.texts["header_missing_names"] = _NOTHING
    if missing:
        zh, en = zip(*missing, strict=True)
        sheet.texts["header_missing_names"] = {"zh": "、".join(zh), "en": ", ".join(en)}
    if missing or all(written.values()):
        sheet.values["header_missing"] = len(missing)
    else:
        # Whatever is missing, the site's system cannot send: whether it stands on the sheet is unknown.
        sheet.missing["header_missing"] = NOT_CARRIED
    sheet.values.update(
        identity_written=int(patient.identity_number is not None),
        weight_written=int(patient.weight is not None),
        allergy_asked=int(patient.allergies is not None and patient.allergies.status != "not_asked"),
    )


def _diagnoses(sheet: Sheet, prescription: Prescription, circumstances: Circumstances, read: Diagnoses) -> None:
    diagnoses = prescription.diagnoses
    sheet.values.update(
        diagnosis_written=int(bool(diagnoses)),
        diagnosis_vague=int(read.vague),
        syndrome_written=int(read.syndrome),
        diagnosis_denied=int(read.denied),
    )
    tell_group(sheet, "chronic_diagnosis", "chronic_disease", prescription, read)
    seen = circumstances.gaps.diagnoses if circumstances.gaps else ()
    sheet.values["diagnosis_unmapped"] = int(bool(read.unmapped) and not read.all_read)
    sheet.values["diagnosis_gap_seen"] = int(set(read.unmapped) <= set(seen))
    sheet.texts["unmapped_diagnosis"] = "、".join(read.unmapped)


def read_diagnoses(prescription: Prescription, member: str, resolver: Resolver) -> Diagnoses:
    """Put the diagnoses into groups, by code and exact name."""
    both = [resolver.diagnosis(each.text, each.code, each.kind, member) for each in prescription.diagnoses]
    found = [read for read, _ in both]
    groups: frozenset[str] = _NO_GROUPS.union(*[read.groups for read in found])
    possible = _NO_GROUPS.union(*[read.possible for read in found]) - groups
    told = [read.shared for read in found if read.shared is not None]
    return Diagnoses(
        groups,
        bool(found) and all(read.read for read in found),
        bool(found) and all(read.vague for read in found),
        possible,
        any(read.syndrome for read in found),
        tuple(code for _, code in both if code is not None),
        tuple(name for read in found for name in read.allergens),
        bool(found) and all(read.denied for read in found),
        _NO_GROUPS if not told else frozenset.intersection(*told),
        any(read.shared is not None or read.denied for read in found),
    )


def _patient(
    sheet: Sheet,
    prescription: Prescription,
    circumstances: Circumstances,
    age: Age,
    diagnoses: Diagnoses,
    resolver: Resolver,
) -> None:
    patient, register = prescription.patient, circumstances.patient
    sheet.tell("age_days", age.days, "birth_date")
    sheet.tell("age_years", age.years, "birth_date")
    born, written = patient.birth_date, read_age(patient.age_written)
    # Two ages that contradict each other leave none.
    sheet.values["age_contradicts"] = int(born is not None and written is not None and not age.known)
    sheet.values["age_unreadable"] = int(patient.age_written is not None and written is None and born is None)
    fine = age.birth is not None or (age.written is not None and age.written[1] != "y")
    sheet.tell("age_in_months_or_days", fine)
    sheet.values["attention_deficit_child"] = int("adhd" in diagnoses.groups and age.within(None, "18y") is True)
    sheet.tell("sex", patient.sex if patient.sex in ("male", "female") else None, "sex")
    maternal = register is not None and register.maternal_since is not None
    possible = childbearing(prescription, age, resolver) if not maternal else True
    male = patient.sex == "male"
    told = "pregnant_now" in diagnoses.groups
    pregnant = {"pregnant": True, "not_pregnant": False, None: None}[patient.pregnancy]
    if patient.gestation is not None or (told and pregnant is None):
        # A written week or an obstetric diagnosis says it too.
        pregnant = True
    elif (told or "pregnant_now" in diagnoses.possible) and pregnant is not True:
        # The diagnosis and the box contradict each other, or a pregnancy is suspected.
        pregnant = None
    suspected = "pregnant_now" in diagnoses.possible and pregnant is None
    cause = "pregnancy_suspected" if suspected else "pregnancy" if patient.sex == "female" else "sex"
    sheet.tell("pregnant", not male if pregnant else False if possible is False else pregnant, cause)
    lactating = patient.lactation
    sheet.tell("lactating", not male if lactating else False if possible is False else lactating, "lactation")
    entitled = bool(patient.chronic_entitlements or (register and register.chronic_entitlements))
    sheet.tell("chronic_entitled", entitled)
    sheet.tell("pain_programme", register.pain_programme if register else None, "patient_register")


def childbearing(prescription: Prescription, age: Age, resolver: Resolver) -> bool | None:
    """Whether the patient may be pregnant by sex and age; None if neither rules it out for certain."""
    if prescription.patient.sex == "male":
        return False
    return age.within(*resolver.maternal_ages) if age.known else None


def _company(sheet: Sheet, known: Sequence[Known | None]) -> None:
    unknown = known.count(None)
    herbs = drugs = tcm = strict = psychotropic = 0
    for drug in known:
        if drug is None or drug.is_solvent:
            continue
        if drug.kind in ("herb", "granule"):
            herbs += 1
            continue
        drugs += 1
        tcm += drug.kind == "patent" and drug.form is not None and drug.form.route == "injection"
        strict += drug.control in ("narcotic", "psychotropic_1")
        psychotropic += drug.control == "psychotropic_2"
    everything = drugs + herbs + unknown
    sheet.values.update(
        drug_count=len(kinds_of(known)) + unknown,
        herb_count=herbs,
        herbs_with_other_drugs=int(bool(herbs and drugs)),
        tcm_injection_with_other_drugs=int(bool(tcm) and everything > tcm),
        narcotic_on_sheet=int(bool(strict)),
        narcotic_with_other_drugs=int(bool(strict) and everything > strict),
        psychotropic_2_on_sheet=int(bool(psychotropic)),
    )


def _validity(sheet: Sheet, prescription: Prescription, flow: Flow | None, issued: date, at: datetime) -> None:
    sheet.tell("valid_days", prescription.valid_days or 0)
    today = issued if at is prescription.issued_at else county_day(at)
    last = issued + timedelta(days=(prescription.valid_days or 1) - 1)
    # Validity ends with the first supply; repeats have an interval and a number of their own.
    repeated = flow is not None and flow.repeats is not None and flow.repeats.last_on is not None
    sheet.tell("days_past_validity", 0 if repeated else max(0, (today - last).days))
