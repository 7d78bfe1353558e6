"""The desk: taken with a lease, put back, approved by one or by two, returned, refused; what a machine never passes."""

import pytest
from tests.api import sheets
from tests.api.sheets import because, changed, reviewed


def test_one_takes_it_and_the_other_is_told_who(world):
    world.on_duty()
    world.on_duty("second")
    told = world.submit(world.sheet())
    taken = world.move("pharmacist", told, "take")
    assert (taken["holder"], taken["fence"]) == ("P001", 1)
    problem = world.not_moved("taken-by-other", "second", told, "take")
    assert problem["holder"] == "P001"
    world.not_moved("taken-by-other", "second", taken, "approve", fence=1)


def test_a_fence_of_an_earlier_lease_is_refused(world):
    world.on_duty()
    first = world.move("pharmacist", world.submit(world.sheet()), "take")
    back = world.move("pharmacist", first, "put_back", fence=first["fence"])
    assert (back["state"], back["holder"]) == ("waiting", None)
    second = world.move("pharmacist", back, "take")
    assert second["fence"] == first["fence"] + 1
    assert world.not_moved("lease-lost", "pharmacist", second, "approve", fence=first["fence"])["fence"] == 2
    world.not_moved("lease-lost", "pharmacist", second, "approve")
    assert world.move("pharmacist", second, "approve", fence=second["fence"])["state"] == "approved"


def test_a_lease_that_ran_out_decides_nothing_even_before_the_timer_saw_it(world):
    world.on_duty()
    taken = world.move("pharmacist", world.submit(world.sheet()), "take")
    world.wait(minutes=11)
    world.not_moved("lease-lost", "pharmacist", taken, "approve", fence=taken["fence"])
    world.service.tick()
    told = world.ok("his", "GET", f"/prescriptions/{taken['id']}")
    assert (told["state"], told["holder"]) == ("waiting", None)
    problem = world.not_moved("move-not-allowed", "pharmacist", taken, "approve", fence=taken["fence"])
    assert "take" in problem["allowed"]


def test_a_decision_names_the_revision_that_was_seen(world):
    world.on_duty()
    sheet = world.sheet()
    told = world.submit(sheet)
    world.submit(changed(sheet, diagnoses=[{"text": "急性气管炎", "code": "J04.1"}]))
    assert world.not_moved("stale-revision", "pharmacist", told, "take")["current"] == 2


def test_it_is_returned_with_a_coded_reason(world):
    world.on_duty()
    taken = world.move("pharmacist", world.submit(world.sheet()), "take")
    fence = taken["fence"]
    assert "wrong-dose" in world.not_moved("reason-needed", "pharmacist", taken, "return", fence=fence)["codes"]
    for reason in (because("patient-declined"), because("nonsense"), because("other")):
        world.not_moved("reason-needed", "pharmacist", taken, "return", fence=fence, reason=reason)
    told = world.move("pharmacist", taken, "return", fence=fence, reason=because("other", "请核对诊断"))
    assert (told["state"], told["action"]) == ("returned", "fix")
    assert told["text"] == "药师退回，请修改后重新提交"


def test_a_refusal_ends_it_and_says_that_it_must_be_reported(world):
    world.on_duty()
    told = reviewed(world, world.submit(world.sheet()), move="refuse", reason=because("forged"))
    assert (told["state"], told["action"], told["allowed"]) == ("refused", "refuse", [])
    entry = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["entries"][-1]
    assert entry["body"]["to_report"] is True
    assert entry["body"]["pharmacist"]["person"] == "P001"


@pytest.mark.parametrize("move", ["resign", "revise"])
def test_what_a_pharmacist_returned_goes_back_to_a_pharmacist_and_not_to_the_machine(world, move):
    world.on_duty()
    sheet = world.sheet()
    told = reviewed(world, world.submit(sheet), move="return", reason=because("wrong-indication"))
    world.decided()
    if move == "resign":
        told = world.move("his", told, "resign", by="D001", reason=because("needed-clinically"))
    else:
        told = world.submit(changed(sheet, amount="9.90"))
    assert (told["state"], told["approved"]) == ("waiting", None)
    problem = world.not_moved("not-releasable", "his", told, "release", by="D001", reason=because("no-alternative"))
    assert problem["because"] == ["returned_by_pharmacist"]


def test_nobody_off_duty_without_the_skill_or_for_another_member_takes_it(world):
    told = world.submit(world.sheet())
    world.not_moved("not-on-duty", "pharmacist", told, "take")
    world.on_duty(skills=["herbs"])
    world.on_duty("second", covers=["SAMPLE-C02"])
    assert world.not_moved("lacks-skill", "second", told, "take")["status"] == 409
    world.on_duty("chief", skills=["general"])
    late = world.submit(world.sheet())
    assert world.not_moved("lacks-skill", "pharmacist", late, "take")["skill"] == "general"
    assert world.move("lead", late, "take")["state"] == "taken"


def test_two_pharmacists_sign_where_a_rule_asks_for_it(world):
    sheets.hospital_doctor(world)
    world.on_duty()
    world.on_duty("second")
    his = hospital(world)
    told = world.submit(sheets.two_must_sign(world), his)
    assert "RX-HIGH-006" in sheets.rules_of(told)
    once = reviewed(world, told)
    assert (once["state"], once["approved"]) == ("second", None)
    assert world.not_moved("same-person", "pharmacist", once, "approve")["on_duty"] == ["P002"]
    twice = world.move("second", once, "approve")
    assert (twice["state"], twice["approved"]["by"]) == ("approved", "P001, P002")


@pytest.mark.parametrize("move", ["return", "refuse"])
def test_the_second_may_think_otherwise(world, move):
    sheets.hospital_doctor(world)
    world.on_duty()
    world.on_duty("second")
    once = reviewed(world, world.submit(sheets.two_must_sign(world), hospital(world)))
    assert "second" in [each["state"] for each in world.ok("second", "GET", "/queue?mine=true")["items"]]
    assert world.ok("pharmacist", "GET", "/queue?mine=true")["items"] == []
    told = world.move("second", once, move, reason=because("wrong-dose"))
    assert told["state"] == {"return": "returned", "refuse": "refused"}[move]


def test_who_is_alone_on_duty_signs_twice_and_who_is_not_on_duty_does_not(world):
    sheets.hospital_doctor(world)
    duty = world.on_duty()
    once = reviewed(world, world.submit(sheets.two_must_sign(world), hospital(world)))
    world.not_moved("not-on-duty", "second", once, "approve")
    world.ok("pharmacist", "DELETE", f"/duty/{duty['id']}")
    world.not_moved("not-on-duty", "pharmacist", once, "approve")
    world.on_duty()
    told = world.move("pharmacist", once, "approve")
    assert (told["state"], told["approved"]["by"]) == ("approved", "P001, P001")


def test_no_machine_passes_what_asks_for_two_or_holds_a_controlled_drug(world):
    sheets.hospital_doctor(world)
    world.decided()
    world.on_duty()
    assert world.submit(sheets.two_must_sign(world), hospital(world))["state"] == "waiting"
    told = world.submit(sheets.sedative(world))
    assert told["binding"] in ("pass", "note", "warn"), told["review"]["findings"]
    assert (told["state"], told["queue"]["skill"]) == ("waiting", "controlled")


def test_a_machine_passes_only_what_the_decision_covers(world):
    world.on_duty()
    world.decided(members=["SAMPLE-C02"])
    assert world.submit(world.sheet())["state"] == "waiting"
    assert world.submit(world.sheet(institution="SAMPLE-C02"), "his-other")["binding"] is not None


def test_nobody_on_duty_nothing_passes_by_itself(world):
    world.decided()
    told = world.submit(world.sheet())
    assert (told["state"], told["queue"]["level"], told["queue"]["on_duty"]) == ("waiting", 2, 0)


def test_nobody_reviews_what_they_prescribed(world):
    entry = world.ok("administrator", "GET", "/staff/P001")
    doctor = world.ok("administrator", "GET", "/staff/D001")["document"]["prescriber"]
    both = {**entry["document"], "prescriber": doctor}
    world.ok("administrator", "PUT", "/staff/P001", both, headers={"If-Match": f'"{entry["version"]}"'})
    world.on_duty()
    sheet = world.sheet(prescriber={"id": "P001", "licence": "physician"})
    told = world.submit({**sheet, "signatures": [{**sheet["signatures"][0], "person": "P001"}]})
    world.not_moved("same-person", "pharmacist", told, "take")


def test_who_lost_the_qualification_approves_nothing(world):
    world.on_duty()
    entry = world.ok("administrator", "GET", "/staff/P001")
    junior = {**entry["document"], "pharmacist": {**entry["document"]["pharmacist"], "title": "junior"}}
    told = world.submit(world.sheet())
    world.ok("administrator", "PUT", "/staff/P001", junior, headers={"If-Match": f'"{entry["version"]}"'})
    world.not_moved("lacks-skill", "pharmacist", told, "take")


def test_the_queue_is_by_urgency_and_then_by_age_and_a_lapse_keeps_the_place(world):
    world.on_duty()
    first = world.submit(world.sheet())
    world.wait(minutes=1)
    second = world.submit(world.sheet())
    world.wait(minutes=1)
    urgent = world.submit(world.sheet(setting="emergency", sheet="emergency"))
    order = [urgent["id"], first["id"], second["id"]]
    assert [each["id"] for each in world.ok("lead", "GET", "/queue")["items"]] == order
    taken = world.move("pharmacist", first, "take")
    assert [each["id"] for each in world.ok("lead", "GET", "/queue")["items"]] == [urgent["id"], second["id"]]
    world.wait(minutes=1)
    world.move("pharmacist", taken, "put_back", fence=taken["fence"])
    assert [each["id"] for each in world.ok("lead", "GET", "/queue")["items"]] == order
    world.move("pharmacist", first, "take")
    world.wait(minutes=11)
    world.service.tick()
    assert [each["id"] for each in world.ok("lead", "GET", "/queue")["items"]] == order


def test_my_queue_leaves_out_what_i_may_not_take(world):
    general, controlled = world.submit(world.sheet()), world.submit(sheets.sedative(world))
    world.on_duty(skills=["general"])
    world.on_duty("second", skills=["controlled"])
    late = world.submit(world.sheet()), world.submit(sheets.sedative(world))
    mine = {each["id"] for each in world.ok("pharmacist", "GET", "/queue?mine=true")["items"]}
    assert mine == {general["id"], late[0]["id"]}
    other = {each["id"] for each in world.ok("second", "GET", "/queue?mine=true")["items"]}
    assert {controlled["id"], late[1]["id"]} <= other
    assert late[0]["id"] not in other
    assert world.ok("pharmacist", "GET", "/queue")["waiting"] == 4


def hospital(world):
    """A system of the county hospital."""
    return sheets.let_in(world, "hospital", ["prescriber"], "SAMPLE-C01")
