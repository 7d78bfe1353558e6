"""An edition as one file: exactly the files that its digest covers, in an archive that can be written in one way only.

The archive is a tar (ustar, no owners, no times, names in order) compressed with bzip2: of bzip2 there is one
implementation, so that other machines write the same bytes too, and it is a third smaller than zlib for our tables.
What identifies an edition is its digest all the same, never a hash of the archive.
"""

from __future__ import annotations

import re
import stat
import tempfile
from bz2 import BZ2Decompressor
from bz2 import compress as bz2_compress
from collections.abc import Iterator, Mapping
from pathlib import Path
from tarfile import BLOCKSIZE, NUL, REGTYPE, USTAR_FORMAT, HeaderError, TarInfo
from typing import NoReturn

from rx_review.errors import EnvironmentFault, Fault, LibraryError
from rx_review.library.edition import Edition, load_edition

MOST_PACKED = 16 * 2**20
"""Bytes of an archive; the county's is half a million."""

MOST_UNPACKED = 64 * 2**20
"""Bytes of all that an archive holds, headers included; the county's is four million."""

MOST_FILES = 5_000
"""Files of an edition; the county's has some four hundred."""

_SUFFIXES: Mapping[str, tuple[str, ...]] = {"rules": (".yaml",), "formulary": (".csv", ".yaml")}
_WHERE = "archive of an edition"
_AGAIN = "get it again from where it was published"
_AGAIN_ZH = "请从发布处重新获取"

# No path out of the folder, no drive, no stream, nothing that a terminal would not show.
_PART = re.compile(r"(?!\.{1,2}$)[^/\\:\x00-\x1f\x7f]+")


def pack(rules: Path, formulary: Path) -> bytes:
    """Put the files of an edition into an archive; the same files give the same bytes.

    Args:
        rules: folder of the rules; its `**/*.yaml` are packed, as `rules/…`.
        formulary: folder of the formulary; its `**/*.csv` and `**/*.yaml` are packed, as `formulary/…`.

    Raises:
        LibraryError: with each link, each name that an archive cannot carry, and if there is too much.
        EnvironmentFault: if a file cannot be read.
    """
    faults: list[Fault] = []
    files: dict[str, bytes] = {}
    for top, folder in (("rules", rules), ("formulary", formulary)):
        for path in _members(folder, _SUFFIXES[top]):
            name = f"{top}/{path.relative_to(folder).as_posix()}"
            fault = _name_fault(name) or _kind_fault(name, path)
            if fault is None:
                files[name] = _content(path)
            else:
                faults.append(fault)
    if faults:
        raise LibraryError(*faults)
    _check_amount(len(files), sum(map(len, files.values())))
    data = bz2_compress(_tar(files))
    if len(data) > MOST_PACKED:
        _too_much(f"{len(data)} bytes", f"{MOST_PACKED} bytes")
    return data


def unpack(data: bytes, into: Path) -> tuple[Path, Path]:
    """Write the files of an archive below a folder; nothing is written unless all of the archive is in order.

    Args:
        data: what `pack` gave.
        into: folder to make `rules` and `formulary` in; neither may be there yet.

    Returns:
        The folders of the rules and of the formulary.

    Raises:
        LibraryError: if `data` is not, to the byte, what `pack` writes; or if the folders are there already.
        EnvironmentFault: if the files cannot be written.
    """
    files = _read(data)
    rules, formulary = into / "rules", into / "formulary"
    try:
        for folder in (rules, formulary):
            folder.mkdir(parents=True)
        for name, content in files.items():
            path = into / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(content)
    except FileExistsError as error:
        fault = Fault(str(error.filename), "there already", "unpack into an empty folder", "已存在；请解到空目录")
        raise LibraryError(fault) from None
    except OSError as error:
        what = error.strerror or "cannot be written"
        raise EnvironmentFault(Fault(str(into), what, "check space and rights", "无法写入；请检查空间和权限")) from None
    return rules, formulary


def edition_of(data: bytes, cache: Path | None, expected: str | None = None) -> Edition:
    """Load the edition that an archive holds.

    Args:
        data: what `pack` gave.
        cache: where compiled editions are kept; None for nowhere.
        expected: digest that the edition must have, 64 hexadecimal digits; None for any.

    Raises:
        LibraryError: if the archive is not in order, holds another edition, or its edition does not hold together.
        EnvironmentFault: if there is no room to unpack it.
    """
    with tempfile.TemporaryDirectory(prefix="rx-review-edition-") as folder:
        edition = load_edition(*unpack(data, Path(folder)), cache)
    if expected is not None and edition.digest != expected:
        raise LibraryError(
            Fault(
                _WHERE,
                f"holds the edition {edition.digest}, not {expected}",
                _AGAIN,
                f"其中是版本 {edition.digest}，不是 {expected}；{_AGAIN_ZH}",
            )
        )
    return edition


def _members(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for suffix in suffixes:
        yield from folder.rglob(f"*{suffix}")


def _kind_fault(name: str, path: Path) -> Fault | None:
    """What is no file of its own could bring in content from anywhere on this machine."""
    try:
        regular = stat.S_ISREG(path.lstat().st_mode)
    except OSError as error:
        _unreadable(path, error)
    if regular:
        return None
    return Fault(name, "not a file of its own", "put the file itself there, no link", "不是普通文件；请放入文件本身")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        _unreadable(path, error)


def _unreadable(path: Path, error: OSError) -> NoReturn:
    what = error.strerror or "cannot be read"
    raise EnvironmentFault(Fault(str(path), what, "check the rights", "无法读取；请检查权限")) from None


def _name_fault(name: str) -> Fault | None:
    """What is wrong with the path of a file in an archive, or None."""
    top, _, rest = name.partition("/")
    suffixes = _SUFFIXES.get(top, ())
    if suffixes and name.endswith(suffixes) and all(_PART.fullmatch(part) for part in rest.split("/")):
        try:
            TarInfo(name).tobuf(USTAR_FORMAT, "utf-8", "strict")
        except ValueError:
            return Fault(ascii(name), "too long a path, or not UTF-8", "give it a shorter one", "路径过长；请改短")
        return None
    what = "not the path of a rule, a table or a site profile"
    return Fault(ascii(name), what, _AGAIN, f"不是规则、表或对接配置的路径；{_AGAIN_ZH}")


def _check_amount(files: int, size: int) -> None:
    if files > MOST_FILES:
        _too_much(f"{files} files", f"{MOST_FILES} files")
    # Each file has a header of one block and is filled up to whole blocks.
    if size + (2 * files + 2) * BLOCKSIZE > MOST_UNPACKED:
        _too_much(f"{size} bytes in {files} files", f"{MOST_UNPACKED} bytes")


def _too_much(found: str, most: str) -> NoReturn:
    do = "take out what is no part of an edition"
    raise LibraryError(Fault(_WHERE, f"{found}, more than {most}", do, f"{found}，超过 {most}；请删去不属于版本的内容"))


def _tar(files: Mapping[str, bytes]) -> bytes:
    parts: list[bytes] = []
    for name in sorted(files):
        head, content = TarInfo(name), files[name]
        head.size = len(content)
        parts += [head.tobuf(USTAR_FORMAT, "utf-8", "strict"), content, NUL * (-len(content) % BLOCKSIZE)]
    return b"".join([*parts, NUL * (2 * BLOCKSIZE)])


def _read(data: bytes) -> dict[str, bytes]:
    if len(data) > MOST_PACKED:
        _too_much(f"{len(data)} bytes", f"{MOST_PACKED} bytes")
    tar = _unzipped(data)
    files: dict[str, bytes] = {}
    for head, content in _entries(tar):
        if head.type != REGTYPE:
            _refuse(ascii(head.name), "a link, a folder or a device, not a file", "不是普通文件")
        if fault := _name_fault(head.name):
            raise LibraryError(fault)
        if len(files) == MOST_FILES:
            _too_much(f"over {MOST_FILES} files", f"{MOST_FILES} files")
        files[head.name] = content
    for name in files:
        if any(parent.as_posix() in files for parent in Path(name).parents):
            _refuse(ascii(name), "lies below a file", "位于一个文件之下")
    # There is one way to write these files: whatever else the archive says, about owners, order or names, is not ours.
    if _tar(files) != tar:
        _refuse(_WHERE, "not written by `rx edition pack`", "不是 rx edition pack 写出的文件")
    return files


def _unzipped(data: bytes) -> bytes:
    reader = BZ2Decompressor()
    try:
        tar = reader.decompress(data, MOST_UNPACKED + 1)
    except (OSError, ValueError):
        _refuse(_WHERE, "damaged, or no archive", "已损坏，或不是版本文件")
    if len(tar) > MOST_UNPACKED:
        _too_much("what it unpacks to", f"{MOST_UNPACKED} bytes")
    if not reader.eof or reader.unused_data:
        _refuse(_WHERE, "cut short, or something follows it", "不完整，或后面附有其他内容")
    return tar


def _entries(tar: bytes) -> Iterator[tuple[TarInfo, bytes]]:
    # One header at a time: what tarfile itself would follow (long names, sparse files, pax) is refused, not read.
    at = 0
    while (block := tar[at : at + BLOCKSIZE]).strip(NUL):
        try:
            head = TarInfo.frombuf(block, "utf-8", "strict")
        except (HeaderError, ValueError):
            _refuse(_WHERE, f"no header of a file at byte {at}", f"第 {at} 字节处不是文件头")
        start = at + BLOCKSIZE
        if not 0 <= head.size <= len(tar) - start:
            _refuse(ascii(head.name), f"a size of {head.size} bytes", f"大小为 {head.size} 字节")
        yield head, tar[start : start + head.size]
        at = start + head.size + -head.size % BLOCKSIZE


def _refuse(where: str, what: str, zh: str) -> NoReturn:
    raise LibraryError(Fault(where, what, _AGAIN, f"{zh}；{_AGAIN_ZH}")) from None
