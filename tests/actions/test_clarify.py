"""The actions for what was not understood or is out of scope."""

from __future__ import annotations

import pytest

from actions.clarify import ActionClarify, ActionDecline
from bot import knowledge as knowledge_module
from bot import strict_yaml
from bot.knowledge import ROOT, KnowledgeFile

PERSON = {"title": "Talk to a person", "payload": "/request_human"}
FEES, PAY, ADVICE = (
    {"title": "Exam fees", "payload": "/ask_exam_cost"},
    {"title": "Yearly pay", "payload": "/ask_pay"},
    {"title": "Advice", "payload": "/ask_advice"},
)
MISSED = [{"event": "user", "text": "x"}, {"event": "action", "name": "action_clarify"}, {"event": "action", "name": "action_listen"}]
DECLINED = [{"event": "user", "text": "x"}, {"event": "action", "name": "action_decline"}, {"event": "action", "name": "action_listen"}]
OUT_OF_SCOPE = [
    "oos_other_career",
    "oos_code_lookup",
    "oos_college",
    "oos_medical",
    "oos_not_in_sources",
    "oos_general",
    "oos_language",
    "oos_gibberish",
    "abuse",
]


@pytest.fixture(autouse=True)
def tiny(write_knowledge, monkeypatch):
    more_topics = "".join(
        f"  more_{letter}:\n    question: q\n    label: More {letter}\n    answer: x\n    facts: [fees_differ]\n" for letter in "ab"
    )
    file = KnowledgeFile(write_knowledge(("topics:\n", f"topics:\n{more_topics}")))
    monkeypatch.setattr(knowledge_module, "in_force", lambda: file)


@pytest.fixture
def run(dispatcher, make_tracker):
    def uttered(action, intent, **tracker):
        assert action().run(dispatcher, make_tracker(intent, **tracker), {}) == []
        assert all(message["text"] is None for message in dispatcher.messages)
        return [(message["response"], message["buttons"]) for message in dispatcher.messages]

    return uttered


@pytest.mark.parametrize(("action", "name"), [(ActionClarify, "action_clarify"), (ActionDecline, "action_decline")])
def test_clarify_action_names(action, name):
    assert action().name() == name


@pytest.mark.parametrize(
    ("ranking", "choices"),
    [
        ([("ask_pay", 0.4), ("ask_exam_cost", 0.3), ("ask_advice", 0.2)], [PAY, FEES, ADVICE]),
        ([("ask_pay", 0.3), ("ask_advice", 0.2), ("ask_exam_cost", 0.2), ("ask_more_a", 0.1)], [PAY, ADVICE, FEES]),
        ([("nlu_fallback", 0.5), ("ask_pay", 0.2), ("ask_advice", 0.1)], [PAY, ADVICE]),
        ([("greet", 0.4), ("ask_pay", 0.2), ("oos_general", 0.2), ("ask_advice", 0.1)], [PAY, ADVICE]),
        ([("ask_pay", 0.3), ("ask_advice", 0.05), ("ask_exam_cost", 0.049)], [PAY, ADVICE]),
        ([("ask_gone", 0.4), ("ask_pay", 0.3)], [PAY]),
        ([("ask_gone", 0.3), ("ask_lost", 0.2), ("ask_pay", 0.2), ("ask_advice", 0.1), ("ask_exam_cost", 0.1)], [PAY, ADVICE, FEES]),
    ],
    ids=[
        "three",
        "at most three",
        "fallback is no topic",
        "talk is no topic",
        "too unlikely",
        "topic is gone",
        "topics that are gone leave their place",
    ],
)
def test_clarify_offers_the_nearest_topics_and_a_person(run, ranking, choices):
    assert run(ActionClarify, "nlu_fallback", ranking=ranking) == [("utter_which_topic", [*choices, PERSON])]


@pytest.mark.parametrize(
    "ranking",
    [[], [("nlu_fallback", 1.0)], [("ask_pay", 0.049)], [("ask_gone", 0.5)], [("greet", 0.9)]],
    ids=["no ranking", "fallback", "too unlikely", "topic is gone", "talk"],
)
def test_clarify_without_choice_asks_to_rephrase(run, ranking):
    assert run(ActionClarify, "nlu_fallback", ranking=ranking) == [("utter_please_rephrase", [PERSON])]


def test_clarify_without_intent_ranking_asks_to_rephrase(dispatcher, make_tracker):
    tracker = make_tracker("nlu_fallback")
    del tracker.latest_message["intent_ranking"]
    assert ActionClarify().run(dispatcher, tracker, {}) == []
    assert [(message["response"], message["buttons"]) for message in dispatcher.messages] == [("utter_please_rephrase", [PERSON])]


@pytest.mark.parametrize("earlier", [MISSED, DECLINED], ids=["clarified", "declined"])
def test_clarify_second_miss_gives_the_contact(run, earlier):
    assert run(ActionClarify, "nlu_fallback", ranking=[("ask_pay", 0.4)], earlier=earlier) == [("utter_no_answer", []), ("utter_contact", [])]


@pytest.mark.parametrize("intent", OUT_OF_SCOPE)
def test_clarify_decline_in_its_own_words_and_offers_a_person(run, intent):
    assert run(ActionDecline, intent, ranking=[(intent, 0.6), ("ask_pay", 0.4)]) == [(f"utter_decline_{intent}", [PERSON])]


@pytest.mark.parametrize("earlier", [MISSED, DECLINED], ids=["clarified", "declined"])
@pytest.mark.parametrize("intent", OUT_OF_SCOPE)
def test_clarify_decline_second_miss_gives_the_contact(run, intent, earlier):
    assert run(ActionDecline, intent, earlier=earlier) == [(f"utter_decline_{intent}", []), ("utter_contact", [])]


@pytest.mark.parametrize(
    "response",
    [
        "utter_which_topic",
        "utter_please_rephrase",
        "utter_no_answer",
        "utter_contact",
        "utter_topic_gone",
        *(f"utter_decline_{intent}" for intent in OUT_OF_SCOPE),
    ],
)
def test_clarify_response_is_in_the_domain_without_source_line(response):
    entries = strict_yaml.read(ROOT / "domain.yml").content["responses"][response]
    assert [entry["text"] for entry in entries if entry["text"].strip() and "Source" not in entry["text"]] == [entry["text"] for entry in entries]
