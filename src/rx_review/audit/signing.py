"""Keys and signatures, by the name of their algorithm.

An algorithm is a pair: what hashes (entries and heads) and what signs. Every seal names its own, so that a chain may
pass from one to another; SM2 with SM3, which a Chinese cryptography assessment asks for, is one more `Algorithm`
given to `register`, and nothing else changes. Ed25519 with SHA-256 is the one that is always there.

The fingerprint of a key is the SHA-256 of the DER of its public half, which anybody can work out:
`openssl pkey -pubin -in key.pem -outform DER | sha256sum`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rx_review.errors import Fault, InputError
from rx_review.store.key_files import ED25519, Ed25519Signer, Ed25519Verifier


class Hash(Protocol):
    """What `hashlib.sha256()` gives: a hash of 256 bits that is fed piece by piece."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""

    def hexdigest(self) -> str:
        """Say the hash of all bytes so far, 64 lower-case hexadecimal digits."""


class Verifier(Protocol):
    """The public half of a key."""

    @property
    def algorithm(self) -> str:
        """Name of the algorithm, such as `ed25519-sha256`."""

    @property
    def key(self) -> str:
        """Fingerprint of the key."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """True if this key signed exactly this message."""

    def pem(self) -> bytes:
        """Give the public key as a PEM file."""


class Signer(Protocol):
    """The private half of a key."""

    @property
    def verifier(self) -> Verifier:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Sign a message of any length."""

    def pem(self) -> bytes:
        """Give the private key as a PEM file, not encrypted."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How one named algorithm hashes, makes keys and reads them.

    `signer` and `verifier` read a PEM file; they give None or raise ValueError for what is no key of this algorithm.
    """

    name: str
    hash: Callable[[], Hash]
    generate: Callable[[], Signer]
    signer: Callable[[bytes], Signer | None]
    verifier: Callable[[bytes], Verifier | None]


_ALGORITHMS: dict[str, Algorithm] = {}


def register(algorithm: Algorithm) -> None:
    """Make an algorithm known by its name.

    Raises:
        ValueError: the name is taken; what a name means never changes.
    """
    if _ALGORITHMS.setdefault(algorithm.name, algorithm) is not algorithm:
        raise ValueError(f"there is an algorithm {algorithm.name} already")


register(Algorithm(ED25519, hashlib.sha256, Ed25519Signer, Ed25519Signer.read, Ed25519Verifier.read))


def algorithms() -> tuple[Algorithm, ...]:
    """All that are registered."""
    return tuple(_ALGORITHMS.values())


def algorithm_named(name: str) -> Algorithm:
    """The algorithm of that name.

    Raises:
        InputError: nobody registered it.
    """
    if name not in _ALGORITHMS:
        known = ", ".join(_ALGORITHMS)
        raise InputError(
            Fault(
                name,
                "no such signing algorithm here",
                f"known are: {known}; install the extra that brings it",
                f"本机没有这种签名算法；现有：{known}；请安装相应扩展",
            )
        )
    return _ALGORITHMS[name]


def new_signer(algorithm: str = ED25519) -> Signer:
    """A new key."""
    return algorithm_named(algorithm).generate()
