"""What the actions read off the tracker."""

from __future__ import annotations

import pytest

from actions.turns import MISSES, entities_of, in_play, misses_in_a_row, offered, topic_of
from bot import strict_yaml
from bot.context import Asked
from bot.knowledge import ROOT

USER = {"event": "user", "text": "x"}
YES = {"event": "action", "name": "action_accept_offer"}
NO = {"event": "action", "name": "action_refuse_offer"}
LISTEN = {"event": "action", "name": "action_listen"}
BOT, UNCLEAR, DECLINED, SORRY, CONTACT = (
    {"event": "bot", "text": "y", "metadata": {"utter_action": name} if name else {}}
    for name in (None, "utter_please_rephrase", "utter_decline_oos_general", "utter_sorry_others", "utter_contact")
)
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
def test_turns_entities_of(make_tracker, knowledge, named, entities):
    found = entities_of(make_tracker("ask_pay", named), knowledge)
    assert (found, list(found)) == (entities, list(entities))


def test_turns_entities_of_message_without_any(make_tracker, knowledge):
    tracker = make_tracker("ask_pay")
    del tracker.latest_message["entities"]
    assert entities_of(tracker, knowledge) == {}


def test_turns_entities_of_leaves_out_what_is_gone_and_what_is_denied(make_tracker, knowledge):
    tracker = make_tracker("ask_pay", [("certification", "gone"), ("colour", "red"), ("certification", "cpc"), ("certification", "cca")])
    tracker.latest_message["text"] = "not the CPC, the CCA"
    for entity, start in zip(tracker.latest_message["entities"][2:], (8, 17)):
        entity["start"] = start
    assert entities_of(tracker, knowledge) == {"certification": ["cca"]}


SET = {"event": "slot", "name": "in_play", "value": {"topic": "exam_cost", "entities": {"certification": ["cpc", "gone"], "colour": ["red"]}}}


@pytest.mark.parametrize(("since", "remembered"), [(1, True), (5, True), (6, False)])
def test_turns_in_play_is_forgotten_after_five_messages(make_tracker, knowledge, since, remembered):
    tracker = make_tracker("ask_pay", earlier=[USER, SET, *[USER] * (since - 1)])
    tracker.slots["in_play"] = SET["value"]
    expected = Asked("exam_cost", {"certification": ["cpc"]})
    assert in_play(tracker, knowledge) == (expected if remembered else None)


def test_turns_in_play_of_a_topic_that_is_gone_is_nothing(make_tracker, knowledge):
    tracker = make_tracker("ask_pay", earlier=[USER, SET])
    tracker.slots["in_play"] = {"topic": "gone", "entities": {}}
    assert in_play(tracker, knowledge) is None


@pytest.mark.parametrize(
    ("earlier", "misses"),
    [
        ([], 0),
        ([USER, UNCLEAR, LISTEN], 1),
        ([USER, DECLINED, CONTACT, LISTEN], 1),
        ([USER, SORRY, LISTEN], 1),
        ([USER, BOT, LISTEN], 0),
        ([USER, UNCLEAR, LISTEN, USER, BOT, LISTEN], 0),
        ([USER, BOT, LISTEN, USER, UNCLEAR, LISTEN], 1),
        ([USER, UNCLEAR, LISTEN, USER, DECLINED, LISTEN, USER, SORRY, LISTEN], 3),
        ([USER, UNCLEAR, LISTEN, USER, NO, BOT, LISTEN], 1),
        ([USER, UNCLEAR, LISTEN, USER, YES, BOT, LISTEN, USER, DECLINED, LISTEN], 2),
        ([USER, UNCLEAR, LISTEN, USER, YES, LISTEN, USER, BOT, LISTEN], 0),
        ([USER, NO, BOT, LISTEN], 0),
        ([USER, UNCLEAR, LISTEN, RESTART, LISTEN], 0),
        ([USER, UNCLEAR, LISTEN, NEW_SESSION, LISTEN], 0),
        ([NEW_SESSION, LISTEN, USER, UNCLEAR, LISTEN], 1),
        ([USER, LISTEN], 0),
    ],
    ids=[
        "first message",
        "unclear",
        "declined",
        "wrong",
        "answered",
        "miss before an answer",
        "miss after an answer",
        "three",
        "a no does not interrupt",
        "a yes does not interrupt",
        "a yes that led to an answer does",
        "a no alone",
        "restarted since",
        "new session since",
        "session began before",
        "silence",
    ],
)
def test_turns_misses_in_a_row(make_tracker, earlier, misses):
    assert misses_in_a_row(make_tracker("nlu_fallback", earlier=earlier)) == misses


@pytest.mark.parametrize("running", [UNCLEAR, DECLINED])
def test_turns_misses_in_a_row_does_not_count_this_turn(make_tracker, running):
    tracker = make_tracker("nlu_fallback", earlier=[USER, BOT, LISTEN])
    tracker.events.append(running)
    assert misses_in_a_row(tracker) == 0


def test_turns_every_miss_is_a_reply_of_the_domain():
    replies = strict_yaml.read(ROOT / "domain.yml").content["responses"]
    assert [miss for miss in MISSES if not any(reply.startswith(miss) for reply in replies)] == []


def said(*titles):
    return {"event": "bot", "text": "y", "data": {"buttons": [{"title": title, "payload": f"/{title}"} for title in titles] or None}}


@pytest.mark.parametrize(
    ("earlier", "titles"),
    [
        ([], []),
        ([said("first_words")], []),
        ([USER, said("a", "b"), LISTEN], ["a", "b"]),
        ([USER, said(), LISTEN], []),
        ([USER, said("a"), said("b"), LISTEN], ["b"]),
        ([USER, said("a"), said(), LISTEN], []),
        ([USER, said("a"), LISTEN, USER, said("b"), LISTEN], ["b"]),
        ([USER, said("a"), LISTEN, USER, LISTEN], []),
        ([USER, said("a"), LISTEN, NEW_SESSION, LISTEN], []),
    ],
    ids=[
        "nothing",
        "before any message",
        "two",
        "none",
        "the last message's",
        "the last message has none",
        "the last turn's",
        "nothing said in it",
        "new session since",
    ],
)
def test_turns_offered(make_tracker, earlier, titles):
    assert [button["title"] for button in offered(make_tracker("affirm", earlier=earlier))] == titles
