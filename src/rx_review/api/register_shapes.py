"""Shapes of answers about registers, the duty roster, pauses, settled findings, tokens and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from rx_review.api.shapes import Shape


class EntryShape(Shape):
    """An entry of a register; `version` goes back as If-Match."""

    key: str
    version: int
    updated_at: datetime
    document: dict[str, Any]


class EntriesShape(Shape):
    """A page of a register; `next` is given as `after`."""

    items: list[EntryShape]
    next: str | None


class DutyShape(Shape):
    """Somebody on the roster."""

    id: int
    person: str
    role: str
    skills: list[str]
    covers: list[str]
    from_: datetime = Field(alias="from")
    until: datetime
    ended_at: datetime | None


class RosterShape(Shape):
    """Who is planned, and who is on duty now."""

    items: list[DutyShape]
    on_duty: list[DutyShape]


class PauseShape(Shape):
    """A rule, or a group of rules, that counts and does not speak for a while."""

    id: int
    target: str
    began_at: datetime
    until: datetime
    by: str
    reason: str
    ended_at: datetime | None


class EndedPauseShape(Shape):
    """A pause that was ended."""

    id: int
    ended_at: datetime


class PausesShape(Shape):
    """Pauses that hold now."""

    items: list[PauseShape]


class DismissalShape(Shape):
    """A settled finding."""

    key: str
    rule: str
    by: str
    reason: str
    at: datetime
    until: datetime


class TokenShape(Shape):
    """An access token (RFC 6749 §5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class SessionShape(Shape):
    """A session of a person."""

    session: str
    person: str
    roles: list[str]
    expires_at: datetime
