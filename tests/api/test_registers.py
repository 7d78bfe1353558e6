"""Registers: documents with a version, written by who may; and a claim on a sheet is no evidence."""

import pytest
from tests.api import sheets
from tests.api.world import TOWNSHIP

DECISION = {"minutes": "2026-4", "decided_on": "2026-03-01", "from": "2026-03-01", "passes": ["pass"]}


def tag(version):
    return {"headers": {"If-Match": f'"{version}"'}}


def doctor(world, **part):
    document = world.ok("administrator", "GET", "/staff/D001")["document"]
    return {**document, "prescriber": {**document["prescriber"], **part}}


def test_an_entry_is_changed_only_by_who_has_read_it(world):
    response = world.call("administrator", "GET", "/staff/D001")
    assert (response.headers["ETag"], response.json()["version"]) == ('"1"', 1)
    body = doctor(world, title="associate_chief")
    assert world.refused("version-needed", "administrator", "PUT", "/staff/D001", body)["version"] == 1
    told = world.ok("administrator", "PUT", "/staff/D001", body, **tag(1))
    assert (told["version"], told["document"]["prescriber"]["title"]) == (2, "associate_chief")
    assert world.refused("version-changed", "administrator", "PUT", "/staff/D001", body, **tag(1))["version"] == 2
    world.refused("bad-request", "administrator", "PUT", "/staff/D001", body, headers={"If-Match": "two"})


def test_a_new_entry_is_created_and_one_that_is_not_there_is_not_matched(world):
    response = world.call("administrator", "PUT", "/staff/D005", doctor(world))
    assert (response.status_code, response.headers["ETag"]) == (201, '"1"')
    world.refused("version-changed", "administrator", "PUT", "/staff/D006", doctor(world), **tag(3))
    world.refused("not-found", "administrator", "GET", "/staff/D006")


def test_an_administrator_of_one_member_writes_only_of_that_member(world):
    mine = doctor(world)
    world.ok("member-administrator", "PUT", "/staff/D005", mine)
    theirs = {**mine, "institution": "SAMPLE-C02"}
    world.refused("not-found", "member-administrator", "PUT", "/staff/D006", theirs)
    world.refused("not-found", "member-administrator", "GET", "/staff/P001")
    world.refused("not-found", "member-administrator", "PUT", "/staff/P001", mine, **tag(1))
    listed = world.ok("member-administrator", "GET", "/staff")["items"]
    assert {each["document"]["institution"] for each in listed} == {TOWNSHIP}
    member = {"name": "城关镇卫生院"}
    world.refused("forbidden", "member-administrator", "PUT", f"/members/{TOWNSHIP}", member, **tag(1))


@pytest.mark.parametrize("who", ["his", "till", "pharmacist", "lead", "auditor"])
def test_others_do_not_write_the_staff_register(world, who):
    world.refused("forbidden", who, "PUT", "/staff/D005", doctor(world))


def test_a_person_belongs_to_a_member_that_takes_part(world):
    world.refused(
        "unknown-member", "administrator", "PUT", "/staff/D005", {**doctor(world), "institution": "SAMPLE-T09"}
    )
    world.refused("contradiction", "administrator", "PUT", "/staff/D005", {"institution": TOWNSHIP, "name": "某"})


def test_only_members_of_the_institutions_list_are_enrolled(world):
    world.refused("unknown-member", "administrator", "PUT", "/members/SAMPLE-X99", {"name": "某"})
    told = world.ok("administrator", "PUT", "/members/SAMPLE-T02", {"name": "东河镇卫生院", "phone": "0371-2"})
    assert told["version"] == 1
    his = sheets.let_in(world, "east", ["prescriber"], "SAMPLE-T02")
    assert world.submit(world.sheet(institution="SAMPLE-T02"), his)["phone"] == "0371-2"
    assert [each["key"] for each in world.ok(his, "GET", "/members")["items"]] == ["SAMPLE-T02"]


def test_who_is_not_enrolled_submits_nothing(world):
    his = sheets.let_in(world, "west", ["prescriber"], "SAMPLE-T03")
    world.refused("unknown-member", his, "POST", "/prescriptions", world.sheet(institution="SAMPLE-T03"))
    world.refused("unknown-member", his, "POST", "/checks", world.sheet(institution="SAMPLE-T03"))


def test_a_decision_of_the_committee_is_recorded_by_the_lead_and_holds_for_its_period(world):
    world.refused("forbidden", "pharmacist", "PUT", "/standing-decisions/PT-4", DECISION)
    world.ok("lead", "PUT", "/standing-decisions/PT-4", {**DECISION, "until": "2026-11-03"})
    world.on_duty()
    assert world.submit(world.sheet())["approved"]["by"].startswith("decision PT-4")
    world.wait(days=1)
    world.on_duty("second")
    assert world.submit(world.sheet())["state"] == "waiting"
    assert [each["key"] for each in world.ok("auditor", "GET", "/standing-decisions")["items"]] == ["PT-4"]


def test_a_decision_may_ask_that_everything_could_be_judged(world):
    world.ok("lead", "PUT", "/standing-decisions/PT-4", {**DECISION, "complete_only": True})
    world.on_duty()
    told = world.submit(world.sheet())
    assert (told["review"]["complete"], told["state"]) == (False, "waiting")


def test_what_the_register_says_wins_over_what_the_sheet_claims(world):
    world.decided()
    world.on_duty()
    body = doctor(world, status="cancelled")
    world.ok("administrator", "PUT", "/staff/D001", body, **tag(1))
    told = world.submit(world.sheet(prescriber={"id": "D001", "licence": "physician", "title": "chief"}))
    assert told["action"] in ("fix", "wait")
    assert any(rule.startswith("RX-LEG") for rule in sheets.rules_of(told))


def test_the_patient_is_registered_by_way_of_a_prescription(world):
    told = world.submit(world.sheet())
    path = f"/prescriptions/{told['id']}/registration"
    world.refused("not-found", "pharmacist", "GET", path)
    world.refused("forbidden", "his", "PUT", path, {"pain_programme": True})
    world.ok("pharmacist", "PUT", path, {"pain_programme": True})
    kept = world.ok("his", "GET", path)
    assert kept["document"]["pain_programme"] is True
    world.refused("not-found", "his-other", "GET", path)
    world.refused("version-needed", "pharmacist", "PUT", path, {"pain_programme": False})


def test_registers_are_read_by_pages(world):
    first = world.ok("administrator", "GET", "/staff?limit=4")
    assert (len(first["items"]), first["next"]) == (4, "L002")
    rest = world.ok("administrator", "GET", f"/staff?limit=4&after={first['next']}")
    assert [each["key"] for each in rest["items"]] == ["P001", "P002"]
    assert rest["next"] is None
