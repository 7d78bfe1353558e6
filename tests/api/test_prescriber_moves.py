"""The prescriber's side: sign again, countersign, cancel."""

import pytest
from tests.api import sheets
from tests.api.sheets import because, reviewed
from tests.api.world import TOWNSHIP

QUANTITY = [{"for": "quantity", "text": "患者外出务工", "lines": [1], "signed_again": True}]


def test_the_same_prescriber_gives_the_reason_and_signs_again(world):
    world.on_duty()
    told = world.submit(sheets.too_long(world))
    assert (told["state"], told["action"]) == ("returned", "fix")
    assert "RX-QTY-001" in sheets.rules_of(told)
    assert told["text"] == sheets.finding(told, "RX-QTY-001")["message"]["short"]
    problem = world.not_moved("reason-needed", "his", told, "resign", by="D001")
    assert "patient-away" in problem["codes"]
    after = world.move("his", told, "resign", by="D001", reason=because("patient-away"), reasons=QUANTITY)
    assert (after["revision"], after["state"]) == (1, "waiting")
    sheet = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["reviews"][-1]["sheet"]
    assert sheet["reasons"][0]["signed_again"] is True
    assert [each["person"] for each in sheet["signatures"]] == ["D001", "D001"]


def test_a_reason_that_does_not_silence_the_rule_is_for_a_pharmacist_to_judge(world):
    world.decided()
    world.on_duty()
    told = world.submit(sheets.too_long(world))
    after = world.move("his", told, "resign", by="D001", reason=because("other", "家属坚持要求"))
    assert (after["state"], after["binding"]) == ("waiting", "hold")
    assert {"why": "signed again", "key": sheets.finding(told, "RX-QTY-001")["key"]} in after["review"]["silenced"]
    assert reviewed(world, after)["state"] == "approved"


def test_a_reason_that_the_law_accepts_lets_it_through(world):
    world.decided()
    world.on_duty()
    told = world.submit(sheets.too_long(world))
    after = world.move("his", told, "resign", by="D001", reason=because("patient-away"), reasons=QUANTITY)
    assert "RX-QTY-001" not in sheets.rules_of(after)
    assert (after["state"], after["approved"]["how"]) == ("approved", "machine")


def test_another_prescriber_does_not_sign_again_for_the_first(world):
    told = world.submit(sheets.too_long(world))
    world.not_moved("other-prescriber", "his", told, "resign", by="D002", reason=because("patient-away"))
    world.not_moved("bad-request", "his", told, "resign", reason=because("patient-away"))


def test_who_is_not_named_on_the_sheet_does_not_sign_again(world):
    sheet = sheets.too_long(world, prescriber={"licence": "physician"})
    told = world.submit(sheet)
    assert told["state"] == "returned"
    world.not_moved("other-prescriber", "his", told, "resign", by="D001", reason=because("patient-away"))


def test_a_reason_names_lines_that_are_on_the_sheet(world):
    told = world.submit(sheets.too_long(world))
    reasons = [{**QUANTITY[0], "lines": [7]}]
    world.not_moved("contradiction", "his", told, "resign", by="D001", reason=because("patient-away"), reasons=reasons)


def test_a_block_is_not_signed_again(world):
    told = world.submit(sheets.positive_test(world))
    assert (told["state"], told["action"]) == ("blocked", "fix")
    problem = world.not_moved("move-not-allowed", "his", told, "resign", by="D001", reason=because("no-alternative"))
    assert problem["allowed"] == ["cancel", "countersign", "revise"]


def assistants(world):
    sheet = world.sheet(prescriber={"id": "D002", "licence": "assistant"})
    return {**sheet, "signatures": [{**sheet["signatures"][0], "person": "D002"}]}


def test_a_physician_countersigns_for_an_assistant(world):
    world.decided()
    world.on_duty()
    told = world.submit(assistants(world))
    assert "RX-FORM-014" in sheets.rules_of(told)
    assert told["state"] == "returned"
    world.not_moved("not-a-physician", "his", told, "countersign", by="D002")
    world.not_moved("not-a-physician", "his", told, "countersign", by="P001")
    world.not_moved("not-a-physician", "his", told, "countersign", by="D999")
    after = world.move("his", told, "countersign", by="D001")
    assert "RX-FORM-014" not in sheets.rules_of(after)
    assert after["state"] == "approved"


def test_a_claimed_licence_changes_nothing(world):
    claimed = {**assistants(world), "prescriber": {"id": "D002", "licence": "physician", "independent": True}}
    told = world.submit(claimed)
    assert "RX-FORM-014" in sheets.rules_of(told)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled"},
        {"status": "expired"},
        {"trainee": "probation"},
        {"rights": []},
        {"rights": [{"kind": "prescribe", "from": "2020-01-01", "until": "2026-11-02"}]},
        {"registered_at": ["SAMPLE-T09"]},
    ],
)
def test_who_may_not_prescribe_here_does_not_countersign(world, change):
    part = changed_doctor(world, change)
    assert part is not None
    told = world.submit(assistants(world))
    world.not_moved("not-a-physician", "his", told, "countersign", by="D001")


def test_a_physician_posted_to_the_member_countersigns_there(world):
    posting = [{"institution": TOWNSHIP, "from": "2026-10-01"}]
    changed_doctor(world, {"registered_at": ["SAMPLE-C01"], "postings": posting})
    told = world.submit(assistants(world))
    assert world.move("his", told, "countersign", by="D001")["state"] == "waiting"


def test_nobody_countersigns_for_themselves(world):
    told = world.submit(world.sheet())
    world.not_moved("same-person", "his", told, "countersign", by="D001")


def test_a_sheet_that_a_pharmacist_returned_is_not_passed_by_a_countersignature(world):
    world.on_duty()
    told = reviewed(world, world.submit(world.sheet()), move="return", reason=because("wrong-drug"))
    world.decided()
    changed_doctor(world, {}, "D004")
    assert world.move("his", told, "countersign", by="D004")["state"] == "waiting"


def test_it_is_cancelled_with_a_reason_before_it_is_charged(world):
    world.on_duty()
    told = world.submit(world.sheet())
    world.not_moved("reason-needed", "his", told, "cancel", by="D001")
    approved = reviewed(world, told)
    gone = world.move("his", approved, "cancel", by="D001", reason=because("patient-declined"))
    assert (gone["state"], gone["action"], gone["allowed"]) == ("cancelled", "refuse", [])
    charged = world.move("till", reviewed(world, world.submit(world.sheet())), "charge", by="C001")
    world.not_moved("move-not-allowed", "his", charged, "cancel", by="D001", reason=because("patient-declined"))


def test_a_village_with_one_doctor_answers_a_return_alone(world):
    told = world.submit(sheets.too_long(world))
    after = world.move("his", told, "resign", by="D001", reason=because("patient-away"), reasons=QUANTITY)
    assert after["state"] == "waiting"


def changed_doctor(world, change, code="D001"):
    """D001 as the register has him, with changes; under another code it is another doctor."""
    entry = world.ok("administrator", "GET", "/staff/D001")
    document = {**entry["document"], "prescriber": {**entry["document"]["prescriber"], **change}}
    headers = {"If-Match": f'"{entry["version"]}"'} if code == "D001" else {}
    return world.ok("administrator", "PUT", f"/staff/{code}", document, headers=headers)
