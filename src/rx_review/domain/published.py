"""What the published JSON Schema says of checked values: as much as their validators do, where a schema can.

What no schema can say stands in the descriptions: that a number has no exponent, and at most six decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

_HARD = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Control characters, and those that turn the direction of what follows. Lone surrogates fit in no pattern."""
_BLANK = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_PART = r"[0-9A-Za-z][0-9A-Za-z._/\-]*\*?"
_LEAP = "(18(8[048]|9[26])|(19|20)(0[48]|[2468][048]|[13579][26])|2000)"
_DAY = (
    "((18[89]|19[0-9]|20[0-9])[0-9]|2100)-"
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_DAYS = f"({_DAY}|{_LEAP}-02-29)"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
_OFFSET = r"(Z|[+\-]([01][0-9]|2[0-3]):[0-5][0-9])"


# Compared by identity: what stands in annotations must have a hash.
@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """Puts keywords into the schema of the type that it annotates; `instead` replaces what pydantic would say."""

    keywords: dict[str, Any]
    instead: bool = False

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """As pydantic asks for it."""
        if self.instead and handler.mode == "validation":
            return dict(self.keywords)
        return {**handler(core), **self.keywords} if handler.mode == "validation" else handler(core)


def amount_between(least: float, most: float, digits: str) -> Published:
    """The schema of an amount with bounds: `digits` is the pattern of the same numbers written as text."""
    return Published(_amount(digits, minimum=least, maximum=most), instead=True)


def _amount(digits: str, **bounds: float) -> dict[str, Any]:
    said = "without an exponent, at most six decimals"
    return {
        "anyOf": [{"type": "number", "description": said, **bounds}, {"type": "string", "pattern": f"^{digits}$"}],
    }


CODE = Published({"pattern": r"^[0-9A-Za-z][0-9A-Za-z._/\-]{0,63}$"})
DIAGNOSIS_CODE = Published({"pattern": rf"^{_PART}([+†]{_PART})*[+†*]*$"})
TEXT = Published({"pattern": f"^[^{_HARD}]*[^{_HARD}{_BLANK}][^{_HARD}]*$"})
DAY = Published({"type": "string", "format": "date", "pattern": f"^{_DAYS}$"}, instead=True)
INSTANT = Published({"type": "string", "format": "date-time", "pattern": f"^{_DAYS}T{_CLOCK}{_OFFSET}$"}, instead=True)
AMOUNT = Published(
    _amount(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?", minimum=0, exclusiveMaximum=1_000_000_000), instead=True
)
