"""`rx edition diff`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rx_review import config
from rx_review.cli.console import out
from rx_review.cli.edition_bundle import named, opened
from rx_review.editions.difference import Count, Difference, RuleChange, ValueChange, difference
from rx_review.errors import LibraryError
from rx_review.library.edition import load_edition

_HOW: Mapping[str, str] = {
    "added": "新增 added",
    "removed": "删除 removed",
    "changed": "改动 changed",
    "version": "判定有变 decides otherwise",
    "standing": "启停或生效日期有变 runs otherwise",
    "wording": "仅文字有变 wording only",
}
_SET_BY: Mapping[str, str] = {"default": "默认 default", "county": "县级 county", "member": "成员 member"}


def diff(before: str, after: str, as_json: bool) -> None:
    """Print what differs between two editions."""
    cache = config.cache_dir()
    with opened(before) as one, opened(after) as other:
        for bundle, folders in ((before, one), (after, other)):
            try:
                load_edition(*folders, cache)
            except LibraryError as error:
                raise named(bundle, error) from None
        found = difference(one, other, cache)
    if as_json:
        print(json.dumps(_tree(found), ensure_ascii=False, indent=1))
        return
    out().print("\n".join(_page(found)), markup=False)


def _tree(found: Difference) -> dict[str, Any]:
    return {
        "before": f"sha256:{found.before}",
        "after": f"sha256:{found.after}",
        "rules": [_rule_tree(rule) for rule in found.rules],
        "parameters": [_value_tree(value) for value in found.values],
        "tables": {name: _count_tree(count) for name, count in found.tables.items()},
        "sites": [{"site": name, "how": how} for name, how in found.sites.items()],
    }


def _rule_tree(rule: RuleChange) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "title": {"zh": rule.title.zh, "en": rule.title.en},
        "how": rule.how,
        "fields": list(rule.fields),
        "version": list(rule.versions),
    }


def _value_tree(value: ValueChange) -> dict[str, Any]:
    return {
        "parameter": value.parameter,
        "institution": value.institution,
        "set_by": value.set_by,
        "how": value.how,
        "from": str(value.from_),
        "value": [value.before, value.after],
        "until": [None if day is None else str(day) for day in value.until],
    }


def _count_tree(count: Count) -> dict[str, int]:
    return {"added": count.added, "removed": count.removed, "changed": count.changed}


def _page(found: Difference) -> Iterator[str]:
    yield f"- sha256:{found.before}"
    yield f"+ sha256:{found.after}"
    if found.before == found.after:
        yield "同一版本 the same edition"
        return
    if not (found.rules or found.values or found.tables or found.sites):
        yield "内容相同，仅写法不同 the same content, written otherwise"
        return
    sections = (
        ("规则 rules", [_rule_line(rule) for rule in found.rules]),
        ("参数 parameters", [_value_line(value) for value in found.values]),
        ("表 tables", [_count_line(name, count) for name, count in found.tables.items()]),
        ("对接配置 site profiles", [f"{name}  {_HOW[how]}" for name, how in found.sites.items()]),
    )
    for head, lines in sections:
        if lines:
            yield f"\n{head}"
            yield from (f"  {line}" for line in lines)


def _rule_line(rule: RuleChange) -> str:
    fields = f"  [{', '.join(rule.fields)}]" if rule.fields else ""
    return f"{rule.id}  {_HOW[rule.how]}{fields}  {rule.title.zh} · {rule.title.en}"


def _value_line(value: ValueChange) -> str:
    whose = value.institution or _SET_BY[value.set_by]
    until = ""
    if value.how == "changed" and value.until[0] != value.until[1]:
        until = f"  止 until {value.until[0] or '-'} → {value.until[1] or '-'}"
    return (
        f"{value.parameter}  {whose}  自 from {value.from_}  {_HOW[value.how]}"
        f"  {value.before or '-'} → {value.after or '-'}{until}"
    )


def _count_line(name: str, count: Count) -> str:
    return f"{name:<20}+{count.added}  -{count.removed}  ~{count.changed}"
