"""The clinical content of a prescription, and its digest: what an approval is bound to.

Any edit of it voids the approval. What the sheet costs, who produced a pack, who collects, signatures and the stage are
outside: they change without changing what the patient is given (处方审核规范 art. 12).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal

from rx_review.domain.prescription import Prescription

_OUTSIDE = {"revision", "stage", "signatures", "amount", "payer", "collection_site"}
_OUTSIDE_PATIENT = {"agent"}
_OUTSIDE_LINE = {"producer"}


def content_digest(prescription: Prescription) -> str:
    """SHA-256 of the clinical content in canonical JSON, in hexadecimal, however a number or an instant is written."""
    tree = prescription.model_dump(by_alias=True, exclude_defaults=True, exclude=_OUTSIDE)
    tree["patient"] = {name: value for name, value in tree["patient"].items() if name not in _OUTSIDE_PATIENT}
    tree["lines"] = [
        {name: value for name, value in line.items() if name not in _OUTSIDE_LINE} for line in tree["lines"]
    ]
    text = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_canonical)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> str:
    match value:
        case Decimal():
            return format(value.normalize(), "f")
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
    raise TypeError(type(value).__name__)
