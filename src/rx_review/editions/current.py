"""The edition that the county holds, compiled from the database, and those that held before."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from pathlib import Path

from rx_review.domain.problems import Refusal
from rx_review.engine.review import Reviewer, reviewer_for
from rx_review.library.archive import edition_of
from rx_review.store import county, editions
from rx_review.store.database import Database

KEPT = 3
"""Compiled editions of the past that stay in memory, for replay: some 60 MB each."""

AGAIN_SECONDS = 30.0
"""How long an edition that would not load is left alone: a full disk passes, and each try costs a second of a core."""


class CurrentEdition:
    """One per process. `look` belongs to one thread beside the requests; `reviewer_of` may be called by any.

    Args:
        database: where editions are kept.
        cache: folder of compiled editions; None for nowhere.
    """

    def __init__(self, database: Database, cache: Path | None) -> None:
        self._database = database
        self._cache = cache
        self._holds: str | None = None
        self._failed: tuple[str, float] | None = None
        self._kept: OrderedDict[str, Reviewer] = OrderedDict()
        self._one_at_a_time = threading.Lock()
        self.fault: str | None = None
        """Why the edition that the county holds is not the one in force here; None if it is."""

    def load(self) -> Reviewer:
        """The edition that the county holds now, compiled.

        Raises:
            Refusal: `not-ready` before one was published; `busy` if the database is away.
            LibraryError: the archive is damaged or holds another edition.
            EnvironmentFault: there is no room to unpack it.
        """
        digest = self._published()
        if digest is None:
            raise Refusal("not-ready", "no edition is published", "尚未发布规则版本", retry_after=5)
        return self._compiled(digest)

    def look(self) -> Reviewer | None:
        """Whether another edition holds than at the last look: that one, compiled; None if all is as it was.

        One that cannot be loaded leaves the last good one in force; `fault` says why until it can.

        Raises:
            Refusal: `busy` if the database is away.
        """
        digest = self._published()
        if digest is None or digest == self._holds:
            # A faulty edition that was rolled back to the one in force here is a fault no more.
            self._failed, self.fault = None, None
            return None
        if self._failed is not None and self._failed[0] == digest and time.monotonic() < self._failed[1]:
            return None
        try:
            reviewer = self._compiled(digest)
        except Refusal as refusal:
            if refusal.code == "busy":
                raise
            self._cannot(digest, refusal)
            return None
        except Exception as error:
            # Whatever is wrong with it, the county goes on with the edition that it has.
            self._cannot(digest, error)
            return None
        self._holds, self._failed, self.fault = digest, None, None
        return reviewer

    def reviewer_of(self, digest: str) -> Reviewer:
        """An edition that was published once, compiled; the last few asked for are kept.

        Args:
            digest: 64 hexadecimal digits.

        Raises:
            Refusal: `not-found` if it was never published here; `busy` if the database is away.
            LibraryError: the archive is damaged or holds another edition.
            EnvironmentFault: there is no room to unpack it.
        """
        return self._compiled(digest)

    def _published(self) -> str | None:
        with self._database.read() as connection:
            row = county.county(connection)
        return None if row is None else row.edition

    def _compiled(self, digest: str) -> Reviewer:
        # One at a time: two that ask for the same edition must not compile it twice.
        with self._one_at_a_time:
            reviewer = self._kept.get(digest)
            if reviewer is None:
                reviewer = reviewer_for(edition_of(self._archive(digest), self._cache, digest))
                self._kept[digest] = reviewer
            self._kept.move_to_end(digest)
            while len(self._kept) > KEPT + 1:
                self._kept.popitem(last=False)
        return reviewer

    def _archive(self, digest: str) -> bytes:
        with self._database.read() as connection:
            row = editions.edition(connection, digest)
        if row is None:
            raise Refusal("not-found", f"the edition {digest[:12]} is not kept here", f"没有保存版本 {digest[:12]}")
        return bytes(row.archive)

    def _cannot(self, digest: str, error: Exception) -> None:
        self._failed = (digest, time.monotonic() + AGAIN_SECONDS)
        self.fault = f"the edition {digest[:12]} cannot be loaded: {str(error) or type(error).__name__}"
