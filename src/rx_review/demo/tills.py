"""The cashier asks the gate and charges what it lets through; the dispensary supplies most of that."""

from __future__ import annotations

from datetime import datetime

from rx_review.demo.scene import Case, Scene, Told, later
from rx_review.desk.cashier import gate
from rx_review.domain.values import county_day

_PAY, _COLLECT = 0.97, 0.99


class Tills:
    """Cashiers and dispensaries of all members."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        scene.reactions["approved"] = self._approved
        scene.reactions["charged"] = self._charged

    def _approved(self, case: Case, told: Told, at: datetime) -> None:
        if case.random.random() < _PAY:
            self._scene.wheel.at(later(at, case.random, 2, 15), lambda then: self._charge(case, then))

    def _charge(self, case: Case, at: datetime) -> None:
        if case.state != "approved":
            return
        sheet, till = case.prescription, self._scene.cast.till
        answer = gate(self._scene.centre, till, sheet.institution or "", sheet.number, county_day(sheet.issued_at), at)
        if answer["release"]:
            self._scene.try_move(till, case, at, "charge", by="C001", token=answer["token"])

    def _charged(self, case: Case, told: Told, at: datetime) -> None:
        if case.random.random() < _COLLECT:
            self._scene.wheel.at(later(at, case.random, 2, 15), lambda then: self._supply(case, then))
        else:
            self._scene.wheel.at(
                later(at, case.random, 10, 40), lambda then: self._refund(case, "patient-declined", then)
            )

    def _supply(self, case: Case, at: datetime) -> None:
        dispenser, checker = case.dispensers
        by = {"dispenser": dispenser, "checker": checker, "issuer": checker}
        if self._scene.try_move(self._scene.cast.till, case, at, "supply", by=dispenser, dispensed=by) is None:
            self._refund(case, "written-in-error", at)

    def _refund(self, case: Case, code: str, at: datetime) -> None:
        till, reason = self._scene.cast.till, {"code": code}
        if self._scene.try_move(till, case, at, "refund", by="C001", reason=reason) is not None:
            self._scene.try_move(till, case, at, "void", by="C001", reason=reason)
