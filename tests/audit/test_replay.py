"""Real submissions decided again: equal to the byte, under a newer edition too; and what was tampered with is told."""

import shutil
import zlib
from datetime import timedelta

import pytest
from tests.audit.desk import NOON, archive, reviewer, sheets

from rx_review import config
from rx_review.audit import replay as replaying
from rx_review.audit.replay import ReplayReport, replay
from rx_review.engine.review import reviewer_for
from rx_review.library.archive import edition_of, pack, unpack


def again(desk, **options) -> ReplayReport:
    """With the edition of the checkout as it was compiled for the centre."""
    return replay(desk.database, config.cache_dir(), compiled=[reviewer()], **options)


def kinds(found: ReplayReport) -> list[tuple[str, int]]:
    return [(told.kind, told.review) for told in found.told]


def first_review(desk, where: str = "1 = 1"):
    return desk.sql(f"SELECT id, prescription_id, facts, decision, body FROM review WHERE {where} ORDER BY id LIMIT 1")[
        0
    ]


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    """An edition with another limit on what a prescription may hold and no other rules, and its archive."""
    rules, formulary = unpack(archive(), tmp_path_factory.mktemp("newer"))
    # Reading all of them takes half a minute, and shows no more.
    for topic in rules.iterdir():
        if topic.is_dir() and topic.name != "quantity":
            shutil.rmtree(topic)
    (path,) = rules.rglob("quantity-over-seven-days.yaml")
    text = path.read_text("utf-8")
    assert "severity: return" in text
    path.write_text(text.replace("severity: return", "severity: note"), "utf-8")
    data = pack(rules, formulary)
    return data, reviewer_for(edition_of(data, config.cache_dir()))


def test_every_decision_is_made_again_to_the_byte(busy):
    count = len(busy.sql("SELECT id FROM review"))
    seen = []
    found = replay(busy.database, config.cache_dir(), progress=lambda done, total: seen.append((done, total)))
    assert found.holds
    assert (found.reviews, found.equal, found.editions, found.computed) == (count, count, 1, 0)
    assert found.told == []
    assert seen[-1] == (count, count)


def test_they_are_computed_again_from_their_input_too(busy):
    found = again(busy, recompute=True)
    assert found.holds
    assert found.computed == found.equal == found.reviews > 20


def test_under_a_newer_edition_the_old_decisions_stay(busy, newer):
    before = {told.id: told.decision for told in busy.sql("SELECT id, decision FROM review")}
    busy.publish(*newer, at=NOON + timedelta(days=1))
    busy.submit(sheets()[0].model_copy(update={"number": "NEW-1", "institution": sheets()[8].institution}))
    found = again(busy)
    assert found.holds
    assert (found.reviews, found.equal, found.editions) == (len(before) + 1, len(before) + 1, 2)
    assert busy.check().whole


def test_a_decision_under_the_wrong_edition_is_another(busy, newer):
    busy.publish(*newer, at=NOON + timedelta(days=1))
    digest = newer[1].edition.digest
    busy.sql("UPDATE review SET edition = :digest", digest=digest)
    found = again(busy)
    assert found.equal == 0
    assert found.different == found.reviews
    assert all(any("规则与药品资料版本" in line and " | " in line for line in told.lines) for told in found.told)


def test_a_tampered_fact_is_told(busy):
    row = first_review(busy, "verdict = 'return'")
    facts = zlib.decompress(bytes(row.facts)).replace(b'"days_supplied":', b'"days_supplied":1')
    assert facts != zlib.decompress(bytes(row.facts))
    busy.sql("UPDATE review SET facts = :facts WHERE id = :id", facts=zlib.compress(facts), id=row.id)
    found = again(busy)
    assert ("altered", row.id) in kinds(found)
    assert (found.altered, found.holds) == (1, False)
    told = next(told for told in found.told if told.kind == "altered")
    assert "facts" in told.lines[0]
    assert " | " in told.lines[0]
    assert told.prescription == row.prescription_id


def test_a_tampered_decision_is_told_with_what_is_different(busy):
    row = first_review(busy, "verdict = 'return'")
    decision = zlib.decompress(bytes(row.decision)).replace(b'"verdict":"return"', b'"verdict":"pass"', 1)
    busy.sql("UPDATE review SET decision = :d, verdict = 'pass' WHERE id = :id", d=zlib.compress(decision), id=row.id)
    found = again(busy)
    assert sorted(kinds(found)) == [("altered", row.id), ("different", row.id)]
    (told,) = (told for told in found.told if told.kind == "different")
    assert "结论 pass → return | verdict pass -> return" in told.lines


def test_an_edition_that_is_lost_or_another_makes_its_reviews_undecidable(busy, newer):
    row = first_review(busy)
    busy.sql("UPDATE review SET edition = :digest WHERE id = :id", digest="0" * 64, id=row.id)
    found = again(busy)
    assert kinds(found) == [("undecidable", row.id)]
    assert "not in the database" in found.told[0].lines[0]
    busy.sql("UPDATE edition SET archive = :data", data=newer[0])
    found = replay(busy.database, config.cache_dir())
    assert found.undecidable == found.reviews
    assert any("holds the edition" in line for line in found.told[-1].lines)


@pytest.mark.parametrize(
    ("part", "data"),
    [("facts", b"no zlib"), ("facts", zlib.compress(b"{}")), ("decision", zlib.compress(b"[]"))],
)
def test_what_cannot_be_read_is_undecidable_and_the_rest_goes_on(busy, part, data):
    row = first_review(busy)
    busy.sql(f"UPDATE review SET {part} = :data WHERE id = :id", data=data, id=row.id)
    found = again(busy)
    assert sorted(kinds(found)) == [("altered", row.id), ("undecidable", row.id)]
    assert found.equal == found.reviews - 1


def test_an_input_that_gives_other_facts_is_told_by_the_code_that_computed_them(busy):
    row = first_review(busy, "verdict = 'pass'")
    body = zlib.decompress(bytes(row.body)).replace(b'"quantity":"', b'"quantity":"9', 1)
    assert body != zlib.decompress(bytes(row.body))
    busy.sql("UPDATE review SET body = :body WHERE id = :id", body=zlib.compress(body), id=row.id)
    found = again(busy, recompute=True)
    assert sorted(kinds(found)) == [("altered", row.id), ("recomputed", row.id)]
    assert found.equal == found.reviews
    busy.sql("UPDATE review SET semantics = :other WHERE id = :id", other="0" * 64, id=row.id)
    assert sorted(kinds(again(busy, recompute=True))) == [("altered", row.id), ("moved", row.id)]


def test_across_a_change_of_semantics_a_difference_is_no_fault(busy, monkeypatch):
    monkeypatch.setattr(replaying, "facts_json", lambda facts: b"otherwise")
    found = again(busy, recompute=True)
    assert (found.recomputed, found.moved) == (found.reviews, 0)
    monkeypatch.setattr(replaying, "semantics", lambda: "0" * 64)
    found = again(busy, recompute=True)
    assert (found.recomputed, found.moved, found.holds) == (0, found.reviews, True)
    assert found.semantics == "0" * 64


def test_a_period_a_prescription_and_a_sample_are_chosen(busy):
    rows = busy.sql("SELECT id, prescription_id, at FROM review ORDER BY at")
    whole = again(busy)
    middle = sheets()[::8][len(rows) // 2].issued_at
    early, late = again(busy, until=middle), again(busy, since=middle)
    assert 0 < early.reviews < whole.reviews
    assert early.reviews + late.reviews == whole.reviews
    assert again(busy, prescription=rows[0].prescription_id).reviews == 1
    assert again(busy, prescription="nobody").reviews == 0
    sampled = again(busy, sample=5, seed=3)
    assert (sampled.reviews, sampled.equal) == (5, 5)
    assert again(busy, sample=10_000).reviews == whole.reviews


def test_the_same_seed_draws_the_same_sample(busy, monkeypatch):
    drawn = []
    monkeypatch.setattr(replaying.Replayer, "_batch", lambda self, ids: drawn.append(list(ids)))
    for seed in (3, 3, 4):
        again(busy, sample=7, seed=seed)
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(len(ids) == 7 for ids in drawn)


def test_more_differences_than_are_told_are_counted(busy, monkeypatch):
    monkeypatch.setattr(replaying, "MOST_TOLD", 2)
    busy.sql("DELETE FROM audit")
    found = again(busy)
    assert (len(found.told), found.altered) == (2, found.reviews)
