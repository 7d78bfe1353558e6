"""The client: the service's questions and moves in the words of the field."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from rx_review.client.answers import Checked, Gate, Page, Short, Standing
from rx_review.client.batches import Submitted, submit_batch
from rx_review.client.bodies import Sheet, sheet_body
from rx_review.client.effort import Budgets, Effort, Pace
from rx_review.client.link import Ask, Failed, Link
from rx_review.client.moves import Making, path_of
from rx_review.client.refusals import Unavailable
from rx_review.domain.moves import MoveName
from rx_review.domain.prescription import Reason

Held = Standing | Short | Gate
"""What a move is made of: an answer, whose revision is the one that the caller has seen."""

LONGEST_WAIT = 30
"""Seconds that the service lets one question wait."""


class Client:
    """One system of a member: an HIS, a cashier's till, a pharmacy. Use it in a `with`, and as long as you like.

    Tokens are fetched and renewed by itself. Threads may share it. Every method may raise `Refused` (the service said
    no) or `Unavailable` (no answer within the budget), and may then be called again with the same arguments:
    nothing is done twice. Moves take the answer whose revision the caller has seen.

    Args:
        base_url: such as https://rx.county.example:8443, without /v1.
        client_id: of this system, as the county's administrator gave it.
        client_secret: its secret.
        ca: PEM file of the authority that signed the service's certificate, or a context of your own; None: those that
            the machine trusts.
        timeouts: seconds that each kind of call may take with all its tries.
        pace: clock, sleep and dice; for tests.

    Raises:
        EnvironmentFault: the address or the certificates cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        ca: str | ssl.SSLContext | None = None,
        timeouts: Budgets | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._budgets, self._pace = timeouts or Budgets(), pace or Pace()
        self._link = Link(base_url, client_id, client_secret, ca, self._budgets, self._pace)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._link.close()

    def check(self, prescription: Sheet) -> Checked:
        """Review a draft while it is being written: neither stored nor signed nor counted."""
        ask = Ask("POST", "/checks", sheet_body(prescription))
        return self._link.ask(ask, self._effort(self._budgets.check), Checked)

    def submit(self, prescription: Sheet) -> Standing:
        """Submit a prescription, or its next revision: count `revision` up by one.

        The same revision may be submitted again at any time: institution, number, day of issue and revision are
        the key, and `replayed` says that nothing was done again.
        """
        ask = Ask("POST", "/prescriptions", sheet_body(prescription))
        return self._link.ask(ask, self._effort(self._budgets.submit), Standing)

    def submit_batch(self, prescriptions: Iterable[Sheet]) -> Iterator[Submitted]:
        """Submit any number of prescriptions; answers come in their order while later ones are still to be sent."""
        return submit_batch(self._link, self._budgets, self._pace, prescriptions)

    def get(self, identifier: str, *, wait: int = 0) -> Standing:
        """Where a prescription stands.

        Args:
            identifier: the `id` of an answer.
            wait: seconds, at most 30: while the action is `wait` the answer comes when somebody has decided, or then.
        """
        path = path_of(identifier)
        if wait:
            effort = Effort(self._pace, wait + self._budgets.look, whole=True)
            try:
                return self._link.once(Ask("GET", path, query={"wait": str(wait)}), effort, Standing)
            except Failed as failed:
                # Asked again below without waiting: the caller has waited.
                effort.rest(failed.retry_after)
        return self._link.ask(Ask("GET", path), self._effort(self._budgets.look), Standing)

    def wait_until_decided(self, identifier: str, *, at_most: float) -> Standing:
        """Where a prescription stands once its action is no longer `wait`, or after `at_most` seconds: see `action`.

        Raises:
            Unavailable: at the end of the wait, and for the budget of a look after it, the service did not answer.
        """
        effort = Effort(self._pace, at_most, whole=True)
        while True:
            wait = min(LONGEST_WAIT, int(effort.left))
            try:
                found = self.get(identifier, wait=wait)
            except Unavailable:
                if not effort.rest():
                    raise
                continue
            if found.action != "wait" or not effort.left:
                return found
            if not wait:
                self._pace.sleep(effort.left)

    def list(self, *, state: str | None = None, institution: str | None = None, page: int = 500) -> Iterator[Short]:
        """Prescriptions in the order in which they came, read page by page while you iterate."""
        query = {"limit": str(page)}
        query |= {name: value for name, value in (("state", state), ("institution", institution)) if value is not None}
        while True:
            found = self._link.ask(Ask("GET", "/prescriptions", query=query), self._effort(self._budgets.look), Page)
            yield from found.items
            if found.next is None:
                return
            query["cursor"] = found.next

    def release(self, institution: str, number: str, *, issued_on: date | None = None) -> Gate:
        """The cashier's gate: may it be charged? Without the day of issue the newest of that number."""
        query = {"institution": institution, "number": number}
        if issued_on is not None:
            query["issued_on"] = issued_on.isoformat()
        return self._link.ask(Ask("GET", "/release", query=query), self._effort(self._budgets.look), Gate)

    def charge(
        self, held: Held, *, by: str, amount: Decimal | str | int | None = None, token: str | None = None
    ) -> Standing:
        """Charge what was approved. `amount` in yuan; `token` of the gate makes sure that it is that very content."""
        return self._move(held, "charge", by, amount=amount, token=token)

    def refund(self, held: Held, *, by: str, reason: str, text: str | None = None) -> Standing:
        """Refund what was charged and not supplied, with a coded reason."""
        return self._move(held, "refund", by, reason=_because(reason, text))

    def void(self, held: Held, *, by: str, reason: str, text: str | None = None) -> Standing:
        """Make void what was refunded."""
        return self._move(held, "void", by, reason=_because(reason, text))

    def supply(self, held: Held, *, by: str, dispenser: str, checker: str, issuer: str | None = None) -> Standing:
        """Supply all lines; who dispensed, checked and issued stand on the sheet."""
        dispensed = {"dispenser": dispenser, "checker": checker} | ({} if issuer is None else {"issuer": issuer})
        return self._move(held, "supply", by, dispensed=dispensed)

    def cancel(self, held: Held, *, by: str, reason: str, text: str | None = None) -> Standing:
        """Cancel before it is charged."""
        return self._move(held, "cancel", by, reason=_because(reason, text))

    def resign(
        self,
        held: Held,
        *,
        by: str,
        reason: str,
        text: str | None = None,
        reasons: Sequence[Reason | Mapping[str, Any]] = (),
    ) -> Standing:
        """Give the reason and sign again (再次签名) what was returned; `reasons` are written on the sheet."""
        written = [
            each.model_dump(mode="json", by_alias=True) if isinstance(each, Reason) else dict(each) for each in reasons
        ]
        return self._move(held, "resign", by, reason=_because(reason, text), reasons=written or None)

    def countersign(self, held: Held, *, by: str) -> Standing:
        """A physician countersigns the sheet of an assistant."""
        return self._move(held, "countersign", by)

    def emergency_release(self, held: Held, *, by: str, reason: str, text: str | None = None) -> Standing:
        """Release without review in an emergency: signed, counted as unreviewed, reviewed after."""
        return self._move(held, "release", by, reason=_because(reason, text))

    def _move(self, held: Held, move: MoveName, by: str, **more: Any) -> Standing:
        effort = self._effort(self._budgets.move)
        told = {"move": move, "revision": held.revision, "by": by}
        told |= {name: value for name, value in more.items() if value is not None}
        if isinstance(held, Gate):
            # The gate does not say the version, by which a lost answer is told from one that never was.
            held = self._link.ask(Ask("GET", path_of(held.prescription)), effort, Standing)
        return Making(self._link, effort, held, told).run()

    def _effort(self, seconds: float) -> Effort:
        return Effort(self._pace, seconds)


def _because(code: str, text: str | None) -> dict[str, str]:
    return {"code": code} if text is None else {"code": code, "text": text}
