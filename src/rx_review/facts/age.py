"""Ages by the calendar: on the birthday, not about it; an age written in years answers only what it can."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

_WRITTEN = re.compile(r"(\d{1,3})(岁|周岁|个月|月龄|月|天龄|日龄|天|日)(?:零|又)?(?:(\d{1,2})(个月|月|天|日))?")
_UNITS = {
    "岁": "y", "周岁": "y", "月": "m", "个月": "m", "月龄": "m", "天": "d", "日": "d", "日龄": "d", "天龄": "d",
}  # fmt: skip
_HOURS = re.compile(r"\d{1,3}(?:小时|h)", re.IGNORECASE)
_WEEKS = re.compile(r"(\d{1,2})(?:周|周龄)")


def birthday(birth: date, years: int = 0, months: int = 0) -> date:
    """The day on which someone completes that many years and months; 29 February completes on 1 March."""
    month = birth.month - 1 + months
    year = birth.year + years + month // 12
    month = month % 12 + 1
    try:
        return date(year, month, birth.day)
    except ValueError:
        return date(year + month // 12, month % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Age:
    """An age on a day: exact from a birth date, or only as fine as it was written, or unknown."""

    day: date
    birth: date | None = None
    written: tuple[int, str] | None = None
    _bands: dict[tuple[str | None, str | None], bool | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def known(self) -> bool:
        """Whether anything is known about it."""
        return self.birth is not None or self.written is not None

    @property
    def days(self) -> int | None:
        """Completed days, where they follow exactly."""
        if self.birth is not None:
            return (self.day - self.birth).days
        return self.written[0] if self.written and self.written[1] == "d" else None

    @property
    def fewest_days(self) -> int | None:
        """The fewest days that the age can be; None if nothing is known."""
        if self.birth is not None or self.written is None:
            return self.days
        number, unit = self.written
        return number if unit == "d" else _fewest_days(number * _MONTHS[unit])

    @property
    def years(self) -> int | None:
        """Completed years."""
        if self.birth is not None:
            before = (self.day.month, self.day.day) < (self.birth.month, self.birth.day)
            return self.day.year - self.birth.year - before
        if self.written is None:
            return None
        number, unit = self.written
        return {"y": number, "m": number // 12, "d": number // 366}[unit] if unit != "d" or number < 365 else None

    def at_least(self, bound: str) -> bool | None:
        """Whether the age has reached a bound such as 28d, 6m, 18y; None if that cannot be said."""
        number, unit = int(bound[:-1]), bound[-1]
        if self.birth is not None:
            if unit == "d":
                return self.day >= self.birth + timedelta(days=number)
            return self.day >= birthday(self.birth, number if unit == "y" else 0, number if unit == "m" else 0)
        if self.written is None:
            return None
        return _reached(*self.written, number, unit)

    def within(self, start: str | None, end: str | None) -> bool | None:
        """Whether the age lies in [start, end); None if that cannot be said."""
        if start is None and end is None:
            return True
        band = (start, end)
        if band not in self._bands:
            self._bands[band] = self._within(start, end)
        return self._bands[band]

    def _within(self, start: str | None, end: str | None) -> bool | None:
        after = True if start is None else self.at_least(start)
        reached = False if end is None else self.at_least(end)
        before = None if reached is None else not reached
        if after is False or before is False:
            return False
        return None if after is None or before is None else True


def read_age(written: str | None) -> tuple[int, str] | None:
    """Read 45岁, 8月龄, 12天, 1岁零3月, 2周, 5小时; None for anything else."""
    plain = written.replace(" ", "") if written else ""
    if _HOURS.fullmatch(plain):
        # Completed days.
        return int(re.sub(r"\D", "", plain)) // 24, "d"
    if weeks := _WEEKS.fullmatch(plain):
        return int(weeks[1]) * 7, "d"
    match = _WRITTEN.fullmatch(plain)
    if match is None:
        return None
    number, unit = int(match[1]), _UNITS[match[2]]
    if match[3] is None:
        return number, unit
    more = _UNITS[match[4]]
    if unit == "y" and more == "m":
        return number * 12 + int(match[3]), "m"
    return number, unit


_MONTHS = {"m": 1, "y": 12}


def _reached(number: int, unit: str, bound: int, bound_unit: str) -> bool | None:
    """Whether an age written as completed days, months or years has reached a bound; None if it may or may not have."""
    if unit == "d" and bound_unit == "d":
        return number >= bound
    if unit != "d" and bound_unit != "d":
        low, high = number * _MONTHS[unit], (number + 1) * _MONTHS[unit] - 1
        wanted = bound * _MONTHS[bound_unit]
    elif bound_unit == "d":
        low, high = _fewest_days(number * _MONTHS[unit]), _most_days((number + 1) * _MONTHS[unit]) - 1
        wanted = bound
    else:
        # Completed days against a birthday, which comes after the fewest days at the earliest.
        months = bound * _MONTHS[bound_unit]
        return True if number >= _most_days(months) else False if number < _fewest_days(months) else None
    return True if low >= wanted else False if high < wanted else None


def _fewest_days(months: int) -> int:
    years, rest = divmod(months, 12)
    return years * 365 + years // 5 + (rest * 30 - 2 if rest else 0)


def _most_days(months: int) -> int:
    years, rest = divmod(months, 12)
    return years * 365 + -(-years // 4) + (rest * 31 if rest else 0)
