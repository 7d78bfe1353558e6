"""Publishing: two people, one transaction, and a way back that needs two people too."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.databases import database_kind, database_meeting, database_upgrade, database_url, new_database
from tests.editions.conftest import AT, RULE_FILE
from tests.editions.published import LATER, digest, found_county, reword, signed

from rx_review.domain.problems import Refusal
from rx_review.editions import current
from rx_review.editions.current import KEPT, CurrentEdition
from rx_review.editions.publishing import editions, publish, rollback
from rx_review.engine.review import COMPILED, reviewer_for
from rx_review.errors import EnvironmentFault, InputError, LibraryError
from rx_review.library.edition import load_edition
from rx_review.store import accounts, county
from rx_review.store import editions as store
from rx_review.store.database import Database
from rx_review.store.tables import METADATA

__all__ = ["database_kind", "database_meeting", "database_upgrade", "database_url", "new_database"]


@pytest.fixture
def database(database_url, keys):
    opened = Database(database_url)
    found_county(opened, keys)
    yield opened
    opened.close()


@pytest.fixture
def second(sound, tmp_path):
    """Another edition."""
    return reword(shutil.copytree(sound, tmp_path / "second"))


def put(database, bundle, statements, reason="首次发布", at=AT):
    return publish(database, bundle / "rules", bundle / "formulary", statements, reason, at, "console:root")


@pytest.fixture
def both(database, sound, second, keys):
    """The first edition, then the second, which holds."""
    first = put(database, sound, signed(keys, digest(sound)))
    return first, put(database, second, signed(keys, digest(second)), "改写说明", LATER)


def state(database):
    with database.read() as connection:
        return [connection.execute(METADATA.tables[name].select()).all() for name in
                ("county", "edition", "edition_switch", "audit")]  # fmt: skip


def refused(database, call, *arguments, **named):
    """What was refused leaves nothing; its faults as one text."""
    before = state(database)
    with pytest.raises(LibraryError) as raised:
        call(*arguments, **named)
    assert state(database) == before
    # What rules and tables say of themselves is in English.
    ours = [fault for fault in raised.value.faults if fault.where.startswith(("statement", "edition"))]
    assert all(fault.zh for fault in ours)
    return str(raised.value)


# --- publish -----------------------------------------------------------------------------------------


def test_an_edition_that_two_people_signed_holds(database, sound, keys):
    published = put(database, sound, signed(keys, digest(sound)))
    assert published == digest(sound)
    with database.read() as connection:
        assert county.county(connection).edition == published
        assert county.county(connection).version == 2
    (found,) = editions(database)
    assert (found.digest, found.signed_by, found.holds, found.at) == (published, ("王药师", "李药师"), True, AT)
    assert [(held.at, held.by, held.reason) for held in found.held] == [(AT, "console:root", "首次发布")]


def test_the_audit_says_who_signed_what_and_why(database, sound, keys):
    put(database, sound, signed(keys, digest(sound)))
    with database.read() as connection:
        row = connection.execute(METADATA.tables["audit"].select()).one()
    body = json.loads(row.body)
    assert (row.action, row.actor) == ("publish edition", "console:root")
    assert (body["edition"], body["before"], body["reason"]) == (digest(sound), None, "首次发布")
    assert [statement["person"] for statement in body["statements"]] == ["王药师", "李药师"]


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([], "0 of 2 people"),
        (["王药师"], "1 of 2 people"),
        (["王药师", "王药师"], "the same person signed twice"),
        (["王药师", "张药师"], "no key of this person is known"),
        (["王药师", "stranger"], "no key of this person is known"),
    ],
)
def test_too_few_who_may_sign(database, sound, keys, people, said):
    statements = signed(keys, digest(sound), *people) if people else []
    assert said in refused(database, put, database, sound, statements)


def test_who_was_disabled_signs_nothing(database, sound, keys):
    with database.write() as connection:
        accounts.change_owner(connection, "account", "p1", {"disabled": True})
    assert "no key of this person" in refused(database, put, database, sound, signed(keys, digest(sound)))


def test_statements_of_another_edition_or_for_going_back_or_of_the_future(database, sound, second, keys):
    said = refused(database, put, database, sound, signed(keys, digest(second)))
    assert "is about the edition" in said
    said = refused(database, put, database, sound, signed(keys, digest(sound), says="roll back"))
    assert "says 'roll back', not 'publish'" in said
    said = refused(database, put, database, sound, signed(keys, digest(sound), at=AT + timedelta(hours=1)))
    assert "made in the future" in said


def test_a_broken_edition_is_refused_with_every_fault_also_of_the_statements(database, bundle, keys):
    path = bundle / RULE_FILE
    path.write_text(path.read_text(encoding="utf-8").replace("says: ", "says: no, "), encoding="utf-8")
    (bundle / "formulary" / "units.csv").write_text("nonsense\n", encoding="utf-8")
    said = refused(database, put, database, bundle, signed(keys, digest(bundle), "王药师"))
    assert "units.csv" in said
    assert "1 of 2 people" in said


def test_an_edition_whose_rule_is_not_proved_is_refused(database, bundle, keys):
    path = bundle / RULE_FILE
    text = path.read_text(encoding="utf-8")
    assert "{name: With a reason, but: {extended_reason: true}}" in text
    path.write_text(text.replace("    - {name: With a reason, but: {extended_reason: true}}\n", ""), encoding="utf-8")
    assert refused(database, put, database, bundle, signed(keys, digest(bundle)))


def test_a_folder_without_rules(database, bundle, keys, tmp_path):
    shutil.rmtree(bundle / "rules")
    assert refused(database, put, database, bundle, signed(keys, "0" * 64))


def test_the_same_edition_is_not_published_twice(database, both, sound, keys):
    said = refused(database, put, database, sound, signed(keys, digest(sound)), at=LATER)
    assert "was published before" in said


@pytest.mark.parametrize("reason", ["", "  ", "a\nb", "x" * 2001])
def test_a_reason_must_be_given(database, sound, keys, reason):
    with pytest.raises(InputError, match="--reason"):
        put(database, sound, signed(keys, digest(sound)), reason)


def test_nothing_is_published_before_the_county_is_founded(new_database, sound, keys):
    empty = Database(new_database("sqlite"))
    with pytest.raises(EnvironmentFault, match="no county"):
        put(empty, sound, signed(keys, digest(sound)))
    empty.close()


# --- roll back ---------------------------------------------------------------------------------------


def back(database, to, statements, at=LATER + timedelta(hours=1)):
    rollback(database, to, statements, "新版误报", at, "console:root")


def test_two_people_go_back_to_an_edition_that_held(database, both, keys):
    first, latest = both
    back(database, first, signed(keys, first, at=LATER + timedelta(minutes=1), says="roll back"))
    found = {each.digest: each for each in editions(database)}
    assert found[first].holds
    assert not found[latest].holds
    assert [held.reason for held in found[first].held] == ["新版误报", "首次发布"]
    with database.read() as connection:
        table = METADATA.tables["audit"]
        row = connection.execute(table.select().order_by(table.c.id.desc()).limit(1)).one()
    assert row.action == "roll back edition"
    assert json.loads(row.body)["before"] == latest


def test_what_signed_one_switch_does_not_sign_the_next(database, both, keys, second):
    first, latest = both
    statements = signed(keys, first, at=LATER + timedelta(minutes=1), says="roll back")
    back(database, first, statements)
    at = LATER + timedelta(hours=2)
    back(database, latest, signed(keys, latest, at=at, says="roll back"), at + timedelta(minutes=1))
    said = refused(database, back, database, first, statements, at + timedelta(minutes=2))
    assert "made before the edition last changed" in said


def test_statements_of_last_week_do_not_go_back(database, both, keys):
    first, _ = both
    statements = signed(keys, first, at=LATER + timedelta(minutes=1), says="roll back")
    assert "older than 7 days" in refused(database, back, database, first, statements, LATER + timedelta(days=8))


def test_one_person_or_statements_to_publish_do_not_go_back(database, both, keys):
    first, _ = both
    at = LATER + timedelta(minutes=1)
    assert "1 of 2" in refused(database, back, database, first, signed(keys, first, "王药师", at=at, says="roll back"))
    assert "not 'roll back'" in refused(database, back, database, first, signed(keys, first, at=at))


def test_there_is_no_way_back_to_what_never_held_or_holds(database, both, keys):
    _, latest = both
    at = LATER + timedelta(minutes=1)
    for to, said in (("0" * 64, "never published"), (latest, "is the one that holds")):
        assert said in refused(database, back, database, to, signed(keys, to, at=at, says="roll back"))


# --- the edition in force ----------------------------------------------------------------------------


def spoil(database, of, archive):
    with database.write() as connection:
        table = METADATA.tables["edition"]
        connection.execute(table.update().where(table.c.digest == of).values(archive=archive))


def test_before_an_edition_is_published_there_is_none(database, tmp_path):
    edition = CurrentEdition(database, tmp_path)
    assert edition.look() is None
    assert edition.fault is None
    with pytest.raises(Refusal) as raised:
        edition.load()
    assert raised.value.code == "not-ready"


def test_a_look_finds_what_was_published_meanwhile_once(database, sound, second, keys, tmp_path):
    edition = CurrentEdition(database, tmp_path)
    first = put(database, sound, signed(keys, digest(sound)))
    found = edition.look()
    assert found.edition.digest == first
    assert edition.load() is found
    assert edition.look() is None
    latest = put(database, second, signed(keys, digest(second)), at=LATER)
    assert edition.look().edition.digest == latest
    assert edition.reviewer_of(first) is found


def test_a_damaged_edition_leaves_the_last_good_one_and_is_tried_again_later(
    database, sound, second, keys, tmp_path, monkeypatch
):
    edition = CurrentEdition(database, tmp_path)
    first = put(database, sound, signed(keys, digest(sound)))
    assert edition.look().edition.digest == first
    latest = put(database, second, signed(keys, digest(second)), at=LATER)
    with database.read() as connection:
        whole = store.edition(connection, latest).archive
        other = store.edition(connection, first).archive
    spoil(database, latest, whole[:-10])
    assert edition.look() is None
    assert latest[:12] in edition.fault
    spoil(database, latest, other)
    monkeypatch.setattr(current, "AGAIN_SECONDS", 0.0)
    assert edition.look() is None
    assert "cannot be loaded" in edition.fault
    edition = CurrentEdition(database, tmp_path)
    assert edition.look() is None
    assert "holds the edition" in edition.fault
    spoil(database, latest, whole)
    assert edition.look().edition.digest == latest
    assert edition.fault is None


def test_a_faulty_edition_is_not_compiled_at_each_look(database, sound, keys, tmp_path, monkeypatch):
    first = put(database, sound, signed(keys, digest(sound)))
    spoil(database, first, b"x")
    tries = []
    monkeypatch.setattr(current, "edition_of", lambda *given: tries.append(1) or (_ for _ in ()).throw(ValueError()))
    edition = CurrentEdition(database, tmp_path)
    for _ in range(5):
        assert edition.look() is None
    assert len(tries) == 1
    assert "ValueError" in edition.fault


def test_going_back_from_a_faulty_edition_ends_the_fault(database, sound, second, keys, tmp_path):
    edition = CurrentEdition(database, tmp_path)
    first = put(database, sound, signed(keys, digest(sound)))
    edition.look()
    latest = put(database, second, signed(keys, digest(second)), at=LATER)
    spoil(database, latest, b"x")
    edition.look()
    assert edition.fault
    back(database, first, signed(keys, first, at=LATER + timedelta(minutes=1), says="roll back"))
    assert edition.look() is None
    assert edition.fault is None


def test_an_edition_that_was_never_published_is_not_found(database, tmp_path):
    with pytest.raises(Refusal) as raised:
        CurrentEdition(database, tmp_path).reviewer_of("0" * 64)
    assert raised.value.code == "not-found"


def test_only_a_few_compiled_editions_are_kept(sound, tmp_path):
    edition = load_edition(sound / "rules", sound / "formulary", None)
    made = [reviewer_for(replace(edition, digest=f"{number:064}")) for number in range(COMPILED + 1)]
    assert reviewer_for(replace(edition, digest=f"{COMPILED:064}")) is made[-1]
    assert reviewer_for(replace(edition, digest=f"{1:064}")) is made[1]
    assert reviewer_for(replace(edition, digest=f"{0:064}")) is not made[0]
    assert KEPT + 1 <= COMPILED
