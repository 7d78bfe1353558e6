"""Rules that count and do not stop: a member that only observes, paused rules, findings settled for a patient."""

import pytest
from tests.api import sheets
from tests.api.sheets import because, dispensed, finding, line_of, reviewed, rules_of, supplied
from tests.api.world import TOWNSHIP


def observe(world, *names):
    entry = world.ok("administrator", "GET", f"/members/{TOWNSHIP}")
    document = {**entry["document"], "observes": list(names)}
    return world.ok("administrator", "PUT", f"/members/{TOWNSHIP}", document, headers=tag(entry))


def tag(entry):
    return {"If-Match": f'"{entry["version"]}"'}


@pytest.mark.parametrize("make", [sheets.too_long, sheets.positive_test, lambda world: world.sheet()])
def test_a_member_that_only_observes_is_answered_and_never_stopped(world, make):
    observe(world, "*")
    told = world.submit(make(world))
    assert (told["state"], told["action"], told["observed"]) == ("approved", "proceed", True)
    assert told["approved"]["how"] == "observed"
    assert {each["why"] for each in told["review"]["silenced"]} <= {"observed"}
    gate = world.ok("till", "GET", f"/release?institution={TOWNSHIP}&number={told['number']}")
    assert (gate["release"], gate["reviewed"]) == (True, False)
    assert supplied(world, told)["state"] == "supplied"


def test_what_was_observed_says_what_it_would_have_been(world):
    observe(world, "*")
    told = world.submit(sheets.positive_test(world))
    assert (told["review"]["verdict"], told["binding"]) == ("block", "pass")


@pytest.mark.parametrize("name", ["quantity", "RX-QTY-001", "law"])
def test_one_topic_rule_or_family_is_observed_and_the_rest_stops(world, name):
    observe(world, name)
    told = world.submit(sheets.too_long(world))
    assert (told["state"], told["review"]["verdict"]) == ("waiting", "return")
    assert {"key": finding(told, "RX-QTY-001")["key"], "why": "observed"} in told["review"]["silenced"]
    if name != "law":
        assert world.submit(sheets.positive_test(world))["state"] == "blocked"
    world.on_duty()
    assert supplied(world, reviewed(world, told))["state"] == "supplied"


def test_from_the_day_it_goes_live_rules_stop(world):
    observe(world, "*")
    observe(world)
    assert world.submit(sheets.too_long(world))["state"] == "returned"


def test_what_went_live_between_till_and_window_is_reviewed_at_the_window(world):
    observe(world, "*")
    sheet = world.sheet()
    charged = world.move("till", world.submit(sheet), "charge", by="C001")
    observe(world)
    world.submit({**world.sheet(), "patient": sheet["patient"]})
    world.not_moved("not-fit-for-supply", "till", charged, "supply", by="P001", dispensed=dispensed())


def test_nobody_observes_a_rule_that_does_not_exist(world):
    entry = world.ok("administrator", "GET", f"/members/{TOWNSHIP}")
    document = {**entry["document"], "observes": ["quantity", "RX-QTY-999"]}
    problem = world.refused(
        "unknown-rule", "administrator", "PUT", f"/members/{TOWNSHIP}", document, headers=tag(entry)
    )
    assert [each["pointer"] for each in problem["errors"]] == ["/observes/1"]


def pause(world, target="RX-QTY-001", days=1, who="lead"):
    until = world.now.replace(day=world.now.day + days).isoformat()
    return world.ok(who, "POST", "/pauses", {"target": target, "until": until, "reason": "误报，待修订"})


def test_a_paused_rule_counts_and_does_not_speak_until_the_pause_ends_by_itself(world):
    pause(world)
    told = world.submit(sheets.too_long(world))
    assert (told["state"], told["review"]["verdict"], told["binding"]) == ("waiting", "return", "pass")
    assert told["review"]["silenced"][0]["why"] == "paused"
    assert [each["target"] for each in world.ok("auditor", "GET", "/pauses")["items"]] == ["RX-QTY-001"]
    world.wait(days=1)
    assert world.ok("auditor", "GET", "/pauses")["items"] == []
    assert world.submit(sheets.too_long(world))["state"] == "returned"


def test_a_pause_is_ended_early_and_not_twice(world):
    made = pause(world, "quantity", 5)
    assert world.submit(sheets.too_long(world))["state"] == "waiting"
    world.ok("chief", "DELETE", f"/pauses/{made['id']}")
    assert world.submit(sheets.too_long(world))["state"] == "returned"
    world.refused("not-found", "chief", "DELETE", f"/pauses/{made['id']}")


def test_a_pause_is_a_leads_for_a_limited_time_and_of_a_rule_that_exists(world):
    body = {"target": "RX-QTY-001", "until": world.now.replace(day=9).isoformat(), "reason": "误报"}
    world.refused("forbidden", "pharmacist", "POST", "/pauses", body)
    world.refused("unknown-rule", "lead", "POST", "/pauses", {**body, "target": "RX-QTY-999"})
    world.refused("unknown-rule", "lead", "POST", "/pauses", {**body, "target": "*"})
    world.refused("contradiction", "lead", "POST", "/pauses", {**body, "until": "2026-12-03T09:00:00+08:00"})
    world.refused("contradiction", "lead", "POST", "/pauses", {**body, "until": world.now.isoformat()})
    world.refused("forbidden", "auditor", "DELETE", "/pauses/1")


def two_sheets_of_one(world, **changes):
    """A patient with two sheets of the same drug on one day: the second is held."""
    first = world.sheet()
    world.submit(first)
    sheet = {**world.sheet(), "patient": first["patient"]}
    return {**sheet, "lines": line_of(sheet, **changes)}


def test_what_a_pharmacist_settled_is_not_asked_again_until_the_days_are_over(world):
    world.on_duty()
    sheet = two_sheets_of_one(world)
    told = world.submit(sheet)
    key = finding(told, "RX-DUP-004")["key"]
    approved = reviewed(world, told, settle=[key], reason=because("other", "分次调配"), settle_days=365)
    assert approved["state"] == "approved"
    third = {**world.sheet(), "patient": sheet["patient"]}
    again = world.submit(third)
    assert {"key": key, "why": "settled"} in again["review"]["silenced"]
    assert again["binding"] != "hold"
    world.wait(days=91)
    assert "settled" not in [each["why"] for each in submit_twice(world, sheet["patient"])["review"]["silenced"]]


def submit_twice(world, patient):
    world.submit({**world.sheet(), "patient": patient})
    return world.submit({**world.sheet(), "patient": patient})


def test_a_settled_finding_comes_back_when_a_fact_crosses_a_bound(world):
    sheet = sheets.too_long(world)
    signed = world.move("his", world.submit(sheet), "resign", by="D001", reason=because("needed-clinically"))
    key = finding(signed, "RX-QTY-001")["key"]
    world.ok("pharmacist", "POST", "/dismissals", dismissal(signed, key))
    same = world.submit({**world.sheet(), "patient": sheet["patient"], "lines": line_of(sheet, quantity=4)})
    assert {"key": key, "why": "settled"} in same["review"]["silenced"]
    other = world.submit({**world.sheet(), "patient": sheet["patient"], "lines": line_of(sheet, quantity=10)})
    assert "RX-QTY-001" not in rules_of(other)
    assert "settled" not in [each["why"] for each in other["review"]["silenced"]]
    assert other["state"] == "returned"
    stranger = world.submit(sheets.too_long(world))
    assert (stranger["state"], stranger["review"]["silenced"]) == ("returned", [])


def dismissal(told, key, **more):
    return {"prescription": told["id"], "key": key, "reason": "seen", **more}


def test_a_block_and_an_unsigned_return_are_not_settled(world):
    blocked = world.submit(sheets.positive_test(world))
    world.refused("contradiction", "pharmacist", "POST", "/dismissals",
                  dismissal(blocked, finding(blocked, "RX-SKIN-001")["key"]))  # fmt: skip
    returned = world.submit(sheets.too_long(world))
    key = finding(returned, "RX-QTY-001")["key"]
    problem = world.refused("contradiction", "pharmacist", "POST", "/dismissals", dismissal(returned, key))
    assert problem["errors"][0]["pointer"] == "/key/0"
    signed = world.move("his", returned, "resign", by="D001", reason=because("needed-clinically"))
    kept = world.ok("pharmacist", "POST", "/dismissals", dismissal(signed, key, days=365))
    assert kept["until"].startswith("2027-01-31")
    assert "RX-QTY-001" in rules_of(signed)


def test_only_a_reviewer_settles_what_is_there(world):
    told = world.submit(two_sheets_of_one(world))
    key = finding(told, "RX-DUP-004")["key"]
    world.refused("forbidden", "his", "POST", "/dismissals", dismissal(told, key))
    world.refused("contradiction", "pharmacist", "POST", "/dismissals", dismissal(told, "0" * 16))
    world.refused("not-found", "pharmacist", "POST", "/dismissals", dismissal({"id": "0" * 32}, key))
