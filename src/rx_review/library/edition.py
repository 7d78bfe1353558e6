"""An edition: the whole dated bundle of rules and formulary under one digest, read once and cached by content."""

from __future__ import annotations

import gc
import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rx_review.errors import Fault, LibraryError
from rx_review.library.formulary import Formulary
from rx_review.library.indexing import build_formulary
from rx_review.library.rows import TABLES
from rx_review.library.rule import Rule


@dataclass(frozen=True, slots=True)
class Edition:
    """Rules, formulary and the digest of the files they were read from."""

    digest: str
    rules: tuple[Rule, ...]
    formulary: Formulary
    sources: Mapping[str, str]
    families: Mapping[str, str]
    """Family of each topic: law, clinical or payment."""

    @property
    def name(self) -> str:
        """The digest as answers carry it."""
        return f"sha256:{self.digest}"


def digest_of(rules: Path, formulary: Path) -> str:
    """SHA-256 over path and content of every rule, table and site profile, in path order."""
    total = hashlib.sha256()
    for root, pattern in ((rules, "*.yaml"), (formulary, "*.csv"), (formulary, "*.yaml")):
        for path in sorted(root.rglob(pattern)):
            name = path.relative_to(root).as_posix().encode()
            content = path.read_bytes()
            total.update(b"%d:%s%d:" % (len(name), name, len(content)))
            total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def load_edition(rules: Path, formulary: Path, cache: Path | None) -> Edition:
    """Read an edition, from the cache if these very files were read before by this very code.

    Raises:
        LibraryError: with every fault in the rules and the formulary.
    """
    digest = digest_of(rules, formulary)
    kept = _Cache(cache, digest)
    edition = kept.read()
    if edition is None:
        edition = _read_edition(rules, formulary, digest)
        kept.write(edition)
    return edition


def _read_edition(rules: Path, formulary: Path, digest: str) -> Edition:
    # Only a start without the cache pays for the readers and what they import.
    from rx_review.library.rulebook import read_rules
    from rx_review.library.site_reader import read_sites
    from rx_review.library.tables import read_tables

    faults: list[Fault] = []
    read: dict[str, Any] = {}
    readers: tuple[tuple[str, Callable[[Path], object], Path], ...] = (
        ("tables", read_tables, formulary),
        ("sites", read_sites, formulary),
        ("rules", read_rules, rules),
    )
    for key, reader, folder in readers:
        try:
            read[key] = reader(folder)
        except LibraryError as error:
            faults += error.faults
    if faults:
        raise LibraryError(*faults)
    faults = [*_rule_references(read["rules"], read["tables"]), *_site_references(read["tables"], read["sites"])]
    if faults:
        raise LibraryError(*faults)
    titles = {row.source: row.title for row in read["tables"]["sources"]}
    families = {row.topic: row.family for row in read["tables"]["topics"]}
    return Edition(digest, read["rules"], build_formulary(read["tables"], read["sites"]), titles, families)


def _rule_references(rules: Iterable[Rule], tables: Mapping[str, tuple[Any, ...]]) -> Iterable[Fault]:
    sources = {row.source for row in tables["sources"]}
    codes = {row.code for row in tables["comment_codes"]}
    parameters = {row.parameter for row in tables["parameters"]}
    topics = {row.topic for row in tables["topics"]}
    for rule in rules:
        if rule.topic not in topics:
            yield Fault(rule.name, f"folder {rule.topic} is not in topics.csv", "move the file or add the topic")
        for basis in rule.basis:
            if basis.source not in sources:
                yield Fault(rule.name, f"source {basis.source} is not in sources.csv", "add the source or correct it")
        if rule.code is not None and rule.code not in codes:
            yield Fault(rule.name, f"code {rule.code} is not in comment_codes.csv", "use an official code or null")
        for clause in rule.clauses:
            if clause.parameter is not None and clause.parameter not in parameters:
                yield Fault(rule.name, f"${clause.parameter} is not in parameters.csv", "add a dated row")


def _site_references(tables: Mapping[str, tuple[Any, ...]], sites: Mapping[str, object]) -> Iterable[Fault]:
    for row in tables["institutions"]:
        if row.site is not None and row.site not in sites:
            where = f"institutions.csv: {row.institution}: site"
            yield Fault(where, f"{row.site!r} is no file of sites/", "correct the name or add the profile")


class _Cache:
    """Compiled editions on disk, in a folder that only this user may write: reading a pickle runs what it says."""

    def __init__(self, folder: Path | None, digest: str) -> None:
        self._path = folder / f"edition-{digest[:16]}-{_code_fingerprint()}.pickle" if folder else None

    def read(self) -> Edition | None:
        if self._path is None or not self._trusted(self._path.parent):
            return None
        try:
            found = _unpickle(self._path.read_bytes())
        except Exception:
            # Whatever is wrong with a kept edition, the files themselves say it better.
            return None
        return found if isinstance(found, Edition) else None

    def write(self, edition: Edition) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._trusted(self._path.parent):
                return
            handle, name = tempfile.mkstemp(dir=self._path.parent)
            with os.fdopen(handle, "wb") as file:
                pickle.dump(edition, file, protocol=pickle.HIGHEST_PROTOCOL)
            Path(name).replace(self._path)
        except OSError:
            # A cache that cannot be written costs a second at the next start, nothing else.
            return

    @staticmethod
    def _trusted(folder: Path) -> bool:
        try:
            state = folder.stat()
        except OSError:
            return False
        return state.st_uid == os.getuid() and not state.st_mode & 0o022


def _unpickle(data: bytes) -> object:
    """Load without collections: a hundred thousand new objects, and none of them garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return pickle.loads(data)
    finally:
        if collecting:
            gc.enable()


def _code_fingerprint() -> str:
    total = hashlib.sha256(f"{sys.version_info[:2]}{[model.table for model in TABLES]}".encode())
    package = Path(__file__).resolve().parent
    for path in (*sorted(package.rglob("*.py")), package.parent / "domain" / "review.py"):
        total.update(path.read_bytes())
    return total.hexdigest()[:12]
