"""Whatever happens on the wire, everything is done once: the audit of the real service says so."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.client.running import Wire

from rx_review.client import Budgets, Unavailable
from rx_review.store import audit

FAULTS = ("drop", "reset", "refuse", "twice", "late", "slow")
PATIENT = Budgets(submit=60, move=60, look=60)
"""Budgets in which a shared machine gets through; that they end in time is another test."""


def actions(world, identifier):
    with world.service.database.read() as connection:
        return [entry.action for entry in audit.of_prescription(connection, identifier)]


@pytest.mark.timeout(300)
def test_two_hundred_are_submitted_and_charged_once_each_over_a_wire_that_loses_answers(world, served, client_of):
    world.decided()
    world.on_duty()
    dice = random.Random(5)

    def every_third(number, head):
        faults = [fault for fault in FAULTS if fault != "twice" or "/moves" not in head]
        return dice.choice(faults) if number % 3 == 0 else "pass"

    sheets = [world.sheet() for _ in range(200)]
    with Wire(served, every_third) as wire:
        his = client_of("his", wire.address, timeouts=PATIENT)
        till = client_of("till", wire.address, timeouts=PATIENT)

        def one(sheet):
            told = his.submit(sheet)
            return told.id, till.charge(told, by="C001", amount="23.50", token=None).state

        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(one, sheets))
        his.close()
        till.close()
    assert {state for _, state in done} == {"charged"}
    assert len({identifier for identifier, _ in done}) == 200
    assert min(wire.done[fault] for fault in FAULTS) >= 5
    wrong = {each: did for each, _ in done if (did := actions(world, each)) != ["submit", "charge"]}
    assert wrong == {}
    assert sorted(each.id for each in client_of().list()) == sorted(identifier for identifier, _ in done)


@pytest.mark.parametrize(
    ("who", "fault"),
    [*(("both", fault) for fault in FAULTS), *(("till", fault) for fault in FAULTS if fault != "twice")],
)
def test_every_move_is_made_once_whatever_happens_to_its_first_try(world, served, client_of, who, fault):
    world.decided()
    world.on_duty()
    told = client_of().submit(world.sheet())
    tried = set()

    def first_of_each_move(number, head):
        if "/moves" in head and not tried:
            tried.add(number)
            return fault
        return "pass"

    with Wire(served, first_of_each_move) as wire:
        till = client_of(who, wire.address, timeouts=PATIENT)
        states = []
        for move in (
            lambda held: till.charge(held, by="C001", amount="8.00"),
            lambda held: till.refund(held, by="C001", reason="other", text="原因"),
            lambda held: till.charge(held, by="C001", amount="8.00"),
            lambda held: till.supply(held, by="P001", dispenser="P001", checker="P002"),
        ):
            tried.clear()
            told = move(told)
            states.append(told.state)
        till.close()
    assert wire.done[fault] == 4
    assert states == ["charged", "refunded", "charged", "supplied"]
    assert actions(world, told.id) == ["submit", "charge", "refund", "charge", "supply"]


@pytest.mark.parametrize("fault", FAULTS)
def test_signing_again_is_done_once_though_it_may_lead_back_to_where_it_began(world, served, client_of, fault):
    world.on_duty()
    his = client_of()
    told = his.submit(world.sheet())
    taken = world.move("pharmacist", told.model_dump(), "take")
    world.move("pharmacist", taken, "return", fence=taken["fence"], reason={"code": "wrong-dose"})
    tried = []

    def first_move(number, head):
        return fault if "/moves" in head and not tried and not tried.append(number) else "pass"

    with Wire(served, first_move) as wire:
        by_wire = client_of("his", wire.address, timeouts=PATIENT)
        signed = by_wire.resign(his.get(told.id), by="D001", reason="needed-clinically")
        by_wire.close()
    assert wire.done[fault] == 1
    assert signed.version == his.get(told.id).version
    assert actions(world, told.id) == ["submit", "take", "return", "resign"]


def test_a_charge_that_nobody_answers_is_not_known_and_is_then_found_or_made(world, served, client_of):
    world.decided()
    world.on_duty()
    told = client_of().submit(world.sheet())
    with Wire(
        served, lambda number, head: "hang" if "/moves" in head else "refuse" if "GET" in head else "pass"
    ) as wire:
        till = client_of("both", wire.address, timeouts=Budgets(move=2))
        with pytest.raises(Unavailable) as none:
            till.charge(told, by="C001", amount="1")
        till.close()
    assert none.value.unknown
    assert client_of("both").charge(told, by="C001", amount="1").state == "charged"
    assert actions(world, told.id) == ["submit", "charge"]


def test_a_batch_over_a_bad_wire_is_kept_once(world, served, client_of):
    sheets = [world.sheet() for _ in range(40)]
    with Wire(served, lambda number, head: "drop" if "batch" in head and number < 4 else "pass") as wire:
        his = client_of("his", wire.address)
        answers = list(his.submit_batch(sheets))
        his.close()
    assert wire.done["drop"] == 2
    assert [each.standing.number for each in answers] == [sheet["number"] for sheet in sheets]
    assert all(actions(world, each.standing.id) == ["submit"] for each in answers)
