"""Connections: writers take turns in order, what fails leaves nothing, and a database that is away is said so."""

import threading

import pytest
from sqlalchemy import insert, select
from tests.store.rows import BEGAN

from rx_review.domain.problems import Refusal
from rx_review.errors import EnvironmentFault
from rx_review.store import database as module
from rx_review.store.database import Database
from rx_review.store.tables import CountyRow


@pytest.fixture
def database(database_url):
    made = Database(database_url)
    yield made
    made.close()


def found(connection, name="示例县"):
    row = {"id": 1, "name": name, "version": 1, "edition": None, "history_since": BEGAN.date()}
    connection.execute(insert(CountyRow), row)


def names(database):
    with database.read() as connection:
        return list(connection.execute(select(CountyRow.name)).scalars())


def test_what_raises_leaves_nothing_behind(database):
    def work(connection):
        found(connection)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        database.transact(work)
    assert names(database) == []


def test_a_key_that_another_wrote_first_makes_the_work_begin_again(database):
    tries = []

    def work(connection):
        tries.append(1)
        if len(tries) == 1:
            found(connection)
            # As if another had committed the same key meanwhile.
            found(connection)
        return "done"

    assert database.transact(work) == "done"
    assert len(tries) == 2


def test_work_that_never_comes_through_is_busy(database):
    def work(connection):
        found(connection)
        found(connection)

    with pytest.raises(Refusal) as refused:
        database.transact(work)
    assert refused.value.code == "busy"
    assert names(database) == []


def test_a_writer_that_waits_too_long_is_told_busy(new_database, monkeypatch):
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    database = Database(new_database("sqlite"))
    with database.write():
        said = []

        def other():
            try:
                with database.write():
                    said.append("wrote")
            except Refusal as refusal:
                said.append(refusal.code)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert said == ["busy"]
    database.close()


def test_a_postgresql_that_is_away_is_busy():
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nowhere?connect_timeout=1")
    with pytest.raises(Refusal) as refused, database.read():
        pass
    assert refused.value.code == "busy"
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://root@localhost/x"])
def test_a_database_that_will_not_do_is_refused_with_what_to_do(url):
    with pytest.raises(EnvironmentFault) as refused:
        Database(url)
    assert "RX_DATABASE_URL" in str(refused.value)


def test_a_folder_that_is_not_there_is_made_for_its_owner_alone(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/new/rx.sqlite3")
    with database.read():
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    database.close()
