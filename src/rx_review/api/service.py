"""The service of one process: database, keys, edition, and what goes on beside the requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from rx_review import config
from rx_review.api import metrics
from rx_review.audit import read_private_key
from rx_review.audit.sealer import Sealer
from rx_review.desk import timers
from rx_review.desk.centre import Centre
from rx_review.domain.problems import Refusal
from rx_review.editions.current import CurrentEdition
from rx_review.errors import RxError
from rx_review.store import audit, prescriptions, schema
from rx_review.store.database import WAIT_SECONDS, Database
from rx_review.store.keys import read_keys
from rx_review.store.vault import Vault

AT_WORK = 3
"""Requests of a process that review or write at the same time. More of them finish less: they take the interpreter
from each other at each statement."""
SEAL_SECONDS = 0.5
TICK_SECONDS = 2.0
LOOK_SECONDS = 1.0
FORGET_SECONDS = 600.0
CLOCK_DRIFT = timedelta(seconds=5)


@dataclass
class Check:
    """One thing that readiness asks, and what is wrong with it; empty if nothing is."""

    name: str
    fault: str = ""


@dataclass
class Service:
    """Opened by the application's life span; `close` ends the threads and the connections."""

    url: str
    keys: Path
    cache: Path | None = None
    clock: Callable[[], datetime] = config.now
    background: bool = True
    """False for tests that turn the wheel themselves."""
    _threads: list[threading.Thread] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _faults: dict[str, str] = field(default_factory=dict)
    _places: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_WORK))

    def open(self) -> Service:
        """Open everything. Without an edition or a county the service starts and says so in its readiness.

        Raises:
            EnvironmentFault: the keys or the database cannot be read.
        """
        self.database = Database(self.url)
        self.centre = Centre(self.database, Vault(read_keys(self.keys)))
        self.editions = CurrentEdition(self.database, self.cache)
        self.sealer = Sealer(self.database, read_private_key(self.keys / "audit.pem"))
        self.look()
        if self.background:
            for name, work, seconds in (
                ("sealer", self.seal, SEAL_SECONDS),
                ("timers", self.tick, TICK_SECONDS),
                ("edition", self.look, LOOK_SECONDS),
                ("forget", self.forget, FORGET_SECONDS),
            ):
                thread = threading.Thread(target=self._run, args=(name, work, seconds), name=name, daemon=True)
                thread.start()
                self._threads.append(thread)
        return self

    def close(self) -> None:
        """End everything: what is not sealed yet is sealed by who comes next."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)
        self.database.close()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A place among those that work at the same time.

        Raises:
            Refusal: `busy` if none became free in time.
        """
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise Refusal("busy", retry_after=1)
        try:
            yield
        finally:
            self._places.release()

    def instant(self) -> datetime:
        """This instant."""
        return self.clock()

    def look(self) -> None:
        """Take over an edition that was published meanwhile."""
        try:
            reviewer = self.editions.look()
        except RxError as error:
            self._said("edition", str(error))
            return
        if reviewer is not None:
            self.centre.install(reviewer)
            structlog.get_logger().info("edition in force", edition=reviewer.edition.digest)
        self._said("edition", self.editions.fault or "")

    def seal(self) -> None:
        """Seal what is not sealed yet."""
        self.sealer.seal(self.instant())

    def tick(self) -> None:
        """Make the moves that are due."""
        if self.centre.edition is not None:
            timers.tick(self.centre, self.instant())

    def forget(self) -> None:
        """Forget what is kept for a time only."""
        timers.forget(self.centre, self.instant())

    def readiness(self) -> list[Check]:
        """Everything that must hold before requests should come here."""
        checks = {name: Check(name) for name in ("database", "migrations", "edition", "clock", "sealer")}
        try:
            with self.database.read() as connection:
                at = schema.current(connection)
                if at != schema.head():
                    checks["migrations"].fault = f"the database is at {at}, this program knows {schema.head()}"
                elif (oldest := audit.unsealed_age(connection)[1]) is not None:
                    late = self.instant() - oldest
                    if late > timedelta(seconds=60):
                        checks["sealer"].fault = f"nothing was sealed for {int(late.total_seconds())} seconds"
                    elif late < -CLOCK_DRIFT:
                        checks["clock"].fault = "the audit holds rows of the future: the clock went back"
        except RxError as error:
            checks["database"].fault = str(error)
        except Exception as error:
            checks["migrations"].fault = f"{type(error).__name__}: run `rx-review db upgrade`"
        if self.centre.edition is None:
            checks["edition"].fault = self._faults.get("edition") or "no edition is published"
        elif self._faults.get("edition"):
            checks["edition"].fault = self._faults["edition"]
        for name in ("sealer",):
            checks[name].fault = checks[name].fault or self._faults.get(name, "")
        return list(checks.values())

    def standing(self) -> metrics.Standing:
        """How things stand, for the metrics."""
        try:
            with self.database.read() as connection:
                queue = prescriptions.queue_by_member(connection)
                _, since = prescriptions.queue_size(connection)
                unsealed, _ = audit.unsealed_age(connection)
        except RxError:
            return metrics.Standing(edition=self.centre.edition)
        oldest = 0.0 if since is None else (self.instant() - since).total_seconds()
        return metrics.Standing(queue=queue, oldest_seconds=oldest, unsealed=unsealed, edition=self.centre.edition)

    def _run(self, name: str, work: Callable[[], None], seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                work()
            except Refusal as refusal:
                # A database that is away is said by readiness; it is looked at again in a moment.
                self._said(name, str(refusal))
            except Exception as error:
                self._said(name, f"{type(error).__name__}: {error}")
                structlog.get_logger().error("background work failed", work=name, exc_info=error)
            else:
                if name != "edition":
                    self._said(name, "")

    def _said(self, name: str, fault: str) -> None:
        if fault and self._faults.get(name) != fault:
            structlog.get_logger().warning("not in order", what=name, fault=fault)
        self._faults[name] = fault
