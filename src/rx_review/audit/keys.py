"""Key files: PEM, PKCS #8 for the private key, SubjectPublicKeyInfo for the public one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rx_review.audit.signing import Signer, Verifier, algorithms
from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.store.key_files import OTHERS, read_key, write_new

_Half = TypeVar("_Half")


def write_private_key(path: Path, signer: Signer) -> None:
    """Write a private key into a new file that only its owner may read (mode 0600).

    Raises:
        EnvironmentFault: the file is there already (a key is never written over) or cannot be written.
    """
    try:
        write_new(path, signer.pem())
    except FileExistsError:
        raise _machine(
            path,
            "a file is there already",
            "name another: a key is never overwritten",
            "文件已存在；请另取文件名，密钥不会被覆盖",
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from None


def read_private_key(path: Path) -> Signer:
    """Read the private key of any registered algorithm.

    Raises:
        EnvironmentFault: no such file, not a private key, or a file that others than its owner may open.
    """
    pem, mode = read_key(path, "name the file of the private key", "读不出；请指明私钥文件", EnvironmentFault)
    if mode & OTHERS:
        raise _machine(
            path,
            f"a private key that others may open (mode {mode:04o})",
            "chmod 600 it, and make a new key if others had access",
            f"私钥文件他人可以打开（权限 {mode:04o}）；请改为 600，如可能已外泄请更换密钥",
        )
    found = _first(pem, [algorithm.signer for algorithm in algorithms()])
    if found is None:
        raise _machine(
            path,
            f"not an unencrypted private key of {_names()}",
            "name the PEM file of the private key",
            f"不是 {_names()} 的（未加密）私钥；请指明私钥的 PEM 文件",
        )
    return found


def write_public_key(path: Path, verifier: Verifier) -> None:
    """Write a public key, over an older one too.

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    try:
        path.write_bytes(verifier.pem())
    except OSError as error:
        raise _unwritable(path, error) from None


def read_public_key(path: Path) -> Verifier:
    """Read the public key of any registered algorithm.

    Raises:
        InputError: no such file, or not a public key.
    """
    pem, _ = read_key(path, "name the file of the public key", "读不出；请指明公钥文件")
    found = _first(pem, [algorithm.verifier for algorithm in algorithms()])
    if found is None:
        raise InputError(
            Fault(
                str(path),
                f"not a public key of {_names()}",
                "name the PEM file of the county's public key",
                f"不是 {_names()} 的公钥；请指明本县公钥的 PEM 文件",
            )
        )
    return found


def _first(pem: bytes, readers: list[Callable[[bytes], _Half | None]]) -> _Half | None:
    """What the first reader that knows the key makes of it."""
    for read in readers:
        try:
            found = read(pem)
        except ValueError:
            continue  # another algorithm's reader may still know it
        if found is not None:
            return found
    return None


def _names() -> str:
    return ", ".join(algorithm.name for algorithm in algorithms())


def _machine(path: Path, what: str, do: str, zh: str) -> EnvironmentFault:
    return EnvironmentFault(Fault(str(path), what, do, zh))


def _unwritable(path: Path, error: OSError) -> EnvironmentFault:
    what = error.strerror or "cannot be written"
    return _machine(path, what, "check the folder and its rights", "写不进；请检查目录和权限")
