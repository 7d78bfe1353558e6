"""A county that runs: a real database, real keys, the shipped edition, people on duty, and clients with tokens."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from rx_review.api.app import create_app
from rx_review.api.examples import EXAMPLES
from rx_review.api.service import Service
from rx_review.audit import new_signer, write_private_key, write_public_key
from rx_review.config import COUNTY_TIME
from rx_review.desk.accounts import digest_of
from rx_review.engine.review import Reviewer
from rx_review.store import accounts, county, editions
from rx_review.store.keys import create_keys

BEGAN = datetime(2026, 11, 2, 9, 0, tzinfo=COUNTY_TIME)
TOWNSHIP, COUNTY_HOSPITAL, OTHER = "SAMPLE-T01", "SAMPLE-C01", "SAMPLE-C02"
SKILLS = ["general", "herbs", "controlled", "paediatric"]

ROLES: dict[str, tuple[str, list[str], str, str]] = {
    # name: kind, roles, members, person
    "his": ("client", ["prescriber"], TOWNSHIP, ""),
    "his-other": ("client", ["prescriber"], OTHER, ""),
    "till": ("client", ["cashier", "dispenser"], TOWNSHIP, ""),
    "pharmacist": ("account", ["pharmacist"], "", "P001"),
    "second": ("account", ["pharmacist"], "", "P002"),
    "lead": ("account", ["lead"], "", "L001"),
    "chief": ("account", ["chief"], "", "L002"),
    "administrator": ("account", ["administrator"], "", "A001"),
    "member-administrator": ("account", ["administrator"], TOWNSHIP, "A002"),
    "auditor": ("account", ["auditor"], "", "U001"),
    "member-auditor": ("account", ["auditor"], OTHER, "U002"),
}


@dataclass
class World:
    """One county. `now` is its clock: tests turn it."""

    service: Service
    http: TestClient
    clock: list[datetime]
    issued: int = 0
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock[0]

    def wait(self, **delta: float) -> None:
        """Let time pass."""
        self.clock[0] += timedelta(**delta)

    def call(self, who: str | None, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """A request of somebody; the answer as the client library gives it."""
        headers = dict(more.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {self.secrets[who]}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            more["content"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.request(method, f"/v1{path}", headers=headers, **more)

    def ok(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """As `call`, and it must succeed: its JSON."""
        response = self.call(who, method, path, body, **more)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def refused(self, code: str, who: str | None, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """As `call`, and it must be refused with a code: the problem."""
        response = self.call(who, method, path, body, **more)
        assert response.headers["content-type"] == "application/problem+json", response.text
        problem = response.json()
        assert problem["code"] == code, problem
        assert problem["status"] == response.status_code
        return problem

    def move(self, who: str, prescription: Any, move: str, **more: Any) -> Any:
        """Make a move that must succeed."""
        body = {"move": move, "revision": prescription["revision"], **more}
        return self.ok(who, "POST", f"/prescriptions/{prescription['id']}/moves", body)

    def not_moved(self, code: str, who: str, prescription: Any, move: str, **more: Any) -> Any:
        """Try a move that must be refused."""
        body = {"move": move, "revision": prescription["revision"], **more}
        return self.refused(code, who, "POST", f"/prescriptions/{prescription['id']}/moves", body)

    def sheet(self, **changes: Any) -> dict[str, Any]:
        """A sound sheet of the township; every call has a number of its own."""
        self.issued += 1
        sheet = deepcopy(EXAMPLES["Prescription"])
        sheet["patient"]["id"] = f"PT{self.issued:06d}"
        sheet["signatures"][0]["at"] = self.now.isoformat()
        return {
            **sheet,
            "number": f"N{self.issued:06d}",
            "institution": TOWNSHIP,
            "issued_at": self.now.isoformat(),
            "record_number": f"M{self.issued:06d}",
            **changes,
        }

    def submit(self, sheet: dict[str, Any], who: str = "his", **more: Any) -> Any:
        """Submit a sheet that must be accepted."""
        return self.ok(who, "POST", "/prescriptions", sheet, **more)

    def decided(self, who: str = "lead", **document: Any) -> None:
        """Let machines pass what is covered."""
        body = {
            "minutes": "2026-3",
            "decided_on": "2026-01-05",
            "from": "2026-01-05",
            "passes": ["pass", "note", "warn"],
            **document,
        }
        self.ok(who, "PUT", "/standing-decisions/PT-2026-3", body)

    def on_duty(self, who: str = "pharmacist", **document: Any) -> Any:
        """Somebody signs on."""
        body = {
            "person": ROLES[who][3],
            "skills": SKILLS,
            "from": self.now.isoformat(),
            "until": (self.now + timedelta(hours=8)).isoformat(),
            **document,
        }
        return self.ok(who, "POST", "/duty", body)


def make_service(url: str, folder: Path, clock: list[datetime]) -> Service:
    """A service over an upgraded database, with fresh keys; nothing runs beside the requests."""
    keys = folder / "keys"
    create_keys(keys)
    signer = new_signer()
    write_private_key(keys / "audit.pem", signer)
    write_public_key(keys / "audit.pub.pem", signer.verifier)
    return Service(url, keys, None, clock=lambda: clock[0], background=False)


def found(service: Service, reviewer: Reviewer, archive: bytes, clock: list[datetime]) -> dict[str, str]:
    """Found the county: edition, members, staff, and a credential for everybody. Returns secrets by name."""
    now, secrets = clock[0], {}
    digest = reviewer.edition.digest
    with service.database.write() as connection:
        county.found(connection, "示例县", (now - timedelta(days=400)).date())
        editions.keep(connection, digest, archive, "[]", now)
        editions.switch(connection, digest, now, "A001, L001", "the first edition")
        for institution in (TOWNSHIP, COUNTY_HOSPITAL, OTHER):
            document = json.dumps({"name": institution, "phone": "0371-6000"})
            county.put(connection, "member", institution, document, now, None)
        for code, entry in _STAFF.items():
            county.put(connection, "staff", code, json.dumps(entry), now, None, institution=entry["institution"])
        for name, (kind, roles, members, person) in ROLES.items():
            row: dict[str, Any] = {"roles": ",".join(roles), "members": members, "created_at": now}
            if kind == "client":
                row |= {"id": name, "secret": "unused"}
            else:
                row |= {"name": name, "person": person, "password": "unused", "public_key": None}
            accounts.add_owner(connection, kind, {"failures": 0, "paused_until": None, "disabled": False, **row})  # type: ignore[arg-type]
            secret = f"{'rxt' if kind == 'client' else 'rxs'}_{name}-secret-for-tests"
            secrets[name] = secret
            accounts.add_credential(
                connection,
                {
                    "digest": digest_of(secret),
                    "kind": "token" if kind == "client" else "session",
                    "owner": name,
                    "created_at": now,
                    "expires_at": now + timedelta(days=3650),
                },
            )
    service.centre.install(reviewer)
    return secrets


@cache
def one_app() -> FastAPI:
    """The application, made once a run: its routes take longer to make ready than most tests. Nothing is limited."""
    return create_app(requests_per_second=0)


def make_world(url: str, folder: Path, reviewer: Reviewer, archive: bytes) -> World:
    """A county whose HTTP client must be entered as a context."""
    clock = [BEGAN]
    service = make_service(url, folder, clock)
    app = one_app()
    app.state.held = service
    return World(service, TestClient(app, raise_server_exceptions=False), clock)


_RIGHTS = [
    {"kind": kind, "from": "2020-01-01"}
    for kind in ("prescribe", "antimicrobial_unrestricted", "antimicrobial_restricted", "patent_medicine")
]
_STAFF: dict[str, dict[str, Any]] = {
    "D001": {
        "institution": TOWNSHIP,
        "name": "李医师",
        "prescriber": {
            "licence": "physician",
            "title": "attending",
            "status": "active",
            "trainee": "none",
            "registered_at": [TOWNSHIP],
            "rights": _RIGHTS,
            "specimen_on_file": True,
            "tcm": False,
        },
    },
    "D002": {
        "institution": TOWNSHIP,
        "name": "周助理",
        "prescriber": {
            "licence": "assistant",
            "independent": False,
            "title": "none",
            "status": "active",
            "trainee": "none",
            "registered_at": [TOWNSHIP],
            "rights": _RIGHTS,
            "specimen_on_file": True,
            "tcm": False,
        },
    },
    **{
        code: {
            "institution": COUNTY_HOSPITAL,
            "name": name,
            "pharmacist": {"title": "pharmacist", "years": 6, "review_trained": True, "narcotic_dispensing": True},
        }
        for code, name in (("P001", "赵药师"), ("P002", "钱药师"), ("L001", "孙组长"), ("L002", "吴总药师"))
    },
}
