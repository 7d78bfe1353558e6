"""`rx replay`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any

from rich.text import Text

from rx_review import config
from rx_review.audit.replay import ReplayReport, Told, replay
from rx_review.cli.console import err, out
from rx_review.cli.database import county_database
from rx_review.errors import Fault, InputError

_KINDS = {
    "different": "按所存事实重判，结果不同 | decided again from its facts, another answer",
    "recomputed": "同一程序按原始处方重算，结果不同 | computed again by the same code, another answer",
    "moved": "新程序重算，结果不同 | computed again by newer code, another answer",
    "undecidable": "无法重判 | cannot be decided again",
    "altered": "与审计记录不符 | not what the audit names",
}


def run_replay(
    since: str | None,
    until: str | None,
    prescription: str | None,
    sample: int | None,
    seed: int,
    recompute: bool,
    strict: bool,
    as_json: bool,
) -> int:
    """Replay and print what was found; 0 if every decision holds, else 1."""
    first, behind = _instant(since, "--from", end=False), _instant(until, "--to", end=True)
    with county_database() as database:
        found = replay(
            database,
            config.cache_dir(),
            since=first,
            until=behind,
            prescription=prescription,
            sample=sample,
            seed=seed,
            recompute=recompute,
            progress=_progress,
        )
    if as_json:
        print(json.dumps(_tree(found), ensure_ascii=False, indent=1))
    else:
        _say(found)
    return 0 if found.holds and not (strict and found.moved) else 1


def _instant(text: str | None, option: str, *, end: bool) -> datetime | None:
    """An instant, or a day of the county; of a day its beginning, or the beginning of the day after."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day + timedelta(days=1) if end else day, time(), config.COUNTY_TIME)
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        do, zh = (
            "write 2026-11-22 or 2026-11-22T08:00+08:00",
            "不是日期或时刻；例如 2026-11-22 或 2026-11-22T08:00+08:00",
        )
        raise InputError(Fault(f"{option} {text}", "neither a day nor an instant", do, zh)) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=config.COUNTY_TIME)


def _progress(done: int, total: int) -> None:
    """One line, on a terminal only, and only if it takes more than a moment."""
    if sys.stderr.isatty() and total > 200:
        sys.stderr.write(f"\r{done}/{total}" + ("\n" if done == total else ""))
        sys.stderr.flush()


def _say(found: ReplayReport) -> None:
    per_second = found.reviews / found.seconds if found.seconds else 0.0
    text = Text()
    text.append("━━ 重判一致" if found.holds else "━━ 重判不一致", "bold green" if found.holds else "bold red")
    text.append(" | every decision holds\n" if found.holds else " | not every decision holds\n")
    text.append(
        f"  {found.reviews} 次审核，{found.equal} 次逐字节相同，{found.editions} 个版本，{per_second:.0f} 次/秒"
        f" | {found.reviews} reviews, {found.equal} equal to the byte, {found.editions} editions, {per_second:.0f}/s"
    )
    counts = {kind: getattr(found, kind) for kind in _KINDS}
    for kind, count in counts.items():
        if count:
            text.append(f"\n  {count} × {_KINDS[kind]}", "yellow" if kind == "moved" else "red")
    if found.computed:
        zh, en = f"{found.computed} 次按原始处方重算", f"{found.computed} computed again from the input"
        text.append(f"\n  {zh} | {en}")
    out().print(text)
    for told in found.told:
        out().print(_told(told))
    left = sum(counts.values()) - len(found.told)
    if left:
        err().print(f"… 另有 {left} 项 | and {left} more")


def _told(told: Told) -> Text:
    text = Text(f"  {told.kind} · {told.institution} {told.number}/{told.revision} · {told.prescription}", "bold")
    text.append(f" · {told.review}")
    for line in told.lines:
        text.append(f"\n    {line}", "not bold")
    return text


def _tree(found: ReplayReport) -> dict[str, Any]:
    told = [{**asdict(each), "at": each.at.isoformat()} for each in found.told]
    return {"holds": found.holds, **asdict(found), "told": told}
