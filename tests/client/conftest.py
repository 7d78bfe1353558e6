"""A county that is served on loopback, and systems that call it."""

from functools import cache

import pytest
import structlog
from tests.api.conftest import database_kind, database_meeting, database_upgrade, database_url, new_database, shipped
from tests.api.conftest import world as county
from tests.api.world import TOWNSHIP
from tests.client.running import Scripted, Served

from rx_review.client import Client
from rx_review.desk import passwords
from rx_review.store import accounts

__all__ = [
    "county",
    "database_kind",
    "database_meeting",
    "database_upgrade",
    "database_url",
    "new_database",
    "shipped",
]

SECRET = "secret-of-a-system-for-tests"
# Once a run: it takes long on purpose.
kept_of = cache(passwords.hashed)


@pytest.fixture(autouse=True)
def quiet():
    """The service's log, which would else be drawn in colour on the output that the example is compared with."""
    lines = []

    def keep(logger, method, event):
        lines.append((method, event))
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    yield lines
    structlog.reset_defaults()


@pytest.fixture
def world(county):
    """A county whose systems have a secret that they can be granted a token for."""
    with county.service.database.write() as connection:
        for name in ("his", "his-other", "till"):
            accounts.change_owner(connection, "client", name, {"secret": kept_of(SECRET)})
        # A system that submits and charges, and so may read the history of what it charges.
        accounts.add_owner(
            connection,
            "client",
            {
                "id": "both",
                "secret": kept_of(SECRET),
                "roles": "prescriber,cashier,dispenser",
                "members": TOWNSHIP,
                "failures": 0,
                "paused_until": None,
                "disabled": False,
                "created_at": county.now,
            },
        )
    return county


@pytest.fixture
def served(world):
    """The address of the county's service."""
    with Served(world.http.app) as address:
        yield address


@pytest.fixture
def client_of(served):
    """Makes clients of systems; `address` to go another way."""
    made = []

    def client_of(name="his", address=None, **options):
        made.append(Client(address or served, name, SECRET, **options))
        return made[-1]

    yield client_of
    for each in made:
        each.close()


@pytest.fixture
def scripted():
    """A server that answers as a test tells it."""
    with Scripted() as server:
        yield server
