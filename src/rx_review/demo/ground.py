"""Where a demonstration stands: an empty folder with fresh keys and an empty database of its own."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from rx_review.audit import Signer, new_signer, write_private_key, write_public_key
from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.store import schema
from rx_review.store.database import Database
from rx_review.store.keys import create_keys, read_keys
from rx_review.store.vault import Vault

DATABASE = "rx-review.sqlite3"
"""The name that a service looks for in its data folder."""

AUDIT_PUBLIC = "audit.pub.pem"
"""The key that seals are checked with, in the folder of keys."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder with what a service needs: the database, and `keys`."""

    folder: Path
    database: Database
    vault: Vault
    signer: Signer


def empty_folder(given: Path | None) -> Path:
    """The folder to use: a new temporary one, or the one given, which must be new or empty, and ours to write.

    Raises:
        InputError: something stands in it, or it is no folder.
        EnvironmentFault: it cannot be made or written.
    """
    try:
        if given is None:
            return Path(tempfile.mkdtemp(prefix="rx-review-demo-"))
        given.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(given.iterdir()):
            do, zh = "name a new or an empty folder", "目录非空，演示不会覆盖任何内容；请指定新的或空的目录"
            raise InputError(Fault(str(given), "the folder is not empty", do, zh))
        with tempfile.TemporaryFile(dir=given):
            return given.resolve()
    except (FileExistsError, NotADirectoryError):
        do, zh = "name a folder", "不是目录；请指定目录"
        raise InputError(Fault(str(given), "not a folder", do, zh)) from None
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        do, zh = "name a folder that you may write", f"无法写入（{error.strerror}）；请指定有写权限的目录"
        raise EnvironmentFault(Fault(str(given or tempfile.gettempdir()), what, do, zh)) from None


def lay_ground(folder: Path, url: str | None = None) -> Ground:
    """Make keys and an empty database of today's schema in a folder. Close the database when done.

    Args:
        folder: where the keys go, and the database, unless `url` names another that is empty.
        url: of that database.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    keys = folder / "keys"
    create_keys(keys)
    signer = new_signer()
    write_private_key(keys / "audit.pem", signer)
    write_public_key(keys / AUDIT_PUBLIC, signer.verifier)
    url = url or f"sqlite:///{folder / DATABASE}"
    schema.upgrade(url)
    return Ground(folder, Database(url), Vault(read_keys(keys)), signer)
