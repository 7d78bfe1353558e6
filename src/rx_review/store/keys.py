"""The keys of the vault: files of one key each, that nobody but the service can read.

In the folder stand `master-0001.key`, `master-0002.key` and so on, and `index.key`: 64 hexadecimal digits, 32 bytes.
The master key of the highest number wraps, the older ones still unwrap. `index.key` is for good: under another, no
patient is found again. Keep a copy of the folder apart from the database's: without a master key every name under it
is lost, and with both anyone can read them.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rx_review.errors import EnvironmentFault, Fault
from rx_review.store.key_files import OTHERS, write_new

KEY_BYTES = 32

_INDEX = "index.key"
_MASTER = re.compile(r"master-([0-9]{4})\.key")
_LINE = re.compile(rb"[0-9a-f]{64}\n?")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Master keys by fingerprint, the one that wraps, and the key of the blind indexes. Its `repr` shows no key."""

    newest: str
    masters: Mapping[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)


def fingerprint(key: bytes) -> str:
    """How records name a key: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(b"rx-review key\0" + key).hexdigest()[:16]


def create_keys(folder: Path) -> Secrets:
    """Make the first master key and the key of the blind indexes; the folder is made if there is none.

    Raises:
        EnvironmentFault: keys stand there already, or the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = sorted(path.name for path in folder.glob("*.key"))
    except OSError as error:
        raise EnvironmentFault(_unwritable(folder, error)) from error
    if there:
        raise EnvironmentFault(
            Fault(
                str(folder),
                f"keys stand here already: {', '.join(there)}",
                "use them, or name an empty folder; what was sealed with a lost key cannot be opened",
                f"已有密钥：{'、'.join(there)}；请使用它们或另选空目录，密钥一旦丢失，已加密的内容无法恢复",
            )
        )
    _write(folder / _INDEX)
    _write(folder / "master-0001.key")
    return read_keys(folder)


def add_master_key(folder: Path) -> Secrets:
    """Make the next master key, which wraps from the next start on; then rewrap, then take the old file away.

    Raises:
        EnvironmentFault: the keys that are there cannot be used, or the folder cannot be written.
    """
    read_keys(folder)
    last = max(int(found[1]) for path in folder.iterdir() if (found := _MASTER.fullmatch(path.name)))
    _write(folder / f"master-{last + 1:04d}.key")
    return read_keys(folder)


def read_keys(folder: Path) -> Secrets:
    """The keys of a folder.

    Raises:
        EnvironmentFault: a key is missing, is no key, stands there twice, or can be read by others; all faults at once.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise EnvironmentFault(_missing(folder, "no folder of keys", "没有密钥目录")) from error
    masters = [name for name in names if _MASTER.fullmatch(name)]
    faults, keys = [], dict[str, bytes]()
    if not masters:
        faults.append(_missing(folder, "no master key", "没有主密钥"))
    for name in [*masters, _INDEX]:
        key = _read(folder / name)
        if isinstance(key, Fault):
            faults.append(key)
        elif key in keys.values():
            faults.append(_twice(folder / name))
        else:
            keys[name] = key
    if faults:
        raise EnvironmentFault(*faults)
    index = keys.pop(_INDEX)
    return Secrets(fingerprint(keys[masters[-1]]), {fingerprint(key): key for key in keys.values()}, index)


def _read(path: Path) -> bytes | Fault:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            line = file.read(100)
    except OSError:
        return _missing(path, "the key cannot be read", "无法读取密钥")
    # Elsewhere than on POSIX the mode says nothing.
    if os.name == "posix" and (status.st_mode & OTHERS or status.st_uid not in (0, os.geteuid())):
        mode = stat.filemode(status.st_mode)
        return Fault(
            str(path),
            f"others than the service can read or change the key ({mode}, user {status.st_uid})",
            f"chmod 600 {path}, as a file of the user that the service runs as; if others had it, rotate the key",
            f"密钥可被服务以外的用户读写（{mode}，用户 {status.st_uid}）；请设为服务用户所有并 chmod 600，"
            "若已外泄请轮换密钥",
        )
    if not _LINE.fullmatch(line):
        return Fault(
            str(path),
            "not a key",
            "it must hold 64 digits of 0-9a-f (32 bytes); put the file back from its copy",
            "不是密钥：应为 64 位十六进制数字（32 字节）；请用备份恢复该文件",
        )
    return bytes.fromhex(line.decode())


def _write(path: Path) -> None:
    """A new key under its name, whole or not at all, never over another."""
    draft = path.with_suffix(".new")
    try:
        draft.unlink(missing_ok=True)
        write_new(draft, f"{secrets.token_hex(KEY_BYTES)}\n".encode())
        os.link(draft, path)
        draft.unlink()
        _sync(path.parent)
    except OSError as error:
        raise EnvironmentFault(_unwritable(path, error)) from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _missing(path: Path, what: str, zh: str) -> Fault:
    return Fault(
        str(path),
        what,
        "put the keys back from their copy, or make them once for a new database",
        f"{zh}；请用备份恢复密钥，新建数据库时则先生成密钥",
    )


def _unwritable(path: Path, error: OSError) -> Fault:
    reason = error.strerror or type(error).__name__
    return Fault(
        str(path),
        f"a key cannot be written: {reason}",
        "name a folder that the service's user may write",
        f"无法写入密钥（{reason}）；请指定服务用户可写的目录",
    )


def _twice(path: Path) -> Fault:
    return Fault(
        str(path),
        "the same key under two names",
        "make each key anew; a copy under another name is no rotation",
        "两个文件是同一个密钥；每个密钥须单独生成，复制不等于轮换",
    )
