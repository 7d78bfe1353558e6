"""Patients, prescriptions, reviews, supplies and the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("member", sa.String(64), nullable=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("prescription_id", sa.String(32), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("seal", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_at", ["at", "id"], unique=False)
        batch_op.create_index("ix_audit_prescription", ["prescription_id", "id"], unique=False)
        batch_op.create_index("ix_audit_seal", ["seal", "id"], unique=False)

    op.create_table(
        "patient",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "seal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock", sa.String(200), nullable=False),
        sa.Column("algorithm", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("prescription_id", sa.String(32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_patient_id"), ["patient_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_prescription_id"), ["prescription_id"], unique=False)

    op.create_table(
        "patient_key",
        sa.Column("blind_index", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
        ),
        sa.PrimaryKeyConstraint("blind_index"),
    )
    with op.batch_alter_table("patient_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patient_key_patient_id"), ["patient_id"], unique=False)

    op.create_table(
        "prescription",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("institution", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("visit", sa.String(64), nullable=True),
        sa.Column("collection_site", sa.String(64), nullable=True),
        sa.Column("prescriber", sa.String(64), nullable=True),
        sa.Column("setting", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("observed", sa.Boolean(), nullable=False),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("resigned", sa.String(), nullable=False),
        sa.Column("accepted", sa.String(), nullable=False),
        sa.Column("approved_content", sa.String(64), nullable=True),
        sa.Column("approved_by", sa.String(200), nullable=True),
        sa.Column("approved_how", sa.String(16), nullable=True),
        sa.Column("first_approval_by", sa.String(64), nullable=True),
        sa.Column("skill", sa.String(16), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holder", sa.String(64), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after_review", sa.String(16), nullable=True),
        sa.Column("after_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edition", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("institution", "number", "issued_on", name="uq_prescription_natural"),
    )
    with op.batch_alter_table("prescription", schema=None) as batch_op:
        batch_op.create_index(
            "ix_prescription_after",
            ["after_due_at"],
            unique=False,
            postgresql_where=sa.text("after_review = 'due'"),
            sqlite_where=sa.text("after_review = 'due'"),
        )
        batch_op.create_index("ix_prescription_created", ["created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_prescription_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("due_at IS NOT NULL"),
            sqlite_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index("ix_prescription_list", ["institution", "created_at", "id"], unique=False)
        batch_op.create_index("ix_prescription_patient", ["patient_id", "issued_on"], unique=False)
        batch_op.create_index("ix_prescription_queue", ["state", "urgency", "entered_at", "id"], unique=False)

    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prescription_id", sa.String(32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edition", sa.String(64), nullable=False),
        sa.Column("semantics", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("circumstances", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("decision", sa.LargeBinary(), nullable=False),
        sa.Column("advice", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prescription_id"],
            ["prescription.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index("ix_review_at", ["at", "id"], unique=False)
        batch_op.create_index("ix_review_prescription", ["prescription_id", "id"], unique=False)

    op.create_table(
        "supply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("prescription_id", sa.String(32), nullable=False),
        sa.Column("institution", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
        ),
        sa.ForeignKeyConstraint(
            ["prescription_id"],
            ["prescription.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("supply", schema=None) as batch_op:
        batch_op.create_index("ix_supply_patient", ["patient_id", "on"], unique=False)
        batch_op.create_index(batch_op.f("ix_supply_prescription_id"), ["prescription_id"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    with op.batch_alter_table("supply", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_supply_prescription_id"))
        batch_op.drop_index("ix_supply_patient")

    op.drop_table("supply")
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index("ix_review_prescription")
        batch_op.drop_index("ix_review_at")

    op.drop_table("review")
    with op.batch_alter_table("prescription", schema=None) as batch_op:
        batch_op.drop_index("ix_prescription_queue")
        batch_op.drop_index("ix_prescription_patient")
        batch_op.drop_index("ix_prescription_list")
        batch_op.drop_index(
            "ix_prescription_due",
            postgresql_where=sa.text("due_at IS NOT NULL"),
            sqlite_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_prescription_created")
        batch_op.drop_index(
            "ix_prescription_after",
            postgresql_where=sa.text("after_review = 'due'"),
            sqlite_where=sa.text("after_review = 'due'"),
        )

    op.drop_table("prescription")
    with op.batch_alter_table("patient_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_patient_key_patient_id"))

    op.drop_table("patient_key")
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_prescription_id"))
        batch_op.drop_index(batch_op.f("ix_identity_patient_id"))

    op.drop_table("identity")
    op.drop_table("seal")
    op.drop_table("patient")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_seal")
        batch_op.drop_index("ix_audit_prescription")
        batch_op.drop_index("ix_audit_at")

    op.drop_table("audit")
