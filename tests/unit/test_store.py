"""The database of contact requests, feedback and questions: on SQLite, and on PostgreSQL where it is installed."""

from __future__ import annotations

import multiprocessing
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from bot import store
from bot.knowledge import ROOT
from bot.store import Store, StoreError
from bot.tracker_store import ConversationTrackerStore

ANN = ("ann", "r1", "Ann Lee", "ann@x.org", "+1 212-555-0100", "the CCA")


@pytest.fixture
def kept(url) -> Store:
    return Store(url)


def change(kept: Store, statement: str) -> None:
    """Changes the database behind the store's back."""
    with kept._engine.begin() as connection:
        connection.execute(text(statement))


def test_store_keeps_a_contact_with_its_time(kept):
    before = datetime.now(timezone.utc)
    assert kept.add_contact(*ANN) is True
    (contact,) = kept.contacts()
    assert (contact.conversation, contact.request, contact.name, contact.email, contact.phone, contact.about) == ANN
    assert before <= contact.created_at <= datetime.now(timezone.utc)
    assert contact.notified_at is None


def test_store_keeps_the_same_request_once(kept):
    assert kept.add_contact(*ANN) is True
    assert kept.add_contact(*ANN) is False
    assert kept.add_contact("ann", "r2", *ANN[2:]) is True
    assert [contact.request for contact in kept.contacts()] == ["r1", "r2"]


def test_store_keeps_the_same_request_once_from_many_threads(url):
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda number: Store(url).add_contact("ann", f"r{number % 4}", *ANN[2:]), range(32)))
    assert added.count(True) == 4 and len(Store(url).contacts()) == 4


def test_store_same_details_soon_after_are_the_same_request(kept):
    kept.add_contact(*ANN)
    details = ("ann", *ANN[2:])
    assert kept.same_contact(*details).request == "r1"
    for place in range(len(details)):
        assert kept.same_contact(*(f"{detail}x" if number == place else detail for number, detail in enumerate(details))) is None
    old = (datetime.now(timezone.utc) - store.SAME_WITHIN - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    change(kept, f"UPDATE contacts SET created_at = '{old}'{_cast(kept)}")
    assert kept.same_contact(*details) is None


def test_store_contacts_since(kept):
    kept.add_contact(*ANN)
    (contact,) = kept.contacts()
    assert len(kept.contacts(contact.created_at)) == 1
    assert kept.contacts(contact.created_at + timedelta(microseconds=1)) == []
    shifted = contact.created_at.astimezone(timezone(timedelta(hours=5)))
    assert len(kept.contacts(shifted)) == 1, "a time means the same in any zone"


@pytest.mark.parametrize("written", ["", "Ünïcødé 李 👍", "'); DROP TABLE contacts;--", "a\x00b", "half \ud83d", "x" * 10_000, "%s %(name)s :name"])
def test_store_keeps_any_text(kept, written):
    assert kept.add_contact("ann", "r1", written, "e", "", written)
    (contact,) = kept.contacts()
    assert contact.name == contact.about == written.replace("\x00", "").replace("\ud83d", "?")


def test_store_feedback_last_word_counts(kept):
    kept.add_feedback("ann", "m1", "salary", "what do they earn", True)
    kept.add_feedback("ann", "m1", "salary", "what do they earn", False, "too vague")
    kept.add_feedback("bob", "m1", "salary", "pay", True)
    said = {(one.conversation, one.answer): (one.topic, one.wording, one.helpful, one.comment) for one in kept.feedback()}
    assert said == {("ann", "m1"): ("salary", "what do they earn", False, "too vague"), ("bob", "m1"): ("salary", "pay", True, None)}


def test_store_feedback_of_many_at_once_is_one_row(url):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Store(url).add_feedback("ann", "m1", "salary", "pay", number % 2 == 0), range(16)))
    assert len(Store(url).feedback()) == 1


def test_store_keeps_questions(kept):
    kept.add_question("ann", "what about parking", "declined", "oos_college", 0.9)
    kept.add_question("ann", "what about parking", "declined", "oos_college", 0.9)
    assert [(one.wording, one.outcome, one.intent, one.confidence) for one in kept.questions()] == [
        ("what about parking", "declined", "oos_college", 0.9)
    ] * 2


def test_store_masks_what_it_keeps_of_messages(kept):
    kept.add_question("ann", "who is at ann@x.org", "declined", "oos_general", 0.9)
    kept.add_feedback("ann", "m1", "salary", "pay? ssn 123-45-6789", False, "call 212-555-0123")
    (question,), (feedback,) = kept.questions(), kept.feedback()
    assert question.wording == "who is at [e-mail address]"
    assert (feedback.wording, feedback.comment) == ("pay? ssn [social security number]", "call [phone number]")


def test_store_finds_the_conversation_of_a_request(kept):
    for number in (1, 2):
        kept.add_contact(f"visitor {number}", f"0123456{number}abcdef", *ANN[2:])
    assert kept.conversation("01234561") == "visitor 1"
    for reference in ("0123456", "01234563", "0123456%", "_1234561", "01234561abcdef", ""):
        assert kept.conversation(reference) is None


def test_store_forgets_one_conversation(kept):
    for conversation in ("ann", "bob"):
        kept.add_contact(conversation, f"r-{conversation}", *ANN[2:])
        kept.add_feedback(conversation, "m1", "salary", "pay", True)
        kept.add_question(conversation, "hm", "clarified", "nlu_fallback", 0.3)
        kept.add_question(conversation, "hm", "wrong", "ask_salary", 0.7)
    assert kept.forget("ann") == {"contacts": 1, "feedback": 1, "questions": 2}
    assert [row.conversation for rows in (kept.contacts(), kept.feedback(), kept.questions()) for row in rows] == ["bob"] * 4
    assert kept.forget("ann") == {"contacts": 0, "feedback": 0, "questions": 0}


def test_store_deletes_what_is_older(kept):
    for conversation in ("old", "new"):
        kept.add_contact(conversation, conversation, *ANN[2:])
        kept.add_feedback(conversation, "m1", "salary", "pay", True)
        kept.add_question(conversation, "hm", "clarified", "nlu_fallback", 0.3)
    old = (datetime.now(timezone.utc) - timedelta(days=30, minutes=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    new = (datetime.now(timezone.utc) - timedelta(days=30) + timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    for table in ("contacts", "feedback", "questions"):
        change(kept, f"UPDATE {table} SET created_at = CASE conversation WHEN 'old' THEN '{old}' ELSE '{new}' END{_cast(kept)}")
    assert kept.delete_older_than(30) == {"contacts": 1, "feedback": 1, "questions": 1}
    assert [row.conversation for rows in (kept.contacts(), kept.feedback(), kept.questions()) for row in rows] == ["new"] * 3


def _cast(kept: Store) -> str:
    return "::timestamp" if kept._engine.dialect.name == "postgresql" else ""


def test_store_notice_is_due_at_once_then_later_then_never_again(kept):
    kept.add_contact(*ANN)
    assert kept.claim_notice(timedelta(hours=1)).request == "r1"
    assert kept.claim_notice(timedelta(hours=1)) is None, "another process must not take it, too"
    change(kept, "UPDATE contacts SET notice_due_at = '2020-01-01 00:00:00.000000'")
    claimed = kept.claim_notice(timedelta(hours=1))
    assert (claimed.request, claimed.notice_attempts) == ("r1", 1)
    (contact,) = kept.contacts()
    assert contact.notice_due_at - datetime.now(timezone.utc) > timedelta(minutes=110), "twice the time after the second try"
    change(kept, "UPDATE contacts SET notice_due_at = '2020-01-01 00:00:00.000000', notice_attempts = 1000")
    kept.claim_notice(timedelta(minutes=1))
    (contact,) = kept.contacts()
    assert contact.notice_due_at - datetime.now(timezone.utc) < timedelta(minutes=65), "however often it was tried"
    change(kept, "UPDATE contacts SET notice_due_at = '2020-01-01 00:00:00.000000'")
    kept.mark_notified("r1")
    assert kept.claim_notice(timedelta(hours=1)) is None
    assert kept.contacts()[0].notified_at is not None


def test_store_notice_is_taken_by_one_of_many(url):
    for number in range(4):
        Store(url).add_contact("ann", f"r{number}", *ANN[2:])
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: Store(url).claim_notice(timedelta(hours=1)), range(12)))
    assert sorted(contact.request for contact in claimed if contact) == ["r0", "r1", "r2", "r3"]


def _first_use(url: str, number: int) -> bool:
    return Store(url).add_contact("ann", f"r{number}", *ANN[2:])


def test_store_processes_that_start_together_make_the_tables_once(url):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.starmap(_first_use, [(url, number) for number in range(8)]) == [True] * 8
    assert len(Store(url).contacts()) == 8


@pytest.mark.parametrize("start", [lambda url: Store(url).open(), lambda url: ConversationTrackerStore(host=url)], ids=["store", "tracker_store"])
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_new_file_that_another_process_makes_is_waited_for(tmp_path, start, journal):
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute(f"PRAGMA journal_mode={journal}")
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE events (id)")
        done = threading.Timer(0.5, other.execute, ["COMMIT"])
        done.start()
        start(f"sqlite:///{tmp_path}/new.db")
        done.join()
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_store_migrations_make_what_the_models_say(kept):
    kept.contacts()
    with kept._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), store.Model.metadata) == []


def test_store_of_a_newer_version_is_refused(kept, url):
    kept.contacts()
    change(kept, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError) as caught:
        Store(url).contacts()
    shown = kept._url.render_as_string()
    assert str(caught.value) == (
        f"The database {shown} was made by a newer version: Can't locate revision identified by '9999'. Use that version, or another database."
    )


def test_store_value_that_is_missing_is_no_duplicate(kept):
    with pytest.raises(StoreError):
        kept.add_contact(None, "r1", *ANN[2:])
    assert kept.contacts() == []


def test_store_sqlite_file_is_for_its_user_only(tmp_path):
    Store(f"sqlite:///{tmp_path / 'test.db'}").contacts()
    assert (tmp_path / "test.db").stat().st_mode & 0o077 == 0


def test_store_sqlite_path_is_from_the_project_folder():
    assert Store("sqlite:///var/x.db")._url.database == str(ROOT / "var" / "x.db")
    assert Store("sqlite:////tmp/x.db")._url.database == "/tmp/x.db"


def test_store_sqlite_readers_do_not_wait_for_a_writer(tmp_path):
    kept = Store(f"sqlite:///{tmp_path / 'test.db'}")
    kept.contacts()
    with sqlite3.connect(tmp_path / "test.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_store_writes_while_another_reads(kept, url):
    kept.add_question("ann", "hm", "clarified", "ask_salary", 0.3)
    with kept._session(reading=True) as session:
        assert session.query(store.Question).count() == 1
        Store(url).add_question("bob", "hm", "clarified", "ask_salary", 0.3)
        assert [one.conversation for one in Store(url).questions()] == ["ann", "bob"]


def test_store_sqlite_locked_waits_then_says_so_then_works(tmp_path):
    kept = Store(f"sqlite:///{tmp_path / 'test.db'}")
    kept.contacts()
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    with pytest.raises(StoreError) as caught:
        kept.add_contact(*ANN)
    assert time.monotonic() - started < store.WAIT_SECONDS + 1
    assert str(caught.value) == (
        f"The database sqlite:///{tmp_path / 'test.db'} cannot be used: database is locked. "
        "Check that its folder can be written, that the disk has room and that no other program holds the file."
    )
    other.execute("ROLLBACK")
    assert kept.add_contact(*ANN) is True


def test_store_sqlite_file_taken_away_is_made_anew(tmp_path):
    kept = Store(f"sqlite:///{tmp_path / 'test.db'}")
    kept.add_contact(*ANN)
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(StoreError):
        kept.add_contact(*ANN)
    assert kept.add_contact(*ANN) is True


def test_store_sqlite_broken_file_is_said(tmp_path):
    (tmp_path / "test.db").write_bytes(b"no database, whatever its name says" * 100)
    with pytest.raises(StoreError) as caught:
        Store(f"sqlite:///{tmp_path / 'test.db'}").contacts()
    assert "cannot be used: file is not a database. Check" in str(caught.value)


def test_store_postgresql_unreachable_is_said_without_the_password():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(StoreError) as caught:
        Store(f"postgresql://ann:secret@127.0.0.1:{port}/x").contacts()
    assert time.monotonic() - started < store.WAIT_SECONDS + 1
    message = str(caught.value)
    assert message.startswith(f"The database postgresql://ann:***@127.0.0.1:{port}/x cannot be used: ")
    assert message.endswith("Connection refused. Check that the server runs and that BOT_DATABASE_URL is right.")


ALLOWED = "allowed: sqlite:///folder/file.db or postgresql://user:password@host/database. Correct it."


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("nonsense", "not the address of a database"),
        ("postgresql://h:port/x", "not the address of a database"),
        ("mysql://ann:secret@h/x", "'mysql' is no database that can be used"),
        ("sqlite://", "a database in memory would lose every request"),
        ("sqlite:///:memory:", "a database in memory would lose every request"),
    ],
)
def test_store_refuses_address(address, what):
    with pytest.raises(StoreError) as caught:
        Store(address)
    assert str(caught.value) == f"BOT_DATABASE_URL: {what}; {ALLOWED}"


def test_store_in_force_is_that_of_the_environment(database):
    assert store.in_force() is store.in_force()
    assert store.in_force()._url.render_as_string() == database
