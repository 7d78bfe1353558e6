"""What a service writes down about itself: JSON, one object a line, to standard error.

Never written: bodies, paths and query values (the route's template stands for them), headers, names, tokens,
the values of local variables, and the texts of exceptions, which quote what they choked on.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TextIO

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor, WrappedLogger

from rx_review import config

# Is told of each answer: method, template of the route or None, status, seconds.
Observer = Callable[[str, str | None, int, float], None]

REQUEST_ID = "x-request-id"
# The client went away, or the service stopped, before there was an answer; nginx's number for it.
CUT_SHORT = 499
MOST_FRAMES = 40

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# A resident's number or a mobile number must not become the name of a request.
_PERSONAL = re.compile(r"\d{6}(?:19|20)\d\d[01]\d[0-3]\d{4}[\dXx]|(?<!\d)1[3-9]\d{9}(?!\d)")


def configure(worker: int, requests: bool = True) -> None:
    """Write the logs of this process, of structlog and of `logging` alike, as JSON to standard error.

    Args:
        worker: number of this worker, 0 for the parent; it stands on each line.
        requests: False leaves out the lines of requests that went well.
    """
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        *([] if requests else [_drop_good_requests]),
        _name_errors,
        partial(_complete, worker),
    ]
    as_json = structlog.processors.JSONRenderer(json.dumps, ensure_ascii=False, default=_type_name)
    structlog.configure(
        processors=[*chain, as_json],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = _ToStandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_name_logger, *chain],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, as_json],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is when it writes: whoever set it before may have closed it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Standard error."""
        return sys.stderr


def error_chain(error: BaseException) -> list[dict[str, Any]]:
    """Type and places of an error and of those that led to it, the last first: no text, no values."""
    found: list[dict[str, Any]] = []
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        frames = [
            f"{frame.f_code.co_filename}:{line} {frame.f_code.co_qualname}"
            for frame, line in traceback.walk_tb(one.__traceback__)
        ]
        found.append({"type": f"{type(one).__module__}.{type(one).__qualname__}", "at": frames[-MOST_FRAMES:]})
        led = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        waiting += [*(one.exceptions if isinstance(one, BaseExceptionGroup) else ()), *([led] if led else ())]
    return found


def request_id(given: str | None) -> str:
    """The caller's own name for a request if it is a plain token that names no person, else a new one."""
    if given is not None and _SANE_ID.fullmatch(given) and not _PERSONAL.search(given):
        return given
    return secrets.token_hex(16)


def unnamed(text: str) -> str:
    """A text with every resident's and every mobile number in it taken out."""
    return _PERSONAL.sub("…", text)


def route_template(scope: Scope) -> str | None:
    """The route that answered, as it is declared with all its prefixes; None if none did, or no route of the API."""
    # The route itself knows only what its own router was told; prefixes of `include_router` stand in the context.
    for found in (scope.get("fastapi", {}).get("effective_route_context"), scope.get("route")):
        template = getattr(found, "path_format", None)
        if template:
            return str(template)
    return None


class RequestLog:
    """The outermost middleware: names each request, logs one line for it, and has unhandled errors answered.

    The name is `request.state.request_id` and goes back as `X-Request-ID`; routes set `request.state.member`, the
    code of the caller's institution. An unhandled error is logged and answered by the handler that
    the application has for `Exception` or 500, here and not one floor above, so that its answer has its
    name and its line too.
    """

    def __init__(self, app: ASGIApp, observe: Observer | None = None) -> None:
        self.app = app
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; anything else goes through untouched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        answer = _Answer(_header(scope, REQUEST_ID), send)
        scope.setdefault("state", {})["request_id"] = answer.name
        with structlog.contextvars.bound_contextvars(request=answer.name):
            try:
                await self._run(scope, receive, answer)
            finally:
                self._note(scope, answer.status, time.perf_counter() - began)

    async def _run(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self.app(scope, receive, answer.send)
        except Exception as error:
            structlog.get_logger().error(
                "unhandled error", exc_info=error, method=scope["method"], route=route_template(scope)
            )
            handlers = scope["app"].exception_handlers if "app" in scope else {}
            handler = handlers.get(500) or handlers.get(Exception)
            if handler is None or answer.status is not None:
                raise
            request = Request(scope, receive)
            is_async = inspect.iscoroutinefunction(handler)
            response: Response = await (
                handler(request, error) if is_async else run_in_threadpool(handler, request, error)
            )
            await response(scope, receive, answer.send)

    def _note(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = route_template(scope)
        code = CUT_SHORT if status is None else status
        line = structlog.get_logger()
        (line.error if code >= 500 else line.info)(
            "request",
            method=scope["method"],
            route=route,
            status=code,
            milliseconds=round(seconds * 1000, 2),
            member=scope["state"].get("member"),
        )
        if self.observe is not None:
            self.observe(scope["method"], route, code, seconds)


class _Answer:
    """What is sent back for one request: its name is added, its status is kept."""

    def __init__(self, given: str | None, send: Send) -> None:
        self.name = request_id(given)
        self.status: int | None = None
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [(key, value) for key, value in message.get("headers", ()) if key.lower() != REQUEST_ID.encode()]
            message = {**message, "headers": [*headers, (REQUEST_ID.encode(), self.name.encode())]}
        await self._send(message)


def _header(scope: Scope, name: str) -> str | None:
    values = [value for key, value in scope["headers"] if key == name.encode()]
    return values[0].decode("latin-1") if len(values) == 1 else None


def _drop_good_requests(_logger: WrappedLogger, _method: str, event: EventDict) -> Mapping[str, Any]:
    if event["event"] == "request" and event["level"] == "info":
        raise structlog.DropEvent
    return event


def _name_logger(_logger: WrappedLogger, _method: str, event: EventDict) -> Mapping[str, Any]:
    return {**event, "logger": event["_record"].name}


def _name_errors(_logger: WrappedLogger, _method: str, event: EventDict) -> Mapping[str, Any]:
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    return {**event, "error": error_chain(error)} if isinstance(error, BaseException) else event


def _complete(worker: int, _logger: WrappedLogger, _method: str, event: EventDict) -> Mapping[str, Any]:
    instant = config.now().isoformat(timespec="milliseconds")
    first = {"instant": instant, "level": event.pop("level"), "event": str(event.pop("event")).strip()}
    return {**first, "worker": worker, **event}


def _type_name(value: object) -> str:
    return f"<{type(value).__qualname__}>"
