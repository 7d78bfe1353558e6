"""Tables of the flow: patients and their identity, prescriptions, reviews, supplies.

Bodies are canonical JSON, compressed with zlib; instants are UTC with microseconds; days are Asia/Shanghai days.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class PatientRow(SQLModel, table=True):
    """A patient under a random id; locked while anything is decided for them."""

    __tablename__ = "patient"

    id: str = Field(primary_key=True, max_length=32)
    key: bytes | None = Field(description="the patient's wrapped key; None = destroyed, and every identity with it")
    created_at: datetime


class PatientKeyRow(SQLModel, table=True):
    """A blind index: HMAC of an identity number, or of a member's own patient number, that leads to a patient."""

    __tablename__ = "patient_key"

    blind_index: str = Field(primary_key=True, max_length=64)
    patient_id: str = Field(foreign_key="patient.id", index=True, max_length=32)


class IdentityRow(SQLModel, table=True):
    """Who a sheet names, encrypted under the patient's key."""

    __tablename__ = "identity"

    id: int | None = Field(default=None, primary_key=True)
    patient_id: str = Field(foreign_key="patient.id", index=True, max_length=32)
    prescription_id: str = Field(index=True, max_length=32)
    revision: int
    sealed: bytes = Field(description="a vault.Sealed")
    created_at: datetime


class PrescriptionRow(SQLModel, table=True):
    """Where a prescription stands. The sheet itself is in its reviews, one for each time it was reviewed."""

    __tablename__ = "prescription"
    __table_args__ = (
        UniqueConstraint("institution", "number", "issued_on", name="uq_prescription_natural"),
        # The queue: open sheets, most urgent and oldest first.
        Index("ix_prescription_queue", "state", "urgency", "entered_at", "id"),
        Index("ix_prescription_list", "institution", "created_at", "id"),
        Index("ix_prescription_created", "created_at", "id"),
        Index("ix_prescription_patient", "patient_id", "issued_on"),
        Index(
            "ix_prescription_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "ix_prescription_after",
            "after_due_at",
            postgresql_where=text("after_review = 'due'"),
            sqlite_where=text("after_review = 'due'"),
        ),
    )

    id: str = Field(primary_key=True, max_length=32)
    institution: str = Field(max_length=64)
    number: str = Field(max_length=64)
    issued_on: date
    patient_id: str = Field(foreign_key="patient.id", max_length=32)
    visit: str | None = Field(default=None, max_length=64)
    collection_site: str | None = Field(default=None, max_length=64)
    prescriber: str | None = Field(default=None, max_length=64)
    setting: str = Field(max_length=16)
    stage: str = Field(max_length=16)
    revision: int
    content: str = Field(max_length=64, description="digest of the clinical content")
    fingerprint: str = Field(max_length=64, description="keyed digest of the whole revision as it was sent")
    state: str = Field(max_length=16)
    version: int = Field(description="counts every change; moves compare and set")
    verdict: str = Field(max_length=8)
    complete: bool
    observed: bool
    needs_second: bool = False
    resigned: str = Field(default="", description="keys of findings that the prescriber signed again, with commas")
    accepted: str = Field(default="", description="keys of findings that were there when it was approved, with commas")
    approved_content: str | None = Field(default=None, max_length=64)
    approved_by: str | None = Field(default=None, max_length=200)
    approved_how: str | None = Field(default=None, max_length=16, description="pharmacist | machine | released")
    first_approval_by: str | None = Field(default=None, max_length=64)
    skill: str = Field(max_length=16)
    urgency: int = Field(description="0 is the most urgent")
    level: int = Field(default=0, description="of escalation")
    entered_at: datetime = Field(description="since when it stands in this state")
    due_at: datetime | None = Field(default=None, description="when a timer must look at it")
    holder: str | None = Field(default=None, max_length=64)
    fence: int = 0
    lease_until: datetime | None = None
    after_review: str | None = Field(default=None, max_length=16, description="due | confirmed | objected")
    after_due_at: datetime | None = None
    expires_at: datetime | None = None
    edition: str = Field(max_length=64)
    created_at: datetime
    updated_at: datetime


class ReviewRow(SQLModel, table=True):
    """One review, with everything it was decided from: it can be decided again, byte for byte."""

    __tablename__ = "review"
    __table_args__ = (Index("ix_review_prescription", "prescription_id", "id"), Index("ix_review_at", "at", "id"))

    id: int | None = Field(default=None, primary_key=True)
    prescription_id: str = Field(foreign_key="prescription.id", max_length=32)
    revision: int
    cause: str = Field(max_length=16, description="the move that asked for it")
    at: datetime
    edition: str = Field(max_length=64)
    semantics: str = Field(max_length=64)
    verdict: str = Field(max_length=8)
    complete: bool
    body: bytes
    circumstances: bytes
    facts: bytes
    decision: bytes
    advice: bytes


class SupplyRow(SQLModel, table=True):
    """A line that was supplied to a patient."""

    __tablename__ = "supply"
    __table_args__ = (Index("ix_supply_patient", "patient_id", "on"),)

    id: int | None = Field(default=None, primary_key=True)
    patient_id: str = Field(foreign_key="patient.id", max_length=32)
    on: date
    prescription_id: str = Field(foreign_key="prescription.id", index=True, max_length=32)
    institution: str = Field(max_length=64)
    number: str = Field(max_length=64)
    line: str = Field(description="the line as JSON")


class DismissalRow(SQLModel, table=True):
    """A finding that a pharmacist has settled for a patient; it dies when the finding's key changes."""

    __tablename__ = "dismissal"

    patient_id: str = Field(primary_key=True, foreign_key="patient.id", max_length=32)
    key: str = Field(primary_key=True, max_length=64)
    rule: str = Field(max_length=32)
    by: str = Field(max_length=64)
    reason: str = Field(max_length=64)
    text: str | None = Field(default=None, max_length=2000)
    at: datetime
    until: datetime


class GapRow(SQLModel, table=True):
    """A member's own code that nobody has mapped yet; a pharmacist has seen each that is listed."""

    __tablename__ = "gap"

    institution: str = Field(primary_key=True, max_length=64)
    kind: str = Field(primary_key=True, max_length=16, description="drug | diagnosis")
    code: str = Field(primary_key=True, max_length=200)
    seen_by: str = Field(max_length=64)
    at: datetime


class IdempotencyRow(SQLModel, table=True):
    """A key that a caller gave with a write, and what that write led to; kept for seven days."""

    __tablename__ = "idempotency"

    scope: str = Field(primary_key=True, max_length=128)
    key: str = Field(primary_key=True, max_length=128)
    fingerprint: str = Field(max_length=64)
    status: int
    prescription_id: str = Field(max_length=32)
    review_id: int | None = None
    state: str = Field(max_length=16)
    version: int
    at: datetime = Field(index=True)
