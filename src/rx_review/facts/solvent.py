"""Drugs in an infusion whose label names its solvents: another solvent, or another volume, is a pair of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rx_review.facts.knowledge import NO_WORDS, Words, words
from rx_review.facts.meeting import Meeting, Member
from rx_review.facts.resolve import Resolver
from rx_review.facts.supply import Ratio, exact
from rx_review.library.rows import Solvent


def solvent_meetings(members: Sequence[Member], resolver: Resolver) -> Iterator[tuple[int, int, Meeting]]:
    """Yield each drug with a solvent of its infusion that the label does not name, or names with another volume."""
    groups = {member.line.group for member in members if member.own and member.known.is_solvent} - {None}
    for place, drug in enumerate(members) if groups else ():
        if not (drug.own and drug.infused) or drug.line.group not in groups or drug.known.is_solvent:
            continue
        rows = resolver.formulary.solvents.on(drug.known.generic, resolver.day)
        if not rows:
            continue
        vehicles = [
            other
            for other, member in enumerate(members)
            if member.own and member.known.is_solvent and member.line.group == drug.line.group
        ]
        for other in vehicles:
            if all(row.solvent != members[other].known.generic for row in rows):
                yield min(place, other), max(place, other), _another(drug, members[other], rows)
        found = _volume(drug, [members[other] for other in vehicles], rows)
        if found is not None:
            other = next(other for other in vehicles if members[other] is found[0])
            yield min(place, other), max(place, other), found[1]


def _another(drug: Member, solvent: Member, rows: Sequence[Solvent]) -> Meeting:
    strict = any(row.strict for row in rows)
    allowed = "、".join(sorted({row.solvent for row in rows}))
    consequence = words("说明书未列该溶媒", "the label does not name this solvent")
    return _meeting(drug, solvent, "solvent", strict, consequence, words(f"可用{allowed}", f"use {allowed}"))


def _volume(drug: Member, solvents: Sequence[Member], rows: Sequence[Solvent]) -> tuple[Member, Meeting] | None:
    """The largest solvent, if all of them together are outside the volumes that the label gives for it.

    Water that only dissolves a powder is part of the whole, not an infusion of its own.
    """
    known = [member.volume for member in solvents if member.volume is not None]
    if len(known) < len(solvents) or not known:
        return None
    total = known[0]
    for more in known[1:]:
        total = total.plus(more)
    largest = max(solvents, key=lambda member: member.volume.num / member.volume.den if member.volume else 0)
    named = [row for row in rows if row.solvent == largest.known.generic]
    bounds = [(row.volume_from, row.volume_until) for row in named]
    if not named or any(_within(total, low, high) for low, high in bounds):
        return None
    low, high = bounds[0]
    says = f"{'' if low is None else low}~{'' if high is None else high}ml"
    consequence = words("溶媒体积与说明书不符", "a volume other than the label's")
    return largest, _meeting(drug, largest, "solvent_volume", False, consequence, words(says, says))


def _within(volume: Ratio, low: Decimal | None, high: Decimal | None) -> bool:
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
