"""The only encryption of what is stored: identity under a key of each patient, and blind indexes to find them by.

A patient has a random data key. It stands in the patient's row wrapped by a master key; from it come the key of the
sealed identities and the key of the stand-ins (`domain/identity.py`). Whoever drops the wrapped key has destroyed every
identity of that patient, in old backups of the other tables too (crypto-shredding): neither are the sealed ones opened,
nor can anyone try out names against the stand-ins. The patient's blind indexes must be dropped with it.

Encryption is AES-256-GCM (NIST SP 800-38D) with random nonces of 96 bits; keys are derived with HKDF-SHA256 (RFC 5869)
and indexes made with HMAC-SHA256. Records name their algorithm, so that another can follow (SM4 for 密评).
"""

from __future__ import annotations

import hmac
import json
import secrets
import unicodedata
from typing import Literal, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from pydantic import ConfigDict, ValidationError

from rx_review.domain.identity import Identity, StandIn, stand_ins
from rx_review.domain.prescription import Strict
from rx_review.errors import EnvironmentFault, Fault
from rx_review.store.keys import KEY_BYTES, Secrets

ALGORITHM = "AES-256-GCM"

IndexKind = Literal["identity_number", "patient_number", "record_number"]

_NONCE_BYTES = 12
_BLOCK = 256
"""Sealed texts are filled up to a multiple of it: their length must not tell the length of a name."""


class SealBroken(EnvironmentFault):
    """A sealed record was changed, belongs to another row, or was sealed with a key or algorithm we do not have."""


class Erased(EnvironmentFault):
    """The patient's key was destroyed, and every identity under it."""


class _Record(Strict):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    def packed(self) -> bytes:
        """The record as one column holds it: JSON, bytes in base64."""
        return self.model_dump_json().encode()

    @classmethod
    def unpacked(cls, where: str, data: bytes) -> Self:
        """The record of a column; `where` names the row.

        Raises:
            SealBroken: not what `packed` made.
        """
        try:
            record = cls.model_validate_json(data)
        except ValidationError as error:
            raise SealBroken(_broken(where)) from error
        # Base64 and JSON can write one thing in several ways; we write one of them.
        if record.packed() != data:
            raise SealBroken(_broken(where))
        return record


class WrappedKey(_Record):
    """A patient's data key as the patient's row holds it; `key_id` is the master key's fingerprint.

    `wrapped_key` is nonce, ciphertext and tag, 60 bytes.
    """

    algorithm: str
    key_id: str
    wrapped_key: bytes


class Sealed(_Record):
    """An identity as the row of one sheet holds it: a nonce of 12 bytes; text filled up to blocks of 256, and a tag."""

    algorithm: str
    nonce: bytes
    ciphertext: bytes


class PatientKey:
    """A patient's key, opened: makes that patient's stand-ins, seals and opens. Keep it no longer than a request."""

    def __init__(self, patient_id: str, data_key: bytes) -> None:
        self._patient_id = patient_id
        self._sealing = _derived(data_key, b"rx-review identity")
        self.stand_in: StandIn = stand_ins(_derived(data_key, b"rx-review stand-ins"))

    def seal(self, record: str, identity: Identity) -> Sealed:
        """Seal the identity of a record; it opens for this patient and this record only.

        Args:
            record: what names the row for good, such as a sheet's own id and revision.
            identity: what `separate` took out of the sheet.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        text = identity.model_dump_json(exclude_none=True).encode()
        filled = text.ljust(-len(text) // _BLOCK * -_BLOCK)
        ciphertext = AESGCM(self._sealing).encrypt(nonce, filled, self._bound(record))
        return Sealed(algorithm=ALGORITHM, nonce=nonce, ciphertext=ciphertext)

    def open(self, record: str, sealed: Sealed) -> Identity:
        """The identity of a record.

        Raises:
            SealBroken: the record was changed, or is another's.
        """
        where = f"identity of {record}"
        text = _opened(where, sealed.algorithm, self._sealing, sealed.nonce, sealed.ciphertext, self._bound(record))
        return Identity.model_validate_json(text)

    def _bound(self, record: str) -> bytes:
        return _bound("identity", self._patient_id, record)


class Vault:
    """Opens the keys of patients, and finds patients by numbers that are not stored. Safe for several threads."""

    def __init__(self, keys: Secrets) -> None:
        self._keys = keys

    @property
    def key_id(self) -> str:
        """Fingerprint of the master key that wraps; keys under another are due for `rewrap`."""
        return self._keys.newest

    def new_key(self, patient_id: str) -> WrappedKey:
        """A key for a new patient; the id must be random, and never come to name another."""
        return self._wrapped(patient_id, secrets.token_bytes(KEY_BYTES))

    def unlock(self, patient_id: str, key: WrappedKey | None) -> PatientKey:
        """The patient's key, opened; `key` is None where it was destroyed.

        Raises:
            Erased: the key was destroyed.
            SealBroken: the key was changed, is another patient's, or its master key is not there.
        """
        if key is None:
            raise Erased(
                Fault(
                    f"patient {patient_id}",
                    "the identity was destroyed",
                    "the register of destroyed records says when and on whose approval",
                    "身份信息已依法销毁；批准人和时间见销毁登记",
                )
            )
        return PatientKey(patient_id, self._unwrapped(patient_id, key))

    def rewrap(self, patient_id: str, key: WrappedKey) -> WrappedKey:
        """The same key under the newest master key: what it sealed, and its stand-ins, stay as they are.

        Raises:
            SealBroken: as `unlock`.
        """
        if (key.algorithm, key.key_id) == (ALGORITHM, self._keys.newest):
            return key
        return self._wrapped(patient_id, self._unwrapped(patient_id, key))

    def blind_index(self, kind: IndexKind, value: str, institution: str | None = None) -> str:
        """What a patient is found by instead of a number: 64 hexadecimal digits, equal for equal numbers.

        Full width, spaces and, in an identity number, case make no difference. A number of an institution's own names
        someone else in another, so that `institution` goes into its index, and only there.

        Raises:
            ValueError: nothing is left of the value, or the institution is missing or given in vain.
        """
        if (kind == "identity_number") != (institution is None):
            raise ValueError(f"an institution goes with its own numbers only, not with {kind} and {institution}")
        plain = "".join(unicodedata.normalize("NFKC", value).split())
        if not plain:
            raise ValueError(f"a blank {kind}")
        if kind == "identity_number":
            plain = plain.upper()
        return hmac.digest(self._keys.index, _bound("index", kind, institution or "", plain), "sha256").hex()

    def mark(self, purpose: str, *parts: str) -> str:
        """A mark over parts that only the holder of these keys can make: 64 hexadecimal digits of HMAC-SHA256."""
        return hmac.digest(self._keys.index, _bound("mark", purpose, *parts), "sha256").hex()

    def _wrapped(self, patient_id: str, data_key: bytes) -> WrappedKey:
        master, nonce = self._keys.masters[self._keys.newest], secrets.token_bytes(_NONCE_BYTES)
        wrapped = nonce + AESGCM(master).encrypt(nonce, data_key, _bound("key", patient_id))
        return WrappedKey(algorithm=ALGORITHM, key_id=self._keys.newest, wrapped_key=wrapped)

    def _unwrapped(self, patient_id: str, key: WrappedKey) -> bytes:
        where, master = f"key of patient {patient_id}", self._keys.masters.get(key.key_id)
        if master is None:
            raise SealBroken(
                Fault(
                    where,
                    f"the master key {key.key_id} is not in the folder of keys",
                    "put its file back from the copy; an old master key may go only after every key was rewrapped",
                    f"密钥目录中没有主密钥 {key.key_id}；请用备份恢复该文件，旧主密钥须在全部重新封装后才能移除",
                )
            )
        nonce, rest = key.wrapped_key[:_NONCE_BYTES], key.wrapped_key[_NONCE_BYTES:]
        return _opened(where, key.algorithm, master, nonce, rest, _bound("key", patient_id))


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(SHA256(), KEY_BYTES, purpose).derive(key)


def _bound(*parts: str) -> bytes:
    """What a seal or an index holds for, so that no two lists of parts run together to the same bytes."""
    return json.dumps(["rx-review", *parts], ensure_ascii=True).encode()


def _opened(where: str, algorithm: str, key: bytes, nonce: bytes, ciphertext: bytes, bound: bytes) -> bytes:
    if algorithm != ALGORITHM:
        raise SealBroken(
            Fault(
                where,
                f"sealed with {algorithm}, which this version does not have",
                "use the version that wrote it",
                f"采用本版本不支持的算法 {algorithm}；请使用写入它的版本",
            )
        )
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, bound)
    except (InvalidTag, ValueError) as error:
        # A nonce cut short is a ValueError.
        raise SealBroken(_broken(where)) from error


def _broken(where: str) -> Fault:
    return Fault(
        where,
        "the seal is broken: it was changed, or copied from another row",
        "stop writing, keep the database as it is and compare it with the last backup",
        "封装被破坏：内容被改动或来自另一条记录；请停止写入，保留数据库现状并与最近的备份比对",
    )
