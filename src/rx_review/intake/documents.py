"""JSON as HIS send it: one object, an array of them, or one a line; a broken one costs itself and not the next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from rx_review.domain.strict_json import DECODER, decode, not_json, too_deep
from rx_review.errors import Fault, InputError
from rx_review.intake.decoding import broken_at

_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_SPACE = " \t\r\n"


class Document(NamedTuple):
    """An element of a file: where it stands, what it is or what is wrong with it, and how many bytes it has."""

    place: str
    tree: Any
    size: int
    faults: tuple[Fault, ...] = ()


def read_documents(text: str, encoding: str, shown: str) -> Iterator[Document]:
    """Read each element of a file."""
    start = text.lstrip(_SPACE)
    if not start:
        yield Document(
            shown, None, 0, (Fault(shown, "nothing to read", "send a prescription", "没有内容；请发送处方"),)
        )
    elif start.startswith("["):
        yield from _array(text, encoding, shown)
    elif _is_json(text) or not _is_whole(start.split("\n", 1)[0]):
        yield _document(text, encoding, shown)
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip(_SPACE):
                yield _document(line, encoding, f"{shown}:{number}")


def _is_whole(line: str) -> bool:
    """Whether a line stands for an object of its own, well-formed or not."""
    return _is_json(line) or line.rstrip(_SPACE).endswith("}")


def _is_json(text: str) -> bool:
    try:
        DECODER.decode(text)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _document(text: str, encoding: str, place: str) -> Document:
    size = len(text.encode("utf-8", "surrogatepass"))
    broken = broken_at(text, encoding, place)
    if broken is not None:
        return Document(place, None, size, (broken,))
    try:
        return Document(place, decode(text, place), size)
    except InputError as error:
        return Document(place, None, size, error.faults)


def _array(text: str, encoding: str, shown: str) -> Iterator[Document]:
    position, index = text.index("[") + 1, 0
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        place = f"{shown}/{index}"
        if position >= len(text):
            fault = Fault(
                shown, "the array does not end", "send all of the file, to its ]", "数组没有结束；请发送完整的文件"
            )
            yield Document(shown, None, 0, (fault,))
            return
        if text[position] == "]":
            yield from _after_array(text, position, index, shown)
            return
        start = position
        try:
            _, position = DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            yield Document(place, None, 0, (not_json(place, error.msg, error.lineno, error.colno),))
            position = _after_broken(text, start)
        except RecursionError:
            yield Document(place, None, 0, (too_deep(place),))
            position = _after_broken(text, start)
        else:
            yield _document(text[start:position], encoding, place)
        index += 1


def _after_array(text: str, position: int, count: int, shown: str) -> Iterator[Document]:
    if count == 0:
        yield Document(
            shown, None, 0, (Fault(shown, "nothing to read", "send a prescription", "没有内容；请发送处方"),)
        )
    if text[position + 1 :].strip(_SPACE):
        line = text.count("\n", 0, position) + 1
        yield Document(shown, None, 0, (not_json(shown, "something stands after the array", line, 1),))


def _after_broken(text: str, start: int) -> int:
    """Where the element after a broken one may begin: past the bracket that closes it, strings left aside."""
    depth = 0
    for token in _MARKS.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth < 0 and token[0] == "]":
            return token.start()
        if depth <= 0 and token[0] in "}]":
            return token.end()
    return len(text)
