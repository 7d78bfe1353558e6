"""YAML 1.2 as people write it: where each key stands, and what different readers would take for something else."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.tokens import AliasToken, AnchorToken, ScalarToken, TagToken

from rx_review.errors import Fault, LibraryError

# What YAML 1.1 readers take for something else: booleans, octal, base-60 numbers, exponents.
TRAPS = (
    r"on|off|yes|no|y|n|0[0-9]+(\.[0-9]+)?|[0-9]+(:[0-9]{1,2})+|[0-9.]+e[+-]?[0-9]+|\.inf|\.nan|0x[0-9a-f]+|0o[0-7]+"
)


def read_tree(path: Path, shown: str, traps: re.Pattern[str], why: str) -> tuple[Any, list[Fault]]:
    """Read a YAML file, keeping lines, with the faults of unquoted words that readers differ about.

    Args:
        path: the file.
        shown: how faults name it.
        traps: plain scalars that must be quoted.
        why: what is wrong with one, after the word itself.

    Raises:
        LibraryError: if it is not UTF-8 or not YAML.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise LibraryError(Fault(shown, f"not UTF-8 at byte {error.start}", "save the file as UTF-8")) from None
    try:
        faults = list(_traps(shown, text, traps, why))
        tree = YAML(typ="rt").load(io.StringIO(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LibraryError(Fault(f"{shown}:{line}", f"not YAML: {error.problem}", "correct the line")) from None
    except YAMLError as error:
        raise LibraryError(Fault(shown, f"not YAML: {error}", "correct the file")) from None
    return tree, faults


def _traps(shown: str, text: str, traps: re.Pattern[str], why: str) -> Iterator[Fault]:
    for token in YAML(typ="rt").scan(io.StringIO(text)):
        line = token.start_mark.line + 1
        if isinstance(token, ScalarToken) and token.plain and traps.fullmatch(token.value):
            yield Fault(f"{shown}:{line}", f"{token.value} {why}", "quote it")
        elif isinstance(token, AnchorToken | AliasToken | TagToken):
            yield Fault(f"{shown}:{line}", "anchors, aliases and tags hide what the file says", "write it out")


def line_of(tree: Any, location: tuple[Any, ...]) -> int:
    """The line of a place in a tree that was read, or of the nearest place above it."""
    line, node = 1, tree
    for part in location:
        try:
            key = part if not isinstance(node, list) else int(part)
            positions: Any = node.lc
            line = (positions.item(key) if isinstance(node, list) else positions.key(key))[0] + 1
            node = node[key]
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            break
    return line


def plain(node: Any) -> Any:
    """Plain Python values: ruamel's own subclasses would travel into the cached edition."""
    if isinstance(node, dict):
        return {plain(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return bool(node) if type(node).__name__ == "ScalarBoolean" else node
