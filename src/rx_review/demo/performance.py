"""The whole demonstration, from an empty folder to the figures: found, publish, supply, a day, seal, check, replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rx_review.audit.sealer import Sealer
from rx_review.county.generate import County as Drawing
from rx_review.county.regimen import read_regimens
from rx_review.demo.beside import Beside, Library
from rx_review.demo.figures import count_day
from rx_review.demo.founding import Cast, Login, cast_of, fill_registers, found_county
from rx_review.demo.ground import Ground
from rx_review.demo.page import Outcome
from rx_review.demo.running import County
from rx_review.demo.sheets import Drawn, Sheets
from rx_review.desk.centre import Centre
from rx_review.editions.current import CurrentEdition
from rx_review.engine.review import reviewer_for
from rx_review.library.edition import Edition, load_edition

Part = Literal["found", "before", "day", "check"]
Watch = Callable[[Part, int, int, str], None]
"""Told the part, how many of how many are done, and the verdict of a submission, if it is one."""

_FOLLOWED_EVERY = 50
"""Submissions after which what was stored is decided again, in the other process: little is left for the end."""


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
    with Beside(ground.folder, library) as beside:
        logins = tuple(found_county(ground, day))
        watch("found", 1, 4, "")
        edition = load_edition(library.rules, library.formulary, library.cache)
        watch("found", 2, 4, "")
        published = beside.publish(edition.digest, day)
        sheets = Sheets(Drawing(edition.formulary, read_regimens(cache=library.cache), library.cache), seed, day, count)
        drawn = list(sheets)
        # Compiled while the other process proves it: what the county holds is this very edition.
        reviewer_for(edition)
        watch("found", 3, 4, "")
        published()
        centre = Centre(ground.database, ground.vault, CurrentEdition(ground.database, library.cache).load())
        cast = cast_of(logins)
        fill_registers(centre, cast, sheets.members, edition.formulary, day)
        watch("found", 4, 4, "")
        county = County(centre, cast, sheets.members, Sealer(ground.database, ground.signer), seed)
        seconds = _run(county, day, drawn, beside, watch)
        outcome = _outcome(ground, edition, day, seconds, beside, watch)
    return Performed(outcome, edition, logins, cast, centre)


def _run(county: County, day: date, drawn: list[Drawn], beside: Beside, watch: Watch) -> list[float]:
    """Let the county work; seconds of each submission of the day, ascending."""
    county.before(day, drawn, _Counter("before", sum(len(one.earlier) for one in drawn), beside, watch))
    return sorted(county.day(day, drawn, _Counter("day", len(drawn), beside, watch)))


class _Counter:
    """Counts submissions for who watches, and has them followed; a revision is one more."""

    def __init__(self, part: Part, total: int, beside: Beside, watch: Watch) -> None:
        self._part, self._total, self._beside, self._watch, self._done = part, total, beside, watch, 0

    def __call__(self, verdict: str) -> None:
        self._done += 1
        self._watch(self._part, self._done, max(self._done, self._total), verdict)
        if self._done % _FOLLOWED_EVERY == 0:
            self._beside.follow()


def _outcome(
    ground: Ground, edition: Edition, day: date, seconds: list[float], beside: Beside, watch: Watch
) -> Outcome:
    watch("check", 0, 3, "")
    replayed, checked = beside.finish()
    figures = count_day(ground.database, edition, day)
    watch("check", 1, 3, "")
    report = replayed()
    watch("check", 2, 3, "")
    outcome = Outcome(day.isoformat(), figures, checked(), report, seconds)
    watch("check", 3, 3, "")
    return outcome
