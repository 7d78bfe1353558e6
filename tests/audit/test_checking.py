"""What somebody with rights on the database changes there is found, by the check or by an export and a checkpoint."""

import json
import zlib

import pytest
from tests.audit.desk import NOON, add_rows, said

from rx_review.audit import entry_digest, new_signer, read_checkpoint, write_checkpoint
from rx_review.audit.checking import check_stored
from rx_review.store import audit


def test_a_database_as_it_grew_is_whole(busy):
    found = busy.check()
    assert said(found) == {}
    assert (found.seals, found.reviews) == (2, len(busy.sql("SELECT id FROM review")))
    assert found.still_open > 5
    assert found.entries + found.still_open == len(busy.sql("SELECT id FROM audit"))


def test_a_checkpoint_agrees(busy):
    kept = busy.seal()
    add_rows(busy.database, 3)
    busy.seal()
    found = busy.check(read_checkpoint(write_checkpoint(kept)))
    assert (found.whole, found.proved, found.last.number) == (True, 3, 4)


def test_a_changed_body_is_found(busy):
    (row,) = busy.sql("SELECT id, body FROM audit WHERE seal = 1 ORDER BY id LIMIT 1")
    body = bytes(row.body).replace(b'"verdict":"', b'"verdict":"x')
    busy.sql("UPDATE audit SET body = :body WHERE id = :id", body=body, id=row.id)
    assert f"entry {row.id} does not give its digest" in said(busy.check())[f"audit {row.id}"]
    assert not busy.verify().whole


def test_a_body_changed_together_with_its_digest_is_found(busy):
    (row,) = busy.sql("SELECT id, body, salt FROM audit WHERE seal = 2 ORDER BY id LIMIT 1")
    body = bytes(row.body).replace(b"client:his", b"client:her")
    digest = entry_digest(bytes(row.salt), body)
    busy.sql(
        "UPDATE audit SET body = :b, digest = :d, actor = 'client:her' WHERE id = :id", b=body, d=digest, id=row.id
    )
    assert "seal 2 is not that of the" in said(busy.check())["seal 2"]
    assert not busy.verify().whole


def test_a_changed_column_beside_a_body_is_found(busy):
    (row,) = busy.sql("SELECT id FROM audit WHERE seal = 1 ORDER BY id LIMIT 1")
    busy.sql("UPDATE audit SET actor = 'person:other', member = 'H999' WHERE id = :id", id=row.id)
    assert said(busy.check())[f"audit {row.id}"].endswith("say something else than it: actor, member")


def test_a_deleted_row_is_found(busy):
    (row,) = busy.sql("SELECT id FROM audit WHERE seal = 1 ORDER BY id LIMIT 1")
    busy.sql("DELETE FROM audit WHERE id = :id", id=row.id)
    found = said(busy.check())
    assert "taken out or put in" in found["seal 1"]
    assert any(what.startswith("no entry of the audit tells of this review") for what in found.values())
    assert not busy.verify().whole


def test_two_swapped_rows_are_found(busy):
    one, two = busy.sql("SELECT id, salt, body, digest FROM audit WHERE seal = 1 ORDER BY id LIMIT 2")
    for number, row in ((one.id, two), (two.id, one)):
        busy.sql(
            "UPDATE audit SET salt = :s, body = :b, digest = :d WHERE id = :id",
            s=row.salt, b=row.body, d=row.digest, id=number,
        )  # fmt: skip
    assert "one of them, or the seal, was changed" in said(busy.check())["seal 1"]
    assert not busy.verify().whole


def test_a_row_that_was_put_in_is_found(busy):
    with busy.database.write() as connection:
        audit.append(connection, at=NOON, actor="x", member=None, action="note", prescription=None, body={})
    busy.sql("UPDATE audit SET seal = 1 WHERE id = (SELECT max(id) FROM audit)")
    assert "taken out or put in" in said(busy.check())["seal 1"]


def test_a_cut_tail_is_found_against_a_checkpoint_and_only_so(empty):
    add_rows(empty.database, 3)
    empty.seal()
    add_rows(empty.database, 3)
    kept = empty.seal()
    empty.sql("DELETE FROM audit WHERE seal = 2")
    empty.sql("DELETE FROM seal WHERE number = 2")
    assert empty.check().whole
    assert "it saw seal 2" in said(empty.check(kept))["checkpoint of seal 2"]
    assert empty.verify().whole
    assert not empty.verify(kept).whole


def test_a_cut_tail_shows_without_a_checkpoint_where_reviews_were_left(busy):
    busy.sql("DELETE FROM audit WHERE seal = 2 OR seal IS NULL")
    busy.sql("DELETE FROM seal WHERE number = 2")
    assert any("no entry of the audit tells of this review" in what for what in said(busy.check()).values())


def test_a_seal_taken_out_leaves_its_rows_astray(busy):
    count = len(busy.sql("SELECT id FROM audit WHERE seal = 2"))
    busy.sql("DELETE FROM seal WHERE number = 2")
    assert said(busy.check())["seal 2"].startswith(f"{count} rows of the audit name seal 2")
    assert busy.export()[1].astray == count


def test_a_chain_written_anew_with_another_key_is_found(busy):
    kept = busy.seal()
    busy.sql("UPDATE audit SET seal = NULL")
    busy.sql("DELETE FROM seal")
    busy.sealer._signer = other = new_signer()
    busy.seal()
    assert "signed with another key" in said(busy.check())["seal 1"]
    told = said(check_stored(busy.database, [busy.signer.verifier, other.verifier], [kept]))
    assert "it saw seal 3" in told["checkpoint of seal 3"]


def test_another_name_of_the_county_breaks_every_signature(busy):
    busy.sql("UPDATE county SET name = '别县'")
    told = [fault.what for fault in busy.check().faults]
    assert told.count("the signature is not of this text") == 2


@pytest.mark.parametrize("part", ["body", "circumstances", "facts", "decision", "advice"])
def test_a_changed_part_of_a_review_is_found_though_the_audit_is_whole(busy, part):
    row = busy.sql(f"SELECT id, {part} AS part FROM review ORDER BY id LIMIT 1")[0]
    data = zlib.decompress(bytes(row.part)) + b" "
    busy.sql(f"UPDATE review SET {part} = :data WHERE id = :id", data=zlib.compress(data), id=row.id)
    found = busy.check()
    assert list(said(found)) == [f"review {row.id}"]
    assert said(found)[f"review {row.id}"].startswith(f"not what was decided from: {part} of this review")
    assert busy.verify().whole


def test_a_part_of_a_review_that_cannot_be_unpacked_is_found(busy):
    (row,) = busy.sql("SELECT id FROM review ORDER BY id LIMIT 1")
    busy.sql("UPDATE review SET facts = :data WHERE id = :id", data=b"nothing", id=row.id)
    assert "facts of this review" in said(busy.check())[f"review {row.id}"]


@pytest.mark.parametrize(
    ("column", "value"), [("verdict", "'pass'"), ("complete", "NOT complete"), ("revision", "9"), ("edition", "'e'")]
)
def test_a_changed_column_beside_a_decision_is_found(busy, column, value):
    (row,) = busy.sql("SELECT id FROM review WHERE verdict <> 'pass' ORDER BY id LIMIT 1")
    busy.sql(f"UPDATE review SET {column} = {value} WHERE id = :id", id=row.id)
    assert said(busy.check()) == {
        f"review {row.id}": f"the columns beside the decision say something else than it: {column}"
    }


def test_a_deleted_review_is_found(busy):
    (row,) = busy.sql("SELECT id, prescription_id FROM review ORDER BY id LIMIT 1")
    busy.sql("DELETE FROM review WHERE id = :id", id=row.id)
    (entry,) = busy.sql("SELECT id FROM audit WHERE prescription_id = :p", p=row.prescription_id)
    assert "tells of a review at" in said(busy.check())[f"audit {entry.id}"]


def test_a_review_that_was_put_in_is_found(busy):
    columns = "prescription_id, revision, cause, at, edition, semantics, verdict, complete, body, circumstances, facts,"
    columns += " decision, advice"
    busy.sql(f"INSERT INTO review ({columns}) SELECT {columns} FROM review ORDER BY id LIMIT 1")
    (row,) = busy.sql("SELECT max(id) AS id FROM review")
    assert said(busy.check())[f"review {row.id}"].startswith("no entry of the audit tells of this review")


def test_a_prescription_deleted_with_its_reviews_is_found(busy):
    (row,) = busy.sql(
        "SELECT id, prescription_id AS p FROM audit WHERE prescription_id IS NOT NULL ORDER BY id LIMIT 1"
    )
    for table, column in (("review", "prescription_id"), ("identity", "prescription_id"), ("prescription", "id")):
        busy.sql(f"DELETE FROM {table} WHERE {column} = :p", p=row.p)
    assert "tells of a review at" in said(busy.check())[f"audit {row.id}"]


def test_a_state_that_nobody_moved_to_is_found(busy):
    (row,) = busy.sql("SELECT id, state FROM prescription WHERE state <> 'passed' ORDER BY id LIMIT 1")
    busy.sql("UPDATE prescription SET state = 'passed' WHERE id = :id", id=row.id)
    assert said(busy.check()) == {
        f"prescription {row.id}": f"its state is passed, and the last entry of the audit says {row.state}"
    }


def test_lawful_erasure_is_counted_and_nothing_is_wrong(busy):
    (row,) = busy.sql("SELECT id FROM audit WHERE seal = 1 ORDER BY id LIMIT 1")
    with busy.database.write() as connection:
        audit.erase(connection, [row.id])
    found = busy.check()
    assert (said(found), found.erased) == ({}, 1)
    assert busy.verify().erased == 1


def test_half_an_erasure_and_one_before_the_seal_are_found(busy):
    (sealed,) = busy.sql("SELECT id FROM audit WHERE seal = 1 ORDER BY id LIMIT 1")
    (waiting,) = busy.sql("SELECT id FROM audit WHERE seal IS NULL ORDER BY id LIMIT 1")
    busy.sql("UPDATE audit SET salt = NULL WHERE id = :id", id=sealed.id)
    busy.sql("UPDATE audit SET salt = NULL, body = NULL WHERE id = :id", id=waiting.id)
    found = said(busy.check())
    assert "only one of salt and body is left" in found[f"audit {sealed.id}"]
    assert "before any seal took it up" in found[f"audit {waiting.id}"]


def test_a_row_that_waits_for_its_seal_must_give_its_digest(busy):
    (row,) = busy.sql("SELECT id, body FROM audit WHERE seal IS NULL ORDER BY id LIMIT 1")
    tree = json.loads(bytes(row.body)) | {"verdict": "pass!"}
    body = json.dumps(tree, ensure_ascii=False).encode()
    busy.sql("UPDATE audit SET body = :body WHERE id = :id", body=body, id=row.id)
    assert "does not give its digest" in said(busy.check())[f"audit {row.id}"]


def test_faults_beyond_a_bound_are_not_told(busy):
    add_rows(busy.database, 250)
    busy.seal()
    busy.sql("UPDATE audit SET digest = '0' || substr(digest, 2)")
    found = busy.check()
    assert found.stopped
    assert len(found.faults) == 200
