"""A log says enough to find a fault, and nothing about a patient."""

import json
import logging
import re
import string
import warnings

import pytest
import structlog
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from rx_review.api import logs

# What must not be read in any log: a name, a resident's number, a token.
SECRETS = ["王小明", "110101199003071234", "Bearer-abcdef"]


class Refused(Exception):
    """An error of the application's own, with a handler of its own."""


@pytest.fixture(autouse=True)
def restored():
    """Logging as it was before the test."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def application(**options):
    router = APIRouter(prefix="/prescriptions")

    @router.get("/{number}/lines/{line}")
    async def line(number: str, line: int, request: Request) -> str:
        request.state.member = "SAMPLE-T01"
        structlog.get_logger().info("looked up")
        return request.state.request_id

    @router.post("")
    async def submit(request: Request) -> None:
        patient = (await request.json())["patient"]
        raise ValueError(f"cannot read {patient}")

    @router.put("")
    async def chained() -> None:
        try:
            {}["王小明"]
        except KeyError as error:
            raise RuntimeError("王小明") from error

    @router.delete("")
    def refused() -> None:
        raise Refused

    @router.patch("")
    async def forbidden() -> None:
        raise HTTPException(403, "王小明")

    app = FastAPI()
    app.include_router(router, prefix="/v1")

    @app.exception_handler(Exception)
    async def unhandled(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"code": "internal", "request": request.state.request_id}, 500)

    @app.exception_handler(Refused)
    def refusal(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"code": "refused"}, 409)

    app.add_middleware(logs.RequestLog, **options)
    return app


@pytest.fixture
def ask(capsys):
    """Sends one request; gives the answer and what was logged."""

    def ask(method, path, observe=None, requests=True, **options):
        logs.configure(2, requests)
        answer = TestClient(application(observe=observe)).request(method, path, **options)
        text = capsys.readouterr().err
        assert not [secret for secret in SECRETS if secret in text]
        return answer, [json.loads(line) for line in text.splitlines()]

    return ask


def test_a_request_is_one_line_with_the_template_and_not_the_path(ask):
    answer, lines = ask(
        "GET", "/v1/prescriptions/110101199003071234/lines/3?name=王小明", headers={"a": "Bearer-abcdef"}
    )
    assert answer.status_code == 200
    line = lines[-1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00", line.pop("instant"))
    assert 0 < line.pop("milliseconds") < 60_000
    assert line == {
        "level": "info",
        "event": "request",
        "worker": 2,
        "request": answer.headers["x-request-id"],
        "method": "GET",
        "route": "/v1/prescriptions/{number}/lines/{line}",
        "status": 200,
        "member": "SAMPLE-T01",
    }


def test_what_a_route_logs_names_its_request(ask):
    answer, lines = ask("GET", "/v1/prescriptions/7/lines/3")
    assert [line["event"] for line in lines] == ["looked up", "request"]
    assert lines[0]["request"] == lines[1]["request"] == answer.json()
    assert structlog.contextvars.get_contextvars() == {}


def test_a_path_that_no_route_knows_is_not_written(ask):
    answer, lines = ask("GET", "/v1/王小明")
    assert answer.status_code == 404
    assert lines[-1]["route"] is None


def test_a_wrong_method_has_the_template_of_the_route(ask):
    answer, lines = ask("POST", "/v1/prescriptions/7/lines/3")
    assert (answer.status_code, lines[-1]["route"]) == (405, "/v1/prescriptions/{number}/lines/{line}")


def test_the_callers_name_for_the_request_is_kept(ask):
    answer, lines = ask("GET", "/v1/prescriptions/7/lines/3", headers={"X-Request-ID": "HIS-01.77_a"})
    assert answer.headers["x-request-id"] == lines[-1]["request"] == "HIS-01.77_a"


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a" * 65, "a\nb", "王", "110101199003071234", "x-11010119900307123X", "13912345678", "a/b"]
)
def test_a_name_that_is_no_token_or_names_a_person_is_replaced(name):
    assert re.fullmatch("[0-9a-f]{32}", logs.request_id(name))


@given(st.text(string.ascii_letters + "._-", min_size=1, max_size=64))
def test_any_plain_token_is_kept(name):
    assert logs.request_id(name) == name


@given(st.none() | st.text())
def test_any_name_becomes_a_token_that_fits_a_header(name):
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", logs.request_id(name))


def test_two_requests_without_names_get_different_ones():
    assert logs.request_id(None) != logs.request_id(None)


def test_an_unhandled_error_is_answered_by_the_applications_handler_and_logged_without_its_text(ask):
    answer, lines = ask("POST", "/v1/prescriptions", json={"patient": "王小明"})
    assert answer.status_code == 500
    name = answer.headers["x-request-id"]
    assert answer.json() == {"code": "internal", "request": name}
    assert [(line["event"], line["level"], line["request"]) for line in lines] == [
        ("unhandled error", "error", name),
        ("request", "error", name),
    ]
    assert lines[0]["route"] == "/v1/prescriptions"
    assert lines[0]["error"][0]["type"] == "builtins.ValueError"
    assert re.search(r"test_logs\.py:\d+ .*submit$", lines[0]["error"][0]["at"][-1])


def test_what_led_to_an_error_is_logged_too(ask):
    _, lines = ask("PUT", "/v1/prescriptions")
    assert [one["type"] for one in lines[0]["error"]] == ["builtins.RuntimeError", "builtins.KeyError"]


def test_each_error_of_a_group_is_named():
    group = ExceptionGroup("王小明", [ValueError("a"), ExceptionGroup("b", [KeyError("c")])])
    types = [one["type"].removeprefix("builtins.") for one in logs.error_chain(group)]
    assert types == ["ExceptionGroup", "ValueError", "ExceptionGroup", "KeyError"]


def test_errors_that_lead_to_each_other_end():
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert len(logs.error_chain(first)) == 2


@pytest.mark.parametrize(("method", "status"), [("DELETE", 409), ("PATCH", 403)])
def test_an_error_with_a_handler_is_an_answer_and_no_fault(ask, method, status):
    answer, lines = ask(method, "/v1/prescriptions")
    assert answer.status_code == lines[-1]["status"] == status
    assert [(line["event"], line["level"]) for line in lines] == [("request", "info")]


def test_without_a_handler_the_error_goes_on(capsys):
    async def broken(scope, receive, send):
        raise ValueError("王小明")

    logs.configure(1)
    with pytest.raises(ValueError, match="王小明"):
        TestClient(logs.RequestLog(broken)).get("/")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line.get("status")) for line in lines] == [("unhandled error", None), ("request", 499)]


def test_good_requests_can_be_left_out_and_failed_ones_cannot(ask):
    assert [line["event"] for line in ask("GET", "/v1/prescriptions/7/lines/3", requests=False)[1]] == ["looked up"]
    _, lines = ask("POST", "/v1/prescriptions", requests=False, json={"patient": "王小明"})
    assert [line["event"] for line in lines] == ["unhandled error", "request"]


def test_the_observer_is_told_of_each_answer(ask):
    told = []
    ask("GET", "/v1/prescriptions/7/lines/3", observe=lambda *answer: told.append(answer))
    ask("POST", "/v1/prescriptions", observe=lambda *answer: told.append(answer), json={"patient": "a"})
    assert [answer[:3] for answer in told] == [
        ("GET", "/v1/prescriptions/{number}/lines/{line}", 200),
        ("POST", "/v1/prescriptions", 500),
    ]
    assert all(0 < answer[3] < 60 for answer in told)


def test_other_loggers_write_the_same_lines(capsys):
    logs.configure(3)
    try:
        raise ValueError("王小明")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    logging.getLogger("sqlalchemy.engine").info("SELECT '王小明'")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    text = capsys.readouterr().err
    assert "王小明" not in text
    error, warning = (json.loads(line) for line in text.splitlines())
    assert (error["event"], error["logger"], error["worker"]) == ("Exception in ASGI application", "uvicorn.error", 3)
    assert error["error"][0]["type"] == "builtins.ValueError"
    assert (warning["level"], warning["logger"]) == ("warning", "py.warnings")


def test_a_thing_that_is_no_json_is_named_by_its_type(capsys):
    logs.configure(1)
    structlog.get_logger().info("odd", what=ValueError("王小明"), words="处方")
    text = capsys.readouterr().err
    assert json.loads(text)["what"] == "<ValueError>"
    assert '"处方"' in text
    assert "王小明" not in text
