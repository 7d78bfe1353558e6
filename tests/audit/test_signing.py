"""Keys, their files, and algorithms by name."""

import dataclasses
import hashlib
import io
import os

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from tests.audit.conftest import COUNTY, START, Chain, entry

from rx_review.audit import (
    Entry,
    entry_digest,
    new_signer,
    read_private_key,
    read_public_key,
    seal,
    signing,
    verify_export,
    write_private_key,
    write_public_key,
)
from rx_review.audit.signing import Algorithm, algorithm_named, register
from rx_review.errors import EnvironmentFault, InputError
from rx_review.store.key_files import fingerprint

OTHER = "ecdsa-p256-sha3"


class OtherVerifier:
    """ECDSA over P-256 with SHA3-256: as little like Ed25519 as SM2 is."""

    algorithm = OTHER

    def __init__(self, public):
        self.public = public
        self.key = fingerprint(public)

    def verify(self, message, signature):
        try:
            self.public.verify(signature, message, ec.ECDSA(hashes.SHA3_256()))
        except InvalidSignature:
            return False
        return True

    def pem(self):
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class OtherSigner:
    def __init__(self, private):
        self.private = private
        self.verifier = OtherVerifier(private.public_key())

    def sign(self, message):
        return self.private.sign(message, ec.ECDSA(hashes.SHA3_256()))

    def pem(self):
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def other_signer(pem):
    private = load_pem_private_key(pem, None)
    return OtherSigner(private) if isinstance(private, ec.EllipticCurvePrivateKey) else None


def other_verifier(pem):
    public = load_pem_public_key(pem)
    return OtherVerifier(public) if isinstance(public, ec.EllipticCurvePublicKey) else None


@pytest.fixture
def other(monkeypatch):
    """A second algorithm, for this test."""
    monkeypatch.setattr(signing, "_ALGORITHMS", dict(signing._ALGORITHMS))
    made = Algorithm(
        OTHER, hashlib.sha3_256, lambda: OtherSigner(ec.generate_private_key(ec.SECP256R1())), other_signer,
        other_verifier,
    )  # fmt: skip
    register(made)
    return made


def test_a_key_signs_and_its_public_half_verifies(signer):
    signature = signer.sign("处方".encode())
    assert signer.verifier.verify("处方".encode(), signature)
    assert not signer.verifier.verify("处方。".encode(), signature)
    assert not new_signer().verifier.verify("处方".encode(), signature)
    assert not signer.verifier.verify("处方".encode(), b"short")


def test_keys_come_back_from_their_files(signer, tmp_path):
    write_private_key(tmp_path / "key.pem", signer)
    write_public_key(tmp_path / "public.pem", signer.verifier)
    assert read_private_key(tmp_path / "key.pem").verifier.key == signer.verifier.key
    assert read_public_key(tmp_path / "public.pem").verify(b"x", signer.sign(b"x"))


def test_the_private_key_is_for_its_owner_alone_whatever_the_umask(signer, tmp_path):
    before = os.umask(0)
    try:
        write_private_key(tmp_path / "key.pem", signer)
    finally:
        os.umask(before)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o602])
def test_a_private_key_that_others_may_open_is_refused(signer, tmp_path, mode):
    path = tmp_path / "key.pem"
    write_private_key(path, signer)
    path.chmod(mode)
    with pytest.raises(EnvironmentFault, match=f"others may open .*0{mode:o}"):
        read_private_key(path)


def test_a_private_key_that_not_even_its_owner_may_write_is_read(signer, tmp_path):
    write_private_key(tmp_path / "key.pem", signer)
    (tmp_path / "key.pem").chmod(0o400)
    assert read_private_key(tmp_path / "key.pem").verifier.key == signer.verifier.key


def test_a_private_key_is_never_written_over(signer, tmp_path):
    write_private_key(tmp_path / "key.pem", signer)
    with pytest.raises(EnvironmentFault, match="never overwritten"):
        write_private_key(tmp_path / "key.pem", new_signer())
    assert read_private_key(tmp_path / "key.pem").verifier.key == signer.verifier.key


def test_a_folder_that_is_not_there_is_said(signer, tmp_path):
    with pytest.raises(EnvironmentFault, match="No such file"):
        write_private_key(tmp_path / "none" / "key.pem", signer)
    with pytest.raises(EnvironmentFault, match="No such file"):
        write_public_key(tmp_path / "none" / "public.pem", signer.verifier)
    with pytest.raises(EnvironmentFault, match="private key"):
        read_private_key(tmp_path / "none.pem")
    with pytest.raises(InputError, match="public key"):
        read_public_key(tmp_path / "none.pem")


def not_keys(signer) -> dict[str, bytes]:
    """Files that are no key of ours, by what they are."""
    curve = ec.generate_private_key(ec.SECP256R1())
    locked = load_pem_private_key(signer.pem(), None)
    return {
        "empty": b"",
        "text": "不是密钥".encode(),
        "cut": signer.pem()[:60],
        "locked": locked.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")),
        "of another algorithm": curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "the public half of another": curve.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }


@pytest.mark.parametrize(
    "name", ["empty", "text", "cut", "locked", "of another algorithm", "the public half of another"]
)
def test_what_is_no_key_of_a_known_algorithm_is_refused(signer, tmp_path, name):
    path = tmp_path / "key.pem"
    path.write_bytes(not_keys(signer)[name])
    path.chmod(0o600)
    with pytest.raises(EnvironmentFault, match="not an unencrypted private key of ed25519-sha256"):
        read_private_key(path)
    with pytest.raises(InputError, match="not a public key of ed25519-sha256"):
        read_public_key(path)


def test_the_halves_of_a_key_are_not_taken_for_each_other(signer, tmp_path):
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    write_private_key(private, signer)
    write_public_key(public, signer.verifier)
    public.chmod(0o600)
    with pytest.raises(InputError):
        read_public_key(private)
    with pytest.raises(EnvironmentFault):
        read_private_key(public)


def test_an_algorithm_that_nobody_brought_is_refused_by_name():
    with pytest.raises(InputError, match="sm2-sm3: no such signing algorithm here; known are: ed25519-sha256"):
        algorithm_named("sm2-sm3")
    with pytest.raises(InputError):
        entry_digest(b"0" * 16, b"{}", "sm2-sm3")


def test_what_an_algorithm_means_never_changes(other):
    with pytest.raises(ValueError, match="already"):
        register(Algorithm(OTHER, hashlib.sha256, other.generate, other.signer, other.verifier))


def test_an_algorithm_that_is_added_seals_the_same_chain(signer, other, tmp_path):
    """An older seal keeps its algorithm, a newer one has the new: hashes of entries and heads too."""
    new = new_signer(OTHER)
    write_private_key(tmp_path / "key.pem", new)
    write_public_key(tmp_path / "public.pem", new.verifier)
    new = read_private_key(tmp_path / "key.pem")
    chain = Chain(signer, [])
    chain.add(entry(1))
    body = entry(2).body
    later = Entry(2, entry_digest(b"1" * 16, body, OTHER), b"1" * 16, body)
    chain.add(later, signer=new)
    verifiers = [signer.verifier, read_public_key(tmp_path / "public.pem")]
    found = verify_export(io.BytesIO(chain.export()), verifiers)
    assert (found.faults, found.keys) == ((), (signer.verifier.key, new.verifier.key))
    chain.parts[1][1][0] = later._replace(body=later.body + b" ")
    assert len(verify_export(io.BytesIO(chain.export()), verifiers).faults) == 1


def test_an_export_of_an_unknown_algorithm_is_not_called_whole(other, monkeypatch):
    new = new_signer(OTHER)
    sealed = seal(None, [(1, "a" * 64)], county=COUNTY, at=START, clock="unknown", signer=new)
    data = Chain(new, [(sealed, [Entry(1, "a" * 64, b"0" * 16, b"{}")])]).export()
    monkeypatch.undo()
    found = verify_export(io.BytesIO(data), [new_signer().verifier])
    assert [fault.what for fault in found.faults] == [f"no such signing algorithm here: {OTHER}"]


def test_a_seal_that_names_another_algorithm_than_its_key_has_is_refused(signer, other):
    chain = Chain(signer, [])
    chain.parts = [(dataclasses.replace(chain.add(), algorithm=OTHER), [])]
    found = verify_export(io.BytesIO(chain.export()), [signer.verifier])
    assert found.faults[0].what == f"its algorithm, {OTHER}, is not that of its key, ed25519-sha256"
