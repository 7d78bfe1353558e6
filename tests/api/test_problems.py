"""Every refusal is in the catalogue, is raised somewhere, and is tested through the API."""

import re
import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rx_review.api import problem
from rx_review.api.rates import Rates
from rx_review.desk.centre import Centre
from rx_review.domain.problems import PROBLEMS, REASONS

SOURCE = Path(problem.__file__).parents[1]
TESTS = Path(__file__).parent

_RAISED = re.compile(r'Refusal\(\s*"([a-z-]+)"(?: if [^,()]*(?:\([^()]*\))? else "([a-z-]+)")?')
_TESTED = re.compile(r'(?:refused|not_moved)\(\s*"([a-z-]+)"')


def raised():
    found = {
        code for path in SOURCE.rglob("*.py") for pair in _RAISED.findall(path.read_text("utf-8")) for code in pair
    }
    return (found | set(problem._BY_STATUS.values())) - {""}


def test_what_is_raised_is_in_the_catalogue_and_what_is_in_the_catalogue_is_raised():
    assert raised() == set(PROBLEMS)


def test_each_refusal_is_asked_for_by_some_test_through_the_api():
    tested = {code for path in TESTS.glob("*.py") for code in _TESTED.findall(path.read_text("utf-8"))}
    assert set(PROBLEMS) <= tested, sorted(set(PROBLEMS) - tested)


def test_each_refusal_is_explained(world):
    for code, row in PROBLEMS.items():
        told = world.ok(None, "GET", f"/problems/{code}")
        assert (told["code"], told["status"]) == (code, row.status)
        assert all(told[part][language] for part in ("title", "do") for language in ("zh", "en"))
    assert len(world.ok(None, "GET", "/problems")["items"]) == len(PROBLEMS)
    world.refused("not-found", None, "GET", "/problems/no-such-thing")


def test_each_reason_belongs_to_a_move_that_asks_for_one(world):
    table = world.ok(None, "GET", "/moves")
    asking = {each["move"] for each in table["moves"] if each["reason"]}
    assert {move for reason in REASONS.values() for move in reason.moves} == asking
    assert set(table["reasons"]) == set(REASONS)


def test_who_is_not_known_is_not_let_in(world):
    assert world.refused("unauthenticated", None, "GET", "/queue")["retryable"] == "after"
    world.secrets["stranger"] = "rxs_nobody"
    world.refused("unauthenticated", "stranger", "GET", "/queue")


def test_a_page_of_another_site_uses_no_cookie(world):
    world.http.cookies.set("rx_session", world.secrets["pharmacist"])
    told = world.submit(world.sheet())
    there = {"Sec-Fetch-Site": "cross-site"}
    path, body = f"/prescriptions/{told['id']}/moves", {"move": "take", "revision": 1}
    world.refused("cross-site", None, "POST", path, body, headers=there)
    world.refused("not-on-duty", None, "POST", path, body, headers={"Sec-Fetch-Site": "same-origin"})


def test_wrong_secrets_are_refused_and_after_five_the_account_pauses(world):
    body = {"name": "pharmacist", "password": "wrong password"}
    for _ in range(5):
        world.refused("bad-credentials", None, "POST", "/sessions", body)
    response = world.call(None, "POST", "/sessions", body)
    assert response.headers["Retry-After"]
    world.refused("paused-account", None, "POST", "/sessions", body)


def test_a_token_is_granted_to_systems_only(world):
    form = {"grant_type": "password", "client_id": "his", "client_secret": "x"}
    world.refused("bad-grant", None, "POST", "/token", data=form)


def test_bodies_are_bounded_strict_json(world):
    world.refused("too-large", "his", "POST", "/prescriptions", b'{"a":"' + b"x" * 300_000 + b'"}')
    world.refused("unsupported-media-type", "his", "POST", "/prescriptions", b"a=1",
                  headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    world.refused("bad-request", "his", "POST", "/prescriptions", b"{")
    world.refused("bad-request", "his", "POST", "/prescriptions", b"\xff\xfe")
    problem = world.refused("bad-request", "his", "POST", "/prescriptions", {**world.sheet(), "extra": 1})
    assert problem["errors"]
    world.refused("method-not-allowed", "his", "PUT", "/queue", {})


def test_a_service_without_an_edition_is_not_ready(world):
    world.service.centre = Centre(world.service.database, world.service.centre.vault)
    world.refused("not-ready", "his", "POST", "/prescriptions", world.sheet())
    world.refused("not-ready", "his", "GET", "/edition")


def test_who_asks_too_often_waits(world):
    world.http = TestClient(Rates(world.http.app, 0.25))
    world.ok(None, "GET", "/problems")
    response = world.call(None, "GET", "/problems")
    assert int(response.headers["Retry-After"]) >= 1
    assert world.refused("too-many-requests", None, "GET", "/problems")["retryable"] == "yes"


def test_a_database_that_has_no_turn_is_busy(world):
    held, release = threading.Event(), threading.Event()

    def hold():
        connections = [world.service.database.engine.connect() for _ in range(16)]
        held.set()
        release.wait(30)
        for connection in connections:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(10)
        problem = world.refused("busy", "his", "POST", "/prescriptions", world.sheet())
        assert problem["retryable"] == "yes"
    finally:
        release.set()
        thread.join()


def test_a_fault_of_ours_says_nothing_of_itself(world):
    told = world.submit(world.sheet())
    with world.service.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM review")
    problem = world.refused("internal", "his", "GET", f"/prescriptions/{told['id']}")
    assert problem["detail"]["zh"] == PROBLEMS["internal"].zh
    assert "review" not in str(problem["detail"])


@pytest.mark.parametrize("path", ["/nothing", "/prescriptions/not-an-id", "/rules/RX-QTY-999"])
def test_what_is_not_there_is_a_problem_too(world, path):
    code = "bad-request" if "not-an-id" in path else "not-found"
    assert world.call("his", "GET", path).json()["code"] == code
