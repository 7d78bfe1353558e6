"""On SQLite a sheet may be reviewed before its turn to write: the review stands unless something came between."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.api.world import found, make_world

from rx_review.desk import submission


@pytest.fixture
def world(new_database, tmp_path, shipped, monkeypatch):
    """A county in which every sheet counts as a long one."""
    monkeypatch.setattr(submission, "FEW_LINES", 0)
    reviewer, archive = shipped
    made = make_world(new_database("sqlite"), tmp_path, reviewer, archive)
    with made.http:
        made.secrets = found(made.service, reviewer, archive, made.clock)
        yield made


@pytest.fixture
def built(world, monkeypatch):
    """Numbers of the sheets whose facts were built, in order."""
    seen, builder = [], world.service.centre.reviewer.facts
    build = type(builder).build

    def noted(self, sheet, circumstances, at):
        seen.append(sheet.number)
        return build(self, sheet, circumstances, at)

    monkeypatch.setattr(type(builder), "build", noted)
    return seen


@pytest.fixture
def between(world, monkeypatch):
    """`between(act)`: let it happen after the next sheet was reviewed and before its turn."""

    def between(act):
        database = world.service.database
        turn = type(database).transact

        def later(self, work):
            monkeypatch.setattr(type(database), "transact", turn)
            act()
            return turn(self, work)

        monkeypatch.setattr(type(database), "transact", later)

    return between


def reviewed(world, told):
    """The newest review that is stored of a prescription, with what the world said."""
    return world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["reviews"][-1]


def visit(world, told):
    return [sheet["number"] for sheet in reviewed(world, told)["circumstances"]["visit"].get("sheets", [])]


def same_patient(world, **changes):
    first = world.sheet()
    return first, {**world.sheet(), "patient": first["patient"], **changes}


def test_where_nothing_comes_between_it_is_reviewed_once(world, built):
    first = world.sheet()
    for days in (0, 1):
        world.wait(days=days)
        sheet = {**world.sheet(), "patient": first["patient"]}
        built.clear()
        assert world.submit(sheet)["binding"] in ("pass", "note", "warn")
        # The ways to pass would build facts too: it needs none.
        assert built == [sheet["number"]]


def test_another_sheet_of_the_patient_that_comes_between_is_seen(world, between):
    first, second = same_patient(world)
    between(lambda: world.submit(second))
    told = world.submit(first)
    assert visit(world, told) == [second["number"]]


def test_the_first_sheet_of_a_patient_may_be_sent_twice_at_once(world, between):
    first, second = same_patient(world)
    between(lambda: world.submit(second))
    told = world.submit(first)
    with world.service.database.read() as connection:
        whose = connection.exec_driver_sql("SELECT number, patient_id FROM prescription").all()
        kept = connection.exec_driver_sql("SELECT prescription_id, patient_id FROM identity").all()
    assert len(whose) == 2
    assert len({patient for _, patient in whose} | {patient for _, patient in kept}) == 1
    shown = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/identity?reason=核对身份")
    assert shown["identity"]["patient_name"] == first["patient"]["name"]


def test_the_same_sheet_that_comes_between_is_answered_again(world, between):
    sheet = world.sheet()
    between(lambda: world.submit(sheet))
    assert world.submit(sheet)["replayed"] is True


def test_a_member_s_rules_that_are_observed_meanwhile_do_not_stop_it(world, between):
    sheet = world.sheet()
    sheet["lines"][0]["quantity"] = 400
    stopped = world.submit({**sheet, "number": "OTHER"})
    assert stopped["binding"] not in ("pass", "note", "warn")

    def observe():
        entry = world.ok("administrator", "GET", f"/members/{sheet['institution']}")
        document = {**entry["document"], "observes": ["*"]}
        world.ok("administrator", "PUT", f"/members/{sheet['institution']}", document,
                 headers={"If-Match": str(entry["version"])})  # fmt: skip

    between(observe)
    told = world.submit(sheet)
    assert told["observed"] is True
    assert told["review"]["silenced"]


def test_it_is_reviewed_ahead_only_where_somebody_would_wait_for_it(world, monkeypatch):
    seen = []
    monkeypatch.setattr(submission, "review_ahead", lambda *asked: seen.append(asked[1].number))
    monkeypatch.setattr(submission, "FEW_LINES", 1)
    alone, beside, long = world.sheet(), world.sheet(), world.sheet()
    (line,) = long["lines"]
    long["lines"] = [line, {**line, "line": 2}]
    world.submit(alone)
    assert seen == []
    world.submit(long)
    assert seen == [long["number"]]
    with ThreadPoolExecutor(1) as other:
        with world.service.database.write():
            waits = other.submit(world.submit, beside)
            while len(seen) < 2:
                time.sleep(0.01)
            assert not waits.done()
        assert waits.result(10)["number"] == beside["number"]
    assert seen == [long["number"], beside["number"]]
