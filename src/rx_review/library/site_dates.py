"""How a profile writes the form of a date: `YYYY-M-D H:mm:ss`, year first so that day and month are never guessed."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

_TOKENS: dict[str, str] = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "MM": r"(?P<month>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{2})",
    "D": r"(?P<day>[0-9]{1,2})",
    "HH": r"(?P<hour>[0-9]{2})",
    "H": r"(?P<hour>[0-9]{1,2})",
    "mm": r"(?P<minute>[0-9]{2})",
    "ss": r"(?P<second>[0-9]{2})",
    "f": r"(?P<fraction>[0-9]{1,9})",
    "Z": r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})",
}
_SPLIT = re.compile("YYYY|MM|M|DD|D|HH|H|mm|ss|f|Z|.")
_LITERALS = frozenset("-/.:年月日时分秒 T")
_ORDER = ("YYYY", "M", "D", "H", "mm", "ss", "f", "Z")
EXAMPLE = "YYYY-MM-DD HH:mm:ss"


@cache
def date_pattern(form: str) -> re.Pattern[str]:
    """The pattern of a form such as `YYYY/M/D H:mm`, with groups year, month, day, hour, minute and so on.

    A space stands for one or more. `M`, `D` and `H` take one digit or two, `f` a fraction of a second, `Z` an offset.

    Raises:
        ValueError: if the form is none, or could be read in two ways.
    """
    tokens = _SPLIT.findall(form)
    named = [token for token in tokens if token in _TOKENS]
    strange = [token for token in tokens if token not in _TOKENS and token not in _LITERALS]
    if strange:
        raise ValueError(f"{strange[0]!r} stands in no form of a date; write it like {EXAMPLE}")
    order = [_ORDER.index(token if token in _ORDER else token[:1]) for token in named]
    if order != sorted(set(order)) or order[:3] != [0, 1, 2]:
        raise ValueError(f"a date is written year, month, day, then the time, like {EXAMPLE}")
    for token, following in pairwise(tokens):
        if token in ("M", "D", "H", "f") and following in _TOKENS and following != "Z":
            raise ValueError(f"{token} before {following} can be read in two ways; write {token * 2}")
    parts = (_TOKENS.get(token) or (" +" if token == " " else re.escape(token)) for token in tokens)
    return re.compile("".join(parts))


def has_time(form: str) -> bool:
    """Whether a form says the hour and the minute."""
    return {"hour", "minute"} <= date_pattern(form).groupindex.keys()
