"""A small service of real processes, for the tests: started, asked over loopback, ended whatever happens."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

APPLICATION = """
import asyncio
import os
import time

from fastapi import FastAPI, Request, Response

from rx_review.api import metrics
from rx_review.api.logs import RequestLog


def create():
    app = FastAPI()

    @app.get("/process")
    async def process() -> int:
        return os.getpid()

    @app.get("/slow/{seconds}")
    async def slow(seconds: float) -> int:
        await asyncio.sleep(seconds)
        return os.getpid()

    @app.get("/stuck")
    async def stuck() -> None:
        time.sleep(60)

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @app.get("/client")
    async def client(request: Request) -> str:
        return request.client.host

    @app.get("/metrics")
    async def all_metrics() -> Response:
        return Response(metrics.render(metrics.Standing(unsealed=3)), media_type=metrics.CONTENT_TYPE)

    app.add_middleware(RequestLog, observe=metrics.observe_request)
    return app


def broken():
    raise RuntimeError("patient 王某")
"""

START = """
import json, sys
from pathlib import Path
from rx_review.api.serving import Limits, serve
from rx_review.errors import RxError
options = json.loads(sys.argv[1])
for name in ("certificate", "key"):
    if name in options:
        options[name] = Path(options[name])
if "limits" in options:
    options["limits"] = Limits(**options["limits"])
try:
    sys.exit(serve("small_service:" + options.pop("made_by", "create"), **options))
except RxError as error:
    sys.exit("refused: " + str(error))
"""


class Running:
    """One service: its parent process, its log, its port."""

    def __init__(self, folder: Path, **options):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "small_service.py").write_text(APPLICATION, encoding="utf-8")
        self.path = folder / "log"
        options = {"host": "127.0.0.1", "port": 0, "workers": 2, "grace_seconds": 3, **options}
        with self.path.open("wb") as log:
            self.parent = subprocess.Popen(
                [sys.executable, "-c", START, json.dumps(options)],
                env={**os.environ, "PYTHONPATH": str(folder)},
                stderr=log,
                stdout=log,
                # A group of its own: what a test forgets, `end` finds.
                start_new_session=True,
            )

    def log(self, event=None):
        """The lines of the log, or those of one event."""
        lines = [line for line in self.path.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if event in (None, entry["event"])]

    def wait_for(self, event, count=1, seconds=40):
        """The log's lines of an event, once there are `count`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(json.JSONDecodeError):  # a line is being written
                if len(found := self.log(event)) >= count:
                    return found
            time.sleep(0.05)
        raise AssertionError(f"no {event!r} in:\n{self.path.read_text(encoding='utf-8')}")

    @property
    def url(self):
        return self.wait_for("serving")[0]["url"]

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def get(self, path, **options):
        """The body of an answer; each call makes a connection of its own."""
        with urllib.request.urlopen(self.url + path, timeout=20, **options) as answer:
            return answer.read().decode()

    def processes(self):
        """The worker processes by number, the newest of each."""
        return {entry["worker"]: entry["process"] for entry in self.log("worker ready")}

    def exchange(self, data, seconds=20):
        """All that comes back for raw bytes, until the service closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(data)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return answer

    def end(self):
        """End every process of the service by force."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.parent.pid, signal.SIGKILL)
        self.parent.wait(20)


def is_alive(process):
    """True if the process exists and is no zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone(processes, seconds=15):
    """True once none of the processes is alive."""
    until = time.monotonic() + seconds
    while any(map(is_alive, processes)):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
