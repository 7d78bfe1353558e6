"""`rx bench api`: a county of its own on each database, the service as it is served, and a load on it."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

from rx_review import config
from rx_review.bench import Measure
from rx_review.bench.api import Target, measure_api, worst_p99
from rx_review.bench.postgresql import NoPostgresql, durable_server
from rx_review.cli.bench import show
from rx_review.cli.console import edition, err
from rx_review.county import generate_county, read_regimens
from rx_review.county.generate import County
from rx_review.demo import founding
from rx_review.demo.ground import lay_ground
from rx_review.desk.accounts import grant
from rx_review.desk.centre import Centre
from rx_review.engine.review import reviewer_for
from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.library.edition import Edition

KINDS = ("postgresql", "sqlite")
_SHEETS = 2_000
_READY_SECONDS = 90


def bench_api(as_json: bool, requests: int, seconds: int, only: str | None) -> int:
    """Measure the service and print the measures; 1 if a bar does not hold."""
    if only is not None and only not in KINDS:
        fault = Fault("--only", f"{only!r} is no database", "write sqlite or postgresql", "请写 sqlite 或 postgresql")
        raise InputError(fault)
    loaded, measures = edition(), list[Measure]()
    for kind in KINDS if only is None else (only,):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rx-review-bench-")))
            try:
                url = stack.enter_context(durable_server()) if kind == "postgresql" else None
            except NoPostgresql as reason:
                err().print(f"PostgreSQL: {reason}", style="yellow", markup=False)
                measures.append(Measure(f"api sustained, {kind}", float("nan"), "/s", 150.0, at_most=False))
                continue
            err().print(f"{kind} …", markup=False)
            target = stack.enter_context(_served(loaded, folder, url))
            measures += measure_api(kind, target, _bodies(loaded), requests, seconds)
    measures.append(worst_p99(measures))
    return show(measures, as_json)


@contextmanager
def _served(loaded: Edition, folder: Path, url: str | None) -> Iterator[Target]:
    """A county with everything on, served by processes of its own."""
    now = config.now()
    ground = lay_ground(folder, url)
    try:
        logins = founding.found_county(ground, now.date())
        cache = config.cache_dir()
        rules, formulary = config.rules_dir(), config.formulary_dir()
        founding.publish_edition(ground.database, folder, rules, formulary, loaded.digest, now.date(), cache)
        centre, cast = Centre(ground.database, ground.vault, reviewer_for(loaded)), founding.cast_of(logins)
        drawn_from = County(loaded.formulary, read_regimens(cache=cache)).members
        members = [member for tier in drawn_from.values() for member in tier]
        founding.fill_registers(centre, cast, members, loaded.formulary, now.date())
        founding.plan_days(centre, cast, [(now + timedelta(days=day)).date() for day in (0, 1)], now)
        secret = next(login.secret for login in logins if login.name == "his")
        token = grant(ground.database, "his", secret, now)
        address = str(ground.database.url.render_as_string(hide_password=False))
    finally:
        ground.database.close()
    with _process(folder, address) as (port, processes):
        yield Target("127.0.0.1", port, token, processes)


@contextmanager
def _process(folder: Path, url: str) -> Iterator[tuple[int, Callable[[], Sequence[int]]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    surroundings = config.surroundings(
        RX_DATABASE_URL=url, RX_KEYS_DIR=str(folder / "keys"), RX_REQUESTS_PER_SECOND="1000000"
    )
    with (folder / "service.log").open("wb") as log:
        command = [sys.executable, "-m", "rx_review", "serve", "--port", str(port), "--no-access-log"]
        service = subprocess.Popen(command, env=surroundings, stdin=subprocess.DEVNULL, stderr=log, stdout=log)
    try:
        _wait_until_ready(service, port, folder / "service.log")
        yield port, lambda: _family(service.pid)
    finally:
        service.terminate()
        service.wait(timeout=60)


def _wait_until_ready(service: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until and service.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    said = log.read_text(errors="replace")[-600:]
    raise EnvironmentFault(Fault("serve", f"the service does not come up: {said}", "see its log", "服务未能启动"))


def _family(process: int) -> list[int]:
    """A process and those that it started."""
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _family(int(child))
    return found


def _bodies(loaded: Edition) -> Iterator[bytes]:
    """Prescriptions of the generated county without end: each with a number of its own, some patients come again."""
    now: datetime = config.now()
    made = generate_county(
        loaded.formulary, read_regimens(cache=config.cache_dir()), seed=1, first=now.date(), days=1,
        per_day=_SHEETS, gaps=True, faults=False,
    )  # fmt: skip
    templates = []
    for one in islice(made, _SHEETS):
        sheet = one.sound.prescription
        patient = sheet.patient.model_copy(update={"id": "PATIENT", "name": "王某某"})
        changed = sheet.model_copy(update={"number": "NUMBER", "revision": 1, "issued_at": now, "patient": patient})
        templates.append(changed.model_dump_json(by_alias=True, exclude_none=True))
    for order, template in enumerate(cycle(templates)):
        # Every third sheet is of a patient who was here before.
        patient_number = f"PT{order - order % 3:08d}"
        yield template.replace('"NUMBER"', f'"B{order:08d}"', 1).replace('"PATIENT"', f'"{patient_number}"', 1).encode()
