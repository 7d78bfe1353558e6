"""What callers look up: problems, reasons, the tables of moves, limits, rules, the edition in force."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic_core import to_json

from rx_review.api.access import ActorDep, ServiceDep
from rx_review.api.problem import documented
from rx_review.api.reading import LIMITS
from rx_review.api.shapes import ListShape
from rx_review.domain.moves import GUARDS, MOVES, STATE_NAMES
from rx_review.domain.problems import PROBLEMS, REASONS, Refusal

router = APIRouter(prefix="/v1", tags=["reference 参考"])
JSON = "application/json"


def _problem(code: str) -> dict[str, Any]:
    problem = PROBLEMS[code]
    return {
        "code": code,
        "status": problem.status,
        "title": {"zh": problem.zh, "en": problem.en},
        "do": {"zh": problem.do_zh, "en": problem.do_en},
        "retryable": problem.retryable,
    }


@router.get("/problems", summary="Every refusal 错误目录", response_model=ListShape)
def list_problems() -> Response:
    """The catalogue of refusals."""
    return Response(to_json({"items": [_problem(code) for code in PROBLEMS]}), media_type=JSON)


@router.get(
    "/problems/{code}", summary="One refusal 错误说明", response_model=dict[str, Any],
    responses=documented("not-found"),
)  # fmt: skip
def get_problem(code: Annotated[str, Path(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=64)]) -> Response:
    """What a code means and what to do."""
    if code not in PROBLEMS:
        raise Refusal("not-found")
    return Response(to_json(_problem(code)), media_type=JSON)


@router.get("/moves", summary="The tables of moves 流转表", response_model=dict[str, Any])
def list_moves() -> Response:
    """States, moves with who may make them and what must hold, coded reasons, and the limits of requests."""
    body = {
        "states": {state: asdict(named) for state, named in STATE_NAMES.items()},
        "moves": [
            {
                "move": each.name,
                "zh": each.zh,
                "en": each.en,
                "from": each.from_,
                "to": each.to,
                "by": each.by,
                "guards": each.guards,
                "reason": each.reason,
                "by_verdict": each.by_verdict,
                "keeps_state": each.keeps_state,
            }
            for each in MOVES
        ],
        "guards": {name: {"zh": zh, "en": en} for name, (zh, en) in GUARDS.items()},
        "reasons": {code: asdict(reason) for code, reason in REASONS.items()},
        "limits": LIMITS,
    }
    return Response(to_json(body), media_type=JSON)


@router.get(
    "/edition", summary="The edition in force 现行规则版本", response_model=dict[str, Any],
    responses=documented("unauthenticated"),
)  # fmt: skip
def get_edition(service: ServiceDep, _: ActorDep) -> Response:
    """Its digest, as answers carry it, and how many rules of each status it has."""
    held = service.centre.reviewer.edition
    count: dict[str, int] = {}
    for rule in held.rules:
        count[rule.status] = count.get(rule.status, 0) + 1
    return Response(to_json({"edition": held.name, "rules": count}), media_type=JSON)


@router.get(
    "/rules/{rule}", summary="A rule, of this edition or an earlier one 规则原文", response_model=dict[str, Any],
    responses=documented("unauthenticated", "not-found"),
)  # fmt: skip
def get_rule(
    service: ServiceDep,
    _: ActorDep,
    rule: Annotated[str, Path(pattern=r"^RX-[A-Z]{2,5}-[0-9]{3}$")],
    edition: Annotated[
        str | None,
        Query(pattern=r"^sha256:[0-9a-f]{64}$", description="as an answer named it; without it the one in force"),
    ] = None,
) -> Response:
    """The rule as its file says it, or said it when a prescription was decided: clauses, basis, why, message."""
    held = service.centre.reviewer.edition
    if edition is not None and edition != held.name:
        held = service.editions.reviewer_of(edition.removeprefix("sha256:")).edition
    found = next((each for each in held.rules if each.id == rule), None)
    if found is None:
        raise Refusal("not-found")
    body = {"edition": held.name, "version": found.version, **found.model_dump(mode="json", by_alias=True)}
    return Response(to_json(body), media_type=JSON)
