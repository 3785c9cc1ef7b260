"""The action that puts things side by side, and the comparison beside an answer on the widget."""

from __future__ import annotations

import pytest
from rasa_sdk import Tracker

from actions.answer import ActionAnswerQuestion
from actions.compare import ActionCompare
from bot import knowledge as knowledge_module
from bot import settings
from bot.knowledge import KnowledgeFile

TEXT = (
    "CPC and Associate, side by side:\nTalk - CPC and Associate: talk to people\nFee - CPC: $399 (2025); Associate: my sources do not say\n"
    "Sources: coding guide (2025); how-to (undated)"
)


@pytest.fixture(autouse=True)
def tiny(write_knowledge, monkeypatch):
    """Puts the tiny knowledge in force, and settings by which no figure is dated."""
    file = KnowledgeFile(write_knowledge(sections=True))
    monkeypatch.setattr(knowledge_module, "in_force", lambda: file)
    site = settings.load().copy(update={"figures_dated_after_years": 1000})
    monkeypatch.setattr(settings, "in_force", lambda: site)


def on_widget(tracker: Tracker) -> Tracker:
    tracker.events[-1]["input_channel"] = "widget"
    return tracker


def named(*values: str) -> list[tuple[str, str]]:
    return [("certification", value) for value in values]


def test_compare_name():
    assert ActionCompare().name() == "action_compare"


def test_compare_utters_text_and_buttons_and_puts_the_things_in_play(dispatcher, make_tracker):
    events = ActionCompare().run(dispatcher, make_tracker("compare", named("cpc", "cca")), {})
    (message,) = dispatcher.messages
    assert (message["text"], message["custom"]) == (TEXT, {})
    assert message["buttons"] == [{"title": "Yearly pay", "payload": "/ask_pay"}, {"title": "Advice", "payload": "/ask_advice"}]
    assert [(event["name"], event["value"]) for event in events] == [
        ("in_play", {"topic": "exam_cost", "entities": {"certification": ["cpc", "cca"]}})
    ]


def test_compare_on_the_widget_has_a_card(dispatcher, make_tracker):
    ActionCompare().run(dispatcher, on_widget(make_tracker("compare", named("cpc", "cca"))), {})
    (message,) = dispatcher.messages
    assert (message["text"], message["custom"]["card"], message["custom"]["columns"]) == (TEXT, "comparison", ["CPC", "Associate"])


def test_compare_puts_the_row_first_that_the_question_was_read_as(dispatcher, make_tracker):
    ActionCompare().run(dispatcher, make_tracker("compare", named("cpc", "cca"), [("compare", 1.0), ("greet", 0.3), ("ask_exam_cost", 0.2)]), {})
    assert dispatcher.messages[0]["text"].split("\n")[1].startswith("Fee - ")


@pytest.mark.parametrize("entities", [[], named("cpc"), named("cpc", "gone"), [("role", "biller"), ("colour", "red")]])
def test_compare_with_nothing_to_compare_says_what_can_be(dispatcher, make_tracker, entities):
    assert ActionCompare().run(dispatcher, make_tracker("compare", entities), {}) == []
    (message,) = dispatcher.messages
    assert (message["response"], message["text"]) == ("utter_nothing_to_compare", None)


def test_answer_that_tells_things_apart_has_them_side_by_side_on_the_widget(dispatcher, make_tracker):
    ActionAnswerQuestion().run(dispatcher, on_widget(make_tracker("ask_pay", named("cpc", "cca"))), {})
    answer, beside = dispatcher.messages
    assert answer["custom"]["card"] == "answer"
    assert (beside["text"], beside["custom"]["card"], beside["buttons"]) == (TEXT, "comparison", [])


@pytest.mark.parametrize(("intent", "entities"), [("ask_pay", named("cpc")), ("ask_advice", named("cpc", "cca"))], ids=["one named", "another topic"])
def test_other_answers_stand_alone_on_the_widget(dispatcher, make_tracker, intent, entities):
    ActionAnswerQuestion().run(dispatcher, on_widget(make_tracker(intent, entities)), {})
    assert len(dispatcher.messages) == 1


def test_answer_that_tells_things_apart_is_prose_elsewhere(dispatcher, make_tracker):
    ActionAnswerQuestion().run(dispatcher, make_tracker("ask_pay", named("cpc", "cca")), {})
    assert len(dispatcher.messages) == 1
