"""Moves whose answer may get lost: made once, by looking whether they were made before they are made again.

A move is asked again only when it cannot happen twice. That is so when it leads to no state from which it starts: a
second one is then refused by the table, even if the first arrives late. `resign` and `countersign` may lead back
to where they began; of these a lost one is looked for until the budget ends, and not made again.

Who may read the history sees there what was made, and by whom. A till may not: after a lost answer the table of moves
says whether the prescription can stand where it does, so many versions later, with the move or only without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from rx_review.client.answers import History, Short, Standing
from rx_review.client.bodies import body_of
from rx_review.client.effort import Effort
from rx_review.client.link import Ask, Failed, Link
from rx_review.client.refusals import Forbidden, NotAllowed
from rx_review.domain.moves import MOVES


def happens_once(name: str) -> bool:
    """Whether the table of moves itself keeps a move from being made twice in a row."""
    rows = [move for move in MOVES if move.name == name]
    starts = {state for move in rows for state in move.from_}
    return all(not move.keeps_state and starts.isdisjoint(move.to) for move in rows)


def made_by_table(move: str, known: Standing | Short, now: Standing) -> bool | None:
    """Whether a move must have been made for a prescription to stand where it does; None if that cannot be told."""
    if now.revision != known.revision:
        # Submitted anew: a move of the revision before it is refused, so it may be tried.
        return False
    without, through = {str(known.state)}, set[str]()
    for _ in range(now.version - known.version):
        others = [(each.from_, each.to) for each in MOVES if each.name not in (move, "revise")]
        these = [(each.from_, each.to) for each in MOVES if each.name == move]
        through = through | _led(through, others + these) | _led(without, these)
        without = without | _led(without, others)
    match str(now.state) in through, str(now.state) in without:
        case True, False:
            return True
        case False, True:
            return False
    return None


def _led(states: Set[str], rows: Sequence[tuple[Sequence[str], Sequence[str]]]) -> set[str]:
    return {each for begins, ends in rows if not states.isdisjoint(begins) for each in ends}


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
    _doubt: bool = False
    _on_its_way: bool = False

    def run(self) -> Standing:
        """Make the move, or find that it was made.

        Raises:
            Refused: it is not allowed, and was not made by this caller either.
            Unavailable: not answered within the budget; `unknown` says whether it may have been made.
        """
        ask = Ask("POST", f"{path_of(self.known.id)}/moves", body_of(self.told))
        while True:
            try:
                if self._doubt and (made := self._found()) is not None:
                    return made
                return self._sent(ask)
            except NotAllowed as refusal:
                return self._made_before(ask, refusal)
            except Failed as failed:
                if not self.effort.rest(failed.retry_after):
                    raise failed.unavailable(ask, unknown=self._doubt) from failed.__cause__

    def _sent(self, ask: Ask) -> Standing:
        if self._on_its_way and not happens_once(self.told["move"]):
            raise Failed("lost", "no answer came, and it is not seen to have been made")
        try:
            return self.link.once(ask, self.effort, Standing)
        except Failed as failed:
            self._doubt = self._doubt or failed.how != "unsent"
            self._on_its_way = self._on_its_way or failed.how == "lost"
            raise

    def _made_before(self, ask: Ask, refusal: NotAllowed) -> Standing:
        """What the table refuses may have been made already: by a try whose answer was lost, or a call before."""
        while True:
            try:
                made = self._found()
            except Failed as failed:
                if self.effort.rest(failed.retry_after):
                    continue
                if self._doubt:
                    raise failed.unavailable(ask, unknown=True) from refusal
                made = None
            if made is None:
                raise refusal
            return made

    def _found(self) -> Standing | None:
        """The prescription as it now stands if this very move is among what happened to it since, else None."""
        path = path_of(self.known.id)
        now = self.link.once(Ask("GET", path), self.effort, Standing)
        since = now.version - self.known.version
        if since <= 0:
            return None
        try:
            history = self.link.once(Ask("GET", f"{path}/history"), self.effort, History)
        except Forbidden:
            return self._concluded(now)
        # Each change of state counts the version up and is an entry; a timer may count it up without one.
        changes = [entry for entry in history.entries if "to" in (entry.get("body") or {})]
        return now if any(self._is_this(entry) for entry in changes[-since:]) else None

    def _concluded(self, now: Standing) -> Standing | None:
        if not self._doubt:
            # It was refused at once: if it was made, then by somebody else, or by a call before this one.
            return None
        made = made_by_table(self.told["move"], self.known, now)
        if made is None:
            raise Failed("lost", "no answer came, and what happened since does not tell whether it was made")
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
