"""One sheet on its way, and who deals with it next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from rx_review.demo.founding import Cast
from rx_review.demo.wheel import Wheel
from rx_review.desk import timers
from rx_review.desk.actor import Actor
from rx_review.desk.centre import Centre
from rx_review.desk.moving import move
from rx_review.domain.prescription import Prescription
from rx_review.domain.problems import Refusal
from rx_review.domain.requests import MoveRequest

Told = Mapping[str, Any]


@dataclass
class Case:
    """A prescription of the demonstration: what was sent last, and where it stands."""

    prescription: Prescription
    sound: Prescription
    dispensers: tuple[str, str]
    random: Random
    """Of this sheet alone, so that who comes first changes nobody else's choices."""
    id: str = ""
    state: str = ""
    rounds: int = 0
    """How often it came back to the doctor."""


@dataclass
class Scene:
    """What everybody has at hand."""

    centre: Centre
    cast: Cast
    wheel: Wheel
    reactions: dict[str, Callable[[Case, Told, datetime], None]] = field(default_factory=dict)
    """Who deals with a sheet, by the state that it is in."""
    cases: dict[str, Case] = field(default_factory=dict)

    def heard(self, case: Case, told: Told, at: datetime) -> None:
        """A sheet stands somewhere now: whoever deals with that state learns of it."""
        case.id, case.state = told["id"], told["state"]
        self.cases[case.id] = case
        reaction = self.reactions.get(case.state)
        if reaction is not None:
            reaction(case, told, at)

    def try_move(self, actor: Actor, case: Case, at: datetime, name: str, **more: Any) -> Told | None:
        """Make a move and let it be heard; None if the desk refuses it."""
        request = MoveRequest.model_validate({"move": name, "revision": case.prescription.revision, **more})
        try:
            told = move(self.centre, actor, case.id, request, at)
        except Refusal:
            return None
        self.heard(case, told, at)
        return told

    def tick(self, at: datetime) -> None:
        """The timers of the service."""
        timers.tick(self.centre, at)


def later(at: datetime, random: Random, least: float, most: float) -> datetime:
    """An instant so many minutes later, drawn between two numbers."""
    return at + timedelta(minutes=random.uniform(least, most))
