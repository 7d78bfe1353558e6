"""Refusals as problem+json (RFC 9457): stable code, both languages, pointers, and whether trying again can help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from rx_review.api import metrics
from rx_review.api.logs import route_template, unnamed
from rx_review.domain.problems import PROBLEMS, Pointed, Refusal
from rx_review.errors import ContradictionError, InputError

MEDIA_TYPE = "application/problem+json"
_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}


def answer(
    request: Request, refusal: Refusal, *, status: int | None = None, headers: dict[str, str] | None = None
) -> Response:
    """A refusal as the caller gets it."""
    problem = refusal.problem
    body: dict[str, Any] = {
        "type": f"/v1/problems/{refusal.code}",
        "title": {"zh": problem.zh, "en": problem.en},
        "status": status or problem.status,
        "detail": _unnamed(refusal.detail),
        "do": {"zh": problem.do_zh, "en": problem.do_en},
        # The template: a path may hold what somebody took for a code, and that may be a person's number.
        "instance": route_template(request.scope) or "/",
        "code": refusal.code,
        "retryable": problem.retryable,
        "errors": [{"pointer": unnamed(each.pointer), "what": _unnamed(each.what)} for each in refusal.errors],
        "trace": getattr(request.state, "request_id", None),
        **refusal.more,
    }
    sent = dict(headers or {})
    if refusal.retry_after is not None:
        sent["Retry-After"] = str(refusal.retry_after)
    if problem.status == 401:
        sent["WWW-Authenticate"] = 'Bearer realm="rx-review"'
    return Response(to_json(body), status_code=status or problem.status, headers=sent, media_type=MEDIA_TYPE)


def _unnamed(words: Mapping[str, str]) -> dict[str, str]:
    return {language: unnamed(text) for language, text in words.items()}


def methods_of(app: FastAPI, path: str) -> frozenset[str]:
    """The methods of a path, as the description of the API has them: of the path itself before those of a template."""
    paths = app.openapi()["paths"]
    found = paths.get(path)
    if found is None:
        fits = (each for each in paths if re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", each), path))
        found = paths.get(next(fits, ""), {})
    return frozenset(method.upper() for method in found)


def _no_method(request: Request, refusal: Refusal, allowed: Iterable[str]) -> Response:
    return answer(request, refusal, headers={"Allow": ", ".join(sorted(allowed))})


def handlers(app: FastAPI) -> None:
    """Let every error of the application be answered as a problem."""

    @app.exception_handler(Refusal)
    def _refused(request: Request, refusal: Refusal) -> Response:
        if refusal.code == "busy":
            metrics.observe_database_error("busy")
        return answer(request, refusal)

    @app.exception_handler(RequestValidationError)
    def _unreadable(request: Request, error: RequestValidationError) -> Response:
        allowed = methods_of(app, request.url.path)
        if allowed and request.method not in allowed:
            # The path is one of its own, and only this method led on to a template.
            return _no_method(request, Refusal("method-not-allowed"), allowed)
        errors = [
            Pointed("/" + "/".join(str(part) for part in each["loc"]), {"en": str(each["msg"]), "zh": "参数有误"})
            for each in error.errors()
        ]
        return answer(request, Refusal("bad-request", errors=errors))

    @app.exception_handler(InputError)
    def _input(request: Request, error: InputError) -> Response:
        return answer(request, refusal_of(error))

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        code = _BY_STATUS.get(error.status_code, "bad-request")
        headers = {**(error.headers or {})}
        if code == "method-not-allowed" and (allowed := methods_of(app, request.url.path)):
            return _no_method(request, Refusal(code), allowed)
        return answer(request, Refusal(code), status=error.status_code, headers=headers)

    @app.exception_handler(ClientDisconnect)
    def _gone(_: Request, __: ClientDisconnect) -> Response:
        # Nobody is there to read it; the log says 499.
        return Response(status_code=499)

    @app.exception_handler(500)
    def _broken(request: Request, _: Exception) -> Response:
        return answer(request, Refusal("internal"))


def refusal_of(error: InputError) -> Refusal:
    """Faults of something that was read, as a refusal with pointers."""
    errors = [
        Pointed(fault.where, {"en": f"{fault.what}; {fault.do}" if fault.do else fault.what, "zh": fault.zh})
        for fault in error.faults
    ]
    return Refusal("contradiction" if isinstance(error, ContradictionError) else "bad-request", errors=errors)


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Responses of a route for its OpenAPI entry: each status with the codes that it may carry."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in sorted({*codes, "bad-request", "too-many-requests", "internal", "busy", "not-ready"}):
        problem = PROBLEMS[code]
        entry = found.setdefault(
            problem.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}},
        )
        entry["description"] = "; ".join(filter(None, (entry["description"], f"{code}: {problem.en} {problem.zh}")))
    return found
