"""Reads `rules/**/*.yaml` (YAML 1.2) into rules, with file and line of everything that is wrong."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.tokens import AliasToken, AnchorToken, ScalarToken, TagToken

from rx_review.errors import Fault, LibraryError
from rx_review.library.rule import KEYS, Rule

# What YAML 1.1 readers take for something else: booleans, octal, base-60 numbers, exponents.
_TRAP = re.compile(
    r"on|off|yes|no|y|n|0[0-9]+(\.[0-9]+)?|[0-9]+(:[0-9]{1,2})+|[0-9.]+e[+-]?[0-9]+|\.inf|\.nan|0x[0-9a-f]+|0o[0-7]+",
    re.IGNORECASE,
)


def read_rules(folder: Path) -> tuple[Rule, ...]:
    """Read every rule below a folder, sorted by id.

    Raises:
        LibraryError: with each fault found, by file and line.
    """
    faults: list[Fault] = []
    rules: list[tuple[Path, Rule]] = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            rules.append((path, read_rule(path, path.relative_to(folder).as_posix())))
        except LibraryError as error:
            faults += error.faults
    faults += _stray_files(folder)
    faults += _twice(folder, rules)
    if faults:
        raise LibraryError(*faults)
    return tuple(sorted((rule for _, rule in rules), key=lambda rule: rule.id))


def read_rule(path: Path, shown: str) -> Rule:
    """Read one rule file; `shown` is how faults name it.

    Raises:
        LibraryError: with each fault found, by line.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise LibraryError(Fault(shown, f"not UTF-8 at byte {error.start}", "save the file as UTF-8")) from None
    try:
        faults = list(_traps(shown, text))
        tree = YAML(typ="rt").load(io.StringIO(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LibraryError(Fault(f"{shown}:{line}", f"not YAML: {error.problem}", "correct the line")) from None
    except YAMLError as error:
        raise LibraryError(Fault(shown, f"not YAML: {error}", "correct the file")) from None
    if not isinstance(tree, dict):
        raise LibraryError(Fault(f"{shown}:1", "not a rule", "begin with `id:`; see `./rx rules new`"))
    faults += _key_faults(shown, tree)
    try:
        rule = Rule.model_validate(_plain(tree))
    except ValidationError as error:
        raise LibraryError(*faults, *_value_faults(shown, tree, error)) from None
    if rule.name != path.stem:
        faults.append(Fault(f"{shown}:{_line(tree, ('name',))}", f"name is {rule.name}", f"the file is {path.name}"))
    if faults:
        raise LibraryError(*faults)
    return rule


def _traps(shown: str, text: str) -> Iterator[Fault]:
    for token in YAML(typ="rt").scan(io.StringIO(text)):
        line = token.start_mark.line + 1
        if isinstance(token, ScalarToken) and token.plain and _TRAP.fullmatch(token.value):
            yield Fault(f"{shown}:{line}", f"{token.value} means different things to YAML readers", "quote it")
        elif isinstance(token, AnchorToken | AliasToken | TagToken):
            yield Fault(f"{shown}:{line}", "anchors, aliases and tags hide what a rule says", "write it out")


def _key_faults(shown: str, tree: dict[str, Any]) -> Iterator[Fault]:
    known = [key for key in tree if key in KEYS]
    for key in tree:
        if key not in KEYS:
            near = get_close_matches(str(key), KEYS, 1)
            yield Fault(
                f"{shown}:{_line(tree, (key,))}: {key}",
                "no such key",
                f"did you mean {near[0]}?" if near else f"keys are {', '.join(KEYS)}",
            )
    if known != sorted(known, key=KEYS.index):
        yield Fault(f"{shown}:1", "keys are out of order", f"write them as {', '.join(KEYS)}")


def _value_faults(shown: str, tree: Any, error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors():
        if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
            continue
        path = ".".join(str(part) for part in detail["loc"])
        yield Fault(
            f"{shown}:{_line(tree, detail['loc'])}: {path}",
            detail["msg"].removeprefix("Value error, "),
            "see rules/README.md for the form of a rule",
        )


def _line(tree: Any, location: tuple[Any, ...]) -> int:
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


def _plain(node: Any) -> Any:
    """Plain Python values: ruamel's own subclasses would travel into the cached edition."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return bool(node) if type(node).__name__ == "ScalarBoolean" else node


def _stray_files(folder: Path) -> Iterator[Fault]:
    for path in sorted(folder.rglob("*.yml")):
        yield Fault(path.relative_to(folder).as_posix(), "a rule file ends in .yaml", "rename it")


def _twice(folder: Path, rules: Iterable[tuple[Path, Rule]]) -> Iterator[Fault]:
    seen: dict[str, Path] = {}
    for path, rule in rules:
        for word in (rule.id, rule.name):
            shown = path.relative_to(folder).as_posix()
            if word in seen:
                yield Fault(shown, f"{word} is taken by {seen[word].name}", "give each rule its own id and name")
            seen[word] = path
