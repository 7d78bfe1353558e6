"""`rx review`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from rx_review.cli.console import edition, err, out, say_faults
from rx_review.cli.page import review_page
from rx_review.domain.circumstances import NOTHING_KNOWN, Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import read_many
from rx_review.domain.review import RANK, as_json
from rx_review.domain.values import Instant
from rx_review.engine.review import review
from rx_review.errors import Fault, InputError

_LONG = 200_000


def review_paths(
    paths: list[str], at: str | None, lang: str, as_lines: bool, fail_on: str | None, known: str | None
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
    for found in _prescriptions(paths):
        if isinstance(found, InputError):
            bad = True
            say_faults(found, lang)
            continue
        answer = review(found, circumstances, rules_and_formulary, instant or found.issued_at)
        reached = reached or (fail_on is not None and RANK[answer.verdict] >= RANK[fail_on])
        if as_lines:
            sys.stdout.write(json.dumps(as_json(answer), ensure_ascii=False, separators=(",", ":")) + "\n")
        else:
            out().print(review_page(answer, found, lang))
    sys.stdout.flush()
    return 2 if bad else 1 if reached else 0


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
        return Circumstances.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        fault = Fault(path, error.strerror or "cannot be read", "correct the path", "无法读取；请更正路径")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        fault = Fault(
            f"{path}/{where}", first["msg"], "see `./rx schema circumstances`", "不符合 circumstances 的 schema"
        )
    raise InputError(fault)


def _prescriptions(paths: list[str]) -> Iterator[Prescription | InputError]:
    for path in paths:
        if path == "-":
            yield from read_many(sys.stdin.buffer, "-")
            continue
        files = _files(Path(path))
        if not files:
            yield InputError(
                Fault(
                    path,
                    "no such file, or a folder without *.json or *.jsonl",
                    "correct the path",
                    "没有这个文件，或目录里没有 *.json、*.jsonl；请更正路径",
                )
            )
        for file in files:
            yield from _read_file(file)


def _files(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            found = (file for file in path.rglob("*.json*") if file.suffix in (".json", ".jsonl") and file.is_file())
            # Hidden folders hold the tools of a checkout, not prescriptions.
            return sorted(f for f in found if not any(part.startswith(".") for part in f.relative_to(path).parts))
        return [path] if path.is_file() else []
    except OSError:
        # A name that no file can have.
        return []


def _read_file(path: Path) -> Iterator[Prescription | InputError]:
    try:
        with path.open("rb") as file:
            if path.stat().st_size < _LONG or not err().is_terminal:
                yield from read_many(file, str(path))
                return
            from rich.progress import Progress

            with Progress(console=err(), transient=True) as progress:
                task = progress.add_task(path.name, total=path.stat().st_size)
                yield from read_many(_watched(file, lambda size: progress.advance(task, size)), str(path))
    except OSError as error:
        yield InputError(
            Fault(str(path), error.strerror or "cannot be read", "check the file's rights", "无法读取；请检查文件权限")
        )


def _watched(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[bytes]:
    for line in file:
        yield line
        advance(len(line))
