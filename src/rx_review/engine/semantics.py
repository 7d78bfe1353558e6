"""Which code computed: a hash of the source that turns a prescription into facts, and one for facts into decisions.

A decision is stored with both. If one made again differs, they say whether the code changed in between: `semantics`
where facts were computed again, `decisions_code` where only the deciding was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rx_review.errors import EnvironmentFault, Fault

PACKAGE = Path(__file__).resolve().parents[1]

FACTS_CODE = (
    "facts/**/*.py",
    "domain/circumstances.py",
    "domain/content.py",
    "domain/prescription.py",
    "domain/published.py",
    "domain/reading.py",
    "domain/registers.py",
    "domain/strict_json.py",
    "domain/values.py",
    "library/formulary.py",
    "library/indexing.py",
    "library/lookup.py",
    "library/rows/**/*.py",
    "library/site.py",
    "library/site_fields.py",
    "library/site_reader.py",
    "library/tables.py",
    "library/yaml_text.py",
)
"""What reads a prescription and the formulary, and computes facts from them."""

DECISIONS_CODE = (
    "domain/review.py",
    "engine/bounds.py",
    "engine/durable.py",
    "engine/fact_json.py",
    "engine/finding.py",
    "engine/gates.py",
    "engine/language.py",
    "engine/missing.py",
    "engine/plain.py",
    "engine/review.py",
    "engine/stored.py",
    "library/rule.py",
    "library/rulebook.py",
)
"""What reads rules, judges facts by them and puts the decision into words."""


@cache
def semantics() -> str:
    """SHA-256, as hex digits, of the source of everything that computes facts from a prescription.

    Raises:
        EnvironmentFault: if the package was installed without its source.
    """
    return digest_of(PACKAGE, FACTS_CODE)


@cache
def decisions_code() -> str:
    """SHA-256, as hex digits, of the source of everything that turns facts into decisions.

    Raises:
        EnvironmentFault: if the package was installed without its source.
    """
    return digest_of(PACKAGE, DECISIONS_CODE)


def sources(root: Path, patterns: Iterable[str]) -> list[Path]:
    """The files of the patterns below a folder, in path order, each once.

    Raises:
        EnvironmentFault: naming every pattern that no file has.
    """
    found = {pattern: list(root.glob(pattern)) for pattern in patterns}
    if lacking := [pattern for pattern, files in found.items() if not files]:
        raise EnvironmentFault(
            Fault(
                str(root),
                f"no source for {', '.join(lacking)}",
                "install rx-review with its source files, so that decisions can say which code made them",
                f"缺少源文件 {'、'.join(lacking)}；请安装带源文件的 rx-review，以便记录由哪版代码作出决定",
            )
        )
    every = {file for files in found.values() for file in files}
    return sorted(every, key=lambda file: file.relative_to(root).as_posix())


def digest_of(root: Path, patterns: Iterable[str]) -> str:
    """SHA-256 over path and content of those files, each with its length before it."""
    total = hashlib.sha256()
    for path in sources(root, patterns):
        for part in (path.relative_to(root).as_posix().encode(), path.read_bytes()):
            total.update(b"%d:" % len(part))
            total.update(part)
    return total.hexdigest()
