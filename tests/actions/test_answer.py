"""The action that answers career questions."""

from __future__ import annotations

import pytest

from actions.answer import ActionAnswerQuestion
from bot import knowledge as knowledge_module
from bot import settings
from bot.knowledge import KnowledgeFile


@pytest.fixture
def tiny(write_knowledge, monkeypatch):
    """Puts the tiny knowledge in force."""
    file = KnowledgeFile(write_knowledge())
    monkeypatch.setattr(knowledge_module, "in_force", lambda: file)
    return file


@pytest.fixture
def site(monkeypatch):
    """Puts settings in force by which no figure is dated, whenever the test runs."""
    site = settings.load().copy(update={"figures_dated_after_years": 1000})
    monkeypatch.setattr(settings, "in_force", lambda: site)
    return site


@pytest.fixture
def ask(tiny, site, dispatcher, make_tracker):
    def run(intent, entities=None):
        ActionAnswerQuestion().run(dispatcher, make_tracker(intent, entities), {})
        (message,) = dispatcher.messages
        return message

    return run


RELATED = [{"title": "Yearly pay", "payload": "/ask_pay"}, {"title": "Advice", "payload": "/ask_advice"}]
BASE = "$399 for the CPC exam and $299 for the CCA exam.\nSources: coding guide (2025); coding blog (2021)"
CPC = "Expect $399 for the CPC.\nSource: coding guide (2025)"
CCA = "Plan $299 for the CCA.\nSource: coding blog (2021)"


def test_answer_name():
    assert ActionAnswerQuestion().name() == "action_answer_question"


@pytest.mark.parametrize(
    ("entities", "text"),
    [
        ([], BASE),
        ([("certification", "cpc")], CPC),
        ([("certification", "cca")], CCA),
        ([("certification", "cca"), ("certification", "cpc")], BASE),
        ([("certification", "gone")], BASE),
        ([("certification", "gone"), ("certification", "cca")], CCA),
        ([("colour", "red")], BASE),
        ([("colour", "red"), ("certification", "cpc")], CPC),
        ([("certification", "ctr")], "I have nothing on this for the Certified Tumor Registrar (CTR) in particular, but in general: " + BASE),
    ],
    ids=["none", "CPC", "CCA", "both", "unknown value", "unknown value and CCA", "unknown entity", "unknown entity and CPC", "nothing on it"],
)
def test_answer_text_and_buttons(ask, entities, text):
    message = ask("ask_exam_cost", entities)
    assert (message["text"], message["buttons"], message["response"]) == (text, RELATED, None)


def test_answer_topic_without_related_has_no_buttons(ask):
    message = ask("ask_advice")
    assert (message["text"], message["buttons"]) == ("Ask people who code with ICD-10.\nSource: how-to (undated)", [])


@pytest.mark.parametrize("intent", ["ask_gone", "greet", None])
def test_answer_topic_that_is_gone_says_so(ask, intent):
    message = ask(intent)
    assert (message["text"], message["response"], message["buttons"]) == (None, "utter_topic_gone", [])


def test_answer_changed_file_is_in_force_at_the_next_question(ask, write_knowledge):
    write_knowledge(("value: 399", "value: 1425"))
    assert ask("ask_exam_cost", [("certification", "cpc")])["text"] == "Expect $1,425 for the CPC.\nSource: coding guide (2025)"


def test_answer_broken_file_leaves_the_old_answer(ask, write_knowledge):
    write_knowledge(("value: 399", "value: none of your business"))
    assert ask("ask_exam_cost", [("certification", "cpc")])["text"] == CPC


def test_answer_topic_taken_out_of_the_file_is_gone(ask, write_knowledge):
    write_knowledge(("  advice:\n", "  hints:\n"), ("[pay, advice]", "[pay]"))
    assert ask("ask_advice")["response"] == "utter_topic_gone"


def test_answer_marks_figures_dated_by_the_site(tiny, dispatcher, make_tracker, monkeypatch):
    site = settings.load().copy(update={"figures_dated_after_years": 1})
    monkeypatch.setattr(settings, "in_force", lambda: site)
    ActionAnswerQuestion().run(dispatcher, make_tracker("ask_exam_cost", [("certification", "cca")]), {})
    assert dispatcher.messages[0]["text"] == "Plan $299 for the CCA.\nSource: coding blog (2021; dated)"


@pytest.mark.parametrize("topic", knowledge_module.load().topics)
def test_answer_real_topic_ends_in_one_source_line(knowledge, dispatcher, make_tracker, topic):
    (kept,) = ActionAnswerQuestion().run(dispatcher, make_tracker(f"ask_{topic}"), {})
    assert (kept["name"], kept["value"]) == ("in_play", {"topic": topic, "entities": {}})
    (message,) = dispatcher.messages
    lines = message["text"].split("\n")
    assert [line.startswith(("Source: ", "Sources: ")) for line in lines] == [False, True]
    assert {button["payload"].removeprefix("/ask_") for button in message["buttons"]} <= set(knowledge.topics)
