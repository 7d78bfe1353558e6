"""Who sees what: members apart, auditors, masked identity, and a history of everything."""

import pytest
from tests.api import sheets
from tests.api.sheets import actions, because, reviewed, supplied


def reads(told):
    here = f"/prescriptions/{told['id']}"
    return [here, f"{here}/history", f"{here}/identity", f"{here}/identity?reason=核对", f"{here}/registration"]


def test_a_system_of_another_member_is_told_that_there_is_nothing(world):
    told = world.submit(world.sheet())
    for path in reads(told):
        world.refused("not-found", "his-other", "GET", path)
    for move in ("cancel", "release", "countersign"):
        world.not_moved("not-found", "his-other", told, move, by="D001", reason=because("other", "试"))
    world.refused("not-found", "his-other", "POST", "/prescriptions", world.sheet())
    world.refused("not-found", "his-other", "GET", "/prescriptions?institution=SAMPLE-T01")
    assert world.ok("his-other", "GET", "/prescriptions")["items"] == []


def test_an_auditor_of_a_member_sees_that_member_and_the_countys_auditor_all(world):
    told = world.submit(world.sheet())
    other = world.submit(world.sheet(institution="SAMPLE-C02"), "his-other")
    assert [each["id"] for each in world.ok("member-auditor", "GET", "/prescriptions")["items"]] == [other["id"]]
    world.refused("not-found", "member-auditor", "GET", f"/prescriptions/{told['id']}/history")
    assert actions(world, other, "member-auditor") == ["submit"]
    assert len(world.ok("auditor", "GET", "/prescriptions")["items"]) == 2


def test_an_auditor_changes_nothing(world):
    told = world.submit(world.sheet())
    world.not_moved("forbidden", "auditor", told, "take")
    world.not_moved("forbidden", "auditor", told, "cancel", reason=because("other", "试"))
    world.refused("forbidden", "auditor", "POST", "/prescriptions", world.sheet())
    world.refused("forbidden", "auditor", "GET", "/queue")


def test_identity_is_masked_and_whole_only_with_a_reason_that_the_history_keeps(world):
    sheet = world.sheet()
    sheet["patient"]["identity_number"] = "41010119700312001X"
    told = world.submit(sheet)
    masked = world.ok("pharmacist", "GET", f"/prescriptions/{told['id']}/identity")
    assert masked["masked"] is True
    assert masked["identity"]["patient_name"] == "王**"
    assert masked["identity"]["patient_identity_number"] == "****001X"
    assert "unmask" not in actions(world, told)
    whole = world.ok("pharmacist", "GET", f"/prescriptions/{told['id']}/identity?reason=电话核对过敏史")
    assert whole["identity"]["patient_name"] == "王小明"
    entry = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["entries"][-1]
    assert (entry["action"], entry["actor"]) == ("unmask", "person:pharmacist")
    assert (entry["body"]["reason"], entry["body"]["person"]) == ("电话核对过敏史", "P001")
    cashier = sheets.let_in(world, "cashier", ["cashier"], "SAMPLE-T01")
    world.refused("forbidden", cashier, "GET", f"/prescriptions/{told['id']}/identity")
    world.refused("bad-request", "pharmacist", "GET", f"/prescriptions/{told['id']}/identity?reason=x")


def test_no_answer_and_no_history_names_the_patient(world):
    sheet = world.sheet()
    sheet["patient"]["identity_number"] = "41010119700312001X"
    world.on_duty()
    told = supplied(world, reviewed(world, world.submit(sheet)))
    for path in (f"/prescriptions/{told['id']}", f"/prescriptions/{told['id']}/history", "/prescriptions"):
        text = world.call("auditor", "GET", path).text
        for secret in ("王小明", "41010119700312001X", sheet["record_number"], sheet["patient"]["id"]):
            assert secret not in text


def test_the_history_shows_every_step_every_review_and_who(world):
    world.on_duty()
    told = world.submit(sheets.too_long(world))
    told = world.move("his", told, "resign", by="D001", reason=because("needed-clinically"))
    told = supplied(world, reviewed(world, told))
    kept = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")
    assert [each["action"] for each in kept["entries"]] == ["submit", "resign", "take", "approve", "charge", "supply"]
    assert [each["cause"] for each in kept["reviews"]] == ["submit", "resign", "supply"]
    resigned, approved = kept["entries"][1]["body"], kept["entries"][3]["body"]
    assert (resigned["person"], resigned["reason"]["code"]) == ("D001", "needed-clinically")
    assert approved["pharmacist"]["person"] == "P001"
    assert "review_trained" in approved["pharmacist"]["document"]
    review = kept["reviews"][0]
    assert review["edition"].startswith("sha256:")
    assert review["circumstances"]["prescriber"]["licence"] == "physician"
    assert len({each["digest"] for each in kept["entries"]}) == 6


def test_the_till_sees_where_it_stands_and_not_the_history(world):
    told = world.submit(world.sheet())
    assert world.ok("till", "GET", f"/prescriptions/{told['id']}")["state"] == "waiting"
    world.refused("forbidden", "till", "GET", f"/prescriptions/{told['id']}/history")


def test_a_list_goes_on_by_cursors_that_only_the_service_makes(world):
    sent = []
    for _ in range(5):
        sent.append(world.submit(world.sheet())["id"])
        world.wait(seconds=1)
    first = world.ok("auditor", "GET", "/prescriptions?limit=2")
    second = world.ok("auditor", "GET", f"/prescriptions?limit=3&cursor={first['next']}")
    assert [each["id"] for each in first["items"] + second["items"]] == sent
    assert second["next"] is None
    for wrong in ("x", "ZZZZ", first["next"][:-4] + "AAAA"):
        world.refused("bad-cursor", "auditor", "GET", f"/prescriptions?cursor={wrong}")
    assert world.ok("auditor", "GET", "/prescriptions?state=approved")["items"] == []


@pytest.mark.parametrize("who", ["pharmacist", "lead"])
def test_a_person_acts_for_nobody_else_and_a_system_names_who_acts(world, who):
    world.on_duty()
    told = world.submit(world.sheet())
    world.not_moved("forbidden", who, told, "take", by="P002")
    world.not_moved("bad-request", "his", told, "cancel", reason=because("patient-declined"))


def test_a_system_of_the_desk_names_a_pharmacist_of_the_register(world):
    desk = sheets.let_in(world, "desk", ["pharmacist"])
    told = world.submit(world.sheet())
    world.not_moved("unknown-staff", desk, told, "take", by="X1")
    world.on_duty()
    assert world.move(desk, told, "take", by="P001")["holder"] == "P001"
