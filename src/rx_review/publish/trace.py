"""`rules/TRACE.md`: from each article and clause to its rules, examples and parameters, or why there is no rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rx_review.errors import Fault
from rx_review.library.edition import Edition
from rx_review.library.rows import Article, Demand
from rx_review.library.rule import Rule
from rx_review.publish.documents import GENERATED, Document, number_words, table

SETTINGS = ("outpatient", "emergency", "observation", "ward", "discharge", "internet")
_SETTINGS_ZH = ("门诊", "急诊", "留观", "病区", "出院带药", "互联网")
STAGES = ("draft", "signed", "charge", "supply")
_STAGES_ZH = ("暂存", "已签名", "收费", "发药")

Place = tuple[str, str]
"""A source and the name of an article in it."""


def trace_document(edition: Edition, articles: Sequence[Article], demands: Sequence[Demand], folder: Path) -> Document:
    """The trace as a file of the rules folder."""
    return Document(folder / "TRACE.md", "\n".join(_trace(edition, articles, demands)) + "\n")


def trace_faults(edition: Edition, articles: Iterable[Article], demands: Iterable[Demand]) -> list[Fault]:
    """What keeps the trace from being complete: an article or demand nobody answers, a rule nobody can place."""
    articles = list(articles)
    cited = _cited(edition.rules)
    listed = {(row.source, row.article) for row in articles}
    faults = [
        Fault(
            f"articles.csv: {row.source} {row.article}",
            "neither a rule nor a reason",
            "cite it in a rule's basis, or say why none can judge it",
        )
        for row in articles
        if row.reason_zh is None and (row.source, row.article) not in cited
    ]
    for place, rules in sorted(cited.items()):
        if place not in listed:
            faults += [
                Fault(
                    f"{rule.topic}/{rule.name}.yaml: basis",
                    f"{' '.join(place)} is not in articles.csv",
                    "add the article or correct the basis",
                )
                for rule in rules
            ]
    active = {rule.id: rule.status for rule in edition.rules}
    for row in demands:
        named = (row.rules or "").split()
        where = f"demands.csv: {row.demand}"
        if not named and row.reason_zh is None:
            faults.append(
                Fault(where, "neither a rule nor a reason", "name its rules, or say why a machine cannot judge it")
            )
        for name in named:
            if active.get(name) not in ("active", "shadow"):
                faults.append(Fault(where, f"{name} is no rule that runs", "correct the id"))
    return faults


def _cited(rules: Iterable[Rule]) -> Mapping[Place, list[Rule]]:
    """The rules that run, by each article they rest on."""
    found: dict[Place, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.status in ("active", "shadow"):
            for basis in rule.basis:
                if rule not in found[basis.source, basis.article]:
                    found[basis.source, basis.article].append(rule)
    return found


def _trace(edition: Edition, articles: Sequence[Article], demands: Sequence[Demand]) -> Iterator[str]:
    cited = _cited(edition.rules)
    judged = sum(1 for row in articles if (row.source, row.article) in cited)
    law = [rule for rule in edition.rules if edition.families[rule.topic] == "law"]
    active = sum(1 for rule in law if rule.status == "active")
    yield GENERATED.format("./rx rules trace write")
    yield "# 法规追溯 · From each article to its rules"
    yield ""
    yield (f"{len(articles)} 条（款）法规与政策：{judged} 条有规则，其余写明理由。法规与县域政策规则 {active} 条启用。")
    yield (
        f"{len(articles)} articles and clauses: {judged} have rules, the others a reason. "
        f"{active} rules of law and county policy are active."
    )
    yield ""
    yield "“✗3 ✓4” 表示规则自带 3 个触发例和 4 个不触发例；例子就是测试。凭记忆写成、未与原文核对的条款标 †。"
    by_source: dict[str, list[Article]] = defaultdict(list)
    for row in articles:
        by_source[row.source].append(row)
    for source, rows in by_source.items():
        yield ""
        yield f"## {edition.sources.get(source, source)}"
        yield ""
        header = ("条款", "要求", "规则与例", "参数", "无规则判断之处")
        yield from table(header, (_article(row, cited, edition) for row in rows))
    yield ""
    yield from _demands(edition, demands)
    yield ""
    yield from _reach(law)


def _article(row: Article, cited: Mapping[Place, list[Rule]], edition: Edition) -> tuple[str, ...]:
    rules = cited.get((row.source, row.article), [])
    parameters = sorted({clause.parameter for rule in rules for clause in rule.clauses if clause.parameter})
    return (
        row.article + ("†" if row.recalled else ""),
        row.gist_zh,
        "；".join(map(_named, rules)),
        "；".join(f"`${name}`={_value(name, edition)}" for name in parameters),
        row.reason_zh or "",
    )


def _named(rule: Rule) -> str:
    shadow = "（观察）" if rule.status == "shadow" else ""
    examples = f"✗{len(rule.examples.fires)} ✓{len(rule.examples.silent)}"
    return f"[{rule.id}](CATALOGUE.md#{rule.name}) {rule.title.zh}{shadow} {examples}"


def _value(name: str, edition: Edition) -> str:
    rows = edition.formulary.parameters.all(name)
    return number_words(rows[-1].value if rows else None)


def _demands(edition: Edition, demands: Sequence[Demand]) -> Iterator[str]:
    by_id = {rule.id: rule for rule in edition.rules}
    yield "## 检查清单 · What inspectors ask"
    yield ""
    header = ("编号", "要求", "规则", "机器不能判断之处")
    yield from table(
        header,
        (
            (
                row.demand, row.zh,
                "；".join(_named(by_id[name]) for name in (row.rules or "").split() if name in by_id),
                row.reason_zh or "",
            )
            for row in demands
        ),
    )  # fmt: skip


def _reach(rules: Iterable[Rule]) -> Iterator[str]:
    yield "## 适用的场景与环节 · Where each rule of law can speak"
    yield ""
    yield "空白：规则的条件排除了该场景或环节，永不提示。Blank: the rule's own clauses keep it silent there."
    yield ""
    header = ("规则", "名称", *_SETTINGS_ZH, *_STAGES_ZH)
    yield from table(
        header,
        (
            (
                f"[{rule.id}](CATALOGUE.md#{rule.name})", rule.title.zh,
                *("●" if may_speak(rule, "setting", setting) else "" for setting in SETTINGS),
                *("●" if may_speak(rule, "stage", stage) else "" for stage in STAGES),
            )
            for rule in rules
            if rule.status in ("active", "shadow")
        ),
    )  # fmt: skip


def may_speak(rule: Rule, fact: str, value: str) -> bool:
    """Whether the rule's own clauses on a code fact let it fire when the fact has that value."""

    def holds(operator: str, right: object) -> bool:
        inside = value in right if isinstance(right, tuple) else value == right
        return not inside if operator == "is_not" else inside

    asked = [clause for clause in rule.when if clause.fact == fact]
    silenced = [clause for clause in rule.unless if clause.fact == fact]
    return all(holds(c.operator, c.literal) for c in asked) and not any(holds(c.operator, c.literal) for c in silenced)
