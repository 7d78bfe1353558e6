"""The vault: what is sealed opens for its own patient, row and key, for nobody else, and never again once shredded."""

import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.invented import CODES, WORDS, some

from rx_review.domain.identity import Identity
from rx_review.errors import EnvironmentFault
from rx_review.store.keys import Secrets, add_master_key, create_keys, fingerprint, read_keys
from rx_review.store.vault import ALGORITHM, Erased, SealBroken, Sealed, Vault, WrappedKey

NAMES = {
    "patient_name": "金丝雀甲",
    "patient_identity_number": "99999919800101003X",
    "agent_name": "金丝雀乙",
    "prescriber_name": "金丝雀丁",
}
IDENTITY = Identity(**NAMES)
OLD, NEW, INDEX = bytes(range(32)), bytes(range(1, 33)), bytes(range(2, 34))


def vault(*masters):
    """A vault whose last master key wraps."""
    return Vault(Secrets(fingerprint(masters[-1]), {fingerprint(key): key for key in masters}, INDEX))


VAULT = vault(OLD)
KEY = VAULT.new_key("P1")
SEALED = VAULT.unlock("P1", KEY).seal("R1.1", IDENTITY)


def opened(where, patient, key, record, sealed):
    return where.unlock(patient, key).open(record, sealed)


def in_both_languages(error):
    """Where, what and what to do stand in both languages, and no name does."""
    for fault in error.faults:
        assert fault.where
        assert fault.what
        assert fault.do
        assert re.search(r"[\u4e00-\u9fff]", fault.zh)
        assert not any(name in f"{fault}{fault.in_chinese()}" for name in NAMES.values())


IDENTITIES = some(
    record_number=CODES, patient_number=CODES, patient_name=WORDS, patient_identity_number=CODES, agent_name=WORDS,
    agent_identity_number=CODES, guardian=WORDS, prescriber_name=WORDS, prescriber_identity_number=CODES,
)  # fmt: skip


@given(IDENTITIES, st.text(max_size=20), st.text(max_size=20))
def test_any_identity_opens_as_it_was_sealed(tree, patient, record):
    identity = Identity.model_validate(tree)
    key = VAULT.new_key(patient)
    sealed = VAULT.unlock(patient, key).seal(record, identity)
    key, sealed = WrappedKey.unpacked("key", key.packed()), Sealed.unpacked("sheet", sealed.packed())
    assert opened(VAULT, patient, key, record, sealed) == identity
    assert (key.algorithm, sealed.algorithm, key.key_id) == (ALGORITHM, ALGORITHM, fingerprint(OLD))


def test_what_is_sealed_shows_neither_names_nor_their_length():
    long = Identity(patient_name="吐" * 40)
    again = VAULT.unlock("P1", KEY).seal("R1.1", IDENTITY)
    assert len(SEALED.ciphertext) == len(VAULT.unlock("P1", KEY).seal("R1.2", long).ciphertext) == 256 + 16
    assert again.nonce != SEALED.nonce
    assert again.ciphertext != SEALED.ciphertext
    assert not any(name.encode() in SEALED.ciphertext + SEALED.packed() for name in NAMES.values())


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize("field", ["nonce", "ciphertext"])
def test_a_change_of_any_byte_of_a_sealed_identity_is_refused(field):
    data = getattr(SEALED, field)
    for changed in [flipped(data, place) for place in range(len(data))] + [data[:-1], b"", data + b"\0"]:
        with pytest.raises(SealBroken) as caught:
            opened(VAULT, "P1", KEY, "R1.1", SEALED.model_copy(update={field: changed}))
        in_both_languages(caught.value)


def test_a_change_of_any_byte_of_a_wrapped_key_is_refused():
    data = KEY.wrapped_key
    for changed in [flipped(data, place) for place in range(len(data))] + [data[:-1], data[:5], b"", data + b"\0"]:
        with pytest.raises(SealBroken):
            VAULT.unlock("P1", KEY.model_copy(update={"wrapped_key": changed}))


@given(st.sampled_from([KEY, SEALED]), st.data(), st.integers(1, 255))
def test_a_change_of_any_byte_of_a_column_is_refused(record, data, bits):
    column = record.packed()
    place = data.draw(st.integers(0, len(column) - 1))
    changed = column[:place] + bytes([column[place] ^ bits]) + column[place + 1 :]
    with pytest.raises(SealBroken) as caught:
        read_columns(*((changed, SEALED.packed()) if record is KEY else (KEY.packed(), changed)))
    in_both_languages(caught.value)


def read_columns(key, sealed):
    return opened(VAULT, "P1", WrappedKey.unpacked("P1", key), "R1.1", Sealed.unpacked("R1.1", sealed))


@pytest.mark.parametrize(
    ("patient", "record"), [("P2", "R1.1"), ("P1", "R1.2"), ("P1", "R2.1"), ("P1R1", ".1"), ("", "P1R1.1")]
)
def test_a_record_in_another_row_does_not_open(patient, record):
    other = VAULT.new_key(patient)
    with pytest.raises(SealBroken) as caught:
        opened(VAULT, patient, KEY if patient == "P1" else other, record, SEALED)
    in_both_languages(caught.value)


def test_a_key_in_another_patients_row_does_not_open():
    with pytest.raises(SealBroken):
        VAULT.unlock("P2", KEY)


def test_a_key_is_no_sealed_identity():
    """What wraps a key and what seals an identity never stand for each other."""
    as_sealed = Sealed(algorithm=ALGORITHM, nonce=KEY.wrapped_key[:12], ciphertext=KEY.wrapped_key[12:])
    with pytest.raises(SealBroken):
        opened(VAULT, "P1", KEY, "R1.1", as_sealed)


@pytest.mark.parametrize("record", ["key", "sealed"])
def test_another_algorithm_is_named_and_refused(record):
    key = KEY.model_copy(update={"algorithm": "SM4-GCM"}) if record == "key" else KEY
    sealed = SEALED.model_copy(update={"algorithm": "SM4-GCM"}) if record == "sealed" else SEALED
    with pytest.raises(SealBroken, match="SM4-GCM") as caught:
        opened(VAULT, "P1", key, "R1.1", sealed)
    in_both_languages(caught.value)


def test_the_newest_master_key_wraps_and_the_older_still_opens():
    both = vault(OLD, NEW)
    assert opened(both, "P1", KEY, "R1.1", SEALED) == IDENTITY
    assert both.new_key("P2").key_id == both.key_id == fingerprint(NEW) != KEY.key_id


def test_after_rewrapping_the_old_master_key_may_go():
    again = vault(OLD, NEW).rewrap("P1", KEY)
    new = vault(NEW)
    assert opened(new, "P1", again, "R1.1", SEALED) == IDENTITY
    assert new.unlock("P1", again).stand_in("name", "某") == VAULT.unlock("P1", KEY).stand_in("name", "某")
    assert new.rewrap("P1", again) is again
    with pytest.raises(SealBroken):
        VAULT.unlock("P1", again)


def test_without_its_master_key_a_record_says_which_is_missing():
    with pytest.raises(SealBroken, match=fingerprint(OLD)) as caught:
        vault(NEW).rewrap("P1", KEY)
    in_both_languages(caught.value)


def test_the_key_of_another_patient_is_never_rewrapped_as_ones_own():
    with pytest.raises(SealBroken):
        vault(OLD, NEW).rewrap("P2", KEY)


def test_what_was_shredded_never_opens():
    with pytest.raises(Erased, match="destroyed") as caught:
        VAULT.unlock("P1", None)
    in_both_languages(caught.value)
    # Nor does a new key of the same patient open what the old one sealed.
    with pytest.raises(SealBroken):
        opened(VAULT, "P1", VAULT.new_key("P1"), "R1.1", SEALED)


def test_stand_ins_are_of_one_patient():
    one, other = (VAULT.unlock(patient, VAULT.new_key(patient)).stand_in for patient in ("P1", "P2"))
    assert one("name", "某") == one("name", "某") != other("name", "某")


def test_several_threads_seal_and_open_at_once():
    def work(number):
        identity = Identity(patient_name=f"某{number}")
        key = VAULT.unlock("P1", KEY)
        return opened(VAULT, "P1", KEY, f"R{number}", key.seal(f"R{number}", identity)) == identity

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(2_000)))


@pytest.mark.parametrize(
    ("kind", "one", "other", "site"),
    [
        ("identity_number", "99999919800101003X", "99999919800101003x", None),
        ("identity_number", "99999919800101003X", "９９９９９９１９８００１０１００３Ｘ", None),
        ("identity_number", "99999919800101003X", " 999999 19800101\u3000003X\n", None),
        ("patient_number", "P1", "Ｐ１ ", "C1"),
    ],
)
def test_one_number_written_in_two_ways_has_one_index(kind, one, other, site):
    assert VAULT.blind_index(kind, one, site) == VAULT.blind_index(kind, other, site)


def test_different_things_have_different_indexes():
    asked = [
        ("identity_number", "1", None), ("identity_number", "2", None), ("patient_number", "1", "C1"),
        ("patient_number", "1", "C2"), ("record_number", "1", "C1"), ("patient_number", "11", "C"),
        ("patient_number", "p1", "C1"), ("patient_number", "P1", "C1"),
    ]  # fmt: skip
    indexes = [VAULT.blind_index(*one) for one in asked]
    assert len(set(indexes)) == len(asked)
    assert all(re.fullmatch("[0-9a-f]{64}", index) for index in indexes)
    other = Vault(Secrets(fingerprint(OLD), {fingerprint(OLD): OLD}, NEW))
    assert set(indexes).isdisjoint(other.blind_index(*one) for one in asked)


def test_an_index_outlives_the_master_key():
    assert VAULT.blind_index("identity_number", "1") == vault(NEW).blind_index("identity_number", "1")


@pytest.mark.parametrize(
    ("kind", "value", "site"),
    [("patient_number", "1", None), ("record_number", "1", None), ("identity_number", "1", "C1"),
     ("identity_number", " \u3000", None)],
)  # fmt: skip
def test_an_index_that_would_mix_people_up_is_refused(kind, value, site):
    with pytest.raises(ValueError, match=r"institution|blank"):
        VAULT.blind_index(kind, value, site)


@pytest.fixture
def folder(tmp_path):
    create_keys(tmp_path / "keys")
    return tmp_path / "keys"


def test_new_keys_are_for_the_service_alone_and_read_back(tmp_path):
    made = create_keys(tmp_path / "a" / "keys")
    assert read_keys(tmp_path / "a" / "keys") == made
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "a" / "keys").iterdir()}
    assert modes == {"index.key": 0o600, "master-0001.key": 0o600}
    assert (tmp_path / "a" / "keys").stat().st_mode & 0o777 == 0o700
    keys = [*made.masters.values(), made.index]
    assert len(set(keys)) == 2
    assert {len(key) for key in keys} == {32}
    assert not any(key.hex() in repr(made) or repr(key) in repr(made) for key in keys)


def test_keys_are_never_written_over(folder):
    before = read_keys(folder)
    with pytest.raises(EnvironmentFault, match=r"index\.key, master-0001\.key") as caught:
        create_keys(folder)
    in_both_languages(caught.value)
    assert read_keys(folder) == before


def test_a_rotation_on_disk_opens_what_was_sealed_before(folder):
    before = Vault(read_keys(folder))
    key = before.new_key("P1")
    sealed = before.unlock("P1", key).seal("R1", IDENTITY)
    after = Vault(add_master_key(folder))
    assert after.key_id != before.key_id
    assert opened(after, "P1", key, "R1", sealed) == IDENTITY
    again = after.rewrap("P1", key)
    (folder / "master-0001.key").unlink()
    assert opened(Vault(read_keys(folder)), "P1", again, "R1", sealed) == IDENTITY
    add_master_key(folder)
    assert (folder / "master-0003.key").exists()


@pytest.mark.parametrize("name", ["master-0001.key", "index.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644])
def test_a_key_that_others_can_read_or_change_is_refused(folder, name, mode):
    (folder / name).chmod(mode)
    with pytest.raises(EnvironmentFault, match=rf"{name}.*others") as caught:
        read_keys(folder)
    in_both_languages(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(folder):
    os.chown(folder / "index.key", 12345, 12345)
    with pytest.raises(EnvironmentFault, match="user 12345"):
        read_keys(folder)


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "g" * 64, "0" * 64 + "\n\n", "A" * 64])
def test_what_is_no_key_is_refused_and_not_shown(folder, text):
    (folder / "index.key").write_text(text)
    with pytest.raises(EnvironmentFault, match="not a key") as caught:
        read_keys(folder)
    in_both_languages(caught.value)
    assert text == "" or text not in str(caught.value)


def test_a_key_copied_under_another_name_is_no_rotation(folder):
    (folder / "master-0002.key").write_bytes((folder / "master-0001.key").read_bytes())
    (folder / "master-0002.key").chmod(0o600)
    with pytest.raises(EnvironmentFault, match=r"master-0002\.key.*two names") as caught:
        read_keys(folder)
    in_both_languages(caught.value)


@pytest.mark.parametrize("name", ["master-0001.key", "index.key"])
def test_a_missing_key_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(EnvironmentFault, match=name.partition("-")[0]) as caught:
        read_keys(folder)
    in_both_languages(caught.value)


def test_every_fault_is_told_at_once(folder):
    (folder / "master-0001.key").unlink()
    (folder / "index.key").chmod(0o644)
    with pytest.raises(EnvironmentFault) as caught:
        read_keys(folder)
    assert len(caught.value.faults) == 2


def test_no_folder_of_keys_is_a_fault(tmp_path):
    for use in (read_keys, add_master_key):
        with pytest.raises(EnvironmentFault, match="no folder of keys") as caught:
            use(tmp_path / "none")
        in_both_languages(caught.value)


def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot be written") as caught:
        create_keys(tmp_path / "file" / "keys")
    in_both_languages(caught.value)
