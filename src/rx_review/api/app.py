"""The application: routes, problems, limits, and its description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from rx_review import config
from rx_review.api import metrics, problem
from rx_review.api.logs import RequestLog
from rx_review.api.pages import offline_docs
from rx_review.api.reading import BATCH, LIMITS
from rx_review.api.routes import desk, operations, prescriptions, reference, registers, sign_in
from rx_review.api.service import Service
from rx_review.api.shapes import ProblemShape
from rx_review.domain.county import (
    Dismissal,
    DutyEntry,
    Member,
    PauseEntry,
    Registration,
    StaffEntry,
    StandingDecision,
)
from rx_review.domain.moves import MOVES, STATE_NAMES, Move
from rx_review.domain.prescription import Prescription
from rx_review.domain.requests import MoveRequest

THREADS = 12
"""Requests that work at once in a process: more would only wait for each other's turn at the interpreter."""

_TITLE = "rx-review 县域医共体处方审核"
_BODIES = (
    Prescription, MoveRequest, DutyEntry, Dismissal, PauseEntry, Member, StaffEntry, StandingDecision, Registration,
    sign_in.LogIn,
)  # fmt: skip


def create_app(service: Service | None = None) -> FastAPI:
    """The ASGI application; without a service of its own it opens the one that the environment describes."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        app.state.service = await anyio.to_thread.run_sync(held.open)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(held.close)

    held = service or Service(config.database_url(), config.keys_dir(), config.cache_dir())
    app = FastAPI(title=_TITLE, version="1", docs_url=None, redoc_url=None, lifespan=life)
    for module in (prescriptions, desk, registers, sign_in, reference, operations):
        app.include_router(module.router)
    problem.handlers(app)
    offline_docs(app)
    app.add_middleware(RequestLog, observe=metrics.observe_request)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The description of the API, with the models of its bodies and the tables of moves."""
    if app.openapi_schema is None:
        tree = get_openapi(title=app.title, version=app.version, description=_description(), routes=app.routes)
        _, models = models_json_schema(
            [(model, "validation") for model in _BODIES], ref_template="#/components/schemas/{model}"
        )
        schemas = tree["components"]["schemas"]
        schemas |= models.get("$defs", {})
        _, shapes = models_json_schema([(ProblemShape, "serialization")], ref_template="#/components/schemas/{model}")
        schemas |= shapes["$defs"]
        schemas["Problem"] = schemas["ProblemShape"]
        schemas["Batch"] = _batch()
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        for operation in (each for path in tree["paths"].values() for each in path.values()):
            # The framework says 422 for what is answered 400 here.
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
        tree["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "token of a system or session of a person"}
        }
        tree["security"] = [{"bearer": []}]
        app.openapi_schema = tree
    return app.openapi_schema


def _batch() -> dict[str, Any]:
    item = {
        "type": "object",
        "additionalProperties": False,
        "required": ["prescription"],
        "properties": {
            "prescription": {"$ref": "#/components/schemas/Prescription"},
            "key": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[ -~]+$"},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["items"],
        "properties": {"items": {"type": "array", "minItems": 1, "maxItems": BATCH, "items": item}},
    }


def _description() -> str:
    """What a vendor reads first: how to wait, what to do on failure, the tables of moves, the limits."""
    states = "\n".join(
        f"| `{state}` | {named.zh} | {named.en} | `{named.action}` |" for state, named in STATE_NAMES.items()
    )
    moves = "\n".join(_move_line(each) for each in MOVES)
    limits = "\n".join(f"| `{name}` | {value:,} |" for name, value in LIMITS.items())
    return f"""Prescriptions of a county medical community are reviewed before they reach the cashier.

**Budgets 时限**: connect 1 s, check 2 s, submit 3 s. After 3 s the HIS shows 审方暂不可用, holds at the cashier and uses
the signed emergency release. Submissions may be sent again at any time: number, day of issue and revision are the key.

**To wait 等待**: `GET /v1/prescriptions/{{id}}?wait=20` answers when somebody has decided; `action` says what to do.

**States 状态**

| state | 中文 | English | action |
|---|---|---|---|
{states}

**Moves 操作**

| move | 中文 | from | to | by | needs |
|---|---|---|---|---|---|
{moves}

**Limits 限额**

| limit | value |
|---|---|
{limits}
"""


def _move_line(each: Move) -> str:
    to = "by verdict" if each.by_verdict else ", ".join(each.to)
    needs = ", ".join((*each.guards, *(("reason",) if each.reason else ())))
    return f"| `{each.name}` | {each.zh} | {', '.join(each.from_)} | {to} | {', '.join(each.by)} | {needs} |"
