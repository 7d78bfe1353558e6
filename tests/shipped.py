"""What this checkout ships, read once a run: the worker that asks first reads it, the others take what it kept."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from rx_review.county.faults import Fault, all_faults
from rx_review.county.regimen import Regimen, read_regimens
from rx_review.library.edition import Edition, load_edition

ROOT = Path(__file__).resolve().parents[1]


@cache
def _folder() -> Path:
    """The cache of this run, which tests/conftest.py makes."""
    return Path(os.environ["RX_CACHE_DIR"])


@contextmanager
def _alone(what: str, meanwhile: Callable[[], object] = lambda: None) -> Iterator[None]:
    """One worker at a time; who must wait for another does something else first that it will need as well."""
    with (_folder() / f"{what}.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            meanwhile()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


@cache
def shipped_edition() -> Edition:
    """The rules and the formulary."""
    with _alone("edition"):
        return load_edition(ROOT / "rules", ROOT / "formulary", _folder())


@cache
def shipped_regimens() -> tuple[Regimen, ...]:
    """Every regimen of the generated county."""
    with _alone("regimens"):
        return read_regimens(cache=_folder())


@cache
def shipped_faults() -> tuple[Fault, ...]:
    """Every kind of fault that can be planted.

    Tests are named after them, so that all workers ask at once: one reads faults and regimens, another the edition.
    """
    with _alone("faults", meanwhile=shipped_edition):
        shipped_regimens()
        return all_faults(_folder())
