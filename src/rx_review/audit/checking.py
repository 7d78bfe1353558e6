"""The audit in the database itself: the chain, and whether what it tells of is still what it told of."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from rx_review.audit.chain import Seal, entry_digest
from rx_review.audit.exporting import StoredChain, entry_of, founded
from rx_review.audit.laid import Match, Noted, body_of, matched, noted_in
from rx_review.audit.signing import Verifier
from rx_review.audit.walk import Walk
from rx_review.audit.wording import of_store
from rx_review.errors import Fault
from rx_review.store import audit, reviews
from rx_review.store.database import Connection, Database, Row

MOST_FAULTS = 200
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a database."""

    county: str
    seals: int
    entries: int
    """Rows under a seal."""
    erased: int
    still_open: int
    """Rows that no seal has taken up yet: only their own digests were compared."""
    reviews: int
    last: Seal | None
    proved: int
    """Number of the newest seal that a checkpoint agrees with; 0 for none."""
    faults: tuple[Fault, ...]
    stopped: bool
    """More may be wrong: no more than `MOST_FAULTS` are told, and reading stopped there."""

    @property
    def whole(self) -> bool:
        """True if nothing is wrong."""
        return not self.faults


def check_stored(database: Database, verifiers: Sequence[Verifier], checkpoints: Sequence[Seal] = ()) -> Checked:
    """Check the chain of a database, its rows, and every review and state against the rows that tell of them.

    Args:
        database: where the chain is.
        verifiers: every public key that the county has used.
        checkpoints: seals that were kept elsewhere.

    Raises:
        EnvironmentFault: the county is not founded.
        Refusal: `busy` if the database is away.
    """
    with audit.snapshot(database) as connection:
        county = founded(connection)
        check = _Check(connection, Walk(county, verifiers, checkpoints))
        stopped = not all(step() for step in (check.chain, check.still_open, check.prescriptions, check.orphans))
    walk = check.walk
    faults = tuple(map(of_store, walk.faults[:MOST_FAULTS]))
    return Checked(
        county, walk.seals, walk.entries, walk.erased, check.opened, check.reviews, walk.last, walk.proved, faults,
        stopped,
    )  # fmt: skip


class _Check:
    """One run. Each step says whether there is room for more faults."""

    def __init__(self, connection: Connection, walk: Walk) -> None:
        self.walk = walk
        self.opened = self.reviews = 0
        self._connection = connection

    def chain(self) -> bool:
        """Every seal with its rows."""
        stored = StoredChain(self._connection, self.walk.county)
        with closing(stored.parts()) as parts:
            for made, rows in parts:
                self.walk.seal(f"seal {made.number}", made)
                for row in rows:
                    self.walk.entry(f"audit {row.id}", entry_of(row))
                    self._columns(row)
                if self._full():
                    return False
        self.walk.finish()
        for number, count in sorted(stored.astray.items()):
            self.walk.say("stored-astray", f"seal {number}", number=number, count=count)
        return not self._full()

    def still_open(self) -> bool:
        """Rows without a seal: each by itself."""
        with closing(audit.still_open(self._connection)) as rows:
            for row in rows:
                self.opened += 1
                if row.salt is None or row.body is None:
                    self.walk.say("stored-open-erased", f"audit {row.id}", id=row.id)
                elif entry_digest(row.salt, row.body) != row.digest:
                    self.walk.say("entry-digest", f"audit {row.id}", id=row.id)
                self._columns(row)
                if self._full():
                    return False
        return True

    def prescriptions(self) -> bool:
        """Every prescription: its reviews and its state beside what the audit says of them."""
        after = ""
        while batch := reviews.prescriptions_after(self._connection, after, _BATCH):
            after = batch[-1].id
            names = [row.id for row in batch]
            told = _grouped(audit.of_prescriptions(self._connection, names))
            laid = _grouped(reviews.of_prescriptions(self._connection, names))
            for row in batch:
                self._prescription(row, told[row.id], laid[row.id])
            if self._full():
                return False
        return True

    def orphans(self) -> bool:
        """What names a prescription that is not there."""
        for review in reviews.of_no_prescription(self._connection):
            self.walk.say("stored-review-alone", f"review {review}", review=review)
        for noted in noted_in(audit.of_no_prescription(self._connection)):
            self._gone(noted)
        return not self._full()

    def _full(self) -> bool:
        return len(self.walk.faults) >= MOST_FAULTS

    def _columns(self, row: Row[Any]) -> None:
        """What stands beside the body for queries says what the body says; half an entry is none."""
        if (row.salt is None) is not (row.body is None):
            self.walk.say("stored-half", f"audit {row.id}", id=row.id)
        tree = body_of(row)
        if tree is None:
            return
        columns = {
            "action": row.action,
            "actor": row.actor,
            "at": row.at.astimezone(UTC).isoformat(),
            "member": row.member,
            "prescription": row.prescription_id,
        }
        if odd := [name for name, value in columns.items() if tree.get(name) != value]:
            self.walk.say("stored-columns", f"audit {row.id}", id=row.id, names=", ".join(odd))

    def _prescription(self, row: Row[Any], told: Sequence[Row[Any]], laid: Sequence[Row[Any]]) -> None:
        self.reviews += len(laid)
        matches, left = matched(laid, noted_in(told))
        erased = sum(each.body is None for each in told)
        for match in matches:
            where = f"review {match.review.id}"
            if match.noted is None:
                # What told of it may be among what was erased.
                erased -= 1
                if erased < 0:
                    self.walk.say("stored-review-unnoted", where, prescription=row.id)
            elif match.altered:
                parts = ", ".join(match.altered)
                self.walk.say("stored-review-altered", where, parts=parts, prescription=row.id, id=match.noted.entry)
            else:
                self._decision(where, match)
        for noted in left:
            self._gone(noted)
        states = [tree["to"] for each in told if (tree := body_of(each)) is not None and "to" in tree]
        if states and erased <= 0 and states[-1] != row.state:
            self.walk.say("stored-state", f"prescription {row.id}", state=row.state, told=states[-1])

    def _decision(self, where: str, match: Match) -> None:
        """What stands beside a decision for queries says what the decision says."""
        review, tree = match.review, json.loads(match.parts["decision"])
        columns = {
            "revision": review.revision,
            "verdict": review.verdict,
            "complete": review.complete,
            "edition": f"sha256:{review.edition}",
        }
        if odd := [name for name, value in columns.items() if tree.get(name) != value]:
            self.walk.say("stored-review-columns", where, names=", ".join(odd))

    def _gone(self, noted: Noted) -> None:
        self.walk.say("stored-review-gone", f"audit {noted.entry}", id=noted.entry, at=noted.at)


def _grouped(rows: Iterable[Row[Any]]) -> defaultdict[str, list[Row[Any]]]:
    found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.prescription_id].append(row)
    return found
