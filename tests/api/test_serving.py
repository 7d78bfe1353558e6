"""Workers of real processes: they answer, one may die, all end when told to."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from tests.api.running import Running, gone, is_alive

from rx_review import config
from rx_review.api.ports import claim, worker_socket
from rx_review.cli.serve import fitting_workers
from rx_review.errors import EnvironmentFault

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@pytest.fixture
def start(tmp_path):
    """Starts services, and ends them after the test."""
    started = []

    def start(**options):
        started.append(Running(tmp_path / f"service{len(started)}", **options))
        return started[-1]

    yield start
    for service in started:
        service.end()


def answering(service, calls=40):
    return {int(service.get("/process")) for _ in range(calls)}


def test_two_workers_share_the_requests_and_stop_with_zero(start):
    service = start()
    assert service.wait_for("serving")[0]["workers"] == 2
    workers = set(service.processes().values())
    assert answering(service) == workers
    service.parent.send_signal(signal.SIGTERM)
    assert service.parent.wait(20) == 0
    assert gone(workers)
    assert service.log()[-1]["event"] == "stopped"


def test_a_pipe_that_breaks_ends_neither_the_service_nor_a_worker(start):
    service = start()
    service.wait_for("serving")
    for process in (service.parent.pid, *service.processes().values()):
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
        assert int(status["SigIgn"], 16) >> (signal.SIGPIPE - 1) & 1


def test_when_a_worker_is_killed_the_other_answers_and_a_new_one_comes(start):
    service = start()
    service.wait_for("serving")
    before = service.processes()
    os.kill(before[1], signal.SIGKILL)
    assert gone([before[1]])
    # The last of its threads holds its socket a moment longer: what waited there is reset, and tried again.
    with contextlib.suppress(ConnectionResetError):
        answering(service, 10)
    meanwhile = answering(service, 10)
    # On a busy machine the new one may be there before the tenth.
    assert before[2] in meanwhile
    assert before[1] not in meanwhile
    service.wait_for("worker ready", 3)
    assert service.wait_for("worker ended")[0]["code"] == -signal.SIGKILL
    after = service.processes()
    assert after[1] != before[1]
    assert answering(service) == set(after.values())
    assert "rx_review_worker_restarts_total 1.0" in service.get("/metrics")


def test_a_stop_waits_for_the_answer_under_way(start):
    service = start(workers=1)
    service.wait_for("serving")
    answers = []
    asking = threading.Thread(target=lambda: answers.append(service.get("/slow/1.5")))
    asking.start()
    time.sleep(0.5)
    service.parent.send_signal(signal.SIGINT)
    assert service.parent.wait(20) == 0
    asking.join(20)
    assert answers == [str(service.processes()[1])]


def test_a_stop_does_not_wait_for_longer_than_the_grace(start):
    service = start(workers=1, grace_seconds=1)
    service.wait_for("serving")
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(b"GET /slow/60 HTTP/1.1\r\nhost: a\r\n\r\n")
        time.sleep(0.5)
        began = time.monotonic()
        service.parent.send_signal(signal.SIGTERM)
        assert service.parent.wait(20) == 0
    assert time.monotonic() - began < 6
    assert service.log("request")[0]["status"] == 499


def test_a_stuck_worker_is_ended_by_a_second_signal(start):
    service = start(workers=1)
    service.wait_for("serving")
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(b"GET /stuck HTTP/1.1\r\nhost: a\r\n\r\n")
        time.sleep(0.5)
        service.parent.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert service.parent.poll() is None
        service.parent.send_signal(signal.SIGTERM)
        assert service.parent.wait(5) == 0
    assert service.log("ending by force")
    assert gone(service.processes().values())


def processes_being_made(service):
    """The workers while they start, and the process with which Python tracks its resources."""
    path = Path(f"/proc/{service.parent.pid}/task/{service.parent.pid}/children")
    until = time.monotonic() + 20
    while len(found := path.read_text().split()) < 3:
        assert time.monotonic() < until
        time.sleep(0.01)
    return [int(process) for process in found]


@pytest.mark.parametrize("moment", ["starting", "answering"])
def test_workers_end_when_their_parent_is_killed(start, moment):
    service = start()
    processes = processes_being_made(service)
    if moment == "answering":
        service.wait_for("serving")
    service.parent.kill()
    assert gone(processes)


@pytest.mark.parametrize("moment", ["starting", "answering"])
def test_ctrl_c_reaches_every_process_and_leaves_no_traceback(start, moment):
    service = start()
    processes = processes_being_made(service)
    if moment == "answering":
        service.wait_for("serving")
    os.killpg(service.parent.pid, signal.SIGINT)
    assert service.parent.wait(20) == 0
    assert gone(processes)
    assert "Traceback" not in service.path.read_text(encoding="utf-8")


def test_a_second_service_is_refused_the_port(start):
    first = start(workers=1)
    port = first.port
    second = start(port=port)
    assert second.parent.wait(30) == 1
    text = second.path.read_text(encoding="utf-8")
    assert f"127.0.0.1:{port}: cannot listen there" in text
    assert second.log("worker ready") == []
    assert is_alive(first.parent.pid)


def test_a_port_is_taken_from_the_claim_on_and_free_at_its_end():
    address, kept = claim("127.0.0.1", 0)
    with kept, worker_socket(address), worker_socket(address) as listening:
        with pytest.raises(EnvironmentFault, match="cannot listen there"):
            claim("127.0.0.1", address.port)
        listening.listen()
        with pytest.raises(EnvironmentFault, match="cannot listen there"):
            claim("127.0.0.1", address.port)
        # A connection that the service closes leaves the port waiting for a minute; a restart must not.
        with socket.create_connection(("127.0.0.1", address.port)):
            listening.accept()[0].close()
    again, kept = claim("127.0.0.1", address.port)
    kept.close()
    assert again == address


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(EnvironmentFault, match="cannot listen there"):
        claim("192.0.2.1", 8070)
    with pytest.raises(EnvironmentFault, match="no such address"):
        claim("no such host", 8070)


def test_ipv6_is_served(start):
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close()
        claim("::1", 0)[1].close()
    except (OSError, EnvironmentFault):
        pytest.skip("this machine has no IPv6")
    service = start(workers=1, host="::1")
    assert service.url.startswith("http://[::1]:")
    assert int(service.get("/process")) in service.processes().values()


def test_a_worker_that_cannot_start_ends_the_service_with_a_reason(start):
    service = start(workers=1, made_by="broken")
    assert service.parent.wait(60) == 1
    assert "worker 1: ended 5 times at once, the last time with code 3" in service.path.read_text(encoding="utf-8")
    refusals = service.log("cannot start")
    assert len(refusals) == 5
    assert refusals[0]["error"][0]["type"] == "builtins.RuntimeError"
    assert "王某" not in service.path.read_text(encoding="utf-8")
    pauses = [entry["starts_again_in"] for entry in service.log("worker ended")]
    assert pauses == sorted(pauses)
    assert len(set(pauses)) == 4


def test_a_head_that_is_too_large_is_refused(start):
    service = start(workers=1, limits={"head_bytes": 4096})
    for head in (
        b"x: " + b"a" * 5000,
        b"\r\n".join(b"x%d: a" % number for number in range(1000)),
    ):
        answer = service.exchange(b"GET /process HTTP/1.1\r\nhost: a\r\n" + head + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert answer.count(b"HTTP/1.1") == 1
    assert service.exchange(b"GET /" + b"a" * 5000).startswith(b"HTTP/1.1 431 ")
    small = b"GET /process HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 3000 + b"\r\nconnection: close\r\n\r\n"
    assert service.exchange(small).startswith(b"HTTP/1.1 200 ")


def test_a_request_that_does_not_come_whole_in_time_is_refused(start):
    service = start(workers=1, limits={"receive_seconds": 0.5})
    head = b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n"
    for part in (b"GET /proc", head, head + b"\r\n12345"):
        assert service.exchange(part).startswith(b"HTTP/1.1 408 ")
    assert service.exchange(b"") == b""
    # The limit is on what the caller sends, not on how long the answer takes.
    assert service.get("/slow/1.2") == str(service.processes()[1])


def test_no_answer_names_the_server_software(start):
    service = start(workers=1)
    with urllib.request.urlopen(service.url + "/process", timeout=20) as answer:
        assert "server" not in {name.lower() for name in answer.headers}


@pytest.mark.parametrize(("trusted", "client"), [([], '"127.0.0.1"'), (["127.0.0.1"], '"192.0.2.7"')])
def test_only_a_trusted_proxy_may_say_who_calls(start, trusted, client):
    service = start(workers=1, trusted_proxies=trusted)
    request = urllib.request.Request(service.url + "/client", headers={"X-Forwarded-For": "192.0.2.7"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.read().decode() == client


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=IP:127.0.0.1 -out {paths[0]} -keyout {paths[1]}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return paths


def test_tls_is_served(start, certificate):
    service = start(workers=1, certificate=str(certificate[0]), key=str(certificate[1]))
    assert service.url.startswith("https://")
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    assert int(service.get("/process", context=trust)) in service.processes().values()


def test_a_certificate_without_its_key_is_refused(start, certificate):
    service = start(certificate=str(certificate[0]), key=str(certificate[0]))
    assert service.parent.wait(30) == 1
    assert "cannot be used for TLS" in service.path.read_text(encoding="utf-8")


def test_there_is_a_worker_for_each_core_and_on_sqlite_four_at_most(monkeypatch):
    for cores, on_sqlite in ((1, 1), (2, 2), (64, 4)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert fitting_workers("sqlite:///rx.sqlite3", None) == on_sqlite
        assert fitting_workers("postgresql+psycopg://db/rx", None) == cores
    assert fitting_workers("sqlite:///rx.sqlite3", 7) == 7
    assert fitting_workers("postgresql+psycopg://db/rx", 1) == 1


def test_the_address_of_the_database_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("postgresql+psycopg://db/rx\n", encoding="utf-8")
    monkeypatch.setenv("RX_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert config.database_url() == "postgresql+psycopg://db/rx"
    monkeypatch.setenv("RX_DATABASE_URL", "sqlite:///here.sqlite3")
    assert config.database_url() == "sqlite:///here.sqlite3"
    monkeypatch.delenv("RX_DATABASE_URL")
    monkeypatch.setenv("RX_DATABASE_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(EnvironmentFault, match="let RX_DATABASE_URL_FILE name a text file"):
        config.database_url()
