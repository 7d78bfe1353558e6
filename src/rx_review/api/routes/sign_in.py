"""Tokens for systems (OAuth2 client credentials) and sessions for people."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import Field
from pydantic_core import to_json

from rx_review.api.access import COOKIE, ActorDep, ServiceDep, secret_of
from rx_review.api.problem import documented
from rx_review.api.reading import body_of, takes
from rx_review.api.shapes import SessionShape, TokenShape
from rx_review.desk import accounts
from rx_review.desk.answer import stamp
from rx_review.domain.prescription import Strict
from rx_review.domain.problems import Refusal

router = APIRouter(prefix="/v1", tags=["sign in 登录"])
JSON = "application/json"
_UNSTORED = {"Cache-Control": "no-store"}


class LogIn(Strict):
    """Name and password of a person."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


@router.post(
    "/token", summary="A token for a system 系统令牌", response_model=TokenShape,
    responses=documented("bad-credentials", "bad-grant", "paused-account"),
)  # fmt: skip
def token(
    service: ServiceDep,
    grant_type: Annotated[str, Form(max_length=64)],
    client_id: Annotated[str, Form(min_length=1, max_length=64)],
    client_secret: Annotated[str, Form(min_length=1, max_length=200)],
) -> Response:
    """OAuth2 client credentials (RFC 6749 §4.4)."""
    if grant_type != "client_credentials":
        raise Refusal("bad-grant")
    granted = accounts.grant(service.database, client_id, client_secret, service.now())
    body = {"access_token": granted, "token_type": "Bearer", "expires_in": accounts.TOKEN_MINUTES * 60}
    return Response(to_json(body), media_type=JSON, headers=_UNSTORED)


@router.post(
    "/sessions", summary="Log in 登录", status_code=201, response_model=SessionShape,
    responses=documented("bad-credentials", "paused-account", "too-large", "unsupported-media-type", "contradiction"),
    openapi_extra=takes(LogIn),
)  # fmt: skip
def log_in(request: Request, service: ServiceDep, asked: Annotated[LogIn, Depends(body_of(LogIn))]) -> Response:
    """The session is answered, and set as a cookie for pages of this system."""
    now = service.now()
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
    "/sessions/current", summary="Log out 退出", status_code=204, responses=documented("unauthenticated"),
)  # fmt: skip
def log_out(service: ServiceDep, _: ActorDep, secret: Annotated[str, Depends(secret_of)]) -> Response:
    """End this session or token at once."""
    accounts.log_out(service.database, secret, service.now())
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response
