"""Accounts of people and clients of systems: made, stopped, given a new password, and the keys that sign editions.

Every change is a row of the audit; whoever is stopped, or gets a new password, is out at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rx_review.desk.accounts import NAME
from rx_review.desk.passwords import check_password, hashed
from rx_review.domain.moves import ROLES, Role
from rx_review.errors import Fault, InputError
from rx_review.store import accounts as store
from rx_review.store import audit, county
from rx_review.store.accounts import Kind
from rx_review.store.database import Connection, Database, Row

GIVEN: tuple[Role, ...] = tuple(role for role in ROLES if role != "system")
"""Roles that an account may have; `system` is the timers'."""

_SECRET_BYTES = 32
_KINDS: tuple[Kind, ...] = ("account", "client")


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account or a client may do, and for which members.

    Args:
        roles: of `GIVEN`.
        members: codes of members.
        every_member: for all members, also those still to come; then `members` must be empty.

    Raises:
        InputError: an unknown role, no role, no member, or both some and every member; with every fault.
    """

    roles: Sequence[str]
    members: Sequence[str] = ()
    every_member: bool = False

    def __post_init__(self) -> None:
        faults = [
            Fault(
                f"--role {role}",
                "no such role",
                f"choose from {', '.join(GIVEN)}",
                f"没有此角色；可选 {'、'.join(GIVEN)}",
            )
            for role in self.roles
            if role not in GIVEN
        ]
        if not self.roles:
            faults.append(Fault("--role", "no role is given", f"choose from {', '.join(GIVEN)}", "没有给出角色"))
        faults += [
            Fault(f"--member {member!r}", "not the code of a member", "correct it", "不是成员机构编码；请更正")
            for member in self.members
            if not NAME.fullmatch(member)
        ]
        if self.every_member == bool(self.members):
            do = "name each --member CODE, or --every-member for all of them"
            zh = "须逐一给出成员机构（--member），或明确指定全部成员（--every-member），二者取一"
            faults.append(Fault("--member", "neither some members nor every one, or both", do, zh))
        if faults:
            raise InputError(*faults)

    def columns(self) -> dict[str, str]:
        """As the store keeps them."""
        roles = ",".join(role for role in GIVEN if role in self.roles)
        return {"roles": roles, "members": ",".join(sorted(set(self.members)))}


def add_account(
    database: Database, name: str, person: str, password: str, rights: Rights, at: datetime, by: str
) -> list[str]:
    """Make the account of a person.

    Args:
        database: the county's.
        name: to log in with.
        person: code in the staff register.
        password: in the clear; it is kept as argon2id.
        rights: roles and members.
        at: the instant.
        by: who makes it, as the audit names them.

    Returns:
        What is not registered yet, of person and members: codes, for a warning.

    Raises:
        InputError: a name that is taken or cannot be one, or a bad password.
    """
    _check_name("NAME", name)
    _check_name("--person", person)
    check_password(password, (name, person))
    values = {"name": name, "person": person, "password": hashed(password), "created_at": at, **rights.columns()}
    database.transact(lambda connection: _add(connection, "account", name, values, at, by))
    with database.read() as connection:
        unknown = [] if county.entry(connection, "staff", person) else [person]
        return unknown + _not_enrolled(connection, rights.members)


def add_client(database: Database, client: str, rights: Rights, at: datetime, by: str) -> tuple[str, list[str]]:
    """Make a client of a member's system.

    Returns:
        Its secret, which nobody can read again, and the members that are not enrolled yet.

    Raises:
        InputError: an id that is taken or cannot be one.
    """
    _check_name("ID", client)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    values = {"id": client, "secret": hashed(secret), "created_at": at, **rights.columns()}
    database.transact(lambda connection: _add(connection, "client", client, values, at, by))
    with database.read() as connection:
        return secret, _not_enrolled(connection, rights.members)


def everyone(database: Database) -> list[dict[str, Any]]:
    """Accounts, then clients, by name, without any secret; `members` None = every member."""
    with database.read() as connection:
        return [_shown(kind, row) for kind in _KINDS for row in store.owners(connection, kind)]


def set_disabled(database: Database, name: str, disabled: bool, at: datetime, by: str) -> bool:
    """Stop an account or a client, which ends its sessions and tokens, or let it in again.

    Returns:
        Whether it was otherwise before.

    Raises:
        InputError: there is none of that name.
    """

    def work(connection: Connection) -> bool:
        kind, row = _found(connection, name)
        if row.disabled == disabled:
            return False
        store.change_owner(connection, kind, name, {"disabled": disabled})
        if disabled:
            store.drop_credentials_of(connection, name)
        _tell(connection, f"{'disable' if disabled else 'enable'} {kind}", name, at, by)
        return True

    return database.transact(work)


def reset(database: Database, name: str, password: str | None, at: datetime, by: str) -> str | None:
    """Give an account another password, or a client another secret; ends what it holds and any pause.

    Args:
        database: the county's.
        name: of the account or client.
        password: of the account; None for a client.
        at: the instant.
        by: who does it.

    Returns:
        The new secret of a client; None for an account.

    Raises:
        InputError: there is none of that name, it is the other kind, or the password is bad.
    """
    with database.read() as connection:
        kind, row = _found(connection, name)
    if (kind == "account") != (password is not None):
        do, zh = "give a password to an account only", "只有人员账号设密码，系统客户端由本系统生成密钥"
        raise InputError(Fault(name, f"is of the kind {kind}", do, zh))
    if password is not None:
        check_password(password, (name, row.person))
    secret = None if password is not None else secrets.token_urlsafe(_SECRET_BYTES)
    kept = hashed(password if password is not None else secret or "")
    column = "password" if kind == "account" else "secret"

    def work(connection: Connection) -> None:
        store.change_owner(connection, kind, name, {column: kept, "failures": 0, "paused_until": None})
        store.drop_credentials_of(connection, name)
        _tell(connection, f"reset {column}", name, at, by)

    database.transact(work)
    return secret


def kind_of(database: Database, name: str) -> Kind:
    """Whether a name is that of an account or of a client.

    Raises:
        InputError: there is none of that name.
    """
    with database.read() as connection:
        return _found(connection, name)[0]


def register_key(database: Database, name: str, person: str, pem: str, fingerprint: str, at: datetime, by: str) -> None:
    """Register the public key with which a person signs editions; one that they had signs no more.

    Args:
        database: the county's.
        name: of the account.
        person: whose key the file says it is.
        pem: the key alone, SubjectPublicKeyInfo.
        fingerprint: of the key, for the audit.
        at: the instant.
        by: who does it.

    Raises:
        InputError: no such account, the key of another person, or one that another has registered.
    """

    def work(connection: Connection) -> None:
        kind, row = _found(connection, name)
        if kind != "account":
            do, zh = "name the account of a person", "系统客户端不能签署版本；请给出人员账号"
            raise InputError(Fault(name, "a client signs nothing", do, zh))
        if person != row.person:
            do = f"make the key with `rx edition keygen {row.person}`: statements are signed as the account's person"
            zh = f"是 {person} 的公钥，账号属于 {row.person}；请用 rx edition keygen {row.person} 生成"
            raise InputError(Fault(name, f"the key of {person}, the account is of {row.person}", do, zh))
        for other in store.owners(connection, "account"):
            if other.name != name and other.public_key == pem:
                do, zh = "each person needs a key of their own", f"已由 {other.name} 登记；每人须有自己的密钥"
                raise InputError(Fault(name, f"{other.name} has registered this key", do, zh))
        store.change_owner(connection, kind, name, {"public_key": pem})
        _tell(connection, "register key", name, at, by, key=fingerprint)

    database.transact(work)


def _add(connection: Connection, kind: Kind, name: str, values: dict[str, Any], at: datetime, by: str) -> None:
    # One name, one holder: sessions and tokens are ended by name.
    if any(store.owner(connection, each, name) for each in _KINDS):
        raise InputError(Fault(name, "the name is taken", "choose another", "名称已被占用；请另取"))
    store.add_owner(connection, kind, values)
    kept = {"roles": values["roles"].split(","), "members": values["members"].split(",") if values["members"] else "*"}
    person = {"person": values["person"]} if kind == "account" else {}
    _tell(connection, f"add {kind}", name, at, by, **kept, **person)


def _found(connection: Connection, name: str) -> tuple[Kind, Row[Any]]:
    if NAME.fullmatch(name):
        for kind in _KINDS:
            row = store.owner(connection, kind, name)
            if row is not None:
                return kind, row
    do, zh = "see `rx accounts list`", "没有这个账号或客户端；见 rx accounts list"
    raise InputError(Fault(ascii(name[:80]), "no such account or client", do, zh))


def _tell(connection: Connection, action: str, name: str, at: datetime, by: str, **more: Any) -> None:
    body = {"name": name, **more}
    audit.append(connection, at=at, actor=by, member=None, action=action, prescription=None, body=body)


def _check_name(where: str, name: str) -> None:
    if not NAME.fullmatch(name):
        what = f"{name[:80]!a} is not of letters, digits and . _ -, at most 64"
        raise InputError(Fault(where, what, "choose another", "只能用字母、数字和 . _ -，至多 64 个；请另取"))


def _not_enrolled(connection: Connection, members: Iterable[str]) -> list[str]:
    return [member for member in members if county.entry(connection, "member", member) is None]


def _shown(kind: str, row: Row[Any]) -> dict[str, Any]:
    return {
        "name": row.name if kind == "account" else row.id,
        "kind": kind,
        "person": row.person if kind == "account" else None,
        "roles": row.roles.split(","),
        "members": row.members.split(",") if row.members else None,
        "disabled": row.disabled,
        "paused_until": row.paused_until,
        "signs": kind == "account" and row.public_key is not None,
        "created_at": row.created_at,
    }
