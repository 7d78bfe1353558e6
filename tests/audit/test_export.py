"""Exports and checkpoints as they are written and read."""

import base64
import dataclasses
import hashlib
import io
import json

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.conftest import COUNTY, START, chain_of

from rx_review.audit import Entry, Header, new_signer, read_checkpoint, verify_export, write_checkpoint, write_export
from rx_review.audit.export import End, LineFault, decode_line, encode_line
from rx_review.errors import InputError

SIGNER = new_signer()
CHAIN = chain_of(SIGNER)
CHECKPOINT = write_checkpoint(CHAIN.parts[-1][0])

texts = st.text(st.characters(exclude_categories=["Cs"]))
entries = st.builds(
    lambda number, digest, erased, salt, body: Entry(
        number, digest.hex(), None if erased else salt, None if erased else body.encode()
    ),
    st.integers(1),
    st.binary(min_size=32, max_size=32),
    st.booleans(),
    st.binary(),
    texts,
)


@given(entries)
def test_an_entry_comes_back_from_its_line(entry):
    line = encode_line(entry)
    assert decode_line(line) == entry
    assert line.count(b"\n") == 1


def test_every_line_of_an_export_comes_back():
    lines = CHAIN.export().splitlines(keepends=True)
    found = [decode_line(line) for line in lines]
    assert found[0].county == COUNTY
    assert found[1:-1] == [line for seal, entries in CHAIN.parts for line in (seal, *entries)]
    assert found[-1] == End(4, 8, hashlib.sha256(b"".join(lines[:-1])).hexdigest())


def test_a_stranger_verifies_an_export_with_nothing_of_ours():
    """json, hashlib and one signature: all that the format asks for."""
    public = load_pem_public_key(SIGNER.verifier.pem())
    lines = [json.loads(line) for line in CHAIN.export().splitlines()]
    previous, head = "0" * 64, None
    names = ["county", "seal", "first", "count", "previous", "at", "clock", "algorithm", "key"]
    seals = 0
    for line in lines[1:]:
        if "entry" in line:
            if line["body"] is not None:
                salt, body = bytes.fromhex(line["salt"]), line["body"].encode()
                parts = [len(part).to_bytes(8, "big") + part for part in (salt, body)]
                hashed = b"rx-review audit entry\0" + b"".join(parts)
                assert hashlib.sha256(hashed).hexdigest() == line["digest"]
            head.update(f"{line['entry']} {line['digest']}\n".encode())
            continue
        if head is not None:
            assert head.hexdigest() == previous
        if "seal" in line:
            seals += 1
            assert line["previous"] == previous
            said = "".join(f"{name}: {line[name]}\n" for name in names)
            head, previous = hashlib.sha256(f"rx-review audit seal 1\n{said}".encode()), line["head"]
            signed = f"rx-review audit checkpoint 1\n{said}head: {line['head']}\n".encode()
            public.verify(base64.b64decode(line["signature"]), signed)
    assert seals == 4


def test_an_export_is_written_as_it_comes_and_read_as_it_comes(signer):
    """Two entries are never held at once, so that millions may come."""
    alive = 0

    class Counted(bytes):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def one(number):
        nonlocal alive
        alive += 1
        assert alive <= 3
        return Entry(number, f"{number:064x}", b"0" * 16, Counted(b"{}"))

    sealed = CHAIN.parts[0][0]
    end = write_export(io.BytesIO(), Header(COUNTY, START), [(sealed, (one(number) for number in range(1, 500)))])
    assert (end.seals, end.entries) == (1, 499)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "cut off"),
        (b'{"entry":1}', "cut off"),
        (b"\xff\n", "UTF-8"),
        (b"{\n", "JSON"),
        (b"[" * 200_000 + b"\n", "JSON"),
        (b"[]\n", "object"),
        (b"{}\n", "neither"),
        (b'{"x":1}\n', "neither"),
        (b'{"entry":1}\n', "fields"),
        (b'{"entry":1,"entry":1}\n', "twice"),
        (b'{"entry":true,"digest":"","salt":null,"body":null}\n', "fields"),
        (b'{"entry":1.0,"digest":"","salt":null,"body":null}\n', "fields"),
        (b'{"entry":1,"digest":null,"salt":null,"body":null}\n', "fields"),
        (b'{"entry":1,"digest":"","salt":null,"body":null}\n', "digest must"),
        (b'{"entry":1,"digest":"%s","salt":null,"body":""}\n' % (b"0" * 64), "together"),
        (b'{"entry":1,"digest":"%s","salt":"0","body":""}\n' % (b"0" * 64), "fromhex"),
        (b'{"entry":1,"digest":"%s","salt":"AA","body":""}\n' % (b"0" * 64), "as the export writes"),
        (b'{"entry":1,"digest":"%s","salt":"","body":"\\u0041"}\n' % (b"0" * 64), "as the export writes"),
        (b'{"entry":1,"digest":"%s","salt":"","body":"\\ud800"}\n' % (b"0" * 64), "surrogates"),
        (b'{"entry": 1,"digest":"%s","salt":"","body":""}\n' % (b"0" * 64), "as the export writes"),
        (b'{"digest":"%s","entry":1,"salt":"","body":""}\n' % (b"0" * 64), "neither"),
        (b'{"end":"x","seals":0,"entries":0,"sha256":""}\n', "end must"),
        (b'{"format":"rx-review audit export","version":2,"county":"","written":""}\n', "version 1"),
        (b'{"format":"rx-review audit export","version":1,"county":"","written":"2026-11-22"}\n', "offset"),
        (b'{"format":"rx-review audit export","version":1,"county":"","written":"0001-01-01T00:00:00+14:00"}\n',
         "range"),
        (b'{"format":"rx-review audit export","version":1,"county":"\\u001b[2J","written":"2026-11-22T08:00Z"}\n',
         "county"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_just_as_it_is_written_is_a_fault(line, says):
    with pytest.raises(LineFault, match=says) as caught:
        decode_line(line)
    assert caught.value.zh


@pytest.mark.parametrize(
    "change",
    [{"number": 0}, {"first": 0}, {"count": -1}, {"head": "A" * 64}, {"previous": ""}, {"county": "a\nb"},
     {"key": "\u202e"}, {"algorithm": ""}],
)  # fmt: skip
def test_a_seal_that_cannot_be_is_written_out_as_evidence_and_refused_when_read(change):
    line = encode_line(dataclasses.replace(CHAIN.parts[0][0], **change))
    with pytest.raises(LineFault, match="cannot be"):
        decode_line(line)


def test_a_body_spoilt_in_the_store_still_gets_exported_and_is_found(chain):
    spoilt = chain.parts[2][1][0]
    chain.parts[2][1][0] = spoilt._replace(body=b"\xff" + spoilt.body)
    found = verify_export(io.BytesIO(chain.export()), [chain.signer.verifier])
    assert [fault.what for fault in found.faults] == [
        "entry 5 does not give its digest: body, salt or digest was changed"
    ]


def test_a_checkpoint_comes_back_and_its_signature_covers_its_own_text():
    sealed = CHAIN.parts[-1][0]
    assert read_checkpoint(CHECKPOINT) == sealed
    text, _, signature = CHECKPOINT.rpartition("signature: ")
    assert SIGNER.verifier.verify(text.encode(), base64.b64decode(signature))
    assert f"county: {COUNTY}\nseal: 4\nfirst: 5\ncount: 4\n" in text
    assert "clock: ntp offset unknown\nalgorithm: ed25519-sha256\n" in text


def test_a_checkpoint_survives_the_text_editors_of_an_office():
    assert read_checkpoint("\ufeff\r\n" + CHECKPOINT.replace("\n", "\r\n") + "\r\n\r\n") == CHAIN.parts[-1][0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CHECKPOINT, ""),
        ("checkpoint 1", "checkpoint 2"),
        ("seal: 4", "seal: four"),
        ("seal: 4", "seal: ４"),
        ("seal: 4", "seal: 04"),
        ("seal: 4", "seal: 0"),
        ("seal: 4\nfirst: 5", "first: 5\nseal: 4"),
        ("first: 5\n", ""),
        ("+08:00", ""),
        ("08:00:04", "08:00:4"),
        ("2026-", "9999-99-"),
        ("2026-11-22T08:00:04.000000+08:00", "0001-01-01T00:00:00.000000+14:00"),
        ("signature: ", "signature: !"),
        ("signature: ", "more: x\nsignature: "),
        ("clock: ", "clock: " + "c" * 300),
        ("clock: ", "clock: " + "c" * 5000),
        (CHECKPOINT, CHECKPOINT + CHECKPOINT),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(old, new):
    assert old in CHECKPOINT
    with pytest.raises(InputError, match=r"kept\.txt"):
        read_checkpoint(CHECKPOINT.replace(old, new), "kept.txt")
