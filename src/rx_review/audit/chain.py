"""The chain: entries known by salted digests, sealed in batches, each seal bound to the one before.

An entry's digest stands beside the effect that it records; a seal takes up what has been committed since the last
one. What is hashed and signed is plain text (see `entry_digest`, `Linking`, `statement`), so that anybody can work it
out again with the standard tools of any machine. The chain holds digests only: whoever destroys an entry's salt and
body, as the law allows after its period, leaves the chain whole, and nobody can guess the body from the digest.

Trust rests on the signatures. Who holds the private key can write another history; a seal that members keep
elsewhere (`rx_review.audit.checkpoint`) then contradicts it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from rx_review.audit.signing import Signer, algorithm_named
from rx_review.config import COUNTY_TIME
from rx_review.store.key_files import ED25519

ZERO = "0" * 64
_TEXT = 200
# Leaves room for what `seal` adds.
_CLOCK = 120


class Entry(NamedTuple):
    """One entry of the audit as the chain sees it; salt and body are None once it has been lawfully erased.

    `id` is the store's own number of the row (from 1, gaps allowed); `body` is UTF-8, canonical JSON.
    """

    id: int
    digest: str
    salt: bytes | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed batch of entries, and the head of the chain after it."""

    county: str
    """Whose chain it is; the same in every seal of a chain."""
    number: int
    """From 1, without a gap."""
    first: int
    """Place in the chain, from 1, of its first entry."""
    count: int
    """How many entries it takes up; 0 says that nothing happened since the last seal."""
    previous: str
    """Head of the seal before, 64 zeros in the first."""
    head: str
    """Hash over this seal's terms and its entries' digests, 64 hexadecimal digits."""
    at: datetime
    """When it was sealed; never before the seal before."""
    clock: str
    """What is known of the clock, such as `ntp offset 0.004 s` or `ntp offset unknown`."""
    algorithm: str
    """Name of the hash and the signature, such as `ed25519-sha256`."""
    key: str
    """Fingerprint of the public key."""
    signature: bytes
    """Of `statement(seal)`."""

    @property
    def last(self) -> int:
        """Place in the chain of its last entry."""
        return self.first + self.count - 1


def entry_digest(salt: bytes, body: bytes, algorithm: str = ED25519) -> str:
    """Hash of `rx-review audit entry`, a zero byte, then salt and body, each behind its length (8 bytes, big-endian).

    With SHA-256 it is `rx_review.domain.entries.entry_digest`. The hash is that of the algorithm which seals the
    entry: whoever changes to one with another hash seals first what is open.

    Raises:
        InputError: no such algorithm.
    """
    hashing = algorithm_named(algorithm).hash()
    hashing.update(b"rx-review audit entry\0")
    for part in (salt, body):
        hashing.update(len(part).to_bytes(8, "big"))
        hashing.update(part)
    return hashing.hexdigest()


class Linking:
    """A seal's head, worked out entry by entry.

    It is the hash of text: the line `rx-review audit seal 1`, the seal's terms from `county` to `key`, one
    `name: value` a line, then for each entry `id digest` on a line; every line ends with a line feed.
    """

    def __init__(self, seal: Seal) -> None:
        self._hashing = algorithm_named(seal.algorithm).hash()
        self._hashing.update(_lines("rx-review audit seal 1", _terms(seal)))

    def add(self, number: int, digest: str) -> None:
        """Take in the next entry."""
        self._hashing.update(f"{number} {digest}\n".encode())

    def head(self) -> str:
        """The head after the entries so far."""
        return self._hashing.hexdigest()


def statement(seal: Seal) -> bytes:
    """What is signed: the line `rx-review audit checkpoint 1`, the seal's terms, and its head.

    A seal's signature thus also vouches for the checkpoint written from it.
    """
    return _lines("rx-review audit checkpoint 1", {**_terms(seal), "head": seal.head})


def terms(seal: Seal) -> dict[str, str]:
    """All that a checkpoint says: what is signed, and the signature in base64."""
    return {**_terms(seal), "head": seal.head, "signature": base64.b64encode(seal.signature).decode()}


def instant(at: datetime) -> str:
    """An instant as it is hashed and written: ISO 8601, microseconds, Asia/Shanghai."""
    return at.astimezone(COUNTY_TIME).isoformat(timespec="microseconds")


def _terms(seal: Seal) -> dict[str, str]:
    return {
        "county": seal.county,
        "seal": str(seal.number),
        "first": str(seal.first),
        "count": str(seal.count),
        "previous": seal.previous,
        "at": instant(seal.at),
        "clock": seal.clock,
        "algorithm": seal.algorithm,
        "key": seal.key,
    }


def _lines(title: str, fields: dict[str, str]) -> bytes:
    return "".join([f"{title}\n", *(f"{name}: {value}\n" for name, value in fields.items())]).encode()


def refuse_unsound(seal: Seal) -> None:
    """Refuse a seal whose terms cannot be: a text of two lines, a number below its least.

    Raises:
        ValueError: which term it is.
    """
    for name, text in (
        ("county", seal.county),
        ("clock", seal.clock),
        ("algorithm", seal.algorithm),
        ("key", seal.key),
    ):
        # One line each, or one term could be written to look like two.
        if not (text.isprintable() and text == text.strip() and 0 < len(text) <= _TEXT):
            raise ValueError(f"{name} must be one line of 1 to {_TEXT} characters")
    for name, number, least in (("seal", seal.number, 1), ("first", seal.first, 1), ("count", seal.count, 0)):
        if number < least:
            raise ValueError(f"{name} must be at least {least}")
    for name, text in (("previous", seal.previous), ("head", seal.head)):
        if not is_digest(text):
            raise ValueError(f"{name} must be 64 hexadecimal digits in lower case")


def is_digest(text: str) -> bool:
    """True for 64 hexadecimal digits in lower case."""
    return len(text) == len(ZERO) and not text.strip("0123456789abcdef")


def seal(
    previous: Seal | None,
    entries: Sequence[tuple[int, str]],
    *,
    county: str,
    at: datetime,
    clock: str,
    signer: Signer,
) -> Seal:
    """Seal entries, given as (id, digest) in ascending order of id, behind the seal before.

    A clock that went back does not stop the sealing: the seal then takes the instant of the one before, and `clock`
    says by how much the clock was behind.

    Raises:
        InputError: the signer's algorithm is not registered.
        ValueError: ids that do not ascend, a digest that is none, another county than before, an `at` without
            offset, a text that is not one line of at most 200 characters (`clock`: 120).
    """
    _refuse_unlinkable(entries)
    if at.tzinfo is None:
        raise ValueError("at must be an instant, with its offset")
    if len(clock) > _CLOCK:
        raise ValueError(f"clock must have at most {_CLOCK} characters")
    if previous is not None and previous.county != county:
        raise ValueError(f"the chain is that of {previous.county}, not of {county}")
    if previous is not None and at < previous.at:
        clock, at = f"{clock}; was {_seconds(previous.at - at)} s behind the seal before", previous.at
    draft = Seal(
        county=county,
        number=previous.number + 1 if previous else 1,
        first=previous.first + previous.count if previous else 1,
        count=len(entries),
        previous=previous.head if previous else ZERO,
        head=ZERO,
        at=at,
        clock=clock,
        algorithm=signer.verifier.algorithm,
        key=signer.verifier.key,
        signature=b"",
    )
    refuse_unsound(draft)
    linked = replace(draft, head=_head(draft, entries))
    return replace(linked, signature=signer.sign(statement(linked)))


def _head(draft: Seal, entries: Iterable[tuple[int, str]]) -> str:
    linking = Linking(draft)
    for number, digest in entries:
        linking.add(number, digest)
    return linking.head()


def _seconds(behind: timedelta) -> str:
    return f"{behind.total_seconds():.6f}"


def _refuse_unlinkable(entries: Iterable[tuple[int, str]]) -> None:
    before = 0
    for number, digest in entries:
        if number <= before:
            raise ValueError(f"entry {number} comes after entry {before}: ids must ascend, from 1")
        if not is_digest(digest):
            raise ValueError(f"entry {number}: not a digest of 64 hexadecimal digits: {digest!r}")
        before = number
