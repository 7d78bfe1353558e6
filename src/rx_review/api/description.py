"""The description of the API: OpenAPI 3.1 with the models of its bodies, links, examples and the tables of moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from rx_review.api.examples import EXAMPLES
from rx_review.api.reading import LIMITS
from rx_review.api.routes import prescriptions, sign_in
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
from rx_review.domain.problems import REASONS
from rx_review.domain.requests import MoveRequest

_BODIES = (
    Prescription, MoveRequest, DutyEntry, Dismissal, PauseEntry, Member, StaffEntry, StandingDecision, Registration,
    sign_in.LogIn, sign_in.Grant, prescriptions.Batch,
)  # fmt: skip
_REF = "#/components/schemas/{model}"
_RETRY = {"description": "seconds to wait", "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}}
_VERSION = {"description": "the version, for If-Match", "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'}}
_LOCATION = {
    "description": "where it is read",
    "schema": {"type": "string", "pattern": "^/v1/prescriptions/[0-9a-f]+$"},
}
_AFTER = {"submit_prescription": ("take", "cancel", "release", "charge"), "make_move": (
    "approve", "put_back", "return", "refuse", "resign", "charge", "refund", "void", "supply", "confirm", "object",
)}  # fmt: skip
_ENDS = {"sign_on": "sign_off", "pause_rule": "end_pause"}
_READS = ("get_prescription", "get_history", "get_identity")


def described(app: FastAPI) -> dict[str, Any]:
    """The description; made once, and kept in the application."""
    if app.openapi_schema is None:
        tree = get_openapi(title=app.title, version=app.version, description=_description(), routes=app.routes)
        schemas = tree["components"]["schemas"]
        for mode, models in (("validation", _BODIES), ("serialization", (ProblemShape,))):
            _, found = models_json_schema([(model, mode) for model in models], ref_template=_REF)  # type: ignore[misc]
            schemas |= found["$defs"]
        schemas["Problem"] = schemas.pop("ProblemShape")
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        tree = _renamed(tree)
        for operation in _operations(tree):
            _finish(operation)
        tree["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "token of a system or session of a person"}
        }
        app.openapi_schema = tree
    return app.openapi_schema


def _operations(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in tree["paths"].values():
        yield from path.values()


def _renamed(tree: Any) -> Any:
    """The tree with one name for the shape of problems, which batches carry too."""
    if isinstance(tree, dict):
        return {key: _renamed(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_renamed(value) for value in tree]
    return "#/components/schemas/Problem" if tree == "#/components/schemas/ProblemShape" else tree


def _finish(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    # The framework says 422 for what is answered 400 here.
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    operation["security"] = [{"bearer": []}] if "401" in responses and operation["tags"] != [sign_in.TAG] else []
    if operation["operationId"] == "log_out":
        operation["security"] = [{"bearer": []}]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _sent(parameter["schema"])
    for status, response in responses.items():
        _finish_response(operation["operationId"], status, response)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        if name in EXAMPLES:
            content["example"] = EXAMPLES[name]


def _sent(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter: it is sent or left out, and is never null."""
    given = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(given) != 1:
        return schema
    return {**given[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _finish_response(operation: str, status: str, response: dict[str, Any]) -> None:
    shapes = str(response.get("content", {}))
    headers = response.setdefault("headers", {})
    if status == "429":
        headers["Retry-After"] = {**_RETRY, "required": True}
    if status in ("200", "201") and ("EntryShape" in shapes or "PrescriptionShape" in shapes):
        headers["ETag"] = {**_VERSION, "required": True}
    if operation == "submit_prescription" and status in ("200", "201"):
        headers["Location"] = {**_LOCATION, "required": True}
    if not headers:
        del response["headers"]
    if status in ("200", "201") and operation in _AFTER:
        response["links"] = _links(operation)
    if status == "201" and operation in _ENDS:
        response["links"] = {"end": {"operationId": _ENDS[operation], "parameters": {"id": "$response.body#/id"}}}


def _links(operation: str) -> dict[str, Any]:
    """What can be asked next of a prescription, by the id in the answer."""
    name = {"parameters": {"id": "$response.body#/id"}}
    links: dict[str, Any] = {each: {"operationId": each, **name} for each in _READS}
    for move in _AFTER[operation]:
        body: dict[str, Any] = {"move": move, "revision": "$response.body#/revision"}
        codes = [code for code, reason in REASONS.items() if move in reason.moves]
        if codes:
            body["reason"] = {"code": codes[0]}
        if move in ("approve", "put_back", "return", "refuse"):
            body["fence"] = "$response.body#/fence"
        links[move] = {"operationId": "make_move", **name, "requestBody": body}
    return links


def _description() -> str:
    """What a vendor reads first: how to wait, what to do on failure, the tables of moves, the limits."""
    states = "\n".join(
        f"| `{state}` | {named.zh} | {named.en} | `{named.action}` |" for state, named in STATE_NAMES.items()
    )
    moves = "\n".join(_move_line(each) for each in MOVES)
    limits = "\n".join(f"| `{name}` | {value:,} |" for name, value in LIMITS.items())
    return f"""Prescriptions of a county medical community are reviewed before they reach the cashier.

**Budgets 时限**: connect 1 s, check 2 s, submit 3 s. After 3 s the HIS shows 审方暂不可用, holds at the cashier and
uses the signed emergency release. Submissions may be sent again at any time: number, day of issue and revision are
the key.

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
