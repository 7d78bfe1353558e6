"""Reads `formulary/sites/*.yaml` into site profiles, with file and line of everything that is wrong."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.tokens import AliasToken, AnchorToken, ScalarToken, TagToken

from rx_review.errors import Fault, LibraryError
from rx_review.library.site import Site
from rx_review.library.site_lint import flaws

_GUIDE = "see formulary/sites/README.md"

# What a YAML reader would change before we see it: 01 to 1, 1.50 to 1.5, a day to a date, no to false.
_TRAP = re.compile(
    r"on|off|yes|no|y|n|0[0-9]+|[0-9]*\.[0-9]*|[0-9]+(:[0-9]{1,2})+|[0-9.]+e[+-]?[0-9]+|\.inf|\.nan|0x[0-9a-f]+|0o[0-7]+"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|~|null",
    re.IGNORECASE,
)


def read_sites(folder: Path) -> Mapping[str, Site]:
    """Read every profile in the folder `sites` of a formulary, by name; no such folder, no profiles.

    Raises:
        LibraryError: with each fault found, by file and line.
    """
    faults: list[Fault] = []
    sites: dict[str, Site] = {}
    for path in sorted((folder / "sites").glob("*")):
        shown = f"sites/{path.name}"
        if path.suffix == ".yml":
            faults.append(Fault(shown, "a profile ends in .yaml", "rename it"))
        elif path.suffix == ".yaml":
            try:
                sites[path.stem] = read_site_file(path, shown)
            except LibraryError as error:
                faults += error.faults
    if faults:
        raise LibraryError(*faults)
    return sites


def read_site_file(path: Path, shown: str) -> Site:
    """Read one profile; `shown` is how faults name it.

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
        raise LibraryError(Fault(f"{shown}:1", "not a profile", f"begin with `name:`; {_GUIDE}"))
    try:
        site = Site.model_validate(_plain(tree))
    except ValidationError as error:
        raise LibraryError(*faults, *_value_faults(shown, tree, error)) from None
    if site.name != path.stem:
        faults.append(Fault(f"{shown}:{_line(tree, ('name',))}", f"name is {site.name}", f"the file is {path.name}"))
    faults += [Fault(f"{shown}:{_line(tree, place)}: {_path(place)}", what, do) for place, what, do in flaws(site)]
    if faults:
        raise LibraryError(*faults)
    return site


def _traps(shown: str, text: str) -> Iterator[Fault]:
    for token in YAML(typ="rt").scan(io.StringIO(text)):
        line = token.start_mark.line + 1
        if isinstance(token, ScalarToken) and token.plain and _TRAP.fullmatch(token.value):
            yield Fault(f"{shown}:{line}", f"{token.value} is not what a YAML reader makes of it", "quote it")
        elif isinstance(token, AliasToken | AnchorToken | TagToken):
            yield Fault(f"{shown}:{line}", "anchors, aliases and tags hide what a profile says", "write it out")


def _value_faults(shown: str, tree: Any, error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        what = detail["msg"].removeprefix("Value error, ")
        yield Fault(f"{shown}:{_line(tree, detail['loc'])}: {_path(detail['loc'])}", what, _GUIDE)


def _path(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location)


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
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return bool(node) if type(node).__name__ == "ScalarBoolean" else node
