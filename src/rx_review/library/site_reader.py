"""Reads `formulary/sites/*.yaml` into site profiles, with file and line of everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rx_review.errors import Fault, LibraryError
from rx_review.library.site import Site
from rx_review.library.site_lint import flaws
from rx_review.library.yaml_text import TRAPS, line_of, plain, read_tree

_GUIDE = "see formulary/sites/README.md"

# What a YAML reader would change before we see it: 01 to 1, 1.50 to 1.5, a day to a date, no to false.
_TRAP = re.compile(rf"{TRAPS}|[0-9]*\.[0-9]*|[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}.*|~|null", re.IGNORECASE)


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
    tree, faults = read_tree(path, shown, _TRAP, "is not what a YAML reader makes of it")
    if not isinstance(tree, dict):
        raise LibraryError(Fault(f"{shown}:1", "not a profile", f"begin with `name:`; {_GUIDE}"))
    try:
        site = Site.model_validate(plain(tree))
    except ValidationError as error:
        raise LibraryError(*faults, *_value_faults(shown, tree, error)) from None
    if site.name != path.stem:
        faults.append(Fault(f"{shown}:{line_of(tree, ('name',))}", f"name is {site.name}", f"the file is {path.name}"))
    faults += [Fault(f"{shown}:{line_of(tree, place)}: {_path(place)}", what, do) for place, what, do in flaws(site)]
    if faults:
        raise LibraryError(*faults)
    return site


def _value_faults(shown: str, tree: Any, error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        what = detail["msg"].removeprefix("Value error, ")
        yield Fault(f"{shown}:{line_of(tree, detail['loc'])}: {_path(detail['loc'])}", what, _GUIDE)


def _path(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location)
