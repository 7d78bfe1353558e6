"""What is tried again and what is not, with a server that answers by script."""

import json
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.running import problem

from rx_review.client import (
    Budgets,
    Client,
    Forbidden,
    Invalid,
    NotAllowed,
    NotFound,
    Outdated,
    Unauthenticated,
    Unavailable,
    Unreadable,
)
from rx_review.client.answers import Problem, Short
from rx_review.client.batches import chunks
from rx_review.client.moves import made_by_table
from rx_review.client.refusals import passes_by_itself, refused
from rx_review.domain.moves import MOVES
from rx_review.domain.problems import PROBLEMS
from rx_review.errors import EnvironmentFault

JSON = "application/json"
GATE = {"release": False, "prescription": "p", "revision": 1, "content": None, "state": "waiting", "text": "待审核"}
GATE |= {"reviewed": False, "token": None, "expires_at": None}
OK = (200, JSON, json.dumps(GATE))
BUSY = problem("busy", 503, retryable="yes")


def drip(handler):
    """An answer that comes by the byte and would take for ever."""
    handler.send_response(200)
    handler.send_header("Content-Type", JSON)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(400):
        handler.wfile.write(b" ")
        time.sleep(0.05)


@pytest.fixture
def till(scripted):
    with Client(scripted.address, "till", "secret", timeouts=Budgets(connect=0.5, look=2, move=1.5)) as client:
        yield client


def test_busy_is_tried_again_under_one_name_after_what_it_asked_for(scripted, till):
    scripted.script = [(*BUSY, {"Retry-After": "1"}), OK]
    began = time.monotonic()
    assert till.release("A", "1").state == "waiting"
    assert time.monotonic() - began >= 1
    assert len({headers["X-Request-ID"] for _, _, headers, _ in scripted.asked}) == 1
    assert scripted.tokens == 1


def test_a_refusal_is_not_tried_again(scripted, till):
    scripted.script = [problem("not-found", 404), OK]
    with pytest.raises(NotFound):
        till.release("A", "1")
    assert len(scripted.asked) == 1


def test_a_token_that_is_not_known_is_renewed_once_and_only_once(scripted, till):
    unknown = problem("unauthenticated", 401)
    scripted.script = [unknown, OK, unknown, unknown]
    assert till.release("A", "1").state == "waiting"
    assert [headers["Authorization"] for _, _, headers, _ in scripted.asked] == ["Bearer token1", "Bearer token2"]
    with pytest.raises(Unauthenticated):
        till.release("A", "1")
    assert scripted.tokens == 3


@pytest.mark.parametrize(
    "entry", [BUSY, problem("internal", 500), problem("a-new-one", 503), (502, "text/html", "bad gateway"), drip]
)
def test_who_is_not_answered_is_told_in_time_what_to_do(scripted, till, entry):
    scripted.script = [entry] * 1000
    began = time.monotonic()
    with pytest.raises(Unavailable) as none:
        till.release("A", "1")
    assert time.monotonic() - began < 2.6
    assert "收费处暂缓收费" in none.value.faults[0].zh
    assert "emergency release" in str(none.value)
    assert none.value.trace == scripted.asked[0][2]["X-Request-ID"]
    assert not none.value.unknown


def test_a_wait_that_is_longer_than_the_budget_is_not_begun(scripted, till):
    scripted.script = [(*problem("too-many-requests", 429), {"Retry-After": "60"})]
    began = time.monotonic()
    with pytest.raises(Unavailable) as none:
        till.release("A", "1")
    assert none.value.code == "too-many-requests"
    assert time.monotonic() - began < 30


def test_an_answer_that_never_comes_leaves_time_for_another_try(scripted, till):
    def never(handler):
        time.sleep(1.5)

    scripted.script = [never, OK]
    assert till.release("A", "1").state == "waiting"


def test_nobody_there_is_unavailable_and_nothing_was_done():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", "his", "secret", timeouts=Budgets(submit=0.6)) as his:
        began = time.monotonic()
        with pytest.raises(Unavailable) as none:
            his.submit({"number": "1"})
    assert time.monotonic() - began < 1
    assert none.value.unknown is False


def test_a_submission_without_an_answer_may_have_been_done(scripted):
    scripted.script = [(504, "text/html", "")] * 100
    budgets = Budgets(submit=0.4)
    with Client(scripted.address, "his", "secret", timeouts=budgets) as his, pytest.raises(Unavailable) as none:
        his.submit({"number": "1"})
    assert none.value.unknown is True


@pytest.mark.parametrize("entry", [(200, "text/html", "<p>hello"), (404, "text/html", ""), (302, "text/html", "")])
def test_an_answer_of_something_else_is_named(scripted, till, entry):
    scripted.script = [entry]
    with pytest.raises(Unreadable, match="base_url"):
        till.release("A", "1")


@pytest.mark.parametrize("address", ["rx.county.example", "ftp://a", "http://", ""])
def test_a_wrong_address_is_refused_at_once(address):
    with pytest.raises(EnvironmentFault, match="https://HOST:PORT"):
        Client(address, "his", "secret")


def test_certificates_that_cannot_be_read_are_refused_at_once(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "none.pem", tmp_path / "ca.pem"):
        with pytest.raises(EnvironmentFault, match="let ca name"):
            Client("https://a", "his", "secret", ca=str(path))


CLASSES = {
    400: Invalid, 401: Unauthenticated, 403: Forbidden, 404: NotFound, 405: Invalid, 409: NotAllowed,
    412: NotAllowed, 413: Invalid, 415: Invalid, 422: Invalid, 428: NotAllowed,
}  # fmt: skip


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_refusal_of_the_catalogue_has_its_class(code):
    kind = PROBLEMS[code]
    made = Problem.model_validate_json(problem(code, kind.status, retryable=kind.retryable)[2])
    if code == "paused-account":
        assert type(refused(made)) is Unauthenticated
    elif kind.retryable == "yes":
        assert passes_by_itself(made)
    else:
        assert not passes_by_itself(made)
        assert isinstance(refused(made), CLASSES[kind.status])
        assert (type(refused(made)) is Outdated) == (
            code.startswith(("stale", "revision-gap", "same-revision", "version-changed", "content-changed"))
        )


SHORT = {
    "id": "p", "institution": "A", "number": "1", "issued_on": "2026-11-02", "revision": 1, "version": 3,
    "state": "approved", "state_name": {"zh": "", "en": ""}, "action": "proceed", "verdict": "pass", "complete": True,
    "skill": "general", "urgency": 2, "level": 0, "holder": None, "created_at": "2026-11-02T01:00:00Z",
    "updated_at": "2026-11-02T01:00:00Z",
}  # fmt: skip


@given(st.sampled_from(["charge", "refund", "void", "supply", "cancel", "release", "resign", "countersign"]), st.data())
def test_what_the_table_concludes_is_true_of_every_way_that_a_prescription_can_go(name, data):
    starts = sorted({state for move in MOVES if move.name == name for state in move.from_})
    state = begin = data.draw(st.sampled_from(starts))
    names = []
    for _ in range(data.draw(st.integers(1, 4))):
        rows = [("a timer", state)]
        for move in MOVES:
            if state in move.from_ and move.name != "revise":
                rows += [(move.name, to) for to in ((state,) if move.keeps_state else move.to)]
        moved, state = data.draw(st.sampled_from(rows))
        names.append(moved)
    known = Short.model_validate({**SHORT, "state": begin})
    now = Short.model_validate({**SHORT, "state": state, "version": 3 + len(names)})
    assert made_by_table(name, known, now) in (None, names[0] == name)


def test_the_table_tells_a_charge_that_was_made_from_one_that_was_not():
    known = Short.model_validate(SHORT)

    def told(version, state, revision=1):
        now = Short.model_validate({**SHORT, "version": version, "state": state, "revision": revision})
        return made_by_table("charge", known, now)

    assert [told(4, "charged"), told(5, "supplied"), told(5, "refunded")] == [True, True, True]
    assert [told(4, "cancelled"), told(4, "expired"), told(5, "waiting", 2)] == [False, False, False]


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(1, 20), st.integers(60, 600))
def test_chunks_hold_everything_in_order_within_both_limits(lengths, most, most_bytes):
    sheets = [{"number": str(index), "text": "处" * length} for index, length in enumerate(lengths)]
    made = list(chunks(iter(sheets), most, most_bytes))
    assert [json.loads(item)["prescription"] for chunk in made for item in chunk] == sheets
    for chunk in made:
        body = b'{"items":[' + b",".join(chunk) + b"]}"
        assert len(chunk) <= most
        assert len(body) <= most_bytes or len(chunk) == 1


def test_what_was_busy_in_a_batch_is_asked_again_with_what_follows_it(scripted):
    def entry(index, **told):
        return {"index": index, "status": 0, "key": None, "answer": None, "problem": None, **told}

    busy, gap, fault = (
        json.loads(problem(*each)[2]) for each in (("busy", 503), ("revision-gap", 409), ("contradiction", 422))
    )
    first = [entry(0, problem=fault), entry(1, problem=busy), entry(2, problem=gap)]
    second = [entry(0, problem=fault), entry(1, problem=fault)]
    scripted.script = [(200, JSON, json.dumps({"items": each})) for each in (first, second)]
    with Client(scripted.address, "his", "secret") as his:
        answers = list(his.submit_batch({"number": str(number)} for number in range(3)))
    assert [type(each.refusal) for each in answers] == [Invalid, Invalid, Invalid]
    asked = [[each["prescription"]["number"] for each in json.loads(body)["items"]] for *_, body in scripted.asked]
    assert asked == [["0", "1", "2"], ["1", "2"]]
