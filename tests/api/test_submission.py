"""Submission: sent twice, revised, out of order, with keys; and a check of a draft that leaves nothing behind."""

import pytest
from tests.api import sheets
from tests.api.sheets import because, changed, line_of, reviewed
from tests.api.world import TOWNSHIP


def count(world):
    return len(world.ok("auditor", "GET", "/prescriptions?limit=500")["items"])


def reviews_of(world, told):
    return len(world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["reviews"])


def test_the_same_revision_sent_again_is_answered_again_and_stores_nothing(world):
    sheet = world.sheet()
    told = world.submit(sheet)
    response = world.call("his", "POST", "/prescriptions", sheet)
    assert response.status_code == 200
    assert response.json()["replayed"]
    assert response.json()["id"] == told["id"]
    assert (count(world), reviews_of(world, told)) == (1, 1)


def test_sent_again_after_it_was_approved_it_is_told_where_it_stands_now(world):
    world.on_duty()
    sheet = world.sheet()
    told = world.submit(sheet)
    reviewed(world, told)
    again = world.submit(sheet)
    assert (again["state"], again["replayed"]) == ("approved", True)
    assert reviews_of(world, told) == 1


def test_the_same_revision_with_other_content_is_refused(world):
    sheet = world.sheet()
    world.submit(sheet)
    other = {**sheet, "lines": line_of(sheet, quantity=3)}
    problem = world.refused("same-revision-other-content", "his", "POST", "/prescriptions", other)
    assert problem["current"] == 1


def test_revisions_begin_at_one_and_count_up_by_one(world):
    sheet = world.sheet()
    assert world.refused("revision-gap", "his", "POST", "/prescriptions", changed(sheet))["current"] == 0
    world.submit(sheet)
    assert world.refused("revision-gap", "his", "POST", "/prescriptions", changed(changed(sheet)))["current"] == 1
    world.submit(changed(sheet))
    assert world.refused("stale-revision", "his", "POST", "/prescriptions", sheet)["current"] == 2


def test_a_key_answers_again_and_does_not_take_another_prescription(world):
    sheet, key = world.sheet(), {"headers": {"Idempotency-Key": "K-1"}}
    told = world.submit(sheet, **key)
    again = world.submit(sheet, **key)
    assert (again["id"], again["replayed"]) == (told["id"], True)
    world.refused("key-reused", "his", "POST", "/prescriptions", world.sheet(), **key)
    world.refused("key-reused", "his", "POST", "/prescriptions", changed(sheet), **key)
    assert count(world) == 1


def test_a_refused_submission_burns_no_key(world):
    sheet, key = world.sheet(), {"headers": {"Idempotency-Key": "K-2"}}
    world.refused("revision-gap", "his", "POST", "/prescriptions", changed(sheet), **key)
    assert not world.submit(sheet, **key)["replayed"]


def test_a_key_is_one_callers_own(world):
    key = {"headers": {"Idempotency-Key": "K-3"}}
    world.submit(world.sheet(), **key)
    other = world.sheet(institution="SAMPLE-C02")
    assert not world.submit(other, "his-other", **key)["replayed"]


def test_the_same_number_comes_again_on_another_day(world):
    sheet = world.sheet()
    first = world.submit(sheet)
    world.wait(days=1)
    second = world.submit({**sheet, "issued_at": world.now.isoformat()})
    assert first["id"] != second["id"]


@pytest.mark.parametrize("state", ["waiting", "taken", "returned", "blocked", "approved", "released", "refunded"])
def test_it_is_revised_from_where_the_table_says_so(world, state):
    sheet, told = brought_to(world, state)
    assert told["state"] == state
    after = world.submit(changed(sheet, diagnoses=[{"text": "急性气管炎", "code": "J04.1"}]))
    assert (after["revision"], after["state"]) == (2, "waiting")
    assert after["approved"] is None
    assert (after["holder"], after["fence"]) == (None, None)


@pytest.mark.parametrize("state", ["refused", "charged", "supplied", "cancelled", "expired"])
def test_it_is_not_revised_from_elsewhere(world, state):
    sheet, told = brought_to(world, state)
    assert told["state"] == state
    problem = world.refused("move-not-allowed", "his", "POST", "/prescriptions", changed(sheet))
    assert problem["state"] == state
    assert "revise" not in problem["allowed"] or state == "supplied"


def brought_to(world, state):
    """A sheet in a state, by moves alone."""
    world.on_duty()
    make = {"returned": sheets.too_long, "blocked": sheets.positive_test}.get(state, lambda world: world.sheet())
    sheet = make(world)
    told = world.submit(sheet)
    match state:
        case "taken":
            told = world.move("pharmacist", told, "take")
        case "refused":
            told = reviewed(world, told, move="refuse", reason=because("forged"))
        case "released":
            told = world.move("his", told, "release", by="D001", reason=because("patient-cannot-wait"))
        case "cancelled":
            told = world.move("his", told, "cancel", by="D001", reason=because("written-in-error"))
        case "expired":
            world.wait(days=1)
            world.service.tick()
            told = world.ok("his", "GET", f"/prescriptions/{told['id']}")
        case "approved" | "charged" | "refunded" | "supplied":
            told = reviewed(world, told)
            if state != "approved":
                told = world.move("till", told, "charge", by="C001")
            if state == "refunded":
                told = world.move("till", told, "refund", by="C001", reason=because("patient-declined"))
            if state == "supplied":
                told = world.move("till", told, "supply", by="P001", dispensed=sheets.dispensed())
    # So that what the tests look at is the revision and not a machine's pass.
    return {**sheet, "lines": line_of(sheet, quantity=1, skin_test="negative")}, told


def test_price_producer_and_place_of_collection_leave_an_approval_as_it_is(world):
    world.on_duty()
    sheet = world.sheet(amount="20.00")
    told = reviewed(world, world.submit(sheet))
    after = world.submit(changed(sheet, amount="23.50", lines=line_of(sheet, producer="某某制药")))
    assert (after["state"], after["revision"]) == ("approved", 2)
    assert after["approved"] == told["approved"]
    assert world.ok("till", "GET", f"/release?institution={TOWNSHIP}&number={sheet['number']}")["release"]
    assert world.move("till", after, "charge", by="C001")["state"] == "charged"


@pytest.mark.parametrize(
    "edit",
    [
        {"lines": {"dose": "0.25"}},
        {"lines": {"quantity": 2}},
        {"lines": {"frequency": "bid"}},
        {"diagnoses": [{"text": "急性扁桃体炎", "code": "J03.9"}]},
        {"patient": {"weight": 60}},
    ],
)
def test_any_clinical_edit_voids_an_approval(world, edit):
    world.on_duty()
    sheet = world.sheet()
    reviewed(world, world.submit(sheet))
    match edit:
        case {"lines": change}:
            after = world.submit(changed(sheet, lines=line_of(sheet, **change)))
        case {"patient": change}:
            after = world.submit(changed(sheet, patient={**sheet["patient"], **change}))
        case _:
            after = world.submit(changed(sheet, **edit))
    assert after["approved"] is None
    assert after["state"] in ("waiting", "returned")
    gate = world.ok("till", "GET", f"/release?institution={TOWNSHIP}&number={sheet['number']}")
    assert (gate["release"], gate["token"]) == (False, None)


def test_a_check_of_a_draft_is_answered_and_stores_nothing(world):
    sheet = sheets.too_long(world, stage="draft")
    told = world.ok("his", "POST", "/checks", sheet)
    assert (told["verdict"], told["binding"]) == ("return", "return")
    assert count(world) == 0
    sheet["stage"] = "signed"
    assert not world.submit(sheet)["replayed"]


def test_a_draft_is_not_submitted(world):
    world.refused("contradiction", "his", "POST", "/prescriptions", world.sheet(stage="draft"))
    assert count(world) == 0


def test_who_is_not_enrolled_sends_nothing(world):
    problem = world.refused("not-found", "his", "POST", "/prescriptions", world.sheet(institution="SAMPLE-T02"))
    assert problem["status"] == 404
    world.refused("forbidden", "till", "POST", "/prescriptions", world.sheet())


def test_a_batch_answers_each_item_as_if_it_came_alone(world):
    sound = world.sheet()
    items = [{"prescription": sound, "key": "B-1"}, {"prescription": changed(world.sheet())}, {"prescription": sound}]
    told = world.ok("his", "POST", "/prescriptions/batch", {"items": items})["items"]
    assert [each["status"] for each in told] == [201, 409, 200]
    assert told[1]["problem"]["code"] == "revision-gap"
    assert told[2]["answer"]["id"] == told[0]["answer"]["id"]
