"""`rx audit verify`: what an export shows of the audit chain."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from rx_review.audit import Seal, Verified, read_checkpoint, read_public_key, verify_export
from rx_review.audit.chain import instant
from rx_review.cli.console import out, say_each
from rx_review.errors import Fault, InputError

if TYPE_CHECKING:
    # An export is verified without what reads the database.
    from rx_review.audit.checking import Checked

_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "whole": "审计链完整",
        "tampered": "审计链不完整：发现 {} 处问题",
        "stopped": "审计链不完整：发现 {} 处以上问题，未读完",
        "counts": "封条 {seals} 个，记录 {entries} 条",
        "erased": "其中 {} 条仅存摘要：须逐条与销毁登记核对",
        "times": "{} 至 {}",
        "key": "密钥 {}",
        "empty": "链尾：尚无封条",
        "end": "链尾：{at} 的第 {number} 号封条，至第 {last} 条记录\n      {head}",
        "alone": "未与任何检查点核对：尾部如被截去，从本文件看不出来；请与他处保存的检查点核对",
        "proved": "与检查点相符至第 {} 号封条；其后如有截去，请与更新的检查点核对",
    },
    "en": {
        "whole": "the chain is whole",
        "tampered": "the chain is not whole: {} faults",
        "stopped": "the chain is not whole: {} faults or more, not read to its end",
        "counts": "{seals} seals, {entries} entries",
        "erased": "of {} only the digest is left: compare each with the register of destruction",
        "times": "{} to {}",
        "key": "key {}",
        "empty": "end of the chain: no seal yet",
        "end": "end of the chain: seal {number} of {at}, up to entry {last} of the chain\n      {head}",
        "alone": "compared with no checkpoint: this file cannot show whether its end was cut off; compare it with a"
        " checkpoint kept elsewhere",
        "proved": "agrees with a checkpoint up to seal {}; compare with a newer one to see whether anything was cut"
        " off behind it",
    },
}


def verify(export: str, keys: list[str], checkpoints: list[str], lang: str, as_json: bool) -> int:
    """Verify an export and print what was found; 0 if it is whole, else 1."""
    known_language(lang)
    verifiers = [read_public_key(Path(key)) for key in keys]
    seals = [read_kept(path) for path in checkpoints]
    try:
        if export == "-":
            found = verify_export(sys.stdin.buffer, verifiers, seals, "-")
        else:
            with Path(export).open("rb") as source:
                found = verify_export(source, verifiers, seals, export)
    except OSError as error:
        raise _unreadable(export, error) from None
    if as_json:
        print(json.dumps(_tree(found), ensure_ascii=False, indent=1))
    else:
        out().print(_page(found, _WORDS[lang]))
        say_each(found.faults, lang)
    return 0 if found.whole else 1


def known_language(lang: str) -> None:
    """Go on with zh or en.

    Raises:
        InputError: another language.
    """
    if lang not in _WORDS:
        raise InputError(Fault(lang, "no such language", "use zh or en", "没有这种语言；请用 zh 或 en"))


def read_kept(path: str) -> Seal:
    """The checkpoint in a file.

    Raises:
        InputError: it cannot be read, or is no checkpoint.
    """
    try:
        data = Path(path).read_bytes()
        return read_checkpoint(data.decode("utf-8"), path)
    except UnicodeDecodeError:
        raise InputError(Fault(path, "not UTF-8", "name a checkpoint", "不是 UTF-8 编码；请指明检查点文件")) from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> InputError:
    return InputError(Fault(path, error.strerror or "cannot be read", "name a file", "读不出；请指明文件"))


def verdict(found: Verified | Checked, words: Mapping[str, str], **counts: int) -> Text:
    """How a page begins, in these words: whether the chain is whole, what was counted, what was erased."""
    said = words["whole" if found.whole else "stopped" if found.stopped else "tampered"].format(len(found.faults))
    text = Text()
    text.append(f"━━ {found.county} · ", "bold")
    text.append(said, "bold green" if found.whole else "bold red")
    text.append(f"\n  {words['counts'].format(seals=found.seals, entries=found.entries, **counts)}\n")
    if found.erased:
        text.append(f"  {words['erased'].format(found.erased)}\n", "yellow")
    return text


def compared(found: Verified | Checked, words: Mapping[str, str]) -> tuple[str, str]:
    """How a page ends, with its style: which checkpoint the chain agrees with."""
    return f"  {words['proved'].format(found.proved) if found.proved else words['alone']}", "yellow"


def last_seal(found: Verified | Checked) -> dict[str, Any] | None:
    """The seal at the end as JSON has it."""
    last = found.last
    if last is None:
        return None
    return {"seal": last.number, "entry": last.last, "at": instant(last.at), "head": last.head}


def _page(found: Verified, words: Mapping[str, str]) -> Text:
    text = verdict(found, words)
    if found.last is None or found.first is None:
        text.append(f"  {words['empty']}\n")
    else:
        text.append(f"  {words['times'].format(instant(found.first), instant(found.last.at))}\n")
        for key in found.keys:
            text.append(f"  {words['key'].format(key)}\n")
        last = found.last
        end = words["end"].format(at=instant(last.at), number=last.number, last=last.last, head=last.head)
        text.append(f"  {end}\n")
    return text.append(*compared(found, words))


def _tree(found: Verified) -> dict[str, Any]:
    return {
        "whole": found.whole,
        "stopped": found.stopped,
        "county": found.county,
        "written": instant(found.written),
        "seals": found.seals,
        "entries": found.entries,
        "erased": found.erased,
        "first": instant(found.first) if found.first else None,
        "last": last_seal(found),
        "keys": list(found.keys),
        "agrees_with_checkpoint_up_to_seal": found.proved,
        "faults": [asdict(fault) for fault in found.faults],
    }
