r"""The export: JSON Lines that anybody can check with one public key and no database.

    {"format":"rx-review audit export","version":1,"county":"…","written":"2026-11-22T08:00:00.000000+08:00"}
    {"seal":1,"county":"…","first":1,"count":2,"previous":"00…","at":"…","clock":"…","algorithm":"ed25519-sha256",
     "key":"…","head":"…","signature":"base64"}                                   (one line, as all are)
    {"entry":7,"digest":"…","salt":"hexadecimal","body":"{\"move\":\"approve\"}"}
    {"entry":9,"digest":"…","salt":null,"body":null}                                      (lawfully erased)
    {"end":"rx-review audit export","seals":1,"entries":2,"sha256":"…"}

Each line is written in one way only (these keys in this order, no spaces, text not escaped where JSON allows it), so
that a line which reads the same but is not the same is seen. `body` is a string holding the very bytes that were
hashed. The signatures cover all but `written` and the closing line; the latter holds the SHA-256 of all bytes before
it and finds a file that was damaged or cut on its way, not one that was forged.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from rx_review.audit.chain import Entry, Seal, instant, is_digest, refuse_unsound, terms
from rx_review.config import COUNTY_TIME

FORMAT = "rx-review audit export"
VERSION = 1
# Bodies are some KiB; this only keeps a hostile file from filling the memory.
LONGEST_LINE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: whose chain, written when."""

    county: str
    written: datetime


@dataclass(frozen=True, slots=True)
class End:
    """The last line: how many seals and entries, and the SHA-256 of all bytes before."""

    seals: int
    entries: int
    sha256: str


class LineFault(ValueError):
    """What is wrong with a line, in English and Chinese."""

    def __init__(self, what: str, zh: str) -> None:
        super().__init__(what)
        self.what = what
        self.zh = zh


def write_export(out: IO[bytes], header: Header, seals: Iterable[tuple[Seal, Iterable[Entry]]]) -> End:
    """Write an export, each line as its entry comes; what no seal has taken up is not part of it.

    The entries of a seal come in ascending order of id, as they were sealed. Nothing is checked here: an export of a
    chain that was tampered with is the evidence.

    Returns:
        The closing line.
    """
    digest = hashlib.sha256()
    sealed = written = 0

    def put(line: bytes) -> None:
        digest.update(line)
        out.write(line)

    put(encode_line(header))
    for seal, entries in seals:
        put(encode_line(seal))
        sealed += 1
        for entry in entries:
            put(encode_line(entry))
            written += 1
    end = End(sealed, written, digest.hexdigest())
    out.write(encode_line(end))
    return end


_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))


def encode_line(line: Header | Seal | Entry | End) -> bytes:
    """The one way in which a line is written, with its line feed."""
    # A lone surrogate cannot be sealed; should somebody put one into the store, the export still gets written.
    return (_ENCODER.encode(_tree(line)) + "\n").encode("utf-8", "backslashreplace")


def _tree(line: Header | Seal | Entry | End) -> dict[str, Any]:
    match line:
        case Entry(number, digest, salt, body):
            return {
                "entry": number,
                "digest": digest,
                "salt": None if salt is None else salt.hex(),
                "body": None if body is None else body.decode("utf-8", "backslashreplace"),
            }
        case Seal():
            numbers = {"seal": line.number, "first": line.first, "count": line.count}
            # The first key says what a line is.
            return {"seal": line.number} | terms(line) | numbers
        case Header(county, written):
            return {"format": FORMAT, "version": VERSION, "county": county, "written": instant(written)}
        case End(seals, entries, sha256):
            return {"end": FORMAT, "seals": seals, "entries": entries, "sha256": sha256}


_SHAPES: Mapping[str, Mapping[str, type]] = {
    "entry": {"entry": int, "digest": str, "salt": str, "body": str},
    "seal": {"seal": int, "county": str, "first": int, "count": int, "previous": str, "at": str, "clock": str,
             "algorithm": str, "key": str, "head": str, "signature": str},
    "format": {"format": str, "version": int, "county": str, "written": str},
    "end": {"end": str, "seals": int, "entries": int, "sha256": str},
}  # fmt: skip


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        raise LineFault("a key stands twice", "同一键出现两次")
    return tree


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


def decode_line(line: bytes) -> Header | Seal | Entry | End:
    """Read a line, which must be written just as `encode_line` writes it.

    Raises:
        LineFault: what is wrong with it.
    """
    tree = _object(line)
    kind = next(iter(tree), "")
    shape = _SHAPES.get(kind)
    if shape is None:
        raise LineFault("neither a seal nor an entry", "既不是封条也不是记录")
    if tuple(tree) != tuple(shape) or not all(_is_a(name, tree[name], wanted) for name, wanted in shape.items()):
        raise LineFault(f"not the fields of this kind of line: {', '.join(shape)}", f"字段应为 {', '.join(shape)}")
    try:
        found = _READERS[kind](tree)
    except (ValueError, OverflowError) as error:
        raise LineFault(f"a value that cannot be: {error}", f"取值不可能成立：{error}") from None
    if encode_line(found) != line:
        raise LineFault("not written as the export writes it", "书写形式与导出格式不符")
    return found


def _object(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise LineFault("the line is cut off", "本行不完整")
    try:
        tree = _DECODER.decode(line.decode("utf-8"))
    except LineFault:
        raise
    except UnicodeDecodeError:
        raise LineFault("not UTF-8", "不是 UTF-8 编码") from None
    except (ValueError, RecursionError):
        raise LineFault("not JSON", "不是 JSON") from None
    if not isinstance(tree, dict):
        raise LineFault("not a JSON object", "不是 JSON 对象")
    return tree


def _is_a(name: str, value: object, wanted: type) -> bool:
    # A flag is an int to isinstance, never to type.
    return type(value) is wanted or (value is None and name in ("salt", "body"))


def _read_entry(tree: Mapping[str, Any]) -> Entry:
    salt, body = tree["salt"], tree["body"]
    if (salt is None) != (body is None):
        raise ValueError("salt and body are erased together or not at all")
    if not is_digest(tree["digest"]):
        raise ValueError("digest must be 64 hexadecimal digits in lower case")
    if salt is None:
        return Entry(tree["entry"], tree["digest"], None, None)
    return Entry(tree["entry"], tree["digest"], bytes.fromhex(salt), body.encode("utf-8"))


def _read_seal(tree: Mapping[str, Any]) -> Seal:
    return seal_of({**tree, "number": tree["seal"]})


def seal_of(said: Mapping[str, Any]) -> Seal:
    """A seal from its terms, numbers as int, everything else as text.

    Raises:
        ValueError: a value that cannot be.
    """
    try:
        signature = base64.b64decode(said["signature"], validate=True)
    except binascii.Error:
        raise ValueError("signature must be base64") from None
    found = Seal(
        county=said["county"],
        number=said["number"],
        first=said["first"],
        count=said["count"],
        previous=said["previous"],
        head=said["head"],
        at=_instant(said["at"]),
        clock=said["clock"],
        algorithm=said["algorithm"],
        key=said["key"],
        signature=signature,
    )
    refuse_unsound(found)
    return found


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant needs its offset")
    # Raises at the ends of the calendar, where there is no such instant in the county.
    return at.astimezone(COUNTY_TIME)


def _read_header(tree: Mapping[str, Any]) -> Header:
    if (tree["format"], tree["version"]) != (FORMAT, VERSION):
        raise ValueError(f"this program reads {FORMAT}, version {VERSION}")
    if not tree["county"].isprintable():
        raise ValueError("county must be one line")
    return Header(tree["county"], _instant(tree["written"]))


def _read_end(tree: Mapping[str, Any]) -> End:
    if tree["end"] != FORMAT:
        raise ValueError(f"end must be {FORMAT}")
    return End(tree["seals"], tree["entries"], tree["sha256"])


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Header | Seal | Entry | End]] = {
    "entry": _read_entry,
    "seal": _read_seal,
    "format": _read_header,
    "end": _read_end,
}
