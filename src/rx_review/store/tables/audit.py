"""Tables of the audit: rows that commit with what they tell of, and the seals that link and sign them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class AuditRow(SQLModel, table=True):
    """One thing that happened. `digest` covers salt and body; both may lawfully be erased, the digest stays."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_prescription", "prescription_id", "id"),
        # Also what is not sealed yet: its seal is NULL.
        Index("ix_audit_seal", "seal", "id"),
        Index("ix_audit_at", "at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str = Field(max_length=128)
    member: str | None = Field(default=None, max_length=64)
    action: str = Field(max_length=32)
    prescription_id: str | None = Field(default=None, max_length=32)
    salt: bytes | None
    body: bytes | None
    digest: str = Field(max_length=64)
    seal: int | None = Field(default=None)


class SealRow(SQLModel, table=True):
    """A link of the chain over a batch of audit rows, see audit/chain.py."""

    __tablename__ = "seal"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    first: int
    count: int
    previous: str = Field(max_length=64)
    head: str = Field(max_length=64)
    at: datetime
    clock: str = Field(max_length=200)
    algorithm: str = Field(max_length=32)
    key: str = Field(max_length=64)
    signature: bytes
