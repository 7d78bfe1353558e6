"""The generated documents: the catalogue of rules, how a rule is written, and the column dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rx_review.facts.vocabulary import OWN, Fact
from rx_review.library.edition import Edition
from rx_review.library.rows import MARKS, OUTLET_PERMITS, PERMITS, TABLES, Row
from rx_review.library.rule import Clause, Rule

GENERATED = "<!-- Generated. Change the source and run `{}`. -->"

_WORDS = {
    "is": "为", "is_not": "不为", "is_one_of": "属于", "over": "大于", "at_least": "不小于", "under": "小于", "at_most": "不大于",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """A generated file and what it should hold."""

    path: Path
    text: str

    def is_current(self) -> bool:
        """Whether the file holds just that."""
        return self.path.is_file() and self.path.read_text(encoding="utf-8") == self.text

    def write(self) -> None:
        """Write the file."""
        self.path.write_text(self.text, encoding="utf-8")


def rules_documents(edition: Edition, folder: Path) -> tuple[Document, ...]:
    """`CATALOGUE.md` and `README.md` of the rules folder."""
    return (
        Document(folder / "CATALOGUE.md", "\n".join(_catalogue(edition)) + "\n"),
        Document(folder / "README.md", "\n".join(_rules_readme()) + "\n"),
    )


def formulary_documents(folder: Path) -> tuple[Document, ...]:
    """`README.md` of the formulary folder: the column dictionary."""
    return (Document(folder / "README.md", "\n".join(_dictionary()) + "\n"),)


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a Markdown table."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _catalogue(edition: Edition) -> Iterator[str]:
    yield GENERATED.format("./rx rules catalogue write")
    yield "# 规则目录 · Catalogue of rules"
    yield ""
    active = sum(1 for rule in edition.rules if rule.status == "active")
    yield f"{len(edition.rules)} 条规则，其中 {active} 条启用。{len(edition.rules)} rules, {active} active."
    yield ""
    header = ("规则", "名称", "对象", "处置", "点评", "缺数据时", "状态", "已核对")
    yield from table(
        header,
        (
            (f"[{r.id}](#{r.name})", r.title.zh, r.about, _handling(r), r.code or "", r.when_unknown, r.status,
             "是" if r.reviewed.checked else "否")
            for r in edition.rules
        ),
    )  # fmt: skip
    for rule in edition.rules:
        yield ""
        yield from _rule_page(rule, edition)


def _handling(rule: Rule) -> str:
    return f"{rule.severity}，双签" if rule.second_pharmacist else rule.severity


def _rule_page(rule: Rule, edition: Edition) -> Iterator[str]:
    yield f'<a id="{rule.name}"></a>'
    yield f"## {rule.id} {rule.title.zh} · {rule.title.en}"
    yield ""
    yield rule.why.strip()
    yield ""
    yield "- 全部满足 when：" + "；".join(_clause(clause, edition) for clause in rule.when)
    if rule.unless:
        yield "- 任一即不提示 unless：" + "；".join(_clause(clause, edition) for clause in rule.unless)
    for basis in rule.basis:
        recalled = "（未核对原文）" if basis.recalled else ""
        title = edition.sources.get(basis.source, basis.source)
        yield f"- 依据：{title} {basis.article}：{basis.gist}{recalled}"
    if rule.remedies:
        yield "- 改法：" + "；".join(f"`{remedy}`" for remedy in rule.remedies)
    yield f"- 提示医师：{rule.message.short}"
    yield "- 例：" + "；".join(f"✗ {example.name}" for example in rule.examples.fires)
    yield "- 不提示：" + "；".join(f"✓ {example.name}" for example in rule.examples.silent)


def _clause(clause: Clause, edition: Edition) -> str:
    if clause.parameter is not None:
        value = next((row.value for row in edition.formulary.parameters.all(clause.parameter)[-1:]), None)
        right = f"`${clause.parameter}`（{number_words(value)}）"
    elif isinstance(clause.literal, tuple):
        right = "、".join(f"`{item}`" for item in clause.literal)
    else:
        literal = clause.literal
        right = f"`{str(literal).lower() if isinstance(literal, bool) else clause.other or literal}`"
    return f"`{clause.fact}` {_WORDS[clause.operator]} {right}"


def number_words(value: Decimal | None) -> str:
    """A number as it is written, or a question mark."""
    return "?" if value is None else format(value, "f")


def _rules_readme() -> Iterator[str]:
    yield GENERATED.format("./rx rules catalogue write")
    yield "# 怎样写一条规则 · How a rule is written"
    yield ""
    yield "One rule, one YAML file in a topic folder; the file's stem is the rule's `name`, and it names the fault."
    yield "Begin with `./rx rules new TOPIC NAME`, then `./rx rules lint` and `./rx rules prove NAME`."
    yield ""
    yield "- `when`: all tests hold; `unless`: any one silences. Tests: `is`, `is_not`, `is_one_of`, `over`, `at_least`,"
    yield "  `under`, `at_most`. The right side is a value, a `$parameter` of `formulary/parameters.csv`, or `{fact: other}`."
    yield "- A fact may be *unknown*. Then the rule is undetermined unless another clause silences it; `when_unknown` says"
    yield "  what happens meanwhile. Facts marked *known none* are never unknown: absent means not written."
    yield "- Outcomes: `note` and `warn` go through; `hold` goes to a pharmacist; `return` needs the prescriber to revise or"
    yield "  to give a reason and sign again; `block` must be issued anew."
    yield "- `remedies`: `reduce days_supplied to N|$parameter`, `reduce dose to bound`, `give extended_reason`,"
    yield "  `give choice_reason`, `give catalogue_reason`, `give refill_reason`, `give emergency_reason`, `give excused`,"
    yield "  `swap drug`, `drop line`, `separate line`,"
    yield "  `supply …` (only a person can)."
    yield "- `examples` are the tests: `fires`, `silent` (near misses), `undetermined`. `prove` also leaves out each clause"
    yield "  and alternative and moves each bound one step, and some example must notice."
    yield "- `recalled: true` on a basis: written from memory; then no page, number of a paragraph or quotation."
    yield ""
    yield "## 词汇 · Facts"
    for subject, facts in OWN.items():
        yield ""
        yield f"### {subject}"
        yield ""
        rows = ((f"`{fact.name}`", _kind(fact), fact.zh, fact.en, _absence(fact)) for fact in facts)
        yield from table(("fact", "type", "中文", "meaning", "absent means"), rows)


def _kind(fact: Fact) -> str:
    if fact.kind == "code":
        return " ".join(f"`{value}`" for value in fact.values)
    return f"{fact.kind} ({fact.unit})" if fact.unit else fact.kind


def _absence(fact: Fact) -> str:
    return "unknown" if fact.absence == "unknown" else "text only" if fact.kind == "text" else "known none"


def _dictionary() -> Iterator[str]:
    yield GENERATED.format("./rx formulary dictionary write")
    yield "# 药品知识 · The formulary"
    yield ""
    yield "Tidy CSV: UTF-8, LF, one fact a row, sorted by key. `from` is inclusive, `until` exclusive and empty while a row"
    yield "holds. To change a value give the old row an `until` and add a new row. Check with `./rx formulary check`."
    yield ""
    yield "Every dated table ends in these columns:"
    yield ""
    shared = [name for name in Row.model_fields]
    yield from _columns(Row, shared)
    for model in TABLES:
        yield ""
        yield f"## {model.table}.csv"
        yield ""
        yield f"{model.about}. Key: {', '.join(_alias(model, name) for name in model.key)}."
        yield ""
        own = [name for name in model.model_fields if not (issubclass(model, Row) and name in shared)]
        yield from _columns(model, own)
        yield from _words_of(model)


def _words_of(model: type) -> Iterator[str]:
    """The closed words of a table whose column is long to list."""
    words = {"marks": MARKS, "permits": PERMITS | OUTLET_PERMITS}.get(getattr(model, "table", ""))
    if words is not None:
        yield ""
        yield from table(("word", "中文", "meaning"), ((f"`{name}`", zh, en) for name, (zh, en) in words.items()))


def _alias(model: type, name: str) -> str:
    return model.model_fields[name].alias or name  # type: ignore[attr-defined]


def _columns(model: type, names: Iterable[str]) -> Iterator[str]:
    fields = model.model_fields  # type: ignore[attr-defined]
    rows = (
        (
            f"`{_alias(model, name)}`",
            fields[name].title or "",
            fields[name].description or "",
            _example(fields[name].examples),
        )
        for name in names
    )
    yield from table(("column", "中文", "meaning", "example"), rows)


def _example(examples: list[str] | None) -> str:
    return f"`{examples[0]}`" if examples and examples[0] else ""
