"""What `rx accounts …` does."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.text import Text

from rx_review import config
from rx_review.cli.console import err, out
from rx_review.cli.database import county_database, operator
from rx_review.desk.enrolling import (
    Rights,
    add_account,
    add_client,
    everyone,
    kind_of,
    register_key,
    reset,
    set_disabled,
)
from rx_review.desk.passwords import LONGEST
from rx_review.editions.keys import fingerprint, open_public
from rx_review.errors import Fault, InputError
from rx_review.store.key_files import Ed25519Verifier


def add_person(
    name: str,
    person: str,
    roles: list[str],
    members: list[str],
    every_member: bool,
    public_file: str | None,
    password_stdin: bool,
) -> None:
    """Make an account."""
    rights = Rights(roles, members, every_member)
    key = None if public_file is None else _key(public_file)
    if key is not None and key[0] != person:
        # Said before anything is made.
        do, zh = f"make it with `rx edition keygen {person}`", f"是 {key[0]} 的公钥，不是 {person} 的"
        raise InputError(Fault(public_file or "", f"the key of {key[0]}, not of {person}", do, zh))
    with county_database() as database:
        password = _password(password_stdin)
        unknown = add_account(database, name, person, password, rights, config.now(), operator())
        if key is not None:
            register_key(database, name, *key, config.now(), operator())
    out().print(f"{name}  已建账号 account made", markup=False)
    _warn(unknown)


def add_system(client: str, roles: list[str], members: list[str], every_member: bool) -> None:
    """Make a client."""
    rights = Rights(roles, members, every_member)
    with county_database() as database:
        secret, unknown = add_client(database, client, rights, config.now(), operator())
    _say_secret(client, secret)
    _warn(unknown)


def list_everyone(as_json: bool) -> None:
    """Print accounts and clients."""
    with county_database() as database:
        found = everyone(database)
    if as_json:
        print(json.dumps([_tree(each) for each in found], ensure_ascii=False, indent=1))
    elif found:
        out().print("\n".join(_line(each) for each in found), markup=False)
    else:
        out().print("尚无账号 no accounts", markup=False)


def switch(name: str, *, disabled: bool) -> None:
    """Stop an account or a client, or let it in again."""
    with county_database() as database:
        changed = set_disabled(database, name, disabled, config.now(), operator())
    state = "已停用 disabled" if disabled else "已启用 enabled"
    out().print(f"{name}  {state}" + ("" if changed else "（原已如此 it was so already）"), markup=False)


def give_another(name: str, password_stdin: bool) -> None:
    """Give another password, or another secret."""
    with county_database() as database:
        if kind_of(database, name) == "account":
            reset(database, name, _password(password_stdin), config.now(), operator())
            out().print(f"{name}  密码已重置 the password is another now", markup=False)
            return
        secret = reset(database, name, None, config.now(), operator())
    _say_secret(name, secret or "")


def register(name: str, public_file: str) -> None:
    """Register a public key."""
    person, pem, print_ = _key(public_file)
    with county_database() as database:
        register_key(database, name, person, pem, print_, config.now(), operator())
    out().print(f"{name}  已登记公钥 public key registered\n{print_}", markup=False)


def _key(file: str) -> tuple[str, str, str]:
    person, key = open_public(Path(file))
    return person, Ed25519Verifier(key).pem().decode(), fingerprint(key)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        line = sys.stdin.readline(LONGEST + 2)
        return line.removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        do, zh = "add --password-stdin and send it there", "没有终端可以输入；请加 --password-stdin 从标准输入给出"
        raise InputError(Fault("password", "there is no terminal to ask on", do, zh))
    first = getpass.getpass("密码 password: ")
    if getpass.getpass("再输一次 once more: ") != first:
        raise InputError(Fault("password", "the two are not the same", "try again", "两次输入不一致；请重试"))
    return first


def _say_secret(client: str, secret: str) -> None:
    out().print(f"client_id      {client}\nclient_secret  {secret}", markup=False)
    err().print(
        Text("密钥只显示这一次，请立即交给系统管理员 · the secret is shown this once: hand it over now", style="yellow")
    )


def _warn(unknown: list[str]) -> None:
    if unknown:
        codes = "、".join(unknown)
        told = f"{codes} 尚未登记，登记后方可使用 · not registered yet, of no use until then: {', '.join(unknown)}"
        err().print(Text(told, style="yellow"))


def _tree(each: dict[str, Any]) -> dict[str, Any]:
    times = {
        name: None if each[name] is None else each[name].astimezone(config.COUNTY_TIME).isoformat()
        for name in ("paused_until", "created_at")
    }
    return {**each, **times}


def _line(each: dict[str, Any]) -> str:
    return "  ".join(_parts(each))


def _parts(each: dict[str, Any]) -> Iterator[str]:
    yield f"{each['name']:<16}"
    yield "人员 person " if each["kind"] == "account" else "系统 client "
    yield f"{each['person'] or '-':<10}"
    yield ",".join(each["roles"])
    yield "全部成员 every member" if each["members"] is None else ",".join(each["members"])
    if each["disabled"]:
        yield "已停用 disabled"
    if each["paused_until"] is not None and each["paused_until"] > config.now():
        yield f"暂停至 paused until {each['paused_until'].astimezone(config.COUNTY_TIME):%H:%M}"
    if each["signs"]:
        yield "可签版本 signs editions"
