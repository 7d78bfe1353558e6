"""Ages by the calendar: on the birthday, not about it; an age written in years answers only what it can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_WRITTEN = re.compile(r"(\d{1,3})(岁|周岁|月|个月|天|日)(?:(\d{1,2})(月|个月|天|日))?")
_UNITS = {"岁": "y", "周岁": "y", "月": "m", "个月": "m", "天": "d", "日": "d"}


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
        low, high = _span(self.written)
        bound_low, bound_high = _span((number, unit), exact=True)
        if low >= bound_high:
            return True
        return False if high < bound_low else None

    def within(self, start: str | None, end: str | None) -> bool | None:
        """Whether the age lies in [start, end); None if that cannot be said."""
        after = True if start is None else self.at_least(start)
        reached = False if end is None else self.at_least(end)
        before = None if reached is None else not reached
        if after is False or before is False:
            return False
        return None if after is None or before is None else True


def read_age(written: str | None) -> tuple[int, str] | None:
    """Read 45岁, 8月, 12天, 1岁3月; None for anything else."""
    match = _WRITTEN.fullmatch(written.replace(" ", "")) if written else None
    if match is None:
        return None
    number, unit = int(match[1]), _UNITS[match[2]]
    if match[3] is None:
        return number, unit
    more = _UNITS[match[4]]
    if unit == "y" and more == "m":
        return number * 12 + int(match[3]), "m"
    return number, unit


def _span(age: tuple[int, str], *, exact: bool = False) -> tuple[float, float]:
    """Lowest and highest number of days that an age may mean; `exact` for the day it is completed."""
    number, unit = age
    shortest, longest = {"d": (1.0, 1.0), "m": (30.4, 30.5), "y": (365.0, 365.5)}[unit]
    if unit in "my" and number:
        # Compare like with like: years with years and months of years give the same numbers on both sides.
        shortest = longest = {"m": 30.436875, "y": 365.2425}[unit]
    return number * shortest, number * longest if exact else (number + 1) * longest - 1
