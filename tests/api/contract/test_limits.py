"""The limits of requests at their edge and one beyond, and how often somebody may ask."""

import json
import time

import anyio
import pytest
from starlette.testclient import TestClient

from rx_review import config
from rx_review.api.app import create_app
from rx_review.api.rates import ACCEPTED, MOST_BUCKETS, Rates
from rx_review.api.reading import BATCH_BODY
from rx_review.domain.reading import BODY
from rx_review.errors import EnvironmentFault


@pytest.fixture
def database_kind():
    """One: a limit is kept before a database is asked."""
    return "sqlite"


def padded(document, size):
    """A document as JSON of exactly so many bytes."""
    text = json.dumps(document).encode()
    return text + b" " * (size - len(text))


def test_a_body_of_256_kib_is_read_and_one_more_byte_is_not(world):
    sheet = world.sheet()
    assert world.call("his", "POST", "/checks", padded(sheet, BODY)).status_code == 200
    told = world.refused("too-large", "his", "POST", "/checks", padded(sheet, BODY + 1))
    assert (told["status"], told["limit"]) == (413, BODY)


def test_two_hundred_lines_are_read_and_one_more_is_not(world):
    (line,) = world.sheet()["lines"]
    lines = [{**line, "line": number} for number in range(1, 202)]
    assert world.call("his", "POST", "/checks", world.sheet(lines=lines[:200])).status_code == 200
    told = world.refused("bad-request", "his", "POST", "/checks", world.sheet(lines=lines))
    assert [each["pointer"] for each in told["errors"]] == ["/lines"]


def test_twenty_levels_are_read_and_one_more_is_not(world):
    def nested(depth):
        return b'{"x":' * depth + b"1" + b"}" * depth

    shallow = world.refused("bad-request", "his", "POST", "/checks", nested(20))
    deep = world.refused("bad-request", "his", "POST", "/checks", nested(21))
    assert "/x" in [each["pointer"] for each in shallow["errors"]]
    assert next(each["what"]["en"] for each in deep["errors"]).startswith("nested deeper than 20")


def test_five_hundred_of_a_batch_are_read_and_one_more_is_not(world):
    # Two sheets among what is none: what is tried is the batch, and not five hundred reviews.
    first, last, none = ({"prescription": sheet} for sheet in (world.sheet(), world.sheet(), {}))
    items = [first, *[none] * 498, last]
    told = world.ok("his", "POST", "/prescriptions/batch", {"items": items})
    assert [each["status"] for each in told["items"]] == [201] + [400] * 498 + [201]
    told = world.refused("bad-request", "his", "POST", "/prescriptions/batch", {"items": [*items, last]})
    assert [each["pointer"] for each in told["errors"]] == ["/items"]
    assert world.refused("bad-request", "his", "POST", "/prescriptions/batch", {"items": []})


def test_a_batch_and_each_of_its_prescriptions_are_bounded(world):
    large = {"prescription": {"department": "x" * (BODY + 1)}}
    told = world.ok("his", "POST", "/prescriptions/batch", {"items": [large, {"prescription": world.sheet()}]})
    assert [each["status"] for each in told["items"]] == [413, 201]
    told = world.refused("too-large", "his", "POST", "/prescriptions/batch", b" " * (BATCH_BODY + 1))
    assert told["limit"] == BATCH_BODY


def test_a_form_for_a_token_is_bounded_too(world):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert world.http.post("/v1/token", content=b"a" * 8193, headers=headers).status_code == 413


@pytest.fixture
def limited(world):
    """A client of the county in which a credential may ask once a second, and four times at once."""
    app = create_app(world.service, requests_per_second=1)
    app.state.service = world.service
    return TestClient(app)


def test_who_asks_too_often_is_told_to_wait_and_nobody_else_is(world, limited):
    def asks(who):
        return limited.get("/v1/edition", headers={"Authorization": f"Bearer {world.secrets[who]}"})

    answers = [asks("his") for _ in range(7)]
    # The first one counted for the address: nobody knew the credential yet.
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    refused = answers[-1]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["code"] == "too-many-requests"
    assert refused.headers["cache-control"] == "no-store"
    assert asks("till").status_code == 200


def test_who_invents_credentials_has_one_bucket_for_all_of_them(limited):
    answers = [limited.get("/v1/edition", headers={"Authorization": f"Bearer no{each}"}) for each in range(8)]
    assert {answer.status_code for answer in answers[:4]} == {401}
    assert answers[-1].status_code == 429


def test_who_tries_passwords_is_counted_by_address_whatever_else_is_sent(world, limited):
    headers = {"Authorization": f"Bearer {world.secrets['his']}"}
    codes = [
        limited.post("/v1/sessions", json={"name": "a", "password": "b"}, headers=headers).status_code for _ in range(8)
    ]
    assert codes[-1] == 429
    assert limited.get("/livez").status_code == 200


class Clock:
    """Seconds that a test turns."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def ask(rates, name):
    """The status of one request of a credential that is accepted."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"authorization", name.encode())]
    scope = {"type": "http", "path": "/v1/edition", "headers": headers, "client": ("10.0.0.1", 1), "method": "GET",
             "state": {}, "query_string": b""}  # fmt: skip
    anyio.run(rates, scope, receive, send)
    return sent[0]["status"] if sent else 200


async def accepts(scope, receive, send):
    """An application that accepts every credential."""
    scope["state"][ACCEPTED] = True


def test_a_bucket_fills_at_its_rate_and_never_above_its_brim():
    clock = Clock()
    rates = Rates(accepts, 10, clock)
    assert ask(rates, "a") == 200
    assert [ask(rates, "a") for _ in range(41)] == [200] * 40 + [429]
    clock.now += 0.5
    assert [ask(rates, "a") for _ in range(6)] == [200] * 5 + [429]
    clock.now += 3600
    assert [ask(rates, "a") for _ in range(41)] == [200] * 40 + [429]


def test_no_more_buckets_are_kept_than_may_be():
    clock = Clock()
    rates = Rates(accepts, 1_000_000, clock)

    async def many():
        async def send(message):
            raise AssertionError("refused")

        for number in range(MOST_BUCKETS + 50):
            scope = {"type": "http", "path": "/v1/edition", "client": ("10.0.0.1", 1), "method": "GET", "state": {},
                     "headers": [(b"authorization", b"%d" % number)]}  # fmt: skip
            await rates(scope, None, send)

    anyio.run(many)
    assert len(rates._buckets) == MOST_BUCKETS


def test_counting_costs_less_than_twenty_microseconds():
    rates = Rates(accepts, 1_000_000)
    scope = {"type": "http", "path": "/v1/edition", "client": ("10.0.0.1", 1), "method": "GET", "state": {},
             "headers": [(b"host", b"x"), (b"accept", b"*/*"), (b"authorization", b"Bearer rxs_secret")]}  # fmt: skip

    async def many():
        best = 1.0
        for _ in range(20):
            began = time.perf_counter()
            for _ in range(200):
                await rates(scope, None, None)
            best = min(best, (time.perf_counter() - began) / 200)
        return best

    assert anyio.run(many) < 20e-6


def test_the_rate_is_read_from_the_environment(monkeypatch):
    assert config.requests_per_second() == 100
    monkeypatch.setenv("RX_REQUESTS_PER_SECOND", "2.5")
    assert config.requests_per_second() == 2.5
    for wrong in ("many", "-1", "nan", "inf"):
        monkeypatch.setenv("RX_REQUESTS_PER_SECOND", wrong)
        with pytest.raises(EnvironmentFault, match="RX_REQUESTS_PER_SECOND"):
            config.requests_per_second()
