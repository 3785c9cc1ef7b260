"""Deleting what is kept of conversations, in tracker stores on SQLite, on PostgreSQL and in memory."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore, RedisTrackerStore, SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, Restarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

from bot import forget, store
from bot.store import Store

DAY = 24 * 60 * 60


@pytest.fixture(autouse=True)
def contacts(monkeypatch, tmp_path) -> Store:
    """The database of contact requests."""
    kept = Store(f"sqlite:///{tmp_path / 'contacts.db'}")
    monkeypatch.setattr(store, "in_force", lambda: kept)
    monkeypatch.setattr(forget, "PAUSE_SECONDS", 0.001)
    return kept


@pytest.fixture
def conversations(url, tmp_path) -> SQLTrackerStore:
    """The database of conversations."""
    (tmp_path / "folder").mkdir()
    tracker_store = SQLTrackerStore(Domain.empty(), host=url)
    yield tracker_store
    tracker_store.engine.dispose()


def keep(tracker_store, conversation: str, *days_ago: float, text: str = "what do coders earn") -> None:
    """Keeps a conversation with a message so many days ago, and another so many."""
    events = []
    for days in days_ago:
        then = time.time() - days * DAY
        events += [ActionExecuted("action_listen", timestamp=then), UserUttered(text, timestamp=then), BotUttered("$50,250.", timestamp=then)]
    asyncio.run(tracker_store.save(DialogueStateTracker.from_events(conversation, events)))


def left(tracker_store) -> dict[str, int]:
    """Returns the conversations that are kept, with the number of their events."""
    trackers = {name: asyncio.run(tracker_store.retrieve_full_tracker(name)) for name in asyncio.run(tracker_store.keys())}
    return {name: len(tracker.events) for name, tracker in trackers.items() if tracker}


def test_expire_deletes_whole_conversations_by_their_last_event(conversations):
    keep(conversations, "old", 40, 30.01)
    keep(conversations, "goes on", 40, 29.99)
    keep(conversations, "new", 0)
    assert forget.expire(conversations, 30)["events"] == 6
    assert left(conversations) == {"goes on": 6, "new": 3}
    assert forget.expire(conversations, 30)["events"] == 0


def test_expire_deletes_contacts_feedback_and_questions(conversations, contacts):
    contacts.add_contact("ann", "r1", "Ann Lee", "ann@x.org", "", "")
    contacts.add_question("ann", "hm", "clarified", "nlu_fallback", 0.3)
    assert forget.expire(conversations, 1) == {"contacts": 0, "feedback": 0, "questions": 0, "events": 0}
    with contacts._engine.begin() as connection:
        connection.execute(store.text("UPDATE contacts SET created_at = '2020-01-01 00:00:00.000000'"))
    assert forget.expire(conversations, 1) == {"contacts": 1, "feedback": 0, "questions": 0, "events": 0}


def test_expire_looks_at_every_conversation(conversations, monkeypatch):
    monkeypatch.setattr(forget, "BATCH", 3)
    monkeypatch.setattr(forget, "SAY_SECONDS", 0)
    for number in range(10):
        keep(conversations, f"{'old' if number % 2 else 'new'} {number}", 31 if number % 2 else 0)
    said = []
    assert forget.expire(conversations, 30, said.append)["events"] == 15
    assert sorted(left(conversations)) == [f"new {number}" for number in range(0, 10, 2)]
    assert len(said) == 4 and said[-1] == "10 conversations looked at, 15 events deleted ..."


def test_expire_in_several_processes_at_once_is_harmless(conversations, url, monkeypatch):
    monkeypatch.setattr(forget, "BATCH", 2)
    for number in range(20):
        keep(conversations, f"old {number}", 31)
    keep(conversations, "new", 0)
    with ThreadPoolExecutor(4) as pool:
        deleted = list(pool.map(lambda _: forget.expire(SQLTrackerStore(Domain.empty(), host=url), 30)["events"], range(4)))
    assert sum(deleted) == 60 and left(conversations) == {"new": 3}


def test_expire_lets_visitors_turns_through(tmp_path):
    (tmp_path / "folder").mkdir()
    conversations = SQLTrackerStore(Domain.empty(), db=str(tmp_path / "folder" / "c.db"), query={"timeout": "0.5"})  # as in endpoints.yml
    with conversations.session_scope() as session:
        rows = [
            conversations.SQLEvent(sender_id=f"old {number}", type_name="user", timestamp=0, data="{}") for number in range(1500) for _ in range(20)
        ]
        session.bulk_save_objects(rows)
        session.commit()
    expiring = threading.Thread(target=forget.expire, args=(conversations, 30))
    expiring.start()
    turns = 0
    while expiring.is_alive():
        keep(conversations, f"visitor {turns}", 0)  # raises if the database is locked for longer than a visitor's turn waits
        turns += 1
    assert turns > 10 and len(left(conversations)) == turns


def test_expire_keeps_a_conversation_that_goes_on_meanwhile(conversations, monkeypatch):
    keep(conversations, "back", 31)

    def batches(part):
        keep(conversations, "back", 31, 0)  # the second message is new
        yield ["back"]

    monkeypatch.setattr(forget, "_batches", batches)
    assert forget.expire(conversations, 30)["events"] == 0
    assert left(conversations) == {"back": 6}


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_deleted_text_is_not_left_in_the_file(tmp_path, journal):
    file = tmp_path / "c.db"
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    conversations = SQLTrackerStore(Domain.empty(), db=str(file))
    keep(conversations, "new", 0)
    for conversation in ("one", "two"):
        keep(conversations, conversation, 31, text=f"call me, says visitor {conversation}" + " long" * 2000)
    assert any(b"says visitor" in one.read_bytes() for one in tmp_path.iterdir())
    assert forget.delete(conversations, "one") == 3
    assert forget.expire(conversations, 30)["events"] == 3
    assert not any(b"says visitor" in one.read_bytes() for one in tmp_path.iterdir())
    assert left(conversations) == {"new": 3}


def test_deleted_contacts_are_not_left_in_the_file(contacts, tmp_path):
    contacts.add_contact("bob", "r2", "Bob Oz", "bob@x.org", "", "")
    contacts.add_contact("ann", "r1", "Ann Lee", "ann@x.org", "", "evening classes")
    contacts.forget("ann")
    assert not any(b"evening classes" in one.read_bytes() for one in tmp_path.iterdir())
    assert [contact.name for contact in contacts.contacts()] == ["Bob Oz"]


def test_delete_and_expire_reach_the_memory_that_serves_while_the_database_does_not(conversations):
    memory = InMemoryTrackerStore(Domain.empty())
    both = FailSafeTrackerStore(conversations, fallback_tracker_store=memory)
    for part in (conversations, memory):
        for conversation, days in (("old", 31), ("ann", 0), ("bob", 0)):
            keep(part, conversation, days)
    assert forget.delete(both, "ann") == 3
    assert sorted(left(conversations)) == sorted(left(memory)) == ["bob", "old"]
    assert forget.expire(both, 30)["events"] == 3
    assert list(left(conversations)) == list(left(memory)) == ["bob"]


TOLD = [ActiveLoop("contact_form"), SlotSet("contact_request", "r1"), SlotSet("contact_name", "Ann Lee"), BotUttered("Ann Lee, your e-mail?")]
ENDS = {
    "sent or cancelled": [ActiveLoop(None), SlotSet("contact_name", None), SlotSet("contact_request", None)],
    "restarted": [Restarted()],
    "open": [],
}


def say(tracker_store, conversation: str, text: str, *events) -> None:
    """Adds a turn to a conversation, as a server does."""
    tracker = asyncio.run(tracker_store.get_or_create_tracker(conversation))
    for event in (UserUttered(text), ActionExecuted("contact_form"), *events):
        tracker.update(event)
    asyncio.run(tracker_store.save(tracker))


def said(tracker_store, conversation: str) -> list[str]:
    tracker = asyncio.run(tracker_store.retrieve_full_tracker(conversation))
    return [event.text for event in tracker.events if isinstance(event, (UserUttered, BotUttered))]


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def kept(request, tmp_path):
    """A tracker store of each kind."""
    if request.param == "memory":
        return InMemoryTrackerStore(Domain.empty())
    folder = tmp_path / "kept"
    folder.mkdir()
    if request.param == "sqlite":
        return SQLTrackerStore(Domain.empty(), db=str(folder / "c.db"))
    tracker_store = SQLTrackerStore(Domain.empty(), host=f"postgresql://test@/postgres?host={request.getfixturevalue('postgresql')}")
    request.addfinalizer(tracker_store.engine.dispose)
    request.addfinalizer(lambda: tracker_store.Base.metadata.drop_all(tracker_store.engine))
    return tracker_store


@pytest.mark.parametrize("end", ENDS)
def test_details_are_taken_out_once_the_form_is_over(kept, end):
    say(kept, "ann", "I am Ann Lee", *TOLD)
    say(kept, "bob", "I am Ann Lee", *TOLD)
    say(kept, "ann", "ann@x.org", *ENDS[end])
    events = left(kept)
    assert forget.take_out_details(kept, "ann") is False, "nothing was told without the form"
    gone = ["[details for the office]", "[name], your e-mail?", "[details for the office]"]
    assert said(kept, "ann") == (gone if end != "open" else ["I am Ann Lee", "Ann Lee, your e-mail?", "ann@x.org"])
    assert said(kept, "bob") == ["I am Ann Lee", "Ann Lee, your e-mail?"]
    assert left(kept) == events, "as many as before: a tracker store counts them"
    say(kept, "ann", "what do coders earn", BotUttered("$50,250."))
    assert said(kept, "ann")[-2:] == ["what do coders earn", "$50,250."]


def test_details_told_without_form_are_taken_out(kept):
    say(kept, "ann", "mail me at ann@x.org", BotUttered("Not now."))
    assert forget.take_out_details(kept, "ann") is False and said(kept, "ann")[0] == "mail me at ann@x.org"
    assert forget.take_out_details(kept, "ann", told_without_form=True) is True
    assert said(kept, "ann") == ["mail me at [e-mail address]", "Not now."]
    assert forget.take_out_details(kept, "ann", told_without_form=True) is False
    assert forget.take_out_details(kept, "nobody", told_without_form=True) is False


def test_details_taken_out_are_not_left_in_the_file(tmp_path):
    kept = SQLTrackerStore(Domain.empty(), db=str(tmp_path / "c.db"))
    say(kept, "ann", "I am Ann Lee" + " and so on" * 2000, *TOLD)
    say(kept, "ann", "cancel", *ENDS["sent or cancelled"])
    assert b"Ann Lee" in (tmp_path / "c.db").read_bytes()
    forget.take_out_details(kept, "ann")
    assert not any(b"Ann Lee" in one.read_bytes() for one in tmp_path.iterdir())


def test_expire_takes_details_out_of_forms_left_open_for_a_day(kept, monkeypatch):
    say(kept, "ann", "I am Ann Lee", *TOLD)
    assert forget.expire(kept, 30)["events"] == 0
    assert said(kept, "ann")[0] == "I am Ann Lee"
    monkeypatch.setattr(forget, "LEFT_OPEN_SECONDS", 0)
    say(kept, "bob", "hello", BotUttered("Hello."))
    for _ in range(2):
        forget.expire(kept, 30)
        assert said(kept, "ann") == ["[details for the office]", "[name], your e-mail?"]
    assert said(kept, "bob") == ["hello", "Hello."]


@pytest.mark.parametrize("work", [lambda kept: forget.delete(kept, "ann"), lambda kept: forget.expire(kept, 30)], ids=["delete", "expire"])
def test_tracker_store_of_another_kind_is_refused(work):
    other = RedisTrackerStore(Domain.empty(), host="127.0.0.1", port=1)  # connects at the first use
    with pytest.raises(RasaException) as caught:
        work(FailSafeTrackerStore(other))
    assert str(caught.value) == "RedisTrackerStore: conversations in this kind of tracker store cannot be deleted. Use type SQL."


def test_expire_daily_goes_on_after_a_fault_and_logs_no_text(conversations, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    faults = [ValueError("what my neighbour earns"), store.StoreError("The database is locked."), None, None]
    tries, done = [], threading.Event()

    def expire(tracker_store, days):
        fault = faults[len(tries)]
        tries.append((tracker_store, days))
        if fault:
            raise fault
        if len(tries) == len(faults):
            done.set()
            threading.Event().wait()  # the thread is a daemon: it ends with the process
        return {"contacts": 1, "events": 3}

    for name, value in (("expire", expire), ("DAY_SECONDS", 0.01), ("HOUR_SECONDS", 0.01)):
        monkeypatch.setattr(forget, name, value)
    forget.expire_daily(conversations)
    assert done.wait(10)
    assert tries == [(conversations, 30)] * 4
    assert [record.message for record in caplog.records if record.name == "bot.forget"] == [
        "What is older than 30 days was not deleted (ValueError).",
        "What is older than 30 days was not deleted: The database is locked.",
        "Deleted, as older than 30 days: 1 contacts, 3 events",
    ]
