"""An edition is its files: another byte is another edition; what the cache keeps is never trusted blindly."""

import os
import pickle

import pytest

from rx_review.errors import LibraryError
from rx_review.library.edition import digest_of, load_edition

RULE_FILE = "quantity/quantity-over-fourteen-days.yaml"


def kept(cache):
    (file,) = cache.glob("edition-*.pickle")
    return file


def test_any_byte_changes_the_digest(rules, tables):
    seen = {digest_of(rules, tables)}
    for path in (rules / RULE_FILE, tables / "drugs.csv", tables / "limits.csv"):
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        seen.add(digest_of(rules, tables))
        path.write_bytes(content)
    (rules / RULE_FILE).rename(rules / "quantity" / "other.yaml")
    seen.add(digest_of(rules, tables))
    (rules / "quantity" / "other.yaml").rename(rules / RULE_FILE)
    (tables / "extra.csv").write_bytes(b"")
    seen.add(digest_of(rules, tables))
    (tables / "extra.csv").unlink()
    assert len(seen) == 6
    assert digest_of(rules, tables) in seen


def test_what_is_moved_from_one_file_into_the_next_is_seen(rules, tables):
    before = digest_of(rules, tables)
    one, two = tables / "drugs.csv", tables / "essential.csv"
    content = one.read_bytes()
    one.write_bytes(content[:-10])
    two.write_bytes(content[-10:] + two.read_bytes())
    assert digest_of(rules, tables) != before


def test_a_readme_is_no_part_of_it(rules, tables):
    before = digest_of(rules, tables)
    (rules / "README.md").write_text("x")
    (tables / "README.md").write_text("x")
    assert digest_of(rules, tables) == before


def test_the_cache_gives_the_same_edition(rules, tables, tmp_path):
    cache = tmp_path / "cache"
    first = load_edition(rules, tables, cache)
    second = load_edition(rules, tables, cache)
    assert kept(cache).stat().st_mode & 0o077 == 0
    assert cache.stat().st_mode & 0o777 == 0o700
    assert first is not second
    assert (first.digest, first.rules, first.sources) == (second.digest, second.rules, second.sources)
    assert first.formulary.drugs.all("D01") == second.formulary.drugs.all("D01")
    assert first.name == f"sha256:{digest_of(rules, tables)}"


def test_the_cache_is_read_and_not_only_written(rules, tables, tmp_path):
    cache = tmp_path / "cache"
    edition = load_edition(rules, tables, cache)
    marked = type(edition)(edition.digest, (), edition.formulary, {"from": "the cache"}, {})
    kept(cache).write_bytes(pickle.dumps(marked))
    assert load_edition(rules, tables, cache).sources == {"from": "the cache"}


DAMAGED = [
    b"", b"garbage", b"\x80\x04\x95", b"\x80\x63abc", b"I12x\n.", b"\x8c\x05\xff\xff\xff\xff\xff.", b"(dp0\n", b"}.",
    b"N.", b"cos\nno_such_name\n.", b"cno_such_module\nx\n.", b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"V\\ud800\n.", b"\x00" * 100,
]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_cache_is_read_past_and_mended(rules, tables, tmp_path, content):
    cache = tmp_path / "cache"
    whole = load_edition(rules, tables, cache)
    kept(cache).write_bytes(content)
    assert load_edition(rules, tables, cache).rules == whole.rules
    assert pickle.loads(kept(cache).read_bytes()).rules == whole.rules


def test_a_cut_cache_is_read_past(rules, tables, tmp_path):
    cache = tmp_path / "cache"
    whole = load_edition(rules, tables, cache)
    good = kept(cache).read_bytes()
    for cut in range(1, len(good), len(good) // 20):
        kept(cache).write_bytes(good[:cut])
        assert load_edition(rules, tables, cache).rules == whole.rules


class Bomb:
    """Reading its pickle makes a folder."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self):
        return os.mkdir, (self.place,)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_cache_that_others_may_write_is_not_opened(rules, tables, tmp_path, mode):
    cache = tmp_path / "cache"
    load_edition(rules, tables, cache)
    kept(cache).write_bytes(pickle.dumps(Bomb(str(tmp_path / "boom"))))
    cache.chmod(mode)
    assert load_edition(rules, tables, cache).rules
    assert not (tmp_path / "boom").exists()
    # It is not written to either.
    assert kept(cache).read_bytes() == pickle.dumps(Bomb(str(tmp_path / "boom")))
    cache.chmod(0o700)


def test_a_cache_of_somebody_else_is_not_opened(rules, tables, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    load_edition(rules, tables, cache)
    kept(cache).write_bytes(pickle.dumps(Bomb(str(tmp_path / "boom"))))
    mine = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: mine + 1)
    assert load_edition(rules, tables, cache).rules
    assert not (tmp_path / "boom").exists()


def test_without_a_cache_nothing_is_written(rules, tables, tmp_path):
    before = set(tmp_path.rglob("*"))
    assert load_edition(rules, tables, None).rules
    assert set(tmp_path.rglob("*")) == before


def test_a_cache_that_cannot_be_made_is_done_without(rules, tables, tmp_path):
    (tmp_path / "file").write_text("x")
    assert load_edition(rules, tables, tmp_path / "file").rules
    assert load_edition(rules, tables, tmp_path / "file" / "below").rules


def test_faults_of_rules_and_formulary_are_told_together(rules, tables):
    (rules / RULE_FILE).write_text("- x\n")
    (tables / "drugs.csv").unlink()
    with pytest.raises(LibraryError) as caught:
        load_edition(rules, tables, None)
    said = str(caught.value)
    assert "drugs.csv: the table is missing" in said
    assert f"{RULE_FILE}:1: not a rule" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source: S", "source: T", "source T is not in sources.csv"),
        ("code: null", 'code: "1-99"', "code 1-99 is not in comment_codes.csv"),
        ("over: 14", "over: $days", "$days is not in parameters.csv"),
    ],
)
def test_what_a_rule_names_is_in_the_formulary(rules, tables, old, new, said):
    path = rules / RULE_FILE
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(LibraryError, match="quantity-over-fourteen-days") as caught:
        load_edition(rules, tables, None)
    assert said in str(caught.value)


def test_a_faulty_edition_is_not_kept(rules, tables, tmp_path):
    (tables / "drugs.csv").unlink()
    with pytest.raises(LibraryError):
        load_edition(rules, tables, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
