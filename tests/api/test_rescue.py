"""What goes unreviewed at the time: rescue and emergency release, each counted, and reviewed afterwards."""

import pytest
from tests.api import sheets
from tests.api.sheets import because, changed, dispensed, line_of, reviewed
from tests.api.world import TOWNSHIP

CANNOT_WAIT = because("patient-cannot-wait")


def overdue(world):
    return [each["id"] for each in world.ok("pharmacist", "GET", "/queue")["after_review"]]


def test_a_rescue_is_supplied_first_recorded_and_reviewed_after(world):
    sheet = sheets.rescue(world)
    told = world.submit(sheet)
    assert (told["state"], told["action"], told["after_review"]) == ("rescued", "proceed", "due")
    gone = world.move("till", told, "supply", by="P001", dispensed=dispensed())
    assert gone["state"] == "supplied"
    assert overdue(world) == [told["id"]]
    world.wait(hours=2)
    signed = [{"role": "prescriber", "person": "D001", "at": world.now.isoformat(), "revision": 2}]
    after = world.submit(changed(sheet, signatures=signed))
    assert (after["state"], after["after_review"], after["revision"]) == ("supplied", "due", 2)
    done = world.move("pharmacist", after, "confirm")
    assert (done["state"], done["after_review"]) == ("supplied", "confirmed")
    assert overdue(world) == []
    assert done["approved"]["how"] == "rescue"
    world.not_moved("move-not-allowed", "pharmacist", done, "object", reason=because("wrong-dose"))
    problem = world.refused("move-not-allowed", "his", "POST", "/prescriptions", changed(changed(sheet)))
    assert problem["state"] == "supplied"


def test_a_review_after_a_rescue_that_comes_late_says_so(world):
    told = world.submit(sheets.rescue(world))
    world.wait(hours=6, minutes=1)
    world.move("pharmacist", told, "object", reason=because("wrong-dose"))
    entry = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["entries"][-1]
    assert (entry["action"], entry["body"]["late"], entry["body"]["after_review"]) == ("object", True, "objected")


def test_a_rescue_stays_one_and_nothing_becomes_one_to_leave_the_review(world):
    sheet = sheets.rescue(world)
    told = world.submit(sheet)
    world.refused("contradiction", "his", "POST", "/prescriptions", changed(sheet, rescue=False))
    world.move("till", told, "supply", by="P001", dispensed=dispensed())
    world.refused("contradiction", "his", "POST", "/prescriptions", changed(sheet, rescue=False))
    blocked = sheets.positive_test(world)
    world.submit(blocked)
    world.refused("contradiction", "his", "POST", "/prescriptions", changed(blocked, rescue=True))
    assert overdue(world) == [told["id"]]


def test_there_is_no_rescue_at_discharge(world):
    told = world.submit(sheets.rescue(world, setting="discharge", sheet="ordinary"))
    assert told["state"] != "rescued"
    assert told["after_review"] is None


@pytest.mark.parametrize("who", ["his", "lead", "chief"])
def test_an_emergency_release_is_signed_counted_and_supplied(world, who):
    world.on_duty()
    told = world.submit(world.sheet())
    by = {"by": "D001"} if who == "his" else {}
    out = world.move(who, told, "release", reason=CANNOT_WAIT, **by)
    assert (out["state"], out["action"], out["after_review"]) == ("released", "proceed", "due")
    assert out["approved"]["how"] == "released"
    gate = world.ok("till", "GET", f"/release?institution={TOWNSHIP}&number={told['number']}")
    assert (gate["release"], gate["reviewed"]) == (True, False)
    assert overdue(world) == [told["id"]]
    charged = world.move("till", out, "charge", by="C001")
    gone = world.move("till", charged, "supply", by="P001", dispensed=dispensed())
    assert (gone["state"], gone["after_review"], gone["approved"]["how"]) == ("supplied", "due", "released")
    world.wait(hours=25)
    world.move("pharmacist", gone, "confirm")
    assert world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["entries"][-1]["body"]["late"] is True


def test_not_everybody_releases_nor_for_any_reason(world):
    world.on_duty()
    told = world.submit(world.sheet())
    world.not_moved("forbidden", "pharmacist", told, "release", reason=CANNOT_WAIT)
    world.not_moved("forbidden", "till", told, "release", by="C001", reason=CANNOT_WAIT)
    world.not_moved("reason-needed", "his", told, "release", by="D001")
    world.not_moved("reason-needed", "his", told, "release", by="D001", reason=because("patient-declined"))
    world.not_moved("reason-needed", "his", told, "release", by="D001", reason=because("other"))
    world.not_moved("unknown-staff", "his", told, "release", by="D777", reason=CANNOT_WAIT)


def test_what_is_controlled_or_unknown_is_never_released(world):
    told = world.submit(sheets.sedative(world))
    assert world.not_moved("not-releasable", "his", told, "release", by="D001", reason=CANNOT_WAIT)["because"] == [
        "controlled"
    ]
    sheet = world.sheet()
    told = world.submit({**sheet, "lines": line_of(sheet, generic="祖传秘方丸", strength=None)})
    because_of = world.not_moved("not-releasable", "lead", told, "release", reason=CANNOT_WAIT)["because"]
    assert "unknown_drug" in because_of


def test_what_was_returned_or_blocked_is_not_released(world):
    for make in (sheets.too_long, sheets.positive_test):
        told = world.submit(make(world))
        world.not_moved("move-not-allowed", "his", told, "release", by="D001", reason=CANNOT_WAIT)


def test_who_released_it_does_not_review_it(world):
    out = world.move("lead", world.submit(world.sheet()), "release", reason=CANNOT_WAIT)
    world.not_moved("same-person", "lead", out, "confirm")
    assert world.move("chief", out, "confirm")["after_review"] == "confirmed"


def test_an_objection_stops_what_is_not_charged_yet(world):
    world.on_duty()
    out = world.move("his", world.submit(world.sheet()), "release", by="D001", reason=CANNOT_WAIT)
    told = world.move("pharmacist", out, "object", reason=because("wrong-drug"))
    assert (told["state"], told["action"], told["after_review"], told["approved"]) == (
        "returned",
        "fix",
        "objected",
        None,
    )
    gate = world.ok("till", "GET", f"/release?institution={TOWNSHIP}&number={told['number']}")
    assert gate["release"] is False


def test_an_objection_stops_what_is_charged_and_not_supplied_yet(world):
    world.on_duty()
    out = world.move("his", world.submit(world.sheet()), "release", by="D001", reason=CANNOT_WAIT)
    charged = world.move("till", out, "charge", by="C001")
    told = world.move("pharmacist", charged, "object", reason=because("wrong-drug"))
    assert (told["state"], told["action"]) == ("charged", "refuse")
    world.not_moved("not-fit-for-supply", "till", told, "supply", by="P001", dispensed=dispensed())
    refunded = world.move("till", told, "refund", by="C001", reason=because("other", "药师不同意"))
    world.not_moved("not-fit-for-supply", "till", refunded, "charge", by="C001")
    assert world.ok("till", "GET", f"/release?institution={TOWNSHIP}&number={told['number']}")["release"] is False


def test_only_a_reviewer_reviews_afterwards(world):
    out = world.move("his", world.submit(world.sheet()), "release", by="D001", reason=CANNOT_WAIT)
    desk = sheets.let_in(world, "desk", ["pharmacist"])
    world.not_moved("unknown-staff", desk, out, "confirm", by="X123")
    world.not_moved("forbidden", "his", out, "confirm", by="D001")


def test_a_release_that_is_revised_begins_again(world):
    world.on_duty()
    sheet = world.sheet()
    world.move("his", world.submit(sheet), "release", by="D001", reason=CANNOT_WAIT)
    after = world.submit(changed(sheet, diagnoses=[{"text": "急性气管炎", "code": "J04.1"}]))
    assert (after["state"], after["after_review"]) == ("waiting", None)
    assert reviewed(world, after)["state"] == "approved"
