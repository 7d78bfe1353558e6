"""Doctors submit, and deal with what comes back: take the first proposed change, correct, sign again, or give up."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rx_review.demo.patching import patched, tree_of
from rx_review.demo.scene import Case, Scene, Told, later
from rx_review.desk.submission import submit
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_prescription
from rx_review.domain.review import RANK
from rx_review.errors import InputError

_TAKE_CHANGE = 0.85
_MOST_ROUNDS = 3
_WRITTEN = ("stable-on-it", "needed-clinically", "specialist-advice")


class Doctors:
    """Sends sheets and reacts to what is returned.

    Args:
        scene: where.
        sent: told the seconds that each submission took and its verdict.
    """

    def __init__(self, scene: Scene, sent: Callable[[float, str], None]) -> None:
        self._scene, self._sent = scene, sent
        scene.reactions["returned"] = scene.reactions["blocked"] = self._came_back

    def send(self, case: Case, at: datetime) -> Told:
        """Submit what the case holds."""
        began = time.perf_counter()
        told = submit(self._scene.centre, self._scene.cast.his, case.prescription, at)
        self._sent(time.perf_counter() - began, told["review"]["verdict"])
        self._scene.heard(case, told, at)
        return told

    def _came_back(self, case: Case, told: Told, at: datetime) -> None:
        case.rounds += 1
        self._scene.wheel.at(later(at, case.random, 2, 20), lambda then: self._mend(case, told, then))

    def _mend(self, case: Case, told: Told, at: datetime) -> None:
        if case.state not in ("returned", "blocked"):
            return
        ways = [way for way in told["review"]["counterfactuals"] if way["kind"] == "change"]
        changed = None
        if case.rounds < _MOST_ROUNDS and ways and case.random.random() < _TAKE_CHANGE:
            changed = _changed(case.prescription, ways[0]["edits"])
        elif case.rounds == 1 and case.sound != case.prescription:
            changed = case.sound
        if changed is not None:
            case.prescription = _revised(changed, case.prescription, at)
            self.send(case, at)
        elif case.state == "blocked" or case.rounds >= _MOST_ROUNDS or not self._sign_again(case, told, at):
            self._scene.try_move(self._scene.cast.his, case, at, "cancel", by=_by(case),
                                 reason={"code": "written-in-error"})  # fmt: skip

    def _sign_again(self, case: Case, told: Told, at: datetime) -> bool:
        stopped = any(RANK[finding["severity"]] >= RANK["return"] for finding in told["review"]["findings"])
        code = case.random.choice(_WRITTEN) if stopped else "needed-clinically"
        his = self._scene.cast.his
        return self._scene.try_move(his, case, at, "resign", by=_by(case), reason={"code": code}) is not None


def _by(case: Case) -> str | None:
    return case.prescription.prescriber.id


def _changed(prescription: Prescription, edits: Any) -> Prescription | None:
    """None where the change does not fit the sheet with its identity."""
    try:
        return patched(prescription, edits)
    except (InputError, LookupError):
        return None


def _revised(content: Prescription, before: Prescription, at: datetime) -> Prescription:
    """The next revision, signed by its prescriber."""
    revision = before.revision + 1
    tree = tree_of(content)
    signed = [each for each in tree.get("signatures", []) if each["role"] != "prescriber"]
    person = content.prescriber.id
    if person is not None:
        signed.append({"role": "prescriber", "person": person, "at": at.isoformat(), "revision": revision})
    return check_prescription({**tree, "revision": revision, "signatures": signed})
