"""Faults of the sheet: its heading, diagnosis, people, signatures and validity."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from rx_review.county.fault_kinds import NO_CODE, Change, Outcome
from rx_review.county.writing import Written

_SHEET: Outcome = ((), None)
_YEAR = 365.25


def _days_old(written: Written) -> int:
    patient = written.sheet["patient"]
    issued = date.fromisoformat(written.sheet["issued_at"][:10])
    return (issued - date.fromisoformat(patient["birth_date"])).days


def _without(*fields: str) -> Change:
    """Leave fields of the heading out: of the patient if the patient has them."""

    def leave_out(written: Written, tier: str, random: Random) -> Outcome | None:
        sheet = written.sheet
        for field in fields:
            (sheet["patient"] if field in sheet["patient"] else sheet).pop(field)
        return _SHEET

    return leave_out


def _age_contradicts(written: Written, tier: str, random: Random) -> Outcome | None:
    years = int(_days_old(written) // _YEAR)
    if years < 20:
        return None
    written.sheet["patient"]["age_written"] = f"{years - 12}岁"
    return _SHEET


def _age_written(shortest: float, longest: float, text: str) -> Change:
    """Instead of the birth date an age in years or words, for a patient of these years (the second exclusive)."""

    def write(written: Written, tier: str, random: Random) -> Outcome | None:
        years = _days_old(written) / _YEAR
        if not shortest <= years < longest:
            return None
        del written.sheet["patient"]["birth_date"]
        written.sheet["patient"]["age_written"] = text.format(int(years))
        return _SHEET

    return write


def _diagnosis(*texts: str) -> Change:
    def write(written: Written, tier: str, random: Random) -> Outcome | None:
        chosen = random.choice(texts) if texts else None
        written.sheet["diagnoses"] = [{"text": chosen, "code": None, "kind": "western"}] if chosen else []
        return _SHEET

    return write


def _of_a_decoction(text: str, kind: str) -> Change:
    def write(written: Written, tier: str, random: Random) -> Outcome | None:
        if written.sheet["sheet"] != "herbal":
            return None
        written.sheet["diagnoses"] = [{"text": text, "code": None, "kind": kind}]
        return _SHEET

    return write


def _sign(written: Written, *signed: tuple[str, str, int]) -> None:
    """Put signatures (role, person, revision) under the sheet, one every two minutes from issue on."""
    issued = datetime.fromisoformat(written.sheet["issued_at"])
    written.sheet["signatures"] = [
        {"role": role, "person": person, "at": (issued + timedelta(minutes=2 * n)).isoformat(), "revision": revision}
        for n, (role, person, revision) in enumerate(signed)
    ]


def _after(written: Written, **later: float) -> Outcome:
    return (), datetime.fromisoformat(written.sheet["issued_at"]) + timedelta(**later)


def _altered(revision: int, *signers: str | None) -> Change:
    """Raise the revision; each signer signs the next revision from the first on, None = the prescriber."""

    def alter(written: Written, tier: str, random: Random) -> Outcome | None:
        own = written.sheet["prescriber"]["id"]
        written.sheet["revision"] = revision
        _sign(written, *(("prescriber", signer or own, n) for n, signer in enumerate(signers, 1)))
        return _SHEET

    return alter


def _signed_by_another(written: Written, tier: str, random: Random) -> Outcome | None:
    _sign(written, ("prescriber", "D0999", 1))
    return _SHEET


def _supplied(*signed: tuple[str, str | None, int], revision: int = 1) -> Change:
    """Hand the drugs out with these signatures besides the prescriber's; None = the prescriber."""

    def supply(written: Written, tier: str, random: Random) -> Outcome | None:
        own = written.sheet["prescriber"]["id"]
        written.sheet.update(stage="supply", revision=revision)
        dispensing = [(role, person or own, under) for role, person, under in signed]
        _sign(written, ("prescriber", own, revision), *dispensing)
        return _after(written, minutes=30)

    return supply


def _licensed(licence: str, tiers: Iterable[str], register: str | None) -> Change:
    """Give the prescriber a licence that does not suffice there; `register`: what the register says, None = nothing."""

    def license_(written: Written, tier: str, random: Random) -> Outcome | None:
        if tier not in tiers or written.sheet["sheet"] in ("narcotic", "psychotropic_2"):
            return None
        written.sheet["prescriber"] |= {"licence": licence, "independent": False}
        as_of = written.circumstances["patient"]["as_of"]
        known = {"as_of": as_of, "licence": register, "independent": False}
        written.circumstances["prescriber"] = known if register else None
        return _SHEET

    return license_


def _expired(stage: str, valid_days: int | None, shortest: int, longest: int) -> Change:
    def expire(written: Written, tier: str, random: Random) -> Outcome | None:
        sheet: dict[str, Any] = written.sheet
        sheet |= {"stage": stage} | ({"valid_days": valid_days} if valid_days else {})
        if stage == "supply":
            own = sheet["prescriber"]["id"]
            staff = (("reviewer", "P01", 1), ("dispenser", "P02", 1), ("checker", "P01", 1), ("issuer", "P01", 1))
            _sign(written, ("prescriber", own, 1), *staff)
        return _after(written, days=random.randint(shortest, longest))

    return expire


def _valid_for(days: int) -> Change:
    def write(written: Written, tier: str, random: Random) -> Outcome | None:
        written.sheet["valid_days"] = days
        return _SHEET

    return write


_ALL_STEPS = (("reviewer", "P01", 1), ("dispenser", "P02", 1), ("checker", "P03", 1), ("issuer", "P03", 1))

SHEET_CHANGES: tuple[tuple[str, tuple[str, ...], Change], ...] = (
    ("heading_incomplete", ("1-1",), _without("name", "record_number")),
    ("name_missing", ("1-1",), _without("name")),
    ("sex_missing", ("1-1",), _without("sex")),
    ("age_missing", ("1-1",), _without("birth_date")),
    ("record_number_missing", ("1-1",), _without("record_number")),
    ("department_missing", ("1-1",), _without("department")),
    ("payer_missing", ("1-1",), _without("payer")),
    ("age_contradicts_birth_date", ("1-1",), _age_contradicts),
    ("no_diagnosis", ("1-10",), _diagnosis()),
    ("diagnosis_that_is_none", ("1-10",), _diagnosis("取药", "体检", "开药")),
    ("diagnosis_asks_for_more", ("1-10",), _diagnosis("慢病续方", "代配药", "续方", "转方")),
    ("diagnosis_of_marks", ("1-10",), _diagnosis("??", "/", "。", "-")),
    ("diagnosis_pending", ("1-10",), _diagnosis("待诊", "诊断待定", "待查")),
    ("diagnosis_ruled_out", ("1-10",), _diagnosis("排除肺炎", "无明显异常", "健康")),
    ("signed_by_another", ("1-2",), _signed_by_another),
    ("assistant_alone_in_hospital", ("1-2",), _licensed("assistant", ("county",), None)),
    ("general_assistant_alone_in_hospital", ("1-2",), _licensed("rural_general_assistant", ("county",), None)),
    ("rural_doctor_in_a_hospital", ("1-2",), _licensed("rural_doctor", ("county", "township"), "rural_doctor")),
    ("register_denies_the_licence", ("1-2",), _licensed("physician", ("county",), "assistant")),
    ("supplied_without_review", ("1-3",), _supplied()),
    ("supplied_with_one_signature", ("1-3",), _supplied(("issuer", "P01", 1))),
    ("supplied_without_reviewer", ("1-3",), _supplied(*_ALL_STEPS[1:])),
    ("supplied_without_checker", ("1-3",), _supplied(*_ALL_STEPS[:2])),
    ("one_pharmacist_for_every_step", ("1-3",), _supplied(*((role, "P01", 1) for role, _, _ in _ALL_STEPS))),
    ("prescriber_dispenses", ("1-3",), _supplied(*((role, None, 1) for role, _, _ in _ALL_STEPS))),
    ("review_of_an_earlier_revision", ("1-3",), _supplied(*_ALL_STEPS, revision=2)),
    ("altered_after_signing", ("1-9",), _altered(2, None)),
    ("altered_twice_signed_once_again", ("1-9",), _altered(3, None, None)),
    ("altered_by_another", ("1-9",), _altered(2, None, "D0999")),
    ("expired_at_the_counter", (NO_CODE,), _expired("charge", None, 2, 6)),
    ("expired_when_handed_out", (NO_CODE,), _expired("supply", None, 2, 9)),
    ("expired_although_prolonged", (NO_CODE,), _expired("charge", 3, 4, 8)),
    ("valid_for_a_week", (NO_CODE,), _valid_for(7)),
    ("valid_for_a_month", (NO_CODE,), _valid_for(30)),
)
"""Name, problem codes and change: on most sheets."""

RARE_SHEET_CHANGES: tuple[tuple[str, tuple[str, ...], Change], ...] = (
    ("infant_age_in_years", ("1-4",), _age_written(1, 3, "{}岁")),
    ("baby_age_in_years", ("1-4",), _age_written(0, 1, "{}岁")),
    ("infant_age_in_words", ("1-4",), _age_written(0, 3, "婴幼儿")),
    ("syndrome_left_out", ("1-10",), _of_a_decoction("咳嗽", "tcm_disease")),
    ("western_diagnosis_for_a_decoction", ("1-10",), _of_a_decoction("急性支气管炎", "western")),
)
"""The same, on few sheets."""
