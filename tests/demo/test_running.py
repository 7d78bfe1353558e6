"""A day of the demonstration in this process: the same seed, the same day; and what was counted."""

from collections import Counter
from datetime import date
from typing import NamedTuple

import pytest
from rich.cells import cell_len
from tests.shipped import shipped_edition, shipped_regimens

from rx_review import config
from rx_review.audit.checking import check_stored
from rx_review.audit.replay import Replayer, ReplayReport, replay
from rx_review.audit.sealer import Sealer
from rx_review.county.generate import County as Drawing
from rx_review.demo.figures import count_day
from rx_review.demo.founding import cast_of, fill_registers, first_instant, found_county
from rx_review.demo.ground import lay_ground
from rx_review.demo.page import WIDTH, Outcome, day_page
from rx_review.demo.running import County
from rx_review.demo.sheets import Sheets
from rx_review.desk.centre import Centre
from rx_review.domain.review import VERDICTS
from rx_review.engine.review import reviewer_for
from rx_review.library.archive import pack
from rx_review.store import editions

pytestmark = pytest.mark.timeout(300)

DAY = date(2026, 11, 20)
COUNT = 60


class Day(NamedTuple):
    verdicts: list
    figures: object
    outcome: Outcome
    followed: ReplayReport


@pytest.fixture(scope="module")
def edition():
    return shipped_edition()


@pytest.fixture(scope="module")
def drawn(edition):
    sheets = Sheets(Drawing(edition.formulary, shipped_regimens()), 5, DAY, COUNT)
    return sheets.members, list(sheets)


@pytest.fixture(scope="module")
def days(edition, drawn, tmp_path_factory):
    """The same day twice, in two databases."""
    archive = pack(config.rules_dir(), config.formulary_dir())
    return [one_day(edition, archive, *drawn, tmp_path_factory.mktemp("day")) for _ in range(2)]


def one_day(edition, archive, members, drawn, folder) -> Day:
    ground = lay_ground(folder)
    try:
        cast = cast_of(found_county(ground, DAY))
        with ground.database.write() as connection:
            # Publishing has its own tests, and takes seconds.
            editions.keep(connection, edition.digest, archive, "[]", first_instant(DAY))
            editions.switch(connection, edition.digest, first_instant(DAY), "test", "test")
        centre = Centre(ground.database, ground.vault, reviewer_for(edition))
        fill_registers(centre, cast, members, edition.formulary, DAY)
        county = County(centre, cast, members, Sealer(ground.database, ground.signer), 5)
        verdicts: list[str] = []
        replayer = Replayer(ground.database, config.cache_dir(), compiled=[centre.reviewer])

        def submitted(verdict):
            verdicts.append(verdict)
            if len(verdicts) % 25 == 0:
                replayer.follow()

        county.before(DAY, drawn, submitted)
        seconds = county.day(DAY, drawn, submitted)
        replayer.follow()
        figures = count_day(ground.database, edition, DAY)
        checked = check_stored(ground.database, [ground.signer.verifier])
        replayed = replay(ground.database, config.cache_dir())
        return Day(
            verdicts, figures, Outcome(DAY.isoformat(), figures, checked, replayed, sorted(seconds)), replayer.report
        )
    finally:
        ground.database.close()


def test_the_same_seed_comes_to_the_same_verdicts_in_the_same_order(days):
    first, second = days
    assert first.verdicts == second.verdicts
    assert first.figures == second.figures


def test_what_is_counted_is_what_was_answered(days, drawn):
    _, sheets = drawn
    first, _ = days
    figures = first.figures
    earlier = sum(len(one.earlier) for one in sheets)
    assert figures.prescriptions == sum(figures.verdicts.values()) == sum(figures.states.values()) == COUNT
    assert sum(figures.tiers.values()) == COUNT
    assert sum(figures.stops.values()) == COUNT
    # Answers are those of the earlier sheets, of the day's, and of revisions.
    assert len(first.verdicts) >= COUNT + earlier
    answered = Counter(first.verdicts)
    assert all(figures.verdicts[verdict] <= answered[verdict] for verdict in VERDICTS)
    assert figures.lines == sum(len(one.prescription.lines) for one in sheets)
    assert figures.by_pharmacist + figures.by_machine + figures.unreviewed == COUNT
    assert figures.mending.mended <= figures.mending.taken <= figures.mending.offered <= figures.mending.stopped


def test_most_is_supplied_and_nothing_is_left_open_at_midnight(days):
    states = days[0].figures.states
    assert states["supplied"] > 0.8 * COUNT
    assert not {"waiting", "taken", "second", "returned", "blocked", "approved"} & set(states)


def test_the_chain_is_whole_and_replay_is_equal(days):
    outcome = days[0].outcome
    assert outcome.checked.whole, outcome.checked.faults
    assert outcome.checked.still_open == 0
    assert outcome.replayed.equal == outcome.replayed.reviews > COUNT


def test_what_is_decided_again_while_the_county_works_is_all_of_it_once(days):
    followed, whole = days[0].followed, days[0].outcome.replayed
    followed.seconds = whole.seconds
    assert followed == whole


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_fits_eighty_columns_in_both_languages(days, edition, lang):
    page = day_page(days[0].outcome, edition, lang).plain
    assert max(map(cell_len, page.splitlines())) <= WIDTH
    assert f"{COUNT}" in page
