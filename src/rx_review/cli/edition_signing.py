"""`rx edition keygen`, `sign` and `verify`."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from rich.text import Text

from rx_review import config
from rx_review.cli.console import err, out
from rx_review.cli.edition_bundle import opened, read_file, write_file
from rx_review.editions.checking import check_edition
from rx_review.editions.keys import fingerprint, open_private, open_public, person_of, write_keys
from rx_review.editions.signing import Statement, check_statements, read_statement, sign_edition, write_statement
from rx_review.errors import Fault, InputError, LibraryError
from rx_review.library.edition import digest_of

_STATEMENT = 65_536
_DIGEST = re.compile(r"[0-9a-f]{64}")


def keygen(person: str, file: str) -> None:
    """Make a key and say where its two halves are."""
    name = person_of(person, "PERSON")
    public, key = write_keys(Path(file), name)
    out().print(
        f"{name}\n{fingerprint(key)}\n"
        f"{file}  私钥，只由本人保管 private: never give it away\n"
        f"{public}  公钥，交管理员登记 public: have it registered",
        markup=False,
    )


def sign(bundle: str, person: str, key_file: str, file: str | None) -> None:
    """Check an edition, sign that it be published and write the statement."""
    name, key = _signer(person, key_file, file)
    with opened(bundle) as (rules, formulary):
        digest = digest_of(rules, formulary)
        if faults := check_edition(rules, formulary, config.today(), config.cache_dir()):
            raise LibraryError(*faults)
        if digest_of(rules, formulary) != digest:
            do, zh = "sign again when nobody writes to it", "检查期间文件有改动；请在无人修改时重签"
            raise LibraryError(Fault(bundle, "changed while it was checked", do, zh))
    _write(sign_edition(digest, name, config.now(), key), file)


def sign_roll_back(bundle: str, person: str, key_file: str, file: str | None) -> None:
    """Sign that an edition hold again, given itself or by its digest, and write the statement.

    It is not checked: it was when it was published, and what was due for review since must not stop the way back.
    """
    name, key = _signer(person, key_file, file)
    digest = bundle.removeprefix("sha256:")
    if not _DIGEST.fullmatch(digest):
        with opened(bundle) as folders:
            digest = digest_of(*folders)
    _write(sign_edition(digest, name, config.now(), key, "roll back"), file)


def _signer(person: str, key_file: str, file: str | None) -> tuple[str, Ed25519PrivateKey]:
    name = person_of(person, "--person")
    owner, key = open_private(Path(key_file))
    if owner and owner != name:
        do, zh = "sign with your own key, under your own name", f"这是 {owner} 的密钥；请用本人的密钥签名"
        raise InputError(Fault(key_file, f"the key of {owner}, not of {name}", do, zh))
    if file is not None:
        # Said before the seconds that the check takes.
        _refuse_taken(Path(file))
    return name, key


def _write(statement: Statement, file: str | None) -> None:
    path = Path(file or f"statement-{statement.digest[:12]}-{statement.key.removeprefix('sha256:')[:8]}.json")
    _refuse_taken(path)
    write_file(path, write_statement(statement))
    what = {"publish": "发布 to publish", "roll back": "回退 to roll back"}[statement.says]
    out().print(f"{path}\n{statement.person} 已签 signed · {what}\nsha256:{statement.digest}", markup=False)


def _refuse_taken(path: Path) -> None:
    """A slip of the hand must not write a statement over a key, or over the statement of another."""
    if path.exists():
        raise InputError(Fault(str(path), "there already", "choose another name", "已存在；请换一个文件名"))


def verify(bundle: str, statement_files: list[str], public_files: list[str]) -> int:
    """Say whether two people signed this edition; 1 if not."""
    keys = _keys(public_files)
    statements = open_statements(statement_files)
    with opened(bundle) as (rules, formulary):
        digest = digest_of(rules, formulary)
    if faults := check_statements(digest, statements, keys):
        for fault in faults:
            err().print(Text(f"{fault.in_chinese()}\n  {fault}", style="red"))
        return 1
    for statement in statements:
        out().print(f"{statement.person}  {statement.at.isoformat()}  {statement.key}", markup=False)
    out().print(f"签名有效 the signatures hold\nsha256:{digest}", markup=False)
    return 0


def open_statements(files: list[str]) -> list[Statement]:
    """Read the files of statements.

    Raises:
        InputError: if one cannot be read or is none.
    """
    return [read_statement(read_file(name, _STATEMENT), name) for name in files]


def _keys(files: list[str]) -> dict[str, Ed25519PublicKey]:
    keys: dict[str, Ed25519PublicKey] = {}
    for name in files:
        person, key = open_public(Path(name))
        if person in keys and fingerprint(keys[person]) != fingerprint(key):
            do, zh = "give one key for each person", f"{person} 有两把不同的公钥；每人只给一把"
            raise InputError(Fault(name, f"another key of {person}", do, zh))
        keys[person] = key
    return keys
