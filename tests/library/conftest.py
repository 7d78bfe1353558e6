"""Folders of rules and of a formulary that a test may spoil."""

from pathlib import Path

import pytest
from tests.facts.small import write_formulary

RULE = """\
id: RX-QTY-901
name: quantity-over-fourteen-days
title: {zh: 超十四日, en: over fourteen days}
about: line
severity: note
code: null
status: draft
when_unknown: note
owner: 审方组
reviewed: {by: 审方组, checked_by: null, date: 2026-11-01, next: 2027-11-01, checked: false}
effective: {from: 2020-01-01, until: null}
basis:
  - {law: 处方管理办法, article: 第十九条, gist: 用量有限度, source: S, recalled: true}
why: 一句话。
when:
  days_supplied: {over: 14}
unless:
  extended_reason: {is: true}
remedies: [reduce days_supplied to 14]
message: {zh: "{days_supplied} 日", en: "{days_supplied} days", short: 超14日}
examples:
  fires:
    - {name: Fifteen days, facts: {days_supplied: 15}, says: 15 日}
  silent:
    - {name: Fourteen days, but: {days_supplied: 14}}
"""


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A formulary folder in which every check passes."""
    folder = tmp_path / "formulary"
    folder.mkdir()
    return write_formulary(folder)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A rules folder with one rule, `quantity/quantity-over-fourteen-days.yaml`."""
    folder = tmp_path / "rules"
    (folder / "quantity").mkdir(parents=True)
    (folder / "quantity" / "quantity-over-fourteen-days.yaml").write_text(RULE, encoding="utf-8")
    return folder
