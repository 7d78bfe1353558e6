"""A diagnosis in words: its parts, each with its exact name and whether it holds, is denied, in doubt or past.

A name is matched exactly, never as part of a longer word; words of denial, doubt, past and degree are taken away only
where what remains is a name. What a denial, a doubt or a past may reach beyond its own word is never taken to hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from rx_review.library.formulary import Formulary
from rx_review.library.lookup import fold

State = Literal["present", "possible", "absent"]

VAGUE = "vague"
"""Kind of a part that is known and says nothing of any disease (取药, 体检)."""


class Part(NamedTuple):
    """A part of a text: `code` is the ICD-10 code of its name, `kind` empty if no name was found.

    `allergen` is what an allergy that is written among the diagnoses is to.
    """

    state: State
    code: str | None
    kind: str
    allergen: str = ""


class _Item(NamedTuple):
    """A part with how far its marker reaches: over the items after it, before it, or neither."""

    part: Part
    forward: State | None = None
    back: State | None = None


_HEADING = re.compile(r"(?:初步|临床|西医|中医|主要|次要|其他|门诊|入院|出院)?诊断|证型|证候|主诉|现病史")
_HEADINGS: Mapping[str, State] = {"家族史": "absent", "既往史": "possible", "既往": "possible", "既往病史": "possible"}
_CIRCLED = re.compile("[①-⑳]")
_NUMBER = re.compile(
    r"\(\d{1,2}\)|(?:(?<=^)|(?<=[\s;。,、|:]))\d{1,2}\)"
    r"|(?:(?<=^)|(?<=[\s;。,、|:]))(?:\d{1,2}[.、,](?!\d+(?:[.%]|级|期|度))|[一二三四五六七八九]、)"
    r"|(?<=[一-鿿?)])\d{1,2}[.、](?=[^\d\s]|\d型)"
)
_PIECE = re.compile(r"[;。|\n\r]+")
_CLAUSE = re.compile(r"(:+|,|(?<=[^\s;。,、|:]\?)(?=[^?\s;。,、|:)]))")
_DENIED_JOINT = re.compile(r"(?:不伴有?|不合并|未合并|无合并|未伴有?|无伴有?|不并)")
_ITEM = re.compile(r"(\s+|、|/|\+|-|—|或者?|以及|并发(?!症)|合并(?!症)|伴有|伴|及|和|与|并(?!发|合))")
_BRACKET = re.compile(r"\(([^()]*)\)|【([^【】]*)】")

_DENIED_BEFORE = re.compile(r"^(?:已排除|排除|除外|否认有?|未见明显|未见|未发现|未患)")
# These begin names too (无痛性…, 非典型…, 未分化…): they deny only what is a name without them.
_MAY_DENY_BEFORE = re.compile(r"^(?:没有|无明显|无|非|未)")
_DENIED_AFTER = re.compile(r"(?:已排除|已除外|排除|除外|阴性|\(-\)|\(一\)|-)$")
_DOUBT_BEFORE = re.compile(
    r"^(?:不能除外|不能排除|不除外|不排除|疑似|可疑|疑诊|疑|考虑为?|可能为?|可能是|倾向|\?|待除外|待排除?|待查|拟诊)"
)
_DOUBT_AFTER = re.compile(
    r"(?:不能除外|不能排除|不除外|不排除|待排除|待排查|待除外|待排|待查|待诊|待定|可能性大|可能|可疑|\?+)$"
)
_PAST_BEFORE = re.compile(r"^(?:既往有?|曾患|曾有|有(?=.*史))")
# 既往有先兆的偏头痛 is a past 有先兆的偏头痛.
_PAST_ALONE = re.compile(r"^既往")
# Before the longer ones: 糖尿病肾病史 is a 史 of 糖尿病肾病.
_HISTORY = re.compile(r"史(?:\d+(?:\.\d+)?[年月周天]余?)?$")
_PAST_AFTER = re.compile(r"(?:病史|既往史|手术史|史|术后|治疗后|已?治愈后?|后)(?:\d+(?:\.\d+)?[年月周天]余?)?$")
_HAVING = re.compile(r"^(?:确诊为?|患有?|有)")
_ALLERGY = re.compile(r"对?(.+?)(?:类|类药物|药物)?过敏(?:反应)?(?:史|者)?")
_FAMILY = re.compile(r"家族史$|^(?:父亲|母亲|父母|家族(?!性)|兄弟|姐妹|其父|其母)")
_DURATION = re.compile(r"(?:反复)?\d+(?:\.\d+)?余?(?:年|个?月|周|天|日)余?$")
_ERRAND = re.compile(r"(?:取药|开药|配药|续方|复诊|复查|随访|换药)$")
_GESTATION = re.compile(r"(?:g\d{1,2}p\d{1,2})?(?:宫内)?(?:早|中|晚)?(?:孕|妊娠)\d{1,2}(?:\+\d?)?(?:周|w)(?:\+\d天?)?")
_PREGNANT = "妊娠"

_QUALIFIER = re.compile(
    r"^(?:双侧|左侧|右侧|单侧|双|左|右|轻度|中度|重度|轻|中|重)|"
    r"(?:(?:[1-5一二三四]|[ivⅰⅱⅲⅳ]{1,3})[级期度]|极高危组?|很高危组?|高危组?|中危组?|低危组?|急性发作期?|急性期|"
    r"稳定期|缓解期|活动期|(?:急性)?发作|加重期?|轻度|中度|重度|双侧|左侧|右侧|待产)$"
)
_ONLY_QUALIFIERS = re.compile(rf"(?:{_QUALIFIER.pattern.replace('^', '').replace('$', '')})+")

_MARKERS: tuple[tuple[re.Pattern[str], State, bool, bool], ...] = (
    (_DOUBT_BEFORE, "possible", True, True),
    (_DOUBT_AFTER, "possible", False, True),
    (_DENIED_BEFORE, "absent", True, True),
    (_DENIED_AFTER, "absent", False, True),
    (_MAY_DENY_BEFORE, "absent", True, False),
    (_PAST_BEFORE, "possible", True, False),
    (_PAST_ALONE, "possible", True, False),
    (_HISTORY, "possible", False, False),
    (_PAST_AFTER, "possible", False, False),
)
"""Marker, what it says, whether it may reach over what follows (else what precedes), and whether it needs no name."""


class TextReader:
    """Reads texts against the names of one formulary."""

    def __init__(self, formulary: Formulary, kind: str) -> None:
        self._formulary = formulary
        self._tcm = kind.startswith("tcm")

    def parts(self, text: str) -> list[Part]:
        """Every part of a text; its exact name as a whole comes before any taking apart."""
        # A circled number is a digit like any other once it is normalised.
        tidy = unicodedata.normalize("NFKC", _CIRCLED.sub(";", text)).casefold().strip(" \t\r\n。.;,、")
        whole = self.named(fold(tidy))
        if whole is not None:
            return [whole]
        found: list[Part] = []
        for piece in _PIECE.split(_NUMBER.sub(";", tidy)):
            found += self._piece(piece)
        return found

    def _piece(self, piece: str) -> list[Part]:
        """The parts of what stands between semicolons and full stops."""
        if "(" in piece and (alone := self._item(fold(piece)).part).kind:
            # 排除…(…), where the brackets belong to the name.
            return [alone]
        if "(" in piece and self.named(_FAMILY.sub("", fold(piece))) is not None:
            return [alone]
        plain, inside = self._without_brackets(piece)
        plain = _GESTATION.sub(f"{_PREGNANT}、", plain)
        found = list(self._clauses(_DENIED_JOINT.sub(",无", plain)))
        for inner in inside:
            found += self.parts(inner)
        return found

    def named(self, item: str) -> Part | None:
        """The part of an exact name; a sheet in TCM terms means the TCM disease of that name, any other the Western."""
        code, kind = self._formulary.diagnosis_codes.get(item), self._formulary.tcm_names.get(item)
        if kind is None and item + "证" in self._formulary.tcm_names:
            kind = self._formulary.tcm_names[item + "证"]
        if kind is not None and (self._tcm or code is None):
            return Part("present", None, kind)
        allergy = _ALLERGY.fullmatch(item)
        allergen = allergy[1] if allergy is not None and allergy[1] in self._formulary.allergens else ""
        if code is not None or allergen:
            return Part("present", code, "western", allergen)
        vague = ("diagnosis", item) in self._formulary.wordings
        return Part("present", None, VAGUE) if vague else None

    def _without_brackets(self, text: str) -> tuple[str, list[str]]:
        """The text with brackets that mark or grade what stands before them merged or gone, and what others say."""
        inside: list[str] = []

        def merge(match: re.Match[str]) -> str:
            content = fold(next(group for group in match.groups() if group is not None))
            for marker, word in ((_DENIED_AFTER, "阴性"), (_DOUBT_AFTER, "?")):
                if marker.fullmatch(content):
                    return word
            if content and not _ONLY_QUALIFIERS.fullmatch(content.replace(",", "").replace("、", "")):
                inside.append(content)
            return ""

        previous = None
        while previous != text:
            previous, text = text, _BRACKET.sub(merge, text)
        return text, inside

    def _clauses(self, text: str) -> Iterator[Part]:
        pieces = _CLAUSE.split(text)
        denied = False
        under: State | None = None
        for clause, joint in zip(pieces[::2], [None, *pieces[1::2]], strict=True):
            if joint == "":
                # A question mark ends what stands before it.
                denied, under = False, None
            written = fold(clause)
            if not written or _HEADING.fullmatch(written):
                continue
            if written in _HEADINGS:
                under = _HEADINGS[written]
                continue
            items = self._items(clause)
            if under is not None:
                items = [_weakened(item, under) for item in items]
            for item in items:
                # 否认高血压，糖尿病: whether the denial goes on behind the comma cannot be told.
                doubtful = denied and item.part.state == "present"
                yield item.part._replace(state="possible") if doubtful else item.part
            denied = bool(items) and items[0].forward == "absent"

    def _items(self, clause: str) -> list[_Item]:
        """The items of a clause, markers reaching as far as they may."""
        alone = self._item(fold(clause))
        pieces = _ITEM.split(clause.strip())
        written = zip(pieces[::2], [*(joint.strip() for joint in pieces[1::2]), ""], strict=True)
        kept = [(self._item(fold(piece)), joint) for piece, joint in written if piece.strip()]
        exact = self.named(fold(clause)) is not None
        if (alone.part.kind or alone.part.state == "absent") and (
            exact or len(kept) < 2 or not all(item.part.kind for item, _ in kept)
        ):
            return [alone]
        return _reached([item for item, _ in kept], [joint for _, joint in kept[:-1]])

    def _item(self, item: str) -> _Item:
        whole = self.named(item)
        if whole is not None:
            return _Item(whole)
        if _FAMILY.search(item):
            return _Item(Part("absent", None, ""))
        return self._marked(item) or _Item(self._bare(item))

    def _marked(self, item: str) -> _Item | None:
        """An item with a word of doubt, denial or past, each of which needs a name under it."""
        for pattern, state, forward, sure in _MARKERS:
            rest = pattern.sub("", item)
            if rest == item or not rest:
                continue
            inner = self._item(rest)
            part = inner.part
            if pattern is _HISTORY and part.kind.startswith("tcm") and self._is_western(item.removesuffix("病史")):
                # 呃逆病史 is a 病史 of 呃逆, not a 史 of the TCM disease 呃逆病.
                continue
            if not part.kind and part.state == "present" and not sure:
                continue
            marked = part._replace(state=_together(state, part.state))
            reach: State = marked.state
            return _Item(marked, reach if forward else inner.forward, inner.back if forward else reach)
        return None

    def _is_western(self, item: str) -> bool:
        named = self.named(item)
        return named is not None and named.kind == "western"

    def _bare(self, item: str) -> Part:
        rest = item
        for pattern in (_ERRAND, _DURATION, _HAVING):
            rest = pattern.sub("", rest)
            if rest != item and rest and (inner := self._item(rest).part).kind:
                return inner
        rest = item
        while (shorter := _QUALIFIER.sub("", rest)) != rest and shorter:
            rest = shorter
            if (named := self.named(rest)) is not None:
                return named
        if _ONLY_QUALIFIERS.fullmatch(item):
            return Part("absent", None, "")
        if len(item) > 2 and item.endswith("证") and not item.endswith("适应证"):
            return Part("present", None, "tcm_syndrome")
        return Part("present", None, "")


def _together(outer: State, inner: State) -> State:
    """A marker over what is marked already: a denial of a past or of a doubt is a denial, and a denied past is one."""
    both = (outer, inner)
    return "absent" if "absent" in both else "possible" if "possible" in both else "present"


def _reached(items: list[_Item], joints: list[str]) -> list[_Item]:
    """Items of one list; what a marker may also mean is no longer taken to hold."""
    found = list(items)
    for place, item in enumerate(items):
        if item.forward is not None:
            for later in range(place + 1, len(items)):
                found[later] = _weakened(found[later], item.forward)
        if item.back is not None:
            for earlier in range(place - 1, -1, -1):
                if joints[earlier] == "":
                    # Blanks set diagnoses apart: 2型糖尿病 冠心病?
                    break
                found[earlier] = _weakened(found[earlier], "possible")
    return found


def _weakened(item: _Item, by: State) -> _Item:
    state = item.part.state
    if state == "present" or (state == "possible" and by == "absent"):
        return item._replace(part=item.part._replace(state=by))
    return item
