"""Beside the county: one other process publishes with proof, then decides again what is stored, and checks it all.

Each of these takes a core for seconds, and proving leaves memory behind: the county works meanwhile.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from multiprocessing import get_context, parent_process
from pathlib import Path

from rx_review.audit import read_public_key
from rx_review.audit.checking import Checked, check_stored
from rx_review.audit.replay import Replayer, ReplayReport
from rx_review.demo.founding import publish_edition
from rx_review.demo.ground import AUDIT_PUBLIC, DATABASE
from rx_review.errors import Fault, LibraryError, RxError
from rx_review.store.database import Database


@dataclass(frozen=True, slots=True)
class Library:
    """Where the edition comes from, and where compiled ones are kept."""

    rules: Path
    formulary: Path
    cache: Path | None


class Beside:
    """The other process, for a `with` block. It does what it is asked for in that order.

    To be made by the main thread.

    Args:
        folder: of the ground, with keys and database.
        library: what is published.
    """

    def __init__(self, folder: Path, library: Library) -> None:
        self._folder, self._library = folder, library
        self._pool = ProcessPoolExecutor(1, get_context("spawn"), _tied_to_parent)
        # It starts now, while the county is founded: what it imports takes a second.
        with _interrupts_are_ours():
            self._followed: list[Future[None]] = [self._pool.submit(_started)]

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def publish(self, edition: str, day: date) -> Callable[[], None]:
        """Begin to publish the edition of a digest, in a county that is founded.

        Returns:
            What waits for the end, and raises LibraryError if the edition is not fit to be published.
        """
        done = self._pool.submit(_publish, self._folder, self._library, edition, day)

        def published() -> None:
            if faults := done.result():
                raise LibraryError(*faults)

        return published

    def follow(self) -> None:
        """Begin to decide again what was stored since this was asked last."""
        self._followed.append(self._pool.submit(_follow, self._folder, self._library.cache))

    def finish(self) -> tuple[Callable[[], ReplayReport], Callable[[], Checked]]:
        """Begin what is left, after which nothing more can be asked: decide the rest again, and check it all.

        Returns:
            What waits for the report on everything that was followed; and what waits for the chain, and every review
            and state, to be checked.
        """
        self.follow()
        report = self._pool.submit(_report, self._folder, self._library.cache)
        checked = self._pool.submit(_check, self._folder)
        # It ends as soon as it has done this: giving its memory back takes half a second.
        self._pool.shutdown(wait=False)

        def replayed() -> ReplayReport:
            for each in self._followed:
                each.result()
            return report.result()

        return replayed, checked.result


@contextmanager
def _interrupts_are_ours() -> Iterator[None]:
    """A process that starts meanwhile ignores Ctrl-C for good: its parent lets it end, and no traceback is shown."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _tied_to_parent() -> None:
    """Nothing is left running if the parent is killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _started() -> None:
    """Nothing yet: to be asked starts the process."""


@cache
def _database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / DATABASE}")


@cache
def _replayer(folder: Path, kept: Path | None) -> Replayer:
    """One for all that this process is asked for, so that editions stay compiled."""
    return Replayer(_database(folder), kept)


def _follow(folder: Path, kept: Path | None) -> None:
    _replayer(folder, kept).follow()


def _report(folder: Path, kept: Path | None) -> ReplayReport:
    return _replayer(folder, kept).report


def _check(folder: Path) -> Checked:
    """The last of all."""
    database = _database(folder)
    try:
        return check_stored(database, [read_public_key(folder / "keys" / AUDIT_PUBLIC)])
    finally:
        database.close()


def _publish(folder: Path, library: Library, edition: str, day: date) -> tuple[Fault, ...]:
    """What keeps the edition from being published. Errors lose their faults between processes."""
    try:
        publish_edition(_database(folder), folder, library.rules, library.formulary, edition, day, library.cache)
    except RxError as error:
        return error.faults
    return ()
