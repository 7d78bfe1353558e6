"""People's Ed25519 keys as PEM files. The person stands on a line ahead of the key, as RFC 7468 §2 allows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AfterValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from rx_review.domain.values import Text
from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.store.key_files import OTHERS, Ed25519Signer, Ed25519Verifier, read_key, write_new

_PERSON = re.compile(rb"^Person: ([^\r\n]*)\r?$", re.MULTILINE)


def _trimmed(value: str) -> str:
    # Two spellings of one name must not count as two people.
    if value != " ".join(value.split()):
        raise PydanticCustomError("person_spaces", "spaces at an end or several together")
    return value


Person = Annotated[Text, AfterValidator(_trimmed)]
"""A person's name or staff code: one line, no spaces at its ends."""

_PEOPLE: TypeAdapter[str] = TypeAdapter(Person)


def person_of(text: str, where: str) -> str:
    """The name of a person, checked.

    Raises:
        InputError: if it cannot be one.
    """
    try:
        return _PEOPLE.validate_python(text)
    except ValidationError as error:
        what = f"{text[:40]!r} is no name of a person: {error.errors()[0]['msg']}"
        zh = "不是人员姓名或工号；请写一行文字，首尾不留空格"
        raise InputError(Fault(where, what, "write a name or a staff code", zh)) from None


def fingerprint(key: Ed25519PublicKey) -> str:
    """What a key is named by: `sha256:` and the hash of its SubjectPublicKeyInfo."""
    return f"sha256:{Ed25519Verifier(key).key}"


def private_pem(person: str, key: Ed25519PrivateKey) -> bytes:
    """A private key with the name of its person, not encrypted."""
    return _head(person) + Ed25519Signer(key).pem()


def public_pem(person: str, key: Ed25519PublicKey) -> bytes:
    """A public key with the name of its person."""
    return _head(person) + Ed25519Verifier(key).pem()


def _head(person: str) -> bytes:
    return f"Person: {person}\n".encode()


def read_private(pem: bytes, shown: str) -> tuple[str, Ed25519PrivateKey]:
    """Read a private key and the person named ahead of it; "" if nobody is.

    Raises:
        InputError: if it is not an Ed25519 private key, or is locked with a passphrase.
    """
    try:
        signer = Ed25519Signer.read(pem)
    except ValueError:
        fault = Fault(shown, "locked with a passphrase", "give the key unlocked", "私钥有口令；请给出解锁后的私钥")
        raise InputError(fault) from None
    if signer is None:
        do, zh = "give the file of `rx edition keygen`", "不是 Ed25519 私钥；请给出 rx edition keygen 写出的文件"
        raise InputError(Fault(shown, "not an Ed25519 private key", do, zh))
    return _named(pem, shown), signer.private


def read_public(pem: bytes, shown: str) -> tuple[str, Ed25519PublicKey]:
    """Read a public key and the person named ahead of it; "" if nobody is.

    Raises:
        InputError: if it is not an Ed25519 public key.
    """
    verifier = Ed25519Verifier.read(pem)
    if verifier is None:
        do, zh = (
            "give the .pub file of `rx edition keygen`",
            "不是 Ed25519 公钥；请给出 rx edition keygen 写出的 .pub 文件",
        )
        raise InputError(Fault(shown, "not an Ed25519 public key", do, zh))
    return _named(pem, shown), verifier.public


def _named(pem: bytes, shown: str) -> str:
    found = _PERSON.search(pem.partition(b"-----BEGIN")[0])
    return person_of(found[1].decode("utf-8", "replace"), shown) if found else ""


def open_private(path: Path) -> tuple[str, Ed25519PrivateKey]:
    """Read the file of a private key, which nobody but its owner may read.

    Raises:
        InputError: if it cannot be read, others may read it, or it holds no such key.
    """
    pem, mode = _content(path)
    if mode & OTHERS:
        fault = Fault(str(path), "others may read this private key", f"chmod 600 {path}", "他人可读此私钥；请改为 0600")
        raise InputError(fault)
    return read_private(pem, str(path))


def open_public(path: Path) -> tuple[str, Ed25519PublicKey]:
    """Read the file of a public key; a person must be named in it.

    Raises:
        InputError: if it cannot be read, names nobody or holds no such key.
    """
    person, key = read_public(_content(path)[0], str(path))
    if not person:
        do, zh = "write `Person: NAME` as its first line", "没有写明是谁的公钥；请在首行写 Person: 姓名"
        raise InputError(Fault(str(path), "does not say whose key it is", do, zh))
    return person, key


def _content(path: Path) -> tuple[bytes, int]:
    return read_key(path, "correct the path", "无法读取；请更正路径")


def write_keys(path: Path, person: str) -> tuple[Path, Ed25519PublicKey]:
    """Make a key for a person and write it: the private one (mode 0600) to `path`, the public one to `path`.pub.

    Returns:
        The path of the public key, and the key.

    Raises:
        InputError: if either file is there already.
        EnvironmentFault: if they cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    public = path.with_name(f"{path.name}.pub")
    _write_new(public, public_pem(person, key.public_key()), 0o644)
    try:
        _write_new(path, private_pem(person, key), 0o600)
    except (InputError, EnvironmentFault):
        public.unlink()
        raise
    return public, key.public_key()


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        write_new(path, content, mode)
    except FileExistsError:
        do, zh = "choose another name: a key is never overwritten", "已存在；请换一个文件名，密钥不会被覆盖"
        raise InputError(Fault(str(path), "there already", do, zh)) from None
    except OSError as error:
        what = error.strerror or "cannot be written"
        raise EnvironmentFault(
            Fault(str(path), what, "check folder and rights", "无法写入；请检查目录和权限")
        ) from None
