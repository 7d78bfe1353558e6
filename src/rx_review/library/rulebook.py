"""Reads `rules/**/*.yaml` (YAML 1.2) into rules, with file and line of everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rx_review.errors import Fault, LibraryError
from rx_review.library.rule import KEYS, Rule
from rx_review.library.yaml_text import TRAPS, line_of, plain, read_tree

_TRAP = re.compile(TRAPS, re.IGNORECASE)


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
    tree, faults = read_tree(path, shown, _TRAP, "means different things to YAML readers")
    if not isinstance(tree, dict):
        raise LibraryError(Fault(f"{shown}:1", "not a rule", "begin with `id:`; see `./rx rules new`"))
    faults += _key_faults(shown, tree)
    try:
        rule = Rule.model_validate(plain(tree))
    except ValidationError as error:
        raise LibraryError(*faults, *_value_faults(shown, tree, error)) from None
    if rule.name != path.stem:
        faults.append(Fault(f"{shown}:{line_of(tree, ('name',))}", f"name is {rule.name}", f"the file is {path.name}"))
    if faults:
        raise LibraryError(*faults)
    return rule.model_copy(update={"topic": path.parent.name})


def _key_faults(shown: str, tree: dict[str, Any]) -> Iterator[Fault]:
    known = [key for key in tree if key in KEYS]
    for key in tree:
        if key not in KEYS:
            near = get_close_matches(str(key), KEYS, 1)
            yield Fault(
                f"{shown}:{line_of(tree, (key,))}: {key}",
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
            f"{shown}:{line_of(tree, detail['loc'])}: {path}",
            detail["msg"].removeprefix("Value error, "),
            "see rules/README.md for the form of a rule",
        )


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
