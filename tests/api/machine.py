"""The flow once more, in plain Python: what the table of moves and its guards say must come of a request.

Nothing here asks the desk. A `Mirror` of the county holds who is on duty and what was decided, a `Copy` of each
prescription holds where it must stand, and `Mirror.against` says with which codes a move may be refused; none = it
must succeed. What the rules find on a sheet is written beside each kind of sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.api.world import OTHER, ROLES, TOWNSHIP

from rx_review.domain.moves import allowed, row
from rx_review.domain.problems import REASONS

ORDER = ("pass", "note", "warn", "hold", "return", "block")
PHYSICIANS = frozenset({"D001"})
STAFF = frozenset({"D001", "D002", "P001", "P002", "L001", "L002"})
LEADING = frozenset({"lead", "chief"})
SECOND = "RX-FORM-007"
"""The rule of these tests that asks for two pharmacists; no rule of the shipped edition does."""


@dataclass(frozen=True)
class Kind:
    """A kind of sheet: how it differs from a sound one, and what the rules say of it."""

    line: dict[str, Any] = field(default_factory=dict)
    patient: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    says: tuple[tuple[str, str], ...] = ()
    """Rules with their severity."""
    skill: str = "general"
    releasable: bool = True
    prescriber: str = "D001"
    institution: str = TOWNSHIP


_CHILD = {"birth_date": "2024-03-12"}
KINDS = {
    "sound": Kind(),
    "warned": Kind(more={"diagnoses": [{"text": "高血压", "code": "I10"}]}, says=(("RX-IND-005", "warn"),)),
    "held": Kind(line={"generic": "无名药"}, says=(("RX-USE-001", "hold"),), releasable=False),
    "child": Kind(patient=_CHILD, says=((SECOND, "hold"),), skill="paediatric"),
    "too much": Kind(line={"quantity": 20}, says=(("RX-QTY-002", "return"),)),
    "assistant": Kind(
        more={"prescriber": {"id": "D002", "licence": "assistant"}},
        says=(("RX-FORM-014", "return"),),
        prescriber="D002",
    ),
    "allergic": Kind(line={"skin_test": "positive"}, says=(("RX-SKIN-001", "block"),), releasable=False),
    "rescue": Kind(more={"rescue": True}),
    "rescue, allergic": Kind(
        line={"skin_test": "positive"}, more={"rescue": True}, says=(("RX-SKIN-001", "block"),), releasable=False
    ),
    "elsewhere": Kind(more={"institution": OTHER}, institution=OTHER),
}


@dataclass
class Copy:
    """Where a prescription must stand."""

    kind: Kind
    body: dict[str, Any]
    told: dict[str, Any]
    expires: datetime
    state: str = ""
    version: int = 0
    holder: str | None = None
    fence: int = 0
    lease: datetime | None = None
    first: str | None = None
    how: str | None = None
    after: str | None = None
    level: int = 0
    escalates: datetime | None = None
    resigned: frozenset[str] = frozenset()
    countersigned: bool = False
    observed: bool = False
    settled: bool = False
    by: str | None = None
    """Who released it."""
    sent_back: bool = False
    reasoned: bool = False
    """Whether reasons were written on it after it was sent."""

    @property
    def revision(self) -> int:
        return self.body["revision"]

    @property
    def rescue(self) -> bool:
        return bool(self.body.get("rescue"))

    @property
    def needs_second(self) -> bool:
        return any(rule == SECOND for rule, _ in self.kind.says)


@dataclass
class Duty:
    """Somebody on the roster, who may have signed off."""

    id: int
    person: str
    skills: frozenset[str]
    covers: frozenset[str]
    until: datetime


@dataclass
class Ask:
    """A move as somebody asks for it."""

    who: str
    move: str
    revision: int
    by: str | None = None
    fence: int | None = None
    reason: dict[str, Any] | None = None
    token: str | None = None
    token_is_good: bool = True
    dispensed: dict[str, str] | None = None

    def body(self) -> dict[str, Any]:
        """As it is sent."""
        named = {"by": self.by, "fence": self.fence, "reason": self.reason, "token": self.token}
        named |= {"move": self.move, "revision": self.revision, "dispensed": self.dispensed}
        return {name: value for name, value in named.items() if value is not None}


@dataclass
class Mirror:
    """The county as it must be."""

    now: datetime
    duty: dict[int, Duty] = field(default_factory=dict)
    passes: frozenset[str] = frozenset()
    """Verdicts that the standing decision lets a machine pass; empty = no decision holds."""
    covered: frozenset[str] = frozenset()
    """Members of the decision; empty = all."""
    paused: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    observes: frozenset[str] = frozenset()
    """What the township only observes."""

    def on_duty(self, institution: str) -> list[Duty]:
        """Who looks after a member now."""
        return [
            each
            for each in self.duty.values()
            if self.now < each.until and institution in (each.covers or {institution})
        ]

    def silent(self, institution: str) -> frozenset[str]:
        """Rules that do not stop a sheet here now."""
        return frozenset(rule for rule, (_, until) in self.paused.items() if self.now < until) | (
            self.observes if institution == TOWNSHIP else frozenset()
        )

    def binding(self, copy: Copy) -> str:
        """What the rules that speak say of a sheet."""
        silent, gravest = self.silent(copy.kind.institution), "pass"
        for rule, severity in copy.kind.says:
            if {rule, "*"} & silent or (rule == "RX-FORM-014" and copy.countersigned):
                continue
            counts = "hold" if rule in copy.resigned and severity == "return" else severity
            gravest = max(gravest, counts, key=ORDER.index)
        return gravest

    def machine_passes(self, copy: Copy, binding: str) -> bool:
        """Whether a decision covers it and a pharmacist is on duty."""
        institution = copy.kind.institution
        if copy.needs_second or copy.sent_back or copy.observed or not copy.kind.releasable:
            return False
        covered = binding in self.passes and institution in (self.covered or {institution})
        return covered and bool(self.on_duty(institution))

    def reviewed(self, copy: Copy, binding: str) -> None:
        """Where a sheet stands after a review."""
        copy.holder = copy.lease = copy.first = copy.how = None
        copy.observed = "*" in self.silent(copy.kind.institution) and copy.kind.institution == TOWNSHIP
        if copy.rescue:
            copy.state = copy.state if copy.state == "supplied" else "rescued"
            copy.how, copy.after = "rescue", "due"
            return
        copy.after = None
        if copy.observed:
            copy.state, copy.how = "approved", "observed"
        elif binding in ("block", "return"):
            copy.state = {"block": "blocked", "return": "returned"}[binding]
        elif binding != "hold" and self.machine_passes(copy, binding):
            copy.state, copy.how = "approved", "machine"
        else:
            self.waits(copy)
        if copy.state != "waiting":
            return
        duty = self.on_duty(copy.kind.institution)
        copy.level = 0 if any(copy.kind.skill in each.skills for each in duty) else 1 if duty else 2

    @staticmethod
    def outlives(copy: Copy) -> bool:
        """Whether an approval stays when only the producer changes."""
        return copy.state in ("approved", "released", "refunded") and copy.how != "observed"

    def waits(self, copy: Copy) -> None:
        """It waits from now, and is passed on in a quarter of an hour."""
        copy.state, copy.holder, copy.lease = "waiting", None, None
        copy.escalates = self.now + timedelta(minutes=15)

    def tick(self, copy: Copy) -> str | None:
        """The move that a timer makes now."""
        if copy.state == "taken":
            if copy.lease is None or self.now < copy.lease:
                return None
            self.waits(copy)
            return "lapse"
        if self.now >= copy.expires and row("expire", copy.state) is not None:  # type: ignore[arg-type]
            copy.state, copy.holder = "expired", None
            return "expire"
        if copy.state != "waiting" or copy.escalates is None or self.now < copy.escalates:
            return None
        copy.level, copy.escalates = min(copy.level + 1, 3), self.now + timedelta(minutes=15)
        return "escalate"

    # --- moves ---------------------------------------------------------------------------------

    def against(self, copy: Copy, ask: Ask) -> set[str]:
        """Codes with which a move may be refused; empty if it must succeed."""
        kind, roles, members, person = ROLES[ask.who]
        if members and copy.kind.institution != members:
            return {"not-found"}
        named = row(ask.move, copy.state)  # type: ignore[arg-type]
        if named is None and ask.move == "take" and copy.holder is not None:
            return {"taken-by-other"}
        if named is None:
            return {"move-not-allowed"}
        found: set[str] = set()
        if not set(roles) & set(named.by):
            found.add("forbidden")
        if ask.move == "revise":
            found.add("bad-request")
        if kind == "client" and ask.by is None:
            found.add("bad-request")
        if kind == "account" and ask.by not in (None, person):
            found.add("forbidden")
        if ask.revision != copy.revision:
            found.add("stale-revision")
        if named.reason and (ask.reason is None or not _fits(ask.reason, ask.move)):
            found.add("reason-needed")
        by = person if kind == "account" else ask.by
        for guard in named.guards:
            found |= getattr(self, f"_{guard}")(copy, ask, by, set(roles))
        if ask.move == "take" and not set(roles) & LEADING:
            found |= self._may_take(copy, by, copy.level)
        return found

    def _holder(self, copy: Copy, ask: Ask, by: str | None, roles: set[str]) -> set[str]:
        if copy.holder != by:
            return {"taken-by-other"}
        return {"lease-lost"} if copy.lease is None or self.now >= copy.lease or ask.fence != copy.fence else set()

    def _other_pharmacist(self, copy: Copy, ask: Ask, by: str | None, roles: set[str]) -> set[str]:
        found = set() if roles & LEADING else self._may_take(copy, by, 1)
        others = {each.person for each in self.on_duty(copy.kind.institution)} - {by}
        return found | ({"same-person"} if copy.first == by and others else set())

    def _same_prescriber(self, copy: Copy, ask: Ask, by: str | None, roles: set[str]) -> set[str]:
        return set() if by == copy.kind.prescriber else {"other-prescriber"}

    def _physician(self, copy: Copy, ask: Ask, by: str | None, roles: set[str]) -> set[str]:
        # Registered at the township and nowhere else.
        if by not in PHYSICIANS or copy.kind.institution != TOWNSHIP:
            return {"not-a-physician"}
        return {"same-person"} if by == copy.kind.prescriber else set()

    def _releasable(self, copy: Copy, ask: Ask, by: str | None, roles: set[str]) -> set[str]:
        found = set() if copy.kind.releasable and not copy.sent_back else {"not-releasable"}
        return found if by in STAFF else found | {"unknown-staff"}

    def _after_review_due(self, copy: Copy, ask: Ask, by: str | None, roles: set[str]) -> set[str]:
        found = set() if copy.after == "due" else {"move-not-allowed"}
        own = (copy.how == "released" and by == copy.by) or by == copy.kind.prescriber
        return found | ({"same-person"} if own else set())

    def _content(self, copy: Copy, ask: Ask, by: str | None, roles: set[str]) -> set[str]:
        objected = {"not-fit-for-supply"} if copy.after == "objected" and copy.state != "rescued" else set()
        late = self.now >= copy.expires
        if ask.move == "charge":
            found = objected | ({"move-not-allowed"} if late else set())
            return found if ask.token_is_good else found | {"content-changed"}
        if ask.dispensed is None:
            return {"bad-request"}
        silent = self.silent(copy.kind.institution)
        if copy.state == "rescued" or "*" in silent:
            return objected
        # Nobody has reviewed what was only observed, and a sheet may have run out since it was charged.
        stopped = copy.how == "observed" or late
        return objected | ({"not-fit-for-supply"} if stopped else set())

    def _may_take(self, copy: Copy, by: str | None, level: int) -> set[str]:
        own = [each for each in self.on_duty(copy.kind.institution) if each.person == by]
        if not own:
            anywhere = any(each.person == by and self.now < each.until for each in self.duty.values())
            return {"lacks-skill"} if anywhere else {"not-on-duty"}
        fit = level > 0 or any(copy.kind.skill in each.skills for each in own)
        return set() if fit else {"lacks-skill"}

    def moved(self, copy: Copy, ask: Ask) -> bool:
        """Where a move leads that succeeded; says whether the sheet was reviewed again, which decides where."""
        kind, _, _, person = ROLES[ask.who]
        by, before = person if kind == "account" else ask.by, copy.state
        match ask.move:
            case "take":
                copy.fence += 1
                copy.state, copy.holder, copy.lease = "taken", by, self.now + timedelta(minutes=10)
                return False
            case "put_back":
                self.waits(copy)
            case "approve" if before == "taken" and copy.needs_second:
                copy.state, copy.first = "second", by
            case "approve":
                copy.state, copy.how = "approved", "pharmacist"
            case "release":
                copy.state, copy.how, copy.after, copy.by = "released", "released", "due", by
            case "confirm":
                copy.after = "confirmed"
            case "object":
                copy.after, copy.sent_back = "objected", True
                if before == "released":
                    copy.state, copy.how = "returned", None
            case "return":
                copy.state, copy.sent_back = "returned", True
            case "resign":
                copy.reasoned = True
                copy.resigned = frozenset(rule for rule, severity in copy.kind.says if severity == "return")
                return True
            case "countersign":
                copy.countersigned = True
                return True
            case _:
                (copy.state,) = row(ask.move, before).to  # type: ignore[union-attr, arg-type]
        copy.holder = copy.lease = None
        return False


def offered(copy: Copy) -> list[str]:
    """What answers must list as allowed."""
    rows = [move for move in allowed(copy.state) if move.by != ("system",)]  # type: ignore[arg-type]
    return sorted({move.name for move in rows if copy.after == "due" or "after_review_due" not in move.guards})


def _fits(reason: dict[str, Any], move: str) -> bool:
    return (
        reason["code"] in REASONS
        and move in REASONS[reason["code"]].moves
        and (reason["code"] != "other" or "text" in reason)
    )
