"""Whose turn it is to write to a SQLite file: in the order of asking within a process, and by turns between processes.

SQLite itself lets whoever asks at the right moment write next; under load some would wait for seconds.
"""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

LOOKS_EVERY = 0.0005
"""Seconds. A lock of the operating system cannot be waited for with an end, so that it is looked at."""


class FairLock:
    """A lock that is handed on in the order in which it was asked for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Event] = deque()

    @property
    def held(self) -> bool:
        """Whether somebody has it now."""
        return self._held

    def acquire(self, timeout: float) -> bool:
        """Wait in turn; False if the turn did not come in time."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            turn = threading.Event()
            self._queue.append(turn)
        if turn.wait(timeout):
            return True
        with self._guard:
            if turn.is_set():
                # It came between the end of the wait and here.
                return True
            self._queue.remove(turn)
        return False

    def release(self) -> None:
        """Hand it to who waits longest."""
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False


class Turns:
    """The turns of one database file. Each process sends the first of its own queue.

    That one waits behind the lock `next`, which it gives up once it holds `turn`: who has just written cannot come
    again before whoever of another process waits there. The locks are those of two empty files beside the database;
    the operating system gives them up for a process that died.
    """

    def __init__(self, database: Path) -> None:
        self._here = FairLock()
        self._database = database
        self._files = tuple(database.with_name(f"{database.name}-{name}") for name in ("next", "turn"))
        self._open: tuple[int, ...] = ()

    @property
    def taken(self) -> bool:
        """Whether it is somebody's turn now, or somebody waits for it, as far as this process knows."""
        return self._here.held

    def acquire(self, timeout: float) -> bool:
        """Wait in turn, for so many seconds at most; False if the turn did not come.

        Raises:
            OSError: the files cannot be made beside the database.
        """
        until = time.monotonic() + timeout
        if not self._here.acquire(timeout):
            return False
        try:
            if self._pass_through(until):
                return True
        except BaseException:
            self._here.release()
            raise
        self._here.release()
        return False

    def release(self) -> None:
        """Hand it on."""
        fcntl.flock(self._open[1], fcntl.LOCK_UN)
        self._here.release()

    def close(self) -> None:
        """Close the files; they stay where they are, since another process may wait at them."""
        for file in self._open:
            os.close(file)
        self._open = ()

    def _pass_through(self, until: float) -> bool:
        if not self._open:
            self._open = tuple(_opened(file, self._database) for file in self._files)
        following, turn = self._open
        if not _locked(following, until):
            return False
        try:
            return _locked(turn, until)
        finally:
            fcntl.flock(following, fcntl.LOCK_UN)


def _opened(file: Path, database: Path) -> int:
    """A file that whoever may write to the database may open, although an administrator came first."""
    try:
        like = database.stat()
    except FileNotFoundError:
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    # Refused to who did not make it: then somebody else has done so.
    with suppress(PermissionError):
        os.fchmod(opened, stat.S_IMODE(like.st_mode))
        os.fchown(opened, like.st_uid, like.st_gid)
    return opened


def _locked(file: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(LOOKS_EVERY)
        else:
            return True
