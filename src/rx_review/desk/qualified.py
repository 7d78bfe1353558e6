"""Who may review, by the staff register: title, years and training, and the qualification for narcotics."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from rx_review.desk.centre import Centre
from rx_review.desk.circumstances import staff_entry
from rx_review.domain.problems import Refusal
from rx_review.facts.registers import may_review
from rx_review.store.database import Connection


def must_review(centre: Centre, connection: Connection, person: str, skills: Collection[str], at: datetime) -> None:
    """Go on only with somebody whom the register lets review what needs these skills.

    What the register does not say is no evidence: it counts as not qualified.

    Sources: 处方管理办法 arts. 11 and 31, 医疗机构处方审核规范 art. 5.

    Raises:
        Refusal: `unknown-staff` if the register has no such pharmacist, `lacks-skill` if it does not say that the
            person may review, or handle narcotics where `skills` has `controlled`.
    """
    entry = staff_entry(connection, person)
    if entry is None or entry.pharmacist is None:
        raise Refusal("unknown-staff", f"the staff register has no pharmacist {person}", f"人员登记中没有药师 {person}")
    if not may_review(entry.pharmacist, centre.number("reviewer_years", at, entry.institution)):
        raise Refusal(
            "lacks-skill",
            f"the register does not show {person} as 药师 or above with the years and the training of a reviewer",
            f"登记信息不能证明 {person} 具备审方资格（药师以上、从事调剂满规定年限、经培训）",
        )
    if "controlled" in skills and not entry.pharmacist.narcotic_dispensing:
        raise Refusal(
            "lacks-skill",
            f"the register does not show that {person} is qualified for narcotic and psychotropic drugs",
            f"登记信息不能证明 {person} 取得麻醉药品和精神药品调剂资格",
            more={"skill": "controlled"},
        )
