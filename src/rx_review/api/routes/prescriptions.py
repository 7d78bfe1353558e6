"""Prescriptions: check, submit, revise, move, wait, list; the cashier's gate."""

from __future__ import annotations

import time
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import Field
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from rx_review.api import metrics
from rx_review.api.access import ActorDep, SecretDep, ServiceDep, actor_of
from rx_review.api.problem import MEDIA_TYPE, answer, documented, refusal_of
from rx_review.api.reading import BATCH, BATCH_BODY, bounded_body, document_of, json_of, takes, too_large
from rx_review.api.service import Service
from rx_review.api.shapes import (
    BatchShape,
    CheckShape,
    HistoryShape,
    IdentityShape,
    PageShape,
    PrescriptionShape,
    ReleaseShape,
)
from rx_review.desk import cashier, looking, submission
from rx_review.desk.actor import Actor
from rx_review.desk.laps import Laps, server_timing
from rx_review.desk.moving import move
from rx_review.domain.moves import State
from rx_review.domain.prescription import Prescription, Strict
from rx_review.domain.problems import Refusal
from rx_review.domain.reading import BODY, check_document
from rx_review.domain.requests import MoveRequest
from rx_review.domain.values import Code, Day, Text
from rx_review.errors import InputError

router = APIRouter(prefix="/v1", tags=["prescriptions 处方"])

JSON = "application/json"
Identifier = Annotated[str, Path(alias="id", pattern=r"^[0-9a-f]{32}$", description="id of the prescription")]
KEY = r"^[!-~]{1,128}$"
KeyHeader = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=KEY, description="optional: number and revision are a key themselves"),
]
CursorText = Annotated[str | None, Query(pattern=r"^[0-9A-Za-z_=\-]{1,300}$", description="`next` of the page before")]
_LOOKS_EVERY = 0.4


class BatchEntry(Strict):
    """One prescription of a batch, and a key of its own if the caller wants one."""

    prescription: Annotated[
        dict[str, Any], Field(description="a Prescription; what is wrong with it is answered in its own place")
    ]
    key: Annotated[str | None, Field(pattern=KEY)] = None


class Batch(Strict):
    """Prescriptions that are submitted together and answered one by one."""

    items: Annotated[tuple[BatchEntry, ...], Field(min_length=1, max_length=BATCH)]


def _told(body: dict[str, Any], status: int = 200, **more: str) -> Response:
    """An answer about one prescription; `more` are headers, with `_` for `-`."""
    headers = {"ETag": f'"{body["version"]}"', **{name.replace("_", "-"): value for name, value in more.items()}}
    if body.get("poll_after") is not None:
        headers["Retry-After"] = str(body["poll_after"])
    return Response(to_json(body), status_code=status, media_type=JSON, headers=headers)


@router.post(
    "/checks",
    summary="Check a draft 保存时检查（不存储）",
    response_model=CheckShape,
    responses=documented("contradiction", "forbidden", "unauthenticated", "unknown-member", "not-found", "too-large",
                         "unsupported-media-type"),
    openapi_extra=takes(Prescription),
)  # fmt: skip
async def check_draft(request: Request, service: ServiceDep, secret: SecretDep) -> Response:
    """Review a prescription that is still being written. Nothing is stored, signed or counted."""
    data = await bounded_body(request)

    def work() -> Response:
        with service.at_work():
            actor = actor_of(request, secret)
            prescription = document_of(request, data, Prescription)
            told = submission.check(service.centre, actor, prescription, service.instant())
            return Response(to_json(told), media_type=JSON)

    return await run_in_threadpool(work)


@router.post(
    "/prescriptions",
    summary="Submit a prescription or its next revision 提交处方",
    status_code=201,
    response_model=PrescriptionShape,
    responses={
        200: {"description": "submitted before; nothing was done again", "model": PrescriptionShape},
        **documented("contradiction", "forbidden", "unauthenticated", "unknown-member", "not-found", "too-large",
                     "unsupported-media-type", "move-not-allowed", "stale-revision", "revision-gap",
                     "same-revision-other-content", "key-reused"),
    },
    openapi_extra=takes(Prescription),
)  # fmt: skip
async def submit_prescription(
    request: Request, service: ServiceDep, secret: SecretDep, key: KeyHeader = None
) -> Response:
    """Review and keep a prescription. (institution, number, day of issue, revision) may be sent again at any time."""
    # One hop to a thread for all that takes time: a hop costs as much as a look into the database.
    return await run_in_threadpool(_submitted, request, service, secret, await bounded_body(request), key)


def _submitted(request: Request, service: Service, secret: str, data: bytes, key: str | None) -> Response:
    laps = Laps()
    with service.at_work():
        laps.lap("lock")
        actor = actor_of(request, secret)
        laps.lap("sign-in")
        prescription = document_of(request, data, Prescription)
        laps.lap("parse")
        body = _submit(service, actor, prescription, key, laps)
    where = f"/v1/prescriptions/{body['id']}"
    return _told(body, 200 if body["replayed"] else 201, Location=where, Server_Timing=server_timing(laps.seconds))


def _submit(service: Service, actor: Actor, prescription: Prescription, key: str | None, laps: Laps) -> dict[str, Any]:
    began = time.perf_counter()
    body = submission.submit(service.centre, actor, prescription, service.instant(), key, laps)
    if not body["replayed"]:
        metrics.observe_review(body["review"]["verdict"], time.perf_counter() - began)
        if any(entry["fact"] == "engine" for entry in body["review"]["not_judged"]):
            metrics.observe_disagreement()
    return body


@router.post(
    "/prescriptions/batch",
    summary="Submit up to 500 prescriptions 批量提交",
    response_model=BatchShape,
    responses=documented("unauthenticated", "cross-site", "too-large", "unsupported-media-type"),
    openapi_extra=takes(Batch),
)
async def submit_batch(
    request: Request, service: ServiceDep, secret_actor: Annotated[Actor, Depends(actor_of)]
) -> Response:
    """Each item is reviewed and kept by itself, with a key of its own, and answered as if it had come alone."""
    asked = check_document(Batch, json_of(request, await bounded_body(request, BATCH_BODY)), quote=False)
    found = []
    for index, entry in enumerate(asked.items):
        found.append(await run_in_threadpool(_item, request, service, secret_actor, index, entry))
    return Response(b'{"items":[' + b",".join(found) + b"]}", media_type=JSON)


def _item(request: Request, service: Service, actor: Actor, index: int, entry: BatchEntry) -> bytes:
    try:
        if len(to_json(entry.prescription)) > BODY:
            raise too_large(BODY)
        with service.at_work():
            prescription = check_document(Prescription, entry.prescription, "/prescription", quote=False)
            body = _submit(service, actor, prescription, entry.key, Laps())
        status = 200 if body["replayed"] else 201
        return to_json({"index": index, "status": status, "key": entry.key, "answer": body, "problem": None})
    except (Refusal, InputError) as error:
        refusal = error if isinstance(error, Refusal) else refusal_of(error)
        response = answer(request, refusal)
        head = to_json({"index": index, "status": response.status_code, "key": entry.key, "answer": None})
        return head[:-1] + b',"problem":' + bytes(response.body) + b"}"


@router.get(
    "/prescriptions",
    summary="List prescriptions 处方列表",
    response_model=PageShape,
    responses=documented("unauthenticated", "forbidden", "bad-cursor", "not-found"),
)
def list_prescriptions(
    service: ServiceDep,
    actor: ActorDep,
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    state: Annotated[State | None, Query()] = None,
    institution: Annotated[Code | None, Query()] = None,
) -> Response:
    """Prescriptions in the order in which they came."""
    body = looking.listed(service.centre, actor, cursor=cursor, limit=limit, state=state, institution=institution)
    headers = {}
    if body["next"] is not None:
        headers["Link"] = f'</v1/prescriptions?cursor={body["next"]}&limit={limit}>; rel="next"'
    return Response(to_json(body), media_type=JSON, headers=headers)


@router.get(
    "/prescriptions/{id}",
    summary="Where a prescription stands; waits for a change 查询（可等待）",
    response_model=PrescriptionShape,
    responses={304: {"description": "nothing changed"}, **documented("unauthenticated", "forbidden", "not-found")},
)
async def get_prescription(
    service: ServiceDep,
    actor: ActorDep,
    identifier: Identifier,
    wait: Annotated[int, Query(ge=0, le=30, description="seconds to wait while the action is `wait`")] = 0,
    seen: Annotated[str | None, Header(alias="If-None-Match", max_length=64)] = None,
) -> Response:
    """Answers at once, or, with `wait`, as soon as somebody has decided. Ask again with the ETag as If-None-Match."""
    known = None if seen is None else seen.strip('W/"')
    began = anyio.current_time()
    body = await run_in_threadpool(looking.look, service.centre, actor, identifier, service.instant())
    while body["action"] == "wait" and anyio.current_time() - began < wait:
        await anyio.sleep(_LOOKS_EVERY)
        version = await run_in_threadpool(looking.version_of, service.centre, actor, identifier)
        if version != body["version"]:
            body = await run_in_threadpool(looking.look, service.centre, actor, identifier, service.instant())
    if known == str(body["version"]):
        return Response(status_code=304, headers={"ETag": f'"{body["version"]}"'})
    return _told(body)


@router.post(
    "/prescriptions/{id}/moves",
    summary="Make a move: the table decides 流转操作",
    response_model=PrescriptionShape,
    responses=documented(
        "contradiction", "unauthenticated", "forbidden", "not-found", "too-large", "unsupported-media-type",
        "move-not-allowed", "stale-revision", "taken-by-other", "lease-lost", "same-person", "other-prescriber",
        "not-a-physician", "not-releasable", "reason-needed", "content-changed", "not-fit-for-supply", "not-on-duty",
        "lacks-skill", "unknown-staff", "version-changed",
    ),
    openapi_extra=takes(MoveRequest),
)  # fmt: skip
async def make_move(request: Request, service: ServiceDep, secret: SecretDep, identifier: Identifier) -> Response:
    """The table of moves (`GET /v1/moves`) says from which state, by whom, and what a move needs."""
    data = await bounded_body(request)

    def work() -> Response:
        with service.at_work():
            actor = actor_of(request, secret)
            asked = document_of(request, data, MoveRequest)
            return _told(move(service.centre, actor, identifier, asked, service.instant()))

    return await run_in_threadpool(work)


@router.get(
    "/prescriptions/{id}/history",
    summary="What happened, and every review 处方全程记录",
    response_model=HistoryShape,
    responses=documented("unauthenticated", "forbidden", "not-found"),
)
def get_history(service: ServiceDep, actor: ActorDep, identifier: Identifier) -> Response:
    """Every entry of the audit about it, and each review with the sheet and the circumstances of that moment."""
    return Response(to_json(looking.history(service.centre, actor, identifier)), media_type=JSON)


@router.get(
    "/prescriptions/{id}/identity",
    summary="Who it names 身份信息（默认遮蔽）",
    response_model=IdentityShape,
    responses=documented("unauthenticated", "forbidden", "not-found"),
)
def get_identity(
    service: ServiceDep,
    actor: ActorDep,
    identifier: Identifier,
    reason: Annotated[
        Text | None, Query(min_length=2, description="why it must be seen whole; kept in the audit")
    ] = None,
) -> Response:
    """Masked; whole with a reason, which is an act of its own in the audit."""
    body = looking.identity(service.centre, actor, identifier, service.instant(), reason)
    return Response(to_json(body), media_type=JSON, headers={"Cache-Control": "no-store"})


@router.get(
    "/release",
    tags=["cashier 收费"],
    summary="The cashier's gate: may it be charged? 收费放行",
    response_model=ReleaseShape,
    responses=documented("unauthenticated", "forbidden", "not-found"),
)
def ask_release(
    service: ServiceDep,
    actor: ActorDep,
    institution: Annotated[Code, Query()],
    number: Annotated[Code, Query()],
    issued_on: Annotated[Day | None, Query(description="day of issue; without it the newest of that number")] = None,
) -> Response:
    """Yes or no, for which revision and content, until when."""
    body = cashier.gate(service.centre, actor, institution, number, issued_on, service.instant())
    return Response(to_json(body), media_type=JSON)


__all__ = ["MEDIA_TYPE", "router"]
