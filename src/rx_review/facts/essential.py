"""Whether a drug is on the national essential medicines list of a day, read as the list says that it is read.

An entry is an active ingredient. A salt that is not printed counts, esters and names with a Roman numeral stand
apart, coated tablets are tablets, the same dose may be written in several ways, and where no strength is printed any
approved one counts. Where an edition is not known in full, what is not found in it is unknown.
"""

from __future__ import annotations

import re

from rx_review.facts.presentation import same_presentation, written_presentation
from rx_review.facts.resolve import Known, Resolver
from rx_review.library.lookup import fold
from rx_review.library.rows import Drug, Essential, EssentialEdition, Form

# Longest first: 琥珀酸乙 is no 琥珀酸. 琥乙 is how its ester is named.
_RADICAL = re.compile(
    "苯磺酸|甲磺酸|门冬氨酸|琥珀酸乙|琥乙|琥珀酸|马来酸|富马酸|酒石酸|枸橼酸|乳糖酸|硬脂酸|棕榈酸|丁酸|丙酸|戊酸|"
    "醋酸|碳酸|磷酸|盐酸|硫酸|乳酸|氢溴酸|氨丁三醇|精氨酸|赖氨酸|白蛋白结合|钠|钾|钙|酯"
)
_ALIKE = {"琥乙": "琥珀酸乙"}
# A solution in these is no salt.
_VEHICLE = re.compile("氯化钠|葡萄糖|碳酸氢钠")
_PERCENT = re.compile(r"[0-9]+(?:\.[0-9]+)?%")
_NUMERAL = "i{1,3}|iv|v|vi"
_PRINTED_NUMERAL = re.compile(rf"(?<![a-z])({_NUMERAL})(?=型?\)?$)")
# 先锋霉素VI is an old name, whose numeral tells no two drugs of one name apart.
_WRITTEN_NUMERAL = re.compile(rf"\(({_NUMERAL})型?\)")


def essential_status(
    known: Known, strength: str | None, resolver: Resolver, written: str | None = None
) -> tuple[bool | None, bool]:
    """Whether the drug is on the list of that day, and whether it is marked △.

    Args:
        known: What the line means.
        strength: The strength as written, with or without the pack.
        resolver: The look-ups of the day.
        written: The name as written; its salt, ester or Roman numeral counts where the list prints one.

    Returns:
        On the list (None if that cannot be said), and marked △ in the form asked about.
    """
    if known.herb is not None:
        # Decoction pieces that conform to the standard are on the list; granules made of them are not named.
        return known.kind == "herb", False
    edition = resolver.formulary.editions.one("", resolver.day)
    if edition is None:
        return None, False
    rows = resolver.formulary.essential.on((edition.edition, known.generic), resolver.day)
    if not rows:
        return _absent(edition), False
    name = fold(written or "")
    named = [row for row in rows if _named_alike(row, known.generic, name)]
    told = _told(known, strength, name)
    found: set[bool | None] = set()
    specialist = False
    for form in _forms(known, resolver):
        of_form = _of_form(named, form, resolver)
        specialist = specialist or any(row.specialist for row in of_form)
        found.add(_printed(of_form, told, known.candidates, edition))
    status = found.pop() if len(found) == 1 else None
    return (None if status and _numeral_apart(rows, known.generic, name) else status), specialist


def essential_cause(known: Known, resolver: Resolver, written: str | None = None) -> str:
    """What would have to be known to tell, where `essential_status` cannot."""
    edition = resolver.formulary.editions.one("", resolver.day)
    rows = resolver.formulary.essential.on((edition.edition, known.generic), resolver.day) if edition else ()
    if not rows or _numeral_apart(rows, known.generic, fold(written or "")):
        return "essential_edition"
    return "strength" if known.form else "form"


def _absent(edition: EssentialEdition) -> bool | None:
    return False if edition.complete else None


def _forms(known: Known, resolver: Resolver) -> list[Form]:
    """The form of the drug, or all that it may have."""
    if known.form is not None:
        return [known.form]
    return [resolver.formulary.forms[form] for form in sorted({row.form for row in known.candidates})]


def _of_form(rows: list[Essential], form: Form, resolver: Resolver) -> list[Essential]:
    """Rows printed for that form; a scope that names no forms is for what no other entry prints."""
    forms = resolver.formulary.forms
    same = [row for row in rows if row.form != "any" and forms[row.form].counts_as == form.counts_as]
    return same or [row for row in rows if row.form == "any"]


def _told(known: Known, strength: str | None, name: str) -> str | None:
    """The strength as far as it is told, folded; `5%葡萄糖注射液` tells its concentration in the name."""
    if known.drug is not None and known.drug.strength:
        return fold(known.drug.strength)
    told = written_presentation(strength)
    percent = _PERCENT.search(name)
    return f"{told}({percent[0]})" if told and percent else told


def _printed(
    rows: list[Essential], told: str | None, candidates: tuple[Drug, ...], edition: EssentialEdition
) -> bool | None:
    if not rows:
        return _absent(edition)
    if any(row.strength is None for row in rows):
        return True
    if told is None:
        return None
    same = _any_same(rows, told)
    if same is None:
        # 100ml of a solution that comes in one concentration: whichever drug it is, it is printed.
        meant = [
            fold(row.strength) for row in candidates if row.strength and same_presentation(told, fold(row.strength))
        ]
        return True if meant and all(_any_same(rows, strength) for strength in meant) else None
    return True if same else _absent(edition)


def _any_same(rows: list[Essential], strength: str) -> bool | None:
    """Whether a row prints that strength; None if one that cannot be compared may."""
    same = [same_presentation(fold(row.strength), strength) for row in rows if row.strength is not None]
    return True if True in same else None if None in same else False


def _named_alike(row: Essential, generic: str, written: str) -> bool:
    """Whether a name may mean this row. A name without a salt is the name of the entry itself."""
    printed = fold(row.salt or "")
    plain = fold(generic)
    numeral, own = _numeral(_WRITTEN_NUMERAL, written), _own_numeral(row, plain)
    if numeral is not None and own is not None:
        return numeral == own
    told = _radicals(written, plain)
    if not told:
        return True
    if "酯" in told and "酯" not in plain + printed and "硝酸" not in plain:
        return False
    wanted = _radicals(printed, "")
    return not wanted or told <= wanted or wanted <= told


def _numeral_apart(rows: tuple[Essential, ...], generic: str, written: str) -> bool:
    """Whether a name has a Roman numeral while the list prints none for that active.

    Such names stand apart; but some actives are sold under no other, so it cannot be said that the list means none.
    """
    apart = _numeral(_WRITTEN_NUMERAL, written) is not None
    return apart and not any(_own_numeral(row, fold(generic)) for row in rows)


def _own_numeral(row: Essential, generic: str) -> str | None:
    return _numeral(_PRINTED_NUMERAL, fold(row.salt or "")) or _numeral(_PRINTED_NUMERAL, generic)


def _numeral(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None


def _radicals(text: str, generic: str) -> frozenset[str]:
    rest = _VEHICLE.sub("", text.replace(generic, "") if generic else text)
    return frozenset(_ALIKE.get(found, found) for found in _RADICAL.findall(rest))
