"""What a written diagnosis establishes: by its code, by the exact names in its text, with negation, doubt and history.

A name is matched exactly, never as part of a longer word. What is denied establishes nothing; what is suspected or
past, and what code and text say differently, is possible: neither known to hold nor known not to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from rx_review.facts.diagnosis_text import VAGUE, Part, State, TextReader
from rx_review.library.formulary import Formulary

# A letter and two digits begin every ICD-10 code, in both six-digit dialects, with or without its point.
_ICD10 = re.compile(r"([A-Z][0-9]{2})(?:\.?([0-9X][0-9A-Z.]*))?")
_TCM = re.compile(r"[AB]\d{2}(?:\.\d{2}){2,5}\.?|[BZ][A-Z]{2}\d{2,3}[A-Z0-9]*")

# A symptom or a reason for coming beside a disease contradicts nothing.
_SYMPTOMS = frozenset("RZ")


class ReadDiagnosis(NamedTuple):
    """What a diagnosis says.

    `groups` are established, `possible` are suspected, past or contradicted; `read` is whether every part could be
    read, `vague` whether it says nothing (取药, 体检), `syndrome` whether it names a TCM syndrome.
    """

    groups: frozenset[str]
    read: bool
    vague: bool
    possible: frozenset[str] = frozenset()
    syndrome: bool = False
    allergens: tuple[str, ...] = ()
    """What an allergy written among the diagnoses is to, suspected ones too."""
    denied: bool = False
    """Whether every part is denied."""
    shared: frozenset[str] | None = None
    """Groups that every part is in, denied ones and TCM names left aside; None if nothing else is there."""


def read_diagnosis(text: str, code: str | None, kind: str, formulary: Formulary) -> ReadDiagnosis:
    """Read one diagnosis.

    Args:
        text: as written, perhaps several diagnoses in one.
        code: ICD-10 in either six-digit dialect, a TCM code, or something else.
        kind: western, tcm_disease or tcm_syndrome, as the site says.
        formulary: names, spellings and groups.
    """
    parts = TextReader(formulary, kind).parts(text)
    telling = [part for part in parts if part.kind != VAGUE]
    by_state: dict[State, set[str]] = {"present": set(), "possible": set(), "absent": set()}
    for part in parts:
        if part.code is not None:
            by_state[part.state].update(formulary.groups_of(part.code))
    present, possible = by_state["present"], by_state["possible"]
    coded = _coded(code, kind, telling)
    if coded:
        groups = {group for category in coded for group in formulary.groups_of(category)}
        if len(telling) == 1 and telling[0].state != "present":
            # The text doubts or denies what the code says.
            possible |= groups
        elif _contradict(coded, groups, telling, formulary):
            possible |= groups
            if len(telling) == 1:
                possible |= present
                present = set()
        else:
            present |= groups
    tcm = kind != "western" or any(part.kind.startswith("tcm") for part in telling)
    every = bool(telling) and all(part.kind or part.state == "absent" for part in telling)
    return ReadDiagnosis(
        frozenset(present),
        every or (tcm and not any(not part.kind for part in telling)) or (bool(coded) and len(telling) == 1),
        (bool(parts) and not telling) or not any(character.isalnum() for character in text),
        frozenset(possible) - present,
        kind == "tcm_syndrome" or any(part.kind == "tcm_syndrome" for part in telling),
        tuple(part.allergen for part in telling if part.allergen and part.state != "absent"),
        bool(telling) and all(part.state == "absent" for part in telling),
        _shared(coded, telling, formulary),
    )


def _shared(coded: Sequence[str], telling: Sequence[Part], formulary: Formulary) -> frozenset[str] | None:
    """Groups in which every Western part is; with one part or none, those of its code count too."""
    of_code = {group for category in coded for group in formulary.groups_of(category)}
    western = [part for part in telling if part.state != "absent" and not part.kind.startswith("tcm")]
    sets = [frozenset(formulary.groups_of(part.code) if part.code is not None else ()) for part in western]
    if coded and len(sets) <= 1:
        sets = [frozenset(of_code).union(*sets)]
    return frozenset.intersection(*sets) if sets else None


def _coded(code: str | None, kind: str, telling: Sequence[Part]) -> tuple[str, ...]:
    """ICD-10 codes; none on a sheet whose text is TCM alone: a TCM code such as A04.01 looks like one."""
    if code is None or kind != "western" or (telling and all(part.kind.startswith("tcm") for part in telling)):
        return ()
    return icd_categories(code)


def _contradict(coded: Sequence[str], groups: set[str], telling: Sequence[Part], formulary: Formulary) -> bool:
    """Whether code and text both say something and agree in nothing: neither a category nor a group of diseases."""
    written = [part.code for part in telling if part.code is not None and part.state == "present"]
    said = {group for one in written for group in formulary.groups_of(one)}
    if not written or any(one[0] in _SYMPTOMS for one in written) or any(one[0] in _SYMPTOMS for one in coded):
        return False
    same = {one[:3] for one in written} & {category[:3] for category in coded}
    # Whatever two diseases are, both may be chronic: that is no sign that code and text mean the same.
    broad = formulary.broad_groups
    return not same and not (groups & said) - broad and bool((groups | said) - broad)


def icd_categories(code: str) -> tuple[str, ...]:
    """ICD-10 codes with their point and without filler: E11.9 from e11.900, E119 or E11.900x001; none if it is no ICD.

    A cause and its manifestation (E11.4+G63.2*) are two. Both six-digit dialects agree on the first four characters
    at most, so what follows is left as written.
    """
    found = []
    for part in re.split(r"[+†]", unicodedata.normalize("NFKC", code).upper().strip()):
        match = _ICD10.fullmatch(part.removesuffix("*"))
        if part and match is None:
            return ()
        if match is not None:
            category, rest = match[1], match[2] or ""
            found.append(category if rest[:1] in ("", "X") else f"{category}.{rest}")
    return tuple(found)


def is_tcm_code(code: str) -> bool:
    """Whether a code is of the national TCM classification (GB/T 15657: A01.02.03, B04.01, or BNW010)."""
    return _TCM.fullmatch(unicodedata.normalize("NFKC", code).upper()) is not None
