"""`rx rules`."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

from rich.text import Text

from rx_review import config
from rx_review.cli.console import edition, err, out, say_faults
from rx_review.engine.lint import lint
from rx_review.engine.proof import prove
from rx_review.errors import EnvironmentFault, Fault, InputError, LibraryError
from rx_review.library.formulary import Formulary
from rx_review.library.rule import Clause, Rule
from rx_review.library.rulebook import read_rules


def prove_rules(names: list[str]) -> int:
    """Prove rules and print what was proved; 1 if anything is not."""
    loaded = edition()
    for name in names:
        _find(loaded.rules, name)
    examples = mutants = rules = 0
    failed = False
    for proof in prove(loaded, names):
        rules, examples, mutants = rules + 1, examples + proof.examples, mutants + proof.mutants
        for fault in proof.faults:
            failed = True
            err().print(Text(str(fault), style="red"))
    if failed:
        return 1
    out().print(f"{rules} rules, {examples} examples pass, {mutants} changes to clauses and bounds are all noticed")
    return 0


def lint_rules() -> int:
    """Lint the rules; 2 if anything is wrong."""
    loaded = edition()
    faults = lint(loaded, config.today())
    if faults:
        say_faults(LibraryError(*faults))
        return LibraryError.exit_code
    out().print(f"{len(loaded.rules)} rules, nothing wrong")
    return 0


def list_rules(as_json: bool) -> None:
    """Print the rules, one a line, or as a JSON array."""
    loaded = edition()
    if as_json:
        summaries = [_summary(rule, loaded.families[rule.topic]) for rule in loaded.rules]
        print(json.dumps(summaries, ensure_ascii=False, indent=1))
        return
    for rule in loaded.rules:
        out().print(
            Text.assemble(
                (f"{rule.id:<14}", "bold"), f"{rule.status:<8}{rule.about:<13}{rule.severity:<7}", rule.title.zh,
                (f"  {rule.name}", "dim"),
            )
        )  # fmt: skip


def _summary(rule: Rule, family: str) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "topic": rule.topic,
        "family": family,
        "title": {"zh": rule.title.zh, "en": rule.title.en},
        "about": rule.about,
        "severity": rule.severity,
        "code": rule.code,
        "status": rule.status,
        "when_unknown": rule.when_unknown,
        "version": rule.version,
        "parameters": sorted({clause.parameter for clause in rule.clauses if clause.parameter}),
        "basis": [basis.model_dump() for basis in rule.basis],
        "checked": rule.reviewed.checked,
    }


def _find(rules: tuple[Rule, ...], name: str) -> Rule:
    for rule in rules:
        if name.casefold() in (rule.id.casefold(), rule.name):
            return rule
    raise InputError(Fault(name, "no such rule", "see `./rx rules list`", "没有这条规则；见 `./rx rules list`"))


def explain_rule(name: str) -> None:
    """Print a rule as a pharmacist reads it."""
    loaded = edition()
    rule = _find(loaded.rules, name)
    day = config.today().toordinal()
    text = Text()
    text.append(f"{rule.id} {rule.title.zh} · {rule.title.en}\n", "bold")
    text.append(f"{rule.name} · {rule.about} · {rule.severity} · {rule.status} · version {rule.version}\n", "dim")
    if rule.code:
        text.append(f"处方点评代码 {rule.code}\n")
    text.append(f"\n{rule.why.strip()}\n")
    for label, clauses in (("全部满足 when", rule.when), ("任一即不提示 unless", rule.unless)):
        if clauses:
            text.append(f"\n{label}\n", "bold")
            text.append("".join(f"  {_clause(clause, loaded.formulary, day)}\n" for clause in clauses))
    text.append(f"\n缺少数据时 when_unknown: {rule.when_unknown}\n")
    text.append("\n依据 basis\n", "bold")
    for basis in rule.basis:
        text.append(f"  {basis.law} {basis.article}：{basis.gist}{'（未核对原文）' if basis.recalled else ''}\n")
    if rule.remedies:
        text.append("\n改法 remedies\n", "bold")
        text.append("".join(f"  {remedy}\n" for remedy in rule.remedies))
    text.append("\n例 examples\n", "bold")
    for sign, examples in (("✗", rule.examples.fires), ("✓", rule.examples.silent), ("?", rule.examples.undetermined)):
        text.append("".join(f"  {sign} {example.name}\n" for example in examples))
    out().print(text, end="")


def _clause(clause: Clause, formulary: Formulary, day: int) -> str:
    if clause.parameter:
        value = formulary.parameter(clause.parameter, day)
        right = f"${clause.parameter} ({'?' if value is None else format(value, 'f')})"
    elif isinstance(clause.literal, tuple):
        right = ", ".join(map(str, clause.literal))
    else:
        right = str(clause.other or clause.literal)
    return f"{clause.fact} {clause.operator} {right.lower() if right in ('True', 'False') else right}"


def new_rule(topic: str, name: str) -> None:
    """Write the frame of a rule and say what to do next."""
    for word in (topic, name):
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word):
            raise InputError(Fault(word, "not a name", "use lower-case words with hyphens, naming the fault"))
    root = config.rules_dir()
    topics = sorted(edition().families)
    if topic not in topics:
        raise InputError(Fault(topic, "no such topic", f"add it to topics.csv, or use {', '.join(topics)}"))
    taken = {rule.name for rule in read_rules(root)}
    path = root / topic / f"{name}.yaml"
    if name in taken or path.exists():
        raise InputError(Fault(name, "a rule of that name exists", "choose another name"))
    numbers = [int(rule.id[-3:]) for rule in read_rules(root) if rule.id.startswith("RX-NEW-")]
    _write(path, _frame(name, max(numbers, default=0) + 1, config.today()))
    out().print(f"{path}\nwrite it, then: ./rx rules prove {name}")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(Fault(str(path), error.strerror or "cannot be written", "check the rights")) from None


def _frame(name: str, number: int, day: date) -> str:
    return f"""\
id: RX-NEW-{number:03d}
name: {name}
title: {{zh: 待写（{name}）, en: To be written ({name})}}
about: line
severity: note
code: "1-12"
status: draft
when_unknown: note
owner: 县域中心药房审方组
reviewed: {{by: 审方组, checked_by: null, date: {day}, next: {day.replace(year=day.year + 1, day=min(day.day, 28))}, checked: false}}
effective: {{from: {day}, until: null}}
basis:
  - {{law: 处方管理办法, article: 第十九条, gist: 处方用量一般有限度，延长须注明理由, source: MOH-2007-53, recalled: true}}
why: 待写。一句话说明为什么需要这条规则；下面的内容是一个例子，请改成要写的规则。
when:
  setting: {{is: outpatient}}
  days_supplied: {{over: 14}}
unless:
  extended_reason: {{is: true}}
remedies: [reduce days_supplied to 14, give extended_reason]
message:
  zh: "{{drug}} 开具 {{days_supplied}} 日用量，超过 14 日。"
  en: "{{drug}}: {{days_supplied}} days of supply, more than 14."
  short: 超14日用量，请减量或注明理由
examples:
  fires:
    - name: Fifteen days with no reason given
      facts: {{setting: outpatient, days_supplied: 15, drug: 阿莫西林胶囊}}
      says: 阿莫西林胶囊 开具 15 日用量，超过 14 日。
  silent:
    - name: Exactly fourteen days
      but: {{days_supplied: 14}}
    - name: The same fifteen days with a reason
      but: {{extended_reason: true}}
    - name: The same at discharge
      but: {{setting: discharge}}
  undetermined:
    - name: The pack size is unknown
      but: {{days_supplied: null}}
"""
