"""The editions that stored decisions were made with, compiled one after the other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from rx_review.engine.review import Reviewer
from rx_review.errors import Fault, LibraryError
from rx_review.library.archive import edition_of
from rx_review.store import editions as store
from rx_review.store.database import Database

# Reviews come by age, so that an edition is rarely asked for again once a newer one holds.
_REVIEWERS = 4


class CompiledEditions:
    """Editions by digest, compiled, the latest few of them.

    Args:
        database: where editions are kept.
        cache: where compiled ones are kept on disk; None for nowhere.
        compiled: those that this process has compiled already.
    """

    def __init__(self, database: Database, cache: Path | None, compiled: Sequence[Reviewer]) -> None:
        self.seen: set[str] = set()
        self._compiled = {reviewer.edition.digest: reviewer for reviewer in compiled}
        self._database = database
        self._cache = cache
        self._kept: OrderedDict[str, Reviewer | LibraryError] = OrderedDict()

    def of(self, digest: str) -> Reviewer:
        """The edition of a digest.

        Raises:
            LibraryError: it is not kept, or is not what its digest says.
        """
        found = self._kept.get(digest)
        if found is None:
            found = self._kept[digest] = self._load(digest)
            if len(self._kept) > _REVIEWERS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(digest)
        if isinstance(found, LibraryError):
            raise found
        return found

    def _load(self, digest: str) -> Reviewer | LibraryError:
        with self._database.read() as connection:
            row = store.edition(connection, digest)
        self.seen.add(digest)
        try:
            if row is None:
                return _lost(digest)
            if digest in self._compiled:
                return self._compiled[digest]
            return Reviewer(edition_of(row.archive, self._cache, digest))
        except LibraryError as error:
            return error


def _lost(digest: str) -> LibraryError:
    return LibraryError(
        Fault(
            f"edition {digest}",
            "not in the database",
            "restore it from a backup, or from its published archive",
            "数据库中没有这个版本；请从备份或已发布的版本文件恢复",
        )
    )
