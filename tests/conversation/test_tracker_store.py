"""The tracker store against Rasa's own: the same state after every turn, nothing lost, and no more to read the longer a conversation is."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import uuid

import pytest
import sqlalchemy
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    DefinePrevUserUtteredFeaturization,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)

from bot.knowledge import ROOT
from bot.tracker_store import TURNS, ConversationTrackerStore, TrackerStoreError

SLOTS = ("in_play", "contact_name", "advice_time")


@pytest.fixture(scope="module")
def domain():
    return Domain.load(str(ROOT / "domain.yml"))


@pytest.fixture
def database(tmp_path):
    return str(tmp_path / "conversations.db")


@pytest.fixture
def store(domain, database):
    return ConversationTrackerStore(domain, db=database)


def start():
    return [ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")]


def turn(number, *more):
    message = UserUttered(f"question {number}", {"name": "ask_salary", "confidence": 0.9}, [], input_channel="rest", message_id=uuid.uuid4().hex)
    answer = [DefinePrevUserUtteredFeaturization(False), ActionExecuted("action_answer_question"), BotUttered(f"answer {number}")]
    return [message, *answer, *more, ActionExecuted("action_listen")]


async def _write(store, sender, turns):
    """Writes each turn as a message's way does: read, go on, store."""
    for events in turns:
        tracker = await store.get_or_create_tracker(sender, append_action_listen=False)
        tracker.update_with_events(events, store.domain)
        await store.save(tracker)


def write(store, sender, turns):
    asyncio.run(_write(store, sender, turns))


def read(store, sender):
    return asyncio.run(store.retrieve(sender))


def state(tracker):
    return (
        tracker.current_slot_values(),
        tracker.active_loop_name,
        tracker.latest_action_name,
        tracker.is_paused(),
        tracker.latest_message.text,
        tracker.latest_bot_utterance.text,
        tracker.get_latest_input_channel(),
    )


def dicts(tracker):
    return [event.as_dict() for event in tracker.events]


def test_short_conversation_is_read_as_rasa_reads_it(domain, database, store):
    write(store, "anna", [start(), *(turn(number, SlotSet("contact_name", "Anna")) for number in range(TURNS - 1))])
    by_rasa = read(SQLTrackerStore(domain, db=database), "anna")
    assert dicts(read(store, "anna")) == dicts(by_rasa)
    assert len(by_rasa.events) > TURNS


@pytest.fixture
def on_any(domain, url, tmp_path):
    """Ours and Rasa's on the same database, on SQLite and on PostgreSQL."""
    (tmp_path / "folder").mkdir()
    stores = [kind(domain, host=url) for kind in (ConversationTrackerStore, SQLTrackerStore)]
    yield stores
    for store in stores:
        store.engine.dispose()


@pytest.mark.parametrize("seed", range(6))
def test_state_is_that_of_rasa_after_every_turn(on_any, seed):
    store, rasas = on_any
    chance = random.Random(seed)

    def anything():
        return chance.choice(
            [
                lambda: SlotSet(chance.choice(SLOTS), chance.choice([None, "x", {"topic": "salary", "entities": {}}])),
                lambda: ActiveLoop(chance.choice(["contact_form", None])),
                lambda: SlotSet("requested_slot", chance.choice([None, "contact_name"])),
                AllSlotsReset,
                Restarted,
                ConversationPaused,
                ConversationResumed,
                lambda: SlotSet("in_distress", True),
            ]
        )()

    write(store, "anna", [start()])
    for number in range(5 * TURNS):
        rare = [anything() for _ in range(chance.choice([0, 0, 1, 3]))]
        write(store, "anna", [*([start()] if chance.random() < 0.03 else []), turn(number, *rare)])
        assert state(read(store, "anna")) == state(read(rasas, "anna"))


def test_no_turn_is_lost(on_any):
    store, rasas = on_any
    turns = [start(), *(turn(number) for number in range(3 * TURNS)), start(), *(turn(number) for number in range(3 * TURNS))]
    write(store, "anna", turns)
    written = [event.as_dict() for events in turns for event in events]
    for reader in (store, rasas):
        assert dicts(asyncio.run(reader.retrieve_full_tracker("anna"))) == written


def test_so_many_turns_are_read_however_long_the_conversation_is(store):
    rows = []
    write(store, "anna", [start(), *(turn(number, SlotSet("in_play", {"topic": "salary", "entities": {}})) for number in range(TURNS))])
    for length in (3 * TURNS, 10 * TURNS):
        write(store, "anna", [turn(number, SlotSet("in_play", None)) for number in range(length - TURNS)])
        tracker = read(store, "anna")
        rows.append(len(tracker.events))
        assert sum(isinstance(event, UserUttered) for event in tracker.events) == TURNS
    assert rows[0] == rows[1]


def test_nothing_new_is_no_write(store, database):
    write(store, "anna", [start(), turn(0)])
    with sqlite3.connect(database) as other:
        other.execute("BEGIN IMMEDIATE")  # whoever writes now would wait, and fail
        asyncio.run(store.save(read(store, "anna")))
        assert asyncio.run(store.get_or_create_tracker("nobody", append_action_listen=False)).sender_id == "nobody"


def test_readers_do_not_wait_for_a_writer(store, database):
    write(store, "anna", [start(), turn(0)])
    with sqlite3.connect(database) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM events")
        assert read(store, "anna").latest_message.text == "question 0"
        other.rollback()


def test_of_two_who_go_on_from_the_same_turn_the_second_is_refused(store):
    write(store, "anna", [start(), turn(0)])
    first, second = read(store, "anna"), read(store, "anna")
    for tracker, number in ((first, 1), (second, 2)):
        for event in turn(number):
            tracker.update(event)
    asyncio.run(store.save(first))
    with pytest.raises(TrackerStoreError, match="went on otherwise"):
        asyncio.run(store.save(second))
    assert [event.text for event in read(store, "anna").events if isinstance(event, UserUttered)] == ["question 0", "question 1"]


def test_stored_twice_is_stored_once(store):
    write(store, "anna", [start()])
    tracker = read(store, "anna")
    for event in turn(0):
        tracker.update(event)
    asyncio.run(store.save(tracker))
    asyncio.run(store.save(tracker))
    tracker.update(UserUttered("one more"))
    asyncio.run(store.save(tracker))
    assert [event.text for event in read(store, "anna").events if isinstance(event, UserUttered)] == ["question 0", "one more"]


def test_turns_that_were_stored_survive_a_killed_server(domain, database, store):
    program = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests" / "conversation")!r})
from test_tracker_store import *
store = ConversationTrackerStore(Domain.load({str(ROOT / "domain.yml")!r}), db={database!r})
write(store, "anna", [start()])
for number in range(1_000_000):
    write(store, "anna", [turn(number)])
    print(number, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        for line in server.stdout:
            if int(line) >= 20:
                server.send_signal(signal.SIGKILL)
                break
        said = int(([line, *server.stdout])[-1])
    texts = [event.text for event in asyncio.run(store.retrieve_full_tracker("anna")).events if isinstance(event, UserUttered)]
    assert texts[: said + 1] == [f"question {number}" for number in range(said + 1)]


def test_table_of_rasa_is_as_the_queries_take_it():
    assert [column.name for column in SQLTrackerStore.SQLEvent.__table__.columns] == [
        "id", "sender_id", "type_name", "timestamp", "intent_name", "action_name", "data",
    ]  # fmt: skip


def test_a_failed_statement_does_not_show_what_was_said(store):
    with store.engine.connect() as connection, pytest.raises(sqlalchemy.exc.OperationalError) as error:
        connection.execute(sqlalchemy.text("SELECT :text FROM nowhere"), {"text": "my secret"})
    assert "my secret" not in str(error.value)
