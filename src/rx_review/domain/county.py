"""What the county keeps of its members, people and committees: documents that the service's registers hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from rx_review.domain.prescription import Strict
from rx_review.domain.registers import PatientRecord, Period, PharmacistRecord, StaffRecord
from rx_review.domain.review import Verdict
from rx_review.domain.values import Code, Count, Day, Instant, Note, Text, Truth

Skill = Literal["general", "herbs", "controlled", "paediatric"]
SKILLS: tuple[Skill, ...] = ("general", "herbs", "controlled", "paediatric")

EVERYTHING = "*"
"""Stands for every rule where a rule, a topic or a family may be named."""

Muted = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9-]*)$",
        description="a rule (RX-QTY-001), a topic (quantity), a family (law, clinical, payment), or * for every rule",
    ),
]


class Mandate(Period):
    """The written mandate under which the centre reviews for a member that is a legal person of its own (委托书)."""

    number: Text


class Member(Strict):
    """A member that takes part in central review."""

    name: Text
    phone: Annotated[Text | None, Field(description="duty telephone that answers carry")] = None
    mandate: Mandate | None = None
    observes: Annotated[
        tuple[Muted, ...],
        Field(max_length=500, description="rules that answer here but never stop, until the member goes live"),
    ] = ()


class StaffEntry(Strict):
    """A person of the staff register: what a prescriber may do, what a pharmacist may do, or both."""

    institution: Annotated[Code, Field(description="member where the person belongs")]
    name: Text
    prescriber: Annotated[StaffPart | None, Field(description="licence, title, dated rights, postings")] = None
    pharmacist: PharmacistPart | None = None

    @model_validator(mode="after")
    def _is_something(self) -> StaffEntry:
        if self.prescriber is None and self.pharmacist is None:
            raise PydanticCustomError("staff_without_part", "neither prescriber nor pharmacist is given")
        return self


class StaffPart(StaffRecord):
    """A prescriber's record without the instant at which it was looked up."""

    as_of: Annotated[Instant | None, Field(exclude=True)] = None  # type: ignore[assignment]


class PharmacistPart(PharmacistRecord):
    """A pharmacist's record without the person's code, which is the key of the entry."""

    person: Annotated[Code | None, Field(exclude=True)] = None  # type: ignore[assignment]


class Registration(PatientRecord):
    """A patient's record without the instant at which it was looked up."""

    as_of: Annotated[Instant | None, Field(exclude=True)] = None  # type: ignore[assignment]


StaffEntry.model_rebuild()


class StandingDecision(Period):
    """A decision of the P&T committee that lets a machine pass what it covers (医疗机构处方审核规范 art. 6).

    A machine pass names it, and the pharmacist on duty; without one every prescription goes to a pharmacist.
    """

    minutes: Annotated[Text, Field(description="number of the committee's minutes")]
    decided_on: Day
    passes: Annotated[
        tuple[Literal["pass", "note", "warn"], ...],
        Field(min_length=1, max_length=3, description="verdicts that a machine may let through"),
    ]
    members: Annotated[tuple[Code, ...], Field(max_length=500, description="empty = every member")] = ()
    complete_only: Annotated[Truth, Field(description="only where everything could be judged")] = False
    text: Note | None = None

    def covers(self, verdict: Verdict, institution: str, day: Day, *, complete: bool) -> bool:
        """Whether it lets a machine pass a sheet of that member, issued on that day."""
        return (
            self.holds(day)
            and verdict in self.passes
            and (not self.members or institution in self.members)
            and (complete or not self.complete_only)
        )


class DutyEntry(Strict):
    """Somebody on the duty roster, planned or signed on."""

    person: Code
    role: Literal["pharmacist", "lead", "chief"] = "pharmacist"
    skills: Annotated[tuple[Skill, ...], Field(min_length=1, max_length=4)] = ("general",)
    covers: Annotated[tuple[Code, ...], Field(max_length=500, description="members; empty = all")] = ()
    from_: Annotated[Instant, Field(alias="from")]
    until: Instant

    @model_validator(mode="after")
    def _runs_forward(self) -> DutyEntry:
        if self.until <= self.from_:
            raise PydanticCustomError("duty_backwards", "the duty ends before it begins")
        return self


class PauseEntry(Strict):
    """A rule, or a group of rules, that a lead puts to shadow for a limited time: it counts and does not speak."""

    target: Muted
    until: Instant
    reason: Note


class Dismissal(Strict):
    """A finding that a pharmacist settles for a patient."""

    prescription: Code
    key: Code
    reason: Code
    text: Note | None = None
    days: Annotated[Count, Field(ge=1, le=365)] = 90


def ordered_skills(skills: tuple[Skill, ...]) -> str:
    """Skills as the roster keeps them."""
    return ",".join(skill for skill in SKILLS if skill in skills)
