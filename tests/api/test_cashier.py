"""The cashier's gate, charge, refund, void, supply, and the review at supply."""

import pytest
from tests.api import sheets
from tests.api.sheets import because, changed, dispensed, line_of, reviewed, supplied
from tests.api.world import TOWNSHIP


def gate(world, told, who="till", **more):
    query = "".join(f"&{name}={value}" for name, value in more.items())
    return world.ok(who, "GET", f"/release?institution={told['institution']}&number={told['number']}{query}")


def approved(world, sheet=None):
    if not world.ok("lead", "GET", "/duty")["on_duty"]:
        world.on_duty()
    return reviewed(world, world.submit(sheet or world.sheet()))


def test_the_gate_answers_no_before_the_review_and_yes_after_it(world):
    world.on_duty()
    told = world.submit(world.sheet())
    no = gate(world, told)
    assert (no["release"], no["token"], no["expires_at"], no["text"]) == (False, None, None, "待审核")
    yes = gate(world, reviewed(world, told), issued_on=told["issued_on"])
    assert (yes["release"], yes["reviewed"], yes["revision"]) == (True, True, 1)
    assert yes["expires_at"] == "2026-11-02T01:30:00Z"


def test_the_gate_knows_no_sheet_that_is_not_there(world):
    told = approved(world)
    world.refused("not-found", "till", "GET", f"/release?institution={TOWNSHIP}&number=N999999")
    world.refused("not-found", "his-other", "GET", f"/release?institution={TOWNSHIP}&number={told['number']}")
    path = f"/release?institution={TOWNSHIP}&number={told['number']}&issued_on=2025-11-02"
    world.refused("not-found", "till", "GET", path)


def test_the_gate_says_no_once_the_validity_is_over_even_before_the_timer(world):
    told = approved(world)
    world.clock[0] = world.now.replace(hour=23, minute=50)
    assert gate(world, told)["expires_at"] == "2026-11-02T16:00:00Z"
    world.wait(minutes=10)
    no = gate(world, told)
    assert (no["release"], no["text"]) == (False, "已过有效期")
    world.not_moved("move-not-allowed", "till", told, "charge", by="C001")


def test_only_a_token_of_this_revision_and_time_charges(world):
    told = approved(world)
    token = gate(world, told)["token"]
    other = gate(world, approved(world))["token"]
    revision, seconds, mark = token.split(".")
    later = f"{revision}.{int(seconds) + 3600}.{mark}"
    for wrong in (other, later, "x", "1.2.3", "", f"1.{'9' * 30}.{mark}"):
        world.not_moved("content-changed", "till", told, "charge", by="C001", token=wrong)
    world.wait(minutes=31)
    world.not_moved("content-changed", "till", told, "charge", by="C001", token=token)
    fresh = gate(world, told)["token"]
    assert world.move("till", told, "charge", by="C001", token=fresh, amount="12.30")["state"] == "charged"


def test_what_was_changed_after_the_gate_is_not_charged(world):
    sheet = world.sheet()
    told = approved(world, sheet)
    token = gate(world, told)["token"]
    after = world.submit(changed(sheet, diagnoses=[{"text": "急性气管炎", "code": "J04.1"}]))
    world.not_moved("move-not-allowed", "till", told, "charge", by="C001", token=token)
    again = reviewed(world, after)
    world.not_moved("stale-revision", "till", told, "charge", by="C001", token=token)
    world.not_moved("content-changed", "till", again, "charge", by="C001", token=token)


def test_it_is_charged_once_refunded_and_charged_again(world):
    charged = world.move("till", approved(world), "charge", by="C001", amount="12.30")
    assert gate(world, charged)["release"] is False
    world.not_moved("move-not-allowed", "till", charged, "charge", by="C001")
    world.not_moved("reason-needed", "till", charged, "refund", by="C001")
    refunded = world.move("till", charged, "refund", by="C001", reason=because("out-of-stock"))
    assert refunded["state"] == "refunded"
    world.not_moved("move-not-allowed", "till", refunded, "supply", by="P001", dispensed=dispensed())
    assert gate(world, refunded)["release"] is True
    again = world.move("till", refunded, "charge", by="C001")
    assert world.move("till", again, "supply", by="P001", dispensed=dispensed())["state"] == "supplied"


def test_it_is_void_after_the_refund(world):
    charged = world.move("till", approved(world), "charge", by="C001")
    refunded = world.move("till", charged, "refund", by="C001", reason=because("patient-declined"))
    gone = world.move("his", refunded, "void", by="D001", reason=because("patient-declined"))
    assert (gone["state"], gone["allowed"]) == ("cancelled", [])


def test_what_was_handed_over_is_not_refunded(world):
    told = supplied(world, approved(world))
    world.not_moved("move-not-allowed", "till", told, "refund", by="C001", reason=because("patient-declined"))
    world.not_moved("move-not-allowed", "till", told, "supply", by="P001", dispensed=dispensed())


def test_a_supply_says_who_dispensed_and_checked(world):
    charged = world.move("till", approved(world), "charge", by="C001")
    world.not_moved("bad-request", "till", charged, "supply", by="P001")
    told = world.move("till", charged, "supply", by="P001", dispensed=dispensed())
    kept = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["reviews"][-1]
    assert kept["cause"] == "supply"
    roles = [(each["role"], each["person"]) for each in kept["sheet"]["signatures"]]
    assert roles[1:] == [("reviewer", "P001"), ("dispenser", "P001"), ("checker", "P002")]


def test_one_person_signs_every_step_in_a_village(world):
    charged = world.move("till", approved(world), "charge", by="C001")
    alone = dispensed("P001", "P001")
    assert world.move("till", charged, "supply", by="P001", dispensed=alone)["state"] == "supplied"


def test_what_expired_between_till_and_window_is_not_supplied(world):
    charged = world.move("till", approved(world), "charge", by="C001")
    world.clock[0] = world.now.replace(day=3, hour=0, minute=5)
    problem = world.not_moved("not-fit-for-supply", "till", charged, "supply", by="P001", dispensed=dispensed())
    assert [each["rule"] for each in problem["findings"]] == ["RX-FORM-013"]
    assert world.ok("till", "GET", f"/prescriptions/{charged['id']}")["state"] == "charged"


def test_what_the_pharmacist_accepted_is_not_asked_again_at_the_window(world):
    world.on_duty()
    told = world.submit(sheets.too_long(world))
    told = world.move("his", told, "resign", by="D001", reason=because("needed-clinically"))
    told = reviewed(world, told)
    assert "RX-QTY-001" in sheets.rules_of(told)
    assert supplied(world, told)["state"] == "supplied"


def test_what_another_sheet_adds_meanwhile_is_found_at_the_window(world):
    sheet = world.sheet()
    charged = world.move("till", approved(world, sheet), "charge", by="C001")
    world.submit({**world.sheet(), "patient": sheet["patient"]})
    problem = world.not_moved("not-fit-for-supply", "till", charged, "supply", by="P001", dispensed=dispensed())
    assert "RX-DUP-004" in [each["rule"] for each in problem["findings"]]


def test_a_skin_test_is_ordered_first_and_gates_the_supply(world):
    sheet = injection(world, "ordered")
    told = approved(world, sheet)
    charged = world.move("till", told, "charge", by="C001")
    problem = world.not_moved("not-fit-for-supply", "till", charged, "supply", by="P001", dispensed=dispensed())
    assert "RX-SKIN-003" in [each["rule"] for each in problem["findings"]]
    refunded = world.move("till", charged, "refund", by="C001", reason=because("adverse-reaction"))
    after = world.submit(changed(sheet, lines=[{**sheet["lines"][0], "skin_test": "positive"}, sheet["lines"][1]]))
    assert (refunded["state"], after["state"]) == ("refunded", "blocked")


def injection(world, result):
    line = {
        "line": 1, "generic": "注射用青霉素钠", "strength": "160万单位", "dose": "320", "dose_unit": "万单位",
        "route": "静脉滴注", "frequency": "bid", "days": "1", "quantity": 4, "quantity_unit": "支", "group": 1,
        "skin_test": result,
    }  # fmt: skip
    solvent = {
        "line": 2, "generic": "氯化钠注射液", "strength": "100ml", "dose": "100", "dose_unit": "ml",
        "route": "静脉滴注", "frequency": "bid", "days": "1", "quantity": 2, "quantity_unit": "瓶", "group": 1,
    }  # fmt: skip
    diagnosis = [{"text": "急性化脓性扁桃体炎", "code": "J03.9"}]
    return world.sheet(diagnoses=diagnosis, lines=[line, solvent])


def test_history_is_of_all_members_and_finds_an_early_refill(world):
    world.on_duty()
    person = {"identity_number": "41010119700312001X"}
    first = sheets.too_long(world)
    first = {**first, "patient": {**first["patient"], **person}, "reasons": reason_for_days()}
    supplied(world, approved(world, first))
    world.wait(days=1)
    world.on_duty("second")
    here = world.sheet(institution="SAMPLE-C02")
    here = {**here, "patient": {**here["patient"], **person, "id": "elsewhere"}, "lines": line_of(here, quantity=1)}
    told = world.submit(here, "his-other")
    assert "RX-QTY-013" in sheets.rules_of(told)
    stranger = world.submit(world.sheet(institution="SAMPLE-C02"), "his-other")
    assert "RX-QTY-013" not in sheets.rules_of(stranger)


def reason_for_days():
    return [{"for": "quantity", "text": "外出务工", "lines": [1], "signed_again": True}]


def test_supplies_before_the_county_was_founded_are_unknown_and_not_nothing(world):
    told = world.submit(world.sheet())
    kept = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["reviews"][0]
    assert kept["circumstances"]["history"]["since"] > "2025-09-01"
    nameless = world.sheet(patient={"name": "王小明", "sex": "male", "birth_date": "1970-03-12"})
    told = world.submit(nameless)
    kept = world.ok("auditor", "GET", f"/prescriptions/{told['id']}/history")["reviews"][0]
    assert "history" not in kept["circumstances"]


def test_the_sheets_of_one_visit_are_seen_together(world):
    first = world.sheet(visit="V1")
    world.submit(first)
    second = world.submit({**world.sheet(visit="V1"), "patient": first["patient"]})
    assert "RX-DUP-004" in sheets.rules_of(second)
    assert second["state"] == "waiting"


@pytest.mark.parametrize("move", ["cancel", "countersign", "release"])
def test_where_it_is_only_collected_it_is_charged_and_supplied_and_nothing_else(world, move):
    world.on_duty()
    told = world.submit(world.sheet(collection_site="SAMPLE-C02"))
    world.not_moved("forbidden", "his-other", told, move, by="D001", reason=because("other", "代办"))
    window = sheets.let_in(world, "window", ["cashier", "dispenser"], "SAMPLE-C02")
    assert supplied(world, reviewed(world, told), window)["state"] == "supplied"
