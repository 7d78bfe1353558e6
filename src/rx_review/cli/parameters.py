"""`rx parameters`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from rich.text import Text

from rx_review import config
from rx_review.cli.console import edition, out
from rx_review.engine.polarity import READ_BY_CODE, Use, settings_faults, uses
from rx_review.errors import Fault, InputError, LibraryError
from rx_review.library.edition import Edition

_STRICTER = {
    "lower": "越小越严，成员可收紧 lower is stricter",
    "higher": "越大越严，成员可收紧 higher is stricter",
    "mixed": "仅县级可设 county only",
    "unused": "仅县级可设 county only",
}


def list_parameters(as_json: bool, at: str | None, institution: str | None) -> None:
    """Print every parameter with its value on a day, where that comes from, and which rules use it."""
    loaded = edition()
    day = _day(at)
    if institution is not None and institution not in loaded.formulary.institutions:
        known = ", ".join(sorted(loaded.formulary.institutions)[:5])
        raise InputError(
            Fault(
                "--institution",
                f"{institution} is no member",
                f"members are {known} …",
                f"没有这个成员机构；例如 {known}",
            )
        )
    if faults := settings_faults(loaded):
        raise LibraryError(*faults)
    entries = [_entry(name, use, loaded, day, institution or "") for name, use in uses(loaded).items()]
    if as_json:
        print(json.dumps(entries, ensure_ascii=False, indent=1))
        return
    for entry in entries:
        out().print(_page(entry))


def _page(entry: Mapping[str, Any]) -> Text:
    text = Text()
    text.append(str(entry["parameter"]), "bold")
    text.append(f"  {entry['value'] or '未设 not set'} {entry['unit']}")
    origin = f"{entry['set_by']}, {entry['decision']}" if entry["decision"] else entry["set_by"]
    text.append(f"  · {origin} · {entry['source']} · {entry['from']}", "dim")
    text.append(f" · {_STRICTER[entry['stricter']]}\n", "dim")
    text.append(f"    {entry['zh']} · {entry['en']}\n")
    used = ", ".join(entry["rules"]) or entry["read_by"] or "没有规则使用 no rule uses it"
    text.append(f"    {used}", "dim")
    return text


def _entry(name: str, use: Use, loaded: Edition, day: date, institution: str) -> dict[str, Any]:
    formulary, ordinal = loaded.formulary, day.toordinal()
    row = formulary.parameters.one(name, ordinal)
    latest = row or formulary.parameters.all(name)[-1]
    setting = None
    for scope in (*formulary.lines_of_command.get(institution, ()), ""):
        setting = setting or formulary.settings.one((name, scope), ordinal)
    value = setting.value if setting else row.value if row else None
    return {
        "parameter": name,
        "zh": latest.zh,
        "en": latest.en,
        "value": None if value is None else str(value),
        "unit": latest.unit,
        "default": str(row.value) if row else None,
        "set_by": (setting.institution or "county") if setting else "default",
        "decision": setting.decision if setting else None,
        "source": (setting or latest).source,
        "from": str((setting or latest).from_),
        "until": str(until) if (until := (setting or latest).until) else None,
        "stricter": use.stricter,
        "members_may_set": "yes" if use.members_may_set else "no",
        "rules": list(use.rules),
        "read_by": READ_BY_CODE.get(name),
    }


def _day(at: str | None) -> date:
    if at is None:
        return config.today()
    try:
        return date.fromisoformat(at)
    except ValueError:
        fault = Fault("--at", f"{at!r} is no day", "write 2026-11-02", "不是日期；请写成 2026-11-02")
        raise InputError(fault) from None
