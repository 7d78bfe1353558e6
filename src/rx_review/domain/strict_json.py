"""Strict JSON: no repeated keys, no NaN, no exponents, no numbers longer than any dose, no deep nesting."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rx_review.errors import Fault, InputError

DEPTH = 20
_NUMBER = 40


@dataclass(frozen=True, slots=True)
class BadNumber:
    """A number that is not taken: with an exponent, or with more digits than any dose has."""

    text: str


class _Repeated(dict[str, Any]):
    """An object in which a key stands twice."""

    def __init__(self, pairs: Iterable[tuple[str, Any]], key: str) -> None:
        super().__init__(pairs)
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return _Repeated(pairs, repeated)


def _float(text: str) -> Decimal | BadNumber:
    return BadNumber(text[:_NUMBER]) if len(text) > _NUMBER or "e" in text.lower() else Decimal(text)


def _int(text: str) -> int | BadNumber:
    return BadNumber(text[:_NUMBER]) if len(text) > _NUMBER else int(text)


DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=lambda text: BadNumber(text)
)


def decode(text: str, shown: str = "") -> Any:
    """Decode strict JSON: no repeated keys, no NaN, no exponents, no deep nesting.

    Raises:
        InputError: with what is wrong and where.
    """
    try:
        tree = DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InputError(not_json(shown, error.msg, error.lineno, error.colno)) from None
    except RecursionError:
        raise InputError(too_deep(shown)) from None
    faults = list(_tree_faults(tree, shown))
    if faults:
        raise InputError(*faults)
    return tree


def not_json(shown: str, what: str, line: int, column: int) -> Fault:
    """The fault of text that is not JSON."""
    where = f"{shown}:{line}:{column}" if shown else f"{line}:{column}"
    return Fault(where, f"not JSON: {what}", "correct the text there", f"不是合法的 JSON（{what}）；请在此处更正")


def too_deep(shown: str) -> Fault:
    """The fault of a document nested too deeply."""
    return Fault(
        shown or "/", f"nested deeper than {DEPTH}", "send a prescription as the schema shows",
        f"嵌套超过 {DEPTH} 层；请按 schema 发送",
    )  # fmt: skip


def _tree_faults(tree: Any, shown: str) -> Iterator[Fault]:
    stack: list[tuple[Any, str, int]] = [(tree, "", 0)]
    while stack:
        node, pointer, depth = stack.pop()
        if depth > DEPTH:
            yield too_deep(shown)
            return
        if isinstance(node, _Repeated):
            yield Fault(
                f"{shown}{pointer}/{escape(node.key)}", "the key stands twice", "keep one", "同一键出现两次；请保留一个"
            )
        if isinstance(node, dict):
            stack += [(value, f"{pointer}/{escape(key)}", depth + 1) for key, value in node.items()]
        elif isinstance(node, list):
            stack += [(value, f"{pointer}/{index}", depth + 1) for index, value in enumerate(node)]


def escape(part: object) -> str:
    """A part of a JSON pointer (RFC 6901), with what cannot be printed made visible."""
    plain = str(part).replace("~", "~0").replace("/", "~1")
    if not plain.isprintable():
        plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain)
    return plain[:100]
