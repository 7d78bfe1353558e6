"""Many at once, and what breaks in the middle: one wins, nothing is half done, and nobody is told more than is kept."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, text
from starlette.testclient import TestClient
from tests.api.running import Running
from tests.api.world import BEGAN, TOWNSHIP, World, found, make_service, make_world
from tests.postgresql import NoPostgresql, end, find_server, run

from rx_review import config
from rx_review.api.app import create_app
from rx_review.audit import read_public_key
from rx_review.audit.checking import check_stored
from rx_review.domain.problems import PROBLEMS
from rx_review.store import audit, patients, prescriptions, reviews
from rx_review.store.database import WAIT_SECONDS, Database
from rx_review.store.schema import upgrade

MANY = 8
WHY = {"code": "other", "text": "见病历"}
DISPENSED = {"dispenser": "P001", "checker": "P002"}


def at_once(*works):
    """What each piece of work returns; all begin at the same moment."""
    gate = threading.Barrier(len(works))

    def one(work):
        gate.wait(20)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(one, works))


def moving(world, who, told, move, **more):
    """A move, to be made later."""
    body = {"move": move, "revision": told["revision"], **more}
    return lambda: world.call(who, "POST", f"/prescriptions/{told['id']}/moves", body)


def in_the_catalogue(answer):
    """The problem of an answer that is none of ours to be ashamed of; None for a success."""
    if answer.is_success:
        return None
    problem = answer.json()
    assert problem["status"] == PROBLEMS[problem["code"]].status == answer.status_code != 500, answer.text
    return problem


def outcome(answers):
    """Successes first, then the codes of the refusals in order."""
    problems = [in_the_catalogue(answer) for answer in answers]
    won = [answer.json() for answer, problem in zip(answers, problems, strict=True) if problem is None]
    return won, sorted(problem["code"] for problem in problems if problem is not None)


def rows(world, query):
    with world.service.database.read() as connection:
        return connection.execute(text(query)).all()


def stands(world, told):
    return world.ok("his", "GET", f"/prescriptions/{told['id']}")


def whole(world):
    """The audit holds, and tells of every review and state that is stored."""
    world.service.sealer.seal(world.now)
    checked = check_stored(world.service.database, [read_public_key(world.service.keys / "audit.pub.pem")])
    assert checked.faults == ()
    return checked


def approved(world):
    """A sheet that a pharmacist approved."""
    told = world.submit(world.sheet())
    taken = world.move("lead", told, "take")
    return world.move("lead", taken, "approve", fence=taken["fence"])


def charged(world):
    return world.move("till", approved(world), "charge", by="C001")


def is_double(answer):
    """Whether the review found the same medicine on another sheet, or on this one."""
    return any(each["rule"].startswith("RX-DUP") for each in answer.json()["review"]["findings"])


def revision(sheet, number, **changes):
    """The next revision of a sheet."""
    signature = {**sheet["signatures"][0], "revision": number}
    return {**sheet, "revision": number, "signatures": [signature], **changes}


# --- threads against one service ----------------------------------------------------------------


def test_of_many_who_take_a_sheet_one_holds_it(world):
    for who in ("pharmacist", "second"):
        world.on_duty(who)
    for _ in range(3):
        told = world.submit(world.sheet())
        people = ["pharmacist", "second", "lead", "chief"] * 2
        won, lost = outcome(at_once(*(moving(world, who, told, "take") for who in people)))
        assert lost == ["taken-by-other"] * 7
        assert [(each["state"], each["fence"], each["version"]) for each in won] == [("taken", 1, 2)]
        assert stands(world, told)["holder"] == won[0]["holder"]
    whole(world)


def test_a_sheet_that_comes_many_times_at_once_is_one_prescription(world):
    for key in (None, "k-1"):
        sheet = world.sheet()
        headers = {"Idempotency-Key": key} if key else {}
        answers = at_once(*[partial(world.call, "his", "POST", "/prescriptions", sheet, headers=headers)] * MANY)
        assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(rows(world, "SELECT id FROM prescription")) == 2
    assert len(rows(world, "SELECT id FROM patient")) == 2
    assert whole(world).reviews == 2


def test_sheets_of_a_new_patient_at_once_find_each_other(world):
    sheets = [world.sheet() for _ in range(6)]
    for sheet in sheets:
        sheet["patient"] |= {"id": "PT-TOGETHER", "identity_number": "110101197003127651"}
    answers = at_once(*(lambda sheet=sheet: world.call("his", "POST", "/prescriptions", sheet) for sheet in sheets))
    assert outcome(answers)[1] == []
    assert len(rows(world, "SELECT id FROM patient")) == 1
    assert len(rows(world, "SELECT blind_index FROM patient_key")) == 2
    with world.service.database.read() as connection:
        seen = [
            len(json.loads(reviews.unpacked(each.circumstances))["visit"].get("sheets", ()))
            for each in reviews.between(connection, None, None)
        ]
    assert seen == [0, 1, 2, 3, 4, 5]
    doubles = [is_double(answer) for answer in answers]
    assert sorted(doubles) == [False] + [True] * 5


def test_of_two_revisions_at_once_one_is_kept(world):
    sheet = world.sheet()
    told = world.submit(sheet)
    texts = [revision(sheet, 2, department=f"科室{each}") for each in range(MANY)]
    answers = at_once(*(lambda each=each: world.call("his", "POST", "/prescriptions", each) for each in texts))
    won, lost = outcome(answers)
    assert [each["version"] for each in won] == [2]
    assert lost == ["same-revision-other-content"] * 7
    assert len(rows(world, "SELECT id FROM review")) == 2
    assert stands(world, told)["review"] == won[0]["review"]


@pytest.mark.parametrize(
    ("before", "one", "other", "ends"),
    [
        (approved, ("till", "charge", {"by": "C001"}), ("his", "cancel", {"by": "D001", "reason": WHY}), 2),
        (charged, ("till", "refund", {"by": "C001", "reason": WHY}),
         ("till", "supply", {"by": "P001", "dispensed": DISPENSED}), 2),
    ],
    ids=["charge or cancel", "refund or supply"],
)  # fmt: skip
def test_of_two_moves_that_exclude_each_other_one_is_made(world, before, one, other, ends):
    for _ in range(4):
        told = before(world)
        answers = at_once(*(moving(world, who, told, move, **more) for who, move, more in (one, other) * ends))
        won, lost = outcome(answers)
        assert len(won) == 1
        assert lost == ["move-not-allowed"] * 3
        now = stands(world, told)
        assert (now["state"], now["version"]) == (won[0]["state"], told["version"] + 1)
    whole(world)


def test_what_is_approved_while_it_is_revised_is_never_other_content(world):
    for turn in range(6):
        sheet = world.sheet()
        taken = world.move("lead", world.submit(sheet), "take")
        changed = revision(sheet, 2, diagnoses=[{"text": "急性支气管炎", "code": "J20.9"}, {"text": f"咳嗽{turn}"}])
        answers = at_once(
            moving(world, "lead", taken, "approve", fence=taken["fence"]),
            lambda changed=changed: world.call("his", "POST", "/prescriptions", changed),
        )
        won, lost = outcome(answers)
        assert set(lost) <= {"move-not-allowed", "stale-revision"}
        assert answers[1].status_code == 201
        now = stands(world, taken)
        assert (now["revision"], now["state"], now["approved"]) == (2, "waiting", None)
        assert len(won) in (1, 2)
        assert not world.ok("till", "GET", f"/release?institution={TOWNSHIP}&number={sheet['number']}")["release"]
    whole(world)


def test_timers_of_several_processes_pass_each_sheet_on_once(world):
    for _ in range(10):
        world.submit(world.sheet())
    taken = world.move("lead", world.submit(world.sheet()), "take")
    world.wait(minutes=16)
    at_once(*[world.service.tick] * MANY)
    with world.service.database.read() as connection:
        for (identifier,) in rows(world, "SELECT id FROM prescription"):
            told = [each.action for each in audit.of_prescription(connection, identifier)]
            assert told[1:] == (["take", "lapse"] if identifier == taken["id"] else ["escalate"])
    whole(world)


def storm(calls, world, seconds):
    """Four people and four systems ask for everything at once for a while; the codes that came."""
    sheets = [world.sheet() for _ in range(3)]
    told = [world.submit(sheet) for sheet in sheets]
    until = time.monotonic() + seconds

    def one(number):
        call, codes, turn = calls[number % len(calls)], [], number
        while time.monotonic() < until:
            turn += 1
            place = turn % len(told)
            moves = (
                ("lead", "take", {}), ("his", "revise", {}), ("lead", "approve", {"fence": turn // 7 % 5}),
                ("his", "cancel", {"by": "D001", "reason": WHY}) if turn % 50 == 0 else ("pharmacist", "take", {}),
                ("till", "charge", {"by": "C001"}), ("till", "refund", {"by": "C001", "reason": WHY}),
                ("lead", "release", {"reason": WHY}), ("lead", "put_back", {"fence": turn // 5 % 5}),
            )  # fmt: skip
            who, move, more = moves[(turn * 5 + number) % len(moves)]
            now = call("his", "GET", f"/prescriptions/{told[place]['id']}").json()
            if move == "revise":
                changed = revision(sheets[place], now["revision"] + 1, department=f"科室{turn}")
                answer = call("his", "POST", "/prescriptions", changed)
            else:
                body = {"move": move, "revision": now["revision"], **more}
                answer = call(who, "POST", f"/prescriptions/{now['id']}/moves", body)
            problem = in_the_catalogue(answer)
            codes.append("" if problem is None else problem["code"])
        return codes

    answers = at_once(*(lambda number=number: one(number) for number in range(MANY)))
    codes = [code for found_ in answers for code in found_]
    assert len(codes) > 20
    assert codes.count("") > 5
    assert "busy" not in codes
    for each in told:
        now = stands(world, each)
        with world.service.database.read() as connection:
            stored = prescriptions.by_id(connection, now["id"])
            assert len(audit.of_prescription(connection, now["id"])) == stored.version
        assert stored.approved_content in (None, stored.content)
    whole(world)
    return codes


def test_a_storm_ends_in_successes_and_refusals_of_the_catalogue(world):
    world.on_duty()
    storm([world.call], world, 3)


def test_two_that_lock_each_other_both_come_through(new_database):
    database = Database(new_database("postgresql"))
    try:
        with database.write() as connection:
            for name in ("a", "b"):
                patients.make(connection, name, b"key", BEGAN)
        met, tries = threading.Barrier(2), []

        def work(first, second):
            def both(connection):
                tries.append(first)
                patients.lock(connection, first)
                if tries.count(first) == 1:
                    met.wait(20)
                patients.lock(connection, second)
                return first + second

            return lambda: database.transact(both)

        assert at_once(work("a", "b"), work("b", "a")) == ["ab", "ba"]
        assert len(tries) > 2
    finally:
        database.close()


def test_who_waits_for_a_patient_for_too_long_is_told_busy(world):
    """Somebody's transaction that hangs must not hold up everybody at the counter."""
    sheet = world.sheet()
    told = world.submit(sheet)
    world.service.database.engine.pool.dispose()
    other = Database(world.service.url)
    try:
        with other.write() as connection:
            (patient,) = connection.execute(text("SELECT patient_id FROM prescription")).scalars()
            patients.lock(connection, patient)
            began = time.monotonic()
            answers = at_once(
                moving(world, "lead", told, "take"),
                lambda: world.call("his", "POST", "/prescriptions", revision(sheet, 2)),
            )
            assert [in_the_catalogue(answer)["code"] for answer in answers] == ["busy"] * 2
            # PostgreSQL lets the second wait for its turn to wait.
            assert time.monotonic() - began < 2 * WAIT_SECONDS + 2
    finally:
        other.close()
    assert world.move("lead", told, "take")["state"] == "taken"


# --- what breaks --------------------------------------------------------------------------------


def counted(world):
    tables = ("prescription", "review", "audit", "patient", "patient_key", "identity", "idempotency", "supply")
    return {table: rows(world, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


@contextmanager
def every_connection(world, *pragmas):
    """A setting of SQLite on each connection that the service takes."""

    def taken(connection, *_):
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(world.service.database.engine, "checkout", taken)
    try:
        yield
    finally:
        event.remove(world.service.database.engine, "checkout", taken)
        # Connections that were told so are done with.
        world.service.database.engine.dispose()


@pytest.fixture
def sqlite_world(new_database, tmp_path, shipped):
    reviewer, archive = shipped
    made = make_world(new_database("sqlite"), tmp_path, reviewer, archive)
    with made.http:
        made.secrets = found(made.service, reviewer, archive, made.clock)
        yield made


def test_a_database_that_may_not_be_written_is_said_and_left_as_it_was(sqlite_world):
    world = sqlite_world
    told, before = charged(world), counted(world)
    with every_connection(world, "query_only=ON"):
        for answer in (
            world.call("his", "POST", "/prescriptions", world.sheet()),
            moving(world, "till", told, "supply", by="P001", dispensed=DISPENSED)(),
            world.call(
                "lead",
                "POST",
                "/duty",
                {"person": "P001", "from": world.now.isoformat(), "until": world.now.replace(hour=20).isoformat()},
            ),
        ):
            assert in_the_catalogue(answer)["code"] == "busy"
            assert answer.headers["retry-after"] == "1"
        world.service.tick()
        assert stands(world, told)["state"] == "charged"
    assert counted(world) == before
    assert world.move("till", told, "supply", by="P001", dispensed=DISPENSED)["state"] == "supplied"


def test_on_a_full_disk_nothing_is_half_written(sqlite_world):
    world = sqlite_world
    world.submit(world.sheet())
    (pages,) = rows(world, "PRAGMA page_count")[0]
    stopped = 0
    for room in range(12):
        before = counted(world)
        # A few pages more each time: it is full at another table each time.
        with every_connection(world, f"max_page_count={pages + room}"):
            answer = world.call("his", "POST", "/prescriptions", world.sheet())
        if answer.is_success:
            continue
        stopped += 1
        assert in_the_catalogue(answer)["code"] == "busy"
        assert counted(world) == before
    assert stopped > 2
    world.submit(world.sheet())
    whole(world)


@pytest.fixture
def own_server():
    """A PostgreSQL that nobody else uses; and how to stop and start it."""
    try:
        server = find_server()
    except NoPostgresql as error:
        pytest.skip(str(error))
    if not server.folder:
        pytest.skip("RX_TEST_POSTGRESQL names a server that is not ours to stop")
    data = Path(server.folder) / "data"

    def control(*words):
        run(server.account, Path(server.binaries) / "pg_ctl", "-D", data, "-w", "-l", data.parent / "log", *words)

    control.url, control.data = server.url, data
    try:
        yield control
    finally:
        with suppress(NoPostgresql):
            control("start")
        end(server)


def test_a_postgresql_that_goes_away_is_said_and_comes_back(own_server, tmp_path, shipped):
    reviewer, archive = shipped
    upgrade(own_server.url)
    world = make_world(own_server.url, tmp_path, reviewer, archive)
    with world.http:
        world.secrets = found(world.service, reviewer, archive, world.clock)
        told = world.submit(world.sheet())
        assert at_once(*[lambda: world.http.get("/readyz").status_code] * MANY) == [200] * MANY
        for stopping in ("fast", "immediate"):
            own_server("-m", stopping, "stop")
            began = time.monotonic()
            for answer in at_once(
                moving(world, "lead", told, "take"),
                lambda: world.call("his", "POST", "/prescriptions", world.sheet()),
                lambda: world.call("his", "GET", f"/prescriptions/{told['id']}"),
                *[lambda: world.call("his", "GET", "/prescriptions")] * MANY,
            ):
                assert in_the_catalogue(answer)["code"] == "busy"
            assert time.monotonic() - began < WAIT_SECONDS + 1
            ready = world.http.get("/readyz")
            assert ready.status_code == 503
            assert [each["name"] for each in ready.json()["checks"] if each["fault"]] == ["database"]
            own_server("start")
            answers = at_once(*[lambda: world.call("his", "GET", f"/prescriptions/{told['id']}")] * MANY)
            assert [answer.status_code for answer in answers] == [200] * MANY
            assert world.http.get("/readyz").status_code == 200
        world.move("lead", told, "take")
        whole(world)


# --- processes of their own ---------------------------------------------------------------------

START = """
import json, sys
from rx_review.api.serving import serve
sys.exit(serve("rx_review.api.app:create_app", "127.0.0.1", 0, 1, access_log=False))
"""


class Process(Running):
    """The service itself, over a county that was founded before."""

    def __init__(self, folder, url, keys):
        folder.mkdir()
        self.path = folder / "log"
        told = {"RX_DATABASE_URL": url, "RX_KEYS_DIR": str(keys), "RX_REQUESTS_PER_SECOND": "0"}
        with self.path.open("wb") as log:
            self.parent = subprocess.Popen(
                [sys.executable, "-c", START],
                env={**os.environ, **told},
                stderr=log,
                stdout=log,
                start_new_session=True,
            )

    def call(self, secret, method, path, body=None):
        """A request on a connection of its own: status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/v1{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return Answer(answer.status, json.loads(answer.read()))
        finally:
            connection.close()


class Answer:
    """An answer of a process, with as much of the client library's as is asked here."""

    def __init__(self, status, tree):
        self.status_code, self.is_success, self.text = status, status < 300, str(tree)
        self.json = lambda: tree


@pytest.fixture
def processes(database_url, tmp_path, shipped):
    """A world whose clock is the real one, and a function that starts a service over the same database."""
    reviewer, archive = shipped
    clock, started = [config.now().replace(microsecond=0)], []
    service = make_service(database_url, tmp_path, clock)
    world = World(service, TestClient(create_app(service), raise_server_exceptions=False), clock)

    def start():
        started.append(Process(tmp_path / f"process{len(started)}", database_url, service.keys))
        return started[-1]

    with world.http:
        world.secrets = found(service, reviewer, archive, clock)
        yield world, start
        for each in started:
            each.end()


def test_what_was_answered_is_there_after_the_process_was_killed(processes):
    world, start = processes
    process = start()
    process.wait_for("serving", seconds=100)
    answered, enough = [], threading.Event()

    def submit(number):
        with suppress(OSError, http.client.HTTPException):
            while True:
                with turn:
                    sheet = world.sheet()
                answer = process.call(world.secrets["his"], "POST", "/prescriptions", sheet)
                assert answer.status_code == 201, answer.text
                answered.append(answer.json())
                if len(answered) >= 40:
                    enough.set()

    turn = threading.Lock()
    with ThreadPoolExecutor(6) as threads:
        sending = [threads.submit(submit, number) for number in range(6)]
        assert enough.wait(60)
        process.end()
        for each in sending:
            each.result(30)
    assert len(answered) >= 40
    world.clock[0] = config.now()
    for told in answered:
        now = stands(world, told)
        assert (now["review"], now["version"], now["state"]) == (told["review"], 1, told["state"])
    checked = whole(world)
    # One under way may have been committed and never answered; none is without its review or its entry.
    assert len(answered) <= checked.reviews <= len(answered) + 6
    assert len(rows(world, "SELECT id FROM prescription")) == checked.reviews
    world.submit(world.sheet())


def test_two_processes_over_one_postgresql_are_as_one(new_database, tmp_path, shipped):
    reviewer, archive = shipped
    url, clock = new_database("postgresql"), [config.now().replace(microsecond=0)]
    service = make_service(url, tmp_path, clock)
    world = World(service, TestClient(create_app(service), raise_server_exceptions=False), clock)
    with world.http:
        world.secrets = found(service, reviewer, archive, clock)
        started = [Process(tmp_path / f"process{number}", url, service.keys) for number in range(2)]
        try:
            for each in started:
                each.wait_for("serving", seconds=100)
            calls = [lambda who, *asked, each=each: each.call(world.secrets[who], *asked) for each in started]
            _told_to_both(world, calls)
            storm(calls, world, 4)
            world.clock[0] = config.now()
            whole(world)
        finally:
            for each in started:
                each.end()


def _told_to_both(world, calls):
    """What came to both at once was done once."""
    sheet, patient = world.sheet(), {"id": "PT-BOTH"}
    answers = at_once(*(partial(call, "his", "POST", "/prescriptions", sheet) for call in calls * 4))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    taken = at_once(
        *(
            partial(
                call, who, "POST", f"/prescriptions/{answers[0].json()['id']}/moves", {"move": "take", "revision": 1}
            )
            for call, who in zip(calls * 2, ("lead", "chief", "chief", "lead"), strict=True)
        )
    )
    assert outcome(taken)[1] == ["taken-by-other"] * 3
    sheets = [world.sheet() for _ in range(6)]
    for each in sheets:
        each["patient"] |= patient
    both = zip(calls * 3, sheets, strict=True)
    answers = at_once(*(partial(call, "his", "POST", "/prescriptions", each) for call, each in both))
    assert outcome(answers)[1] == []
    doubles = [is_double(answer) for answer in answers]
    assert sorted(doubles) == [False] + [True] * 5
