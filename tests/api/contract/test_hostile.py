"""Requests that no honest client sends, and some that a bad one does: refused in words, never broken by them."""

import json
import socket
import threading
import time

import pytest
import uvicorn

from rx_review.api.app import create_app
from rx_review.api.protocol import limited_protocol

ID = "0" * 32


def problem(answer, status):
    """The problem of an answer with that status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    return told


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("HEAD", "/prescriptions", "GET, POST"),
        ("OPTIONS", "/prescriptions", "GET, POST"),
        ("PATCH", f"/prescriptions/{ID}", "GET"),
        ("GET", f"/prescriptions/{ID}/moves", "POST"),
        ("GET", "/prescriptions/batch", "POST"),
        ("TRACE", "/members/SAMPLE-T01", "GET, PUT"),
        ("QUERY", "/duty", "GET, POST"),
        ("DELETE", f"/prescriptions/{ID}/registration", "GET, PUT"),
    ],
)
def test_a_method_that_a_path_has_not_is_answered_with_those_it_has(world, method, path, allow):
    answer = world.call("pharmacist", method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allow
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/", "/v2/prescriptions", "/v1", "/v1/prescriptions/", "/v1//prescriptions", "/docs/x"]
)
def test_a_path_that_is_not_there_is_a_problem_and_no_redirect(world, path):
    answer = world.http.get(path, follow_redirects=False)
    assert problem(answer, 404)["code"] == "not-found"


@pytest.mark.parametrize(
    "path",
    [
        "/prescriptions/%00",
        f"/prescriptions/{ID[:-1]}%00",
        "/prescriptions/%ff%fe",
        f"/prescriptions/{ID}%0a",
        "/members/%00",
        "/staff/a%00b",
        "/staff/%e7%8e%8b",
        "/staff/%ed%a0%80",
        "/rules/RX-QTY-001%00",
        "/problems/%00",
        "/prescriptions?institution=%00",
        "/prescriptions?state=%00",
        "/prescriptions?cursor=%00",
        "/prescriptions?limit=" + "9" * 5000,
        "/prescriptions?limit=1e2",
        "/prescriptions?limit=-1",
        f"/prescriptions/{ID}?wait=99999999999999999999",
        f"/prescriptions/{ID}/identity?reason=a%00b",
        f"/prescriptions/{ID}/identity?reason=%c2%85%c2%85",
        "/release?institution=SAMPLE-T01&number=%00",
        "/release?institution=%ff&number=1",
        "/release?institution=SAMPLE-T01&number=1&issued_on=1699999999",
        "/release?institution=SAMPLE-T01",
        "/members?after=%00",
        "/staff?after=a&limit=501",
        "/duty?since=0",
        "/duty?since=2026-11-02T09:00:00",
        "/queue?mine=maybe",
    ],
)
def test_a_path_or_query_out_of_shape_is_a_bad_request_on_both_databases(world, path):
    assert problem(world.call("lead", "GET", path), 400)["code"] == "bad-request"


def test_a_key_of_nul_bytes_and_numbers_beyond_a_column_are_refused(world):
    assert problem(world.call("lead", "DELETE", "/duty/99999999999999999999"), 400)
    assert problem(world.call("lead", "DELETE", "/pauses/0"), 400)
    answer = world.call("his", "POST", "/prescriptions", world.sheet(), headers={"Idempotency-Key": "a b"})
    assert problem(answer, 400)["errors"][0]["pointer"] == "/header/Idempotency-Key"


def test_a_parameter_that_stands_twice_counts_once(world):
    world.submit(world.sheet())
    answer = world.call("his", "GET", "/prescriptions?limit=0&limit=1")
    assert answer.status_code in (200, 400)
    assert problem(world.call("his", "GET", "/prescriptions?limit=1&limit=0"), 400)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", "1:1"),
        (b"{", "1:2"),
        (b"null", "/"),
        (b"[]", "/"),
        (b'"text"', "/"),
        (b"NaN", "/"),
        (b'{"number": "1", "number": "2"}', "/number"),
        (b'{"number": "\\ud800"}', "/number"),
        (b'{"\\ud800": 1}', "/"),
        (b'{"number": "a\\u0000"}', "/number"),
        (b'{"amount": 1e400}', "/amount"),
        (b'{"amount": ' + b"9" * 6000 + b"}", "/amount"),
        (b'{"revision": 1.0}', "/revision"),
        (b'{"revision": true}', "/revision"),
        (b"[" * 100_000, "/"),
        (b'{"lines":' * 30 + b"1" + b"}" * 30, "/"),
        (b"\xef\xbb\xbf{}", None),
        ('{"department": "内科"}'.encode("gbk"), None),
        (b"\xff\xfe{\x00}\x00", None),
    ],
)
@pytest.mark.parametrize("path", ["/prescriptions", "/checks", f"/prescriptions/{ID}/moves", "/duty"])
def test_a_body_out_of_shape_is_refused_with_a_pointer(world, path, body, pointer):
    told = problem(world.call("his", "POST", path, body), 400)
    assert told["code"] == "bad-request"
    found = [each["pointer"] for each in told["errors"]]
    if path == "/prescriptions" and pointer is not None:
        assert pointer in found, found


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/json-patch+json", ""])
def test_another_media_type_is_refused_with_what_is_read(world, kind):
    answer = world.call("his", "POST", "/prescriptions", world.sheet(), headers={"Content-Type": kind})
    assert problem(answer, 415)["accepts"] == ["application/json"]
    form = world.http.post("/v1/token", json={"grant_type": "client_credentials"})
    assert problem(form, 415)["accepts"] == ["application/x-www-form-urlencoded"]


@pytest.mark.parametrize(
    "form",
    [
        "grant_type=client_credentials&client_id=a&client_id=b&client_secret=c",
        "grant_type=client_credentials&client_id=%00&client_secret=c",
        "grant_type=client_credentials&client_id=%ff&client_secret=c",
        "grant_type=client_credentials&client_id=a",
        "grant_type=client_credentials&client_id=a&client_secret=b&scope=c",
        "é=1",
        "",
    ],
)
def test_a_form_out_of_shape_is_refused(world, form):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert problem(world.http.post("/v1/token", content=form.encode(), headers=headers), 400)["code"] == "bad-request"


def test_another_grant_than_the_one_offered_is_named_so(world):
    assert problem(world.http.post("/v1/token", data={"grant_type": "password"}), 400)["code"] == "bad-grant"


def test_a_body_where_none_is_expected_is_left_aside(world):
    for body in (b"{", b"\x00" * 1000):
        assert world.call("his", "GET", "/prescriptions", body).status_code == 200


def test_what_keeps_the_schema_and_contradicts_itself_is_no_bad_request(world):
    for changes in (
        {"patient": {"sex": "male", "pregnancy": "pregnant"}},
        {"lines": [{"line": 1}]},
        {"reasons": [{"for": "quantity", "text": "外出", "lines": [9]}]},
    ):
        told = world.refused("contradiction", "his", "POST", "/prescriptions", world.sheet(**changes))
        assert told["status"] == 422
        assert told["errors"]


@pytest.fixture
def port(world):
    """The county behind a socket, as it is served."""
    app = create_app(world.service, requests_per_second=0)
    app.state.service = world.service
    settings = uvicorn.Config(app, http=limited_protocol(32 * 1024, 5), lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(settings)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def exchange(port, head, body=b""):
    """The status and the rest of the first answer to raw bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head + b"\r\n\r\n" + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("length", [b"-1", b"abc", b"1, 2", b"9" * 40, b"9" * 5000])
def test_a_length_that_is_none_is_refused_before_anything_is_read(world, port, length):
    head = b"POST /v1/prescriptions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + length
    assert exchange(port, head)[0] in (400, 401)


def test_a_body_in_chunks_is_read_and_its_bound_holds(world, port):
    head = (
        b"POST /v1/checks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer " + world.secrets["his"].encode()
    )

    def chunks(data, size=7000):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    status, body = exchange(port, head, chunks(json.dumps(world.sheet()).encode()))
    assert status == 200, body
    assert exchange(port, head, chunks(b" " * (256 * 1024) + b"{}"))[0] == 413
    assert exchange(port, head, b"zz\r\nx\r\n0\r\n\r\n")[0] == 400
