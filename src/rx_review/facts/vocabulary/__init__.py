"""The closed vocabulary that rules may speak: each fact's type, unit, names, subject and what absence means.

Append-only: a fact never changes its meaning. `unknown` facts describe the state of the world, and a missing
one makes a rule undetermined; `not_written` facts describe the sheet, and absence is known: the value given
in `when_absent`. Facts of a prescription can be named by rules about its lines, concerns and pairs; facts of a
line by rules about its concerns.
"""

from __future__ import annotations

from rx_review.facts.vocabulary.causes import CAUSES
from rx_review.facts.vocabulary.fact import Fact
from rx_review.facts.vocabulary.subjects import BY_SUBJECT, OWN

__all__ = ["BY_SUBJECT", "CAUSES", "OWN", "Fact"]
