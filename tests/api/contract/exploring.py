"""Schemathesis against a county that runs: every phase, every check, as somebody or as nobody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from math import copysign
from typing import Any

import schemathesis
from schemathesis import Config
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from tests.api.world import TOWNSHIP, World

from rx_review.api.app import create_app
from rx_review.desk.accounts import digest_of
from rx_review.domain.problems import REASONS
from rx_review.store import accounts

EVERY_ROLE = "prescriber,pharmacist,lead,chief,cashier,dispenser,auditor,administrator"
# The county of the exploration under way: hooks of schemathesis are the process's, and know no schema.
_WALK: list[World] = []
_BY: list[dict[str, str]] = []
PHASES = ("examples", "coverage", "fuzzing", "stateful")
CHECKS = {
    # What keeps the schema may be refused for what it means: it contradicts itself or names what no register has
    # (422), names what is not there (404) or what stands elsewhere in its way (409), was changed meanwhile or is not
    # said of which version (412, 428), is not this caller's (403), or an account pauses after five wrong passwords
    # (429). It is never 400: then the schema would be broken, and the description wrong.
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "304", "401", "403", "404", "409", "412", "422", "428", "429"]
    },
    # What breaks the schema is 400 once the caller is known, and never 422, which is kept for contradictions.
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "405", "406", "409", "413", "415"],
    },
}
FILES = {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "403", "422"]}}


@dataclass
class Outcome:
    """What an exploration saw."""

    cases: int = 0
    failures: list[Failed] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    stateful: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    by_phase: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    def share(self, label: str) -> float:
        """The share of 2xx among the answers that the state machine got of an operation."""
        counted = self.stateful[label]
        return sum(n for status, n in counted.items() if status < 300) / max(1, counted.total())


@dataclass(frozen=True)
class Failed:
    """A check that failed, with the request that repeats it."""

    operation: str
    title: str
    text: str


def everybody(world: World) -> None:
    """Let there be somebody `everybody` with every role and every member: it reaches the deepest paths."""
    with world.service.database.write() as connection:
        row: dict[str, Any] = {"roles": EVERY_ROLE, "members": "", "created_at": world.now, "password": "unused"}
        row |= {"name": "everybody", "person": "P001", "public_key": None}
        accounts.add_owner(connection, "account", {"failures": 0, "paused_until": None, "disabled": False, **row})
        world.secrets["everybody"] = "rxs_everybody-secret-for-tests"
        accounts.add_credential(
            connection,
            {
                "digest": digest_of(world.secrets["everybody"]),
                "kind": "session",
                "owner": "everybody",
                "created_at": world.now,
                "expires_at": world.now + timedelta(days=3650),
            },
        )


def explore(
    world: World,
    who: str | None,
    *,
    phases: Sequence[str] = PHASES,
    examples: int = 10,
    steps: int = 10,
    without: Sequence[str] = (),
    seed: int = 1,
) -> Outcome:
    """Explore the county's API as somebody, or without credentials, and say what was seen.

    Args:
        world: the county.
        who: the credential's name; None for no credential.
        phases: of `PHASES`.
        examples: requests of the fuzzing phase for an operation, and runs of the state machine.
        steps: of one run of the state machine.
        without: operations that are left out.
        seed: the same seed asks the same.
    """
    settings = Config.from_dict(
        {
            "seed": seed,
            "request-timeout": 120,
            "headers": {} if who is None else {"Authorization": f"Bearer {world.secrets[who]}"},
            "checks": CHECKS,
            "generation": {"max-examples": examples, "no-shrink": True, "deterministic": False, "database": "none"},
            "continue-on-failure": True,
            # What a file says is its own matter, and no schema's: csv or xlsx, with columns and rows.
            "operations": [{"include-operation-id": "import_registers", "checks": FILES}],
            "phases": {
                **{name: {"enabled": name in phases} for name in PHASES},
                "coverage": {"enabled": "coverage" in phases, "generate-duplicate-query-parameters": True},
                "stateful": {"enabled": "stateful" in phases, "max-steps": steps, "inference": {"algorithms": []}},
            },
        }
    )
    # An application of its own, without a limit to its rate: what is asked here is asked as fast as it can be.
    app = create_app(world.service, requests_per_second=0)
    app.state.service = world.service
    schema = schemathesis.openapi.from_asgi("/openapi.json", _without_life(app), config=settings)
    # To log out would end the credential of all that follows.
    schema = schema.exclude(operation_id=["log_out", *without])
    _WALK[:] = [world]
    # A system names who acts; a person does not.
    _BY[:] = [{"by": "D001"} if who == "his" else {}]
    outcome = Outcome()
    for event in from_schema(schema).execute():
        _note(outcome, event)
    return outcome


@schemathesis.hook("before_call")
def _to_the_point(context: Any, case: Any, kwargs: Any) -> None:
    """Let what keeps the schema be about this county, so that it goes on beyond the first refusal.

    What no schema says is kept too: numbers have at most six decimals and no exponent, whole numbers no fraction;
    `supply` says who dispensed; a revision is submitted and is no move; and only a system names who acts.
    Nobody waits for a change that will not come.
    """
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    operation = case.operation.definition.raw["operationId"]
    if operation == "get_prescription" and "wait" in (case.query or {}):
        case.query = {**case.query, "wait": 0}
    if not isinstance(case.body, dict):
        return
    body = _plain(case.body)
    walking = case.meta.phase.name.value == "stateful"
    match operation:
        case "make_move":
            body = _next_move(case.path_parameters, body) if walking else body
            body = {key: value for key, value in body.items() if key != "by"} | _BY[-1]
            if body.get("move") == "revise":
                body["move"] = "take"
            if body.get("move") == "supply":
                body["dispensed"] = {"dispenser": "P001", "checker": "P002"}
        case "submit_prescription" if walking:
            body = _WALK[0].sheet()
            body["lines"][0]["quantity"] = 1 + 5 * (_WALK[0].issued % 2)
        case "submit_prescription" | "check_draft":
            body["institution"] = TOWNSHIP
        case "submit_batch":
            body["items"] = [
                {**each, "prescription": {**each["prescription"], "institution": TOWNSHIP}} for each in body["items"]
            ]
    case.body = body


def _next_move(path: Any, body: dict[str, Any]) -> dict[str, Any]:
    """A move that the prescription allows now, so that the walk goes on: every second one as it was drawn."""
    world = _WALK[0]
    answered = world.call("everybody", "GET", f"/prescriptions/{(path or {}).get('id')}")
    world.issued += 1
    if answered.status_code != 200 or world.issued % 4 == 0:
        return body
    told = answered.json()
    allowed = [each for each in told["allowed"] if each not in ("revise", "cancel", "release")] or ["take"]
    move = allowed[world.issued % len(allowed)]
    codes = [code for code, reason in REASONS.items() if move in reason.moves]
    reason = {"reason": {"code": codes[0]}} if codes else {}
    return {"move": move, "revision": told["revision"], "fence": told["fence"], **reason}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        short = value if abs(value) >= 1e9 else float(Decimal(repr(value)).quantize(Decimal("0.0001"), ROUND_DOWN))
        if value and not short:
            # What is more than nothing stays so.
            short = copysign(0.0001, value)
        return int(short) if short.is_integer() else short
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _without_life(app: Any) -> Any:
    """The application without its life span: its service is open already, and the world closes it."""

    async def within(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await app(scope, receive, send)

    return within


def _note(outcome: Outcome, event: Any) -> None:
    match event:
        case events.ScenarioFinished():
            _recorded(outcome, event)
        case events.NonFatalError():
            outcome.errors.append(f"{event.label}: {event.info.title}: {event.value!r}")
        case events.FatalError():
            raise event.exception


def _recorded(outcome: Outcome, event: events.ScenarioFinished) -> None:
    phase, recorder = str(event.phase.value), event.recorder
    outcome.seconds[phase] += event.elapsed_time
    for identifier, node in recorder.cases.items():
        interaction = recorder.interactions.get(identifier)
        if interaction is None or interaction.response is None:
            continue
        label, status = node.value.operation.label, interaction.response.status_code
        outcome.cases += 1
        outcome.by_phase[phase] += 1
        outcome.statuses[label][status] += 1
        if phase.startswith("stateful"):
            outcome.stateful[label][status] += 1
        for check in recorder.checks.get(identifier, ()):
            if check.failure_info is not None:
                outcome.failures.append(_failed(label, interaction.response, check.failure_info))


def _failed(label: str, response: Any, info: Any) -> Failed:
    failure: Failure = info.failure
    answer = response.content[:600].decode("utf-8", "replace")
    return Failed(label, failure.title, f"{failure.message}\n{response.status_code} {answer}\n{info.code_sample}")
