"""What the tests of the API share: the edition once a run, a county for each test and each database."""

import pytest
from tests.api.world import World, found, make_world
from tests.databases import database_kind, database_meeting, database_upgrade, database_url, new_database
from tests.shipped import shipped_edition

from rx_review import config
from rx_review.engine.review import reviewer_for
from rx_review.library.archive import pack

__all__ = ["database_kind", "database_meeting", "database_upgrade", "database_url", "new_database"]


@pytest.fixture(scope="session")
def shipped():
    """The edition of this checkout, compiled, and its archive."""
    return reviewer_for(shipped_edition()), pack(config.rules_dir(), config.formulary_dir())


@pytest.fixture
def world(database_url, tmp_path, shipped) -> World:
    """A county on each kind of database."""
    reviewer, archive = shipped
    made = make_world(database_url, tmp_path, reviewer, archive)
    with made.http:
        made.secrets = found(made.service, reviewer, archive, made.clock)
        yield made
