"""The review centre: the database, the keys of identity and the edition that holds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from rx_review.desk.standing import Standing, read_standing
from rx_review.domain.problems import Refusal
from rx_review.domain.values import county_day
from rx_review.engine.review import Reviewer
from rx_review.store import county as store
from rx_review.store.database import Connection, Database
from rx_review.store.vault import Vault


class Centre:
    """One per process. The edition is swapped in one step; what is being reviewed ends with the one it began with."""

    def __init__(self, database: Database, vault: Vault, reviewer: Reviewer | None = None) -> None:
        self.database = database
        self.vault = vault
        self._reviewer: Reviewer | None = None
        self._standing: Standing | None = None
        self.second_pharmacist: frozenset[str] = frozenset()
        """Rules of the edition that ask for a second pharmacist where they fire."""
        if reviewer is not None:
            self.install(reviewer)

    @property
    def reviewer(self) -> Reviewer:
        """The edition that holds.

        Raises:
            Refusal: `not-ready` before one was published.
        """
        if self._reviewer is None:
            raise Refusal("not-ready", "no edition is published", "尚未发布规则版本", retry_after=5)
        return self._reviewer

    @property
    def edition(self) -> str | None:
        """Digest of the edition that holds here."""
        return None if self._reviewer is None else self._reviewer.edition.digest

    def install(self, reviewer: Reviewer) -> None:
        """From now on this edition holds."""
        self.second_pharmacist = frozenset(rule.id for rule in reviewer.edition.rules if rule.second_pharmacist)
        self._reviewer = reviewer

    def standing(self, connection: Connection, at: datetime) -> Standing:
        """The county's registers as they stand; kept until their version changes."""
        row = store.county(connection)
        kept = self._standing
        if row is None or kept is None or kept.version != row.version:
            kept = self._standing = read_standing(connection, at)
        return kept

    def number(self, parameter: str, at: datetime, institution: str) -> Decimal:
        """A parameter's value at an instant for a member.

        Raises:
            Refusal: `not-ready` if the edition has no such parameter.
        """
        value = self.reviewer.parameters(county_day(at).toordinal(), institution).get(parameter)
        if value is None:
            raise Refusal("not-ready", f"the edition has no parameter {parameter}", f"规则版本缺少参数 {parameter}")
        return value
