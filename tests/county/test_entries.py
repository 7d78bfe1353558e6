"""What was read of YAML is kept, and comes back as it was."""

import pytest

from rx_review.county import fault_declared
from rx_review.county.entries import read_entries
from rx_review.county.fault_declared import declared_faults
from rx_review.county.regimen import FOLDER

TABLES = sorted(fault_declared._TABLES.glob("*.yaml"))
FILES = [*TABLES, *sorted(FOLDER.glob("*.yaml"))]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A cache in which every shipped file was read once."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, {path: read_entries(path.read_bytes(), "some", folder) for path in FILES}


def test_every_shipped_file_comes_back_from_the_cache_as_yaml_reads_it(kept):
    folder, read = kept
    assert len(list(folder.glob("some-*.json"))) == len(FILES) > 8
    for path, tree in read.items():
        # Also in the order in which it is written.
        assert repr(read_entries(path.read_bytes(), "some", folder)) == repr(tree)


def test_a_file_that_was_read_before_is_not_read_again(tmp_path):
    read_entries(b"- 1", "some", tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_text("[2]")
    assert read_entries(b"- 1", "some", tmp_path) == [2]
    assert read_entries(b"- 1", "other", tmp_path) == [1]
    assert read_entries(b"- 3", "some", tmp_path) == [3]


def test_what_is_damaged_in_the_cache_is_read_again(tmp_path):
    read_entries(b"- 1", "some", tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_text("[")
    assert read_entries(b"- 1", "some", tmp_path) == [1]
    assert path.read_text() == "[1]"


@pytest.mark.parametrize("written", [b"1: one", b"day: 2026-11-02"])
def test_what_json_would_change_is_not_kept(tmp_path, written):
    read = read_entries(written, "some", tmp_path)
    assert read_entries(written, "some", tmp_path) == read
    assert list(tmp_path.iterdir()) == []


def test_declared_faults_are_read_from_the_cache(tmp_path):
    first = [(fault.fault, fault.codes, fault.rare) for fault in declared_faults(tmp_path)]
    assert [(fault.fault, fault.codes, fault.rare) for fault in declared_faults(tmp_path)] == first
    assert len(list(tmp_path.glob("faults-*.json"))) == len(TABLES)
    for path in tmp_path.iterdir():
        path.write_text("[]")
    assert list(declared_faults(tmp_path)) == []
