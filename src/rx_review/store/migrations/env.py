"""Run by Alembic: migrates over the connection that store/schema.py hands it."""

from __future__ import annotations

from alembic import context

from rx_review.store.tables import METADATA

connection = context.config.attributes["connection"]
# SQLite cannot alter a table in place: Alembic writes a new one and copies.
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
