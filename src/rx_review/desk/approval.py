"""Who approves a sheet: a machine under a standing decision, one pharmacist, or two; and who may take it first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rx_review.desk.centre import Centre
from rx_review.desk.reviewing import Reviewed
from rx_review.desk.standing import Standing
from rx_review.domain.moves import State
from rx_review.domain.values import county_day


def approval(reviewed: Reviewed, content: str, state: State, passes: str | None) -> dict[str, Any]:
    """Columns of an approval: by a machine under a standing decision, by observing, by a rescue, or none."""
    accepted = ",".join(finding.key for finding in reviewed.review.findings)
    match state:
        case "approved" if passes is not None:
            return {"approved_content": content, "approved_by": passes, "approved_how": "machine", "accepted": accepted}
        case "approved":
            return {
                "approved_content": content,
                "approved_by": "observe only",
                "approved_how": "observed",
                "accepted": accepted,
            }
        case "rescued" | "supplied":
            return {"approved_content": content, "approved_by": None, "approved_how": "rescue", "accepted": accepted}
    return {"approved_content": None, "approved_by": None, "approved_how": None, "accepted": ""}


def machine_passes(standing: Standing, reviewed: Reviewed, at: datetime) -> str | None:
    """Under which decision, and beside which pharmacist on duty, a machine passes a sheet; None if it may not.

    Source: 医疗机构处方审核规范 arts. 6 and 12: the pharmacist is the first responsible.
    """
    sheet = reviewed.sheet
    decision = standing.decision(
        reviewed.effect.verdict, sheet.institution, county_day(at), complete=reviewed.review.complete
    )
    duty = next((each for each in standing.on_duty(at) if each.covering(sheet.institution)), None)
    if decision is None or duty is None:
        return None
    return f"decision {decision[0]}; on duty {duty.person}"


def needs_second(centre: Centre, reviewed: Reviewed) -> bool:
    """Whether a rule that fired asks for a second pharmacist."""
    asking = {rule.id for rule in centre.reviewer.edition.rules if rule.second_pharmacist}
    return any(finding.rule in asking for finding in reviewed.review.findings)


def first_level(standing: Standing, institution: str, skill: str, at: datetime) -> int:
    """How far a sheet is passed on from the start: where nobody with the skill is on duty, to the others at once."""
    duty = [each for each in standing.on_duty(at) if each.covering(institution)]
    if any(skill in each.skills for each in duty):
        return 0
    return 1 if duty else 2
