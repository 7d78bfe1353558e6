"""Whatever is sent, the answer is a prescription or an error that says where; and what is valid comes back the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.invented import prescriptions

from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import read_many, read_prescription
from rx_review.errors import InputError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def check(error: InputError) -> None:
    assert error.faults
    for fault in error.faults:
        assert all((fault.where, fault.what, fault.do, fault.zh)), fault
        assert str(fault).isprintable(), fault
        str(fault).encode("utf-8")
        fault.in_chinese().encode("utf-8")


@given(VALUES)
def test_any_json_value_is_refused_in_words(value):
    with pytest.raises(InputError) as caught:
        read_prescription(json.dumps(value))
    check(caught.value)


@given(prescriptions(), st.data())
def test_a_prescription_with_one_thing_replaced_is_read_or_refused_in_words(sent, data):
    parts = [(sent, key) for key in sent] + [(sent["patient"], key) for key in sent["patient"]]
    parts += [(line, key) for line in sent["lines"] for key in line]
    whole, key = data.draw(st.sampled_from(parts))
    whole[key] = data.draw(VALUES)
    try:
        read_prescription(json.dumps(sent))
    except InputError as error:
        check(error)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(data):
    for found in read_many(data.splitlines(keepends=True), "file"):
        if isinstance(found, InputError):
            check(found)


@given(
    st.lists(
        st.sampled_from(["[", "]", "{", "}", ",", ":", '"', "\\", "\n", "1", "x", "null", '{"a":1}', " ", "﻿"]),
        max_size=25,
    )
)
def test_any_scraps_of_json_are_refused_in_words(scraps):
    data = "".join(scraps).encode()
    for found in read_many(data.splitlines(keepends=True), "file"):
        assert isinstance(found, InputError)
        check(found)


@given(st.text(max_size=100))
def test_any_text_is_refused_in_words(text):
    with pytest.raises(InputError) as caught:
        read_prescription(text)
    check(caught.value)


@settings(max_examples=60)
@given(prescriptions())
def test_what_is_valid_comes_back_the_same(sent):
    read = read_prescription(json.dumps(sent))
    again = json.dumps(read.model_dump(mode="json", by_alias=True))
    assert read_prescription(again) == read
    assert Prescription.model_validate(read.model_dump(by_alias=True)) == read
    assert read.issued_at.utcoffset() is not None


@settings(max_examples=60)
@given(prescriptions(), st.integers(0, 3), st.binary(max_size=40).filter(lambda b: b"\n" not in b and b"\r" not in b))
def test_a_broken_line_among_good_ones_costs_only_itself(sent, place, broken):
    lines = [json.dumps({**sent, "number": f"N{n}"}).encode() for n in range(3)]
    lines.insert(place, b"!" + broken)
    found = list(read_many([line + b"\n" for line in lines], "file"))
    assert [f.number for f in found if isinstance(f, Prescription)] == ["N0", "N1", "N2"]
    assert [isinstance(f, InputError) for f in found].index(True) == place
    assert len(found) == 4
