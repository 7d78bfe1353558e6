"""Tables of the county: members, people, accounts, decisions of committees, editions. Documents are JSON texts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class CountyRow(SQLModel, table=True):
    """The one row of the county; `version` counts every change of what processes keep in memory."""

    __tablename__ = "county"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(max_length=200)
    version: int
    edition: str | None = Field(default=None, max_length=64)
    history_since: date = Field(description="from this day on every member's supplies are here")


class MemberRow(SQLModel, table=True):
    """A member that takes part: its duty telephone, its mandate for central review, and what it only observes."""

    __tablename__ = "member"

    institution: str = Field(primary_key=True, max_length=64)
    version: int
    document: str
    updated_at: datetime


class StaffRow(SQLModel, table=True):
    """What the staff register says of a person."""

    __tablename__ = "staff"
    __table_args__ = (Index("ix_staff_institution", "institution", "code"),)

    code: str = Field(primary_key=True, max_length=64)
    institution: str = Field(max_length=64)
    version: int
    document: str
    updated_at: datetime


class RegistrationRow(SQLModel, table=True):
    """What the patient register says: pain programme, long-term prescriptions, chronic entitlements."""

    __tablename__ = "registration"

    patient_id: str = Field(primary_key=True, foreign_key="patient.id", max_length=32)
    version: int
    document: str
    updated_at: datetime


class StandingDecisionRow(SQLModel, table=True):
    """A dated decision of the P&T committee that lets a machine pass what it covers."""

    __tablename__ = "standing_decision"

    number: str = Field(primary_key=True, max_length=64)
    version: int
    document: str
    updated_at: datetime


class PauseRow(SQLModel, table=True):
    """A rule or a group of rules that a lead put to shadow for a limited time."""

    __tablename__ = "pause"

    id: int | None = Field(default=None, primary_key=True)
    target: str = Field(max_length=64)
    began_at: datetime
    until: datetime
    by: str = Field(max_length=64)
    reason: str = Field(max_length=2000)
    ended_at: datetime | None = None


class DutyRow(SQLModel, table=True):
    """Somebody on the roster: when, with which skills, for which members (empty = all)."""

    __tablename__ = "duty"
    __table_args__ = (Index("ix_duty_until", "until"),)

    id: int | None = Field(default=None, primary_key=True)
    person: str = Field(max_length=64)
    role: str = Field(max_length=16, description="pharmacist | lead | chief")
    skills: str
    covers: str
    began_at: datetime
    until: datetime
    ended_at: datetime | None = None


class AccountRow(SQLModel, table=True):
    """A person who logs in. `members` empty = every member (cross-member roles)."""

    __tablename__ = "account"

    name: str = Field(primary_key=True, max_length=64)
    person: str = Field(max_length=64)
    password: str = Field(max_length=200, description="argon2id")
    roles: str
    members: str
    failures: int = 0
    paused_until: datetime | None = None
    disabled: bool = False
    public_key: str | None = Field(default=None, max_length=2000, description="PEM; signs editions")
    created_at: datetime


class ClientRow(SQLModel, table=True):
    """A system that calls: OAuth2 client credentials of one member, or of all where `member` is empty."""

    __tablename__ = "client"

    id: str = Field(primary_key=True, max_length=64)
    secret: str = Field(max_length=200, description="argon2id")
    roles: str
    members: str
    failures: int = 0
    paused_until: datetime | None = None
    disabled: bool = False
    created_at: datetime


class CredentialRow(SQLModel, table=True):
    """A token or a session, by the digest of its secret."""

    __tablename__ = "credential"

    digest: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=8, description="token | session")
    owner: str = Field(max_length=64)
    created_at: datetime
    expires_at: datetime = Field(index=True)


class EditionRow(SQLModel, table=True):
    """An edition, whole, by digest, with the statements of the two people who published it."""

    __tablename__ = "edition"

    digest: str = Field(primary_key=True, max_length=64)
    archive: bytes
    statements: str
    published_at: datetime


class EditionSwitchRow(SQLModel, table=True):
    """Which edition held from when, and why it changed."""

    __tablename__ = "edition_switch"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(foreign_key="edition.digest", max_length=64)
    at: datetime
    by: str = Field(max_length=200)
    reason: str = Field(max_length=2000)
