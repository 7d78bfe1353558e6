"""A person's key is one file that only they may read, and one to give away; both say whose they are."""

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from rx_review.editions.keys import (
    fingerprint,
    open_private,
    open_public,
    person_of,
    private_pem,
    public_pem,
    read_private,
    read_public,
    write_keys,
)
from rx_review.errors import EnvironmentFault, InputError


def test_what_is_written_is_read_back_and_only_its_owner_may_read_it(tmp_path):
    public, key = write_keys(tmp_path / "wang.pem", "王药师")
    assert public == tmp_path / "wang.pem.pub"
    assert stat.S_IMODE((tmp_path / "wang.pem").stat().st_mode) == 0o600
    owner, private = open_private(tmp_path / "wang.pem")
    assert (owner, fingerprint(private.public_key())) == ("王药师", fingerprint(key))
    person, read = open_public(public)
    assert (person, fingerprint(read)) == ("王药师", fingerprint(key))


def test_other_programs_read_the_keys_as_pem(tmp_path):
    public, key = write_keys(tmp_path / "wang.pem", "王药师")
    assert fingerprint(load_pem_public_key(public.read_bytes())) == fingerprint(key)
    private = load_pem_private_key((tmp_path / "wang.pem").read_bytes(), None)
    assert fingerprint(private.public_key()) == fingerprint(key)


def test_each_key_is_another(tmp_path):
    assert len({fingerprint(write_keys(tmp_path / f"{n}.pem", "王药师")[1]) for n in range(3)}) == 3


@pytest.mark.parametrize("taken", ["wang.pem", "wang.pem.pub"])
def test_a_key_is_never_overwritten(tmp_path, taken):
    (tmp_path / taken).write_text("x")
    with pytest.raises(InputError, match="never overwritten"):
        write_keys(tmp_path / "wang.pem", "王药师")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(taken, "x")]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(EnvironmentFault, match="No such file"):
        write_keys(tmp_path / "none" / "wang.pem", "王药师")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_private_key_that_others_may_read_is_refused(tmp_path, mode):
    write_keys(tmp_path / "wang.pem", "王药师")
    (tmp_path / "wang.pem").chmod(mode)
    with pytest.raises(InputError, match="others may read this private key; chmod 600"):
        open_private(tmp_path / "wang.pem")


def pem(key, encryption=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


MINE = Ed25519PrivateKey.generate()
CURVE = ec.generate_private_key(ec.SECP256R1())
CURVE_PUBLIC = CURVE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PUBLIC = MINE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 100, PUBLIC, pem(CURVE), pem(MINE)[:60]], ids=range(6))
def test_what_is_no_private_key_is_refused(content):
    with pytest.raises(InputError, match=r"k\.pem: not an Ed25519 private key"):
        read_private(content, "k.pem")


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\xff" * 100, pem(MINE), CURVE_PUBLIC],
    ids=range(5),
)
def test_what_is_no_public_key_is_refused(content):
    with pytest.raises(InputError, match=r"k\.pem: not an Ed25519 public key"):
        read_public(content, "k.pem")


def test_a_locked_key_says_that_it_is_locked():
    with pytest.raises(InputError, match="locked with a passphrase"):
        read_private(pem(MINE, BestAvailableEncryption(b"x")), "k.pem")


def test_a_public_key_must_say_whose_it_is(tmp_path):
    assert read_public(PUBLIC, "k.pem")[0] == ""
    (tmp_path / "k.pem").write_bytes(PUBLIC)
    with pytest.raises(InputError, match="does not say whose key it is"):
        open_public(tmp_path / "k.pem")
    (tmp_path / "k.pem").write_bytes(b"Person: W01\r\n" + PUBLIC)
    assert open_public(tmp_path / "k.pem")[0] == "W01"


@pytest.mark.parametrize(
    "content", [b"Person: \n", b"Person:  W01\n", b"Person: W\x0001\n", b"Person: " + b"x" * 500 + b"\n"]
)
def test_a_name_that_cannot_be_one_is_refused(content):
    with pytest.raises(InputError, match="is no name of a person"):
        read_public(content + PUBLIC, "k.pem")


@given(st.text(max_size=30))
def test_every_name_that_is_taken_comes_back_from_both_keys(text):
    try:
        name = person_of(text, "PERSON")
    except InputError:
        assert not text.strip() or text != " ".join(text.split()) or not text.isprintable()
        return
    assert read_private(private_pem(name, MINE), "k")[0] == name
    assert read_public(public_pem(name, MINE.public_key()), "k")[0] == name


@given(st.binary(max_size=300))
def test_no_bytes_bring_anything_but_our_own_error(content):
    for read in (read_private, read_public):
        with pytest.raises(InputError):
            read(content, "k.pem")


def test_files_that_cannot_be_read(tmp_path):
    for read in (open_private, open_public):
        for path in (tmp_path / "none", tmp_path):
            with pytest.raises(InputError, match="correct the path"):
                read(path)
