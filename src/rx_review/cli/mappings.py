"""`rx mappings`: the work-list of codes that nobody has mapped yet, and the files that map them."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from pathlib import Path

from rich.text import Text

from rx_review import config
from rx_review.cli.console import edition, err, out, say_faults
from rx_review.cli.review import read_prescriptions
from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.facts.build import FactBuilder
from rx_review.facts.gaps import Gap, gaps_of
from rx_review.library.lookup import fold
from rx_review.library.mapping_file import Targets, merge_mappings, read_mapping_file

_HEADER = ("机构", "字典", "院内码", "院内名称", "次数", "现状", "建议", "指向")


def todo(paths: list[str], site: str | None, institution: str | None, as_csv: bool, as_json: bool) -> int:
    """Count what cannot be mapped in the prescriptions of those files and print it, most often first."""
    loaded, today = edition(), config.today().toordinal()
    # What is mapped by now is done, also for sheets that were issued before.
    resolver = FactBuilder(loaded.formulary).resolver(today)
    counted: Counter[Gap] = Counter()
    bad = False
    for found in read_prescriptions(paths, site, institution):
        if isinstance(found, InputError):
            bad = True
            say_faults(found, "zh")
            continue
        counted.update(gaps_of(found, resolver))
    targets = Targets(loaded.formulary, today)
    rows = [_row(gap, count, targets) for gap, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    if as_json:
        print(json.dumps([dict(zip(_KEYS, row, strict=True)) for row in rows], ensure_ascii=False, indent=1))
    elif as_csv:
        text = io.StringIO(newline="")
        csv.writer(text).writerows((_HEADER, *rows))
        # A spreadsheet takes a file without the mark for GBK.
        sys.stdout.write("\ufeff" + text.getvalue())
    else:
        _print(rows)
    return 2 if bad else 0


_KEYS = ("institution", "kind", "code", "name", "count", "state", "suggestions", "target")


def _row(gap: Gap, count: int, targets: Targets) -> tuple[str, str, str, str, int, str, str, str]:
    """A line of the work-list; `target` is left for a person to fill in, what is near is only suggested."""
    if gap.kind == "drug":
        exact = targets.drug(gap.name)
        near = (gap.name,) if exact else targets.near("drug", gap.name)
    else:
        code = targets.formulary.diagnosis_codes.get(fold(gap.name))
        near = (code,) if code else targets.near("diagnosis", gap.name)
    state = "按名称识别" if gap.understood else "未识别"
    kind = {"drug": "药品", "diagnosis": "诊断"}[gap.kind]
    return gap.institution, kind, gap.code, gap.name, count, state, "、".join(near), ""


def _print(rows: list[tuple[str, str, str, str, int, str, str, str]]) -> None:
    if not rows:
        out().print("没有待对码的内容 · nothing to map")
        return
    for institution, kind, code, name, count, state, near, _ in rows:
        style = "bold" if state == "未识别" else ""
        text = Text(f"{count:>7}  {institution}  {kind}  {code or '（无编码）'}  {name}", style)
        text.append(f"  {state}", "dim")
        if near:
            text.append(f"  建议核对：{near}", "dim")
        out().print(text)
    err().print(f"{len(rows)} 项；填好“指向”一列后：rx mappings load FILE --institution CODE", style="dim")


def load(path: str, institution: str) -> None:
    """Check a member's mapping file and write its rows into the formulary."""
    loaded = edition()
    rows = read_mapping_file(Path(path), institution, loaded.formulary, config.today())
    folder = config.formulary_dir()
    mappings = loaded.formulary.mappings
    kept = [row for key in mappings for row in mappings.all(key)]
    try:
        added = merge_mappings(folder, kept, rows)
    except OSError as error:
        raise EnvironmentFault(Fault(str(folder), error.strerror or "cannot be written", "check the rights")) from None
    out().print(
        f"{len(rows)} 行已读，{added} 行写入 mappings.csv，自 {config.today()} 起生效；"
        "未填指向的和其他机构的行不写入 · "
        f"{len(rows)} rows read, {added} written, in force from today; lines without a target or of others are left"
    )
