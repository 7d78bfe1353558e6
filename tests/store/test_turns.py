"""Who writes to a SQLite file next: in order within a process, by turns between processes, and after one that died."""

import os
import subprocess
import sys
import threading
import time

import pytest

from rx_review.store.turns import FairLock, Turns

ANOTHER = """
import sys, time
from pathlib import Path
from rx_review.store.turns import Turns
turns, note, times = Turns(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
for number in range(times):
    assert turns.acquire(20)
    with note.open("a") as file:
        file.write(sys.argv[4])
    if len(sys.argv) > 5:
        print("holds", flush=True)
        time.sleep(600)
    time.sleep(0.003)
    turns.release()
"""


def another(database, note, times, name, *more):
    command = [sys.executable, "-c", ANOTHER, str(database), str(note), str(times), name, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


@pytest.fixture
def turns(tmp_path):
    made = Turns(tmp_path / "rx.sqlite3")
    yield made
    made.close()


def test_the_lock_is_handed_on_in_the_order_in_which_it_was_asked_for():
    lock, order, threads = FairLock(), [], []
    assert lock.acquire(1)

    def wait(number):
        assert lock.acquire(5)
        order.append(number)
        lock.release()

    for number in range(20):
        thread = threading.Thread(target=wait, args=(number,))
        thread.start()
        threads.append(thread)
        while len(lock._queue) <= number:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_who_gives_up_waiting_leaves_the_queue_and_the_next_gets_the_turn():
    lock = FairLock()
    assert lock.acquire(1)
    assert not lock.acquire(0.01)
    lock.release()
    assert lock.acquire(0.01)


def test_processes_that_always_want_to_write_do_so_by_turns(tmp_path):
    database, note = tmp_path / "rx.sqlite3", tmp_path / "note"
    both = [another(database, note, 150, name) for name in "ab"]
    for process in both:
        assert process.wait(60) == 0
        process.stdout.close()
    said = note.read_text()
    assert len(said) == 300
    # From where both were there until the first was done; between them nobody came twice in a row for long.
    together = said[said.index("a" if said[0] == "b" else "b") : min(said.rindex("a"), said.rindex("b"))]
    assert len(together) > 100
    assert "aaaa" not in together
    assert "bbbb" not in together


def test_who_dies_while_it_is_his_turn_does_not_keep_it(tmp_path, turns):
    holder = another(tmp_path / "rx.sqlite3", tmp_path / "note", 1, "a", "for good")
    assert holder.stdout.readline() == b"holds\n"
    assert not turns.acquire(0.05)
    holder.kill()
    holder.wait(10)
    holder.stdout.close()
    assert turns.acquire(5)
    turns.release()


def test_who_waits_in_vain_for_another_process_is_told_in_time_and_keeps_nothing(tmp_path, turns):
    other = Turns(tmp_path / "rx.sqlite3")
    assert other.acquire(1)
    began = time.monotonic()
    assert not turns.acquire(0.2)
    assert 0.2 <= time.monotonic() - began < 2
    other.release()
    for _ in range(3):
        assert turns.acquire(1)
        turns.release()
    other.close()


def test_threads_and_processes_never_write_at_once(tmp_path, turns):
    database, note = tmp_path / "rx.sqlite3", tmp_path / "note"
    inside, most = [0], [0]

    def write():
        for _ in range(40):
            assert turns.acquire(20)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            before = note.read_text() if note.exists() else ""
            time.sleep(0.001)
            assert (note.read_text() if note.exists() else "") == before
            inside[0] -= 1
            turns.release()

    process = another(database, note, 60, "b")
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert process.wait(60) == 0
    process.stdout.close()
    assert most == [1]
    assert note.read_text() == "b" * 60


def test_what_is_made_beside_the_database_is_for_those_who_may_write_to_it(tmp_path, turns):
    (tmp_path / "rx.sqlite3").touch(mode=0o640)
    (tmp_path / "rx.sqlite3").chmod(0o640)
    if os.geteuid() == 0:
        os.chown(tmp_path / "rx.sqlite3", 12345, 23456)
    assert turns.acquire(1)
    turns.release()
    database = (tmp_path / "rx.sqlite3").stat()
    for name in ("next", "turn"):
        made = (tmp_path / f"rx.sqlite3-{name}").stat()
        assert (made.st_uid, made.st_gid, made.st_mode) == (database.st_uid, database.st_gid, database.st_mode)


def test_where_nothing_can_be_made_the_error_says_so_and_nobody_is_kept_waiting(tmp_path):
    turns = Turns(tmp_path / "not there" / "rx.sqlite3")
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            turns.acquire(0.1)
