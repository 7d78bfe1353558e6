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


def data_dir() -> Path:
    """Where a service keeps its database and keys: `RX_DATA_DIR`, else the user's own data folder."""
    given = os.environ.get("RX_DATA_DIR")
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(given) if given else Path(home) / "rx-review"


def set_data_dir(folder: Path) -> None:
    """Name another data folder to this process and to those it starts, with its own keys and database in it."""
    os.environ["RX_DATA_DIR"] = str(folder)
    for variable in ("RX_KEYS_DIR", "RX_DATABASE_URL", "RX_DATABASE_URL_FILE"):
        os.environ.pop(variable, None)


def keys_dir() -> Path:
    """Where the keys of identity and audit are: `RX_KEYS_DIR`, else `keys` in the data folder."""
    given = os.environ.get("RX_KEYS_DIR")
    return Path(given) if given else data_dir() / "keys"


def database_url() -> str:
    """The database: `RX_DATABASE_URL`, else what the file `RX_DATABASE_URL_FILE` says, else SQLite in the data folder.

    PostgreSQL is written postgresql+psycopg://….
    """
    given = os.environ.get("RX_DATABASE_URL") or _secret("RX_DATABASE_URL_FILE")
    return given or f"sqlite:///{data_dir() / 'rx-review.sqlite3'}"


def _secret(variable: str) -> str | None:
    """The text of the file that a variable names, for secrets that must not stand in the environment."""
    given = os.environ.get(variable)
    if not given:
        return None
    try:
        return Path(given).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(
            Fault(
                given,
                f"cannot be read ({type(error).__name__})",
                f"let {variable} name a text file that this user may read",
                f"无法读取；请让 {variable} 指向本用户可读的文本文件",
            )
        ) from error


def metrics_dir() -> Path | None:
    """The folder in which the workers of one service sum up what they count; None outside of a service."""
    given = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(given) if given else None


def set_metrics_dir(folder: Path) -> None:
    """Name that folder to this process and to those it starts; prometheus_client reads it when it is imported."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def requests_per_second() -> float:
    """How often a credential may ask one worker: `RX_REQUESTS_PER_SECOND`, 100 unless it is set, 0 for no limit.

    Raises:
        EnvironmentFault: it is no number from 0 to 1,000,000.
    """
    given = os.environ.get("RX_REQUESTS_PER_SECOND") or "100"
    try:
        found = float(given)
    except ValueError:
        found = -1
    if not 0 <= found <= 1_000_000:
        raise EnvironmentFault(
            Fault(
                "RX_REQUESTS_PER_SECOND",
                f"not a rate: {given[:40]!r}",
                "write requests a second, such as 100, or 0 for no limit",
                "不是频率；请写每秒请求数，如 100；0 表示不限",
            )
        )
    return found


def surroundings(without: tuple[str, ...] = (), **changes: str) -> dict[str, str]:
    """The environment for a program that is started, without what begins with some prefixes, and with changes."""
    return {name: value for name, value in os.environ.items() if not name.startswith(without)} | changes


def now() -> datetime:
    """This instant, in the county's time."""
    return datetime.now(COUNTY_TIME)


def today() -> date:
    """Today's day in the county."""
    return now().date()
