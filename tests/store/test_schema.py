"""Migrations: up and down with data in, and the tables are what the models say."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.ddl.impl import DefaultImpl
from alembic.migration import MigrationContext
from sqlalchemy import func, insert, inspect, select
from tests.store.rows import BEGAN, fill

from rx_review.store import schema, tables
from rx_review.store.database import Database


def count(database, model):
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(model)).scalar_one()


def test_a_new_database_is_at_the_head(database_url):
    database = Database(database_url)
    with database.read() as connection:
        assert schema.current(connection) == schema.head() == "0003"
    database.close()


def test_the_migrations_make_what_the_models_say(database_url):
    database = Database(database_url)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.METADATA) == []
    database.close()


def test_down_and_up_again_keeps_what_the_older_schema_holds(database_url):
    database = Database(database_url)
    fill(database, 30)
    with database.write() as connection:
        dismissal = {
            "patient_id": f"{1:032x}", "key": "k", "rule": "RX-QTY-001", "by": "P001", "reason": "approved",
            "at": BEGAN, "until": BEGAN,
        }  # fmt: skip
        connection.execute(insert(tables.DismissalRow), dismissal)
    before = {model: count(database, model) for model in (tables.PrescriptionRow, tables.ReviewRow, tables.AuditRow)}
    database.close()

    schema.downgrade(database_url, "0001")
    database = Database(database_url)
    with database.read() as connection:
        assert schema.current(connection) == "0001"
        assert {"duty", "dismissal", "account"} & set(inspect(connection).get_table_names()) == set()
    assert {model: count(database, model) for model in before} == before
    database.close()

    schema.upgrade(database_url)
    database = Database(database_url)
    assert {model: count(database, model) for model in before} == before
    assert count(database, tables.DismissalRow) == 0
    database.close()


def test_all_the_way_down_leaves_nothing_but_the_note_of_where_it_is(database_url):
    schema.downgrade(database_url, "base")
    database = Database(database_url)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert schema.current(connection) is None
    database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_migration_that_fails_leaves_the_database_as_it_was(new_database, kind, monkeypatch):
    url = new_database(kind, upgraded=False)
    schema.upgrade(url, "0001")
    made = []

    def fails_at_the_third(self, table, **more):
        made.append(table.name)
        if len(made) == 3:
            raise RuntimeError("in the middle")
        return create(self, table, **more)

    create = DefaultImpl.create_table
    monkeypatch.setattr(DefaultImpl, "create_table", fails_at_the_third)
    with pytest.raises(RuntimeError):
        schema.upgrade(url)
    database = Database(url)
    with database.read() as connection:
        assert schema.current(connection) == "0001"
        assert set(made) & set(inspect(connection).get_table_names()) == set()
    database.close()
