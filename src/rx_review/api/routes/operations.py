"""Operations: alive, ready, metrics, and the newest checkpoint of the audit for members to keep."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic_core import to_json

from rx_review.api import metrics
from rx_review.api.access import ActorDep, ServiceDep
from rx_review.api.problem import documented
from rx_review.audit import write_checkpoint
from rx_review.audit.sealer import seal_from
from rx_review.domain.problems import Refusal
from rx_review.store import audit, county

router = APIRouter(tags=["operations 运行"])
JSON = "application/json"


@router.get("/livez", summary="Alive 存活", response_class=PlainTextResponse)
async def is_alive() -> PlainTextResponse:
    """This process answers."""
    return PlainTextResponse("alive\n")


@router.get(
    "/readyz", summary="Ready 就绪", response_model=dict[str, Any],
    responses={503: {"description": "something is not in order", "content": {JSON: {"schema": {"type": "object"}}}}},
)  # fmt: skip
def is_ready(service: ServiceDep) -> Response:
    """Database, migrations, edition, clock, sealer: each with what is wrong; 503 if anything is."""
    checks = service.readiness()
    ready = all(not check.fault for check in checks)
    body = {"ready": ready, "edition": service.centre.edition, "checks": [asdict(check) for check in checks]}
    return Response(to_json(body), status_code=200 if ready else 503, media_type=JSON)


@router.get("/metrics", summary="Prometheus metrics 监控指标", response_class=PlainTextResponse)
def get_metrics(service: ServiceDep) -> Response:
    """Counts and times; no identity. Keep this path inside the network of operations."""
    return Response(metrics.render(service.standing()), headers={"Content-Type": metrics.CONTENT_TYPE})


@router.get(
    "/v1/audit/checkpoint", tags=["audit 审计"], summary="The newest checkpoint 最新检查点",
    response_class=PlainTextResponse, responses=documented("unauthenticated", "not-found"),
)  # fmt: skip
def get_checkpoint(service: ServiceDep, _: ActorDep) -> Response:
    """A signed line of the chain. Members keep it elsewhere: a tail that is cut off later is found against it."""
    with service.database.read() as connection:
        last, founded = audit.last_seal(connection), county.county(connection)
    if last is None or founded is None:
        raise Refusal("not-found", "nothing is sealed yet", "尚无封存记录")
    return PlainTextResponse(write_checkpoint(seal_from(last, founded.name)))
