"""The way of a prescription, through HTTP, on both databases."""

from tests.api.world import TOWNSHIP


def test_a_sound_sheet_is_passed_by_the_machine_under_a_decision_and_named_pharmacist(world):
    world.decided()
    world.on_duty()
    told = world.submit(world.sheet())
    assert (told["state"], told["action"]) == ("approved", "proceed"), told
    assert told["approved"]["how"] == "machine"
    assert told["approved"]["by"] == "decision PT-2026-3; on duty P001"


def test_without_a_decision_every_sheet_waits_for_a_pharmacist(world):
    world.on_duty()
    told = world.submit(world.sheet())
    assert (told["state"], told["action"]) == ("waiting", "wait")
    taken = world.move("pharmacist", told, "take")
    approved = world.move("pharmacist", taken, "approve", fence=taken["fence"])
    assert approved["approved"] == {"by": "P001", "how": "pharmacist", "content": approved["approved"]["content"]}
    gate = world.ok("till", "GET", f"/release?institution={TOWNSHIP}&number={told['number']}")
    assert gate["release"] is True
    charged = world.move("till", approved, "charge", by="C001", amount="23.50", token=gate["token"])
    supplied = world.move("till", charged, "supply", by="P001", dispensed={"dispenser": "P001", "checker": "P002"})
    assert supplied["state"] == "supplied"
