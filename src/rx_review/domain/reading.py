"""Reads prescriptions from JSON: an object, an array, or JSON Lines. Strict, and every fault at once.

A fault names the JSON pointer, what is wrong and what to do. One bad prescription does not stop the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.strict_json import DECODER, decode, escape, not_json, too_deep
from rx_review.domain.wording import CONTRADICTIONS, say_fault
from rx_review.errors import ContradictionError, Fault, InputError

M = TypeVar("M", bound=BaseModel)

BODY = 256 * 1024
_NEXT = re.compile(r'\}\s*,\s*(?P<next>\{\s*"number")')
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]')


def read_prescription(text: str, shown: str = "") -> Prescription:
    """Read one prescription from JSON text; `shown` begins each fault's place.

    Raises:
        InputError: with every fault, each with its JSON pointer.
    """
    if len(text.encode("utf-8", "surrogatepass")) > BODY:
        raise InputError(_too_large(shown))
    return check_prescription(decode(text, shown), shown)


def _too_large(shown: str) -> Fault:
    return Fault(
        shown or "/", "a prescription of more than 256 KiB", "send the sheet alone, without attachments",
        "处方超过 256 KiB；请只发送处方内容，不带附件",
    )  # fmt: skip


def check_prescription(tree: Any, shown: str = "") -> Prescription:
    """Check a decoded prescription.

    Raises:
        InputError: with every fault.
    """
    return check_document(Prescription, tree, shown)


def read_circumstances(text: str, shown: str = "") -> Circumstances:
    """Read circumstances from JSON text, numbers exactly as they are written.

    Raises:
        InputError: with every fault, each with its JSON pointer.
    """
    return check_circumstances(decode(text, shown), shown)


def check_circumstances(tree: Any, shown: str = "") -> Circumstances:
    """Check decoded circumstances.

    Raises:
        InputError: with every fault.
    """
    return check_document(Circumstances, tree, shown)


def check_document(model: type[M], tree: Any, shown: str = "", *, quote: bool = True) -> M:
    """Check a decoded document against its model.

    Args:
        model: what it should be.
        tree: as it was decoded.
        shown: begins each fault's place.
        quote: whether faults quote what they found, which may name a patient.

    Raises:
        ContradictionError: every field is as its model says, but the fields contradict each other.
        InputError: with every fault.
    """
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        kinds = {detail["type"] for detail in _counted(error)}
        refusal = ContradictionError if kinds <= CONTRADICTIONS else InputError
        raise refusal(*_faults(error, shown, model, quote)) from None


def _counted(error: ValidationError) -> list[ErrorDetails]:
    """Without arrays that are only short because their faulty elements were not counted."""
    details = error.errors(include_url=False)
    return [
        detail
        for detail in details
        if detail["type"] != "too_short" or not any(_inside(other["loc"], detail["loc"]) for other in details)
    ]


def _faults(error: ValidationError, shown: str, whole: type[BaseModel], quote: bool) -> Iterator[Fault]:
    for detail in _counted(error):
        pointer = "".join(f"/{escape(part)}" for part in detail["loc"]) or "/"
        what, do, zh = say_fault(
            detail["type"], detail.get("ctx", {}), detail["msg"], detail.get("input") if quote else None
        )
        if detail["type"] == "extra_forbidden" and (near := _nearest(detail["loc"], whole)):
            do, zh = f"did you mean {near}?", f"没有这个字段；是否应为 {near}？"
        yield Fault(f"{shown}{pointer}", what, do, zh)


def _inside(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _nearest(location: tuple[int | str, ...], whole: type[BaseModel]) -> str | None:
    model: Any = whole
    for part in location[:-1]:
        if isinstance(part, str):
            model = _model_of(model.model_fields[part].annotation) if part in model.model_fields else None
        if model is None:
            return None
    near = get_close_matches(str(location[-1]), model.model_fields, 1)
    return near[0] if near else None


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_of(inner)
        if found is not None:
            return found
    return None


def read_many(chunks: Iterable[bytes], shown: str) -> Iterator[Prescription | InputError]:
    """Read prescriptions from the lines of a file: an object, an array, or one object a line (JSON Lines).

    Yields each prescription, or the error that stands in its place.
    """
    lines = _numbered(chunks)
    number, first = next(((n, line.lstrip()) for n, line in lines if line.strip()), (0, b""))
    if not first:
        yield InputError(Fault(shown, "nothing to read", "give a prescription", "没有内容；请给出处方"))
    elif first.startswith(b"["):
        yield from _read_array(first + b"".join(line for _, line in lines), shown)
    elif first.startswith(b"{") and not _is_whole(first):
        yield from _read_spread(number, first, list(lines), shown)
    else:
        yield from _read_lines([(number, first)], shown)
        yield from _read_lines(lines, shown)


def _numbered(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(chunks, 1):
        yield number, line.removeprefix(b"\xef\xbb\xbf").lstrip() if number == 1 else line


def _is_whole(line: bytes) -> bool:
    """Whether a line stands for a prescription of its own, well-formed or not."""
    return _is_json(line) or line.rstrip().endswith(b"}")


def _read_spread(
    number: int, first: bytes, rest: list[tuple[int, bytes]], shown: str
) -> Iterator[Prescription | InputError]:
    """One object over several lines; or JSON Lines whose first line is cut off, if later lines are sheets."""
    together = first + b"".join(line for _, line in rest)
    if not _is_json(together) and any(b'"lines"' in line and _is_json(line) for _, line in rest):
        yield from _read_lines([(number, first), *rest], shown)
    else:
        yield _read_one(together, shown)


def _is_json(data: bytes) -> bool:
    try:
        DECODER.decode(data.decode("utf-8", "replace"))
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _read_lines(lines: Iterable[tuple[int, bytes]], shown: str) -> Iterator[Prescription | InputError]:
    for number, line in lines:
        if line.strip():
            yield _read_one(line, f"{shown}:{number}")


def _read_one(data: bytes, shown: str) -> Prescription | InputError:
    if len(data) > BODY:
        return InputError(_too_large(shown))
    try:
        return read_prescription(data.decode("utf-8"), shown)
    except UnicodeDecodeError as error:
        return InputError(_not_utf8(shown, error.start))
    except InputError as error:
        return error


def _not_utf8(shown: str, position: int) -> Fault:
    return Fault(shown, f"not UTF-8 at byte {position}", "send UTF-8", f"第 {position} 字节不是 UTF-8；请用 UTF-8")


def _read_array(data: bytes, shown: str) -> Iterator[Prescription | InputError]:
    """Take an array apart element by element, so that what stands before a broken one is still read."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        yield InputError(_not_utf8(shown, error.start))
        return
    position, index = 1, 0
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        if position >= len(text):
            yield InputError(Fault(shown, "the array does not end", "close it with ]", "数组没有结束；请以 ] 结尾"))
            return
        if text[position] == "]":
            if index == 0:
                yield InputError(Fault(shown, "nothing to read", "give a prescription", "没有内容；请给出处方"))
            if text[position + 1 :].strip():
                line = text.count("\n", 0, position) + 1
                yield InputError(not_json(shown, "something stands after the array", line, 1))
            return
        start = position
        try:
            _, position = DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            yield InputError(not_json(f"{shown}/{index}", error.msg, error.lineno, error.colno))
            position, index = _after_broken(text, start), index + 1
            continue
        except RecursionError:
            yield InputError(too_deep(f"{shown}/{index}"))
            return
        yield _read_one(text[start:position].encode("utf-8", "surrogatepass"), f"{shown}/{index}")
        index += 1


def _after_broken(text: str, start: int) -> int:
    """Where the element after a broken one may begin: past the comma or brace that ends it, strings left aside.

    If a bracket of the broken one never closes, the next object that follows a closed one is taken.
    """
    depth = 0
    for token in _MARKS.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth <= 0 and token[0] in "},":
            return token.end()
        if depth < 0:
            return token.start()
    again = _NEXT.search(text, start + 1)
    return again.start("next") if again else len(text)
