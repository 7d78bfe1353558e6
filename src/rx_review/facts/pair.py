"""Pairs: two lines of the sheet, or of the visit's sheets, that the formulary says should not meet.

Found through the partners of what is present, never by trying every two lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rx_review.domain.prescription import Line, Prescription
from rx_review.facts.case import Case, Value
from rx_review.facts.concern import is_excused
from rx_review.facts.knowledge import NO_WORDS, words
from rx_review.facts.line import Understood, shown
from rx_review.facts.meeting import Meeting, Member
from rx_review.facts.resolve import Known, Resolver
from rx_review.facts.solvent import solvent_meetings
from rx_review.library.formulary import Formulary

_NOBODY: frozenset[str] = frozenset()
_GRADES = {"moderate": 0, "major": 1, "contraindicated": 2}


def members_of(lines: Iterable[tuple[Line, Understood]], *, own: bool) -> list[Member]:
    """Lines whose drug is known, as members of pairs."""
    return [
        Member(
            line,
            understood.known,
            None if understood.topical is None else not understood.topical,
            understood.as_needed,
            own,
            understood.facts.values.get("infusion") == 1,
            understood.supply.volume,
        )
        for line, understood in lines
        if understood.known is not None
    ]


def pair_cases(
    whole: Case, prescription: Prescription, members: Sequence[Member], resolver: Resolver
) -> Iterator[Case]:
    """Yield one case for each two lines and topic, the gravest and most specific row deciding."""
    present: dict[str, list[int]] = {}
    for index, member in enumerate(members):
        for key in member.known.keys:
            present.setdefault(key, []).append(index)
    closest: dict[tuple[int, int, str, str, str], Meeting] = {}
    for first, second, meeting in _meetings(present, members, resolver):
        for one, other in _about(meeting, members[first], members[second]):
            place = (first, second, meeting.topic, one, other)
            if place not in closest or _closeness(meeting) > _closeness(closest[place]):
                closest[place] = meeting
    gravest: dict[tuple[int, int, str], Meeting] = {}
    for (first, second, topic, _, _), meeting in closest.items():
        slot = (first, second, topic)
        if slot not in gravest or _gravity(meeting) > _gravity(gravest[slot]):
            gravest[slot] = meeting
    for first, second, meeting in solvent_meetings(members, resolver):
        mixed = gravest.get((first, second, "infusion"))
        if mixed is None or _GRADES[meeting.grade] > _GRADES[mixed.grade]:
            # One fault is told once: as a mixture, or more gravely as a solvent that the label forbids.
            gravest.pop((first, second, "infusion"), None)
            gravest[first, second, meeting.topic] = meeting
    for first, second, topic in sorted(gravest):
        if topic == "duplicate_class" and (first, second, "duplicate_ingredient") in gravest:
            continue
        yield _case(whole, prescription, members[first], members[second], gravest[first, second, topic], resolver)


def _about(meeting: Meeting, first: Member, second: Member) -> Iterator[tuple[str, str]]:
    """The actives of both lines that a row is about: an ingredient's row beats its class's for these two only."""
    for left, right in ((meeting.a, meeting.b), (meeting.b, meeting.a)):
        for one in first.known.actives_of(left):
            for other in second.known.actives_of(right):
                yield one, other
        if left == right:
            return


def _closeness(meeting: Meeting) -> tuple[int, int, str]:
    return meeting.specific, _GRADES[meeting.grade], meeting.name


def _gravity(meeting: Meeting) -> tuple[int, int, str]:
    return _GRADES[meeting.grade], meeting.specific, meeting.name


def _meetings(
    present: Mapping[str, list[int]], members: Sequence[Member], resolver: Resolver
) -> Iterator[tuple[int, int, Meeting]]:
    formulary, day = resolver.formulary, resolver.day
    here = frozenset(present)
    for key, holders in present.items():
        if len(holders) > 1:
            meeting = _sharing(key, formulary)
            if meeting is not None:
                yield from _combinations(holders, holders, members, meeting)
        for partner in sorted(formulary.partners.get(key, _NOBODY) & here):
            if key <= partner:
                for row in formulary.interactions.on((key, partner), day):
                    yield from _combinations(holders, present[partner], members, _of_interaction(row))
                for mixture in formulary.incompatibilities.on((key, partner), day):
                    yield from _combinations(holders, present[partner], members, _of_incompatibility(mixture))


def _combinations(
    left: Sequence[int], right: Sequence[int], members: Sequence[Member], meeting: Meeting
) -> Iterator[tuple[int, int, Meeting]]:
    for i in left:
        for j in right:
            first, second = min(i, j), max(i, j)
            if first == second or not (members[first].own or members[second].own):
                continue
            if meeting.systemic_only and (members[i].systemic is False or members[j].systemic is False):
                continue
            if meeting.topic == "infusion" and not _one_infusion(members[first], members[second]):
                continue
            if meeting.a == meeting.b and (members[first].known.is_solvent or members[second].known.is_solvent):
                # Every infusion has its own bag of saline.
                continue
            yield first, second, meeting


def _one_infusion(first: Member, second: Member) -> bool:
    group = first.line.group
    return first.own and second.own and group is not None and group == second.line.group


def _sharing(key: str, formulary: Formulary) -> Meeting | None:
    if key.startswith("herb:"):
        return None
    if not key.startswith("class:"):
        return Meeting(
            key, key, "duplicate_ingredient", "major", "none", 2, True, words(key, key), NO_WORDS, NO_WORDS, key
        )
    zh, en, duplicate = formulary.class_names.get(key[6:], (key, key, ""))
    if not duplicate:
        return None
    return Meeting(key, key, "duplicate_class", duplicate, "none", 0, True, words(zh, en), NO_WORDS, NO_WORDS, key)


def _of_interaction(row: Any) -> Meeting:
    specific = (not row.a.startswith("class:")) + (not row.b.startswith("class:"))
    return Meeting(
        row.a, row.b, "interaction", row.grade, "none", specific, row.scope == "systemic", NO_WORDS,
        words(row.consequence_zh, row.consequence_en), words(row.advice_zh or "", row.advice_en or row.advice_zh or ""),
        f"{row.a}+{row.b}",
    )  # fmt: skip


def _of_incompatibility(row: Any) -> Meeting:
    herbal = row.kind != "infusion"
    specific = (not row.a.startswith("class:")) + (not row.b.startswith("class:"))
    return Meeting(
        row.a, row.b, "herbs" if herbal else "infusion", row.grade, row.kind if herbal else "none", specific, herbal,
        NO_WORDS, words(row.consequence_zh, row.consequence_en), NO_WORDS, f"{row.kind}:{row.a}+{row.b}",
    )  # fmt: skip


_REASON_FOR = {
    "interaction": "interaction",
    "duplicate_ingredient": "duplicate",
    "duplicate_class": "duplicate",
    "herbs": "incompatibility",
    "infusion": "incompatibility",
    "solvent": "incompatibility",
    "solvent_volume": "incompatibility",
}


def _case(
    whole: Case, prescription: Prescription, first: Member, second: Member, meeting: Meeting, resolver: Resolver
) -> Case:
    lines = tuple(member.line.line for member in (first, second) if member.own)
    shared = meeting.shared["zh"]
    own: dict[str, Value] = {
        "topic": meeting.topic,
        "grade": meeting.grade,
        "tradition": meeting.tradition,
        "same_drug": int(_same(first.known, second.known)),
        "breakthrough": int(_is_breakthrough(first, second) or _is_breakthrough(second, first)),
        "hidden": int(any(part.hidden for m in (first, second) for part in m.known.components if part.name == shared)),
        "shared_plain_herb": int(
            (herb := resolver.formulary.herbs.one(shared, resolver.day)) is not None and not herb.toxic
        ),
        "both_narcotic": int(all(m.known.control in ("narcotic", "psychotropic_1") for m in (first, second))),
        "across_sheets": int(not (first.own and second.own)),
        "excused": int(is_excused(prescription, _REASON_FOR[meeting.topic], lines)),
    }
    missing: dict[str, str] = {}
    if meeting.systemic_only and None in (first.systemic, second.systemic):
        missing["applies"] = "route"
    else:
        own["applies"] = 1
    texts = {
        "drug_a": shown(first.line, first.known),
        "drug_b": shown(second.line, second.known),
        "shared": meeting.shared,
        "consequence": meeting.consequence,
        "advice": meeting.advice,
    }
    ingredients = tuple(sorted(first.ingredients | second.ingredients))
    row = f"{meeting.topic}:{meeting.name}"
    return Case("pair", lines, own, missing, texts, ingredients, row, above=whole)


def _is_breakthrough(sustained: Member, relief: Member) -> bool:
    form = sustained.known.form
    return form is not None and form.release == "sustained" and relief.as_needed and not sustained.as_needed


def _same(first: Known, second: Known) -> bool:
    forms = [known.form.counts_as if known.form else None for known in (first, second)]
    return first.generic == second.generic and forms[0] == forms[1]
