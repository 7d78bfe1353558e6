"""What a rule about each subject may name."""

from __future__ import annotations

from collections.abc import Mapping

from rx_review.domain.review import Subject
from rx_review.facts.vocabulary.concern import CONCERN, PAIR
from rx_review.facts.vocabulary.fact import Fact
from rx_review.facts.vocabulary.line import LINE
from rx_review.facts.vocabulary.lists import LISTS
from rx_review.facts.vocabulary.prescription import PRESCRIPTION
from rx_review.facts.vocabulary.registers import REGISTERS

_OF_PRESCRIPTION = (*PRESCRIPTION, *REGISTERS)
_OF_LINE = (*LINE, *LISTS)

BY_SUBJECT: Mapping[Subject, Mapping[str, Fact]] = {
    "prescription": {f.name: f for f in _OF_PRESCRIPTION},
    "line": {f.name: f for f in (*_OF_PRESCRIPTION, *_OF_LINE)},
    "concern": {f.name: f for f in (*_OF_PRESCRIPTION, *_OF_LINE, *CONCERN)},
    "pair": {f.name: f for f in (*_OF_PRESCRIPTION, *PAIR)},
}
"""What a rule about each subject may name."""

OWN: Mapping[Subject, tuple[Fact, ...]] = {
    "prescription": _OF_PRESCRIPTION,
    "line": _OF_LINE,
    "concern": CONCERN,
    "pair": PAIR,
}
"""What each subject adds to those above it."""
