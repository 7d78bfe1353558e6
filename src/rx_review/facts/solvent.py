"""Drugs in an infusion whose label names its solvents: another solvent, or another volume, is a pair of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rx_review.facts.knowledge import NO_WORDS, Words, words
from rx_review.facts.meeting import Meeting, Member
from rx_review.facts.resolve import Resolver
from rx_review.facts.supply import exact
from rx_review.library.rows import Solvent


def solvent_meetings(members: Sequence[Member], resolver: Resolver) -> Iterator[tuple[int, int, Meeting]]:
    """Yield each drug with a solvent of its infusion that the label does not name, or names with another volume."""
    if not any(member.own and member.known.is_solvent and member.line.group is not None for member in members):
        return
    for place, drug in enumerate(members):
        if not drug.own or drug.line.group is None or drug.known.is_solvent:
            continue
        rows = resolver.formulary.solvents.on(drug.known.generic, resolver.day)
        for other, solvent in enumerate(members) if rows else ():
            if solvent.own and solvent.known.is_solvent and solvent.line.group == drug.line.group:
                meeting = _judge(drug, solvent, rows)
                if meeting is not None:
                    yield min(place, other), max(place, other), meeting


def _judge(drug: Member, solvent: Member, rows: Sequence[Solvent]) -> Meeting | None:
    named = [row for row in rows if row.solvent == solvent.known.generic]
    if not named:
        strict = any(row.strict for row in rows)
        allowed = "、".join(sorted({row.solvent for row in rows}))
        consequence = words("说明书未列该溶媒", "the label does not name this solvent")
        return _meeting(drug, solvent, "solvent", strict, consequence, words(f"可用{allowed}", f"use {allowed}"))
    bounds = [(row.volume_from, row.volume_until) for row in named]
    if solvent.volume is None or any(_within(solvent, low, high) for low, high in bounds):
        return None
    low, high = bounds[0]
    says = f"{'' if low is None else low}~{'' if high is None else high}ml"
    consequence = words("溶媒体积与说明书不符", "a volume other than the label's")
    return _meeting(drug, solvent, "solvent_volume", False, consequence, words(says, says))


def _within(solvent: Member, low: Decimal | None, high: Decimal | None) -> bool:
    volume = solvent.volume
    if volume is None:
        return True
    return not (low is not None and volume.under(exact(low))) and not (high is not None and exact(high).under(volume))


def _meeting(drug: Member, solvent: Member, topic: str, strict: bool, consequence: Words, advice: Words) -> Meeting:
    return Meeting(
        drug.known.generic,
        solvent.known.generic,
        topic,
        "contraindicated" if strict else "moderate",
        "none",
        2,
        False,
        NO_WORDS,
        consequence,
        advice,
        f"{drug.known.generic}+{solvent.known.generic}",
    )
