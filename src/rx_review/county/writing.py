"""From a regimen to a prescription with everything filled in, and to what the registers say of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import ROUND_CEILING, Decimal
from random import Random
from typing import Any, NamedTuple

from rx_review.county.patient import draw_patient, draw_prescriber
from rx_review.county.regimen import Choice, Dispensed, Regimen
from rx_review.county.registers import draw_circumstances
from rx_review.domain.values import CHINA

_PAYERS = (("城乡居民医保", 7), ("职工医保", 2), ("自费", 1))


class Member(NamedTuple):
    """An institution that prescribes."""

    institution: str
    tier: str
    lead: str = ""
    """The institution at the head of its community."""


class Written(NamedTuple):
    """A prescription and the circumstances of its review, as JSON trees."""

    sheet: dict[str, Any]
    circumstances: dict[str, Any]


def write_prescription(regimen: Regimen, member: Member, day: date, number: str, random: Random) -> Written:
    """Write one prescription as a careful doctor would: nothing is left out."""
    issued = datetime.combine(day, _hour(regimen, random), CHINA)
    days = random.choice(regimen.days)
    lines = _lines(regimen.lines, days, random)
    prescriber = draw_prescriber(regimen, member.tier, random)
    patient = draw_patient(regimen.patient, day, random)
    entitled = ["M00500"] if regimen.patient.chronic else []
    sheet: dict[str, Any] = {
        "number": number,
        "stage": "signed",
        "setting": regimen.setting,
        "sheet": regimen.sheet,
        "institution": member.institution,
        "visit": f"V{number}",
        "record_number": f"M{random.randrange(10**7):07d}",
        "department": regimen.department,
        "payer": random.choices([name for name, _ in _PAYERS], [weight for _, weight in _PAYERS])[0],
        "issued_at": issued.isoformat(),
        "long_term": regimen.long_term,
        "prescriber": prescriber,
        "patient": patient | {"chronic_entitlements": entitled},
        "diagnoses": [
            {"text": named.text, "code": named.code, "kind": named.kind}
            for named in regimen.diagnoses
            if random.random() < named.chance
        ]
        or [{"text": regimen.diagnoses[0].text, "code": regimen.diagnoses[0].code, "kind": regimen.diagnoses[0].kind}],
        "lines": lines,
        "reasons": _reasons(regimen),
        "signatures": [{"role": "prescriber", "person": prescriber["id"], "at": issued.isoformat(), "revision": 1}],
    }
    if regimen.decoction is not None:
        packets = random.choice(regimen.decoction.packets)
        sheet["decoction"] = {"packets": packets, "frequency": regimen.decoction.frequency}
    circumstances = draw_circumstances(regimen, sheet, member.lead, member.tier, issued, random)
    return Written(sheet, circumstances)


def _hour(regimen: Regimen, random: Random) -> time:
    hour = random.randrange(24) if regimen.setting in ("emergency", "observation") else random.randrange(8, 18)
    return time(hour, random.randrange(60))


def _lines(choices: Sequence[Choice], days: int, random: Random) -> list[dict[str, Any]]:
    drawn = [random.choice(choice.one_of) for choice in choices if random.random() < choice.chance]
    drawn = drawn or [random.choice(choices[0].one_of)]
    return [_line(number, drug, days) for number, drug in enumerate(drawn, 1)]


def _line(number: int, drug: Dispensed, days: int) -> dict[str, Any]:
    taken = drug.days or (days if drug.per_day is not None else None)
    line: dict[str, Any] = {
        "line": number,
        "generic": drug.generic,
        "kind": drug.kind,
        "form": drug.form,
        "strength": drug.strength,
        "dose": drug.dose,
        "dose_unit": drug.unit,
        "route": drug.route,
        "frequency": drug.frequency,
        "days": taken,
        "quantity": _quantity(drug, taken),
        "quantity_unit": drug.sold,
        "group": drug.group,
        "skin_test": drug.skin_test,
        "footnote": drug.footnote,
        "usage": drug.usage,
    }
    return {name: value for name, value in line.items() if value is not None}


def _quantity(drug: Dispensed, days: int | None) -> Decimal | None:
    """Whole packs for the days: packs are not split."""
    if drug.per_day is None or drug.pack is None or days is None:
        return drug.quantity
    return (drug.per_day * days / drug.pack).to_integral_value(ROUND_CEILING)


def _reasons(regimen: Regimen) -> list[dict[str, Any]]:
    if regimen.reason is None:
        return []
    return [{"for": regimen.reason.for_, "text": regimen.reason.text}]
