"""The whole demonstration, from an empty folder to the figures: found, publish, supply, a day, seal, check, replay."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from rx_review.audit.checking import check_stored
from rx_review.audit.replay import ReplayReport, replay
from rx_review.audit.sealer import Sealer
from rx_review.county.generate import County as Drawing
from rx_review.county.regimen import read_regimens
from rx_review.demo.figures import count_day
from rx_review.demo.founding import Cast, Login, cast_of, fill_registers, found_county, publish_edition
from rx_review.demo.ground import DATABASE, Ground
from rx_review.demo.page import Outcome
from rx_review.demo.running import County
from rx_review.demo.sheets import Drawn, Sheets
from rx_review.desk.centre import Centre
from rx_review.editions.current import CurrentEdition
from rx_review.errors import Fault, LibraryError, RxError
from rx_review.library.edition import Edition, load_edition
from rx_review.store.database import Database

Part = Literal["found", "before", "day", "check"]
Watch = Callable[[Part, int, int, str], None]
"""Told the part, how many of how many are done, and the verdict of a submission, if it is one."""


@dataclass(frozen=True, slots=True)
class Library:
    """Where the edition comes from, and where compiled ones are kept."""

    rules: Path
    formulary: Path
    cache: Path | None


@dataclass(frozen=True, slots=True)
class Performed:
    """What is left of a demonstration: what it came to, who may come in, and the desk, open."""

    outcome: Outcome
    edition: Edition
    logins: tuple[Login, ...]
    cast: Cast
    centre: Centre


def perform(ground: Ground, library: Library, day: date, count: int, seed: int, watch: Watch) -> Performed:
    """Run it.

    Args:
        ground: a fresh one.
        library: rules and formulary.
        day: that is shown, best one that is over.
        count: sheets of that day.
        seed: the same seed, the same sheets and the same verdicts.
        watch: is told how far it is.

    Raises:
        LibraryError: the edition is not fit to be published.
    """
    logins = found_county(ground, day)
    watch("found", 1, 4, "")
    edition = load_edition(library.rules, library.formulary, library.cache)
    watch("found", 2, 4, "")
    # Proving takes a core for seconds and leaves memory behind: another process does it while the sheets are drawn.
    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        published = other.submit(_publish, ground.folder, library, edition.digest, day)
        sheets = Sheets(Drawing(edition.formulary, read_regimens(cache=library.cache)), seed, day, count)
        drawn = list(sheets)
        watch("found", 3, 4, "")
        _published(published)
    centre = Centre(ground.database, ground.vault, CurrentEdition(ground.database, library.cache).load())
    cast = cast_of(logins)
    fill_registers(centre, cast, sheets.members, edition.formulary, day)
    watch("found", 4, 4, "")
    sealer = Sealer(ground.database, ground.signer)
    county = County(centre, cast, sheets.members, sealer, seed)
    seconds = _run(county, day, drawn, watch)
    outcome = _outcome(ground, library, edition, day, seconds, watch)
    return Performed(outcome, edition, tuple(logins), cast, centre)


def _run(county: County, day: date, drawn: list[Drawn], watch: Watch) -> list[float]:
    """Let the county work; seconds of each submission of the day, ascending."""
    county.before(day, drawn, _Counter("before", sum(len(one.earlier) for one in drawn), watch))
    return sorted(county.day(day, drawn, _Counter("day", len(drawn), watch)))


class _Counter:
    """Counts submissions for who watches; a revision is one more."""

    def __init__(self, part: Part, total: int, watch: Watch) -> None:
        self._part, self._total, self._watch, self._done = part, total, watch, 0

    def __call__(self, verdict: str) -> None:
        self._done += 1
        self._watch(self._part, self._done, max(self._done, self._total), verdict)


def _outcome(
    ground: Ground, library: Library, edition: Edition, day: date, seconds: list[float], watch: Watch
) -> Outcome:
    watch("check", 0, 3, "")
    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        replaying = other.submit(_replay, ground.folder, library.cache)
        figures = count_day(ground.database, edition, day)
        watch("check", 1, 3, "")
        checked = check_stored(ground.database, [ground.signer.verifier])
        watch("check", 2, 3, "")
        replayed = replaying.result()
    watch("check", 3, 3, "")
    return Outcome(day.isoformat(), figures, checked, replayed, seconds)


def _replay(folder: Path, cache: Path | None) -> ReplayReport:
    """In a process of its own: decide everything again."""
    database = Database(f"sqlite:///{folder / DATABASE}")
    try:
        return replay(database, cache)
    finally:
        database.close()


def _publish(folder: Path, library: Library, edition: str, day: date) -> tuple[Fault, ...]:
    """In a process of its own: publish; what keeps the edition from it. Errors lose their faults between processes."""
    database = Database(f"sqlite:///{folder / DATABASE}")
    try:
        publish_edition(database, folder, library.rules, library.formulary, edition, day, library.cache)
    except RxError as error:
        return error.faults
    finally:
        database.close()
    return ()


def _published(done: Future[tuple[Fault, ...]]) -> None:
    if faults := done.result():
        raise LibraryError(*faults)
