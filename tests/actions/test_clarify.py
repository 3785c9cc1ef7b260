"""The actions for what was not understood or is out of scope, and for a yes or no to what they offered."""

from __future__ import annotations

import asyncio
import threading

import pytest

from actions import keep
from actions.clarify import PAY_OFFERED, PAY_TOPICS, ActionAcceptOffer, ActionClarify, ActionDecline, ActionRefuseOffer
from bot import knowledge as knowledge_module
from bot import store, strict_yaml
from bot.knowledge import ROOT, KnowledgeFile
from bot.store import Store, StoreError

PERSON = {"title": "Talk to a person", "payload": "/request_human"}
CALL_ME = {"title": "Have someone call me", "payload": "/request_contact"}
CAPABILITIES = {"title": "What I can answer", "payload": "/bot_capabilities"}
FEES, PAY, ADVICE, SALARY, PAY_FACTORS = (
    {"title": "Exam fees", "payload": "/ask_exam_cost"},
    {"title": "Yearly pay", "payload": "/ask_pay"},
    {"title": "Advice", "payload": "/ask_advice"},
    {"title": "salary", "payload": "/ask_salary"},
    {"title": "pay_factors", "payload": "/ask_pay_factors"},
)
OUT_OF_SCOPE = [
    "oos_other_career",
    "oos_code_lookup",
    "oos_college",
    "oos_medical",
    "oos_not_in_sources",
    "oos_general",
    "oos_language",
    "oos_gibberish",
]
WITH_NEAR = {"oos_other_career": 0.02, "oos_college": 0.1, "oos_not_in_sources": 0.02}  # the least confidence of a topic that is offered


def turn(action, *buttons, reply=None):
    return [
        {"event": "user", "text": "x"},
        {"event": "action", "name": action},
        {"event": "bot", "text": "y", "data": {"buttons": list(buttons) or None}, "metadata": {"utter_action": reply}},
        {"event": "action", "name": "action_listen"},
    ]


MISSED, DECLINED = turn("action_clarify", PERSON, reply="utter_which_topic"), turn("action_decline", PERSON, reply="utter_decline_abuse")


@pytest.fixture(autouse=True)
def tiny(write_knowledge, monkeypatch):
    more_topics = "".join(
        f"  {name}:\n    question: Is it {name}?\n    label: {name}\n    answer: x\n    facts: [fees_differ]\n" for name in ("more_a", *PAY_TOPICS)
    )
    file = KnowledgeFile(write_knowledge(("topics:\n", f"topics:\n{more_topics}")))
    monkeypatch.setattr(knowledge_module, "in_force", lambda: file)


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch) -> Store:
    kept = Store(f"sqlite:///{tmp_path / 'test.db'}")
    monkeypatch.setattr(store, "in_force", lambda: kept)
    return kept


def result(action, *arguments):
    """Returns what an action returns."""
    returned = action().run(*arguments, {})
    return asyncio.run(returned) if asyncio.iscoroutine(returned) else returned


@pytest.fixture
def run(dispatcher, make_tracker):
    def uttered(action, intent, distress=False, **tracker):
        seen = make_tracker(intent, **tracker)
        seen.slots["in_distress"] = distress
        assert result(action, dispatcher, seen) == []
        assert all(message["text"] is None for message in dispatcher.messages)
        return [(message["response"], message["buttons"]) for message in dispatcher.messages]

    return uttered


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (ActionClarify, "action_clarify"),
        (ActionDecline, "action_decline"),
        (ActionAcceptOffer, "action_accept_offer"),
        (ActionRefuseOffer, "action_refuse_offer"),
    ],
)
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
        ([("ask_gone", 0.4), ("ask_pay", 0.3), ("ask_advice", 0.3)], [PAY, ADVICE]),
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


def test_clarify_asks_about_the_only_topic_by_its_question(run, dispatcher):
    assert run(ActionClarify, "nlu_fallback", ranking=[("ask_gone", 0.4), ("ask_pay", 0.3)]) == [("utter_this_topic", [PAY, PERSON])]
    assert dispatcher.messages[0]["question"] == "What does a coder earn?"


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
    assert result(ActionClarify, dispatcher, tracker) == []
    assert [(message["response"], message["buttons"]) for message in dispatcher.messages] == [("utter_please_rephrase", [PERSON])]


@pytest.mark.parametrize("earlier", [MISSED, DECLINED], ids=["clarified", "declined"])
def test_clarify_second_miss_gives_the_contact(run, earlier):
    assert run(ActionClarify, "nlu_fallback", ranking=[("ask_pay", 0.4)], earlier=earlier) == [("utter_no_answer", []), ("utter_contact", [])]


@pytest.mark.parametrize("between", [[], turn("action_refuse_offer", PERSON)], ids=["at once", "after a no"])
@pytest.mark.parametrize("before", [2, 3, 9])
def test_clarify_from_the_third_miss_on_stays_short(run, before, between):
    said = run(ActionClarify, "nlu_fallback", ranking=[("ask_pay", 0.4)], earlier=MISSED * before + between)
    assert said == [("utter_still_unclear", [CAPABILITIES, PERSON])]


@pytest.mark.parametrize("ranking", [[], [("ask_gone", 0.4)]], ids=["none", "topic is gone"])
@pytest.mark.parametrize("intent", OUT_OF_SCOPE)
def test_clarify_decline_in_its_own_words_and_offers_a_person(run, intent, ranking):
    assert run(ActionDecline, intent, ranking=[(intent, 0.6), *ranking]) == [(f"utter_decline_{intent}", [PERSON])]


@pytest.mark.parametrize(("intent", "least"), WITH_NEAR.items())
def test_clarify_decline_offers_the_two_nearest_topics(run, intent, least):
    ranking = [(intent, 0.3), ("ask_gone", 0.2), ("ask_advice", 0.2), ("ask_exam_cost", least), ("ask_pay", least)]
    assert run(ActionDecline, intent, ranking=ranking) == [(f"utter_decline_{intent}", []), ("utter_near_topics", [ADVICE, FEES, PERSON])]


@pytest.mark.parametrize(("intent", "least"), WITH_NEAR.items())
def test_clarify_decline_offers_the_only_near_topic_by_its_question(run, dispatcher, intent, least):
    said = run(ActionDecline, intent, ranking=[(intent, 0.9), ("ask_exam_cost", least), ("ask_pay", least - 0.001)])
    assert said == [(f"utter_decline_{intent}", []), ("utter_near_topic", [FEES, PERSON])]
    assert dispatcher.messages[1]["question"] == "What does the exam cost?"


@pytest.mark.parametrize("intent", sorted(set(OUT_OF_SCOPE) - set(WITH_NEAR)))
def test_clarify_decline_offers_no_topic_where_none_can_be_near(run, intent):
    assert run(ActionDecline, intent, ranking=[(intent, 0.6), ("ask_pay", 0.4)]) == [(f"utter_decline_{intent}", [PERSON])]


@pytest.mark.parametrize("nearest", PAY_TOPICS)
def test_clarify_decline_of_pay_in_one_place_says_what_is_known(run, nearest):
    said = run(ActionDecline, "oos_not_in_sources", ranking=[("oos_not_in_sources", 0.9), (f"ask_{nearest}", 0.05), ("ask_exam_cost", 0.04)])
    assert said == [("utter_decline_oos_not_in_sources_pay", []), ("utter_near_topics", [SALARY, PAY_FACTORS, PERSON])]


def test_clarify_decline_of_another_career_never_speaks_of_pay_in_one_place(run):
    said = run(ActionDecline, "oos_other_career", ranking=[("oos_other_career", 0.9), ("ask_salary", 0.05)])
    assert said == [("utter_decline_oos_other_career", []), ("utter_near_topic", [SALARY, PERSON])]


def test_clarify_pay_topics_are_in_the_real_knowledge(knowledge):
    assert set(PAY_OFFERED) <= set(PAY_TOPICS) <= set(knowledge.topics)


@pytest.mark.parametrize("earlier", [MISSED, DECLINED], ids=["clarified", "declined"])
@pytest.mark.parametrize("intent", OUT_OF_SCOPE)
def test_clarify_decline_second_miss_gives_the_contact(run, intent, earlier):
    assert run(ActionDecline, intent, earlier=earlier) == [(f"utter_decline_{intent}", []), ("utter_contact", [])]


def test_clarify_decline_second_miss_gives_the_contact_and_what_is_near(run):
    said = run(ActionDecline, "oos_college", ranking=[("ask_exam_cost", 0.1)], earlier=DECLINED)
    assert said == [("utter_decline_oos_college", []), ("utter_contact", [FEES])]


@pytest.mark.parametrize("intent", OUT_OF_SCOPE)
def test_clarify_decline_third_miss_offers_a_person_again(run, intent):
    assert run(ActionDecline, intent, earlier=DECLINED * 2) == [(f"utter_decline_{intent}", [PERSON])]


def test_clarify_decline_gives_the_emergency_number(run, dispatcher):
    run(ActionDecline, "oos_medical")
    assert dispatcher.messages[0]["emergency"] == "911"


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        ([], ("utter_decline_abuse", [])),
        (turn("action_answer_question"), ("utter_decline_abuse", [])),
        (DECLINED, ("utter_decline_abuse_again", [PERSON])),
        (DECLINED * 4, ("utter_decline_abuse_again", [PERSON])),
    ],
    ids=["once", "after an answer", "again", "and again"],
)
def test_clarify_abuse_is_answered_calmly_then_shortly(run, earlier, said):
    assert run(ActionDecline, "abuse", ranking=[("ask_pay", 0.5)], earlier=earlier) == [said]


@pytest.mark.parametrize("action", [ActionClarify, ActionDecline, ActionAcceptOffer, ActionRefuseOffer])
@pytest.mark.parametrize(
    "earlier", [turn("action_refer_crisis"), turn("action_refer_crisis") + DECLINED, MISSED], ids=["at once", "later", "offered"]
)
def test_clarify_after_distress_is_nothing_but_care(run, dispatcher, action, earlier):
    assert run(action, "abuse", ranking=[("ask_pay", 0.9)], earlier=earlier, distress=True) == [("utter_care", [])]
    assert "988" in dispatcher.messages[0]["line"] and dispatcher.messages[0]["emergency"] == "911"


@pytest.mark.parametrize(
    ("offer", "payload"),
    [
        ([PAY, PERSON], "/ask_pay"),
        ([PERSON], "/request_human"),
        ([CALL_ME], "/request_contact"),
        ([CAPABILITIES, PERSON], "/bot_capabilities"),
        ([PERSON, FEES], "/ask_exam_cost"),
        ([CALL_ME, FEES, PAY], "/request_contact"),
    ],
    ids=["one topic", "a person", "a call", "what can be asked", "in any order", "a call, with topics beside it"],
)
def test_clarify_yes_to_one_thing_goes_on_as_if_its_button_was_pressed(dispatcher, make_tracker, offer, payload):
    tracker = make_tracker("affirm", earlier=turn("action_clarify", *offer))
    tracker.events[-1]["input_channel"] = "widget"
    listen, pressed = ActionAcceptOffer().run(dispatcher, tracker, {})
    assert (listen["event"], listen["name"], dispatcher.messages) == ("action", "action_listen", [])
    assert (pressed["event"], pressed["text"], pressed["input_channel"]) == ("user", payload, "widget")
    assert pressed["parse_data"]["intent"] == {"name": payload[1:], "confidence": 1.0}


@pytest.mark.parametrize("offer", [[PAY, FEES, PERSON], [PAY, FEES, ADVICE, PERSON]], ids=["two topics", "three"])
def test_clarify_yes_to_several_asks_which(run, offer):
    assert run(ActionAcceptOffer, "affirm", earlier=turn("action_clarify", *offer)) == [("utter_which_choice", offer)]


@pytest.mark.parametrize("earlier", [[], turn("utter_greet", PAY, FEES), turn("action_answer_question", FEES), turn("utter_bot")])
def test_clarify_yes_and_no_to_nothing_in_particular(run, dispatcher, earlier):
    assert run(ActionAcceptOffer, "affirm", earlier=earlier) == [("utter_ask_on", [])]
    dispatcher.messages.clear()
    assert run(ActionRefuseOffer, "deny", earlier=earlier) == [("utter_all_right", [])]


@pytest.mark.parametrize("offer", [[PAY, PERSON], [PAY, FEES, ADVICE, PERSON]], ids=["one", "three"])
def test_clarify_no_to_the_topics_asks_for_other_words(run, offer):
    assert run(ActionRefuseOffer, "deny", earlier=turn("action_clarify", *offer)) == [("utter_none_of_these", [PERSON])]


@pytest.mark.parametrize("offer", [[PERSON], [CALL_ME], [CALL_ME, FEES]], ids=["a person", "a call", "a call, with topics beside it"])
def test_clarify_no_to_a_person_is_fine(run, offer):
    assert run(ActionRefuseOffer, "deny", earlier=turn("action_decline", *offer)) == [("utter_all_right", [])]


@pytest.mark.parametrize("intent", [*OUT_OF_SCOPE, "abuse"])
def test_clarify_every_refusal_is_in_the_domain(intent):
    assert f"utter_decline_{intent}" in strict_yaml.read(ROOT / "domain.yml").content["responses"]


def questions(kept):
    return [(one.conversation, one.wording, one.outcome, one.intent, one.confidence) for one in kept.questions()]


def test_clarify_keeps_the_message_with_the_likeliest_intent(run, kept):
    run(ActionClarify, "nlu_fallback", ranking=[("nlu_fallback", 0.3), ("ask_pay", 0.25), ("greet", 0.2)])
    assert questions(kept) == [("visitor", "as typed", "clarified", "ask_pay", 0.25)]


@pytest.mark.parametrize("intent", [*OUT_OF_SCOPE, "abuse"])
def test_clarify_keeps_what_was_declined(run, kept, intent):
    run(ActionDecline, intent, ranking=[(intent, 0.8), ("ask_pay", 0.1)], earlier=DECLINED)
    assert questions(kept) == [("visitor", "as typed", "declined", intent, 0.8)]


def test_clarify_keeps_no_personal_data(make_tracker, dispatcher, kept):
    tracker = make_tracker("oos_college", ranking=[("oos_college", 0.8)])
    tracker.latest_message["text"] = "is there parking? ann@x.org, 212-555-0100"
    result(ActionDecline, dispatcher, tracker)
    assert [one.wording for one in kept.questions()] == ["is there parking? [e-mail address], [phone number]"]


@pytest.mark.parametrize("action", [ActionClarify, ActionDecline])
def test_clarify_keeps_nothing_written_in_distress_or_in_the_contact_form(run, make_tracker, dispatcher, kept, action):
    run(action, "oos_college", ranking=[("oos_college", 0.8)], distress=True)
    in_form = make_tracker("oos_college", ranking=[("oos_college", 0.8)])
    in_form.active_loop = {"name": "contact_form"}
    result(action, dispatcher, in_form)
    assert kept.questions() == []
    in_form.active_loop = {"name": "advice_form"}
    result(action, dispatcher, in_form)
    assert len(kept.questions()) == 1


def test_clarify_yes_and_no_are_no_questions(run, kept):
    for action in (ActionAcceptOffer, ActionRefuseOffer):
        run(action, "affirm", earlier=turn("action_clarify", PAY, FEES, PERSON))
    assert kept.questions() == []


@pytest.mark.parametrize("action", [ActionClarify, ActionDecline])
def test_clarify_without_database_is_answered_all_the_same(run, monkeypatch, action):
    def broken():
        raise StoreError("The database is gone.")

    monkeypatch.setattr(store, "in_force", broken)
    assert run(action, "oos_general")[0][1] == [PERSON]


@pytest.mark.parametrize("action", [ActionClarify, ActionDecline])
def test_clarify_does_not_wait_for_a_database_that_hangs(run, monkeypatch, action, caplog):
    answered = threading.Event()
    waited_for = []

    def hanging():
        waited_for.append(not answered.wait(20))
        raise StoreError("The database is locked.")

    monkeypatch.setattr(keep, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(store, "in_force", hanging)
    assert run(action, "oos_general")[0][1] == [PERSON]
    assert waited_for == []
    answered.set()
    assert "the visitor is answered without it" in caplog.text
