"""Pharmacists work the queue: notice, take, look, approve or return; a telephone now and then lets a lease run out."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from rx_review.demo.scene import Case, Scene, Told, later
from rx_review.desk.actor import Actor
from rx_review.desk.looking import queue
from rx_review.domain.review import RANK

_RETURNED = 0.2
_CALLED_AWAY = 0.02
_DAY = range(8, 18)
_REASON_BY_CODE = {
    "1": "formality",
    "2-1": "wrong-indication",
    "2-2": "wrong-drug",
    "2-5": "wrong-dose",
    "2-7": "duplicate",
    "2-8": "interaction",
    "2-9": "interaction",
}


class DeskStaff:
    """The pharmacists of the review centre.

    Args:
        scene: where.
        random: for when they look and how long they take.
    """

    def __init__(self, scene: Scene, random: Random) -> None:
        self._scene, self._random = scene, random
        self._busy: dict[str, datetime] = {}
        scene.reactions["waiting"] = scene.reactions["second"] = self._arrived

    def _arrived(self, case: Case, told: Told, at: datetime) -> None:
        wheel, by_day = self._scene.wheel, at.hour in _DAY
        wheel.at(later(at, self._random, *((0.3, 5) if by_day else (2, 22))), self._look)
        if case.state == "waiting":
            self._watch(case, at)

    def _watch(self, case: Case, at: datetime) -> None:
        """The service's timers, at the instants at which they have something to do."""
        institution, urgent = case.prescription.institution, case.prescription.setting == "emergency"
        name = "escalation_urgent_minutes" if urgent else "escalation_minutes"
        minutes = int(self._scene.centre.number(name, at, institution))

        def passed(then: datetime) -> None:
            if case.state == "waiting":
                self._scene.tick(then)
                self._look(then)
                self._watch(case, then)

        self._scene.wheel.at(at + timedelta(minutes=minutes, seconds=1), passed)

    def _look(self, at: datetime) -> None:
        """Whoever is free takes the first sheet that is theirs."""
        with self._scene.centre.database.read() as connection:
            there = {each.person for each in self._scene.centre.standing(connection, at).on_duty(at)}
        for actor in self._scene.cast.pharmacists:
            free = self._busy.get(actor.name)
            if actor.person in there and (free is None or free <= at):
                self._next(actor, at)

    def _next(self, actor: Actor, at: datetime) -> None:
        for item in queue(self._scene.centre, actor, at, limit=5, mine=True)["items"]:
            case = self._scene.cases[item["id"]]
            if case.state == "second":
                if self._scene.try_move(actor, case, at, "approve") is not None:
                    return
            elif (told := self._scene.try_move(actor, case, at, "take")) is not None:
                self._decide_later(actor, case, told, at)
                return

    def _decide_later(self, actor: Actor, case: Case, told: Told, at: datetime) -> None:
        away = self._random.random() < _CALLED_AWAY
        until = later(at, self._random, *((11, 14) if away else (0.4, 3)))
        self._busy[actor.name] = until
        if away:
            lapse = at + timedelta(minutes=int(self._scene.centre.number("lease_minutes", at, told["institution"])))
            self._scene.wheel.at(lapse + timedelta(seconds=1), lambda then: self._lapsed(case, then))
        self._scene.wheel.at(until, lambda then: self._decide(actor, case, told, then))

    def _lapsed(self, case: Case, at: datetime) -> None:
        self._scene.tick(at)
        if case.state == "taken":
            case.state = "waiting"
            self._arrived(case, {}, at)

    def _decide(self, actor: Actor, case: Case, told: Told, at: datetime) -> None:
        self._busy[actor.name] = at
        stops = [found for found in told["review"]["findings"] if RANK[found["severity"]] >= RANK["hold"]]
        if stops and case.rounds == 0 and case.random.random() < _RETURNED:
            self._scene.try_move(actor, case, at, "return", fence=told["fence"], reason=_reason(stops[0]))
        else:
            self._scene.try_move(actor, case, at, "approve", fence=told["fence"])
        self._look(at)


def _reason(finding: dict[str, Any]) -> dict[str, str]:
    """The coded reason nearest to the official code of what was found."""
    code = finding["code"] or ""
    found = _REASON_BY_CODE.get(code) or _REASON_BY_CODE.get(code.split("-")[0])
    return {"code": found} if found else {"code": "other", "text": finding["message"]["short"]}
