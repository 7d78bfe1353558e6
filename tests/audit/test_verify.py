"""Whatever is done to an export is found; where a cut leaves no trace, a checkpoint finds it."""

import dataclasses
import io
import json
import tracemalloc
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audit.conftest import COUNTY, START, Chain, chain_of, entry, erased

from rx_review.audit import Entry, Header, entry_digest, new_signer, seal, verify_export, write_export
from rx_review.audit.chain import Linking, statement
from rx_review.audit.export import LONGEST_LINE, encode_line
from rx_review.audit.wording import _WORDS
from rx_review.errors import InputError

SIGNER = new_signer()
CHAIN = chain_of(SIGNER)
EXPORT = CHAIN.export()
LINES = EXPORT.splitlines(keepends=True)
# Whoever tampers can also write a new closing line: all that follows is tried with and without.
BODY = LINES[1:-1]


def verify(data: bytes, *checkpoints, verifiers=(SIGNER.verifier,)):
    return verify_export(io.BytesIO(data), verifiers, checkpoints)


def told(data: bytes, *checkpoints, **more) -> list[tuple[str, str]]:
    """Where each fault is, and the beginning of what it says."""
    return [(fault.where, fault.what) for fault in verify(data, *checkpoints, **more).faults]


def closed(lines: list[bytes]) -> bytes:
    """These lines between the first line and a closing line made to fit, as a forger would."""
    data = LINES[0] + b"".join(lines)
    end = {
        "end": "rx-review audit export",
        "seals": sum(line.startswith(b'{"seal"') for line in lines),
        "entries": sum(line.startswith(b'{"entry"') for line in lines),
        "sha256": sha256(data).hexdigest(),
    }
    return data + json.dumps(end, separators=(",", ":")).encode() + b"\n"


def is_caught(data: bytes) -> bool:
    try:
        return not verify(data).whole
    except InputError:
        return True


def test_a_sound_export_is_whole_and_counted():
    found = verify(EXPORT)
    assert found.faults == ()
    assert (found.county, found.seals, found.entries, found.erased, found.proved) == (COUNTY, 4, 8, 1, 0)
    assert (found.first, found.last, found.keys) == (
        CHAIN.parts[0][0].at, CHAIN.parts[-1][0], (SIGNER.verifier.key,)
    )  # fmt: skip
    assert closed(BODY) == EXPORT


def test_a_chain_without_a_seal_is_whole_and_has_no_end():
    found = verify(CHAIN.export([]))
    assert (found.whole, found.seals, found.last) == (True, 0, None)


@given(st.lists(st.integers(0, 4), max_size=6), st.data())
@settings(max_examples=30)
def test_any_chain_is_whole_whatever_was_erased_from_it(sizes, data):
    chain, number = Chain(SIGNER, []), 0
    for size in sizes:
        batch = []
        for _ in range(size):
            number += data.draw(st.integers(1, 3))
            batch.append(entry(number))
        chain.add(*batch, after=data.draw(st.sampled_from([0.0, 0.5, -3.0])))
    gone = data.draw(st.sets(st.integers(1, number))) if number else set()
    kept = [(seal, [erased(one) if one.id in gone else one for one in batch]) for seal, batch in chain.parts]
    found = verify(chain.export(kept), *(seal for seal, _ in chain.parts))
    erased_now = sum(one.id in gone for _, batch in chain.parts for one in batch)
    assert (found.whole, found.entries, found.erased, found.proved) == (True, sum(sizes), erased_now, len(sizes))


# --- anything done to the bytes -----------------------------------------------------------------


@given(st.integers(0, len(EXPORT) - 1), st.integers(1, 255))
@settings(max_examples=300)
def test_a_change_of_any_byte_is_caught(place, change):
    data = bytearray(EXPORT)
    data[place] ^= change
    assert is_caught(bytes(data))


@given(st.integers(0, sum(map(len, BODY)) - 1), st.integers(1, 255))
@settings(max_examples=300)
def test_a_change_of_any_byte_is_caught_though_the_closing_line_was_made_to_fit(place, change):
    data = bytearray(b"".join(BODY))
    data[place] ^= change
    assert is_caught(closed(bytes(data).splitlines(keepends=True)))


def test_a_changed_bit_in_every_byte_is_caught():
    for place in range(len(EXPORT)):
        data = bytearray(EXPORT)
        data[place] ^= 1 << (place % 8)
        assert is_caught(bytes(data)), place


@given(st.integers(0, len(EXPORT)), st.binary(min_size=1, max_size=4))
@settings(max_examples=200)
def test_anything_put_in_is_caught(place, more):
    assert is_caught(EXPORT[:place] + more + EXPORT[place:])


def test_a_file_cut_anywhere_is_caught():
    for place in range(len(EXPORT)):
        assert is_caught(EXPORT[:place]), place


# --- anything done to the lines, with a closing line that fits --------------------------------------


@pytest.mark.parametrize("index", range(len(BODY)))
def test_a_line_taken_out_is_caught(index):
    left = BODY[:index] + BODY[index + 1 :]
    assert is_caught(closed(left))


@pytest.mark.parametrize("index", range(len(BODY)))
def test_a_line_written_twice_is_caught(index):
    assert is_caught(closed([*BODY[: index + 1], *BODY[index:]]))


@pytest.mark.parametrize("first", range(len(BODY)))
def test_two_lines_exchanged_are_caught(first):
    for second in range(first + 1, len(BODY)):
        lines = list(BODY)
        lines[first], lines[second] = lines[second], lines[first]
        assert is_caught(closed(lines)), second


@given(st.permutations(BODY))
@settings(max_examples=100)
def test_lines_in_any_other_order_are_caught(lines):
    assert is_caught(closed(lines)) is (lines != BODY)


@given(st.integers(0, len(BODY)), st.integers(0, len(BODY)))
def test_a_stretch_taken_out_is_caught_unless_it_is_a_cut_between_two_seals(start, stop):
    left = BODY[:start] + BODY[max(start, stop) :]
    at_end = max(start, stop) == len(BODY) and (start == len(BODY) or BODY[start].startswith(b'{"seal"'))
    nothing = stop <= start
    assert is_caught(closed(left)) is not (at_end or nothing)


# --- what each fault says -------------------------------------------------------------------------


def parts() -> list:
    return [(seal, list(entries)) for seal, entries in CHAIN.parts]


def export(changed: list) -> bytes:
    return CHAIN.export(changed)


def test_an_edited_body_is_named_by_its_line():
    changed = parts()
    one = changed[0][1][1]
    changed[0][1][1] = one._replace(body=one.body.replace(b"approve", b"decline"))
    assert told(export(changed)) == [("export:4", "entry 2 does not give its digest: body, salt or digest was changed")]


def test_an_edited_salt_is_named_by_its_line():
    changed = parts()
    changed[2][1][0] = changed[2][1][0]._replace(salt=b"x" * 16)
    assert [where for where, _ in told(export(changed))] == ["export:8"]


def test_an_edited_body_with_a_digest_to_fit_shows_in_the_seal():
    changed = parts()
    changed[0][1][1] = entry(2, by="李药师")
    assert told(export(changed)) == [
        ("export:2", "seal 1 is not that of the 3 entries that follow it: one of them, or the seal, was changed or "
         "exchanged")
    ]  # fmt: skip


def test_an_edited_digest_shows_in_the_entry_and_in_the_seal():
    changed = parts()
    changed[0][1][1] = changed[0][1][1]._replace(digest="a" * 64)
    assert [where for where, _ in told(export(changed))] == ["export:4", "export:2"]


def test_an_erasure_that_hides_an_edit_shows_in_the_seal():
    changed = parts()
    changed[0][1][1] = erased(entry(2, by="李药师"))
    assert [where for where, _ in told(export(changed))] == ["export:2"]


def test_an_entry_of_another_number_shows_in_the_seal():
    changed = parts()
    changed[2][1][0] = changed[2][1][0]._replace(id=4)
    assert [where for where, _ in told(export(changed))] == ["export:7"]


def test_a_deleted_entry_is_counted():
    changed = parts()
    del changed[3][1][2]
    assert told(export(changed)) == [("export:9", "seal 4 took up 4 entries, and 3 follow: taken out or put in")]


def test_an_inserted_entry_is_counted():
    changed = parts()
    changed[1][1].append(entry(4))
    assert told(export(changed)) == [("export:6", "seal 2 took up 0 entries, and 1 follow: taken out or put in")]


def test_entries_in_another_order_are_named():
    changed = parts()
    changed[0][1].reverse()
    assert [what for _, what in told(export(changed))][:2] == [
        "entry 2 stands after entry 3: out of order, or twice", "entry 1 stands after entry 2: out of order, or twice"
    ]  # fmt: skip


def test_an_entry_before_any_seal_is_named():
    assert told(closed([BODY[1], *BODY]))[0] == (
        "export:2", "entry 1 stands under no seal: put in, or its seal taken out"
    )  # fmt: skip


def test_a_deleted_seal_is_named():
    assert told(export([parts()[0], parts()[2], parts()[3]])) == [("export:6", "seal 3 follows seal 1: 1 taken out")]
    assert told(export(parts()[2:])) == [("export:2", "seal 3 follows seal 0: 2 taken out")]


def test_seals_in_another_order_are_named():
    one, two, three, four = parts()
    assert told(export([one, three, two, four])) == [
        ("export:6", "seal 3 follows seal 1: 1 taken out"),
        ("export:8", "seal 2 stands after seal 3: out of order, or twice"),
        ("export:9", "seal 4 follows seal 2: 1 taken out"),
    ]


@pytest.mark.parametrize(
    "change",
    [{"county": "邻县"}, {"clock": "ntp offset 0"}, {"at": START}, {"first": 6}, {"count": 5}, {"head": "b" * 64},
     {"previous": "b" * 64}, {"signature": b"x" * 64}, {"signature": b""}, {"number": 5}],
)  # fmt: skip
def test_an_edited_seal_breaks_its_signature(change):
    changed = parts()
    changed[3] = (dataclasses.replace(changed[3][0], **change), changed[3][1])
    assert ("export:9", "the signature is not of this text") in told(export(changed))


def test_a_chain_signed_throughout_by_another_is_one_fault():
    other = chain_of(new_signer())
    assert told(other.export()) == [("export:2", f"signed with another key: {other.signer.verifier.key}")]


def test_a_tail_forged_with_another_key_is_named():
    chain, forger = chain_of(SIGNER), new_signer()
    chain.add(entry(20), signer=forger)
    assert told(chain.export()) == [("export:14", f"signed with another key: {forger.verifier.key}")]


def test_a_tail_forged_under_the_name_of_the_key_is_named():
    chain = chain_of(SIGNER)
    made = chain.add(entry(20))
    forged = dataclasses.replace(made, signature=new_signer().sign(statement(made)))
    chain.parts[-1] = (forged, chain.parts[-1][1])
    assert told(chain.export()) == [("export:14", "the signature is not of this text")]


def test_an_algorithm_exchanged_for_an_unknown_one_is_named():
    changed = parts()
    changed[3] = (dataclasses.replace(changed[3][0], algorithm="none"), changed[3][1])
    assert told(export(changed)) == [("export:9", "no such signing algorithm here: none")]


def test_a_key_may_follow_another_and_may_not_come_back():
    chain, new = chain_of(SIGNER), new_signer()
    chain.add(entry(20), signer=new)
    both = (new.verifier, SIGNER.verifier)
    assert verify(chain.export(), verifiers=both).keys == (SIGNER.verifier.key, new.verifier.key)
    assert told(chain.export(), verifiers=both) == []
    chain.add(entry(21), signer=SIGNER)
    assert told(chain.export(), verifiers=both) == [
        ("export:16", f"signed with {SIGNER.verifier.key}, which another key had replaced")
    ]


def resealed(before, entries, **changes):
    """A seal with terms that `seal` would not give it, signed all the same: the key is in wrong hands."""
    made = seal(before, [(one.id, one.digest) for one in entries], county=COUNTY, at=START, clock="x", signer=SIGNER)
    made = dataclasses.replace(made, **changes)
    linking = Linking(made)
    for one in entries:
        linking.add(one.id, one.digest)
    made = dataclasses.replace(made, head=linking.head())
    return dataclasses.replace(made, signature=SIGNER.sign(statement(made)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"at": START}, "seal 5 was made at 2026-11-22T08:00:00.000000+08:00, before the seal that it follows"),
        ({"first": 10}, "seal 5 begins at entry 10 of the chain, where 9 is next"),
        ({"previous": "c" * 64}, "seal 5 does not follow seal 4 as it stands here"),
        ({"county": "邻县"}, "it is of 邻县, the export of 示范县"),
    ],
)
def test_even_the_key_itself_cannot_sign_what_does_not_follow(changes, says):
    last = CHAIN.parts[-1][0]
    bad = resealed(last, [entry(20)], **{"at": last.at, **changes})
    found = told(export([*parts(), (bad, [entry(20)])]))
    assert len(found) == 1
    assert found[0][1].startswith(says)


# --- the end of the chain -------------------------------------------------------------------------


def test_a_cut_between_two_seals_is_found_by_a_checkpoint_and_not_without():
    for kept in range(4):
        short = export(parts()[:kept])
        assert verify(short).whole
        found = told(short, CHAIN.parts[-1][0])
        assert len(found) == 1
        assert found[0][0] == "checkpoint of seal 4"
        assert f"the export ends with seal {kept}: {4 - kept} cut off, entries up to 8" in found[0][1]


def test_checkpoints_older_than_the_end_agree_up_to_their_seal():
    found = verify(EXPORT, CHAIN.parts[0][0], CHAIN.parts[2][0], CHAIN.parts[2][0])
    assert (found.whole, found.proved) == (True, 3)


def test_a_tail_written_anew_with_the_right_key_is_found_by_a_checkpoint():
    chain = Chain(SIGNER, CHAIN.parts[:3])
    chain.add(entry(6, by="李药师"))
    assert verify(chain.export()).whole
    assert [where for where, _ in told(chain.export(), CHAIN.parts[3][0])] == ["export:9"]
    assert "written anew" in told(chain.export(), CHAIN.parts[3][0])[0][1]


def test_a_seal_that_a_checkpoint_saw_and_the_export_leaves_out_is_named():
    found = told(export([parts()[0], parts()[2], parts()[3]]), CHAIN.parts[1][0])
    assert (
        "checkpoint of seal 2",
        "it saw seal 2 at 2026-11-22T08:00:02.000000+08:00, which the export leaves out",
    ) in found


def test_a_checkpoint_that_the_county_did_not_sign_proves_nothing():
    false = dataclasses.replace(CHAIN.parts[3][0], head="d" * 64)
    found = verify(EXPORT, false)
    assert [(fault.where, fault.what) for fault in found.faults] == [
        ("checkpoint of seal 4", "the signature is not of this text")
    ]
    assert found.proved == 0
    assert told(EXPORT, chain_of(new_signer()).parts[0][0])[0][1].startswith("signed with another key")


def test_a_checkpoint_of_another_county_with_the_same_key_is_named():
    other = seal(None, [], county="邻县", at=START, clock="x", signer=SIGNER)
    assert told(EXPORT, other) == [("checkpoint of seal 1", "it is of 邻县, the export of 示范县")]


# --- the file -------------------------------------------------------------------------------------


def test_a_download_that_broke_off_is_told_from_a_whole_one():
    assert told(b"".join(LINES[:-1])) == [("export", "the closing line is missing: the file was cut")]


def test_a_changed_date_of_writing_shows_in_the_closing_line():
    changed = EXPORT.replace(b"2026-11-23T08", b"2026-11-24T08")
    assert told(changed) == [
        ("export:14", "the file is not the one that was written: the closing line has another SHA-256")
    ]


def test_a_closing_line_that_counts_otherwise_is_named():
    assert told(EXPORT.replace(b'"entries":8', b'"entries":9'))[0][1].startswith(
        "the closing line counts 4 seals and 9"
    )


def test_what_follows_the_closing_line_is_named():
    assert told(EXPORT + LINES[1]) == [("export:15", "something follows the closing line")]


def test_a_second_first_line_is_named():
    assert told(closed([*BODY[:4], LINES[0], *BODY[4:]])) == [("export:6", "a second first line")]


@pytest.mark.parametrize("data", [b"", b"\n", b"PK\x03\x04", b"x" * 100, EXPORT[1:], b"".join(BODY), LINES[-1]])
def test_what_is_no_export_is_refused(data):
    with pytest.raises(InputError, match="export:1: not the first line of an audit export"):
        verify(data)


def test_a_spoilt_line_is_one_fault_and_the_rest_is_still_read():
    spoilt = list(LINES)
    spoilt[3] = b"?" + spoilt[3][1:]
    assert told(b"".join(spoilt)) == [("export:4", "not JSON")]
    spoilt = list(LINES)
    spoilt[6] = spoilt[6].replace(b'"county"', b'"County"')
    assert [where for where, _ in told(b"".join(spoilt))] == ["export:7", "export:9"]


def test_a_key_written_twice_is_named():
    lines = list(LINES)
    lines[7] = lines[7].replace(b'{"entry":5,', b'{"entry":5,"entry":5,')
    assert told(b"".join(lines)) == [("export:8", "a key stands twice")]


def test_a_giant_line_is_named_and_never_held_in_memory():
    class Giant(io.RawIOBase):
        """The export with 100 MiB of one line in its middle."""

        def __init__(self):
            self.pieces = iter([b"".join(LINES[:5]), *([b"x" * (1 << 20)] * 100), b"\n", b"".join(LINES[5:])])
            self.rest = b""

        def readable(self):
            return True

        def readinto(self, buffer):
            self.rest = self.rest or next(self.pieces, b"")
            taken = self.rest[: len(buffer)]
            buffer[: len(taken)] = taken
            self.rest = self.rest[len(taken) :]
            return len(taken)

    tracemalloc.start()
    try:
        with io.BufferedReader(Giant()) as source:
            found = verify_export(source, [SIGNER.verifier])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(fault.where, fault.what) for fault in found.faults] == [
        ("export:6", f"a line of more than {LONGEST_LINE} bytes")
    ]
    assert peak < 5 * LONGEST_LINE


def test_many_entries_take_no_more_memory_than_few():
    def peak(count: int) -> int:
        salt, body = b"0" * 16, b"{}"
        digest = entry_digest(salt, body)
        made = seal(None, [(n, digest) for n in range(1, count + 1)], county=COUNTY, at=START, clock="x", signer=SIGNER)
        out = io.BytesIO()
        write_export(out, Header(COUNTY, START), [(made, (Entry(n, digest, salt, body) for n in range(1, count + 1)))])
        out.seek(0)
        tracemalloc.start()
        try:
            assert verify_export(out, [SIGNER.verifier]).entries == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few = peak(100)
    assert peak(3_000) < few + 50_000


def test_no_more_than_fifty_faults_are_told():
    chain = Chain(SIGNER, [])
    chain.add(*(entry(number)._replace(salt=b"x" * 16) for number in range(1, 60)))
    found = verify(chain.export())
    assert (len(found.faults), found.stopped, found.entries) == (50, True, 50)


def test_the_last_of_fifty_faults_is_not_called_a_stop_when_all_was_read():
    chain = Chain(SIGNER, [])
    chain.add(*(entry(number)._replace(salt=b"x" * 16) for number in range(1, 50)))
    assert (len(verify(chain.export()).faults), verify(chain.export()).stopped) == (49, False)


def test_every_fault_says_what_to_do_in_both_languages():
    for what, do, zh in _WORDS.values():
        assert what
        assert do
        assert "；" in zh


def test_a_line_feed_of_windows_is_a_change():
    assert is_caught(EXPORT.replace(b"\n", b"\r\n"))
    assert encode_line(CHAIN.parts[0][0]) == LINES[1]
