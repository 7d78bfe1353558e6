"""Whatever a file holds, each answer is a prescription or an error in words; a spoiled sheet stays alone."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.test_any_input import check
from tests.intake.conftest import SAMPLES
from tests.intake.test_samples import FILES

from rx_review.domain.prescription import Prescription
from rx_review.errors import InputError
from rx_review.intake import read_site, try_site

NAMES = sorted(FILES)


def checked(site, data: bytes) -> list[Prescription | InputError]:
    found = list(read_site(data, site, "C1" if "institution" not in site.fields else None, "f"))
    assert found
    for each in found:
        if isinstance(each, InputError):
            check(each)
        else:
            assert isinstance(each, Prescription)
    return found


def sample(name: str) -> bytes:
    return (SAMPLES / FILES[name][0]).read_bytes()


@settings(max_examples=150)
@given(st.sampled_from(NAMES), st.binary(max_size=400))
def test_any_bytes(profiles, name, data):
    checked(profiles[name], data)


@settings(max_examples=150)
@given(st.sampled_from(NAMES), st.data())
def test_a_sample_with_some_bytes_changed(profiles, name, data):
    spoiled = bytearray(sample(name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        spoiled[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    checked(profiles[name], bytes(spoiled))


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_cut_anywhere(profiles, name):
    data = sample(name)
    whole = {found.number: found for found in checked(profiles[name], data) if isinstance(found, Prescription)}
    for end in range(0, len(data), max(1, len(data) // 150)):
        for found in checked(profiles[name], data[:end]):
            # Nothing is known of rows that never came; but no row that came in part is taken for whole.
            if isinstance(found, Prescription) and len(found.lines) == len(whole[found.number].lines):
                assert found == whole[found.number]


SCRAPS = ['"', ",", "\n", "\r\n", "A1", "2026-11-3", "9:05", "男", "0.5g", "无", "", " ", "\0", "\ufeff", "“", "'", ";"]


@settings(max_examples=150)
@given(st.lists(st.sampled_from(SCRAPS), max_size=60))
def test_any_scraps_of_csv_below_the_header(profiles, scraps):
    header = sample("village-rows").split(b"\r\n")[0]
    checked(profiles["village-rows"], header + b"\n" + "".join(scraps).encode("gb18030"))


CELLS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)
)


@settings(max_examples=150)
@given(st.data())
def test_a_nested_sheet_with_anything_in_its_place(profiles, data):
    sheets = json.loads(sample("hospital-nested"))
    tree = node = sheets[data.draw(st.sampled_from([0, 1, 2]))]
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = data.draw(CELLS | st.dictionaries(st.text(max_size=5), CELLS, max_size=2))
    (found,) = checked(profiles["hospital-nested"], json.dumps(tree).encode())
    if isinstance(found, InputError):
        # A fault of a nested sheet is a pointer into what was sent.
        assert all(fault.where == "f" or fault.where.startswith(("f/", "f:")) for fault in found.faults)


@settings(max_examples=60)
@given(st.integers(0, 5), st.text(alphabet='",\t 男0x\0', min_size=1, max_size=12).filter(lambda t: t.strip(', \t"')))
def test_a_broken_row_of_its_own_number_costs_no_sheet_but_its_own(profiles, place, junk):
    lines = sample("village-rows").decode("gb18030").split("\r\n")[:4]
    rows = [lines[0]] + [lines[3].replace("V20261103002", f"N{n}") for n in range(6)]
    rows.insert(1 + place, f"BROKEN,2026-11-3,{junk}")
    found = checked(profiles["village-rows"], "\r\n".join(rows).encode("gb18030"))
    assert [f.number for f in found if isinstance(f, Prescription)] == [f"N{n}" for n in range(6)]
    assert len(found) == 7


def test_a_trial_counts_what_is_empty_and_what_nobody_reads(profiles):
    trial = try_site(sample("village-rows"), profiles["village-rows"], None, "f")
    assert trial.first.number == "V20261103001"
    assert (trial.read, len(trial.errors)) == (5, 1)
    assert trial.columns["体重"] == (6, 1)
    assert trial.columns["过敏史"] == (6, 2)
    assert trial.columns["单次用量"] == (8, 1)
    assert trial.ignored == ("单价", "金额")
