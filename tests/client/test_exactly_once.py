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


def test_signing_again_is_not_repeated_when_its_answer_is_lost(world, served, client_of):
    """It may lead back to `returned`, where the table would let it be made a second time."""
    world.on_duty()
    his = client_of()
    done = []
    for fault in ("drop", "late", "refuse"):
        told = his.submit(world.sheet())
        taken = world.move("pharmacist", told.model_dump(), "take")
        world.move("pharmacist", taken, "return", fence=taken["fence"], reason={"code": "wrong-dose"})
        held = his.get(told.id)
        with Wire(served, lambda number, head, fault=fault: fault if "/moves" in head else "pass") as wire:
            by_wire = client_of("his", wire.address, timeouts=Budgets(move=2))
            if fault == "refuse":
                with pytest.raises(Unavailable) as none:
                    by_wire.resign(held, by="D001", reason="needed-clinically")
                assert none.value.unknown
            else:
                by_wire.resign(held, by="D001", reason="needed-clinically")
            by_wire.close()
        done.append((wire.done[fault], actions(world, told.id).count("resign")))
    assert done == [(1, 1), (1, 1), (1, 0)]


def test_a_batch_over_a_bad_wire_is_kept_once(world, served, client_of):
    sheets = [world.sheet() for _ in range(40)]
    with Wire(served, lambda number, head: "drop" if "batch" in head and number < 4 else "pass") as wire:
        his = client_of("his", wire.address)
        answers = list(his.submit_batch(sheets))
        his.close()
    assert wire.done["drop"] == 2
    assert [each.standing.number for each in answers] == [sheet["number"] for sheet in sheets]
    assert all(actions(world, each.standing.id) == ["submit"] for each in answers)
