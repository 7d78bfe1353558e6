"""What the community's registers say of a prescriber, of pharmacists and of a patient on the day of issue.

A field that is None is not kept by the register: what depends on it is unknown.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rx_review.domain.prescription import Licence, Strict
from rx_review.domain.values import Code, Count, Day, Instant, Text, Truth

Title = Literal["none", "resident", "attending", "associate_chief", "chief"]
RightKind = Literal[
    "prescribe",
    "narcotic",
    "toxic",
    "radioactive",
    "antimicrobial_unrestricted",
    "antimicrobial_restricted",
    "antimicrobial_special",
    "antineoplastic_ordinary",
    "antineoplastic_restricted",
    "patent_medicine",
    "herbs",
]


class Period(Strict):
    """Days on which something holds: the first inclusive, the last exclusive."""

    from_: Annotated[Day, Field(alias="from")]
    until: Day | None = None

    def holds(self, day: Day) -> bool:
        """Whether it holds on a day."""
        return self.from_ <= day and (self.until is None or day < self.until)


class Right(Period):
    """A right that was granted after training and examination, never derived from a title."""

    kind: RightKind


class Posting(Period):
    """A posting to another member of the community (医师法 art. 15: no change of registration is needed)."""

    institution: Code


class StaffRecord(Strict):
    """What the staff register says of the prescriber."""

    as_of: Instant
    licence: Licence
    independent: Truth | None = None
    title: Title | None = None
    status: Annotated[
        Literal["active", "restricted", "cancelled", "expired"] | None, Field(description="right to prescribe")
    ] = None
    trainee: Literal["none", "probation", "visiting"] | None = None
    registered_at: Annotated[
        tuple[Code, ...] | None, Field(max_length=50, description="institutions of registration")
    ] = None
    postings: Annotated[tuple[Posting, ...], Field(max_length=100)] = ()
    rights: Annotated[tuple[Right, ...] | None, Field(max_length=100)] = None
    specimen_on_file: Annotated[Truth | None, Field(description="签名留样")] = None
    tcm: Annotated[Truth | None, Field(description="a doctor of Chinese medicine")] = None


class PharmacistRecord(Strict):
    """What the register says of somebody who reviews or dispenses."""

    person: Code
    title: Literal["none", "junior", "pharmacist", "chief_pharmacist"] | None = None
    years: Annotated[Count | None, Field(ge=0, le=70, description="years in dispensing")] = None
    review_trained: Truth | None = None
    narcotic_dispensing: Truth | None = None


class Pharmacists(Strict):
    """Those who signed this prescription, as far as the register has them."""

    as_of: Instant
    people: Annotated[tuple[PharmacistRecord, ...], Field(max_length=50)] = ()


class PainProgramme(Strict):
    """A patient's place in the programme for cancer and severe chronic pain (处方管理办法 arts. 21 and 27)."""

    consent: Annotated[Truth | None, Field(description="知情同意书")] = None
    file: Annotated[Truth | None, Field(description="proof of diagnosis and identity kept")] = None
    last_visit: Annotated[Day | None, Field(description="last seen or followed up")] = None


class LongTerm(Strict):
    """A patient's long-term prescriptions so far (长期处方管理规范)."""

    last_issued: Annotated[Day | None, Field(description="empty = none was issued yet")] = None
    last_admission: Annotated[Day | None, Field(description="last day of admission to hospital, if any")] = None


class PatientRecord(Strict):
    """What the patient register says."""

    as_of: Instant
    pain_programme: Truth | None = None
    pain: PainProgramme | None = None
    long_term: LongTerm | None = None
    chronic_entitlements: tuple[Text, ...] = ()
    maternal_since: Day | None = None
