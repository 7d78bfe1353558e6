"""Digests, seals and heads."""

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.conftest import COUNTY, START, entry

from rx_review.audit import entry_digest, seal
from rx_review.audit.chain import ZERO, statement
from rx_review.domain import entries


def made(signer, previous=None, entries=(), **changes):
    given_ = {"county": COUNTY, "at": START, "clock": "ntp offset unknown", "signer": signer, **changes}
    return seal(previous, entries, **given_)


@given(st.binary(max_size=20), st.text(), st.binary(max_size=20), st.text())
def test_two_entries_have_one_digest_only_if_salt_and_body_are_the_same(salt, body, other_salt, other_body):
    same = (salt, body) == (other_salt, other_body)
    assert (entry_digest(salt, body.encode()) == entry_digest(other_salt, other_body.encode())) is same


def test_a_byte_moved_from_the_body_into_the_salt_gives_another_digest():
    assert entry_digest(b"0" * 16, b"1{}") != entry_digest(b"0" * 16 + b"1", b"{}")


@given(st.binary(), st.binary())
def test_the_store_writes_the_digest_that_the_chain_expects(salt, body):
    assert entry_digest(salt, body) == entries.entry_digest(salt, body)


def test_each_seal_is_bound_to_the_one_before(signer):
    first = made(signer, entries=[(4, entry(4).digest), (8, entry(8).digest)])
    second = made(signer, first, [(9, entry(9).digest)])
    assert (first.number, first.first, first.count, first.last, first.previous) == (1, 1, 2, 2, ZERO)
    assert (second.number, second.first, second.count, second.last) == (2, 3, 1, 3)
    assert second.previous == first.head


def test_anybody_can_work_out_digest_head_and_signed_text_by_hand(signer):
    """With nothing of ours: the text is what the docstrings say."""
    one = entry(4)
    sealed = made(signer, entries=[(4, one.digest)], at=START + timedelta(microseconds=5))
    sizes = [len(part).to_bytes(8, "big") for part in (one.salt, one.body)]
    hashed = b"rx-review audit entry\0" + sizes[0] + one.salt + sizes[1] + one.body
    assert one.digest == hashlib.sha256(hashed).hexdigest()
    said = (
        f"county: 示范县\nseal: 1\nfirst: 1\ncount: 1\nprevious: {'0' * 64}\nat: 2026-11-22T08:00:00.000005+08:00\n"
        f"clock: ntp offset unknown\nalgorithm: ed25519-sha256\nkey: {signer.verifier.key}\n"
    )
    assert sealed.head == hashlib.sha256(f"rx-review audit seal 1\n{said}4 {one.digest}\n".encode()).hexdigest()
    signed = f"rx-review audit checkpoint 1\n{said}head: {sealed.head}\n".encode()
    assert statement(sealed) == signed
    assert signer.verifier.verify(signed, sealed.signature)


@pytest.mark.parametrize(
    "change",
    [{"county": "邻县"}, {"at": START + timedelta(microseconds=1)}, {"clock": "ntp offset 0.1 s"},
     {"entries": [(2, "a" * 64)]}, {"entries": [(1, "b" * 64)]}, {"entries": []}],
)  # fmt: skip
def test_the_head_covers_every_term(signer, change):
    usual = made(signer, entries=[(1, "a" * 64)])
    assert made(signer, **{"entries": [(1, "a" * 64)], **change}).head != usual.head


def test_one_instant_in_two_zones_is_one_head(signer):
    assert made(signer, at=START.astimezone(UTC)).head == made(signer).head


def test_a_clock_that_goes_back_neither_stops_the_sealing_nor_is_hidden(signer):
    first = made(signer)
    second = made(signer, first, at=START - timedelta(seconds=1.5))
    assert second.at == first.at
    assert second.clock == "ntp offset unknown; was 1.500000 s behind the seal before"


def test_the_longest_clock_text_still_seals_when_the_clock_goes_back(signer):
    first = made(signer, clock="c" * 120)
    ages = made(signer, first, clock="c" * 120, at=datetime(1970, 1, 2, tzinfo=START.tzinfo))
    assert ages.at == first.at


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"entries": [(2, "a" * 64), (2, "a" * 64)]}, "ascend"),
        ({"entries": [(0, "a" * 64)]}, "ascend"),
        ({"entries": [(1, "A" * 64)]}, "digest"),
        ({"entries": [(1, "a" * 63)]}, "digest"),
        ({"county": "示范县\nseal: 9"}, "county"),
        ({"county": ""}, "county"),
        ({"county": " 示范县"}, "county"),
        ({"clock": "ntp\u2028"}, "clock"),
        ({"clock": "c" * 121}, "clock"),
        ({"at": datetime(2026, 11, 22, 8)}, "offset"),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_sealed(signer, changes, says):
    with pytest.raises(ValueError, match=says):
        made(signer, **changes)


def test_a_chain_stays_with_its_county(signer):
    with pytest.raises(ValueError, match="邻县"):
        made(signer, dataclasses.replace(made(signer), county="邻县"))
