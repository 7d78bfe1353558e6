"""Tokens for systems (OAuth2 client credentials) and sessions for people."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from pydantic_core import to_json

from rx_review.api.access import COOKIE, ActorDep, ServiceDep, secret_of
from rx_review.api.problem import documented
from rx_review.api.reading import body_of, bounded_body, takes
from rx_review.api.register_shapes import SessionShape, TokenShape
from rx_review.desk import accounts
from rx_review.desk.answer import stamp
from rx_review.domain.prescription import Strict
from rx_review.domain.problems import Refusal
from rx_review.domain.reading import check_document
from rx_review.domain.values import Text

TAG = "sign in 登录"
router = APIRouter(prefix="/v1", tags=[TAG])
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
FORM_BODY = 8 * 1024
_UNSTORED = {"Cache-Control": "no-store"}


class LogIn(Strict):
    """Name and password of a person."""

    name: Text
    password: Text


class Grant(Strict):
    """What a system sends for a token (RFC 6749 §4.4.2)."""

    grant_type: Literal["client_credentials"]
    client_id: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
    client_secret: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]


async def _grant(request: Request) -> Grant:
    """The form of a body, which is read here because the framework's reader knows no bound.

    Raises:
        Refusal: `too-large`, `unsupported-media-type`, `bad-request`, `bad-grant`.
        InputError: with every fault.
    """
    data = await bounded_body(request, FORM_BODY)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Refusal("unsupported-media-type", more={"accepts": [FORM]})
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except ValueError as error:
        raise Refusal("bad-request", "not a form", "不是表单") from error
    given = dict(pairs)
    if len(given) < len(pairs):
        raise Refusal("bad-request", "a field stands twice", "同一字段出现两次")
    if given.get("grant_type", "client_credentials") != "client_credentials":
        raise Refusal("bad-grant")
    return check_document(Grant, given, quote=False)


@router.post(
    "/token", summary="A token for a system 系统令牌", response_model=TokenShape,
    responses=documented("bad-credentials", "bad-grant", "paused-account", "too-large", "unsupported-media-type"),
    openapi_extra=takes(Grant, FORM),
)  # fmt: skip
def grant_token(service: ServiceDep, asked: Annotated[Grant, Depends(_grant)]) -> Response:
    """OAuth2 client credentials (RFC 6749 §4.4)."""
    granted = accounts.grant(service.database, asked.client_id, asked.client_secret, service.instant())
    body = {"access_token": granted, "token_type": "Bearer", "expires_in": accounts.TOKEN_MINUTES * 60}
    return Response(to_json(body), media_type=JSON, headers=_UNSTORED)


@router.post(
    "/sessions", summary="Log in 登录", status_code=201, response_model=SessionShape,
    responses=documented("bad-credentials", "paused-account", "too-large", "unsupported-media-type", "contradiction"),
    openapi_extra=takes(LogIn),
)  # fmt: skip
def log_in(request: Request, service: ServiceDep, asked: Annotated[LogIn, Depends(body_of(LogIn))]) -> Response:
    """The session is answered, and set as a cookie for pages of this system."""
    now = service.instant()
    secret, row = accounts.log_in(service.database, asked.name, asked.password, now)
    body = {
        "session": secret,
        "person": row.person,
        "roles": [role for role in row.roles.split(",") if role],
        "expires_at": stamp(now + timedelta(hours=accounts.SESSION_HOURS)),
    }
    response = Response(to_json(body), status_code=201, media_type=JSON, headers=_UNSTORED)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=accounts.SESSION_HOURS * 3600,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.delete(
    "/sessions/current", summary="Log out 退出", status_code=204, responses=documented("unauthenticated", "cross-site"),
)  # fmt: skip
def log_out(service: ServiceDep, _: ActorDep, secret: Annotated[str, Depends(secret_of)]) -> Response:
    """End this session or token at once."""
    accounts.log_out(service.database, secret, service.instant())
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response
