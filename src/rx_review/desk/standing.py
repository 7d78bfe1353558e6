"""What the county has decided and who is there: members, standing decisions, pauses, duty; read once per change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rx_review.domain.county import EVERYTHING, Member, Skill, StandingDecision
from rx_review.domain.problems import Refusal
from rx_review.domain.review import Verdict
from rx_review.engine.review import Reviewer
from rx_review.store import county as store
from rx_review.store.database import Connection


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody on the roster; `covers` empty = every member."""

    id: int
    person: str
    role: str
    skills: frozenset[str]
    covers: frozenset[str]
    began_at: datetime
    until: datetime

    def covering(self, institution: str) -> bool:
        """Whether this person looks after a member."""
        return not self.covers or institution in self.covers

    def fit(self, skill: Skill, institution: str) -> bool:
        """Whether a sheet of that kind and member is this person's."""
        return skill in self.skills and self.covering(institution)

    def may_take(self, skill: Skill, institution: str, level: int) -> bool:
        """Whether this person may take a sheet that was passed on so far.

        Passed on once, it is for anybody on duty; controlled drugs stay with who has that skill (处方管理办法 art. 11).
        """
        if level == 0 or skill == "controlled":
            return self.fit(skill, institution)
        return self.covering(institution)


@dataclass(frozen=True, slots=True)
class _Pause:
    target: str
    began_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """The county at one version of its registers."""

    version: int
    name: str
    edition: str | None
    history_since: date
    members: Mapping[str, Member]
    decisions: Mapping[str, StandingDecision]
    pauses: Sequence[_Pause]
    duty: Sequence[OnDuty]
    seen: Mapping[tuple[str, str], tuple[str, ...]]
    """Codes of a member's own that a pharmacist has seen, by institution and kind."""

    def member(self, institution: str) -> Member:
        """A member that takes part.

        Raises:
            Refusal: `unknown-member`.
        """
        found = self.members.get(institution)
        if found is None:
            raise Refusal("unknown-member", f"{institution} is not enrolled", f"{institution} 未登记")
        return found

    def on_duty(self, at: datetime) -> list[OnDuty]:
        """Who is on duty."""
        return [each for each in self.duty if each.began_at <= at < each.until]

    def decision(
        self, verdict: Verdict, institution: str, day: date, *, complete: bool
    ) -> tuple[str, StandingDecision] | None:
        """The standing decision under which a machine may pass a sheet, with its number."""
        for number, decision in self.decisions.items():
            if decision.covers(verdict, institution, day, complete=complete):
                return number, decision
        return None

    def muted(self, reviewer: Reviewer, institution: str, at: datetime) -> Muted:
        """Rules that count and do not stop at a member now: paused ones, and those that the member only observes."""
        paused = {pause.target for pause in self.pauses if pause.began_at <= at < pause.until}
        member = self.members.get(institution)
        return Muted(reviewer, frozenset(paused), frozenset(member.observes if member else ()))


@dataclass(frozen=True, slots=True)
class Muted:
    """Which rules are silent: named themselves, by topic, by family, or all of them."""

    reviewer: Reviewer
    paused: frozenset[str]
    observed: frozenset[str]

    def why(self, rule: str) -> str | None:
        """`paused`, `observed`, or None for a rule that speaks."""
        if not self.paused and not self.observed:
            return None
        names = names_of(self.reviewer, rule)
        if self.paused & names:
            return "paused"
        return "observed" if self.observed & names else None

    @property
    def everything_observed(self) -> bool:
        """Whether the member observes every rule."""
        return EVERYTHING in self.observed


def names_of(reviewer: Reviewer, rule: str) -> frozenset[str]:
    """Everything by which a rule may be named."""
    found = next((each for each in reviewer.edition.rules if each.id == rule), None)
    if found is None:
        return frozenset({rule, EVERYTHING})
    return frozenset({rule, EVERYTHING, found.topic, reviewer.edition.families.get(found.topic, "")})


def is_rule_name(reviewer: Reviewer, name: str) -> bool:
    """Whether some rule goes by that name."""
    return name == EVERYTHING or any(
        name in (rule.id, rule.topic, reviewer.edition.families.get(rule.topic)) for rule in reviewer.edition.rules
    )


def read_standing(connection: Connection, at: datetime) -> Standing:
    """Read all of it.

    Raises:
        Refusal: `not-ready` before the county is founded.
    """
    row = store.county(connection)
    if row is None:
        what = "the county is not founded: run `rx-review db upgrade`"
        raise Refusal("not-ready", what, "县域尚未初始化", retry_after=5)
    duty = [
        OnDuty(
            each.id,
            each.person,
            each.role,
            frozenset(each.skills.split(",")),
            frozenset(filter(None, each.covers.split(","))),
            each.began_at,
            each.until if each.ended_at is None else min(each.ended_at, each.until),
        )
        for each in store.roster(connection, at, at.replace(year=at.year + 1, day=min(at.day, 28)))
    ]
    return Standing(
        row.version,
        row.name,
        row.edition,
        row.history_since,
        {each.institution: Member.model_validate_json(each.document) for each in store.entries(connection, "member")},
        {
            each.number: StandingDecision.model_validate_json(each.document)
            for each in store.entries(connection, "standing_decision")
        },
        [
            _Pause(each.target, each.began_at, each.until)
            for each in store.pauses(connection)
            if each.ended_at is None and each.until > at
        ],
        duty,
        _seen(connection),
    )


def _seen(connection: Connection) -> Mapping[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for row in store.seen_gaps(connection):
        place = (row.institution, row.kind)
        found[place] = (*found.get(place, ()), row.code)
    return found
