"""Patients and prescribers, invented: nobody's name, and identity numbers of no region."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from rx_review.county.regimen import Patients, Regimen

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_WEIGHTS = (
    (0, 3.3), (1, 4.5), (3, 6.4), (6, 8.0), (12, 9.8), (24, 12.3), (36, 14.5), (48, 16.5), (60, 18.5), (72, 20.8),
    (96, 26.0), (120, 32.0), (144, 40.0), (168, 48.0), (192, 54.0),
)  # fmt: skip
"""Median weight in kg by age in months, both sexes together; children of China, rounded."""

_CHECK = "10X98765432"
_WEIGH = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def draw_patient(who: Patients, day: date, random: Random) -> dict[str, Any]:
    """A patient of a regimen with everything known, as the prescription's JSON has it."""
    age = random.randint(*who.age)
    sex = random.choice(("male", "female")) if who.sex == "any" else who.sex
    birth = day - timedelta(days=age)
    patient: dict[str, Any] = {
        "id": f"P{random.randrange(10**8):08d}",
        "name": random.choice(_SURNAMES) + "某",
        "sex": sex,
        "birth_date": birth.isoformat(),
        "weight": draw_weight(age, sex, random),
        "allergies": {"status": "none"},
        "hepatic": "normal",
        "egfr": {"value": random.randint(*(who.egfr or (75, 110))), "on": (day - timedelta(days=20)).isoformat()},
        "identity_number": identity_number(birth, sex, random),
    }
    if who.pregnancy is not None:
        patient |= {"pregnancy": "pregnant", "gestation": random.randint(*who.pregnancy)}
    elif sex == "female" and 12 * 365 < age < 55 * 365:
        patient["pregnancy"] = "not_pregnant"
    if sex == "female" and 12 * 365 < age < 55 * 365:
        patient["lactation"] = who.lactation
    return patient


def draw_weight(age: int, sex: str, random: Random) -> float:
    """A weight in kg for an age in days: near the median of children, else of adults."""
    months = age / 30.4375
    if months >= _WEIGHTS[-1][0]:
        return round(random.uniform(52, 78) if sex == "male" else random.uniform(45, 68), 1)
    place = max(index for index, (month, _) in enumerate(_WEIGHTS) if month <= months)
    (low, light), (high, heavy) = _WEIGHTS[place], _WEIGHTS[place + 1]
    median = light + (heavy - light) * (months - low) / (high - low)
    return round(median * random.uniform(0.92, 1.08), 1)


def identity_number(birth: date, sex: str, random: Random) -> str:
    """An identity number with a right check digit, of a region that does not exist."""
    order = random.randrange(100) * 10 + random.choice((1, 3, 5, 7, 9) if sex == "male" else (0, 2, 4, 6, 8))
    body = f"999999{birth:%Y%m%d}{order:03d}"
    return body + _CHECK[sum(int(digit) * weight for digit, weight in zip(body, _WEIGH, strict=True)) % 11]


def draw_prescriber(regimen: Regimen, tier: str, random: Random) -> dict[str, Any]:
    """Who prescribes it in an institution of that tier: a physician where the law asks for one."""
    strict = regimen.sheet in ("narcotic", "psychotropic_2", "toxic")
    licence, independent = "physician", False
    if tier == "village" and not strict:
        licence = random.choices(("rural_doctor", "assistant", "physician"), (6, 2, 2))[0]
    elif tier == "township" and not strict:
        licence = random.choices(("assistant", "physician"), (3, 7))[0]
    if licence == "assistant":
        independent = True
    number = f"D{random.randrange(600):04d}"
    return {"id": number, "name": random.choice(_SURNAMES) + "医生", "licence": licence, "independent": independent}
