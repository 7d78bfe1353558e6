"""The roster: signed on, planned, signed off; who may, for how long, and what it changes."""

from datetime import timedelta

import pytest
from tests.api import sheets
from tests.api.world import SKILLS


def shift(world, person="P001", hours=8, **more):
    until = (world.now + timedelta(hours=hours)).isoformat()
    return {"person": person, "skills": SKILLS, "from": world.now.isoformat(), "until": until, **more}


def on_duty(world):
    return [each["person"] for each in world.ok("lead", "GET", "/duty")["on_duty"]]


def test_a_pharmacist_signs_on_and_off(world):
    told = world.on_duty()
    assert (told["person"], told["skills"], told["covers"], told["ended_at"]) == ("P001", SKILLS, [], None)
    assert on_duty(world) == ["P001"]
    world.wait(minutes=5)
    assert world.ok("pharmacist", "DELETE", f"/duty/{told['id']}")["ended_at"] == "2026-11-02T01:05:00Z"
    assert on_duty(world) == []
    world.refused("not-found", "pharmacist", "DELETE", "/duty/999")


def test_a_duty_ends_by_itself(world):
    world.on_duty()
    told = world.submit(world.sheet())
    world.wait(hours=8)
    assert on_duty(world) == []
    world.not_moved("not-on-duty", "pharmacist", told, "take")


def test_a_lead_plans_for_others_and_a_pharmacist_does_not(world):
    planned = world.ok("lead", "POST", "/duty", shift(world, "P002", **later(world)))
    assert on_duty(world) == []
    world.wait(hours=12)
    assert on_duty(world) == ["P002"]
    world.refused("forbidden", "pharmacist", "POST", "/duty", shift(world, "P002"))
    world.refused("forbidden", "pharmacist", "POST", "/duty", shift(world, role="lead"))
    world.refused("forbidden", "pharmacist", "DELETE", f"/duty/{planned['id']}")
    world.ok("lead", "DELETE", f"/duty/{planned['id']}")
    assert on_duty(world) == []


def later(world):
    begins = world.now + timedelta(hours=12)
    return {"from": begins.isoformat(), "until": (begins + timedelta(hours=8)).isoformat()}


@pytest.mark.parametrize(("hours", "why"), [(-1, "backwards"), (25, "a day and more")])
def test_nobody_is_on_duty_backwards_or_for_days(world, hours, why):
    world.refused("contradiction", "pharmacist", "POST", "/duty", shift(world, hours=hours))
    assert on_duty(world) == [], why


def test_a_duty_that_is_over_is_not_written_afterwards(world):
    past = {"from": "2026-11-01T08:00:00+08:00", "until": "2026-11-01T16:00:00+08:00"}
    world.refused("contradiction", "lead", "POST", "/duty", shift(world, **past))


def pharmacist(world, code, **part):
    whole = {"title": "pharmacist", "years": 6, "review_trained": True, "narcotic_dispensing": True, **part}
    kept = {name: value for name, value in whole.items() if value is not None}
    world.ok("administrator", "PUT", f"/staff/{code}",
             {"institution": "SAMPLE-C01", "name": "郑某", "pharmacist": kept})  # fmt: skip
    return code


@pytest.mark.parametrize(
    "part",
    [{"title": "junior"}, {"title": "none"}, {"years": 2}, {"review_trained": False}, {"title": None}, {"years": None}],
)
def test_only_who_the_register_shows_to_be_a_reviewer_goes_on_duty(world, part):
    code = pharmacist(world, "P009", **part)
    world.refused("lacks-skill", "lead", "POST", "/duty", shift(world, code))
    world.refused("unknown-staff", "lead", "POST", "/duty", shift(world, "P404"))
    world.refused("unknown-staff", "lead", "POST", "/duty", shift(world, "D001"))


@pytest.mark.parametrize("qualified", [False, None])
def test_narcotics_are_for_who_is_qualified_for_them(world, qualified):
    code = pharmacist(world, "P009", narcotic_dispensing=qualified)
    assert world.refused("lacks-skill", "lead", "POST", "/duty", shift(world, code))["skill"] == "controlled"
    assert world.ok("lead", "POST", "/duty", shift(world, code, skills=["general", "herbs"]))["person"] == code


def test_cover_names_members_that_take_part(world):
    world.refused("unknown-member", "pharmacist", "POST", "/duty", shift(world, covers=["SAMPLE-T09"]))
    told = world.on_duty(covers=["SAMPLE-C02", "SAMPLE-C01"])
    assert told["covers"] == ["SAMPLE-C01", "SAMPLE-C02"]


def test_who_covers_another_member_does_not_stand_for_a_machines_pass_here(world):
    world.decided()
    world.on_duty(covers=["SAMPLE-C02"])
    assert world.submit(world.sheet())["state"] == "waiting"
    world.on_duty("second", covers=["SAMPLE-T01"])
    assert world.submit(world.sheet())["approved"]["by"] == "decision PT-2026-3; on duty P002"


def test_more_people_on_duty_shorten_what_the_doctor_is_told(world):
    world.on_duty()
    for _ in range(3):
        told = world.submit(world.sheet())
        world.wait(seconds=1)
    assert (told["queue"]["ahead"], told["queue"]["expected_seconds"]) == (2, 180)
    assert told["text"].startswith("待药师审核，约 4 分钟")
    world.on_duty("second")
    told = world.submit(world.sheet())
    assert (told["queue"]["on_duty"], told["queue"]["expected_seconds"]) == (2, 120)
    assert told["phone"] == "0371-6000"


def test_the_roster_is_read_for_at_most_a_quarter(world):
    world.on_duty()
    assert len(world.ok("auditor", "GET", "/duty")["items"]) == 1
    world.refused("contradiction", "lead", "GET", "/duty?since=2026-11-02T00:00:00Z&until=2027-03-01T00:00:00Z")
    world.refused("forbidden", "till", "GET", "/duty")


def test_where_nobody_has_the_skill_it_is_passed_on_at_once(world):
    world.on_duty(skills=["general"])
    assert world.submit(sheets.herbs(world))["queue"]["level"] == 1
    assert world.submit(world.sheet())["queue"]["level"] == 0
