"""How two decisions on one prescription differ, in lines that people read: Chinese first, then English."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rx_review.domain.review import Finding, NotJudged, Review
from rx_review.engine.stored import decision_from_json

_OF_REVIEW: Mapping[str, str] = {
    "prescription": "处方号",
    "revision": "版本号",
    "verdict": "结论",
    "complete": "是否全部判断",
    "edition": "规则与药品资料版本",
    "shown": "向医师显示的条数",
}
_OF_FINDING: Mapping[str, str] = {
    "version": "规则版本",
    "severity": "级别",
    "code": "点评代码",
    "subject": "对象",
    "message": "提示",
    "basis": "依据",
    "facts": "事实",
    "remedies": "改法",
    "key": "标识",
}
_OF_GAP: Mapping[str, str] = {"label": "名称", "rules": "规则", "lines": "行", "outcome": "处理", "ask": "提问"}
_ABSENT = object()

_Place = tuple[str, tuple[int, ...]]


def explain_difference(old: bytes, new: bytes) -> list[str]:
    """Say how the second decision differs from the first.

    Args:
        old: a decision as `decision_json` wrote it.
        new: another, of the same prescription.

    Returns:
        A line for each difference, Chinese before ` | `, English after; none exactly if both bytes are equal.

    Raises:
        StoredError: if one of them is no decision.
    """
    before, after = decision_from_json(old), decision_from_json(new)
    lines = list(_changes("", "", before, after, _OF_REVIEW))
    lines += _of_findings(before, after)
    lines += _of_gaps(before, after)
    if not lines and before != after:
        lines.append(_line("审核结果排列次序不同", "findings stand in another order"))
    if not lines and old != new:
        lines.append(_line("内容相同，写法不同", "the same is said, written in another form"))
    return lines


def _of_findings(old: Review, new: Review) -> Iterator[str]:
    before, after = _by_place(old.findings), _by_place(new.findings)
    for place in sorted(before.keys() | after.keys()):
        zh, en = _where(*place)
        pairs, gone, come = _paired(before.get(place, []), after.get(place, []))
        for earlier, later in pairs:
            yield from _changes(f"{zh} ", f"{en} ", earlier, later, _OF_FINDING)
        for found in gone:
            yield _line(f"{zh} 不再出现：{found.message.zh}", f"{en} is gone: {found.message.en}")
        for found in come:
            yield _line(f"{zh} 新出现：{found.message.zh}", f"{en} has appeared: {found.message.en}")


def _by_place(findings: Iterable[Finding]) -> Mapping[_Place, list[Finding]]:
    found: dict[_Place, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.rule, finding.lines].append(finding)
    return found


def _paired(
    old: Sequence[Finding], new: Sequence[Finding]
) -> tuple[list[tuple[Finding, Finding]], list[Finding], list[Finding]]:
    """Findings of one rule on the same lines: those alike, those of one key, the rest in order; what is left over."""
    gone, come = list(old), list(new)
    pairs: list[tuple[Finding, Finding]] = []
    for alike in (lambda a, b: a == b, lambda a, b: a.key == b.key, lambda a, b: True):
        for earlier in tuple(gone):
            later = next((other for other in come if alike(earlier, other)), None)
            if later is not None:
                pairs.append((earlier, later))
                gone.remove(earlier)
                come.remove(later)
    return pairs, gone, come


def _of_gaps(old: Review, new: Review) -> Iterator[str]:
    before, after = ({entry.fact: entry for entry in review.not_judged} for review in (old, new))
    for fact in sorted(before.keys() | after.keys()):
        earlier, later = before.get(fact), after.get(fact)
        if earlier is not None and later is not None:
            label = earlier.label
            yield from _changes(f"未能判断“{label['zh']}” ", f"not judged ({label['en']}) ", earlier, later, _OF_GAP)
        elif earlier is not None:
            yield _line(f"已能判断：{_gap(earlier, 'zh')}", f"judged now: {_gap(earlier, 'en')}")
        elif later is not None:
            yield _line(f"不再能判断：{_gap(later, 'zh')}", f"no longer judged: {_gap(later, 'en')}")


def _gap(entry: NotJudged, language: str) -> str:
    return f"{entry.label[language]} ({entry.outcome}; {', '.join(entry.rules)})"


def _changes(zh: str, en: str, old: object, new: object, names: Mapping[str, str]) -> Iterator[str]:
    """A line for each field that differs; of a mapping, each key."""
    for name, word in names.items():
        earlier, later = getattr(old, name), getattr(new, name)
        if earlier == later:
            continue
        if name == "message":
            yield _line(f"{zh}{word} {earlier.zh} → {later.zh}", f"{en}{name} {earlier.en} -> {later.en}")
        elif name == "facts":
            for key in sorted(earlier.keys() | later.keys()):
                one, other = earlier.get(key, _ABSENT), later.get(key, _ABSENT)
                if one != other:
                    yield _line(
                        f"{zh}{word} {key} {_shown(one)} → {_shown(other)}",
                        f"{en}{key} {_shown(one)} -> {_shown(other)}",
                    )
        else:
            yield _line(
                f"{zh}{word} {_shown(earlier)} → {_shown(later)}", f"{en}{name} {_shown(earlier)} -> {_shown(later)}"
            )


def _shown(value: Any) -> str:
    if value is _ABSENT or value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _where(rule: str, lines: tuple[int, ...]) -> tuple[str, str]:
    if not lines:
        return rule, rule
    return f"{rule} 第{'、'.join(map(str, lines))}行", f"{rule} line {', '.join(map(str, lines))}"


def _line(zh: str, en: str) -> str:
    return f"{zh} | {en}"
