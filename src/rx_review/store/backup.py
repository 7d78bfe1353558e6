"""A backup: one file, a tar of `manifest.json` and `dump`. The keys of identity and audit are not in it.

Apart, neither is of use to a thief: without the keys nobody reads a name from the dump. Whoever keeps backups keeps
the keys too, in another place.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import Field, ValidationError
from sqlalchemy.exc import DatabaseError

from rx_review.domain.prescription import Strict
from rx_review.domain.values import Instant
from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.store import dump_postgresql, dump_sqlite
from rx_review.store.contents import Contents, revisions, tables
from rx_review.store.database import Database

FORMAT: Literal["rx-review backup 1"] = "rx-review backup 1"

_MANIFEST, _DUMP = "manifest.json", "dump"
_MOST_MANIFEST = 65_536
_PIECE = 1 << 20


class Manifest(Strict):
    """What a backup says of itself."""

    format: Literal["rx-review backup 1"]
    kind: Literal["sqlite", "postgresql"]
    at: Instant
    size: Annotated[int, Field(ge=0)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the dump."""
    contents: Contents


def back_up(database: Database, file: Path, at: datetime) -> Manifest:
    """Write a backup into a new file that nobody else can read; services may go on writing meanwhile.

    Raises:
        InputError: the file is there already.
        EnvironmentFault: the database cannot be dumped, or the file cannot be written.
    """
    if file.exists():
        do, zh = "choose another name: a backup is never overwritten", "已存在；请另取文件名，备份不会被覆盖"
        raise InputError(Fault(str(file), "there already", do, zh))
    with _written(file), tempfile.TemporaryDirectory(prefix=".rx-review-backup-", dir=file.parent) as folder:
        dump = Path(folder) / _DUMP
        found = (dump_sqlite if database.is_sqlite else dump_postgresql).dump(database, dump)
        if found.revision is None:
            raise EnvironmentFault(Fault("database", "is empty", "run `rx db upgrade`", "数据库是空的"))
        with dump.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        manifest = Manifest(
            format=FORMAT,
            kind="sqlite" if database.is_sqlite else "postgresql",
            at=at,
            size=dump.stat().st_size,
            digest=digest,
            contents=found,
        )
        draft = Path(folder) / "backup"
        _pack(draft, manifest, dump)
        # A link, unlike a move, never takes the place of another file.
        os.link(draft, file)
    return manifest


def restore(database: Database, file: Path, *, over: bool) -> Manifest:
    """Put a backup into the place of a database: all of it, or what was there stays.

    Args:
        database: empty, or what it holds is to be replaced; no service may use it.
        file: of `back_up`.
        over: whether what is there may be replaced.

    Raises:
        InputError: the file is damaged, of the other kind of database, of a newer schema; or the database is not
            empty and `over` was not said.
        EnvironmentFault: a service uses the database, or the machine lacks something.
    """
    beside = dump_sqlite.file_of(database).parent if database.is_sqlite else None
    with (
        _written(file if beside is None else beside),
        tempfile.TemporaryDirectory(prefix=".rx-review-restore-", dir=beside) as folder,
    ):
        dump = Path(folder) / _DUMP
        manifest = _unpack(file, dump)
        _check(database, manifest, file)
        if not over and not _is_empty(database):
            do, zh = "add --yes if all that it holds may go", "数据库不是空的；确认可以全部替换时加 --yes"
            raise InputError(Fault("database", "is not empty", do, zh))
        (dump_sqlite if database.is_sqlite else dump_postgresql).load(database, dump, manifest.contents)
    return manifest


def _check(database: Database, manifest: Manifest, file: Path) -> None:
    kind = "sqlite" if database.is_sqlite else "postgresql"
    if manifest.kind != kind:
        do, zh = f"restore it into {manifest.kind}", f"是 {manifest.kind} 的备份，数据库是 {kind}；请恢复到同类数据库"
        raise InputError(Fault(str(file), f"a backup of {manifest.kind}, the database is {kind}", do, zh))
    revision = manifest.contents.revision
    if revision not in revisions():
        do, zh = "use the program that wrote it, or a newer one", "库结构比本程序新；请用写出它的程序或更新的程序"
        raise InputError(Fault(str(file), f"its schema {revision} is newer than this program", do, zh))


def _is_empty(database: Database) -> bool:
    if database.is_sqlite and not dump_sqlite.file_of(database).exists():
        return True
    try:
        with database.read() as connection:
            return not tables(connection)
    except DatabaseError:
        return False  # a file that is something else


def _pack(draft: Path, manifest: Manifest, dump: Path) -> None:
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            told = manifest.model_dump_json(indent=1).encode()
            _add(tar, _MANIFEST, io.BytesIO(told), len(told))
            with dump.open("rb") as content:
                _add(tar, _DUMP, content, manifest.size)
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    head = tarfile.TarInfo(name)
    head.size, head.mode = size, 0o600
    tar.addfile(head, content)


def _unpack(file: Path, dump: Path) -> Manifest:
    try:
        with tarfile.open(file, "r:") as tar:
            manifest = _manifest(_content(tar, _MANIFEST), file)
            _copy(_content(tar, _DUMP), dump, manifest, file)
            if tar.next() is not None:
                raise _damaged(file, "something follows the dump")
    except FileNotFoundError:
        raise InputError(Fault(str(file), "no such file", "correct the path", "没有这个文件；请更正路径")) from None
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(file, str(error)) from None
    return manifest


def _content(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """The next member, which must be a file of that name: nothing is looked for, nothing else is unpacked."""
    member = tar.next()
    content = tar.extractfile(member) if member is not None and member.isreg() and member.name == name else None
    if content is None:
        raise tarfile.ReadError(f"no {name} where it should be")
    return content


def _manifest(content: IO[bytes], file: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(content.read(_MOST_MANIFEST))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(map(str, first["loc"]))
        raise _damaged(file, f"{_MANIFEST}: {where}: {first['msg']}") from None


def _copy(content: IO[bytes], dump: Path, manifest: Manifest, file: Path) -> None:
    total = hashlib.sha256()
    with os.fdopen(os.open(dump, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        while piece := content.read(_PIECE):
            total.update(piece)
            copy.write(piece)
    if total.hexdigest() != manifest.digest:
        raise _damaged(file, "the dump is not the one that the manifest tells of")


def _damaged(file: Path, what: str) -> InputError:
    do, zh = "use another backup", "已损坏，或不是备份文件；请使用其他备份"
    return InputError(Fault(str(file), f"damaged, or no backup: {what}", do, zh))


@contextmanager
def _written(file: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise InputError(Fault(str(file), "there already", "choose another name", "已存在；请另取文件名")) from None
    except OSError as error:
        what = error.strerror or "cannot be written or read"
        do, zh = "check the folder, its space and its rights", "无法读写；请检查目录、空间和权限"
        raise EnvironmentFault(Fault(str(error.filename or file), what, do, zh)) from None
