"""An edition as commands are given it, a folder or an archive; and `rx edition pack`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rx_review import config
from rx_review.cli.console import out
from rx_review.errors import EnvironmentFault, Fault, InputError, LibraryError
from rx_review.library.archive import MOST_PACKED, edition_of, pack, unpack


@contextmanager
def opened(bundle: str) -> Iterator[tuple[Path, Path]]:
    """The folders of rules and formulary of a folder that holds both, or of an archive, unpacked for the while.

    Raises:
        InputError: if it is neither.
        LibraryError: if the archive is not in order.
    """
    path = Path(bundle)
    if path.is_dir():
        folders = (path / "rules", path / "formulary")
        faults = [
            Fault(
                bundle, f"holds no folder {folder.name}", "name the folder above both", f"其中没有 {folder.name} 目录"
            )
            for folder in folders
            if not folder.is_dir()
        ]
        if faults:
            raise InputError(*faults)
        yield folders
        return
    data = read_file(bundle, MOST_PACKED + 1)
    with tempfile.TemporaryDirectory(prefix="rx-review-edition-") as folder:
        yield unpack(data, Path(folder))


def read_file(name: str, most: int) -> bytes:
    """The first `most` bytes of a file.

    Raises:
        InputError: if it cannot be read.
    """
    try:
        with Path(name).open("rb") as file:
            return file.read(most)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or "cannot be read"
        raise InputError(Fault(name, what, "correct the path", "无法读取；请更正路径")) from None


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        EnvironmentFault: if it cannot be written.
    """
    half: str | None = None
    try:
        handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(half).chmod(0o644)
        Path(half).replace(path)
    except (OSError, ValueError) as error:
        if half is not None:
            with suppress(OSError):
                Path(half).unlink()
        what = getattr(error, "strerror", None) or "cannot be written"
        raise EnvironmentFault(
            Fault(str(path), what, "check folder and rights", "无法写入；请检查目录和权限")
        ) from None


def named(bundle: str, error: LibraryError) -> LibraryError:
    """The same faults, saying of which edition they are."""
    return LibraryError(*(Fault(f"{bundle}: {f.where}", f.what, f.do, f.zh) for f in error.faults))


def pack_edition(bundle: str, file: str) -> None:
    """Write an edition that holds together into one file and print its digest."""
    with opened(bundle) as folders:
        data = pack(*folders)
    # Read back: what is handed on is what was checked.
    edition = edition_of(data, config.cache_dir())
    write_file(Path(file), data)
    out().print(f"{file}  {len(data)} 字节 bytes\n{edition.name}", markup=False)
