"""What the world says at the moment of review: one snapshot, each part with its as-of, stored with the decision.

A part that is None was not looked up: what depends on it is unknown, never empty.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rx_review.domain.prescription import Licence, Line, Strict
from rx_review.domain.values import Amount, Code, Day, Instant, Text, Truth


class OtherSheet(Strict):
    """Another sheet of the same visit and day, so that duplicates by splitting are seen (拆方)."""

    number: Code
    lines: Annotated[tuple[Line, ...], Field(max_length=200)]


class Visit(Strict):
    """The other sheets of this visit."""

    as_of: Instant
    sheets: tuple[OtherSheet, ...] = ()


class Stock(Strict):
    """Dose units in stock at the collection site, by drug code."""

    as_of: Instant
    quantities: dict[Code, Amount]


class StaffRecord(Strict):
    """What the staff register says of the prescriber on the day of issue."""

    as_of: Instant
    licence: Licence
    independent: Truth = False
    rights: tuple[Text, ...] = ()


class PatientRecord(Strict):
    """What the patient register says."""

    as_of: Instant
    pain_programme: Truth | None = None
    long_term: Truth | None = None
    chronic_entitlements: tuple[Text, ...] = ()
    maternal_since: Day | None = None


class Gaps(Strict):
    """The member's own codes that are on our work-list of codes to map: a pharmacist has seen each of them."""

    as_of: Instant
    drugs: tuple[Text, ...] = ()
    diagnoses: tuple[Text, ...] = ()


class Circumstances(Strict):
    """The snapshot handed to `review`; the default knows nothing."""

    visit: Visit | None = None
    stock: Stock | None = None
    prescriber: StaffRecord | None = None
    patient: PatientRecord | None = None
    gaps: Gaps | None = None


NOTHING_KNOWN = Circumstances()
