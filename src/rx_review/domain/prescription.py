"""A prescription as the law and the national e-prescription messages ask for it (处方管理办法 annex 1; 7101).

Absent means absent: nothing here invents a value. Units are part of the field's meaning and stand in its
description. Names of the prescriber and the patient are optional; review needs only that they were written.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from rx_review.domain.values import (
    Amount,
    Code,
    Count,
    Day,
    DiagnosisCode,
    Height,
    Instant,
    Note,
    Text,
    Truth,
    Weight,
    county_day,
)

Stage = Literal["draft", "signed", "charge", "supply"]
Setting = Literal["outpatient", "emergency", "observation", "ward", "discharge", "internet"]
Sheet = Literal["ordinary", "emergency", "paediatric", "narcotic", "psychotropic_2", "toxic", "herbal"]
Licence = Literal["physician", "assistant", "rural_general_assistant", "rural_doctor"]
ReasonFor = Literal[
    "quantity",
    "dose",
    "interaction",
    "incompatibility",
    "duplicate",
    "contraindication",
    "choice",
    "catalogue",
    "early_refill",
    "emergency_use",
    "other",
]
LineNumber = Annotated[Count, Field(ge=1, le=999)]
Role = Literal["prescriber", "countersign", "reviewer", "dispenser", "checker", "issuer"]


class Strict(BaseModel):
    """Unknown fields are refused, values are not coerced, nothing changes after construction."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Measured(Strict):
    """A laboratory value and the day it was taken."""

    value: Annotated[Amount, Field(description="the value; eGFR in ml/min/1.73m2, CrCl in ml/min")]
    on: Annotated[Day | None, Field(description="day of the sample")] = None


class Allergies(Strict):
    """What was asked about allergies: `none` = asked and denied, `not_asked` = unknown."""

    status: Literal["none", "known", "not_asked"]
    items: Annotated[tuple[Text, ...], Field(max_length=50, description="allergens as recorded")] = ()

    @model_validator(mode="after")
    def _known_names_them(self) -> Allergies:
        if self.status == "known" and not self.items:
            raise PydanticCustomError("allergies_unnamed", "status is known but no allergen is named")
        if self.status == "none" and self.items:
            raise PydanticCustomError("allergies_contradict", "status is none but allergens are named")
        return self


class Agent(Strict):
    """Who collects controlled drugs for the patient; the law asks for both."""

    name: Text | None = None
    identity_number: Code | None = None


class Patient(Strict):
    """The patient as the prescription describes them."""

    id: Code | None = None
    name: Text | None = None
    sex: Literal["male", "female", "unknown"] | None = None
    birth_date: Day | None = None
    age_written: Annotated[Text | None, Field(description="age as written: 45岁, 8月, 12天")] = None
    weight: Annotated[Weight | None, Field(description="kg")] = None
    height: Annotated[Height | None, Field(description="cm")] = None
    pregnancy: Literal["pregnant", "not_pregnant"] | None = None
    gestation: Annotated[Count | None, Field(ge=0, le=45, description="completed weeks")] = None
    lactation: Truth | None = None
    allergies: Allergies | None = None
    egfr: Measured | None = None
    crcl: Measured | None = None
    hepatic: Annotated[
        Literal["normal", "mild", "moderate", "severe"] | None, Field(description="Child-Pugh A, B, C or normal")
    ] = None
    chronic_entitlements: Annotated[tuple[Text, ...], Field(max_length=50, description="门诊慢特病 / 两病 codes")] = ()
    identity_number: Annotated[Code | None, Field(description="required for narcotic sheets")] = None
    agent: Agent | None = None
    guardian: Annotated[Text | None, Field(description="guardian present at care over the internet")] = None

    @model_validator(mode="after")
    def _holds_together(self) -> Patient:
        if self.sex == "male" and (self.pregnancy == "pregnant" or self.gestation is not None or self.lactation):
            raise PydanticCustomError("patient_contradicts", "a male patient who is pregnant or breast-feeding")
        return self


class Prescriber(Strict):
    """Who prescribes, as the sheet claims; the staff register is the evidence."""

    id: Code | None = None
    name: Text | None = None
    identity_number: Annotated[
        Code | None, Field(description="to see that nobody prescribes narcotics for themselves")
    ] = None
    licence: Licence | None = None
    title: Text | None = None
    independent: Annotated[
        Truth | None, Field(description="an assistant who may practise independently (处方管理办法 art. 9)")
    ] = None


class Diagnosis(Strict):
    """A diagnosis as written, with its code where there is one."""

    text: Text
    code: Annotated[DiagnosisCode | None, Field(description="ICD-10 (clinical or insurer edition) or TCM code")] = None
    kind: Literal["western", "tcm_disease", "tcm_syndrome"] = "western"


class Line(Strict):
    """One drug, or one herb of a decoction."""

    line: Annotated[LineNumber, Field(description="number on the sheet")]
    product: Annotated[Code | None, Field(description="code of drugs.csv")] = None
    generic: Annotated[Text | None, Field(description="name as written")] = None
    kind: Literal["western", "patent", "herb", "granule"] | None = None
    form: Text | None = None
    strength: Text | None = None
    pack: Annotated[Amount | None, Field(description="dose units in one pack, as the HIS dictionary has it")] = None
    producer: Annotated[Text | None, Field(description="marketing authorisation holder, as written")] = None
    dose: Annotated[Amount | None, Field(description="one dose; for herbs, in one packet")] = None
    dose_unit: Text | None = None
    route: Text | None = None
    frequency: Text | None = None
    days: Annotated[Amount | None, Field(description="days as written")] = None
    quantity: Amount | None = None
    quantity_unit: Text | None = None
    group: Annotated[Count | None, Field(ge=1, le=999, description="lines of one infusion share a number")] = None
    footnote: Annotated[Text | None, Field(description="先煎, 后下 …")] = None
    skin_test: Literal["ordered", "negative", "positive", "exempt"] | None = None
    usage: Annotated[Text | None, Field(description="directions in words")] = None

    @model_validator(mode="after")
    def _names_a_drug(self) -> Line:
        if self.product is None and self.generic is None:
            raise PydanticCustomError("line_without_drug", "neither product nor generic is given")
        return self


class Decoction(Strict):
    """How the herbs of the sheet are taken together."""

    packets: Annotated[Count, Field(ge=1, le=999, description="剂")]
    frequency: Annotated[Text | None, Field(description="packets a day: qd = one")] = None
    usage: Text | None = None


class Reason(Strict):
    """Why the prescriber departs from a bound; `signed_again` is 再次签名 by the same prescriber."""

    for_: Annotated[ReasonFor, Field(alias="for")]
    text: Note
    lines: Annotated[
        tuple[LineNumber, ...], Field(max_length=200, description="line numbers; empty = the whole sheet")
    ] = ()
    signed_again: Truth = False


class Consent(Strict):
    """What the patient agreed to in writing (医师法 art. 29, 处方管理办法 art. 21, 长期处方管理规范)."""

    to: Literal["off_label", "opioid", "long_term"]
    on: Day | None = None
    lines: Annotated[
        tuple[LineNumber, ...], Field(max_length=200, description="line numbers; empty = the whole sheet")
    ] = ()


class Signature(Strict):
    """A signature and the revision it was put under."""

    role: Role
    person: Code
    at: Instant
    revision: Annotated[Count, Field(ge=1, le=9999)]


class Prescription(Strict):
    """One sheet, one patient, one visit, one revision."""

    number: Code
    revision: Annotated[Count, Field(ge=1, le=9999)] = 1
    stage: Stage = "signed"
    setting: Setting
    sheet: Sheet | None = None
    institution: Annotated[Code, Field(description="member where it is prescribed")]
    collection_site: Annotated[Code | None, Field(description="member where it is collected")] = None
    visit: Code | None = None
    record_number: Annotated[Code | None, Field(description="门诊/住院病历号")] = None
    department: Text | None = None
    payer: Annotated[Text | None, Field(description="费别")] = None
    issued_at: Annotated[Instant, Field(description="with its offset, such as 2026-11-01T09:30:00+08:00")]
    valid_days: Annotated[Count | None, Field(ge=1, le=365, description="有效天数")] = None
    long_term: Annotated[Truth, Field(description="长期处方")] = False
    assessed: Annotated[Truth, Field(description="the assessment for a long-term prescription is recorded")] = False
    first_visit: Annotated[Truth | None, Field(description="首诊; care over the internet must know")] = None
    rescue: Annotated[Truth, Field(description="抢救: supplied first, recorded within hours")] = False
    consultation: Annotated[
        Code | None, Field(description="record of the consultation that approved a special-tier antimicrobial")
    ] = None
    amount: Annotated[Amount | None, Field(description="what the sheet costs, yuan; absent before charging")] = None
    prescriber: Prescriber = Prescriber()
    patient: Patient
    diagnoses: Annotated[tuple[Diagnosis, ...], Field(max_length=50)] = ()
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=200)]
    decoction: Decoction | None = None
    reasons: Annotated[tuple[Reason, ...], Field(max_length=200)] = ()
    consents: Annotated[tuple[Consent, ...], Field(max_length=50)] = ()
    signatures: Annotated[tuple[Signature, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Prescription:
        birth = self.patient.birth_date
        if birth is not None and birth > county_day(self.issued_at):
            raise PydanticCustomError("birth_after_issue", "the birth date is later than the day of issue")
        numbers = [line.line for line in self.lines]
        if len(set(numbers)) != len(numbers):
            raise PydanticCustomError("line_numbers_repeat", "two lines carry the same number")
        for kind, named in (("reason", self.reasons), ("consent", self.consents)):
            missing = sorted({number for each in named for number in each.lines} - set(numbers))
            if missing:
                raise PydanticCustomError(
                    f"{kind}_without_line",
                    "a {kind} names line {line}, which is not on the sheet",
                    {"kind": kind, "line": missing[0]},
                )
        return self
