"""The demonstration itself: what was supplied before, then one day, hour by hour, through the real desk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from random import Random

from rx_review.audit.sealer import Sealer
from rx_review.county.writing import Member
from rx_review.demo.desk_staff import DeskStaff
from rx_review.demo.doctors import Doctors
from rx_review.demo.founding import Cast, first_instant, plan_days
from rx_review.demo.people import dispensers_of
from rx_review.demo.scene import Case, Scene, later
from rx_review.demo.sheets import Drawn, Earlier
from rx_review.demo.tills import Tills
from rx_review.demo.wheel import Wheel
from rx_review.desk import timers
from rx_review.desk.centre import Centre
from rx_review.desk.registers import register_patient
from rx_review.domain.county import Registration
from rx_review.domain.prescription import Prescription
from rx_review.domain.problems import Refusal
from rx_review.domain.values import CHINA, county_day

SEAL_EVERY = timedelta(minutes=15)
Submitted = Callable[[str], None]
"""Told the verdict of each submission."""


class County:
    """The people of the county at work.

    Args:
        centre: the real desk, with an edition that holds.
        cast: who acts.
        members: who takes part.
        sealer: of the audit.
        seed: of everybody's choices.
    """

    def __init__(self, centre: Centre, cast: Cast, members: Iterable[Member], sealer: Sealer, seed: int) -> None:
        self._centre, self._cast, self._sealer, self._seed = centre, cast, sealer, seed
        self._dispensers = {member.institution: dispensers_of(member) for member in members}

    def before(self, day: date, drawn: Sequence[Drawn], submitted: Submitted) -> list[float]:
        """Submit, charge and supply what patients collected before the day, oldest first.

        Returns:
            Seconds that each submission took, with all that is stored with it.
        """
        days = {county_day(earlier.prescription.issued_at) for one in drawn for earlier in one.earlier}
        plan_days(self._centre, self._cast, sorted(days), first_instant(day))
        seconds, scene, doctors = self._scene(submitted, "before")
        for one in drawn:
            for place, earlier in enumerate(one.earlier):
                sheet = earlier.prescription
                self._arrives(scene, doctors, self._case(sheet, sheet, f"{one.order}:before {place}"), earlier)
        midnight = datetime.combine(day, time(), CHINA)
        scene.wheel.turn(midnight)
        self._close(midnight)
        return seconds

    def day(self, day: date, drawn: Sequence[Drawn], submitted: Submitted) -> list[float]:
        """Submit every sheet of the day when it is issued, and let everybody work until midnight; seconds as above."""
        seconds, scene, doctors = self._scene(submitted, "day")
        for one in drawn:
            self._arrives(scene, doctors, self._case(one.prescription, one.sound, f"{one.order}:day"), None)
        midnight = datetime.combine(day, time(), CHINA)
        for instant in _quarters(midnight):
            scene.wheel.at(instant, self._seal)
        end = midnight + timedelta(days=1)
        scene.wheel.turn(end)
        self._close(end)
        return seconds

    def _seal(self, at: datetime) -> None:
        self._sealer.seal(at)

    def _scene(self, submitted: Submitted, part: str) -> tuple[list[float], Scene, Doctors]:
        scene, seconds = Scene(self._centre, self._cast, Wheel()), list[float]()

        def sent(took: float, verdict: str) -> None:
            seconds.append(took)
            submitted(verdict)

        DeskStaff(scene, Random(f"{self._seed}:desk {part}"))
        Tills(scene)
        return seconds, scene, Doctors(scene, sent)

    def _arrives(self, scene: Scene, doctors: Doctors, case: Case, earlier: Earlier | None) -> None:
        """Let a sheet be submitted some seconds after it was issued; then its patient is in the register."""

        def happens(at: datetime) -> None:
            doctors.send(case, at)
            if earlier is not None:
                self._register(case.id, earlier, at)

        issued = case.prescription.issued_at
        scene.wheel.at(later(issued, case.random, 0.05, 0.9), happens)

    def _register(self, prescription: str, earlier: Earlier, at: datetime) -> None:
        document = Registration.model_validate(earlier.registration)
        try:
            register_patient(self._centre, self._cast.administrator, prescription, document, None, at)
        except Refusal as refusal:
            # At an earlier visit already.
            if refusal.code != "version-needed":
                raise

    def _case(self, sheet: Prescription, sound: Prescription, chance: str) -> Case:
        return Case(sheet, sound, self._dispensers[sheet.institution or ""], Random(f"{self._seed}:{chance}"))

    def _close(self, at: datetime) -> None:
        """Midnight: what is no longer valid expires, and the audit is sealed."""
        while timers.tick(self._centre, at):
            continue
        self._sealer.seal(at)


def _quarters(midnight: datetime) -> Iterator[datetime]:
    instant = midnight
    while (instant := instant + SEAL_EVERY) < midnight + timedelta(days=1):
        yield instant
