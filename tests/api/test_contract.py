"""The contract: what the description says is what the service does, whoever asks and whatever they send."""

import os

import pytest
from tests.api.contract.exploring import everybody, explore

# More by hand: CONTRACT_EXAMPLES=200 python -m pytest tests/api/test_contract.py
BY_HAND = "CONTRACT_EXAMPLES" in os.environ
EXAMPLES_EACH = int(os.environ.get("CONTRACT_EXAMPLES", "4"))
MOVES = "POST /v1/prescriptions/{id}/moves"


@pytest.fixture
def county(world):
    """A county in which `everybody` may do everything, machines pass what is covered, and a pharmacist is there."""
    everybody(world)
    world.decided()
    world.on_duty()
    return world


@pytest.fixture
def database_kind(request):
    """SQLite; PostgreSQL too where more is asked for by hand."""
    return getattr(request, "param", "sqlite")


KINDS = ["sqlite", "postgresql"] if BY_HAND else ["sqlite"]


def held(outcome):
    """Nothing failed, and something was asked."""
    print(f"{outcome.cases} requests: {dict(outcome.by_phase)}; moves 2xx {outcome.share(MOVES):.0%}")
    assert outcome.errors == []
    assert [f"{each.operation}: {each.title}\n{each.text}" for each in outcome.failures] == []
    assert outcome.cases > 0
    assert all(status < 500 for counted in outcome.statuses.values() for status in counted)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database_kind", KINDS, indirect=True)
@pytest.mark.parametrize("who", ["everybody", "his", None])
def test_every_answer_to_drawn_requests_is_as_described(county, who):
    held(explore(county, who, phases=["examples", "fuzzing"], examples=EXAMPLES_EACH))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database_kind", KINDS, indirect=True)
def test_every_bound_of_the_description_is_kept_from_both_sides(county):
    # These have three thousand bounds between them, or hash a password for each; they are tried by hand.
    many = ("check_draft", "submit_prescription", "submit_batch", "put_person", "make_move", "log_in", "grant_token")
    many = () if BY_HAND else many
    held(explore(county, "everybody", phases=["coverage"], without=many))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database_kind", KINDS, indirect=True)
def test_a_walk_along_the_links_reaches_moves_that_are_made(county):
    outcome = explore(county, "everybody", phases=["stateful"], examples=3 * EXAMPLES_EACH, steps=12)
    held(outcome)
    assert outcome.stateful[MOVES].total() >= 10
    assert outcome.stateful[MOVES][200] >= 3


def test_to_log_out_ends_a_session(county):
    assert county.call("everybody", "DELETE", "/sessions/current").status_code == 204
    county.refused("unauthenticated", "everybody", "DELETE", "/sessions/current")
