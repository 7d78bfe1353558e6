"""Where commands print: the answer to standard output, what went wrong to standard error."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from rich.console import Console
from rich.text import Text

from rx_review import config
from rx_review.errors import Fault, RxError
from rx_review.library.edition import Edition, load_edition

MOST = 200


@cache
def out() -> Console:
    """Standard output; plain when it is not a terminal."""
    return Console(highlight=False, soft_wrap=True)


@cache
def err() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say_faults(error: RxError, lang: str = "en") -> None:
    """Print each fault on a line of standard error."""
    say_each(error.faults[:MOST], lang)
    if len(error.faults) > MOST:
        err().print(Text(f"… and {len(error.faults) - MOST} more", style="red"))


def say_each(faults: Iterable[Fault], lang: str) -> None:
    """Print faults that were found, each on a line of standard error."""
    for fault in faults:
        err().print(Text(fault.in_chinese() if lang == "zh" else str(fault), style="red"))


def edition() -> Edition:
    """The edition that the environment names."""
    return load_edition(config.rules_dir(), config.formulary_dir(), config.cache_dir())
