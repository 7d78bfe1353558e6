"""An archive is one edition in one form: the same bytes from the same files, and nothing else is unpacked."""

import bz2
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rx_review.errors import LibraryError
from rx_review.library import archive
from rx_review.library.archive import edition_of, pack, unpack
from rx_review.library.edition import digest_of, load_edition


@pytest.fixture
def folders(rules, tables) -> tuple[Path, Path]:
    (tables / "sites").mkdir()
    (tables / "sites" / "README.md").write_text("x")
    (rules / "README.md").write_text("x")
    return rules, tables


def entry(name, content=b"x", **more):
    head = tarfile.TarInfo(name)
    head.size = len(content)
    for field, value in more.items():
        setattr(head, field, value)
    return head.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def packed(*entries):
    return bz2.compress(b"".join(entries) + bytes(1024))


def refused(data, into):
    """What is said of an archive; and nothing was written."""
    with pytest.raises(LibraryError) as caught:
        unpack(data, into)
    assert not list(into.rglob("*"))
    assert all(fault.where and fault.what and fault.do and fault.zh for fault in caught.value.faults)
    return str(caught.value)


# --- what pack writes ------------------------------------------------------------------------


def test_what_is_unpacked_has_the_digest_of_what_was_packed(folders, tmp_path):
    again = unpack(pack(*folders), tmp_path / "again")
    assert again == (tmp_path / "again" / "rules", tmp_path / "again" / "formulary")
    assert digest_of(*again) == digest_of(*folders)
    assert pack(*again) == pack(*folders)


def test_the_county_s_edition_comes_back_whole(checkout, tmp_path):
    folders = checkout / "rules", checkout / "formulary"
    data = pack(*folders)
    assert digest_of(*unpack(data, tmp_path)) == digest_of(*folders)
    assert len(data) < 2**20


def test_it_holds_what_the_digest_covers_and_nothing_else(folders):
    with tarfile.open(fileobj=io.BytesIO(pack(*folders)), mode="r:bz2") as read:
        names = read.getnames()
        assert all(head.isreg() and head.mtime == 0 and head.uid == 0 and head.mode == 0o644 for head in read)
    assert names == sorted(names)
    assert "rules/quantity/quantity-over-fourteen-days.yaml" in names
    assert {name for name in names if not name.endswith((".yaml", ".csv"))} == set()
    assert len(names) == 1 + len(list(folders[1].glob("*.csv")))


def test_times_rights_and_order_of_making_do_not_matter(folders, tmp_path):
    before = pack(*folders)
    copies = []
    for folder in folders:
        copies.append(tmp_path / "copy" / folder.name)
        for number, path in enumerate(sorted(folder.rglob("*"), reverse=True)):
            if path.is_file():
                to = copies[-1] / path.relative_to(folder)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, to)
                to.chmod(0o600)
                os.utime(to, (number * 86_400, number * 86_400))
    assert pack(*copies) == before


def test_another_process_with_another_locale_and_time_zone_gives_the_same_bytes(folders):
    (folders[0] / "quantity" / "剂量.yaml").write_text("x", encoding="utf-8")
    (folders[0] / "quantity" / "Z.yaml").write_text("x")
    code = "import sys; from pathlib import Path; from rx_review.library.archive import pack; "
    code += "sys.stdout.buffer.write(pack(*map(Path, sys.argv[1:])))"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    for more in ({"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1"}, {"LC_ALL": "C.UTF-8", "TZ": "Asia/Shanghai"}):
        told = subprocess.run(
            [sys.executable, "-c", code, *map(str, folders)], env={**kept, **more}, capture_output=True, check=True
        )
        assert told.stdout == pack(*folders)


def test_any_byte_changes_the_archive(folders):
    before = pack(*folders)
    path = folders[1] / "drugs.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    assert pack(*folders) != before


def test_names_that_only_differ_in_case_or_begin_with_a_dot_come_back(folders, tmp_path):
    for name in (".yaml", "A.yaml", "a.yaml", "a b.yaml", "药.yaml"):
        (folders[0] / name).write_text(name, encoding="utf-8")
    assert digest_of(*unpack(pack(*folders), tmp_path / "again")) == digest_of(*folders)


def test_links_and_folders_in_place_of_files_are_named_together(folders):
    (folders[0] / "linked.yaml").symlink_to("/etc/hostname")
    (folders[1] / "gone.csv").symlink_to("nowhere")
    (folders[1] / "folder.csv").mkdir()
    with pytest.raises(LibraryError) as caught:
        pack(*folders)
    assert sorted(fault.where for fault in caught.value.faults) == [
        "formulary/folder.csv", "formulary/gone.csv", "rules/linked.yaml",
    ]  # fmt: skip


def test_a_name_that_an_archive_cannot_carry_is_named(folders):
    (folders[0] / f"{'x' * 200}.yaml").write_text("x")
    (folders[0] / "a:b.yaml").write_text("x")
    with pytest.raises(LibraryError) as caught:
        pack(*folders)
    assert len(caught.value.faults) == 2


def test_too_much_is_not_packed(folders, monkeypatch):
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    with pytest.raises(LibraryError, match="more than 3 files"):
        pack(*folders)
    monkeypatch.undo()
    for name in ("MOST_UNPACKED", "MOST_PACKED"):
        monkeypatch.setattr(archive, name, 1_000)
        with pytest.raises(LibraryError, match="more than 1000 bytes"):
            pack(*folders)
        monkeypatch.undo()


# --- what unpack refuses ---------------------------------------------------------------------


def test_an_archive_of_two_files_is_unpacked(tmp_path):
    rules, formulary = unpack(packed(entry("formulary/a.csv", b"1"), entry("rules/a/b.yaml", b"2")), tmp_path)
    assert (formulary / "a.csv").read_bytes() == b"1"
    assert (rules / "a" / "b.yaml").read_bytes() == b"2"


@pytest.mark.parametrize(
    "name",
    ["/etc/a.csv", "formulary//a.csv", "formulary/../a.csv", "formulary/./a.csv", "../formulary/a.csv", "rules/a.csv",
     "formulary/a.md", "formulary/a.yml", "other/a.yaml", "a.yaml", "rules", "rules/", "formulary/a\\b.csv",
     "formulary/C:a.csv", "formulary/a\nb.csv", "formulary/\x1b[0m.csv", "formulary/x/", "rules/..yaml/../a.yaml",
     "formulary/a.csv/", ""],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(tmp_path, name):
    assert "path" in refused(packed(entry(name)), tmp_path)


@pytest.mark.parametrize(
    "kind",
    sorted(
        {
            tarfile.SYMTYPE,
            tarfile.LNKTYPE,
            tarfile.DIRTYPE,
            tarfile.CHRTYPE,
            tarfile.FIFOTYPE,
            tarfile.AREGTYPE,
            tarfile.GNUTYPE_SPARSE,
            tarfile.GNUTYPE_LONGNAME,
            tarfile.XHDTYPE,
            tarfile.XGLTYPE,
            b"V",
        }
    ),
)
def test_what_is_no_file_is_refused(tmp_path, kind):
    said = refused(packed(entry("rules/a.yaml", b"", type=kind, linkname="/etc/passwd")), tmp_path)
    assert "not a file" in said


@pytest.mark.parametrize(
    "more",
    [{"mode": 0o755}, {"mtime": 1}, {"uid": 1}, {"gid": 1}, {"uname": "root"}, {"gname": "root"}, {"linkname": "x"}],
)
def test_anything_written_beside_the_files_is_refused(tmp_path, more):
    assert "not written by" in refused(packed(entry("rules/a.yaml", **more)), tmp_path)


def test_files_out_of_order_or_twice_are_refused(tmp_path):
    assert "not written by" in refused(packed(entry("rules/b.yaml"), entry("rules/a.yaml")), tmp_path)
    assert "not written by" in refused(packed(entry("rules/a.yaml"), entry("rules/a.yaml")), tmp_path)


def test_a_file_below_a_file_is_refused(tmp_path):
    data = packed(entry("rules/a.yaml"), entry("rules/a.yaml/b/c.yaml"))
    assert "lies below a file" in refused(data, tmp_path)


def test_padding_with_something_in_it_and_a_missing_end_are_refused(tmp_path):
    whole = entry("rules/a.yaml")
    for tar in (whole[:-1] + b"!" + bytes(1024), whole, whole + bytes(512), whole + bytes(1536), whole[:-512], b""):
        refused(bz2.compress(tar), tmp_path)


def test_a_size_that_is_not_there_is_refused(tmp_path):
    for size in (2, 513, 2**40, -1, -(2**40)):
        head = tarfile.TarInfo("rules/a.yaml")
        head.size = size
        refused(bz2.compress(head.tobuf(tarfile.GNU_FORMAT) + b"x" + bytes(511) + bytes(1024)), tmp_path)


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path):
    bomb = bz2.compress(bytes(archive.MOST_UNPACKED + 512))
    assert len(bomb) < 1_000
    assert "what it unpacks to" in refused(bomb, tmp_path)


def test_too_large_an_archive_and_too_many_files_are_refused(tmp_path, monkeypatch):
    assert "more than" in refused(bytes(archive.MOST_PACKED + 1), tmp_path)
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    three = [entry(f"rules/{name}.yaml") for name in "abc"]
    assert "more than 2 files" in refused(packed(*three), tmp_path)
    assert unpack(packed(*three[:2]), tmp_path)


def test_what_follows_the_archive_or_is_missing_is_refused(folders, tmp_path):
    data = pack(*folders)
    into = tmp_path / "into"
    into.mkdir()
    for wrong in (b"", b"x", data[:-1], data[: len(data) // 2], data + b"x", data + data, b"PK\x03\x04" + data[4:]):
        refused(wrong, into)


def test_folders_that_are_there_already_are_left_alone(folders, tmp_path):
    data, digest = pack(*folders), digest_of(*folders)
    with pytest.raises(LibraryError, match="there already"):
        unpack(data, tmp_path)
    assert digest_of(*folders) == digest


@given(st.binary(max_size=3_000), st.booleans())
def test_no_bytes_bring_anything_but_our_own_error(tmp_path_factory, data, zipped):
    into = tmp_path_factory.mktemp("into")
    refused(bz2.compress(data) if zipped else data, into)


@given(data=st.data())
def test_whatever_a_header_is_turned_into_nothing_leaves_the_folder(tmp_path_factory, data):
    top = tmp_path_factory.mktemp("top")
    tar = bytearray(entry("formulary/a.csv", b"1") + entry("rules/a/b.yaml", b"2") + bytes(1024))
    start = data.draw(st.sampled_from([0, 1024]))
    for _ in range(data.draw(st.integers(1, 3))):
        tar[start + data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        # A checksum that fits, so that what stands in the header is looked at.
        tar[start + 148 : start + 156] = b" " * 8
        tar[start + 148 : start + 156] = b"%06o\0 " % sum(tar[start : start + 512])
    try:
        unpack(bz2.compress(bytes(tar)), top / "into")
    except LibraryError:
        assert not list(top.iterdir())
        return
    files = [path for path in top.rglob("*") if not path.is_dir()]
    assert len(files) == 2
    for path in files:
        assert not path.is_symlink()
        assert path.is_relative_to(top / "into")
        assert path.suffix in (".csv", ".yaml")


NAMES = st.lists(st.sampled_from(["rules", "formulary", "..", ".", "", "/", "a", "b.yaml", "c.csv", "~", "药", "x\0"]))


@given(st.lists(NAMES.map("/".join), max_size=4))
def test_whatever_paths_an_archive_names_nothing_leaves_the_folder(tmp_path_factory, names):
    top = tmp_path_factory.mktemp("top")
    heads = [entry(name) for name in sorted(names)]
    try:
        unpack(packed(*heads), top / "into")
    except LibraryError:
        assert not list(top.iterdir())
        return
    files = {path.relative_to(top / "into").as_posix() for path in top.rglob("*") if path.is_file()}
    assert files == set(names)


# --- an edition out of an archive ------------------------------------------------------------


def test_the_edition_of_an_archive_is_the_one_that_was_packed(folders, tmp_path):
    data, whole = pack(*folders), load_edition(*folders, None)
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        edition = edition_of(data, cache, whole.digest)
        assert (edition.digest, edition.rules, edition.sources) == (whole.digest, whole.rules, whole.sources)
    assert edition_of(data, None).digest == whole.digest


def test_an_archive_of_another_edition_than_expected_is_refused(folders):
    with pytest.raises(LibraryError, match="holds the edition"):
        edition_of(pack(*folders), None, "ab" * 32)


def test_an_archive_of_an_edition_that_does_not_hold_together_says_why(folders):
    (folders[1] / "units.csv").unlink()
    with pytest.raises(LibraryError, match=r"units\.csv: the table is missing"):
        edition_of(pack(*folders), None)


def test_nothing_is_left_behind(folders, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    edition_of(pack(*folders), None)
    with pytest.raises(LibraryError):
        edition_of(b"x", None)
    assert list((tmp_path / "temporary").iterdir()) == []
