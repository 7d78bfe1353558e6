"""The clinical content of a prescription, and its digest: what an approval is bound to.

Any edit of it voids the approval. What the sheet costs, who produced a pack, signatures and the stage are outside:
they change without changing what the patient is given (处方审核规范 art. 12).
"""

from __future__ import annotations

import hashlib
import json

from rx_review.domain.prescription import Prescription

_OUTSIDE = {"revision", "stage", "signatures", "amount", "payer", "collection_site"}
_OUTSIDE_LINE = {"producer"}


def content_digest(prescription: Prescription) -> str:
    """SHA-256 of the clinical content in canonical JSON, in hexadecimal."""
    tree = prescription.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_OUTSIDE)
    for line in tree["lines"]:
        for name in _OUTSIDE_LINE:
            line.pop(name, None)
    text = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
