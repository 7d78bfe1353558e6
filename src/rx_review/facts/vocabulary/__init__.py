"""The closed vocabulary that rules may speak: each fact's type, unit, names, subject and what absence means.

Append-only: a fact never changes its meaning. `unknown` facts describe the state of the world, and a missing
one makes a rule undetermined; `not_written` facts describe the sheet, and absence is known: the value given
in `when_absent`. Facts of a prescription can be named by rules about its lines, concerns and pairs; facts of a
line by rules about its concerns.
"""

from __future__ import annotations

from collections.abc import Mapping

from rx_review.domain.review import Subject
from rx_review.facts.vocabulary.causes import CAUSES
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

__all__ = ["BY_SUBJECT", "CAUSES", "OWN", "Fact"]
