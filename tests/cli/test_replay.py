"""`rx replay` and what `rx audit` does with the database, as an operator calls them."""

import json
import zlib

import pytest
from tests.audit.conftest import busy, empty
from tests.databases import database_meeting, database_upgrade, new_database

from rx_review.audit import write_public_key

__all__ = ["busy", "database_meeting", "database_upgrade", "empty", "new_database"]


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
def database_url(database_kind, new_database) -> str:
    return new_database(database_kind)


@pytest.fixture
def desk(busy, monkeypatch):
    """The settings name the county's database and keys."""
    monkeypatch.setenv("RX_DATABASE_URL", busy.url)
    monkeypatch.setenv("RX_KEYS_DIR", str(busy.keys))
    return busy


@pytest.fixture
def tampered(desk):
    """A decision that somebody turned into a pass."""
    (row,) = desk.sql("SELECT id, decision FROM review WHERE verdict = 'return' ORDER BY id LIMIT 1")
    decision = zlib.decompress(bytes(row.decision)).replace(b'"verdict":"return"', b'"verdict":"pass"', 1)
    desk.sql("UPDATE review SET decision = :d WHERE id = :id", d=zlib.compress(decision), id=row.id)
    return row.id


def test_replay_says_that_every_decision_holds(desk, run):
    done = run("replay")
    assert (done.code, done.err) == (0, "")
    assert "━━ 重判一致 | every decision holds" in done.out


def test_replay_as_json_with_everything_computed_again(desk, run):
    done = run("replay", "--recompute", "--json", "--sample", "9", "--seed", "1")
    found = json.loads(done.out)
    assert done.code == 0
    assert (found["holds"], found["reviews"], found["equal"], found["computed"]) == (True, 9, 9, 9)


def test_replay_tells_what_is_different_and_fails(desk, run, tampered):
    done = run("replay")
    assert done.code == 1
    assert "1 × 按所存事实重判，结果不同 | decided again from its facts, another answer" in done.out
    assert "1 × 与审计记录不符 | not what the audit names" in done.out
    assert "结论 pass → return | verdict pass -> return" in done.out
    found = json.loads(run("replay", "--json").out)
    assert [told["kind"] for told in found["told"]] == ["altered", "different"]


def test_only_strict_fails_on_what_newer_code_computes(desk, run):
    (row,) = desk.sql("SELECT id, body FROM review WHERE verdict = 'pass' ORDER BY id LIMIT 1")
    body = zlib.decompress(bytes(row.body)).replace(b'"quantity":"', b'"quantity":"9', 1)
    desk.sql("UPDATE review SET body = :body WHERE id = :id", body=zlib.compress(body), id=row.id)
    desk.sql("UPDATE review SET semantics = :other", other="0" * 64)
    desk.sql("DELETE FROM audit")
    # Without the audit nothing can be said to be as it was; the digests are another matter than the answers.
    found = json.loads(run("replay", "--recompute", "--json").out)
    assert (found["moved"], found["recomputed"], found["different"]) == (1, 0, 0)
    assert run("replay", "--recompute", "--strict").code == 1


def test_replay_of_days_and_instants(desk, run):
    def count(*words: str) -> int:
        return json.loads(run("replay", "--json", *words).out)["reviews"]

    day = desk.sql("SELECT min(at) AS at FROM review")[0].at[:10]
    whole = count()
    of_day = count("--from", day, "--to", day)
    assert 0 < of_day < whole
    assert count("--to", f"{day}T00:00") + count("--from", f"{day}T00:00+08:00") == whole
    wrong = run("replay", "--from", "yesterday")
    assert wrong.code == 2
    assert "--from yesterday" in wrong.err


def test_check_finds_nothing_then_something(desk, run, tmp_path):
    assert run("audit", "checkpoint", "--out", tmp_path / "kept.txt").code == 0
    done = run("audit", "check", "--checkpoint", tmp_path / "kept.txt")
    assert (done.code, done.err) == (0, "")
    assert "审计链与数据库一致" in done.out
    assert "与检查点相符至第 2 号封条" in done.out
    desk.sql("UPDATE audit SET actor = 'nobody' WHERE id = 1")
    write_public_key(tmp_path / "county.pem", desk.signer.verifier)
    done = run("audit", "check", "--key", tmp_path / "county.pem", "--lang", "en")
    assert done.code == 1
    assert "1 faults" in done.out
    assert "audit 1: entry 1: the columns beside the body say something else than it: actor" in done.err
    found = json.loads(run("audit", "check", "--json").out)
    assert (found["whole"], len(found["faults"])) == (False, 1)


def test_an_export_with_its_checkpoint_verifies_without_the_database(desk, run, tmp_path):
    export, kept, key = tmp_path / "export.jsonl", tmp_path / "kept.txt", tmp_path / "county.pem"
    write_public_key(key, desk.signer.verifier)
    done = run("audit", "export", export, "--checkpoint", kept)
    assert (done.code, done.out) == (0, "")
    assert "封条 2 个" in done.err
    done = run("audit", "verify", export, "--key", key, "--checkpoint", kept)
    assert done.code == 0
    assert "与检查点相符至第 2 号封条" in done.out
    assert not list(tmp_path.glob("*.part"))
    assert run("audit", "checkpoint").out == kept.read_text("utf-8")


def test_an_export_that_cannot_be_written_says_so(desk, run, tmp_path):
    done = run("audit", "export", tmp_path / "nowhere" / "export.jsonl")
    assert done.code == 3
    assert "No such file or directory" in done.err


def test_status_counts(desk, run):
    found = json.loads(run("audit", "status", "--json").out)
    assert found["seals"] == 2
    assert found["open"] > 0
    assert found["last"]["entry"] == found["sealed"]
    desk.seal()
    shown = run("audit", "status").out
    assert "封条 3 个" in shown
    assert "待封存 0 条 | 0 open" in shown


def test_a_checkpoint_of_nothing_is_refused(desk, run):
    desk.sql("DELETE FROM audit")
    desk.sql("DELETE FROM seal")
    done = run("audit", "checkpoint")
    assert done.code == 3
    assert "nothing is sealed yet" in done.err
