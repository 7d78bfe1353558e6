"""The only reader of the environment and the clock."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rx_review.errors import EnvironmentFault, Fault

COUNTY_TIME = ZoneInfo("Asia/Shanghai")

_PACKAGE = Path(__file__).resolve().parent


def _folder(variable: str, name: str) -> Path:
    given = os.environ.get(variable)
    candidates = [Path(given)] if given else [_PACKAGE / "_data" / name, _PACKAGE.parents[1] / name]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise EnvironmentFault(
        Fault(
            given or name,
            "no such folder",
            f"set {variable} to the folder that holds the {name}",
            f"找不到目录；请把 {variable} 设为 {name} 所在目录",
        )
    )


def rules_dir() -> Path:
    """The folder of rules: `RX_RULES_DIR`, else the one in the wheel, else the checkout's."""
    return _folder("RX_RULES_DIR", "rules")


def formulary_dir() -> Path:
    """The folder of the formulary: `RX_FORMULARY_DIR`, else the one in the wheel, else the checkout's."""
    return _folder("RX_FORMULARY_DIR", "formulary")


def cache_dir() -> Path | None:
    """Where compiled editions are kept, created for this user alone; None if `RX_CACHE_DIR` is empty."""
    given = os.environ.get("RX_CACHE_DIR")
    if given == "":
        return None
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(given) if given else Path(home) / "rx-review"


def now() -> datetime:
    """This instant, in the county's time."""
    return datetime.now(COUNTY_TIME)


def today() -> date:
    """Today's day in the county."""
    return now().date()
