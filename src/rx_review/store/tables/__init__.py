"""Every table. Table classes do not validate what they hold: the domain does, before anything is written."""

from __future__ import annotations

from rx_review.store.tables.audit import AuditRow, SealRow
from rx_review.store.tables.county import (
    AccountRow,
    ClientRow,
    CountyRow,
    CredentialRow,
    DutyRow,
    EditionRow,
    EditionSwitchRow,
    MemberRow,
    PauseRow,
    RegistrationRow,
    StaffRow,
    StandingDecisionRow,
)
from rx_review.store.tables.flow import (
    DismissalRow,
    GapRow,
    IdempotencyRow,
    IdentityRow,
    PatientKeyRow,
    PatientRow,
    PrescriptionRow,
    ReviewRow,
    SupplyRow,
)

METADATA = PatientRow.metadata

__all__ = [
    "METADATA",
    "AccountRow",
    "AuditRow",
    "ClientRow",
    "CountyRow",
    "CredentialRow",
    "DismissalRow",
    "DutyRow",
    "EditionRow",
    "EditionSwitchRow",
    "GapRow",
    "IdempotencyRow",
    "IdentityRow",
    "MemberRow",
    "PatientKeyRow",
    "PatientRow",
    "PauseRow",
    "PrescriptionRow",
    "RegistrationRow",
    "ReviewRow",
    "SealRow",
    "StaffRow",
    "StandingDecisionRow",
    "SupplyRow",
]
