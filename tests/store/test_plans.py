"""The queries of every request use an index: asked of the database itself, with enough rows that it matters."""

from datetime import date

import pytest
from sqlalchemy import event, select, text
from tests.store.rows import BEGAN, fill

from rx_review.store import audit, county, patients, prescriptions, reviews
from rx_review.store.database import Database
from rx_review.store.tables import AuditRow

ROWS = 4_000
SCANS = {"sqlite": "SCAN ", "postgresql": "Seq Scan on "}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, database_meeting, database_upgrade, tmp_path_factory):
    """A database with some thousand rows, made once for this module."""
    from tests.databases import Postgresql, Sqlite
    from tests.postgresql import NoPostgresql, join

    if request.param == "sqlite":
        home = Sqlite(database_meeting, tmp_path_factory.mktemp("plans"))
    else:
        try:
            home = Postgresql(database_meeting, join(database_meeting))
        except NoPostgresql as error:
            pytest.skip(str(error))
    url = home.make(database_upgrade)
    database = Database(url)
    fill(database, ROWS)
    with database.write() as connection:
        connection.execute(text("ANALYZE"))
    yield request.param, database
    database.close()
    home.drop(url)


QUERIES = {
    "a prescription by id": lambda c: prescriptions.by_id(c, f"{7:032x}"),
    "a prescription by number": lambda c: prescriptions.by_number(c, "SAMPLE-T02", "N7", date(2026, 11, 2)),
    "the newest of a number": lambda c: prescriptions.latest_by_number(c, "SAMPLE-T02", "N7"),
    "the queue": lambda c: c.execute(prescriptions.queue((), 50)),
    "the queue of a member": lambda c: c.execute(prescriptions.queue(("SAMPLE-T01",), 50)),
    "how many are ahead": lambda c: prescriptions.ahead(
        c, type("Row", (), {"urgency": 1, "entered_at": BEGAN, "id": "0"})
    ),
    "a page of a member": lambda c: c.execute(
        prescriptions.listing(("SAMPLE-T01",), after=(BEGAN, "0"), limit=100, institution="SAMPLE-T01")
    ),
    "a page of all": lambda c: c.execute(prescriptions.listing((), after=(BEGAN, "0"), limit=100)),
    "sheets of the visit": lambda c: prescriptions.of_visit(c, f"{7:032x}", date(2026, 11, 2), None, None),
    "supplies of a patient": lambda c: prescriptions.supplies_of(c, f"{7:032x}", date(2026, 8, 1)),
    "what is due": lambda c: prescriptions.due(c, BEGAN),
    "what is to be reviewed after": lambda c: prescriptions.after_review(c, (), 50),
    "the newest review": lambda c: reviews.latest(c, f"{7:032x}"),
    "sheets of other prescriptions": lambda c: reviews.latest_bodies(c, [f"{7:032x}", f"{8:032x}"]),
    "history of a prescription": lambda c: audit.of_prescription(c, f"{7:032x}"),
    "what is not sealed": lambda c: audit.unsealed(c, 1000),
    "a patient by blind index": lambda c: patients.find(c, ["a" * 64, "b" * 64]),
    "identity of a prescription": lambda c: patients.identity(c, f"{7:032x}", 1),
    "settled findings": lambda c: county.dismissed(c, f"{7:032x}", BEGAN),
}


def plan(database, kind, query):
    """How the database would run what the query really sends."""
    sent = []
    with database.read() as connection:

        def keep(_connection, _cursor, statement, parameters, _context, _many):
            sent.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", keep)
        query(connection)
        event.remove(connection, "before_cursor_execute", keep)
        if kind == "postgresql":
            # Some tables are small here; in a county they are not.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN " if kind == "postgresql" else "EXPLAIN QUERY PLAN "
        said = [
            str(row[-1])
            for statement, parameters in sent
            for row in connection.exec_driver_sql(explain + statement, parameters)
        ]
    assert said
    return "\n".join(said)


@pytest.mark.parametrize("name", QUERIES)
def test_it_uses_an_index(filled, name):
    kind, database = filled
    for line in plan(database, kind, QUERIES[name]).splitlines():
        assert SCANS[kind] not in line or "USING" in line, line


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("the queue", "ix_prescription_queue"),
        ("supplies of a patient", "ix_supply_patient"),
        ("what is not sealed", "ix_audit_seal"),
        ("what is due", "ix_prescription_due"),
        ("history of a prescription", "ix_audit_prescription"),
    ],
)
def test_it_uses_the_index_that_was_made_for_it(filled, name, index):
    kind, database = filled
    assert index in plan(database, kind, QUERIES[name])


def test_a_query_without_an_index_would_be_noticed(filled):
    kind, database = filled
    said = plan(database, kind, lambda c: c.execute(select(AuditRow.id).where(AuditRow.actor == "nobody")))
    assert SCANS[kind] in said
    assert "USING" not in said
