"""Who may come in, and for how long: people with passwords, systems with secrets."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.databases import database_kind, database_meeting, database_upgrade, database_url, new_database

from rx_review.desk import accounts, passwords
from rx_review.desk.accounts import MOST_FAILURES, PAUSE, authenticate, grant, log_in, log_out
from rx_review.desk.enrolling import (
    Rights,
    add_account,
    add_client,
    everyone,
    kind_of,
    register_key,
    reset,
    set_disabled,
)
from rx_review.desk.strangers import REMEMBERED, Strangers
from rx_review.domain.problems import Refusal
from rx_review.errors import InputError
from rx_review.store import accounts as store
from rx_review.store.audit import unsealed
from rx_review.store.database import Database
from rx_review.store.tables import METADATA

__all__ = ["database_kind", "database_meeting", "database_upgrade", "database_url", "new_database"]

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
PASSWORD = "correct horse battery"
LEAD = Rights(["lead", "pharmacist"], ["A1", "B2"])


@pytest.fixture(autouse=True)
def no_strangers(monkeypatch):
    """Failures of one test are not those of the next."""
    monkeypatch.setattr(accounts, "_strangers", Strangers(MOST_FAILURES, PAUSE))


@pytest.fixture
def database(database_url):
    opened = Database(database_url)
    add_account(opened, "wang", "P001", PASSWORD, LEAD, AT, "console:root")
    yield opened
    opened.close()


@pytest.fixture
def secret(database):
    return add_client(database, "HIS-A", Rights(["prescriber", "cashier"], ["A1"]), AT, "console:root")[0]


def who(database, secret, at=AT):
    with database.read() as connection:
        return authenticate(connection, secret, at)


def refused(code, call, *arguments):
    with pytest.raises(Refusal) as raised:
        call(*arguments)
    assert raised.value.code == code
    return raised.value


def told(database):
    """Actor, action and body of each row of the audit, oldest first."""
    with database.read() as connection:
        table = METADATA.tables["audit"]
        rows = connection.execute(table.select().order_by(table.c.id)).all()
    return [(row.actor, row.action, json.loads(row.body)) for row in rows]


# --- people ----------------------------------------------------------------------------------------


def test_a_person_logs_in_and_is_known_by_the_secret(database):
    secret, row = log_in(database, "wang", PASSWORD, AT)
    assert secret.startswith("rxs_")
    assert len(secret) == 4 + 43
    assert row.person == "P001"
    actor = who(database, secret)
    assert (actor.kind, actor.name, actor.person) == ("person", "wang", "P001")
    assert actor.roles == {"lead", "pharmacist"}
    assert actor.members == {"A1", "B2"}


def test_nothing_of_a_secret_is_kept(database, secret):
    session, _ = log_in(database, "wang", PASSWORD, AT)
    token = grant(database, "HIS-A", secret, AT)
    with database.read() as connection:
        kept = "".join(
            repr(connection.execute(METADATA.tables[name].select()).all())
            for name in ("account", "client", "credential", "audit")
        )
    for word in (session, token, secret, PASSWORD, session[4:], token[4:]):
        assert word not in kept
    assert kept.count("$argon2id$v=19$m=19456,t=2,p=1$") == 2


def test_a_session_ends_after_twelve_hours(database):
    secret, _ = log_in(database, "wang", PASSWORD, AT)
    assert who(database, secret, AT + timedelta(hours=12, microseconds=-1)).name == "wang"
    refused("unauthenticated", who, database, secret, AT + timedelta(hours=12))


def test_who_logged_out_is_out_and_may_log_out_again(database):
    secret, _ = log_in(database, "wang", PASSWORD, AT)
    log_out(database, secret, AT)
    refused("unauthenticated", who, database, secret)
    log_out(database, secret, AT)
    assert [action for _, action, _ in told(database)] == ["add account", "log in", "log out"]


@pytest.mark.parametrize("secret", ["", "rxs_", "rxs_" + "x" * 43, "x" * 10_000, "密钥", "\udc80", "a\0b"])
def test_no_secret_of_ours_is_nobody(database, secret):
    refused("unauthenticated", who, database, secret)


def test_two_sessions_of_a_person_are_apart(database):
    first, _ = log_in(database, "wang", PASSWORD, AT)
    second, _ = log_in(database, "wang", PASSWORD, AT)
    log_out(database, first, AT)
    assert who(database, second).name == "wang"


def test_the_same_signs_composed_otherwise_are_the_same_password(database):
    add_account(database, "li", "P002", "café on a long street", LEAD, AT, "console:root")
    assert log_in(database, "li", "cafe\u0301 on a long street", AT)[0]


@pytest.mark.parametrize("given_", [PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], "", "\udc80", PASSWORD * 1000])
def test_another_password_is_refused(database, given_):
    refused("bad-credentials", log_in, database, "wang", given_, AT)


@pytest.mark.parametrize("name", ["Wang", "wang\0", "", "x" * 10_000, "\udc80", "王", "wang'--", "%"])
def test_another_name_is_refused(database, name):
    refused("bad-credentials", log_in, database, name, PASSWORD, AT)


# --- failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wang", "nobody"])
def test_five_failures_pause_for_a_quarter_of_an_hour_whether_there_is_such_a_name_or_not(database, name):
    for _ in range(5):
        refused("bad-credentials", log_in, database, name, "wrong", AT)
    paused = refused("paused-account", log_in, database, name, "wrong", AT)
    assert 900 <= paused.retry_after <= 901
    refused("paused-account", log_in, database, name, PASSWORD, AT + PAUSE - timedelta(seconds=1))
    refused("bad-credentials", log_in, database, name, "wrong", AT + PAUSE)


def test_after_the_pause_the_right_password_is_right_and_counts_from_the_start(database):
    for _ in range(5):
        refused("bad-credentials", log_in, database, "wang", "wrong", AT)
    assert log_in(database, "wang", PASSWORD, AT + PAUSE)[0]
    for _ in range(4):
        refused("bad-credentials", log_in, database, "wang", "wrong", AT + PAUSE)
    assert log_in(database, "wang", PASSWORD, AT + PAUSE)[0]
    for _ in range(4):
        refused("bad-credentials", log_in, database, "wang", "wrong", AT + PAUSE)


def test_a_hundred_tries_at_once_are_counted_as_they_go(database):
    answers = []

    def guess():
        try:
            log_in(database, "wang", "wrong", AT)
        except Refusal as refusal:
            answers.append(refusal.code)

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 30
    # Those that are checked beside the fifth come through; nobody else does.
    assert answers.count("bad-credentials") <= MOST_FAILURES + passwords.AT_ONCE - 1


def test_a_wrong_name_is_checked_against_a_password_all_the_same(database, monkeypatch):
    checked = []
    right = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda kept, given: checked.append(kept) or right(kept, given))
    refused("bad-credentials", log_in, database, "nobody", "wrong", AT)
    assert checked == [None]


def test_failures_are_in_the_audit_and_no_name_that_nobody_has(database):
    refused("bad-credentials", log_in, database, "wang", "wrong", AT)
    refused("bad-credentials", log_in, database, "my-password-typed-as-a-name", "wrong", AT)
    (_, known), (_, unknown) = [(actor, body) for actor, action, body in told(database) if action == "log in failed"]
    assert known["failures"] == 1
    assert "my-password" not in json.dumps(unknown)


def test_strangers_are_not_remembered_without_end():
    strangers = Strangers(1, PAUSE)
    for number in range(REMEMBERED + 1):
        strangers.failed("account", str(number), AT)
    assert strangers.paused_until("account", "0", AT) is None
    assert strangers.paused_until("account", "1", AT) == AT + PAUSE
    assert strangers.paused_until("client", "1", AT) is None
    assert strangers.paused_until("account", "1", AT + PAUSE) is None


# --- systems ---------------------------------------------------------------------------------------


def test_a_system_is_granted_a_token_for_half_an_hour(database, secret):
    token = grant(database, "HIS-A", secret, AT)
    assert token.startswith("rxt_")
    actor = who(database, token, AT + timedelta(minutes=29))
    assert (actor.kind, actor.name, actor.person, actor.members) == ("client", "HIS-A", None, {"A1"})
    refused("unauthenticated", who, database, token, AT + timedelta(minutes=30))


def test_a_person_is_no_system_and_a_system_no_person(database, secret):
    refused("bad-credentials", grant, database, "wang", PASSWORD, AT)
    refused("bad-credentials", log_in, database, "HIS-A", secret, AT)


def test_for_every_member_must_be_said(database):
    secret, _ = add_client(database, "ALL", Rights(["auditor"], every_member=True), AT, "console:root")
    assert who(database, grant(database, "ALL", secret, AT)).members is None


@pytest.mark.parametrize(
    ("roles", "members", "every"),
    [([], ["A1"], False), (["lead"], [], False), (["lead"], ["A1"], True), (["king"], ["A1"], False),
     (["system"], ["A1"], False), (["lead"], ["A1,B2"], False), (["lead"], [""], False)],
)  # fmt: skip
def test_rights_that_are_none(roles, members, every):
    with pytest.raises(InputError):
        Rights(roles, members, every)


# --- changes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wang", "HIS-A"])
def test_who_is_disabled_is_out_at_once_and_cannot_come_in(database, secret, name):
    enter = (lambda: log_in(database, name, PASSWORD, AT)[0]) if name == "wang" else (
        lambda: grant(database, name, secret, AT)
    )  # fmt: skip
    held = enter()
    assert set_disabled(database, name, True, AT, "console:root") is True
    assert set_disabled(database, name, True, AT, "console:root") is False
    refused("unauthenticated", who, database, held)
    refused("bad-credentials", enter)
    assert set_disabled(database, name, False, AT, "console:root") is True
    refused("unauthenticated", who, database, held)
    assert who(database, enter()).name == name


def test_a_credential_of_a_disabled_account_is_worth_nothing_even_if_it_is_still_there(database):
    secret, _ = log_in(database, "wang", PASSWORD, AT)
    with database.write() as connection:
        store.change_owner(connection, "account", "wang", {"disabled": True})
    refused("unauthenticated", who, database, secret)


def test_another_password_ends_sessions_and_the_pause(database):
    held, _ = log_in(database, "wang", PASSWORD, AT)
    for _ in range(5):
        refused("bad-credentials", log_in, database, "wang", "wrong", AT)
    assert reset(database, "wang", "four other plain words", AT, "console:root") is None
    refused("unauthenticated", who, database, held)
    assert log_in(database, "wang", "four other plain words", AT)[0]
    refused("bad-credentials", log_in, database, "wang", PASSWORD, AT)


def test_another_secret_of_a_system(database, secret):
    another = reset(database, "HIS-A", None, AT, "console:root")
    refused("bad-credentials", grant, database, "HIS-A", secret, AT)
    assert grant(database, "HIS-A", another, AT)
    for name, password in (("wang", None), ("HIS-A", PASSWORD)):
        with pytest.raises(InputError, match="of the kind"):
            reset(database, name, password, AT, "console:root")


def test_a_name_is_taken_once_for_people_and_systems_together(database, secret):
    for name in ("wang", "HIS-A"):
        with pytest.raises(InputError, match="taken"):
            add_account(database, name, "P009", PASSWORD, LEAD, AT, "console:root")
        with pytest.raises(InputError, match="taken"):
            add_client(database, name, LEAD, AT, "console:root")


def test_a_key_is_of_the_accounts_person_and_of_nobody_else(database, secret):
    add_account(database, "li", "P002", PASSWORD, LEAD, AT, "console:root")
    register_key(database, "wang", "P001", "PEM", "sha256:1", AT, "console:root")
    with pytest.raises(InputError, match="has registered this key"):
        register_key(database, "li", "P002", "PEM", "sha256:1", AT, "console:root")
    with pytest.raises(InputError, match="the key of P001"):
        register_key(database, "li", "P001", "OTHER", "sha256:2", AT, "console:root")
    with pytest.raises(InputError, match="signs nothing"):
        register_key(database, "HIS-A", "HIS-A", "OTHER", "sha256:2", AT, "console:root")
    with pytest.raises(InputError, match="no such"):
        register_key(database, "nobody", "P002", "OTHER", "sha256:2", AT, "console:root")
    assert [each["signs"] for each in everyone(database)] == [False, True, False]


def test_everyone_is_listed_without_a_secret(database, secret):
    found = everyone(database)
    assert [(each["name"], each["kind"], each["members"]) for each in found] == [
        ("wang", "account", ["A1", "B2"]),
        ("HIS-A", "client", ["A1"]),
    ]
    assert "argon2" not in repr(found)
    assert kind_of(database, "HIS-A") == "client"


def test_what_is_not_registered_yet_is_said(database):
    unknown = add_account(database, "li", "P002", PASSWORD, LEAD, AT, "console:root")
    assert unknown == ["P002", "A1", "B2"]


def test_every_change_is_a_row_of_the_audit(database, secret):
    set_disabled(database, "wang", True, AT, "console:root")
    set_disabled(database, "wang", False, AT, "console:root")
    reset(database, "wang", "four other plain words", AT, "console:root")
    reset(database, "HIS-A", None, AT, "console:root")
    register_key(database, "wang", "P001", "PEM", "sha256:1", AT, "console:root")
    rows = told(database)
    assert [action for _, action, _ in rows] == [
        "add account", "add client", "disable account", "enable account", "reset password", "reset secret",
        "register key",
    ]  # fmt: skip
    assert {actor for actor, _, _ in rows} == {"console:root"}
    assert rows[0][2]["members"] == ["A1", "B2"]
    with database.read() as connection:
        assert len(unsealed(connection, 100)) == len(rows)


def test_what_was_refused_left_nothing(database):
    before = told(database)
    for name, person, password in (("a b", "P002", PASSWORD), ("li", "P 2", PASSWORD), ("li", "P002", "short")):
        with pytest.raises(InputError):
            add_account(database, name, person, password, LEAD, AT, "console:root")
    assert told(database) == before
    assert len(everyone(database)) == 1


# --- passwords -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    ["short1!ab", "1234567890", "Password123", "aaaaaaaaaaaa", "abababababab", "abcdefghijkl", "zyxwvutsrqponm",
     "WangP001wang", "wang1234", " leading space is bad", "tab\tin the middle", "x" * 201, "", "woaini5201314"],
)  # fmt: skip
def test_passwords_that_would_be_guessed(password):
    with pytest.raises(InputError) as raised:
        passwords.check_password(password, ("wang", "P001"))
    assert password not in str(raised.value) or not password


@pytest.mark.parametrize(
    "password", [PASSWORD, "处方审核要看药名剂量途径", "wang likes green tea", "Tr0ub4dor&3x", "x9" * 5 + "abc"]
)
def test_passwords_that_will_do(password):
    passwords.check_password(password, ("wang", "P001"))


@given(st.text(max_size=60))
def test_whatever_is_typed_is_taken_or_refused(password):
    try:
        passwords.check_password(password, ("wang", "P001"))
    except InputError:
        return
    assert 10 <= len(password) <= 200
    assert password.isprintable()
