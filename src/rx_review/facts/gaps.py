"""What a prescription says that we cannot map: a member's own codes, and names without a code that we do not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from rx_review.domain.prescription import Prescription
from rx_review.facts.resolve import Resolver


class Gap(NamedTuple):
    """A code or a name that nobody has mapped for a member.

    `code` is empty where only a name was sent. `understood` says that the name beside the code is enough for now.
    """

    institution: str
    kind: Literal["drug", "diagnosis"]
    code: str
    name: str
    understood: bool


def gaps_of(prescription: Prescription, resolver: Resolver) -> Iterator[Gap]:
    """Yield the gaps of a prescription, one for each line or diagnosis that has one."""
    institution = prescription.institution
    member = resolver.place(institution).member
    for line in prescription.lines:
        known = resolver.line(line, member) is not None
        if resolver.unmapped(line, member):
            yield Gap(institution, "drug", line.product or "", line.generic or "", known)
        elif not known:
            # Unknown by its name, or its code is mapped to another drug than the name says.
            yield Gap(institution, "drug", line.product or "", line.generic or line.product or "", False)
    for diagnosis in prescription.diagnoses:
        read, unmapped = resolver.diagnosis(diagnosis.text, diagnosis.code, diagnosis.kind, member)
        if unmapped is not None:
            yield Gap(institution, "diagnosis", unmapped, diagnosis.text, read.read)
        elif not read.read and not read.vague:
            yield Gap(institution, "diagnosis", "", diagnosis.text, False)
