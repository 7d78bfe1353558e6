"""Sheets that the tests of the flow send: each is sound, or has the one fault that its name says."""

from __future__ import annotations

from typing import Any

from tests.api.world import COUNTY_HOSPITAL, World

from rx_review.desk.accounts import digest_of
from rx_review.store import accounts

LATER = {"signed_again": True}


def changed(sheet: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The next revision of a sheet, signed anew."""
    revision = sheet.get("revision", 1) + 1
    signatures = [{**each, "revision": revision} for each in sheet["signatures"]]
    return {**sheet, "revision": revision, "signatures": signatures, **changes}


def line_of(sheet: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """The lines of a sheet with one line, changed."""
    return [{**sheet["lines"][0], **changes}]


def too_long(world: World, **changes: Any) -> dict[str, Any]:
    """Twelve days of an antibiotic without a reason: returned."""
    sheet = world.sheet(**changes)
    return {**sheet, "lines": line_of(sheet, quantity=3)}


def positive_test(world: World) -> dict[str, Any]:
    """A penicillin after a positive skin test: blocked."""
    sheet = world.sheet()
    return {**sheet, "lines": line_of(sheet, skin_test="positive")}


def weekly_drug_daily(world: World, **changes: Any) -> dict[str, Any]:
    """Methotrexate every day for rheumatoid arthritis: returned; with a reason two pharmacists decide."""
    patient = {**world.sheet()["patient"], "egfr": {"value": "92", "on": "2026-10-20"}, "hepatic": "normal"}
    return world.sheet(
        institution=COUNTY_HOSPITAL,
        prescriber={"id": "D003", "licence": "physician"},
        signatures=[{"role": "prescriber", "person": "D003", "at": world.now.isoformat(), "revision": 1}],
        patient=patient,
        diagnoses=[{"text": "类风湿关节炎", "code": "M06.9"}],
        lines=[
            {
                "line": 1,
                "generic": "甲氨蝶呤片",
                "strength": "2.5mg*16片",
                "dose": "2.5",
                "dose_unit": "mg",
                "route": "口服",
                "frequency": "qd",
                "days": "7",
                "quantity": 7,
                "quantity_unit": "片",
            }
        ],
        **changes,
    )


def two_must_sign(world: World) -> dict[str, Any]:
    """The same with the prescriber's reason: a finding that asks for two pharmacists."""
    return weekly_drug_daily(world, reasons=[{"for": "choice", "text": "分次服以减轻胃肠反应", "lines": [1], **LATER}])


def sedative(world: World, **changes: Any) -> dict[str, Any]:
    """A class 2 psychotropic on its own sheet, seven days."""
    return world.sheet(
        sheet="psychotropic_2",
        diagnoses=[{"text": "失眠症", "code": "G47.0"}],
        lines=[
            {
                "line": 1,
                "generic": "艾司唑仑片",
                "strength": "1mg*20片",
                "dose": "1",
                "dose_unit": "mg",
                "route": "口服",
                "frequency": "睡前",
                "days": "7",
                "quantity": 7,
                "quantity_unit": "片",
            }
        ],
        **changes,
    )


def herbs(world: World, **changes: Any) -> dict[str, Any]:
    """A decoction of two herbs."""
    herb = {"kind": "herb", "dose_unit": "g", "route": "口服"}
    lines = [
        {"line": number, "generic": name, "dose": dose, **herb}
        for number, name, dose in ((1, "黄芪", "15"), (2, "茯苓", "12"))
    ]
    syndrome = {"text": "肺脾气虚证", "kind": "tcm_syndrome"}
    return world.sheet(
        sheet="herbal",
        lines=lines,
        decoction={"packets": 5, "frequency": "qd", "usage": "水煎服，每日一剂，早晚分服"},
        diagnoses=[{"text": "咳嗽病", "kind": "tcm_disease"}, syndrome],
        **changes,
    )


def rescue(world: World, **changes: Any) -> dict[str, Any]:
    """Given in a rescue, not signed yet."""
    return world.sheet(**{"setting": "emergency", "sheet": "emergency", "rescue": True, "signatures": [], **changes})


def hospital_doctor(world: World) -> None:
    """Register a physician of the county hospital, D003."""
    entry = world.ok("administrator", "GET", "/staff/D001")["document"]
    part = {**entry["prescriber"], "registered_at": [COUNTY_HOSPITAL]}
    world.ok(
        "administrator",
        "PUT",
        "/staff/D003",
        {**entry, "institution": COUNTY_HOSPITAL, "name": "吴医师", "prescriber": part},
    )


def reviewed(world: World, told: dict[str, Any], who: str = "pharmacist", move: str = "approve", **more: Any) -> Any:
    """Taken and decided by somebody on duty."""
    taken = world.move(who, told, "take")
    return world.move(who, taken, move, fence=taken["fence"], **more)


def because(code: str, text: str | None = None) -> dict[str, Any]:
    """A coded reason."""
    return {"code": code} if text is None else {"code": code, "text": text}


def dispensed(dispenser: str = "P001", checker: str = "P002") -> dict[str, Any]:
    """Who dispensed and checked."""
    return {"dispenser": dispenser, "checker": checker}


def supplied(world: World, told: dict[str, Any], till: str = "till") -> Any:
    """Charged and supplied."""
    charged = world.move(till, told, "charge", by="C001")
    return world.move(till, charged, "supply", by="P001", dispensed=dispensed())


def rules_of(told: dict[str, Any]) -> set[str]:
    """Rules that found something."""
    return {finding["rule"] for finding in told["review"]["findings"]}


def finding(told: dict[str, Any], rule: str) -> dict[str, Any]:
    """What one rule found."""
    return next(each for each in told["review"]["findings"] if each["rule"] == rule)


def actions(world: World, told: dict[str, Any], who: str = "auditor") -> list[str]:
    """What happened to a prescription, by name."""
    return [entry["action"] for entry in world.ok(who, "GET", f"/prescriptions/{told['id']}/history")["entries"]]


def let_in(world: World, name: str, roles: list[str], members: str = "") -> str:
    """Another system, with a token; its name."""
    with world.service.database.write() as connection:
        row = {"id": name, "secret": "unused", "roles": ",".join(roles), "members": members, "created_at": world.now}
        accounts.add_owner(connection, "client", {**row, "failures": 0, "paused_until": None, "disabled": False})
        kept = {"digest": digest_of(f"rxt_{name}"), "kind": "token", "owner": name, "created_at": world.now}
        accounts.add_credential(connection, {**kept, "expires_at": world.now.replace(year=world.now.year + 1)})
    world.secrets[name] = f"rxt_{name}"
    return name
