"""Who approves a sheet: a machine under a standing decision, one pharmacist, or two; and how long that holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rx_review.desk.centre import Centre
from rx_review.desk.reviewing import Reviewed
from rx_review.desk.sheet import never_unreviewed
from rx_review.desk.standing import Muted, Standing
from rx_review.domain.content import content_digest
from rx_review.domain.moves import State
from rx_review.domain.review import RANK, Review, Verdict
from rx_review.domain.values import county_day
from rx_review.store import audit
from rx_review.store.database import Connection, Row

_STANDING = ("approved", "released", "refunded")
_APPROVAL = (
    "state", "approved_content", "approved_by", "approved_how", "accepted", "first_approval_by", "needs_second",
    "resigned", "after_review", "after_due_at", "due_at", "entered_at",
)  # fmt: skip


def approval(reviewed: Reviewed, content: str, state: State, passes: str | None) -> dict[str, Any]:
    """Columns of an approval: by a machine under a standing decision, by observing, by a rescue, or none."""
    accepted = accepted_of(reviewed.review)
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

    What may never be released unreviewed no machine passes either: controlled and toxic drugs, the special tier.

    Source: 医疗机构处方审核规范 arts. 6 and 12: the pharmacist is the first responsible.
    """
    sheet = reviewed.sheet
    if never_unreviewed(reviewed.facts, reviewed.review):
        return None
    decision = standing.decision(
        reviewed.effect.verdict, sheet.institution, county_day(at), complete=reviewed.review.complete
    )
    duty = next((each for each in standing.on_duty(at) if each.covering(sheet.institution)), None)
    if decision is None or duty is None:
        return None
    return f"decision {decision[0]}; on duty {duty.person}"


def sent_back(connection: Connection, prescription: str) -> bool:
    """Whether a pharmacist has ever returned it or objected: from then on a pharmacist looks at every revision.

    Source: 处方管理办法 art. 36: the prescriber confirms or issues anew, to the pharmacist who asked.
    """
    return any(entry.action in ("return", "object") for entry in audit.of_prescription(connection, prescription))


def accepted_of(review: Review) -> str:
    """What was known when a sheet was approved, with commas: keys of findings, and `?fact` for what was missing."""
    return ",".join((*(each.key for each in review.findings), *(f"?{each.fact}" for each in review.not_judged)))


def unforeseen(reviewed: Reviewed, muted: Muted, accepted: str, least: Verdict = "hold") -> list[dict[str, str]]:
    """What stops a sheet now and was not there when it was approved: rule, both languages and key of each.

    `least` is the mildest that stops.
    """
    known = frozenset(accepted.split(","))
    silenced = {key for key, _ in reviewed.effect.silenced}
    found = [
        {"rule": each.rule, "zh": each.message.zh, "en": each.message.en, "key": each.key}
        for each in reviewed.review.findings
        if RANK[each.severity] >= RANK[least] and each.key not in known and each.key not in silenced
    ]
    for entry in reviewed.review.not_judged:
        heard = not entry.rules or any(muted.why(rule) is None for rule in entry.rules)
        if RANK[entry.outcome] >= RANK[least] and heard and f"?{entry.fact}" not in known:
            zh, en = f"{entry.label['zh']}不明，无法审核", f"{entry.label['en']} is missing: it cannot be judged"
            found.append({"rule": entry.rules[0] if entry.rules else "", "zh": zh, "en": en, "key": f"?{entry.fact}"})
    return found


def outlives(known: Row[Any] | None, reviewed: Reviewed, muted: Muted) -> dict[str, Any]:
    """Columns of an approval that a revision leaves as it is: only price, producer or signatures changed.

    Empty where the clinical content changed, where the review now finds what nobody accepted, or where there was none.
    """
    if known is None or known.state not in _STANDING or known.approved_how == "observed":
        return {}
    if known.approved_content != content_digest(reviewed.sheet) or unforeseen(reviewed, muted, known.accepted):
        return {}
    return {name: getattr(known, name) for name in _APPROVAL}


def needs_second(centre: Centre, reviewed: Reviewed) -> bool:
    """Whether a rule that fired asks for a second pharmacist."""
    return any(finding.rule in centre.second_pharmacist for finding in reviewed.review.findings)


def first_level(standing: Standing, institution: str, skill: str, at: datetime) -> int:
    """How far a sheet is passed on from the start: where nobody with the skill is on duty, to the others at once."""
    duty = [each for each in standing.on_duty(at) if each.covering(institution)]
    if any(skill in each.skills for each in duty):
        return 0
    return 1 if duty else 2
