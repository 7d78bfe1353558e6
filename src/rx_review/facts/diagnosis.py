"""What a written diagnosis establishes: by its code, by the exact names in its text, with negation, doubt and history.

A name is matched exactly, never as part of a longer word. What is denied establishes nothing; what is suspected or
past, and what code and text say differently, is possible: neither known to hold nor known not to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple

from rx_review.library.formulary import Formulary
from rx_review.library.lookup import fold

State = Literal["present", "possible", "absent"]

# A letter and two digits begin every ICD-10 code, in both six-digit dialects, with or without its point.
_ICD10 = re.compile(r"([A-Z][0-9]{2})\.?([0-9X][0-9A-Z.]*)?")

_TCM = re.compile(r"[AB]\d{2}(?:\.\d{2}){2,5}\.?|[BZ][A-Z]{2}\d{2,3}[A-Z0-9]*")

_NUMBERED = re.compile(r"(?:^|(?<=[\s;；。,，、)]))(?:[(（]?\d{1,2}[)）]|\d{1,2}[.、．](?!\d)|[①-⑳])\s*")
_CLAUSES = re.compile(r"[;；。,，|\n\r\t]+|\s{2,}")
_ITEMS = re.compile(r"[、+/＋／]|\s+|以及|并发|合并|伴有|伴|及|和|与")
_BRACKET = re.compile(r"\(([^()]*)\)")

_DENIED = re.compile(
    r"^(?:排除|除外|否认有?|未见明显|未见|未患|未合并|没有|无明显|无)|(?:已排除|排除|除外|阴性|\(-\))$"
)
_DOUBTED = re.compile(
    r"^(?:不能除外|不能排除|不除外|不排除|疑似|可疑|疑诊|疑|考虑为?|可能为?|倾向|\?|待排除?|待查|拟诊)"
    r"|(?:不能除外|不能排除|不除外|不排除|待排除|待排查|待排|待查|待诊|待定|可能性大|可能|\?+|\(待查\)|\(\?\))$"
)
_PAST = re.compile(r"^(?:既往有?|曾患|曾有)|(?:病史|既往史|手术史|史|术后|治疗后|后)$")
_FAMILY = re.compile(r"家族史$|^(?:父亲|母亲|父母|家族|兄弟|姐妹|其父|其母)")

_QUALIFIER = re.compile(
    r"^(?:双侧|左侧|右侧|单侧|双|左|右|轻度|中度|重度|轻|中|重)|"
    r"(?:(?:[1-5一二三四]|[ivⅰⅱⅲⅳ]{1,3})[级期度]|极高危组?|很高危组?|高危组?|中危组?|低危组?|急性发作期?|急性期|稳定期|缓解期|"
    r"活动期|(?:急性)?发作|加重期?|轻度|中度|重度|双侧|左侧|右侧|待产)$"
)


VAGUE = "vague"


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


class _Part(NamedTuple):
    state: State
    code: str | None
    kind: str
    """Kind of the name that was found; empty if none was."""


def read_diagnosis(text: str, code: str | None, kind: str, formulary: Formulary) -> ReadDiagnosis:
    """Read one diagnosis.

    Args:
        text: as written, perhaps several diagnoses in one.
        code: ICD-10 in either six-digit dialect, a TCM code, or something else.
        kind: western, tcm_disease or tcm_syndrome, as the site says.
        formulary: names, spellings and groups.
    """
    parts = list(_parts(text, formulary))
    found: dict[State, set[str]] = {"present": set(), "possible": set(), "absent": set()}
    for part in parts:
        if part.code is not None:
            found[part.state].update(formulary.groups_of(part.code))
    tcm_only = bool(parts) and all(part.kind.startswith("tcm") for part in parts)
    # A TCM code such as A04.01 looks like one of ICD-10: what the text names tells them apart.
    coded = icd_categories(code) if code is not None and kind == "western" and not tcm_only else ()
    if coded:
        groups = [group for category in coded for group in formulary.groups_of(category)]
        doubted = len(parts) == 1 and parts[0].state != "present"
        found["possible" if doubted else "present"].update(groups)
    present = frozenset(found["present"])
    tcm = kind != "western" or any(part.kind.startswith("tcm") for part in parts)
    telling = [part for part in parts if part.kind != VAGUE]
    every = bool(telling) and all(part.kind or part.state == "absent" for part in telling)
    read = every or tcm or (bool(coded) and len(parts) == 1)
    return ReadDiagnosis(
        present,
        read,
        ("diagnosis", fold(text)) in formulary.wordings,
        frozenset(found["possible"]) - present,
        kind == "tcm_syndrome" or any(part.kind == "tcm_syndrome" for part in parts),
    )


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


def _parts(text: str, formulary: Formulary) -> Iterator[_Part]:
    """The diagnoses of a text, each with its state; a denial reaches over the list that follows it."""
    tidy = unicodedata.normalize("NFKC", text)
    whole = _named(fold(tidy), formulary)
    if whole is not None:
        yield _Part("present", *whole)
        return
    denied = False
    for clause in _CLAUSES.split(_NUMBERED.sub(";", tidy)):
        if not clause.strip():
            continue
        parts, denies = _clause(clause, formulary, after_denial=denied)
        denied = denied or denies
        yield from parts


def _clause(clause: str, formulary: Formulary, *, after_denial: bool) -> tuple[list[_Part], bool]:
    """Diagnoses of one clause, and whether it denies something: then what stands after its comma is in doubt."""
    alone = _item(fold(clause), formulary)
    if alone.kind:
        return [alone], alone.state == "absent"
    items = [fold(item) for item in _ITEMS.split(clause) if item and item.strip()]
    if len(items) < 2:
        return [_doubted_after(alone, after_denial)], alone.state == "absent"
    read = [_item(item, formulary) for item in items]
    first, last = read[0].state, read[-1].state
    reach: State | None = "absent" if first == "absent" else "possible" if "possible" in (first, last) else None
    parts = [part._replace(state=reach) if reach and part.state == "present" else part for part in read]
    return [_doubted_after(part, after_denial) for part in parts], first == "absent"


def _doubted_after(part: _Part, after_denial: bool) -> _Part:
    return part._replace(state="possible") if after_denial and part.state == "present" else part


def _item(item: str, formulary: Formulary) -> _Part:
    """One diagnosis: its exact name, else what remains without words of denial, doubt, past or degree."""
    whole = _named(item, formulary)
    if whole is not None:
        return _Part("present", *whole)
    if _FAMILY.search(item):
        return _Part("absent", None, "")
    markers: tuple[tuple[re.Pattern[str], State], ...] = (
        (_DOUBTED, "possible"), (_DENIED, "absent"), (_PAST, "possible"),
    )  # fmt: skip
    for pattern, state in markers:
        rest = pattern.sub("", item)
        if rest != item and rest:
            inner = _item(rest, formulary)
            # 无 and 后 begin and end names too (无痛性…, 产后…): they deny and date only what is a name without them.
            if inner.kind or pattern is _DOUBTED:
                return inner._replace(state=_gravest(state, inner.state))
    return _plain_item(item, formulary)


def _gravest(outer: State, inner: State) -> State:
    """A doubt about a denial is a doubt (不除外); a denial of a past is a denial."""
    return inner if outer == "possible" and inner == "absent" else outer


def _plain_item(item: str, formulary: Formulary) -> _Part:
    bare = _BRACKET.sub("", item)
    if bare != item and bare:
        inside = "".join(_BRACKET.findall(item))
        doubted = _DOUBTED.search(inside) or _DENIED.search(inside) or "?" in inside
        part = _item(bare, formulary)
        return part._replace(state="possible") if doubted and part.state == "present" else part
    rest = item
    while (shorter := _QUALIFIER.sub("", rest)) != rest and shorter:
        rest = shorter
        named = _named(rest, formulary)
        if named is not None:
            return _Part("present", *named)
    if len(item) > 2 and item.endswith("证") and not item.endswith("适应证"):
        return _Part("present", None, "tcm_syndrome")
    return _Part("present", None, "")


def _named(item: str, formulary: Formulary) -> tuple[str | None, str] | None:
    """Code and kind of an exact name; a TCM name has no ICD code."""
    kind = formulary.tcm_names.get(item)
    code = formulary.diagnosis_codes.get(item)
    if code is not None:
        return code, kind or "western"
    if kind is not None:
        return None, kind
    # 取药, 体检: known words that say nothing of any disease.
    return (None, VAGUE) if ("diagnosis", item) in formulary.wordings else None
