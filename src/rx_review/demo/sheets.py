"""The sheets of one day, and what chronic patients collected before: drawn from treatment regimens by a seed.

Each sheet has its own source of chance, named by seed and order: another number of sheets, or another day, changes none
of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from rx_review.county.dialect import speak
from rx_review.county.faults import plant
from rx_review.county.gaps import leave_gaps
from rx_review.county.generate import County
from rx_review.county.regimen import Regimen
from rx_review.county.writing import Member, Written, write_prescription
from rx_review.demo.people import Doctor, doctors_of
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_prescription
from rx_review.errors import InputError

FAULTY, AGAIN = 0.04, 0.02
"""Shares of sheets: with a fault planted, and a second sheet of somebody who was elsewhere the same day."""
_WITH_PAST, _TOO_EARLY, _EVEN_BEFORE = 0.6, 0.08, 0.3
_SHORTEST_COURSE = 7
LOOKED_BACK = timedelta(days=200)


class Earlier(NamedTuple):
    """A sheet that was supplied before the day, and what the register says of its patient since then."""

    prescription: Prescription
    registration: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sheet of the day. `sound` is what its doctor would write when told of a fault; `earlier` is oldest first."""

    order: int
    prescription: Prescription
    sound: Prescription
    tier: str
    earlier: tuple[Earlier, ...]


class Sheets:
    """Draws the sheets of a day.

    Args:
        county: members and regimens.
        seed: the same seed, the same sheets.
        day: of issue.
        count: how many.
    """

    def __init__(self, county: County, seed: int, day: date, count: int) -> None:
        self._county, self._seed, self._day, self._count = county, seed, day, count
        self._tiers = {member.institution: member for here in county.members.values() for member in here}
        self.members: Sequence[Member] = tuple(self._tiers.values())
        chance = Random(f"{seed}:again")
        again = sorted(chance.sample(range(1, count), int(AGAIN * count))) if count > 1 else []
        self._sources = {order: chance.randrange(order) for order in again}
        self._elsewhere = frozenset(self._sources.values())

    def __iter__(self) -> Iterator[Drawn]:
        """Every sheet of the day by order."""
        return map(self._one, range(self._count))

    def _one(self, order: int) -> Drawn:
        random = Random(f"{self._seed}:{order}")
        source = self._sources.get(order)
        if source is None:
            regimen, member = self._county.draw(random)
            written = self._written(regimen, member, self._day, order)
            earlier = self._earlier(regimen, member, written, order, random)
        else:
            regimen, member, written = self._second(source, order, random)
            earlier = ()
        told = written.sheet["patient"].get("identity_number")
        signed = written.sheet["signatures"]
        born = date.fromisoformat(written.sheet["patient"]["birth_date"])
        leave_gaps(written, member.tier, (self._day - born).days, self._county.fills, random)
        if order in self._elsewhere or source is not None:
            # Only who shows the identity card is known for the same person elsewhere.
            written.sheet["patient"]["identity_number"] = told
        # The systems of this county sign: what nobody signed is not supplied at all.
        written.sheet["signatures"] = signed
        speak(written.sheet, member.tier, random)
        sound = _checked(written.sheet)
        faulty = self._faulty(written, member, random) if random.random() < FAULTY else None
        return Drawn(order, faulty or sound, sound, member.tier, earlier)

    def _written(self, regimen: Regimen, member: Member, day: date, order: int) -> Written:
        """What a careful doctor of the member writes. The same order draws the same on any day."""
        random = Random(f"{self._seed}:{order}:written")
        written = write_prescription(regimen, member, day, f"{day:%Y%m%d}-{order:05d}", random)
        _signed_by(written.sheet, _doctor(member, regimen, written.sheet["prescriber"]["licence"], random))
        return written

    def _second(self, source: int, order: int, random: Random) -> tuple[Regimen, Member, Written]:
        """The same patient with the same complaint at another member, an hour later."""
        regimen, first = self._county.draw(Random(f"{self._seed}:{source}"))
        if source in self._sources:
            regimen, first, _ = self._second(self._sources[source], source, Random(f"{self._seed}:{source}"))
        before = self._written(regimen, first, self._day, source).sheet
        others = [each for each in self.members if each.tier in regimen.tiers and each != first] or [first]
        member = random.choice(others)
        written = self._written(regimen, member, self._day, order)
        sheet, patient = written.sheet, before["patient"]
        sheet["patient"] = {**patient, "id": f"P{random.randrange(10**8):08d}"}
        issued = datetime.fromisoformat(before["issued_at"]) + timedelta(minutes=random.randint(50, 180))
        latest = datetime.combine(self._day, issued.time().replace(hour=23, minute=30), issued.tzinfo)
        issued = min(issued, latest)
        sheet["issued_at"] = sheet["signatures"][0]["at"] = issued.isoformat()
        return regimen, member, written

    def _earlier(
        self, regimen: Regimen, member: Member, written: Written, order: int, random: Random
    ) -> tuple[Earlier, ...]:
        """What a chronic patient collected before, which lasts until about the day; a few come far too early."""
        patient = regimen.patient
        lasts = max((int(line.get("days") or 0) for line in written.sheet["lines"]), default=0)
        regular = patient.chronic or patient.pain_programme or regimen.long_term
        if not regular or lasts < _SHORTEST_COURSE or random.random() >= _WITH_PAST:
            return ()
        ago = lasts // 3 if random.random() < _TOO_EARLY else lasts + random.randint(-2, 6)
        days = [self._day - timedelta(days=ago)]
        if random.random() < _EVEN_BEFORE:
            days.insert(0, days[0] - timedelta(days=lasts + random.randint(0, 4)))
        first = self._day - LOOKED_BACK
        return tuple(self._past(regimen, member, written, on, order) for on in days if first < on < self._day)

    def _past(self, regimen: Regimen, member: Member, now: Written, on: date, order: int) -> Earlier:
        written = self._written(regimen, member, on, order)
        patient = deepcopy(now.sheet["patient"])
        if "egfr" in patient:
            patient["egfr"]["on"] = (on - timedelta(days=20)).isoformat()
        written.sheet["patient"] = patient
        known = {**now.circumstances["patient"]}
        del known["as_of"]
        if regimen.long_term:
            known["long_term"] = {"last_issued": on.isoformat()}
        return Earlier(_checked(written.sheet), _filled(known))

    def _faulty(self, written: Written, member: Member, random: Random) -> Prescription | None:
        """The sheet with one fault that a doctor could send; None where none fits."""
        sheet = deepcopy(written.sheet)
        planted = plant(Written(sheet, deepcopy(written.circumstances)), member.tier, random, self._county.cache)
        kept = ("number", "institution", "issued_at", "revision")
        if planted is None or planted.at is not None or sheet.get("stage") != "signed":
            return None
        if any(sheet.get(field) != written.sheet.get(field) for field in kept):
            return None
        try:
            return _checked(sheet)
        except InputError:
            return None


def _doctor(member: Member, regimen: Regimen, licence: str, random: Random) -> Doctor:
    there = doctors_of(member)
    fit = [each for each in there if each.licence == licence] or [each for each in there if each.licence == "physician"]
    if regimen.topic == "tcm":
        fit = [each for each in fit if each.tcm] or fit
    return random.choice(fit)


def _signed_by(sheet: dict[str, Any], doctor: Doctor) -> None:
    sheet["prescriber"] = {
        "id": doctor.code, "name": doctor.name, "licence": doctor.licence, "independent": doctor.independent,
    }  # fmt: skip
    for signature in sheet["signatures"]:
        signature["person"] = doctor.code


def _checked(sheet: dict[str, Any]) -> Prescription:
    return check_prescription(_filled(sheet))


def _filled(tree: Any) -> Any:
    """The tree without what was not filled in, its fractions exact."""
    if isinstance(tree, dict):
        return {name: _filled(value) for name, value in tree.items() if value is not None}
    if isinstance(tree, list):
        return [_filled(value) for value in tree]
    return Decimal(str(tree)) if isinstance(tree, float) else tree
