"""Counting conversations out of the tracker store."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, datetime, timezone

import pytest
from sqlalchemy import create_engine, text

from bot import report_events
from bot.report_events import EventsError
from tests.report.conftest import NOW, SOURCE, ago


@pytest.fixture
def read(conversations):
    def messages():
        return list(report_events.read(report_events.open_events(conversations.endpoints), ago(days=7), NOW))

    return messages


@pytest.fixture
def count(read):
    return lambda: report_events.count(iter(read()), "America/New_York")


def test_events_counts_messages_by_day_topic_and_outcome(conversations, count):
    conversations.add("ann", ago(days=2), "pay?", [(None, SOURCE)], ["salary"])
    conversations.add("ann", ago(days=1), "pay and cost?", [(None, SOURCE)], ["salary", "exam_cost"])
    conversations.add("bob", ago(days=1), "parking?", [("utter_decline_oos_college", "No.")])
    conversations.add("bob", ago(days=1), "hm", [("utter_which_topic", "Which?")])
    conversations.add("bob", ago(days=1), "a person", [("utter_contact", "Here.")])
    conversations.add("bob", ago(days=1), "bye", [("utter_goodbye", "Bye.")])
    traffic = count()
    first, second = date(2026, 11, 23), date(2026, 11, 24)
    assert traffic.conversations == {"ann", "bob"} and traffic.conversations_by_day == {first: 1, second: 2}
    assert traffic.topics == {(first, "salary"): 1, (second, "salary"): 1, (second, "exam_cost"): 1}
    assert traffic.outcomes == {
        (first, "answered"): 1,
        (second, "answered"): 1,
        (second, "declined"): 1,
        (second, "clarified"): 1,
        (second, "handed over"): 1,
        (second, "talk"): 1,
    }
    assert (traffic.messages, traffic.outcome("answered"), traffic.by_topic()) == (6, 2, {"salary": 2, "exam_cost": 1})


def test_events_days_are_those_of_the_office(conversations, count):
    conversations.add("ann", datetime(2026, 11, 25, 4, 30, tzinfo=timezone.utc), "pay?", [(None, SOURCE)], ["salary"])
    assert list(count().conversations_by_day) == [date(2026, 11, 24)]


def test_events_outside_the_period_are_left_out(conversations, read):
    for days in (9, 7.001, 6.999, 1, -1):
        conversations.add(f"{days}", ago(days=days), "pay?", [(None, SOURCE)], ["salary"])
    assert [message.conversation for message in read()] == ["6.999", "1"]


def test_events_of_conversations_at_the_same_time_are_kept_apart(conversations, read):
    for number in range(3):
        for conversation in ("ann", "bob"):
            conversations.add(conversation, ago(hours=5 - number), f"{conversation} {number}", [(None, f"to {conversation} {number}")])
    found = read()
    assert len(found) == 6
    assert all(message.replies == [(None, f"to {message.wording}")] and message.wording.startswith(message.conversation) for message in found)


def test_events_yes_that_presses_a_button_is_one_message(conversations, read):
    conversations.add("ann", ago(hours=1), "yes", [])
    conversations.add("ann", ago(hours=1), "/ask_salary", [(None, SOURCE)], ["salary"])
    assert [(message.wording, message.is_button, message.topics) for message in read()] == [("/ask_salary", True, ["salary"])]


def test_events_last_message_without_a_reply_is_counted_as_failed(conversations, read):
    """The visitor was given no answer, or only the apology, and went away."""
    conversations.add("ann", ago(hours=2), "pay?", [(None, SOURCE)], ["salary"])
    conversations.add("ann", ago(hours=1), "and the exam?", [])
    conversations.add("bob", ago(hours=1), "hello", [("utter_default", "Sorry.")])
    conversations.add("cat", ago(hours=2), "anyone there?", [])
    conversations.add("cat", ago(hours=1), "hi", [("utter_greet", "Hi")])
    assert {(message.wording, message.outcome) for message in read()} == {
        ("pay?", "answered"),
        ("and the exam?", "failed"),
        ("hello", "failed"),
        ("anyone there?", "failed"),
        ("hi", "talk"),
    }


def test_events_reply_after_the_period_counts_for_the_message_in_it(conversations):
    conversations.add("ann", ago(hours=1), "pay?", [(None, SOURCE)], ["salary"])
    conversations.add("ann", ago(minutes=10), "later", [("utter_greet", "Hi")])
    engine = report_events.open_events(conversations.endpoints)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE events SET timestamp = timestamp + 900 WHERE type_name <> 'user' AND timestamp < :until"),
            {"until": ago(minutes=30).timestamp()},
        )
    (message,) = report_events.read(engine, ago(days=1), ago(minutes=50))
    assert (message.wording, message.outcome) == ("pay?", "answered")


def test_events_low_confidence_is_noted_for_answers_alone(conversations, count):
    for number, (outcome, intent, confidence) in enumerate(
        [
            ([(None, SOURCE)], "ask_salary", 0.45),
            ([(None, SOURCE)], "ask_salary", 0.35),
            ([(None, SOURCE)], "ask_salary", 0.5),
            ([("utter_which_topic", "Which?")], "nlu_fallback", 0.3),
            ([("utter_greet", "Hi")], "greet", 0.3),
            ([(None, SOURCE)], "several_questions", 0.3),
        ]
    ):
        conversations.add(f"{number}", ago(hours=1), "what about money", outcome, ["pay"], intent, confidence)
    assert count().unsure == {("what about money", "pay"): [0.45, 0.35]}


def test_events_rankings_are_read(conversations, read):
    conversations.add("ann", ago(hours=1), "hm", [("utter_which_topic", "Which?")], ranking=[("ask_pay", 0.3), ("ask_exam_cost", 0.28)])
    assert read()[0].ranking == [("ask_pay", 0.3), ("ask_exam_cost", 0.28)]


@pytest.mark.parametrize("typed", ["", "</script><b>&", '"utter_action": "utter_contact"', "null \\u0000", "😀" * 300, "x" * 500])
def test_events_any_text_is_read_as_typed(conversations, read, typed):
    conversations.add("ann", ago(hours=1), typed, [("utter_greet", "Hi")])
    assert [(message.wording, message.outcome) for message in read()] == [(typed, "talk")]


def test_events_in_more_portions_are_the_same(conversations, read, monkeypatch):
    for number in range(12):
        conversations.add(f"{number % 3}", ago(hours=20 - number), f"{number}", [(None, SOURCE)], ["pay"])
    at_once = read()
    monkeypatch.setattr(report_events, "ROWS_AT_ONCE", 7)
    assert sorted(read(), key=str) == sorted(at_once, key=str) and len(at_once) == 12


def test_events_empty_store(conversations, count):
    assert count().messages == 0


def test_events_reading_changes_nothing_and_lets_others_write(conversations, read, tmp_path, url, monkeypatch):
    """Between two portions another connection can write, which on SQLite a reader in the middle of a statement prevents."""
    monkeypatch.setattr(report_events, "ROWS_AT_ONCE", 5)
    for number in range(4):
        conversations.add(f"{number}", ago(hours=1), "pay?", [(None, SOURCE)], ["pay"])
    writer = create_engine(url, connect_args={"timeout": 0} if url.startswith("sqlite") else {"options": "-c lock_timeout=1"})
    with writer.connect() as connection:
        before = connection.execute(text("SELECT id, data FROM events ORDER BY id")).fetchall()
    written = []

    def write(share):
        with writer.begin() as connection:
            connection.execute(text("UPDATE events SET intent_name = intent_name"))
        written.append(share)

    engine = report_events.open_events(conversations.endpoints)
    assert len(list(report_events.read(engine, ago(days=1), NOW, write))) == 4
    assert len(written) > 2 and written == sorted(written) and written[-1] == 1.0
    with writer.connect() as connection:
        assert connection.execute(text("SELECT id, data FROM events ORDER BY id")).fetchall() == before


def test_events_of_rasas_own_store_are_read(conversations, read):
    conversations.add("ann", ago(hours=1), "pay?", [(None, SOURCE)], ["salary"])
    conversations.endpoints.write_text(conversations.endpoints.read_text().replace("bot.tracker_store.ConversationTrackerStore", "SQL"))
    assert len(read()) == 1


def test_events_of_another_kind_of_store_are_refused(tmp_path):
    file = tmp_path / "endpoints.yml"
    file.write_text("tracker_store: {type: mongod, url: 'mongodb://x'}\n")
    with pytest.raises(EventsError) as caught:
        report_events.open_events(file)
    assert str(caught.value) == (
        "endpoints.yml: conversations in a tracker store of type mongod cannot be read; "
        "allowed: type SQL or bot.tracker_store.ConversationTrackerStore. Correct the file."
    )
    file.write_text("nlg: {type: x}\n")
    with pytest.raises(EventsError, match="type InMemory cannot be read"):
        report_events.open_events(file)


def test_events_that_are_not_there_are_said_and_no_file_is_made(tmp_path):
    file, database = tmp_path / "endpoints.yml", tmp_path / "none.db"
    file.write_text(json.dumps({"tracker_store": {"type": "SQL", "dialect": "sqlite", "db": str(database)}}))
    expected = f"sqlite:///{database}: no conversations are kept there. Is endpoints.yml the one that the server uses?"
    with pytest.raises(EventsError) as caught:
        report_events.open_events(file)
    assert str(caught.value) == expected and not database.exists()
    sqlite3.connect(database).close()
    with pytest.raises(EventsError) as caught:
        report_events.open_events(file)
    assert str(caught.value) == expected


def test_events_unreachable_database_is_said_without_its_password(tmp_path):
    file = tmp_path / "endpoints.yml"
    kept = {"type": "SQL", "dialect": "postgresql", "db": "x", "username": "ann", "password": "secret", "url": "127.0.0.1", "port": 1}
    file.write_text(json.dumps({"tracker_store": kept}))
    with pytest.raises(EventsError) as caught:
        report_events.open_events(file)
    message = str(caught.value)
    assert message.startswith("postgresql://ann:***@127.0.0.1:1/x cannot be read: ")
    assert message.endswith("Check that it runs and that endpoints.yml is right.")
