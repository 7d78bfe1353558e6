"""Verification of an export: read once, from front to end, whatever its size; every fault up to a bound.

What is cut off at the end leaves no trace in what remains, if the closing line is written anew: only a checkpoint
from elsewhere finds it. What lies behind the newest checkpoint is vouched for by the county's key alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from rx_review.audit.chain import Entry, Seal
from rx_review.audit.export import LONGEST_LINE, End, Header, LineFault, decode_line
from rx_review.audit.signing import Hash, Verifier
from rx_review.audit.walk import Walk
from rx_review.errors import Fault, InputError

MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found in an export."""

    county: str
    written: datetime
    """When the export says that it was written; nobody signed this."""
    seals: int
    entries: int
    erased: int
    """Entries of which only the digest is left."""
    first: datetime | None
    """Instant of the first seal."""
    last: Seal | None
    """The seal at the end of the chain."""
    proved: int
    """Number of the newest seal that a checkpoint of a known key agrees with; 0 for none."""
    keys: tuple[str, ...]
    """Fingerprints of the keys that signed, in the order of their use."""
    faults: tuple[Fault, ...]
    stopped: bool
    """More may be wrong: no more than `MOST_FAULTS` are told, and reading stopped there."""

    @property
    def whole(self) -> bool:
        """True if nothing is wrong."""
        return not self.faults


def verify_export(
    source: IO[bytes], verifiers: Sequence[Verifier], checkpoints: Sequence[Seal] = (), name: str = "export"
) -> Verified:
    """Verify an export with the county's public keys and with checkpoints that were kept elsewhere.

    Keys may follow one another in the chain; one that was replaced does not come back. Faults name `name:line`.

    Raises:
        InputError: the first line is not that of an export.
        OSError: the source cannot be read.
    """
    lines = _lines(source)
    digest = hashlib.sha256()
    header = _header(name, next(lines, (1, b""))[1], digest)
    walk = Walk(header.county, verifiers, checkpoints)
    end = 0
    for number, line in lines:
        where = f"{name}:{number}"
        if end:
            walk.say("after-end", where)
        elif _take(walk, where, line, digest):
            end = number
        if len(walk.faults) >= MOST_FAULTS:
            return _found(header, walk, stopped=True)
    walk.finish()
    if not end:
        walk.say("no-end", name)
    return _found(header, walk, stopped=len(walk.faults) > MOST_FAULTS)


def _header(name: str, line: bytes | None, digest: Hash) -> Header:
    try:
        header = decode_line(line or b"")
        if not isinstance(header, Header):
            raise LineFault("another line stands first", "首行是其他内容")
    except LineFault as error:
        what = f"not the first line of an audit export: {error.what}"
        zh = f"不是审计导出文件的首行：{error.zh}；请指明审计导出文件"
        raise InputError(Fault(f"{name}:1", what, "name an export of the audit", zh)) from None
    digest.update(line or b"")
    return header


def _take(walk: Walk, where: str, line: bytes | None, digest: Hash) -> bool:
    """Take in a line; True if it is the closing one."""
    if line is None:
        walk.say("long", where, most=LONGEST_LINE)
        walk.skip(is_seal=False)
        return False
    try:
        found = decode_line(line)
    except LineFault as error:
        walk.say("line", where, what=error.what, zh=error.zh)
        walk.skip(is_seal=line.startswith(b'{"seal"'))
        return False
    match found:
        case Entry():
            walk.entry(where, found)
        case Seal():
            walk.seal(where, found)
        case Header():
            walk.say("header", where)
        case End():
            _close(walk, where, found, digest)
            return True
    digest.update(line)
    return False


def _close(walk: Walk, where: str, end: End, digest: Hash) -> None:
    walk.close()
    # What was changed inside has been told; the file as a whole is then another, of course.
    if walk.faults:
        return
    if (end.seals, end.entries) != (walk.seals, walk.entries):
        walk.say("end-counts", where, seals=end.seals, entries=end.entries, seen_seals=walk.seals,
                 seen_entries=walk.entries)  # fmt: skip
    elif end.sha256 != digest.hexdigest():
        walk.say("end-bytes", where)


def _found(header: Header, walk: Walk, stopped: bool) -> Verified:
    return Verified(
        county=header.county,
        written=header.written,
        seals=walk.seals,
        entries=walk.entries,
        erased=walk.erased,
        first=walk.first,
        last=walk.last,
        proved=walk.proved,
        keys=tuple(walk.keys),
        faults=tuple(walk.faults[:MOST_FAULTS]),
        stopped=stopped,
    )


def _lines(source: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number from 1; None for one that is too long, which is never held in memory."""
    number = 0
    while line := source.readline(LONGEST_LINE + 1):
        number += 1
        too_long = len(line) > LONGEST_LINE
        while line and too_long and not line.endswith(b"\n"):
            line = source.readline(LONGEST_LINE + 1)
        yield number, None if too_long else line
