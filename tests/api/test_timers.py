"""What happens by itself: leases run out, sheets are passed on, validity ends at midnight; waiting ends early."""

import threading
import time

import pytest
from tests.api import sheets
from tests.api.sheets import actions, because, reviewed


def stands(world, told):
    return world.ok("lead", "GET", f"/prescriptions/{told['id']}")


def test_a_waiting_sheet_is_passed_on_to_more_people_and_never_through(world):
    world.on_duty()
    told = world.submit(world.sheet())
    world.decided()
    levels = [told["queue"]["level"]]
    for _ in range(5):
        world.wait(minutes=15)
        world.service.tick()
        now = stands(world, told)
        assert (now["state"], now["approved"]) == ("waiting", None)
        levels.append(now["queue"]["level"])
    assert levels == [0, 1, 2, 3, 3, 3]
    assert actions(world, told).count("escalate") == 5


def test_an_urgent_sheet_is_passed_on_sooner(world):
    world.on_duty()
    urgent = world.submit(world.sheet(setting="emergency", sheet="emergency"))
    plain = world.submit(world.sheet())
    world.wait(minutes=5)
    world.service.tick()
    assert (stands(world, urgent)["queue"]["level"], stands(world, plain)["queue"]["level"]) == (1, 0)


def test_a_timer_before_its_time_does_nothing(world):
    world.on_duty()
    told = world.submit(world.sheet())
    world.wait(minutes=14)
    world.service.tick()
    assert stands(world, told)["version"] == told["version"]


def test_passed_on_it_is_for_anybody_on_duty_but_a_controlled_drug_is_not(world):
    world.on_duty("second")
    general, controlled = world.submit(sheets.herbs(world)), world.submit(sheets.sedative(world))
    world.on_duty(skills=["general"])
    world.not_moved("lacks-skill", "pharmacist", general, "take")
    world.wait(minutes=15)
    world.service.tick()
    assert stands(world, controlled)["queue"]["level"] == 1
    assert world.move("pharmacist", general, "take")["state"] == "taken"
    assert world.not_moved("lacks-skill", "pharmacist", controlled, "take")["skill"] == "controlled"
    assert world.move("second", controlled, "take")["state"] == "taken"


def test_a_lease_runs_out_by_itself_and_another_takes_it(world):
    world.on_duty()
    world.on_duty("second")
    told = world.submit(world.sheet())
    taken = world.move("pharmacist", told, "take")
    world.wait(minutes=9)
    world.service.tick()
    assert stands(world, told)["state"] == "taken"
    world.wait(minutes=1)
    world.service.tick()
    assert stands(world, told)["state"] == "waiting"
    assert "lapse" in actions(world, told)
    assert world.move("second", told, "take")["fence"] == 2
    world.not_moved("taken-by-other", "pharmacist", told, "approve", fence=taken["fence"])


@pytest.mark.parametrize("state", ["waiting", "approved", "returned", "blocked", "released", "refunded", "taken"])
def test_the_validity_ends_at_midnight_in_the_county(world, state):
    world.on_duty(until=world.now.replace(hour=23, minute=30).isoformat())
    make = {"returned": sheets.too_long, "blocked": sheets.positive_test}.get(state, lambda world: world.sheet())
    told = world.submit(make(world))
    if state in ("approved", "refunded"):
        told = reviewed(world, told)
    if state == "released":
        told = world.move("his", told, "release", by="D001", reason=because("patient-cannot-wait"))
    if state == "refunded":
        charged = world.move("till", told, "charge", by="C001")
        told = world.move("till", charged, "refund", by="C001", reason=because("patient-declined"))
    world.clock[0] = world.now.replace(hour=23, minute=59)
    if state == "taken":
        told = world.move("lead", told, "take")
    world.service.tick()
    assert stands(world, told)["state"] == state
    assert told["expires_at"] == "2026-11-02T16:00:00Z"
    world.wait(minutes=1)
    world.service.tick()
    if state == "taken":
        assert stands(world, told)["state"] == "taken"
        world.wait(minutes=10)
        world.service.tick()
        world.service.tick()
    after = stands(world, told)
    assert (after["state"], after["action"]) == ("expired", "refuse")


def test_what_is_valid_for_three_days_expires_after_the_third(world):
    world.on_duty()
    told = reviewed(world, world.submit(world.sheet(valid_days=3)))
    world.clock[0] = world.now.replace(day=4, hour=23, minute=59)
    world.service.tick()
    assert stands(world, told)["state"] == "approved"
    world.wait(minutes=1)
    world.service.tick()
    assert stands(world, told)["state"] == "expired"


@pytest.mark.parametrize("state", ["charged", "supplied"])
def test_what_is_paid_or_supplied_does_not_expire(world, state):
    world.on_duty()
    told = world.move("till", reviewed(world, world.submit(world.sheet())), "charge", by="C001")
    if state == "supplied":
        told = world.move("till", told, "supply", by="P001", dispensed=sheets.dispensed())
    world.wait(days=5)
    world.service.tick()
    assert stands(world, told)["state"] == state


def test_a_caller_who_waits_is_told_as_soon_as_somebody_decided(world):
    world.on_duty()
    told = world.submit(world.sheet())
    taken = world.move("pharmacist", told, "take")
    decided = threading.Timer(1.0, world.move, ("pharmacist", taken, "approve"), {"fence": taken["fence"]})
    began = time.monotonic()
    decided.start()
    answer = world.ok("his", "GET", f"/prescriptions/{told['id']}?wait=25")
    lasted = time.monotonic() - began
    decided.join()
    assert (answer["state"], answer["action"]) == ("approved", "proceed")
    assert lasted < 15


def test_a_caller_who_waits_in_vain_is_told_where_it_stands(world):
    told = world.submit(world.sheet())
    answer = world.call("his", "GET", f"/prescriptions/{told['id']}?wait=1")
    assert answer.json()["state"] == "waiting"
    assert answer.headers["Retry-After"] == "5"
    same = world.call("his", "GET", f"/prescriptions/{told['id']}", headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304
