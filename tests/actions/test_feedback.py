"""What a visitor says of an answer."""

from __future__ import annotations

import asyncio

import pytest

from actions.feedback import ActionNoteHelpful, ActionOfferOtherTopics, last_answered_turn
from bot import knowledge, store
from bot.store import Store, StoreError

LISTEN = {"event": "action", "name": "action_listen"}
IN_PLAY = {"event": "slot", "name": "in_play", "value": {"topic": "pay", "entities": {}}}
PAY = {"title": "Yearly pay", "payload": "/ask_pay"}
FEES = {"title": "Exam fees", "payload": "/ask_exam_cost"}
ADVICE = {"title": "Advice", "payload": "/ask_advice"}
PERSON = {"title": "Talk to a person", "payload": "/request_human"}


def question(text="what do they earn", ranking=(), message_id="m1"):
    ranked = [{"name": name, "confidence": confidence} for name, confidence in ranking]
    parsed = {"intent": {"name": "ask_pay", "confidence": 0.7}, "intent_ranking": ranked}
    return {"event": "user", "text": text, "message_id": message_id, "timestamp": 1.5, "parse_data": parsed}


def answered(**asked):
    return [question(**asked), {"event": "action", "name": "action_answer_question"}, IN_PLAY, {"event": "bot", "text": "..."}, LISTEN]


WRONG = [{"event": "user", "text": "wrong"}, {"event": "action", "name": "action_offer_other_topics"}, {"event": "bot", "text": "..."}, LISTEN]


@pytest.fixture(autouse=True)
def tiny(monkeypatch, write_knowledge):
    class InForce:
        current = knowledge.load(write_knowledge())

    monkeypatch.setattr(knowledge, "in_force", InForce)


@pytest.fixture
def kept(tmp_path, monkeypatch) -> Store:
    kept = Store(f"sqlite:///{tmp_path / 'test.db'}")
    monkeypatch.setattr(store, "in_force", lambda: kept)
    return kept


@pytest.fixture
def run(dispatcher, make_tracker):
    def run(action, earlier):
        assert asyncio.run(action().run(dispatcher, make_tracker("wrong_answer", earlier=earlier), {})) == []
        return [(message["response"], message["buttons"]) for message in dispatcher.messages]

    return run


@pytest.mark.parametrize(("action", "name"), [(ActionNoteHelpful, "action_note_helpful"), (ActionOfferOtherTopics, "action_offer_other_topics")])
def test_feedback_action_names(action, name):
    assert action().name() == name


def test_feedback_helpful_is_kept_with_topic_and_wording(run, kept):
    assert run(ActionNoteHelpful, answered()) == [("utter_glad", [])]
    assert [(one.conversation, one.answer, one.topic, one.wording, one.helpful) for one in kept.feedback()] == [
        ("visitor", "m1", "pay", "what do they earn", True)
    ]


def test_feedback_wrong_is_kept_with_topic_and_wording_and_as_a_question(run, kept):
    run(ActionOfferOtherTopics, answered())
    assert [(one.answer, one.topic, one.wording, one.helpful) for one in kept.feedback()] == [("m1", "pay", "what do they earn", False)]
    assert [(one.wording, one.outcome, one.intent, one.confidence) for one in kept.questions()] == [("what do they earn", "wrong", "ask_pay", 0.7)]


def test_feedback_last_word_on_an_answer_counts(run, kept):
    run(ActionNoteHelpful, answered())
    run(ActionOfferOtherTopics, answered())
    assert [one.helpful for one in kept.feedback()] == [False]


def test_feedback_on_a_message_without_id_tells_answers_apart(run, kept):
    run(ActionNoteHelpful, answered(message_id=None))
    assert [one.answer for one in kept.feedback()] == ["1.5"]


@pytest.mark.parametrize(
    "earlier",
    [
        [],
        [question(), {"event": "action", "name": "utter_greet"}, LISTEN],
        [*answered(), {"event": "user", "text": "hi"}, {"event": "action", "name": "utter_greet"}, LISTEN],
        [*answered(), {"event": "session_started"}, LISTEN],
        [*answered(), {"event": "restart"}, LISTEN],
    ],
    ids=["first message", "no answer", "small talk since", "new session since", "restarted since"],
)
def test_feedback_on_no_answer_is_not_kept(run, kept, make_tracker, earlier):
    assert last_answered_turn(make_tracker("helpful_answer", earlier=earlier)) is None
    assert run(ActionNoteHelpful, earlier) == [("utter_glad", [])]
    assert run(ActionOfferOtherTopics, earlier)[1:] == [("utter_sorry_rephrase", [PERSON])]
    assert kept.feedback() == [] and kept.questions() == []


@pytest.mark.parametrize(
    ("ranking", "buttons"),
    [
        ([("ask_pay", 0.7), ("ask_advice", 0.1), ("ask_exam_cost", 0.05)], [ADVICE, FEES]),
        ([("ask_exam_cost", 0.4), ("ask_pay", 0.3), ("greet", 0.1), ("ask_gone", 0.1)], [FEES]),
        ([("ask_pay", 0.7), ("ask_advice", 0.009)], [FEES]),
        ([], [FEES]),
    ],
    ids=["nearest first, without the one answered", "talk and topics that are gone are none", "too unlikely: those beside it", "a button"],
)
def test_feedback_wrong_offers_the_nearest_other_topics(run, kept, ranking, buttons):
    assert run(ActionOfferOtherTopics, answered(ranking=ranking)) == [("utter_sorry_others", [*buttons, PERSON])]


def test_feedback_wrong_twice_in_a_row_gives_the_contact(run, kept):
    assert [response for response, _ in run(ActionOfferOtherTopics, [*answered(), *WRONG])] == ["utter_no_answer", "utter_contact"]


def test_feedback_wrong_again_after_another_answer_offers_again(run, kept):
    assert run(ActionOfferOtherTopics, [*answered(), *WRONG, *answered()])[0][0] == "utter_sorry_others"


@pytest.mark.parametrize("action", [ActionNoteHelpful, ActionOfferOtherTopics])
def test_feedback_without_database_is_answered_all_the_same(run, monkeypatch, action):
    def broken():
        raise StoreError("The database is gone.")

    monkeypatch.setattr(store, "in_force", broken)
    assert run(action, answered())[0][0] in ("utter_glad", "utter_sorry_others")
