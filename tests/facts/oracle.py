"""How long a supply lasts, from the definition, in exact fractions: what the supply facts are compared with.

One dose takes so many units (片, 支, 瓶). Days = units supplied / (units in a dose x doses a day). What is left of
an opened ampoule is thrown away. What is never split is counted whole: the days without the last one are those
that the others give.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

UG = {"ug": Fraction(1), "mg": Fraction(1_000), "g": Fraction(1_000_000)}
IU = {"IU": Fraction(1), "U": Fraction(1), "万U": Fraction(10_000)}
ML = {"ml": Fraction(1)}


@dataclass(frozen=True)
class Product:
    """What one unit holds, how many stand in a pack, and whether a unit is split or thrown away."""

    unit: str
    content: tuple[Fraction, str] | None = None
    volume: Fraction | None = None
    pack: int | None = None
    whole: bool = False
    injected: bool = False


@dataclass(frozen=True)
class Regimen:
    """So much at a time, so many times in so many days, and so much handed over."""

    dose: Fraction
    dose_unit: str
    times: int
    period: int
    quantity: Fraction
    quantity_unit: str


def units_in_a_dose(product: Product, regimen: Regimen) -> Fraction | None:
    """Units that one dose takes; None where the product does not say."""
    if regimen.dose_unit == product.unit:
        units = regimen.dose
    elif regimen.dose_unit in ML:
        units = regimen.dose / product.volume if product.volume else None
    elif product.content is None or (regimen.dose_unit in UG) != (product.content[1] in UG):
        units = None
    else:
        of = UG if regimen.dose_unit in UG else IU
        units = regimen.dose * of[regimen.dose_unit] / (product.content[0] * of[product.content[1]])
    if units is None or not product.injected or units.denominator == 1:
        return units
    if units < 1 and regimen.dose_unit not in UG and regimen.dose_unit not in ML:
        return None  # a counted part, or some units: of a pen or a multi-dose vial
    return Fraction(ceil(units))


def days(product: Product, regimen: Regimen) -> tuple[Fraction, Fraction, Fraction] | None:
    """Days, days without the last whole piece, and doses; None where they cannot be computed."""
    one = units_in_a_dose(product, regimen)
    if not one:
        return None
    if regimen.quantity_unit == "盒":
        if product.pack is None:
            return None
        units, last = regimen.quantity * product.pack, Fraction(product.pack)
    else:
        units, last = regimen.quantity, Fraction(1) if product.whole else Fraction(0)
    a_day = one * regimen.times / regimen.period
    return units / a_day, max(Fraction(0), units - last) / a_day, units / one


def hundredths(value: Fraction) -> int:
    """As the rules see it: hundredths, rounded up."""
    return ceil(value * 100)
