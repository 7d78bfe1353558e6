"""An entry of the audit: canonical bytes of what happened, and the salted digest that the chain holds of it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any


def entry_body(tree: Any) -> bytes:
    """Canonical JSON of what happened: keys sorted, instants in UTC."""
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def entry_digest(salt: bytes, body: bytes) -> str:
    """SHA-256 over salt and body, each behind its length, in hexadecimal."""
    total = hashlib.sha256(b"rx-review audit entry\0")
    for part in (salt, body):
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
    raise TypeError(type(value).__name__)
