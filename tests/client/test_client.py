"""Every method on the real service, on both databases."""

from decimal import Decimal

import pytest
from tests.api.world import TOWNSHIP

from rx_review.api.reading import LIMITS
from rx_review.client import Client, Invalid, NotAllowed, NotFound, Outdated, Unauthenticated
from rx_review.client.batches import MOST, MOST_BYTES
from rx_review.client.client import LONGEST_WAIT
from rx_review.domain.prescription import Prescription
from rx_review.errors import InputError


def actions(world, identifier):
    """What the audit says was done to a prescription."""
    return [entry["action"] for entry in world.ok("auditor", "GET", f"/prescriptions/{identifier}/history")["entries"]]


def test_the_limits_are_the_service_s():
    assert (LIMITS["batch"], LIMITS["batch_bytes"], LIMITS["wait_seconds"]) == (MOST, MOST_BYTES, LONGEST_WAIT)


def test_a_prescription_is_submitted_as_a_model_or_as_a_dict_and_is_the_same(world, client_of):
    his, sheet = client_of(), world.sheet()
    first = his.submit(Prescription.model_validate(sheet))
    again = his.submit(sheet)
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.id, again.version) == (first.id, first.version)
    assert his.check(sheet).binding == "pass"
    assert actions(world, first.id) == ["submit"]


def test_the_next_revision_is_submitted_and_an_old_one_is_outdated(world, client_of):
    his, sheet = client_of(), world.sheet()
    his.submit(sheet)
    told = his.submit({**sheet, "revision": 2, "department": "外科"})
    assert told.revision == 2
    with pytest.raises(Outdated) as refusal:
        his.submit({**sheet, "department": "儿科"})
    assert (refusal.value.code, refusal.value.current) == ("stale-revision", 2)
    with pytest.raises(Outdated, match="revision-gap"):
        his.submit({**sheet, "revision": 9})


def test_a_wait_ends_when_somebody_has_decided_and_else_after_its_time(world, client_of):
    world.on_duty()
    his = client_of()
    told = his.submit(world.sheet())
    assert his.wait_until_decided(told.id, at_most=0.3).action == "wait"
    taken = world.move("pharmacist", told.model_dump(), "take")
    assert his.get(told.id, wait=1).state == "taken"
    world.move("pharmacist", taken, "approve", fence=taken["fence"])
    decided = his.wait_until_decided(told.id, at_most=20)
    assert (decided.action, decided.approved.how) == ("proceed", "pharmacist")


def test_charge_refund_void_and_what_is_refused_on_the_way(world, client_of):
    world.decided()
    world.on_duty()
    his, till = client_of(), client_of("till")
    told = his.submit(world.sheet())
    gate = till.release(TOWNSHIP, told.number, issued_on=told.issued_on)
    assert gate.release is True
    charged = till.charge(gate, by="C001", amount=Decimal("23.50"), token=gate.token)
    with pytest.raises(NotAllowed) as refusal:
        till.void(charged, by="C001", reason="patient-declined")
    assert (refusal.value.state, refusal.value.status, refusal.value.retryable) == ("charged", 409, "after")
    assert {"refund", "supply"} <= set(refusal.value.allowed)
    with pytest.raises(Invalid, match="reason-needed") as refusal:
        till.refund(charged, by="C001", reason="wrong-drug")
    assert "patient-declined" in refusal.value.more["codes"]
    refunded = till.refund(charged, by="C001", reason="patient-declined")
    voided = till.void(refunded, by="C001", reason="patient-declined", text="已退")
    assert voided.state == "cancelled"
    assert actions(world, told.id) == ["submit", "charge", "refund", "void"]


def test_a_move_called_again_with_the_same_arguments_is_answered_and_not_made_again(world, client_of):
    world.decided()
    world.on_duty()
    told, both = client_of().submit(world.sheet()), client_of("both")
    assert both.charge(told, by="C001", amount="23.50").state == "charged"
    assert both.charge(told, by="C001", amount=Decimal("23.5")).state == "charged"
    # Another cashier, or another amount, is another charge: that money must be given back.
    for other in ({"by": "C002", "amount": "23.50"}, {"by": "C001", "amount": "24"}):
        with pytest.raises(NotAllowed):
            both.charge(told, **other)
    # A till may not read who did what.
    with pytest.raises(NotAllowed) as refusal:
        client_of("till").charge(told, by="C001", amount="23.50")
    assert refusal.value.state == "charged"
    assert actions(world, told.id) == ["submit", "charge"]


def test_a_charge_after_a_refund_is_a_new_one(world, client_of):
    world.decided()
    world.on_duty()
    told, till = client_of().submit(world.sheet()), client_of("both")
    charged = till.charge(told, by="C001", amount="5")
    refunded = till.refund(charged, by="C001", reason="patient-declined")
    again = till.charge(refunded, by="C001", amount="5")
    assert again.state == "charged"
    # What it still held from before the first charge is known to have been made.
    assert till.charge(told, by="C001", amount="5").version == again.version
    assert actions(world, told.id) == ["submit", "charge", "refund", "charge"]


def test_cancel_and_emergency_release(world, client_of):
    world.on_duty()
    his = client_of()
    told = his.submit(world.sheet())
    assert his.cancel(told, by="D001", reason="written-in-error").state == "cancelled"
    told = his.submit(world.sheet())
    released = his.emergency_release(told, by="D001", reason="patient-cannot-wait")
    assert (released.state, released.after_review) == ("released", "due")


def test_what_was_returned_is_signed_again(world, client_of):
    world.on_duty()
    his = client_of()
    told = his.submit(world.sheet())
    taken = world.move("pharmacist", told.model_dump(), "take")
    returned = world.move("pharmacist", taken, "return", fence=taken["fence"], reason={"code": "wrong-dose"})
    held = his.get(returned["id"])
    reasons = [{"for": "dose", "text": "体重较大", "lines": [1]}]
    told = his.resign(held, by="D001", reason="needed-clinically", text="病情需要", reasons=reasons)
    assert told.state != "returned"
    assert actions(world, told.id)[-1] == "resign"


def test_a_list_goes_on_over_its_pages(world, client_of):
    his = client_of()
    told = []
    for _ in range(7):
        world.wait(seconds=1)
        told.append(his.submit(world.sheet()).id)
    assert [each.id for each in his.list(page=3)] == told
    assert [each.id for each in his.list(page=3, state="cancelled")] == []


def test_a_batch_is_answered_in_order_each_by_itself(world, client_of):
    his = client_of()
    sheets = [world.sheet() for _ in range(5)]
    sheets[2] = {**sheets[2], "lines": []}
    sheets[4] = {**sheets[0], "revision": 2, "department": "外科"}
    answers = list(his.submit_batch(iter(sheets)))
    assert [each.index for each in answers] == [0, 1, 2, 3, 4]
    assert isinstance(answers[2].refusal, Invalid)
    assert answers[2].refusal.errors[0].pointer == "/prescription/lines"
    assert [each.standing and each.standing.number for each in answers] == [
        sheets[0]["number"], sheets[1]["number"], None, sheets[3]["number"], sheets[0]["number"],
    ]  # fmt: skip
    again = list(his.submit_batch(sheets[:2]))
    assert isinstance(again[0].refusal, Outdated)
    assert again[1].standing.replayed


def test_faults_have_their_pointer_and_both_languages(world, client_of):
    sheet = world.sheet()
    sheet["lines"][0]["frequency"] = 3
    with pytest.raises(Invalid) as refusal:
        client_of().submit(sheet)
    assert refusal.value.errors[0].pointer == "/lines/0/frequency"
    assert "/lines/0/frequency" in str(refusal.value)
    assert refusal.value.title.zh
    assert refusal.value.trace


def test_what_has_no_json_is_not_sent(world, client_of):
    for wrong in (object(), "\ud800"):
        with pytest.raises(InputError):
            client_of().submit(world.sheet(department=wrong))
    with pytest.raises(Invalid):
        client_of().submit(world.sheet(amount=float("nan")))


def test_another_member_s_prescription_is_not_there(world, client_of):
    told = client_of().submit(world.sheet())
    with pytest.raises(NotFound):
        client_of("his-other").get(told.id)
    with pytest.raises(NotFound):
        client_of().get("../../livez")


def test_a_token_that_ended_is_renewed_without_the_caller(world, client_of):
    world.decided()
    world.on_duty()
    his, till = client_of(), client_of("till")
    told = his.submit(world.sheet())
    till.get(told.id)
    world.wait(minutes=31)
    assert his.get(told.id).id == told.id
    assert till.charge(told, by="C001").state == "charged"


def test_a_wrong_secret_is_unauthenticated_and_at_last_paused(world, served):
    codes = []
    with Client(served, "his", "wrong") as his:
        for _ in range(6):
            with pytest.raises(Unauthenticated) as refusal:
                his.submit(world.sheet())
            codes.append(refusal.value.code)
    assert codes == ["bad-credentials"] * 5 + ["paused-account"]


def test_a_move_made_of_an_old_answer_goes_on_from_what_has_changed(world, client_of):
    world.on_duty()
    his, till = client_of(), client_of("till")
    told = his.submit(world.sheet())
    taken = world.move("pharmacist", told.model_dump(), "take")
    with pytest.raises(NotAllowed) as refusal:
        till.charge(told, by="C001")
    assert refusal.value.state == "taken"
    world.move("pharmacist", taken, "approve", fence=taken["fence"])
    assert till.charge(told, by="C001").state == "charged"


def test_a_move_of_a_version_that_is_gone_is_refused(world):
    told = world.submit(world.sheet())
    world.on_duty()
    taken = world.move("pharmacist", told, "take")
    world.not_moved("version-changed", "his", told, "cancel", by="D001", reason={"code": "other", "text": "a"},
                    version=told["version"])  # fmt: skip
    world.move("his", told, "cancel", by="D001", reason={"code": "other", "text": "a"}, version=taken["version"])
