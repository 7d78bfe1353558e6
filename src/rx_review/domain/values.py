"""Small checked values that prescriptions are made of: numbers, codes, texts, days of the county."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from rx_review.domain.published import AMOUNT, CODE, DAY, DIAGNOSIS_CODE, INSTANT, TEXT, amount_between

# China has kept one zone without daylight saving since 1991; a fixed offset needs no zone data at run time.
CHINA = timezone(timedelta(hours=8))

_PLAIN_NUMBER = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/\-]{0,63}")


# Characters that turn the direction of what follows: with them one name can be shown as another.
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_MARKS = frozenset("\u200e\u200f\u061c")


def _amount(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise PydanticCustomError("amount_type", "not a number")
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, Decimal) and "." in text:
        text = text.rstrip("0").rstrip(".")
    if text.startswith("-"):
        raise PydanticCustomError("amount_negative", "a negative amount")
    if not _PLAIN_NUMBER.fullmatch(text):
        if unicodedata.normalize("NFKC", text) != text:
            raise PydanticCustomError("amount_full_width", "full-width digits")
        raise PydanticCustomError("amount_shape", "not a plain number below 1,000,000,000 with at most six decimals")
    return Decimal(text)


def _text(value: str) -> str:
    if not value.isprintable() and any(
        unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in _TURNING or c in _MARKS
        for c in value
    ):
        raise PydanticCustomError("text_control", "control characters or broken Unicode")
    if not value.strip():
        raise PydanticCustomError("text_blank", "blank text")
    return value


def _code(value: str) -> str:
    if not _CODE.fullmatch(value):
        if unicodedata.normalize("NFKC", value) != value:
            raise PydanticCustomError("code_full_width", "full-width characters in a code")
        raise PydanticCustomError("code_shape", "not a code of letters, digits and . _ / -")
    return value


def _diagnosis_code(value: str) -> str:
    # A bare sign is no code, and two codes are joined by one.
    for part in re.split(r"[+†]", value.rstrip("+†*")):
        _code(part.removesuffix("*"))
    return value


Amount = Annotated[Decimal, BeforeValidator(_amount), AMOUNT]
"""A number not below zero, exact: a JSON number or a string of plain digits, at most six decimals."""

Weight = Annotated[
    Amount,
    Field(ge=Decimal("0.3"), le=400),
    amount_between(
        0.3, 400, r"(0\.[3-9][0-9]{0,5}|[1-9][0-9]?(\.[0-9]{1,6})?|[123][0-9]{2}(\.[0-9]{1,6})?|400(\.0{1,6})?)"
    ),
]
"""A body weight, kg."""

Height = Annotated[
    Amount,
    Field(ge=20, le=250),
    amount_between(20, 250, r"([2-9][0-9](\.[0-9]{1,6})?|(1[0-9]{2}|2[0-4][0-9])(\.[0-9]{1,6})?|250(\.0{1,6})?)"),
]
"""A body height, cm."""

Code = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_code), CODE]
"""A key: letters, digits and . _ / -, at most 64."""

DiagnosisCode = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_diagnosis_code), DIAGNOSIS_CODE]
"""A code of a diagnosis: also the signs of ICD-10 for cause and manifestation, as in E11.400x003+G63.2*."""

Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_text), TEXT]
"""A short text as written, at most 200 characters."""

Note = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_text), TEXT]
"""A longer text as written, at most 2000 characters."""


_EARLIEST, _LATEST = date(1880, 1, 1), date(2100, 12, 31)


def _written_day(value: object) -> object:
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise PydanticCustomError("day_shape", "not a day")
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise PydanticCustomError("day_shape", "not a day")
    return value


def _written_instant(value: object) -> object:
    if isinstance(value, str) and not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}", value):
        raise PydanticCustomError("instant_shape", "not an instant")
    if not isinstance(value, datetime | str):
        raise PydanticCustomError("instant_shape", "not an instant")
    return value


def _within_days(value: date) -> date:
    day = value.date() if isinstance(value, datetime) else value
    if not _EARLIEST <= day <= _LATEST:
        raise PydanticCustomError("day_range", "a day outside 1880 to 2100")
    return value


def _instant_within(value: datetime) -> datetime:
    _within_days(value)
    return value


Day = Annotated[date, BeforeValidator(_written_day), AfterValidator(_within_days), DAY]
"""A calendar day, written 2026-11-01."""

Instant = Annotated[AwareDatetime, BeforeValidator(_written_instant), AfterValidator(_instant_within), INSTANT]
"""An instant with its offset, written 2026-11-01T09:30:00+08:00."""

Count = Annotated[int, Field(strict=True)]
"""A whole number, written as one."""

Truth = Annotated[bool, Field(strict=True)]
"""true or false, and nothing that looks like it."""


def county_day(instant: datetime) -> date:
    """The calendar day of an instant in the county (Asia/Shanghai)."""
    return instant.astimezone(CHINA).date()
