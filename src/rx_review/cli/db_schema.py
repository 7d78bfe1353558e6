"""`rx db upgrade`, `status` and `downgrade`."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rx_review import config
from rx_review.audit.keys import read_private_key, write_private_key, write_public_key
from rx_review.audit.signing import new_signer
from rx_review.cli.console import out
from rx_review.cli.database import open_database, shown, tell
from rx_review.errors import EnvironmentFault, Fault, InputError, RxError
from rx_review.store import audit, county, schema
from rx_review.store.contents import Contents, contents, revision_of, revisions
from rx_review.store.database import Database
from rx_review.store.keys import create_keys, read_keys

AUDIT_KEY, AUDIT_PUBLIC = "audit.pem", "audit.pub.pem"
_LONGEST_NAME = 200


def upgrade_database(name: str | None, history_since: str | None) -> None:
    """Make or migrate the database, and what else a first start needs."""
    since = _day(history_since) if history_since else config.today()
    if name is not None and not (name.strip() and len(name) <= _LONGEST_NAME and name.isprintable()):
        do, zh = f"write 1 to {_LONGEST_NAME} characters", f"县名须为 1 至 {_LONGEST_NAME} 字；请更正"
        raise InputError(Fault("--name", "not a name", do, zh))
    database = open_database()
    try:
        before = _known(database)
        _check_name(before, name)
        _ready_keys(config.keys_dir(), before)
        if before.revision != schema.head():
            schema.upgrade(config.database_url())
        if database.is_sqlite:
            # Its journals are made with the same rights.
            Path(database.url.database or "").chmod(0o600)
        with database.write() as connection:
            if before.revision != schema.head():
                tell(connection, "upgrade database", {"from": before.revision, "to": schema.head()})
            if county.county(connection) is None and name is not None:
                county.found(connection, name.strip(), since)
                tell(connection, "found county", {"name": name.strip(), "history_since": since})
    finally:
        database.close()
    say_status(False)


def say_status(as_json: bool) -> int:
    """Print how the database stands; 1 if the service could not start on it."""
    database = open_database()
    try:
        told = _status(database)
    finally:
        database.close()
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        out().print("\n".join(f"{_LABELS[key]}  {_cell(value)}" for key, value in told.items()), markup=False)
    return 0 if told["ready"] else 1


def downgrade_database(revision: str, yes: bool) -> None:
    """Take the schema back."""
    if revision != "base" and revision not in revisions():
        known = ", ".join(sorted(revisions()))
        raise InputError(
            Fault(revision[:40], "no such revision", f"choose base or {known}", f"没有此版本；可选 {known}")
        )
    if not yes:
        do = "back up first (`rx db backup FILE`), then add --yes"
        zh = "会丢失新结构中的数据；请先备份（rx db backup 文件），再加 --yes"
        raise InputError(Fault("--yes", "data of the newer schema are lost", do, zh))
    database = open_database()
    try:
        before = _known(database)
        if before.revision is not None:
            with database.write() as connection:
                tell(connection, "downgrade database", {"from": before.revision, "to": revision})
            schema.downgrade(config.database_url(), revision)
            before = _known(database)
    finally:
        database.close()
    out().print(f"{before.revision or 'base'}  已降级 downgraded", markup=False)


def _known(database: Database) -> Contents:
    """What the database holds, if this program knows its schema."""
    revision_of(database)
    with database.read() as connection:
        found = contents(connection)
    if found.revision is not None and found.revision not in revisions():
        do, zh = "use the newer program that migrated it", "库结构比本程序新；请使用升级它的新版程序"
        what = f"the schema {found.revision} is newer than this program"
        raise EnvironmentFault(Fault(shown(database), what, do, zh))
    return found


def _check_name(before: Contents, name: str | None) -> None:
    if before.county is None and name is None:
        do, zh = "say --name COUNTY", "首次建库须给出县名：--name 县名"
        raise InputError(Fault("--name", "no county is founded yet", do, zh))
    if before.county is not None and name is not None and name.strip() != before.county:
        do, zh = (
            "leave --name out, or correct RX_DATABASE_URL",
            f"此库属于 {before.county}；请去掉 --name 或更正数据库地址",
        )
        raise InputError(Fault("--name", f"this is the database of {before.county}", do, zh))


def _ready_keys(folder: Path, before: Contents) -> None:
    """Keys are made for a new database only: under others nobody would be found again, and no name be read."""
    if any(folder.glob("*.key")):
        read_keys(folder)
    elif before.county is not None:
        raise _lost(folder, "the keys of identity", "身份密钥")
    else:
        create_keys(folder)
    private, public = folder / AUDIT_KEY, folder / AUDIT_PUBLIC
    if not private.exists():
        if before.seal is not None:
            raise _lost(private, "the key that signs the audit", "审计签名密钥")
        write_private_key(private, new_signer())
    if not public.exists():
        write_public_key(public, read_private_key(private).verifier)


def _lost(path: Path, what: str, zh: str) -> EnvironmentFault:
    do = "put them back from their copy, or let RX_KEYS_DIR name their folder"
    return EnvironmentFault(
        Fault(
            str(path),
            f"{what} are missing, and the database is in use",
            do,
            f"缺少{zh}，而数据库已在使用；请从备份恢复，或用 RX_KEYS_DIR 指明目录",
        )
    )


def _status(database: Database) -> dict[str, Any]:
    revision_of(database)
    with database.read() as connection:
        found = contents(connection)
        current = found.revision == schema.head()
        row = county.county(connection) if current else None
        waiting, since = audit.unsealed_age(connection) if current else (0, None)
    fault = _key_fault(config.keys_dir())
    return {
        "ready": current and row is not None and fault is None,
        "database": shown(database),
        "revision": found.revision,
        "head": schema.head(),
        "county": found.county,
        "history_since": None if row is None else row.history_since.isoformat(),
        "edition": None if row is None else row.edition,
        "prescriptions": found.rows.get("prescription", 0),
        "audit_rows": found.rows.get("audit", 0),
        "unsealed": waiting,
        "unsealed_since": None if since is None else since.astimezone(config.COUNTY_TIME).isoformat(),
        "last_seal": None if found.seal is None else found.seal.number,
        "keys": str(config.keys_dir()),
        "keys_fault": fault,
    }


_LABELS = {
    "ready": "就绪 ready           ",
    "database": "数据库 database      ",
    "revision": "库结构 schema        ",
    "head": "程序所需 needed      ",
    "county": "县 county            ",
    "history_since": "历史自 history since ",
    "edition": "规则版本 edition     ",
    "prescriptions": "处方 prescriptions   ",
    "audit_rows": "审计 audit rows      ",
    "unsealed": "未封存 not sealed    ",
    "unsealed_since": "未封存自 since       ",
    "last_seal": "末次封存 last seal   ",
    "keys": "密钥目录 keys        ",
    "keys_fault": "密钥问题 key fault   ",
}


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return "-" if value is None else str(value)


def _key_fault(folder: Path) -> str | None:
    try:
        read_keys(folder)
        read_private_key(folder / AUDIT_KEY)
    except RxError as error:
        return str(error)
    return None


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        do, zh = "write it as 2026-12-01", "不是日期；请写成 2026-12-01"
        raise InputError(Fault("--history-since", f"{text[:40]!r} is no day", do, zh)) from None
