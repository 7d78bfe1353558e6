"""Facts of the sheet as a whole: heading, people, signatures, validity, what stands together on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.values import county_day
from rx_review.facts.age import Age, read_age
from rx_review.facts.case import Case, Sheet
from rx_review.facts.resolve import Known, Resolver
from rx_review.library.lookup import fold

# A letter and two digits begin every ICD-10 code, in both six-digit dialects.
_ICD10 = re.compile(r"[A-Z][0-9]{2}(?![0-9])")

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
    written = Age(day, None, read_age(patient.age_written))
    if exact.years is not None and written.years is not None and abs(exact.years - written.years) > 1:
        # Two ages that contradict each other: which is right is unknown.
        return Age(day)
    return Age(day, patient.birth_date, written.written)


@dataclass(frozen=True, slots=True)
class Diagnoses:
    """Groups that the coded or exactly named diagnoses are in, and whether every Western one could be read."""

    groups: frozenset[str]
    all_read: bool


def prescription_case(
    prescription: Prescription,
    circumstances: Circumstances,
    known: Sequence[Known | None],
    age: Age,
    diagnoses: Diagnoses,
    resolver: Resolver,
    at: datetime,
    *,
    weight_needed: bool,
) -> Case:
    """Compute the facts that every rule of this prescription may name."""
    sheet = Sheet()
    sheet.tell("stage", prescription.stage)
    sheet.tell("setting", prescription.setting)
    sheet.tell("sheet", prescription.sheet or "none")
    sheet.tell("tier", tier_of(prescription, resolver), "institution")
    sheet.tell("weight_needed", weight_needed)
    _people(sheet, prescription, circumstances)
    _heading(sheet, prescription)
    _diagnoses(sheet, prescription, diagnoses, resolver)
    _patient(sheet, prescription, circumstances, age, diagnoses, resolver)
    _company(sheet, prescription, known)
    _validity(sheet, prescription, at)
    everything = tuple(sorted({part.name for drug in known if drug for part in drug.components}))
    return Case("prescription", (), sheet.values, sheet.missing, sheet.texts, everything)


def tier_of(prescription: Prescription, resolver: Resolver) -> str | None:
    """Tier of the prescribing institution; None if it is not a member we know."""
    institution = resolver.formulary.institutions.get(prescription.institution)
    return institution.tier if institution else None


def _people(sheet: Sheet, prescription: Prescription, circumstances: Circumstances) -> None:
    prescriber, register = prescription.prescriber, circumstances.prescriber
    licence = register.licence if register else prescriber.licence
    sheet.tell("licence", licence, "prescriber")
    independent = register.independent if register else prescriber.independent
    if licence not in (None, "assistant") or (independent is None and sheet.values.get("tier") == "county"):
        # Assistants may practise on their own in townships and villages (处方管理办法 art. 9), not in county hospitals.
        independent = False
    sheet.tell("independent", independent, "prescriber")
    roles = {signature.role for signature in prescription.signatures if signature.revision == prescription.revision}
    own = [signature.revision for signature in prescription.signatures if signature.role == "prescriber"]
    sheet.tell("countersigned", "countersign" in roles)
    sheet.tell("prescriber_signed", bool(own))
    sheet.tell("altered_after_signing", bool(own) and max(own) < prescription.revision)
    dispensing = [
        s
        for s in prescription.signatures
        if s.role in ("reviewer", "dispenser", "checker", "issuer") and s.revision == prescription.revision
    ]
    sheet.tell("dispensing_signatures", len(dispensing))
    # Ids of people and of patients come from different registers; only an equal identity number is evidence.
    same = prescriber.identity_number and prescriber.identity_number == prescription.patient.identity_number
    known = prescriber.identity_number is not None and prescription.patient.identity_number is not None
    sheet.tell("prescriber_is_patient", bool(same) if known else None, "identity")


def _heading(sheet: Sheet, prescription: Prescription) -> None:
    patient = prescription.patient
    written = {
        "patient.name": patient.name is not None,
        "patient.sex": patient.sex in ("male", "female"),
        "patient.age": patient.birth_date is not None or patient.age_written is not None,
        "record_number": prescription.record_number is not None,
        "department": prescription.department is not None,
        "payer": prescription.payer is not None,
    }
    missing = [(zh, en) for field, zh, en in _HEADING if not written[field]]
    sheet.tell("header_missing", len(missing))
    sheet.texts["header_missing_names"] = {
        "zh": "、".join(zh for zh, _ in missing),
        "en": ", ".join(en for _, en in missing),
    }
    sheet.tell("identity_written", patient.identity_number is not None)
    sheet.tell("weight_written", patient.weight is not None)
    sheet.tell("allergy_asked", patient.allergies is not None and patient.allergies.status != "not_asked")


def _diagnoses(sheet: Sheet, prescription: Prescription, read: Diagnoses, resolver: Resolver) -> None:
    formulary = resolver.formulary
    diagnoses = prescription.diagnoses
    vague = [("diagnosis", fold(diagnosis.text)) in formulary.wordings for diagnosis in diagnoses]
    sheet.tell("diagnosis_written", bool(diagnoses))
    sheet.tell("diagnosis_vague", bool(diagnoses) and all(vague))
    sheet.tell("syndrome_written", any(diagnosis.kind == "tcm_syndrome" for diagnosis in diagnoses))
    chronic = "chronic_disease" in read.groups
    sheet.tell("chronic_diagnosis", chronic if chronic or read.all_read or not diagnoses else None, "diagnosis_code")


def read_diagnoses(prescription: Prescription, resolver: Resolver) -> Diagnoses:
    """Put the diagnoses into groups, by code or exact name."""
    formulary = resolver.formulary
    groups: set[str] = set()
    all_read = bool(prescription.diagnoses)
    for diagnosis in prescription.diagnoses:
        named = formulary.diagnosis_codes.get(fold(diagnosis.text))
        codes = {code.upper() for code in (diagnosis.code, named) if code}
        for code in codes:
            groups.update(formulary.groups_of(code))
        if diagnosis.kind == "western" and not any(_ICD10.match(code) for code in codes):
            all_read = False
    return Diagnoses(frozenset(groups), all_read)


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
    fine = age.birth is not None or (age.written is not None and age.written[1] != "y")
    sheet.tell("age_in_months_or_days", fine)
    sheet.tell("sex", patient.sex if patient.sex in ("male", "female") else None, "sex")
    maternal = register is not None and register.maternal_since is not None
    possible = childbearing(prescription, age, resolver) if not maternal else True
    male = patient.sex == "male"
    told = "pregnant_now" in diagnoses.groups
    pregnant = {"pregnant": True, "not_pregnant": False, None: None}[patient.pregnancy]
    if patient.gestation is not None or (told and pregnant is None):
        # A written week or an obstetric diagnosis says it too.
        pregnant = True
    elif told and pregnant is False:
        # The diagnosis and the box contradict each other.
        pregnant = None
    cause = "pregnancy" if patient.sex == "female" else "sex"
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
    start = resolver.formulary.parameter("pregnancy_age_from_years", resolver.day)
    end = resolver.formulary.parameter("pregnancy_age_until_years", resolver.day)
    bounds = (f"{int(start)}y" if start is not None else None, f"{int(end)}y" if end is not None else None)
    return age.within(*bounds) if age.known else None


def _company(sheet: Sheet, prescription: Prescription, known: Sequence[Known | None]) -> None:
    drugs = [k for k in known if k is not None and k.kind in ("western", "patent") and not k.is_solvent]
    unknown = sum(1 for k in known if k is None)
    herbs = [k for k in known if k is not None and k.kind in ("herb", "granule")]
    sheet.tell("drug_count", len({(k.generic, k.form.counts_as if k.form else None) for k in drugs}) + unknown)
    sheet.tell("herb_count", len(herbs))
    sheet.tell("herbs_with_other_drugs", bool(herbs) and bool(drugs))
    tcm = [k for k in drugs if k.kind == "patent" and k.form is not None and k.form.route == "injection"]
    sheet.tell("tcm_injection_with_other_drugs", bool(tcm) and len(drugs) + unknown + len(herbs) > len(tcm))
    strict = [k for k in drugs if k.control in ("narcotic", "psychotropic_1")]
    others = len(drugs) + unknown + len(herbs) - len(strict)
    sheet.tell("narcotic_on_sheet", bool(strict))
    sheet.tell("narcotic_with_other_drugs", bool(strict) and others > 0)
    sheet.tell("psychotropic_2_on_sheet", any(k.control == "psychotropic_2" for k in drugs))
    sheet.tell("packets", prescription.decoction.packets if prescription.decoction else 0)
    sheet.tell("long_term", prescription.long_term)


def _validity(sheet: Sheet, prescription: Prescription, at: datetime) -> None:
    sheet.tell("valid_days", prescription.valid_days or 0)
    last = county_day(prescription.issued_at) + timedelta(days=(prescription.valid_days or 1) - 1)
    sheet.tell("days_past_validity", max(0, (county_day(at) - last).days))
