"""`rx db backup` and `restore`."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from rx_review import config
from rx_review.cli.console import err, out
from rx_review.cli.database import county_database, open_database, tell
from rx_review.errors import Fault, InputError
from rx_review.store import schema
from rx_review.store.backup import Manifest, back_up, restore


def back_up_database(file: str) -> None:
    """Write a backup and say what is in it, and what is not."""
    with county_database() as database:
        with database.write() as connection:
            tell(connection, "back up", {"file": Path(file).name})
        manifest = back_up(database, Path(file), config.now())
    out().print("\n".join([file, *_lines(manifest)]), markup=False)
    err().print(
        Text(
            f"备份不含密钥：请将 {config.keys_dir()} 另行备份，且不与本文件放在一处；没有密钥，姓名和证件号无法恢复\n"
            f"The keys are NOT in it: back up {config.keys_dir()} apart, never beside this file; without the keys"
            " no name can be read again",
            style="bold yellow",
        )
    )


def restore_database(file: str, yes: bool) -> None:
    """Restore a backup and say what is there now."""
    path = Path(file)
    if path.is_dir():
        raise InputError(Fault(file, "a folder", "name the file of a backup", "是目录；请给出备份文件"))
    database = open_database()
    try:
        manifest = restore(database, path, over=yes)
        current = manifest.contents.revision == schema.head()
        if current:
            with database.write() as connection:
                tell(connection, "restore", {"dump": manifest.digest, "made_at": manifest.at})
    finally:
        database.close()
    out().print("\n".join(["已恢复 restored", *_lines(manifest)]), markup=False)
    if not current:
        out().print("库结构较旧：请运行 rx db upgrade · the schema is older: run `rx db upgrade`", markup=False)


def _lines(manifest: Manifest) -> list[str]:
    held = manifest.contents
    seal = "-" if held.seal is None else f"{held.seal.number}  {held.seal.head}"
    return [
        f"县 county            {held.county or '-'}",
        f"备份于 made at       {manifest.at.astimezone(config.COUNTY_TIME):%Y-%m-%d %H:%M:%S}",
        f"类型 kind            {manifest.kind}",
        f"库结构 schema        {held.revision}",
        f"处方 prescriptions   {held.rows.get('prescription', 0)}",
        f"审计 audit rows      {held.rows.get('audit', 0)}",
        f"末次封存 last seal   {seal}",
        f"大小 size            {manifest.size} 字节 bytes",
        f"sha256:{manifest.digest}",
    ]
