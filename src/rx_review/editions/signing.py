"""A person's signed statement that an edition is to be published, or to hold again, and whether enough made one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, ValidationError

from rx_review.domain.prescription import Strict
from rx_review.domain.strict_json import decode
from rx_review.domain.values import Instant
from rx_review.editions.keys import Person, fingerprint
from rx_review.errors import Fault, InputError
from rx_review.store.key_files import Ed25519Verifier

Purpose = Literal["publish", "roll back"]
"""What a statement asks for: that an edition be published, or that one which was published before hold again."""

FORMAT: Literal["rx-review edition statement 1"] = "rx-review edition statement 1"

_MOST = 16_384


class Said(Strict):
    """What a person says of an edition."""

    format: Literal["rx-review edition statement 1"]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    person: Person
    at: Instant
    says: Purpose
    key: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    """Fingerprint of the key that signs."""

    def signed_text(self) -> bytes:
        """The bytes that are signed: the format, so that a signature serves here only, and canonical JSON.

        The instant is in UTC with microseconds; keys are sorted, nothing stands between the parts, text is UTF-8.
        """
        said = {
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "digest": self.digest,
            "key": self.key,
            "person": self.person,
            "says": self.says,
        }
        body = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return f"{self.format}\n{body}".encode()


class Statement(Said):
    """What a person says of an edition, signed (Ed25519, RFC 8032; base64)."""

    signature: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{85}[AQgw]==$")]

    def holds(self, key: Ed25519PublicKey) -> bool:
        """Whether that key signed this statement."""
        return self.key == fingerprint(key) and Ed25519Verifier(key).verify(
            self.signed_text(), base64.b64decode(self.signature)
        )


def sign_edition(
    digest: str, person: str, at: datetime, private_key: Ed25519PrivateKey, says: Purpose = "publish"
) -> Statement:
    """Sign that an edition is to be published, or to hold again.

    Args:
        digest: of the edition, 64 hexadecimal digits.
        person: who signs.
        at: when, with an offset.
        private_key: of that person.
        says: what the person asks for.

    Raises:
        ValueError: if digest, person or instant cannot be one.
    """
    key = fingerprint(private_key.public_key())
    said = Said(format=FORMAT, digest=digest, person=person, at=at, says=says, key=key)
    signature = base64.b64encode(private_key.sign(said.signed_text())).decode()
    return Statement(**said.model_dump(), signature=signature)


def write_statement(statement: Statement) -> bytes:
    """A statement as the content of its file: JSON in UTF-8."""
    tree = statement.model_dump(mode="json")
    return (json.dumps(tree, ensure_ascii=False, indent=1) + "\n").encode()


def read_statement(data: bytes, shown: str) -> Statement:
    """Read the content of a statement's file.

    Raises:
        InputError: with everything that is wrong in it.
    """
    if len(data) > _MOST:
        raise InputError(_not_one(shown, f"longer than {_MOST} bytes"))
    try:
        return Statement.model_validate(decode(data.decode("utf-8"), shown))
    except UnicodeDecodeError as error:
        raise InputError(_not_one(shown, f"not UTF-8 at byte {error.start}")) from None
    except ValidationError as error:
        raise InputError(
            *(
                _not_one("/".join([shown, *map(str, detail["loc"])]), detail["msg"])
                for detail in error.errors(include_url=False)
            )
        ) from None


def _not_one(where: str, what: str) -> Fault:
    do, zh = "give the file as `rx edition sign` wrote it", "不是签名声明；请给出 rx edition sign 写出的原文件"
    return Fault(where, what, do, zh)


def check_statements(
    digest: str,
    statements: Iterable[Statement],
    keys: Mapping[str, Ed25519PublicKey],
    needed: int = 2,
    says: Purpose = "publish",
) -> list[Fault]:
    """Everything that keeps these statements from what they ask for of an edition; nothing if they suffice.

    Args:
        digest: of the edition, 64 hexadecimal digits.
        statements: that were made; each must hold.
        keys: the public key of each person who may sign.
        needed: how many different people, with as many different keys, must have signed.
        says: what each must ask for.
    """
    faults: list[Fault] = []
    signers: dict[str, str] = {}
    for statement in statements:
        found = [*_purpose_faults(statement, says), *_faults(statement, digest, keys, signers)]
        faults += found
        if not found:
            signers[statement.person] = statement.key
    if len(signers) < needed:
        what, zh = f"{len(signers)} of {needed} people have signed", f"需 {needed} 人签名，现有 {len(signers)} 人"
        do = "let another person sign it with a key of their own"
        faults.append(Fault(f"edition {digest[:12]}", what, do, f"{zh}；请另一人用自己的密钥签名"))
    return faults


def _purpose_faults(statement: Statement, says: Purpose) -> Iterator[Fault]:
    if statement.says != says:
        what, zh = f"says {statement.says!r}, not {says!r}", f"声明的是 {statement.says}，不是 {says}"
        do = "sign with `rx edition sign`, to roll back with --roll-back"
        yield Fault(f"statement of {statement.person}", what, do, f"{zh}；请重新签名，回退须加 --roll-back")


def _faults(
    statement: Statement, digest: str, keys: Mapping[str, Ed25519PublicKey], signers: Mapping[str, str]
) -> Iterator[Fault]:
    where, person = f"statement of {statement.person}", statement.person
    if statement.digest != digest:
        what, zh = f"is about the edition {statement.digest[:12]}", f"签的是版本 {statement.digest[:12]}"
        yield Fault(where, what, f"sign {digest[:12]}", f"{zh}；请签 {digest[:12]}")
    if person not in keys:
        do, zh = "register the person's public key first", "没有登记此人的公钥；请先登记"
        yield Fault(where, "no key of this person is known", do, zh)
    elif statement.key != fingerprint(keys[person]):
        do, zh = "sign with the registered key", "不是用此人登记的密钥签的；请用登记的密钥签名"
        yield Fault(where, f"signed with {statement.key[:19]}…, not with this person's key", do, zh)
    elif not statement.holds(keys[person]):
        do, zh = "sign the edition again", "签名无效；请重新签名"
        yield Fault(where, "the signature does not hold: something was changed after it was made", do, zh)
    if person in signers:
        do, zh = "a second person must sign", "同一人签了两次；须由另一人签名"
        yield Fault(where, "the same person signed twice", do, zh)
    for other, key in signers.items():
        if other != person and key == statement.key:
            do, zh = "each person needs a key of their own", f"与 {other} 用的是同一把密钥；每人须有自己的密钥"
            yield Fault(where, f"signed with the same key as {other}", do, zh)
