"""What callers ask of the desk, beside a prescription itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rx_review.domain.moves import MoveName
from rx_review.domain.prescription import Reason, Strict
from rx_review.domain.values import Amount, Code, Count, Note


class Because(Strict):
    """A coded reason, see the list of reasons; `text` in words, which `other` needs."""

    code: Code
    text: Note | None = None


class Dispensed(Strict):
    """Who dispensed, checked and issued (后记); who is alone may be all three (单人双签名)."""

    dispenser: Code
    checker: Code
    issuer: Code | None = None


class MoveRequest(Strict):
    """A move of a prescription. Which fields a move needs stands in the table of moves."""

    move: MoveName
    revision: Annotated[Count, Field(ge=1, le=9999, description="the revision that the caller has seen")]
    version: Annotated[
        Count | None, Field(ge=1, description="of the answer that the caller has seen: not made once anything changed")
    ] = None
    by: Annotated[Code | None, Field(description="staff code of who acts; a system must name it")] = None
    fence: Annotated[Count | None, Field(ge=1, description="of the lease, as `take` answered it")] = None
    reason: Because | None = None
    reasons: Annotated[
        tuple[Reason, ...], Field(max_length=50, description="resign: reasons that are written on the sheet")
    ] = ()
    settle: Annotated[
        tuple[Code, ...], Field(max_length=100, description="approve: keys of findings settled for this patient")
    ] = ()
    settle_days: Annotated[Count | None, Field(ge=1, le=365)] = None
    amount: Annotated[Amount | None, Field(description="charge: what was charged, yuan")] = None
    token: Annotated[
        str | None, Field(max_length=200, pattern=r"^[!-~]*$", description="charge: release token of the gate")
    ] = None
    dispensed: Dispensed | None = None
