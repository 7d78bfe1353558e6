"""`rx review`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError
from rich.text import Text

from rx_review.cli.console import edition, err, out, say_faults
from rx_review.cli.page import review_page
from rx_review.domain.circumstances import NOTHING_KNOWN, Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import read_circumstances, read_many
from rx_review.domain.review import RANK, as_json
from rx_review.domain.values import Instant
from rx_review.engine.review import review
from rx_review.errors import Fault, InputError
from rx_review.library.edition import Edition

_LONG = 200_000


def review_paths(
    paths: list[str],
    at: str | None,
    lang: str,
    as_lines: bool,
    fail_on: str | None,
    known: str | None,
    site: str | None = None,
    institution: str | None = None,
) -> int:
    """Review what the paths hold, print each answer as it comes, and return the exit code."""
    instant = _instant(at)
    if lang not in ("zh", "en"):
        raise InputError(Fault("--lang", f"{lang} is neither zh nor en", "use one of them", "只能是 zh 或 en"))
    if fail_on is not None and (fail_on not in RANK or fail_on == "pass"):
        severities = "note, warn, hold, return or block"
        zh = "不是处置等级；请用 note、warn、hold、return 或 block"
        raise InputError(Fault("--fail-on", f"{fail_on} is no severity", f"use {severities}", zh))
    circumstances = _circumstances(known)
    rules_and_formulary = edition()
    bad, reached = False, False
    elsewhere: set[str] = set()
    for found in read_prescriptions(paths, site, institution):
        if isinstance(found, InputError):
            bad = True
            say_faults(found, lang)
            continue
        if site is not None and found.institution not in elsewhere:
            elsewhere.add(found.institution)
            _say_if_elsewhere(found.institution, site, rules_and_formulary)
        answer = review(found, circumstances, rules_and_formulary, instant or found.issued_at)
        reached = reached or (fail_on is not None and RANK[answer.verdict] >= RANK[fail_on])
        if as_lines:
            sys.stdout.write(json.dumps(as_json(answer), ensure_ascii=False, separators=(",", ":")) + "\n")
        else:
            out().print(review_page(answer, found, lang))
    sys.stdout.flush()
    return 2 if bad else 1 if reached else 0


def _say_if_elsewhere(institution: str, site: str, loaded: Edition) -> None:
    """Say once for a member that what its system lacks is not known, because the register names another profile."""
    row = loaded.formulary.institutions.get(institution)
    if row is None or row.site != site:
        text = (
            f"{institution}: institutions.csv 未登记接口 {site}，系统不能传送的内容按未写处理 · "
            f"not registered with the profile {site}: what its system cannot carry counts as not written"
        )
        err().print(Text(text, style="yellow"))


def _instant(at: str | None) -> datetime | None:
    if at is None:
        return None
    try:
        return TypeAdapter[datetime](Instant).validate_python(at)
    except ValidationError:
        example = "2026-11-01T09:30:00+08:00"
        fault = Fault("--at", f"{at!r} is no instant", f"write {example}", f"不是带时区的时间；请写成 {example}")
        raise InputError(fault) from None


def _circumstances(path: str | None) -> Circumstances:
    if path is None:
        return NOTHING_KNOWN
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        what = error.strerror or "cannot be read"
        raise InputError(Fault(path, what, "correct the path", "无法读取；请更正路径")) from None
    except UnicodeDecodeError:
        raise InputError(Fault(path, "not UTF-8", "save it as UTF-8", "不是 UTF-8；请另存为 UTF-8")) from None
    return read_circumstances(text, path)


@dataclass(frozen=True, slots=True)
class _Reader:
    """How files are read, and which of a folder."""

    read: Callable[[Iterable[bytes], str], Iterator[Prescription | InputError]]
    suffixes: tuple[str, ...] = (".json", ".jsonl")


def _reader(site: str | None, institution: str | None) -> _Reader:
    if site is None:
        if institution is not None:
            fault = Fault("--institution", "our own form says it itself", "use it with --site", "请与 --site 一起使用")
            raise InputError(fault)
        return _Reader(read_many)
    # Our own form pays nothing for the readers of others.
    from rx_review.cli.sites import site_named
    from rx_review.intake import read_site

    profile = site_named(site)
    csv = profile.rows is not None and profile.rows.as_ == "csv"
    return _Reader(
        lambda chunks, shown: read_site(chunks, profile, institution, shown),
        (".csv", ".tsv", ".txt") if csv else (".json", ".jsonl"),
    )


def read_prescriptions(
    paths: list[str], site: str | None = None, institution: str | None = None
) -> Iterator[Prescription | InputError]:
    """Yield what files, folders or standard input (`-`) hold, in our form or in that of a site profile."""
    reader = _reader(site, institution)
    for path in paths:
        if path == "-":
            yield from reader.read(sys.stdin.buffer, "-")
            continue
        files = _files(Path(path), reader.suffixes)
        if not files:
            kinds = [f"*{suffix}" for suffix in reader.suffixes]
            yield InputError(
                Fault(
                    path,
                    f"no such file, or a folder without {' or '.join(kinds)}",
                    "correct the path",
                    f"没有这个文件，或目录里没有 {'、'.join(kinds)}；请更正路径",
                )
            )
        for file in files:
            yield from _read_file(file, reader)


def _files(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    try:
        if path.is_dir():
            found = (file for file in path.rglob("*") if file.suffix in suffixes and file.is_file())
            # Hidden folders hold the tools of a checkout, not prescriptions.
            return sorted(f for f in found if not any(part.startswith(".") for part in f.relative_to(path).parts))
        return [path] if path.is_file() else []
    except OSError:
        # A name that no file can have.
        return []


def _read_file(path: Path, reader: _Reader) -> Iterator[Prescription | InputError]:
    try:
        with path.open("rb") as file:
            if path.stat().st_size < _LONG or not err().is_terminal:
                yield from reader.read(file, str(path))
                return
            from rich.progress import Progress

            with Progress(console=err(), transient=True) as progress:
                task = progress.add_task(path.name, total=path.stat().st_size)
                yield from reader.read(_watched(file, lambda size: progress.advance(task, size)), str(path))
    except OSError as error:
        yield InputError(
            Fault(str(path), error.strerror or "cannot be read", "check the file's rights", "无法读取；请检查文件权限")
        )


def _watched(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[bytes]:
    for line in file:
        yield line
        advance(len(line))
