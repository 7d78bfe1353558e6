"""Moves whose answer may get lost: looked for before they are made again, so that each is made once.

A move carries the version that the caller has seen, and is refused once anything changed: of two tries one is made,
even if the first arrives after the second. Who may read the history sees there what was made, and by whom. A till may
not: after a lost answer the table of moves says whether the prescription can stand where it does, so many versions
later, with this move or only without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from rx_review.client.answers import History, Short, Standing
from rx_review.client.bodies import body_of
from rx_review.client.effort import Effort
from rx_review.client.link import Ask, Failed, Link, new_name
from rx_review.client.refusals import Forbidden, NotAllowed
from rx_review.domain.moves import MOVES, Move

CHANGED = "version-changed"


def made_by_table(move: str, known: Standing | Short, now: Standing | Short) -> bool | None:
    """Whether a move was the first thing to happen to a prescription since it was known; None if that cannot be told.

    Args:
        move: its name.
        known: from where it was to be made.
        now: where the prescription stands.
    """
    if now.revision != known.revision:
        # Submitted anew: the service refuses a move of the revision before.
        return False
    first, later = known.state, [row for row in MOVES if row.name != "revise"]
    through = _led({first}, [row for row in later if row.name == move])
    # A timer may count the version up and change nothing.
    without = _led({first}, [row for row in later if row.name != move]) | {first}
    for _ in range(now.version - known.version - 1):
        through |= _led(through, later)
        without |= _led(without, later)
    match now.state in through, now.state in without:
        case True, False:
            return True
        case False, True:
            return False
    return None


def _led(states: Set[str], rows: Sequence[Move]) -> set[str]:
    """Where moves lead from any of some states."""
    led: set[str] = set()
    for row in rows:
        begins = states & set(row.from_)
        led |= begins if row.keeps_state else (set(row.to) if begins else set())
    return led


def path_of(identifier: str) -> str:
    """The path of a prescription."""
    return f"/prescriptions/{quote(identifier, safe='')}"


@dataclass(slots=True)
class Making:
    """One move under way.

    Attributes:
        link: to the service.
        effort: the budget.
        known: the prescription as the caller knows it; what came after it is looked through for this move.
        told: the body of the move.
    """

    link: Link
    effort: Effort
    known: Standing | Short
    told: Mapping[str, Any]
    _name: str = field(default_factory=new_name)
    _doubt: bool = False

    def run(self) -> Standing:
        """Make the move, or find that it was made.

        Raises:
            Refused: it is not allowed, and was not made by this caller either.
            Unavailable: not answered within the budget; `unknown` says whether it may have been made.
        """
        refusal: NotAllowed | None = None
        while True:
            try:
                if self._doubt or refusal is not None:
                    before = self.known.version
                    if (made := self._found()) is not None:
                        return made
                    if refusal is not None and (refusal.code != CHANGED or self.known.version == before):
                        raise refusal
                refusal = None
                return self._sent()
            except NotAllowed as error:
                if error is refusal:
                    raise
                refusal = error
            except Failed as failed:
                if self.effort.rest(failed.retry_after):
                    continue
                if refusal is not None and not self._doubt:
                    raise refusal from failed
                raise failed.unavailable(self._name, unknown=self._doubt) from failed.__cause__

    def _sent(self) -> Standing:
        body = body_of({**self.told, "version": self.known.version})
        ask = Ask("POST", f"{path_of(self.known.id)}/moves", body, name=self._name)
        try:
            return self.link.once(ask, self.effort, Standing)
        except Failed as failed:
            self._doubt = self._doubt or failed.how != "unsent"
            raise

    def _found(self) -> Standing | None:
        """The prescription as it stands if this very move was made, else None.

        `known` goes along as far as it is certain that the move was not made.

        Raises:
            Failed: there was no answer, or it cannot be told.
        """
        path = path_of(self.known.id)
        now = self.link.once(Ask("GET", path, name=self._name), self.effort, Standing)
        since = now.version - self.known.version
        if since <= 0:
            return None
        try:
            history = self.link.once(Ask("GET", f"{path}/history", name=self._name), self.effort, History)
        except Forbidden:
            made, by_name = made_by_table(self.told["move"], self.known, now), False
        else:
            # Each change of state counts the version up and is an entry; a timer may count it up without one.
            changes = [entry for entry in history.entries if "to" in (entry.get("body") or {})]
            made, by_name = any(self._is_this(entry) for entry in changes[-since:]), True
        if made and not by_name and not self._doubt:
            # Refused at its first try: it was made by somebody else, or by a call before this one.
            return None
        if made is None and self._doubt:
            raise Failed("lost", "what happened meanwhile does not tell whether it was made")
        if made is False:
            self.known = now
        return now if made else None

    def _is_this(self, entry: Mapping[str, Any]) -> bool:
        told, body = self.told, entry["body"]
        same = {"revision": told["revision"], "person": told["by"]}
        if "reason" in told:
            same["reason"] = {"text": None, **told["reason"]}
        if "dispensed" in told:
            same["dispensed"] = {"issuer": None, **told["dispensed"]}
        return (
            entry["actor"] == f"client:{self.link.client_id}"
            and entry["action"] == told["move"]
            and all(body.get(name) == value for name, value in same.items())
            and ("amount" not in told or _equal(body.get("amount"), told["amount"]))
        )


def _equal(kept: str | None, told: object) -> bool:
    """Whether two amounts are the same number, however each is written."""
    try:
        return kept is not None and Decimal(kept) == Decimal(str(told))
    except InvalidOperation:
        return False
