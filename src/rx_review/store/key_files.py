"""Ed25519 keys and the files of keys, for all who keep some: the vault, the audit, the people who sign editions.

PEM is PKCS #8 for a private key and SubjectPublicKeyInfo for a public one.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from rx_review.errors import Fault, InputError, RxError

ED25519 = "ed25519-sha256"

OTHERS = 0o077
"""Rights of a file that none but its owner may have if it holds a private key."""

# A key is far shorter; what is longer is another file.
_LONGEST = 64 * 1024


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file that was not there, with these rights and onto the disk.

    Raises:
        FileExistsError: it was there; it is as it was.
        OSError: it cannot be written.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path, do: str, zh: str, raised: type[RxError] = InputError) -> tuple[bytes, int]:
    """Read what a file holds, as far as a key may go, and its rights.

    Raises:
        RxError: of the type `raised`, with what to do in both languages, if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST), stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or "cannot be read"
        raise raised(Fault(str(path), what, do, zh)) from None


def fingerprint(public: PublicKeyTypes) -> str:
    """SHA-256 of the key's SubjectPublicKeyInfo in DER, 64 hexadecimal digits."""
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


class Ed25519Verifier:
    """The public half of an Ed25519 key (RFC 8032). `key` is its fingerprint."""

    algorithm = ED25519

    def __init__(self, public: Ed25519PublicKey) -> None:
        self.public = public
        self.key = fingerprint(public)

    @classmethod
    def read(cls, pem: bytes) -> Ed25519Verifier | None:
        """The key of a PEM file, or None if it is another's or none."""
        try:
            public = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            return None
        return cls(public) if isinstance(public, Ed25519PublicKey) else None

    def verify(self, message: bytes, signature: bytes) -> bool:
        """True if this key signed exactly this message."""
        try:
            self.public.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """Give the public key as a PEM file."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Ed25519Signer:
    """The private half of an Ed25519 key (RFC 8032), a new one unless it is given."""

    def __init__(self, private: Ed25519PrivateKey | None = None) -> None:
        self.private = private or Ed25519PrivateKey.generate()
        self.verifier = Ed25519Verifier(self.private.public_key())

    @classmethod
    def read(cls, pem: bytes) -> Ed25519Signer | None:
        """The key of a PEM file, or None if it is another's or none.

        Raises:
            ValueError: it is locked with a passphrase.
        """
        try:
            private = load_pem_private_key(pem, None)
        except TypeError as error:
            raise ValueError(str(error)) from None
        except (ValueError, UnsupportedAlgorithm):
            return None
        return cls(private) if isinstance(private, Ed25519PrivateKey) else None

    def sign(self, message: bytes) -> bytes:
        """Sign a message of any length; 64 bytes, the same each time."""
        return self.private.sign(message)

    def pem(self) -> bytes:
        """Give the private key as a PEM file, not encrypted: the file's rights protect it."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
