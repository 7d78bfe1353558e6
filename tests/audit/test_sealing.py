"""Sealing a database: by several at once, through crashes, with rows that come late."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.audit.desk import NOON, Desk, add_rows

from rx_review.audit import sealer as sealing
from rx_review.audit.clock import clock_said
from rx_review.audit.keys import read_private_key
from rx_review.audit.sealer import Sealer
from rx_review.domain.problems import Refusal
from rx_review.store import audit
from rx_review.store.database import Database

CHILD = """
import sys
from pathlib import Path
from tests.audit.desk import NOON, add_rows
from rx_review.audit.keys import read_private_key
from rx_review.audit.sealer import Sealer
from rx_review.domain.problems import Refusal
from rx_review.store.database import Database

database = Database(sys.argv[1])
sealer = Sealer(database, read_private_key(Path(sys.argv[2])))
made = 0
for _ in range(25):
    add_rows(database, 4)
    try:
        made += sealer.seal(NOON) is not None
    except Refusal:
        pass
database.close()
print(made)
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from tests.audit.desk import NOON, add_rows
from rx_review.audit.keys import read_private_key
from rx_review.audit.sealer import Sealer
from rx_review.store import audit
from rx_review.store.database import Database

database = Database(sys.argv[1])
sealer = Sealer(database, read_private_key(Path(sys.argv[2])))
add_rows(database, 10)
sealer.seal(NOON)
add_rows(database, 10)
whole = audit.add_seal

def killed(*words, **named):
    whole(*words, **named)
    os.kill(os.getpid(), signal.SIGKILL)

audit.add_seal = killed
sealer.seal(NOON)
"""


def started(program: str, desk: Desk) -> subprocess.Popen:
    words = [sys.executable, "-c", program, desk.url, str(desk.keys / "audit.pem")]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def seal_numbers(desk: Desk) -> list[tuple[int, int, int]]:
    """Each seal as (number, first, count)."""
    return [tuple(row) for row in desk.sql("SELECT number, first, count FROM seal ORDER BY number")]


def test_nothing_to_seal_makes_no_seal(empty):
    assert empty.seal() is None
    assert seal_numbers(empty) == []


def test_a_county_that_is_not_founded_keeps_its_rows_for_later(empty):
    empty.sql("DELETE FROM county")
    add_rows(empty.database, 2)
    assert empty.seal() is None
    with empty.database.read() as connection:
        assert audit.unsealed_age(connection)[0] == 2


def test_a_backlog_is_sealed_by_one_call_in_several_seals(empty, monkeypatch):
    monkeypatch.setattr(sealing, "MOST", 10)
    add_rows(empty.database, 35)
    last = empty.seal()
    assert (last.number, last.last) == (4, 35)
    assert seal_numbers(empty) == [(1, 1, 10), (2, 11, 10), (3, 21, 10), (4, 31, 5)]
    assert empty.check().whole


def test_a_clock_that_went_back_is_said_and_stops_nothing(empty):
    add_rows(empty.database, 1)
    empty.seal(NOON)
    add_rows(empty.database, 1)
    late = empty.seal(NOON - timedelta(seconds=7))
    assert late.at == NOON
    assert late.clock == f"{clock_said()}; was 7.000000 s behind the seal before"
    assert empty.check().whole


def test_the_clock_is_said_in_one_short_line():
    assert clock_said().startswith("ntp ")
    assert len(clock_said()) <= 80


def test_many_threads_seal_each_row_once_while_rows_come_in(empty):
    stop = threading.Event()
    errors = []

    def seal_on() -> int:
        made = 0
        with_own = Sealer(empty.database, empty.signer)
        while not stop.is_set():
            try:
                made += with_own.seal(NOON) is not None
            except Refusal:
                pass  # others came first five times: the next turn is ours
            except Exception as error:
                errors.append(error)
                raise
        return made

    with ThreadPoolExecutor(8) as pool:
        sealers = [pool.submit(seal_on) for _ in range(4)]
        writers = [pool.submit(add_rows, empty.database, 60) for _ in range(4)]
        for writer in writers:
            writer.result()
        stop.set()
        made = sum(each.result() for each in sealers)
    empty.seal()
    assert not errors
    assert made > 1
    found = empty.check()
    assert (found.whole, found.entries, found.still_open) == (True, 240, 0)
    assert empty.verify().entries == 240


def test_several_processes_seal_each_row_once(empty):
    children = [started(CHILD, empty) for _ in range(3)]
    made = 0
    for child in children:
        out, err = child.communicate(timeout=100)
        assert child.returncode == 0, err
        made += int(out)
    empty.seal()
    numbers = seal_numbers(empty)
    assert [number for number, _, _ in numbers] == list(range(1, len(numbers) + 1))
    assert made in (len(numbers), len(numbers) - 1)
    found = empty.check()
    assert (found.whole, found.entries, found.still_open) == (True, 300, 0)
    assert empty.verify().whole


def test_a_sealer_that_is_killed_before_it_commits_loses_nothing(empty):
    child = started(KILLED, empty)
    _, err = child.communicate(timeout=100)
    assert child.returncode == -signal.SIGKILL, err
    again = Database(empty.url)
    try:
        with again.read() as connection:
            assert audit.unsealed_age(connection)[0] == 10
            assert audit.last_seal(connection).number == 1
        last = Sealer(again, read_private_key(empty.keys / "audit.pem")).seal(NOON)
    finally:
        again.close()
    assert (last.number, last.first, last.count) == (2, 11, 10)
    assert empty.check().whole


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_row_that_commits_late_under_a_lower_number_goes_into_the_next_seal(empty):
    with empty.database.write() as slow:
        audit.append(slow, at=NOON, actor="client:slow", member=None, action="note", prescription=None, body={})
        add_rows(empty.database, 3)
        first = empty.seal()
    second = empty.seal()
    assert (first.count, second.count) == (3, 1)
    ids = {number: [row.id for row in empty.sql("SELECT id FROM audit WHERE seal = :n", n=number)] for number in (1, 2)}
    assert max(ids[2]) < min(ids[1])
    assert empty.check().whole
    assert empty.verify().whole


def test_a_seal_that_comes_too_late_is_not_written(empty):
    add_rows(empty.database, 2)
    with empty.database.read() as connection:
        drafted = Sealer(empty.database, empty.signer)._draft(connection, NOON)
    empty.seal()
    made, ids = drafted
    values = sealing._columns(made)
    assert not empty.database.transact(lambda connection: audit.add_seal(connection, values, ids))
    assert seal_numbers(empty) == [(1, 1, 2)]


def test_a_seal_over_a_row_that_is_gone_is_not_written(empty):
    add_rows(empty.database, 2)
    with empty.database.read() as connection:
        made, ids = Sealer(empty.database, empty.signer)._draft(connection, NOON)
    empty.sql("DELETE FROM audit WHERE id = :id", id=ids[0])
    values = sealing._columns(made)
    with pytest.raises(Refusal):
        empty.database.transact(lambda connection: audit.add_seal(connection, values, ids))
    assert seal_numbers(empty) == []
    assert empty.seal().count == 1
