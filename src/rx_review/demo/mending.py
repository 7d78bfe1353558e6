"""What became of sheets that were sent back: whose next revision is the first change that was proposed, and passes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from rx_review.demo.patching import patched
from rx_review.desk.sheet import read_sheet
from rx_review.domain.prescription import Prescription
from rx_review.domain.review import GOES_THROUGH, Review
from rx_review.errors import InputError
from rx_review.store import reviews
from rx_review.store.database import Row

INTERRUPTIVE = frozenset({"return", "block"})


@dataclass
class Mending:
    """Counts of reviews that sent a sheet back."""

    stopped: int = 0
    offered: int = 0
    """Of these, a change was proposed."""
    taken: int = 0
    """Of these, the next revision is the sheet with the first of them."""
    mended: int = 0
    """Of these, it went through."""
    _open: dict[str, Prescription | None] = field(default_factory=dict)
    """By prescription: what its next revision would be with the first proposed change; None if none was proposed."""

    def see(self, kept: Row[Any], review: Review) -> None:
        """Take in the next review of a prescription, oldest first."""
        proposed = self._open.pop(kept.prescription_id, None)
        if proposed is None and review.verdict not in INTERRUPTIVE:
            return
        sheet = read_sheet(reviews.unpacked(kept.body))
        if proposed is not None and kept.cause == "revise" and _same(sheet, proposed):
            self.taken += 1
            self.mended += review.verdict in GOES_THROUGH
        if review.verdict in INTERRUPTIVE:
            self.stopped += 1
            self._open[kept.prescription_id] = first = _first_change(sheet, kept)
            self.offered += first is not None


def _first_change(sheet: Prescription, kept: Row[Any]) -> Prescription | None:
    for way in json.loads(reviews.unpacked(kept.advice))["counterfactuals"]:
        if way["kind"] == "change":
            try:
                return patched(sheet, way["edits"])
            except (InputError, LookupError):
                return None
    return None


def _same(sheet: Prescription, proposed: Prescription) -> bool:
    """Whether two are one but for revision and signatures."""
    apart = {"revision": sheet.revision, "signatures": sheet.signatures}
    return proposed.model_copy(update=apart) == sheet
