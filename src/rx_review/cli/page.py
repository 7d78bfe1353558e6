"""A review as a pharmacist reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.text import Text

from rx_review.domain.prescription import Prescription
from rx_review.domain.review import RANK, Finding, Review

_STYLE = {
    "pass": "bold green",
    "note": "cyan",
    "warn": "yellow",
    "hold": "bold yellow",
    "return": "bold magenta",
    "block": "bold red",
}

_VERDICT: Mapping[str, Mapping[str, str]] = {
    "zh": {"pass": "通过", "note": "通过（提示）", "warn": "通过（警示）", "hold": "待药师审核", "return": "退回医师", "block": "不得调配"},
    "en": {"pass": "pass", "note": "pass with notes", "warn": "pass with warnings", "hold": "held for a pharmacist",
           "return": "returned to the prescriber", "block": "blocked"},
}  # fmt: skip

_SEVERITY: Mapping[str, Mapping[str, str]] = {
    "zh": {"note": "提示", "warn": "警示", "hold": "待审", "return": "退回", "block": "拦截"},
    "en": {"note": "note", "warn": "warn", "hold": "hold", "return": "return", "block": "block"},
}

_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {"line": "第{}行", "code": "点评 {}", "basis": "依据", "recalled": "（未核对原文）", "missing": "未能判断", "ways": "可以通过的办法", "part": "有未能判断的内容", "ask": "请问", "more": " 等 {} 条规则"},
    "en": {"line": "line {}", "code": "code {}", "basis": "basis", "recalled": " (not yet compared)", "missing": "not judged", "ways": "ways to pass", "part": "not everything could be judged", "ask": "ask", "more": " and others, {} rules"},
}  # fmt: skip


# More rules than this for one missing fact are counted; JSON names them all.
_RULES = 5


def review_page(review: Review, prescription: Prescription, lang: str) -> Text:
    """One prescription's page: verdict, findings, what could not be judged, ways to pass."""
    words = _WORDS[lang]
    text = Text()
    text.append(f"━━ {review.prescription}", "bold")
    text.append(f" · r{review.revision} · ")
    text.append(_VERDICT[lang][review.verdict], _STYLE[review.verdict])
    if not review.complete:
        text.append(f" · {words['part']}", "dim")
    text.append("\n")
    names = {line.line: line.generic or line.product or "" for line in prescription.lines}
    for finding in review.findings:
        _finding(text, finding, names, lang)
    for entry in review.not_judged:
        stops = RANK[entry.outcome] >= RANK["hold"]
        text.append(
            f"  ? {words['missing']}：" if lang == "zh" else f"  ? {words['missing']}: ", "bold" if stops else "dim"
        )
        text.append(entry.label[lang], "bold" if stops else "dim")
        if entry.lines:
            joint = "、" if lang == "zh" else ", "
            text.append(f" · {words['line'].format(joint.join(map(str, entry.lines)))}", "dim")
        named = ", ".join(entry.rules[:_RULES])
        more = words["more"].format(len(entry.rules)) if len(entry.rules) > _RULES else ""
        text.append(f"  {named}{more}\n", "dim")
        if entry.ask:
            text.append(f"      {words['ask']}: {entry.ask[lang]}\n", "yellow")
    if review.counterfactuals:
        text.append(f"  {words['ways']}\n", "bold")
        for index, way in enumerate(review.counterfactuals, 1):
            text.append(f"   {index}. {way.says[lang]}", "green" if way.kind == "change" else "")
            if way.verdict is not None:
                text.append(f" → {_VERDICT[lang][way.verdict]}", "dim")
            text.append("\n")
    return text


def _finding(text: Text, finding: Finding, names: Mapping[int, str], lang: str) -> None:
    words = _WORDS[lang]
    text.append(f"  ● {_SEVERITY[lang][finding.severity]} ", _STYLE[finding.severity])
    text.append(finding.rule, "bold")
    for part in _details(finding, names, lang):
        text.append(f" · {part}", "dim")
    text.append(f"\n      {finding.message.zh if lang == 'zh' else finding.message.en}\n")
    for basis in finding.basis[:2]:
        recalled = words["recalled"] if basis["recalled"] else ""
        text.append(f"      {words['basis']}: {basis['law']} {basis['article']}{recalled}\n", "dim")


def _details(finding: Finding, names: Mapping[int, str], lang: str) -> Iterator[str]:
    words = _WORDS[lang]
    for line in finding.lines:
        yield f"{words['line'].format(line)} {names.get(line, '')}".strip()
    if finding.code:
        yield words["code"].format(finding.code)
