"""`rx sites`: the profiles, and what one makes of a file in the first hour at a site."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rx_review.cli.console import edition, out, say_faults
from rx_review.errors import Fault, InputError
from rx_review.intake import try_site
from rx_review.library.site import Entry, Origin, Site, UnitColumn
from rx_review.library.site_fields import PARTS, full_name


def site_named(name: str) -> Site:
    """The profile of that name.

    Raises:
        InputError: if there is none.
    """
    sites = edition().formulary.sites
    if name not in sites:
        near = get_close_matches(name, sites, 1)
        do = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(sites)) or 'none'}"
        zh = f"没有这个对接配置；{f'是否应为 {near[0]}？' if near else '见 ./rx sites list'}"
        raise InputError(Fault(f"--site {name}", "no such profile", do, zh))
    return sites[name]


def list_sites(lang: str) -> None:
    """Print the name and title of each profile."""
    for name, site in sorted(edition().formulary.sites.items()):
        out().print(f"{name:<20}{site.title.en if lang == 'en' else site.title.zh}", markup=False)


def show_site(name: str, lang: str) -> None:
    """Print what a profile says: its form, each field and where it comes from, and what is lacking."""
    site = site_named(name)
    english = lang == "en"
    say = _Words(english)
    lines = [site.title.en if english else site.title.zh, *([site.source] if site.source else [])]
    lines.append(f"{say('encoding', '编码')}: {site.encoding}")
    if site.rows is not None:
        delimiter = f", {site.rows.delimiter!r}" if site.rows.as_ == "csv" else ""
        sheet = " + ".join(site.rows.sheet)
        lines.append(
            f"{say('form', '形式')}: {site.rows.as_}{delimiter}; {say('one sheet by', '按此列成一张处方')}: {sheet}"
        )
    else:
        lines.append(f"{say('form', '形式')}: JSON; {say('lines in', '药品行')}: {site.lines.in_}")
    lines.append("")
    for part, place, origins in site.parts():
        entry = _entry(site, place)
        head = f"[{part}{_entry_words(entry, say) if entry else ''}]"
        lines.append(head)
        lines += [_field_line(PARTS[part][field], full_name(part, field), origins[field], say) for field in origins]
        lines.append("")
    absent = [(say("means none", "表示没有"), site.none), (say("means unknown", "表示未知"), site.unknown),
              (say("means not asked", "表示未问"), site.not_asked),
              (say("0 means not given", "0 表示未填"), site.zero_is_unknown)]  # fmt: skip
    lines += [f"{head}: {', '.join(words)}" for head, words in absent if words]
    lines.append(f"{say('this system has it nowhere', '系统没有的内容')}: {', '.join(sorted(site.lacks)) or '-'}")
    sys.stdout.write("\n".join(lines) + "\n")


class _Words:
    def __init__(self, english: bool) -> None:
        self.english = english

    def __call__(self, en: str, zh: str) -> str:
        return en if self.english else zh


def _entry(site: Site, place: tuple[Any, ...]) -> Entry | None:
    if place[0] == "lines":
        return site.lines
    if place[0] == "fields":
        return None
    found: Entry = getattr(site, place[0])[place[1]]
    return found


def _entry_words(entry: Entry, say: _Words) -> str:
    found = [f" {say('in', '位于')} {entry.in_}"] if entry.in_ else []
    if entry.sort:
        found.append(f" {say('by', '排序')} {entry.sort}")
    if entry.per == "line":
        found.append(say(" per line", " 按行"))
    return "".join(found)


def _field_line(field: Any, name: str, origin: Origin, say: _Words) -> str:
    whence = f"= {origin.always}" if origin.always is not None else f"<- {' + '.join(origin.from_)}"
    return f"  {name:<36}{say(field.en, field.zh)}  {whence}{_how(origin, say)}"


def _how(origin: Origin, say: _Words) -> str:
    found = []
    if origin.values:
        found.append(", ".join(f"{theirs}→{ours}" for theirs, ours in origin.values.items()))
    for head, words in (
        (say("none", "没有"), origin.none), (say("unknown", "未知"), origin.unknown),
        (say("not asked", "未问"), origin.not_asked), (say("dates", "日期"), origin.dates),
    ):  # fmt: skip
        if words:
            found.append(f"{head}: {', '.join(words)}")
    if origin.split:
        found.append(f"{say('split by', '分隔符')}: {origin.split}")
    if origin.unit:
        unit = origin.unit.from_ if isinstance(origin.unit, UnitColumn) else origin.unit
        found.append(f"{say('unit', '单位')}: {unit}")
    if origin.only_if:
        found.append(f"{say('only if', '仅当')} {origin.only_if.from_} = {'/'.join(origin.only_if.is_)}")
    return f"  ({'; '.join(found)})" if found else ""


def try_file(name: str, path: str, institution: str | None, lang: str) -> int:
    """Print the first prescription as our JSON, then how full the columns are; 2 if a sheet cannot be read."""
    site = site_named(name)
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        fault = Fault(path, error.strerror or "cannot be read", "correct the path", "无法读取；请更正路径")
        raise InputError(fault) from None
    except ValueError:
        raise InputError(Fault(path, "no such file", "correct the path", "没有这个文件；请更正路径")) from None
    trial = try_site(data, site, institution, path)
    say = _Words(lang == "en")
    if trial.first is not None:
        tree = _without_empty(json.loads(trial.first.model_dump_json(by_alias=True, exclude_none=True)))
        print(json.dumps(tree, ensure_ascii=False, indent=2))
    print(f"{say('read', '读出处方')}: {trial.read}; {say('not read', '不能读出')}: {len(trial.errors)}")
    print(say("column: empty or unknown / looked at", "列：空或未知次数 / 读取次数"))
    for column, (seen, absent) in trial.columns.items():
        print(f"  {column}: {absent} / {seen}")
    if trial.ignored:
        print(f"{say('columns nobody reads', '未使用的列')}: {', '.join(trial.ignored)}")
    for wrong in trial.errors:
        say_faults(wrong, lang)
    return 2 if trial.errors else 0


def _without_empty(tree: Mapping[str, Any]) -> dict[str, Any]:
    """An object without its empty lists and objects, as one would write it."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        plain = _without_empty(value) if isinstance(value, dict) else value
        if isinstance(value, list):
            plain = [_without_empty(each) if isinstance(each, dict) else each for each in value]
        if plain not in ({}, []):
            found[key] = plain
    return found
