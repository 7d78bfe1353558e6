"""What the world says at the moment of review: one snapshot, each part with its as-of, stored with the decision.

A part that is None was not looked up: what depends on it is unknown, never empty.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rx_review.domain.prescription import Line, Strict
from rx_review.domain.registers import PatientRecord, Pharmacists, StaffRecord
from rx_review.domain.values import Amount, Code, Count, Day, Instant, Text

FlowState = Literal["none", "submitted", "approved", "returned", "refused", "charged", "supplied", "cancelled"]


class OtherSheet(Strict):
    """Another sheet of the same visit and day, so that duplicates by splitting are seen (拆方)."""

    number: Code
    lines: Annotated[tuple[Line, ...], Field(max_length=200)]


class Visit(Strict):
    """The other sheets of this visit."""

    as_of: Instant
    sheets: tuple[OtherSheet, ...] = ()


class Stock(Strict):
    """Dose units in stock at the collection site, by drug code; a drug that is not listed was not counted.

    `elsewhere` names other members that have the drug, `short` drugs with a registered shortage that is not over.
    """

    as_of: Instant
    quantities: dict[Code, Amount]
    elsewhere: Annotated[dict[Code, tuple[Text, ...]], Field(default_factory=dict)]
    short: tuple[Code, ...] = ()


class Supplied(Strict):
    """A line that some member supplied to this patient."""

    on: Day
    number: Code
    institution: Code
    line: Line


class History(Strict):
    """What members supplied to this patient since a day; what was before it is unknown, not nothing."""

    as_of: Instant
    since: Day
    supplies: Annotated[tuple[Supplied, ...], Field(max_length=5000)] = ()


class Repeats(Strict):
    """How often a prescription may be supplied again (reptFlag, maxReptCnt, minInrvDays of the national messages)."""

    most: Annotated[Count, Field(ge=0, le=100)]
    used: Annotated[Count, Field(ge=0, le=100)]
    interval_days: Annotated[Count, Field(ge=0, le=365)] = 0
    last_on: Day | None = None


class Flow(Strict):
    """What has been decided about this prescription, and by which content; line numbers that are fully supplied."""

    as_of: Instant
    state: FlowState
    approved_content: Annotated[
        Text | None, Field(description="digest of the clinical content that was approved, see domain/content.py")
    ] = None
    locked_by: Annotated[Code | None, Field(description="site that holds it for dispensing")] = None
    supplied: Annotated[tuple[Count, ...], Field(max_length=200)] = ()
    repeats: Repeats | None = None


class Gaps(Strict):
    """The member's own codes that are on our work-list of codes to map: a pharmacist has seen each of them."""

    as_of: Instant
    drugs: tuple[Text, ...] = ()
    diagnoses: tuple[Text, ...] = ()


class Circumstances(Strict):
    """The snapshot handed to `review`; the default knows nothing."""

    visit: Visit | None = None
    stock: Stock | None = None
    history: History | None = None
    prescriber: StaffRecord | None = None
    pharmacists: Pharmacists | None = None
    patient: PatientRecord | None = None
    flow: Flow | None = None
    gaps: Gaps | None = None


NOTHING_KNOWN = Circumstances()
