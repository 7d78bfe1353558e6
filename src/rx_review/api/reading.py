"""Bodies of requests: bounded, strict JSON, every fault at once with its pointer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel

from rx_review.domain.problems import Refusal
from rx_review.domain.reading import BODY, check_document
from rx_review.domain.strict_json import decode

M = TypeVar("M", bound=BaseModel)

BATCH_BODY = 16 * 1024 * 1024
"""Of a batch of at most 500 prescriptions, each of them within 256 KiB."""
FILE_BODY = 2 * 1024 * 1024
DEPTH = 20
LINES = 200
BATCH = 500
_DIGITS = 12

LIMITS = {
    "body_bytes": BODY,
    "batch_bytes": BATCH_BODY,
    "file_bytes": FILE_BODY,
    "lines": LINES,
    "depth": DEPTH,
    "batch": BATCH,
    "page": 500,
    "wait_seconds": 30,
}
"""One table of limits for everything; the API's description prints it."""


async def bounded_body(request: Request, most: int = BODY) -> bytes:
    """The body, if it is not larger than allowed: counted while it comes, whatever its header says.

    Raises:
        Refusal: `too-large`.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > _DIGITS or int(declared) > most):
        raise too_large(most)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large(most)
        parts.append(part)
    return b"".join(parts)


def too_large(most: int) -> Refusal:
    """The refusal of what is larger than allowed, in bytes."""
    return Refusal("too-large", f"more than {most} bytes", f"超过 {most} 字节", more={"limit": most})


def json_of(request: Request, data: bytes) -> Any:
    """The JSON tree of a body.

    Raises:
        Refusal: `unsupported-media-type`, `bad-request`.
        InputError: with where it is not JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal("unsupported-media-type", more={"accepts": ["application/json"]})
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("bad-request", f"not UTF-8 at byte {error.start}", f"第 {error.start} 字节不是 UTF-8") from error
    return decode(text)


def body_of(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """A dependency that reads a request's body as a document."""

    async def read(request: Request) -> M:
        return document_of(request, await bounded_body(request), model)

    return read


def document_of(request: Request, data: bytes, model: type[M]) -> M:
    """The document that a body holds.

    Raises:
        Refusal: `unsupported-media-type`, `bad-request`.
        InputError: every fault at once, with its place.
    """
    return check_document(model, json_of(request, data), quote=False)


def takes(model: type[BaseModel], kind: str = "application/json") -> dict[str, Any]:
    """The OpenAPI entry of a body that is read as a document."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}
