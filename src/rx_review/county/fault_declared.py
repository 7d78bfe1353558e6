"""Faults that add drugs: `fault_tables/*.yaml`. Whatever the added drugs need besides is made right.

The sheet keeps its own lines where they suit the patient of the fault: an adult of that sex, not pregnant, with sound
kidneys, treated as an outpatient. Else the lines of the fault make up the sheet, so that nothing but the planted fault
is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rx_review.county.entries import read_entries
from rx_review.county.fault_kinds import Change, Fault, Outcome
from rx_review.county.fault_merge import merge
from rx_review.county.patient import draw_weight, identity_number
from rx_review.county.regimen import Tier
from rx_review.county.writing import Written
from rx_review.domain.prescription import Licence, Setting, Sheet
from rx_review.domain.registers import RightKind, Title

_TABLES = Path(__file__).with_name("fault_tables")
_DAYS_IN = {"d": 1.0, "m": 30.4375, "y": 365.25}
_YEAR = 365.25
_ADULT, _OLD, _CHILD = 18, 80, 14
_SOUND_EGFR = 60
_CHILDBEARING = ("pregnancy", "gestation", "lactation")
_MOST_DRUGS = 5
_CONTROLLED = ("narcotic", "psychotropic_2", "toxic")


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Patient(_Form):
    """What is known of the patient of a fault; `age` is a number with d, m or y, `weight` kg, `egfr` ml/min/1.73m2."""

    age: str | None = Field(None, pattern=r"^\d{1,3}[dmy]$")
    sex: Literal["male", "female"] | None = None
    weight: float | None = None
    pregnancy: Literal["pregnant"] | None = None
    gestation: int | None = None
    lactation: bool | None = None
    egfr: int | None = None
    hepatic: Literal["mild", "moderate", "severe"] | None = None
    allergies: dict[str, Any] | None = None

    @property
    def days(self) -> int | None:
        """Age in days, some way past the birthday; None if any adult will do."""
        if self.age is None:
            return None
        number, unit = int(self.age[:-1]), self.age[-1]
        return int(number * _DAYS_IN[unit]) + {"d": 0, "m": 5, "y": 40}[unit]

    @property
    def special(self) -> bool:
        """Whether something is set that lines written for somebody else would not suit."""
        return bool(self.model_fields_set - {"age", "sex"})


class _Prescriber(_Form):
    """What is changed of the prescriber, on the sheet and in the register; `oneself`: prescribes for themselves."""

    licence: Licence | None = None
    title: Title | None = None
    rights: tuple[RightKind, ...] = ()
    oneself: bool = False


class _Reason(_Form):
    for_: Literal["quantity", "dose"] = Field(alias="for")
    text: str


class _Entry(_Form):
    """A declared fault.

    `on` and `tiers` say where it can be planted, `alone` that its lines make up the sheet, `among` that it is none
    without the sheet's own lines, `no_excuse` that neither a reason nor a chronic entitlement excuses it, `beside`
    what stands on another sheet of the visit. `put` is merged into the sheet, `known` into the circumstances: trees
    are merged, anything else replaced, null taken away; `issued-95d` is a day counted from that of issue. `after_days`
    is how long after issue it is reviewed.
    """

    fault: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    codes: tuple[str, ...] = Field(min_length=1)
    on: Literal["western", "herbal"] = "western"
    tiers: tuple[Tier, ...] = ("village", "township", "county")
    setting: Setting | None = None
    sheet: Sheet | None = None
    long_term: bool = False
    pain_programme: bool = False
    identity: bool = True
    alone: bool = False
    among: bool = False
    no_excuse: bool = False
    only_diagnosis: bool = False
    patient: _Patient = _Patient()
    prescriber: _Prescriber | None = None
    reason: _Reason | None = None
    diagnoses: tuple[dict[str, Any], ...] = ()
    lines: tuple[dict[str, Any], ...] = ()
    beside: tuple[dict[str, Any], ...] = ()
    put: dict[str, Any] = Field(default_factory=dict)
    known: dict[str, Any] = Field(default_factory=dict)
    after_days: int | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> _Entry:
        if not (self.lines or self.put or self.known or self.after_days):
            raise ValueError(f"{self.fault}: nothing is changed")
        return self


def declared_faults(cache: Path | None = None) -> Iterator[Fault]:
    """Every declared fault.

    Args:
        cache: where to keep what was read of the tables, by content; None keeps nothing.

    Raises:
        pydantic.ValidationError: if an entry is wrong.
    """
    for path in sorted(_TABLES.glob("*.yaml")):
        for tree in read_entries(path.read_bytes(), "faults", cache):
            entry = _Entry.model_validate(tree)
            yield Fault(entry.fault, frozenset(entry.codes), _adding(entry), entry.on == "herbal")


def _adding(entry: _Entry) -> Change:
    def add(written: Written, tier: str, random: Random) -> Outcome | None:
        sheet = written.sheet
        if (sheet["sheet"] == "herbal") != (entry.on == "herbal") or sheet["sheet"] in _CONTROLLED:
            return None
        stay = _own_lines_stay(sheet, entry)
        if tier not in entry.tiers or ((entry.among or not entry.lines) and not stay):
            return None
        if not stay:
            _start_again(written, entry, random)
        elif entry.patient.age is not None:
            _set_age(sheet, entry.patient, random)
        _set_patient(sheet, entry.patient)
        _set_sheet(written, entry)
        _set_people(written, entry)
        numbers = _number(sheet["lines"], entry)
        if entry.reason is not None:
            reason = {"for": entry.reason.for_, "text": entry.reason.text}
            sheet["reasons"] = [*sheet["reasons"], reason | {"lines": list(numbers)}]
        at = merge(written, entry.put, entry.known, entry.after_days)
        return numbers, at

    return add


def _number(lines: list[dict[str, Any]], entry: _Entry) -> tuple[int, ...]:
    first = max((line["line"] for line in lines), default=0) + 1
    numbers = tuple(range(first, first + len(entry.lines)))
    lines += [{"line": n, **line} for n, line in zip(numbers, entry.lines, strict=True)]
    return numbers


def _age(sheet: dict[str, Any]) -> float:
    """Years between birth and issue."""
    born = date.fromisoformat(sheet["patient"]["birth_date"])
    return (_issued(sheet) - born).days / _YEAR


def _issued(sheet: dict[str, Any]) -> date:
    return date.fromisoformat(sheet["issued_at"][:10])


def _own_lines_stay(sheet: dict[str, Any], entry: _Entry) -> bool:
    patient, wanted = sheet["patient"], entry.patient
    if entry.alone or entry.setting or entry.sheet or entry.long_term or wanted.special:
        return False
    if entry.on == "western" and entry.lines and len(sheet["lines"]) + len(entry.lines) > _MOST_DRUGS:
        return False
    if sheet["setting"] != "outpatient" or sheet["long_term"] or not _ADULT <= _age(sheet) < _OLD:
        return False
    if wanted.days is not None and wanted.days < _ADULT * _YEAR:
        return False
    return wanted.sex in (None, patient["sex"]) and not _is_special(patient)


def _is_special(patient: dict[str, Any]) -> bool:
    return (
        patient.get("pregnancy") == "pregnant"
        or bool(patient.get("lactation"))
        or patient.get("egfr", {"value": _SOUND_EGFR})["value"] < _SOUND_EGFR
        or patient.get("hepatic", "normal") != "normal"
    )


def _start_again(written: Written, entry: _Entry, random: Random) -> None:
    """Make the sheet an outpatient's with no lines, for an ordinary patient of the wanted age and sex."""
    sheet, register = written.sheet, written.circumstances["patient"]
    patient = sheet["patient"]
    if _is_special(patient):
        for name in (*_CHILDBEARING, "egfr", "hepatic"):
            patient.pop(name, None)
    patient["sex"] = entry.patient.sex or patient["sex"]
    if entry.patient.age is not None or not _ADULT <= _age(sheet) < _OLD:
        _set_age(sheet, entry.patient, random)
    years = _age(sheet)
    if patient["sex"] == "male" or not 12 <= years < 55:
        for name in _CHILDBEARING:
            patient.pop(name, None)
    patient["chronic_entitlements"] = register["chronic_entitlements"] = []
    sheet |= {"lines": [], "reasons": [], "long_term": False, "setting": "outpatient"}
    sheet["diagnoses"] = [] if entry.diagnoses else sheet["diagnoses"]
    if entry.on == "western":
        sheet["sheet"] = "paediatric" if years < _CHILD else "ordinary"
    if years < _CHILD:
        sheet["department"] = "儿科"


def _set_age(sheet: dict[str, Any], wanted: _Patient, random: Random) -> None:
    patient = sheet["patient"]
    days = wanted.days if wanted.days is not None else random.randint(30 * 366, 60 * 365)
    patient["birth_date"] = (_issued(sheet) - timedelta(days=days)).isoformat()
    if "weight" in patient or days < _CHILD * _YEAR:
        patient["weight"] = draw_weight(days, patient["sex"], random)


def _set_patient(sheet: dict[str, Any], wanted: _Patient) -> None:
    patient = sheet["patient"]
    if wanted.egfr is not None:
        patient["egfr"] = {"value": wanted.egfr, "on": (_issued(sheet) - timedelta(days=9)).isoformat()}
    for name in (*_CHILDBEARING, "hepatic", "weight", "allergies"):
        value = getattr(wanted, name)
        if value is not None:
            patient[name] = value


def _set_sheet(written: Written, entry: _Entry) -> None:
    sheet, register = written.sheet, written.circumstances["patient"]
    if entry.no_excuse:
        sheet["reasons"] = []
        sheet["patient"]["chronic_entitlements"] = register["chronic_entitlements"] = []
    if entry.setting is not None:
        sheet["setting"] = entry.setting
        sheet["sheet"] = "emergency" if entry.setting == "emergency" else sheet["sheet"]
    if entry.sheet is not None:
        sheet["sheet"] = entry.sheet
        register["pain_programme"] = entry.pain_programme
    if entry.long_term:
        sheet["long_term"] = True
    named = [{"kind": "western", **diagnosis} for diagnosis in entry.diagnoses]
    sheet["diagnoses"] = named if entry.only_diagnosis else [*sheet["diagnoses"], *named]
    if entry.beside:
        sheet["visit"] = sheet.get("visit") or f"V{sheet['number']}"
        lines = [{"line": n, **_as_text(line)} for n, line in enumerate(entry.beside, 1)]
        other = {"number": f"{sheet['number']}-2", "lines": lines}
        written.circumstances["visit"] = {"as_of": register["as_of"], "sheets": [other]}


def _as_text(line: dict[str, Any]) -> dict[str, Any]:
    """The line with its fractions as digits: circumstances are read from JSON, where 0.1 is not exact."""
    return {name: str(value) if isinstance(value, float) else value for name, value in line.items()}


def _set_people(written: Written, entry: _Entry) -> None:
    sheet = written.sheet
    patient, prescriber = sheet["patient"], sheet["prescriber"]
    if sheet["sheet"] in _CONTROLLED and entry.identity:
        born = date.fromisoformat(patient["birth_date"])
        number = int(re.sub(r"\D", "", sheet["number"]))
        patient["identity_number"] = identity_number(born, patient["sex"], Random(number))
    changed = entry.prescriber
    if changed is None and sheet["sheet"] not in _CONTROLLED:
        return
    licence = (changed and changed.licence) or "physician"
    prescriber |= {"licence": licence, "independent": licence == "assistant"}
    record = written.circumstances.get("prescriber")
    if record is not None or changed is not None:
        rights = [{"kind": kind, "from": "2020-03-01"} for kind in changed.rights] if changed else None
        record = (record or {"as_of": written.circumstances["patient"]["as_of"]}) | {
            "licence": licence, "independent": licence == "assistant",
        }  # fmt: skip
        if changed is not None and changed.rights:
            record["rights"] = rights
        if changed is not None and changed.title is not None:
            record["title"] = changed.title
        written.circumstances["prescriber"] = record
    if changed is not None and changed.oneself:
        prescriber |= {"name": patient["name"], "identity_number": patient["identity_number"]}
