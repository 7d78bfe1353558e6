"""Dates as a profile writes them; a time without an offset is the county's (Asia/Shanghai)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, timezone

from rx_review.domain.values import CHINA, county_day
from rx_review.intake.refusal import Refused, quoted
from rx_review.library.site_dates import date_pattern


def read_instant(text: str, forms: Iterable[str], at: str | None) -> str:
    """An instant with its offset; `at` is the declared time of what has none.

    Raises:
        Refused: if no form fits, there is no such day, or no time is written.
    """
    moment, has_time = _read(text, forms)
    if not has_time:
        if at is None:
            raise Refused(
                f"a date without its time: {quoted(text)}", "send the time too, or declare `time: HH:mm`",
                f"{quoted(text)} 只有日期没有时间；请同时发送时间，或在对接配置中声明 time",
            )  # fmt: skip
        moment = datetime.combine(moment.date(), time.fromisoformat(at), CHINA)
    return moment.isoformat()


def read_day(text: str, forms: Iterable[str]) -> str:
    """The calendar day in the county.

    Raises:
        Refused: if no form fits or there is no such day.
    """
    moment, _ = _read(text, forms)
    try:
        return county_day(moment).isoformat()
    except OverflowError:
        # The first or last day there is, in another zone.
        raise _no_date(text, forms) from None


def _read(text: str, forms: Iterable[str]) -> tuple[datetime, bool]:
    for form in forms:
        match = date_pattern(form).fullmatch(text)
        if match is not None:
            try:
                return _moment(match), match.groupdict().get("minute") is not None
            except ValueError:
                shown = quoted(text)
                raise Refused(
                    f"no such day or time: {shown}", "correct it", f"{shown} 这一天或时间不存在；请更正"
                ) from None
    raise _no_date(text, forms)


def _moment(match: re.Match[str]) -> datetime:
    found = match.groupdict()
    year, month, day, hour, minute, second = (
        int(found.get(part) or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    micro = int((found.get("fraction") or "0").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, micro, _offset(found.get("offset")))


def _offset(written: str | None) -> timezone:
    if written is None:
        return CHINA
    if written == "Z":
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    return timezone(timedelta(hours=hours, minutes=minutes) * (-1 if written[0] == "-" else 1))


def _no_date(text: str, forms: Iterable[str]) -> Refused:
    shown, asked = quoted(text), " / ".join(forms)
    return Refused(
        f"no date of the form {asked}: {shown}", "correct it, or add its form to `dates` in the profile",
        f"{shown} 不是 {asked} 形式的日期；请更正，或在对接配置的 dates 中加上该写法",
    )  # fmt: skip
