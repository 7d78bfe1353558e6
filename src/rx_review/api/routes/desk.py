"""The desk: queue, duty, settled findings, pauses of rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic_core import to_json

from rx_review.api.access import ActorDep, ServiceDep
from rx_review.api.problem import documented
from rx_review.api.reading import body_of, takes
from rx_review.api.register_shapes import (
    DismissalShape,
    DutyShape,
    EndedPauseShape,
    PauseShape,
    PausesShape,
    RosterShape,
)
from rx_review.api.shapes import QueueShape
from rx_review.desk import duty as duties
from rx_review.desk import looking, settling
from rx_review.domain.county import Dismissal, DutyEntry, PauseEntry
from rx_review.domain.problems import Refusal
from rx_review.domain.values import Instant

router = APIRouter(prefix="/v1", tags=["desk 审方"])
JSON = "application/json"
Number = Annotated[int, Path(alias="id", ge=1, le=2_000_000_000)]
_WRITES = ("contradiction", "unauthenticated", "forbidden", "too-large", "unsupported-media-type")


@router.get(
    "/queue", summary="Sheets that wait 待审队列", response_model=QueueShape,
    responses=documented("unauthenticated", "forbidden"),
)  # fmt: skip
def get_queue(
    service: ServiceDep,
    actor: ActorDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    mine: Annotated[bool, Query(description="only what you may take now")] = False,
) -> Response:
    """The most urgent and then the oldest first; beside it what was supplied or released without review."""
    return Response(
        to_json(looking.queue(service.centre, actor, service.instant(), limit=limit, mine=mine)), media_type=JSON
    )


@router.get(
    "/duty", summary="The duty roster 值班表", response_model=RosterShape,
    responses=documented("unauthenticated", "forbidden", "contradiction"),
)  # fmt: skip
def get_roster(
    service: ServiceDep,
    actor: ActorDep,
    since: Annotated[Instant | None, Query()] = None,
    until: Annotated[Instant | None, Query()] = None,
) -> Response:
    """Who is planned between two instants (default: the next seven days), and who is on duty now."""
    now = service.instant()
    first: datetime = since or now
    last: datetime = until or first + timedelta(days=7)
    if not (timedelta(0) < last - first <= timedelta(days=92)):
        raise Refusal("contradiction", "until must lie within 92 days after since", "截止时间须在起始后 92 天内")
    return Response(to_json(duties.roster(service.centre, actor, first, last, now)), media_type=JSON)


@router.post(
    "/duty", summary="Sign on, or plan for others 上岗、排班", status_code=201, response_model=DutyShape,
    responses=documented(*_WRITES, "unknown-staff", "lacks-skill", "unknown-member", "not-found"),
    openapi_extra=takes(DutyEntry),
)  # fmt: skip
def sign_on(service: ServiceDep, actor: ActorDep, asked: Annotated[DutyEntry, Depends(body_of(DutyEntry))]) -> Response:
    """A pharmacist signs on; a lead plans for anybody."""
    body = duties.sign_on(service.centre, actor, asked, service.instant())
    return Response(to_json(body), status_code=201, media_type=JSON)


@router.delete(
    "/duty/{id}", summary="Sign off 下岗", response_model=DutyShape,
    responses=documented("unauthenticated", "forbidden", "not-found"),
)  # fmt: skip
def sign_off(service: ServiceDep, actor: ActorDep, number: Number) -> Response:
    """Sign off; what you hold is put back when its lease runs out."""
    return Response(to_json(duties.sign_off(service.centre, actor, number, service.instant())), media_type=JSON)


@router.post(
    "/dismissals", summary="Settle a finding for a patient 处理提示", status_code=201, response_model=DismissalShape,
    responses=documented(*_WRITES, "not-found", "unknown-staff", "lacks-skill"), openapi_extra=takes(Dismissal),
)  # fmt: skip
def settle_finding(
    service: ServiceDep, actor: ActorDep, asked: Annotated[Dismissal, Depends(body_of(Dismissal))]
) -> Response:
    """It is not asked again for this patient, until what the finding rests on changes or the days are over."""
    body = settling.dismiss(service.centre, actor, asked, service.instant())
    return Response(to_json(body), status_code=201, media_type=JSON)


@router.get(
    "/pauses", summary="Rules that are paused 暂停的规则", response_model=PausesShape,
    responses=documented("unauthenticated", "forbidden"),
)  # fmt: skip
def list_pauses(service: ServiceDep, actor: ActorDep) -> Response:
    """Pauses that hold now."""
    return Response(to_json(duties.pauses(service.centre, actor, service.instant())), media_type=JSON)


@router.post(
    "/pauses", summary="Put a rule to shadow for a while 暂停规则", status_code=201, response_model=PauseShape,
    responses=documented(*_WRITES, "unknown-rule"), openapi_extra=takes(PauseEntry),
)  # fmt: skip
def pause_rule(
    service: ServiceDep, actor: ActorDep, asked: Annotated[PauseEntry, Depends(body_of(PauseEntry))]
) -> Response:
    """A lead lets a rule, a topic or a family count and not speak, for at most thirty days."""
    body = duties.pause(service.centre, actor, asked, service.instant())
    return Response(to_json(body), status_code=201, media_type=JSON)


@router.delete(
    "/pauses/{id}", summary="End a pause 恢复规则", response_model=EndedPauseShape,
    responses=documented("unauthenticated", "forbidden", "not-found"),
)  # fmt: skip
def end_pause(service: ServiceDep, actor: ActorDep, number: Number) -> Response:
    """The rule speaks again."""
    return Response(to_json(duties.end_pause(service.centre, actor, number, service.instant())), media_type=JSON)
