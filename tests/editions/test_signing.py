"""Two different people, each with a known key of their own, sign one edition; nothing less publishes it."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.editions.conftest import AT

from rx_review.editions.keys import fingerprint
from rx_review.editions.signing import check_statements, read_statement, sign_edition, write_statement
from rx_review.errors import InputError

DIGEST, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def known(keys):
    return {name: key.public_key() for name, key in keys.items() if name != "stranger"}


@pytest.fixture
def signed(keys):
    return lambda person, digest=DIGEST, key=None: sign_edition(digest, person, AT, keys[key or person])


def said(faults):
    return "\n".join(map(str, faults))


def test_two_people_suffice_and_three_do_no_harm(signed, known):
    two = [signed("王药师"), signed("李药师")]
    assert check_statements(DIGEST, two, known) == []
    assert check_statements(DIGEST, [*two, signed("张药师")], known) == []


def test_as_many_are_needed_as_are_asked_for(signed, known):
    two = [signed("王药师"), signed("李药师")]
    assert check_statements(DIGEST, two[:1], known, needed=1) == []
    assert "2 of 3 people have signed" in said(check_statements(DIGEST, two, known, needed=3))


def test_nobody_and_one_person_are_too_few(signed, known):
    assert "0 of 2 people" in said(check_statements(DIGEST, [], known))
    assert "1 of 2 people" in said(check_statements(DIGEST, [signed("王药师")], known))


def test_one_person_signing_twice_is_one_person(signed, known, keys):
    again = sign_edition(DIGEST, "王药师", AT + timedelta(days=1), keys["王药师"])
    faults = said(check_statements(DIGEST, [signed("王药师"), again], known))
    assert "the same person signed twice" in faults
    assert "1 of 2 people" in faults


def test_two_names_with_one_key_are_one_person(signed, known):
    shared = {**known, "李药师": known["王药师"]}
    faults = said(check_statements(DIGEST, [signed("王药师"), signed("李药师", key="王药师")], shared))
    assert "signed with the same key as 王药师" in faults
    assert "1 of 2 people" in faults


def test_a_person_without_a_known_key_does_not_count(signed, known):
    faults = said(check_statements(DIGEST, [signed("王药师"), signed("stranger")], known))
    assert "no key of this person is known" in faults
    assert "1 of 2 people" in faults


def test_a_known_person_with_another_key_does_not_count(signed, known):
    faults = said(check_statements(DIGEST, [signed("王药师"), signed("李药师", key="stranger")], known))
    assert "not with this person's key" in faults
    assert "1 of 2 people" in faults


def test_a_statement_about_another_edition_does_not_count(signed, known):
    faults = said(check_statements(DIGEST, [signed("王药师"), signed("李药师", OTHER)], known))
    assert f"is about the edition {OTHER[:12]}" in faults
    assert "1 of 2 people" in faults


def test_a_bad_statement_beside_two_good_ones_is_not_passed_over(signed, known):
    statements = [signed("王药师"), signed("李药师"), signed("张药师", OTHER)]
    assert check_statements(DIGEST, statements, known)


@pytest.mark.parametrize(
    "changed",
    [{"digest": OTHER}, {"person": "李药师"}, {"at": AT + timedelta(microseconds=1)}, {"key": f"sha256:{OTHER}"}],
)
def test_whatever_is_changed_afterwards_breaks_the_signature(signed, keys, changed):
    whole = signed("王药师")
    assert whole.holds(keys["王药师"].public_key())
    assert not whole.model_copy(update=changed).holds(keys["王药师"].public_key())


def test_a_changed_digest_is_refused_although_it_is_the_right_one(signed, known):
    forged = signed("李药师", OTHER).model_copy(update={"digest": DIGEST})
    assert "the signature does not hold" in said(check_statements(DIGEST, [signed("王药师"), forged], known))


def test_the_bytes_that_are_signed_stay_as_they_are(signed):
    statement = signed("王药师").model_copy(update={"key": f"sha256:{OTHER}"})
    assert statement.signed_text().decode() == (
        "rx-review edition statement 1\n"
        f'{{"at":"2026-11-22T01:30:00.000000+00:00","digest":"{DIGEST}","key":"sha256:{OTHER}","person":"王药师",'
        '"says":"publish"}'
    )


def test_an_instant_written_with_another_offset_is_the_same(signed, keys):
    elsewhere = AT.astimezone(timezone(timedelta(hours=8)))
    assert signed("王药师").model_copy(update={"at": elsewhere}).holds(keys["王药师"].public_key())


@given(
    st.text(min_size=1, max_size=40),
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1), max_value=datetime(2099, 1, 1)),
)
def test_what_is_written_is_read_back(keys, person, at):
    try:
        statement = sign_edition(DIGEST, person, at, keys["王药师"])
    except ValueError:
        return  # no name of a person
    again = read_statement(write_statement(statement), "s.json")
    assert again == statement
    assert again.holds(keys["王药师"].public_key())


@given(st.data())
def test_one_changed_character_never_leaves_a_statement_that_counts(keys, data):
    content = write_statement(sign_edition(DIGEST, "王药师", AT, keys["王药师"])).decode()
    at = data.draw(st.integers(0, len(content) - 1))
    spoilt = content[:at] + data.draw(st.characters(codec="utf-8")) + content[at + 1 :]
    try:
        statement = read_statement(spoilt.encode(), "s.json")
    except InputError:
        return
    whole = read_statement(content.encode(), "s.json")
    if statement != whole:
        people = {"王药师": keys["王药师"].public_key()}
        assert check_statements(DIGEST, [statement], people, needed=1)


GOOD = {
    "format": "rx-review edition statement 1", "digest": DIGEST, "person": "王药师", "at": "2026-11-22T09:30:00+08:00",
    "says": "publish", "key": f"sha256:{OTHER}", "signature": "A" * 86 + "==",
}  # fmt: skip


def test_a_statement_in_good_form_is_read():
    assert read_statement(json.dumps(GOOD).encode(), "s.json").person == "王药师"


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"format": "rx-review edition statement 2"}, "format"),
        ({"digest": DIGEST.upper()}, "digest"),
        ({"digest": f"sha256:{DIGEST}"}, "digest"),
        ({"digest": DIGEST + "\n"}, "digest"),
        ({"person": ""}, "person"),
        ({"person": "王药师 "}, "person"),
        ({"person": "王\n药师"}, "person"),
        ({"person": ["王药师"]}, "person"),
        ({"at": "2026-11-22T09:30:00"}, "at"),
        ({"at": 1795000000}, "at"),
        ({"says": "retract"}, "says"),
        ({"key": OTHER}, "key"),
        ({"signature": "A" * 88}, "signature"),
        ({"signature": "A" * 85 + "B=="}, "signature"),
        ({"more": 1}, "more"),
    ],
)
def test_another_form_is_refused_by_place(changed, where):
    with pytest.raises(InputError) as caught:
        read_statement(json.dumps({**GOOD, **changed}).encode(), "s.json")
    assert any(fault.where == f"s.json/{where}" for fault in caught.value.faults)
    assert all(fault.do and fault.zh for fault in caught.value.faults)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":1,"a":2}', b"[" * 5_000, b" " * 20_000]
)
def test_what_is_no_statement_is_refused(data):
    with pytest.raises(InputError, match=r"s\.json"):
        read_statement(data, "s.json")


@pytest.mark.parametrize(
    ("digest", "person", "at"),
    [("ab", "王药师", AT), (DIGEST, " 王药师", AT), (DIGEST, "王药师", AT.replace(tzinfo=None))],
)
def test_nobody_signs_what_cannot_be_read_again(keys, digest, person, at):
    with pytest.raises(ValueError, match="Said"):
        sign_edition(digest, person, at, keys["王药师"])


def test_two_keys_have_two_fingerprints(known):
    assert len({fingerprint(key) for key in known.values()}) == 3
