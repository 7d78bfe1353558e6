"""Strengths as lists print them, compared with strengths as they are written: 0.3% is 100ml:0.3g, 每丸重9g is 9g.

`strength.py` reads one amount, alone or in a volume. Here are the other ways to say a strength: concentrations,
volumes, compounds, pills by the ten, what stands in brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import product

from rx_review.facts.strength import same_strength, split_strength
from rx_review.library.lookup import fold

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_UNITS: dict[str, tuple[str, Fraction]] = {
    "ng": ("ug", Fraction(1, 1000)), "ug": ("ug", Fraction(1)), "μg": ("ug", Fraction(1)), "mcg": ("ug", Fraction(1)),
    "微克": ("ug", Fraction(1)), "mg": ("ug", Fraction(1000)), "毫克": ("ug", Fraction(1000)),
    "g": ("ug", Fraction(1_000_000)), "克": ("ug", Fraction(1_000_000)),
    "万国际单位": ("IU", Fraction(10_000)), "万单位": ("IU", Fraction(10_000)), "万iu": ("IU", Fraction(10_000)),
    "万u": ("IU", Fraction(10_000)), "亿单位": ("IU", Fraction(100_000_000)), "国际单位": ("IU", Fraction(1)),
    "单位": ("IU", Fraction(1)), "iu": ("IU", Fraction(1)), "u": ("IU", Fraction(1)),
    "ml": ("ml", Fraction(1)), "毫升": ("ml", Fraction(1)), "l": ("ml", Fraction(1000)),
    # One per cent is 10 mg in a millilitre of a solution or in a gram of a cream.
    "%": ("%", Fraction(10_000)),
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_AMOUNT = re.compile(_NUMBER + f"({_UNIT})(?![a-z])")
# Names that end in a figure, before the figure of their amount: 维生素D3 125国际单位.
_NAME = re.compile("维生素(?:b12|b[126]|d[23]|k1)")
_PER_ML = re.compile(_NUMBER + "(ng|ug|μg|mcg|mg|g|万单位|单位|iu|u)/ml(?![a-z])")
_CRUDE = re.compile("原药材|原生药|生药|饮片")
# 每10丸重1.5g: so much in so many. 每8丸相当于饮片3g: so much crude drug in so many.
_BY_COUNT = re.compile(r"每([1-9][0-9]*)(?:丸|粒|片)[^0-9]*" + _NUMBER + "(mg|g)")
# 每1ml相当于饮片1.5g says how it is made, not how much is in a bottle.
_CRUDE_IN_ONE = re.compile(r"每1(?:g|ml)相当于[^,;、()]*")
_EACH = re.compile(r"[/每](?:素丸|丸|粒|片|袋|瓶|支|贴|张|盒|揿|喷|吸|泡|听|包)")
_COUNTED = re.compile(r"[0-9]+(?:揿|喷|吸|泡|片|粒|丸|袋|支|瓶|贴|包|听)")
_BRACKETED = re.compile(r"\(([^()]*)\)")
_SIDES = re.compile(r"([0-9.]+)cm[×*x]([0-9.]+)cm")


@dataclass(frozen=True, slots=True)
class Presentation:
    """One way to say a strength: amounts (ug, IU), a volume (ml), a concentration (ug or IU in 1 ml or 1 g)."""

    amounts: tuple[tuple[str, Fraction], ...]
    volume: Fraction | None = None
    concentration: tuple[str, Fraction] | None = None
    crude: bool = False
    """Whether the amount is of the crude drug that it is made from, not of the product."""


def written_presentation(strength: str | None) -> str | None:
    """A written strength without its pack, folded; `7cm×10cm*5贴` keeps its two sides."""
    sides = _SIDES.search(fold(strength)) if strength else None
    return f"{sides[1]}cmx{sides[2]}cm" if sides else split_strength(strength)[0]


@lru_cache(maxsize=8192)
def same_presentation(printed: str, written: str) -> bool | None:
    """Whether two folded strengths are the same; None if they cannot be compared.

    Each may say its strength twice, `0.25g(25万单位)`: alike in one is alike.
    """
    plain = same_strength(printed, written)
    if plain:
        return True
    if _SIDES.fullmatch(printed) and _SIDES.fullmatch(written):
        return False
    told = [_same(one, other) for one, other in product(_read(printed), _read(written))]
    return True if True in told else False if False in told or plain is False else None


def _read(text: str) -> tuple[Presentation, ...]:
    text = _NAME.sub("", text.replace("∶", ":").replace("[", "(").replace("]", ")"))
    read = [
        Presentation((_amount(found[2], found[3], int(found[1])),), crude=_CRUDE.search(found[0]) is not None)
        for found in _BY_COUNT.finditer(text)
    ]
    text = _CRUDE_IN_ONE.sub(" ", _BY_COUNT.sub(" ", text))
    inner: list[str] = []
    while _BRACKETED.search(text):
        inner += [part for part in _BRACKETED.findall(text) if "相当于" not in part and not _CRUDE.search(part)]
        text = _BRACKETED.sub(" ", text)
    ways = (text, *inner, " ".join((text, *inner))) if inner else (text,)
    return (*read, *(reading for way in ways if (reading := _reading(way)) is not None))


def _reading(text: str) -> Presentation | None:
    text = _COUNTED.sub(" ", _EACH.sub(" ", text))
    dense = _PER_ML.search(text)
    concentration: tuple[str, Fraction] | None = None
    if dense is not None:
        concentration = _amount(dense[1], dense[2])
        text = text.replace(dense[0], " ")
    amounts: list[tuple[str, Fraction]] = []
    volume: Fraction | None = None
    for number, unit in _AMOUNT.findall(text):
        base, value = _amount(number, unit)
        if base == "ml":
            volume = volume or value
        elif base == "%":
            concentration = concentration or ("ug", value)
        elif value:
            amounts.append((base, value))
    if concentration is not None and volume is not None and not amounts:
        amounts.append((concentration[0], concentration[1] * volume))
    if not amounts and volume is None and concentration is None:
        return None
    return Presentation(tuple(sorted(amounts)), volume, concentration)


def _amount(number: str, unit: str, among: int = 1) -> tuple[str, Fraction]:
    base, factor = _UNITS[unit]
    return base, Fraction(Decimal(number)) * factor / among


def _same(printed: Presentation, written: Presentation) -> bool | None:
    if printed.crude != written.crude:
        return None
    if not printed.amounts:
        return _same_concentration(printed, written) if printed.concentration else _same_volume(printed, written)
    if printed.volume and written.volume and printed.volume != written.volume:
        return False
    if printed.amounts == written.amounts:
        return True
    bases = {base for base, _ in printed.amounts}
    if len(bases) != 1 or bases != {base for base, _ in written.amounts}:
        return None
    if len(printed.amounts) == len(written.amounts):
        return False
    # 0.3125g is 250mg:62.5mg.
    whole = sum(value for _, value in printed.amounts) == sum(value for _, value in written.amounts)
    return True if whole and 1 in (len(printed.amounts), len(written.amounts)) else None


def _same_concentration(printed: Presentation, written: Presentation) -> bool | None:
    """A list that prints a concentration alone means every pack of it."""
    found = written.concentration
    if found is None and written.volume and len(written.amounts) == 1:
        base, value = written.amounts[0]
        found = base, value / written.volume
    elif found is None and len(written.amounts) == 2 and {base for base, _ in written.amounts} == {"ug"}:
        # 20g:0.4g of a cream: so much in so many grams.
        (_, less), (_, more) = written.amounts
        found = "ug", less / more * 1_000_000
    if found is None or printed.concentration is None or found[0] != printed.concentration[0]:
        return None
    return found == printed.concentration


def _same_volume(printed: Presentation, written: Presentation) -> bool | None:
    """A list that prints a volume alone means every content in it."""
    return None if written.volume is None else printed.volume == written.volume
