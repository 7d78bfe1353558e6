"""Treatment regimens as a county's doctors write them: `regimens/*.yaml`, from guidelines, never from rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml.error import YAMLError

from rx_review.county.entries import read_entries
from rx_review.domain.prescription import ReasonFor, Setting, Sheet
from rx_review.errors import Fault, LibraryError

FOLDER = Path(__file__).with_name("regimens")

Topic: TypeAlias = Literal["chronic", "acute", "paediatric", "obstetric", "tcm", "controlled", "long_term", "emergency"]
Tier: TypeAlias = Literal["village", "township", "county"]

_AGES = re.compile(r"(\d{1,4})([dmy])-(\d{1,4})([dmy])")
_RANGE = re.compile(r"(\d{1,3})-(\d{1,3})")
_DAYS_IN = {"d": Decimal(1), "m": Decimal("30.4375"), "y": Decimal("365.25")}

Chance: TypeAlias = Annotated[float, Field(gt=0, le=1)]
Weight: TypeAlias = Annotated[int, Field(ge=1, le=1000)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dispensed(_Form):
    """A drug with its dose; either `per_day` and `pack` say how much is supplied, or a fixed `quantity` does."""

    generic: str
    kind: Literal["granule"] | None = None
    form: str | None = None
    strength: str | None = None
    dose: Decimal | None = None
    unit: str | None = None
    route: str | None = None
    frequency: str | None = None
    per_day: Decimal | None = None
    pack: Decimal | None = None
    quantity: Decimal | None = None
    sold: str | None = None
    days: int | None = None
    group: int | None = None
    skin_test: Literal["ordered", "negative", "exempt"] | None = None
    footnote: str | None = None
    usage: str | None = None

    @model_validator(mode="after")
    def _counts_one_way(self) -> Dispensed:
        if (self.per_day is None) != (self.pack is None) or (self.per_day is not None and self.quantity is not None):
            raise ValueError(f"{self.generic}: write per_day with pack, or quantity, not both")
        return self


class Choice(_Form):
    """One of several drugs, each as likely as the next, or one drug; written with a chance."""

    one_of: Annotated[tuple[Dispensed, ...], Field(min_length=1)]
    chance: Chance = 1.0


class Named(_Form):
    """A diagnosis as doctors write it."""

    text: str
    code: str | None = None
    kind: Literal["western", "tcm_disease", "tcm_syndrome"] = "western"
    chance: Chance = 1.0


class Patients(_Form):
    """Who is treated so. Ages are days, both ends inclusive."""

    sex: Literal["any", "male", "female"] = "any"
    age: tuple[int, int]
    pregnancy: tuple[int, int] | None = None
    lactation: bool = False
    egfr: tuple[int, int] | None = None
    chronic: bool = False
    pain_programme: bool = False

    @field_validator("age", mode="before")
    @classmethod
    def _ages(cls, written: object) -> object:
        match = _AGES.fullmatch(str(written))
        if match is None:
            raise ValueError("write an age as 45y-85y, 6m-3y or 1d-28d")
        low, high = int(match[1]) * _DAYS_IN[match[2]], (int(match[3]) + 1) * _DAYS_IN[match[4]] - 1
        return int(low) + (match[2] != "d"), int(high)

    @field_validator("pregnancy", "egfr", mode="before")
    @classmethod
    def _ranges(cls, written: object) -> object:
        if written is None:
            return None
        match = _RANGE.fullmatch(str(written))
        if match is None:
            raise ValueError("write a range as 8-36")
        return int(match[1]), int(match[2])


class Why(_Form):
    """The reason that the prescriber gives."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    for_: Annotated[ReasonFor, Field(alias="for")]
    text: str


class Packets(_Form):
    """Packets of a decoction, one number of which is drawn."""

    packets: Annotated[tuple[int, ...], Field(min_length=1)]
    frequency: str = "qd"


class Regimen(_Form):
    """A treatment, who gets it, where and how often."""

    regimen: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    source: str
    topic: Topic
    share: Weight
    tiers: Annotated[Mapping[Tier, Weight], Field(min_length=1)]
    setting: Setting = "outpatient"
    sheet: Sheet = "ordinary"
    department: str
    patient: Patients
    diagnoses: Annotated[tuple[Named, ...], Field(min_length=1)]
    days: Annotated[tuple[int, ...], Field(min_length=1)] = (7,)
    reason: Why | None = None
    long_term: bool = False
    decoction: Packets | None = None
    lines: Annotated[tuple[Choice, ...], Field(min_length=1)]

    @field_validator("lines", mode="before")
    @classmethod
    def _plain_lines(cls, written: object) -> object:
        if not isinstance(written, list):
            return written
        return [_choice(line) for line in written]


def _choice(line: object) -> object:
    if not isinstance(line, dict) or "one_of" in line:
        return line
    drug = {key: value for key, value in line.items() if key != "chance"}
    return {"one_of": [drug], **({"chance": line["chance"]} if "chance" in line else {})}


def read_regimens(folder: Path = FOLDER, cache: Path | None = None) -> tuple[Regimen, ...]:
    """Read every regimen of a folder, in the order of files and of what stands in them.

    Args:
        folder: the folder of `*.yaml`.
        cache: where to keep what was read, by content, since reading YAML takes seconds; None keeps nothing.

    Raises:
        LibraryError: with each fault, by file and regimen.
    """
    faults: list[Fault] = []
    found: list[Regimen] = []
    seen: set[str] = set()
    for path in sorted(folder.glob("*.yaml")):
        try:
            entries = read_entries(path.read_bytes(), "regimens", cache)
        except YAMLError as error:
            faults.append(Fault(path.name, f"not YAML: {error}", "correct the file"))
            continue
        for number, entry in enumerate(entries or (), 1):
            name = entry.get("regimen", f"number {number}") if isinstance(entry, dict) else f"number {number}"
            try:
                regimen = Regimen.model_validate(entry)
            except ValidationError as error:
                faults += [
                    Fault(f"{path.name}: {name}: {'.'.join(map(str, detail['loc']))}", detail["msg"], "correct it")
                    for detail in error.errors()
                ]
                continue
            if regimen.regimen in seen:
                faults.append(Fault(f"{path.name}: {name}", "the name is taken", "give each regimen its own"))
            seen.add(regimen.regimen)
            found.append(regimen)
    if faults:
        raise LibraryError(*faults)
    return tuple(found)
