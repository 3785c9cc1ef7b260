"""What the actions read off the tracker."""

from __future__ import annotations

import pytest

from actions.turns import entities_of, missed_last_turn, topic_of

USER = {"event": "user", "text": "x"}
CLARIFY = {"event": "action", "name": "action_clarify"}
DECLINE = {"event": "action", "name": "action_decline"}
ANSWER = {"event": "action", "name": "action_answer_question"}
LISTEN = {"event": "action", "name": "action_listen"}
BOT = {"event": "bot", "text": "y"}
RESTART = {"event": "restart"}
NEW_SESSION = {"event": "session_started"}


@pytest.mark.parametrize(
    ("intent", "topic"),
    [("ask_exam_cost", "exam_cost"), ("ask_ask_around", "ask_around"), ("greet", "greet"), (None, ""), ("", "")],
)
def test_turns_topic_of(make_tracker, intent, topic):
    assert topic_of(make_tracker(intent)) == topic


@pytest.mark.parametrize(
    ("named", "entities"),
    [
        ([], {}),
        ([("certification", "cpc")], {"certification": ["cpc"]}),
        ([("certification", "cca"), ("certification", "cpc")], {"certification": ["cca", "cpc"]}),
        ([("certification", "cpc"), ("certification", "cpc")], {"certification": ["cpc"]}),
        ([("role", "biller"), ("certification", "cpc"), ("role", "coder")], {"role": ["biller", "coder"], "certification": ["cpc"]}),
    ],
    ids=["none", "one", "two in order named", "twice the same", "two kinds"],
)
def test_turns_entities_of(make_tracker, named, entities):
    found = entities_of(make_tracker("ask_pay", named))
    assert (found, list(found)) == (entities, list(entities))


def test_turns_entities_of_message_without_any(make_tracker):
    tracker = make_tracker("ask_pay")
    del tracker.latest_message["entities"]
    assert entities_of(tracker) == {}


@pytest.mark.parametrize(
    ("earlier", "missed"),
    [
        ([], False),
        ([USER, CLARIFY, BOT, LISTEN], True),
        ([USER, DECLINE, BOT, LISTEN], True),
        ([USER, ANSWER, BOT, LISTEN], False),
        ([USER, CLARIFY, BOT, LISTEN, USER, ANSWER, BOT, LISTEN], False),
        ([USER, ANSWER, BOT, LISTEN, USER, CLARIFY, BOT, LISTEN], True),
        ([USER, CLARIFY, LISTEN, RESTART, LISTEN], False),
        ([USER, CLARIFY, LISTEN, NEW_SESSION, LISTEN], False),
        ([NEW_SESSION, LISTEN, USER, CLARIFY, LISTEN], True),
        ([CLARIFY], True),
        ([USER, {"event": "bot", "name": "action_clarify"}], False),
    ],
    ids=[
        "first message",
        "clarified",
        "declined",
        "answered",
        "miss before an answer",
        "miss after an answer",
        "restarted since",
        "new session since",
        "session began before",
        "miss without message",
        "no action",
    ],
)
def test_turns_missed_last_turn(make_tracker, earlier, missed):
    assert missed_last_turn(make_tracker("nlu_fallback", earlier=earlier)) is missed


@pytest.mark.parametrize("running", [CLARIFY, DECLINE])
def test_turns_missed_last_turn_does_not_count_this_turn(make_tracker, running):
    tracker = make_tracker("nlu_fallback", earlier=[USER, ANSWER, LISTEN])
    tracker.events.append(running)
    assert missed_last_turn(tracker) is False
