"""`rx audit check`, `export`, `checkpoint` and `status`: the chain in the database."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from rich.text import Text

from rx_review import config
from rx_review.audit.chain import Seal, instant
from rx_review.audit.checking import Checked, check_stored
from rx_review.audit.checkpoint import write_checkpoint
from rx_review.audit.exporting import export_stored, newest_seal, standing
from rx_review.audit.keys import read_private_key, read_public_key
from rx_review.audit.signing import Verifier
from rx_review.cli.audit_report import compared, known_language, last_seal, read_kept, verdict
from rx_review.cli.console import err, out, say_each
from rx_review.cli.database import county_database
from rx_review.errors import EnvironmentFault, Fault

AUDIT_KEY = "audit.pem"
_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "whole": "审计链与数据库一致",
        "tampered": "发现 {} 处问题",
        "stopped": "发现 {} 处以上问题，未查完",
        "counts": "封条 {seals} 个，已封存记录 {entries} 条，待封存 {still_open} 条，审核 {reviews} 次",
        "erased": "其中 {} 条仅存摘要：须逐条与销毁登记核对",
        "alone": "未与任何检查点核对：链尾如被截去，仅凭数据库看不出来",
        "proved": "与检查点相符至第 {} 号封条",
    },
    "en": {
        "whole": "the chain is whole and the database is as it tells",
        "tampered": "{} faults",
        "stopped": "{} faults or more, not read to the end",
        "counts": "{seals} seals, {entries} entries sealed, {still_open} open, {reviews} reviews",
        "erased": "of {} only the digest is left: compare each with the register of destruction",
        "alone": "compared with no checkpoint: the database alone cannot show whether its end was cut off",
        "proved": "agrees with a checkpoint up to seal {}",
    },
}


def check(keys: list[str], checkpoints: list[str], lang: str, as_json: bool) -> int:
    """Check the database and print what was found; 0 if nothing is wrong, else 1."""
    known_language(lang)
    verifiers: list[Verifier] = [read_public_key(Path(key)) for key in keys]
    if not verifiers:
        verifiers = [read_private_key(config.keys_dir() / AUDIT_KEY).verifier]
    seals = [read_kept(path) for path in checkpoints]
    with county_database() as database:
        found = check_stored(database, verifiers, seals)
    if as_json:
        print(json.dumps(_checked(found), ensure_ascii=False, indent=1))
    else:
        out().print(_page(found, _WORDS[lang]))
        say_each(found.faults, lang)
    return 0 if found.whole else 1


def export(path: str, checkpoint_path: str | None) -> None:
    """Write the export, and the checkpoint if asked; say what is not in it."""
    with county_database() as database, _whole_file(path) as file:
        done = export_stored(database, file, config.now())
    err().print(
        f"封条 {done.end.seals} 个，记录 {done.end.entries} 条，尚未封存 {done.still_open} 条 | "
        f"{done.end.seals} seals, {done.end.entries} entries; not sealed yet: {done.still_open}"
    )
    if done.astray:
        text = (
            f"{done.astray} 条记录的封条已不存在，未导出 | {done.astray} rows name a seal that is not there: left out"
        )
        err().print(Text(text, style="red"))
    if checkpoint_path is not None:
        _write_checkpoint(done.last, checkpoint_path)


def checkpoint(path: str | None) -> None:
    """Write the newest seal as a checkpoint."""
    with county_database() as database:
        newest = newest_seal(database)
    _write_checkpoint(newest, path or "-")


def status(as_json: bool) -> None:
    """Print how the audit stands."""
    with county_database() as database:
        found = standing(database)
    now, last = config.now(), found.last
    waits = None if found.oldest_open is None else max(0.0, (now - found.oldest_open).total_seconds())
    tree: dict[str, Any] = {
        "county": found.county,
        "seals": found.seals,
        "sealed": found.sealed,
        "open": found.rows - found.sealed,
        "oldest_open_seconds": waits,
        "erased": found.erased,
        "last": last and {"at": instant(last.at), "entry": last.last, "head": last.head, "key": last.key,
                          "clock": last.clock},
    }  # fmt: skip
    if as_json:
        print(json.dumps(tree, ensure_ascii=False, indent=1))
        return
    text = Text(f"━━ {found.county}\n", "bold")
    text.append(f"  封条 {found.seals} 个，已封存记录 {found.sealed} 条，仅存摘要 {found.erased} 条", "not bold")
    text.append(f" | {found.seals} seals, {found.sealed} entries, {found.erased} erased\n", "not bold")
    waiting = tree["open"]
    zh = "" if waits is None else f"，最早者已等 {waits:.1f} 秒"
    en = "" if waits is None else f", the oldest for {waits:.1f} s"
    text.append(f"  待封存 {waiting} 条{zh} | {waiting} open{en}", "not bold")
    if last is not None:
        text.append(f"\n  {instant(last.at)} · {last.head} · {last.clock}", "not bold")
    out().print(text)


def _write_checkpoint(newest: Seal | None, path: str) -> None:
    if newest is None:
        fault = Fault("audit", "nothing is sealed yet", "let the service run for a second", "尚无封条；请先运行服务")
        raise EnvironmentFault(fault)
    with _whole_file(path) as file:
        file.write(write_checkpoint(newest).encode())


@contextmanager
def _whole_file(path: str) -> Iterator[IO[bytes]]:
    """A file that gets its name once it is whole; - is standard output.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = Path(f"{path}.part")
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        what = error.strerror or "cannot be written"
        do, zh = "check the folder, its rights and space", "无法写入；请检查目录、权限和空间"
        raise EnvironmentFault(Fault(path, what, do, zh)) from None
    finally:
        draft.unlink(missing_ok=True)


def _page(found: Checked, words: Mapping[str, str]) -> Text:
    text = verdict(found, words, still_open=found.still_open, reviews=found.reviews)
    return text.append(*compared(found, words))


def _checked(found: Checked) -> dict[str, Any]:
    return {
        "whole": found.whole,
        "stopped": found.stopped,
        "county": found.county,
        "seals": found.seals,
        "entries": found.entries,
        "erased": found.erased,
        "open": found.still_open,
        "reviews": found.reviews,
        "last": last_seal(found),
        "agrees_with_checkpoint_up_to_seal": found.proved,
        "faults": [asdict(fault) for fault in found.faults],
    }
