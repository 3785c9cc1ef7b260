"""The actions of the advice: what is asked, which answers are taken from a message, the pathway, and its change."""

from __future__ import annotations

import pytest
from rasa_sdk import Tracker

from actions import advise
from actions.advise import ActionAdvise, ActionAskAdviceAim, ActionAskAdviceSchooling, ActionAskAdviceTime, ActionChangeAdvice, ValidateAdviceForm
from bot import knowledge as knowledge_module
from bot import settings
from bot.knowledge import KnowledgeFile

SLOTS = ("advice_schooling", "advice_time", "advice_aim")
SLOW = (
    "The slow way\nI suggest this because you have time. Asking around takes time.\n1. Ask: Ask everybody.\n2. Pay: Pay $299.\nCost: $399 or less\n"
    "No length is known. Nobody promises a job.\nSources: coding guide (2025); coding blog (2021); how-to (undated)"
)


@pytest.fixture(autouse=True)
def tiny(write_knowledge, monkeypatch):
    """Puts the tiny knowledge in force, and settings by which no figure is dated."""
    file = KnowledgeFile(write_knowledge(sections=True))
    monkeypatch.setattr(knowledge_module, "in_force", lambda: file)
    site = settings.load().copy(update={"figures_dated_after_years": 1000})
    monkeypatch.setattr(settings, "in_force", lambda: site)


@pytest.fixture
def at(make_tracker):
    """Builds a tracker with a message, the question that is asked, the slots, and the actions after the message."""

    def build(
        text: str, asked: str | None = None, intent: str = "nlu_fallback", confidence: float = 0.9, after: tuple[str, ...] = (), **slots: str
    ) -> Tracker:
        tracker = make_tracker(intent)
        tracker.latest_message["text"] = text
        tracker.latest_message["intent"]["confidence"] = confidence
        tracker.slots = {"requested_slot": f"advice_{asked}" if asked else None, **slots}
        tracker.events += [{"event": "action", "name": name} for name in after]
        return tracker

    return build


def values(events: list[dict]) -> dict[str, str | None]:
    assert all(event["event"] == "slot" for event in events)
    return {event["name"]: event["value"] for event in events}


# What is taken from a message


def test_validate_name_is_that_of_the_form():
    assert ValidateAdviceForm().name() == "validate_advice_form"


def test_validate_opening_takes_what_is_said_and_forgets_an_earlier_advice(dispatcher, at):
    tracker = at("school, no rush please", after=(advise.FORM,), advice_schooling="work", advice_aim="home")
    assert values(ValidateAdviceForm().run(dispatcher, tracker, {})) == {
        "advice_schooling": "school", "advice_time": "later", "advice_aim": None, "advice_missed": None,
    }  # fmt: skip


def test_validate_opening_by_a_button_asks_everything(dispatcher, at):
    assert set(values(ValidateAdviceForm().run(dispatcher, at("/request_advice", advice_aim="home"), {})).values()) == {None}


@pytest.mark.parametrize(
    ("text", "asked", "slots"),
    [
        ("school", "schooling", {"advice_schooling": "school"}),
        ("evening class", "schooling", {"advice_schooling": "school"}),
        ("Later", "time", {"advice_time": "later"}),
        ("in 20 months", "time", {"advice_time": "later"}),
        ("skip", "time", {"advice_time": "unsure"}),
        ("home", "aim", {"advice_aim": "home"}),
        ("any job, and I am a nurse", "aim", {"advice_schooling": "work", "advice_aim": "job"}),
        ("actually I am a nurse", "aim", {"advice_schooling": "work"}),
    ],
)
def test_validate_takes_answers(dispatcher, at, text, asked, slots):
    assert values(ValidateAdviceForm().run(dispatcher, at(text, asked), {})) == slots
    assert dispatcher.messages == []


@pytest.mark.parametrize(
    ("text", "intent", "confidence"),
    [
        ("what does it pay", "ask_pay", 0.4),
        ("can I work from home?", "ask_pay", 0.9),
        ("exam fee", "ask_exam_cost", 0.9),
        ("stop it", "cancel", 0.9),
        ("hi there", "greet", 0.9),
        ("who won the game", "oos_general", 0.9),
        ("/ask_pay", "ask_pay", 1.0),
        ("I want to die", "crisis", 0.9),
    ],
)
def test_validate_leaves_other_requests_to_the_rules(dispatcher, at, text, intent, confidence):
    assert ValidateAdviceForm().run(dispatcher, at(text, "aim", intent, confidence), {}) == []
    assert dispatcher.messages == []


@pytest.mark.parametrize(
    ("text", "intent", "confidence"),
    [("hm", "nlu_fallback", 0.3), ("yes", "affirm", 0.9), ("no", "deny", 0.9), ("xyzzy", "oos_gibberish", 0.9), ("I sell cars", "oos_other_career", 0.9), ("purple", "ask_pay", 0.4)],
)  # fmt: skip
def test_validate_says_that_a_reply_was_not_understood_once(dispatcher, at, text, intent, confidence):
    assert values(ValidateAdviceForm().run(dispatcher, at(text, "time", intent, confidence), {})) == {"advice_time": None, "advice_missed": "time"}
    assert [message["response"] for message in dispatcher.messages] == ["utter_advice_not_understood"]


def test_validate_leaves_a_question_open_at_the_second_miss(dispatcher, at):
    assert values(ValidateAdviceForm().run(dispatcher, at("hm", "time", advice_missed="time"), {})) == {"advice_time": "unsure"}
    assert [message["response"] for message in dispatcher.messages] == ["utter_advice_left_open"]


def test_validate_counts_misses_of_each_question_apart(dispatcher, at):
    assert values(ValidateAdviceForm().run(dispatcher, at("hm", "aim", advice_missed="time"), {})) == {"advice_aim": None, "advice_missed": "aim"}


def test_validate_does_not_take_a_message_again_that_was_replied_to(dispatcher, at):
    tracker = at("home", "aim", "ask_pay", after=("action_answer_question", advise.FORM))
    assert ValidateAdviceForm().run(dispatcher, tracker, {}) == []


# What is asked


@pytest.mark.parametrize(
    ("action", "name", "question", "titles"),
    [
        (ActionAskAdviceSchooling, "action_ask_advice_schooling", "What did you learn?", ["School", "Work", "Not sure"]),
        (ActionAskAdviceTime, "action_ask_advice_time", "How soon?", ["Soon", "Later", "Not sure"]),
        (ActionAskAdviceAim, "action_ask_advice_aim", "What for?", ["A job", "Home", "Not sure"]),
    ],
)
def test_ask_has_a_button_for_each_answer(dispatcher, at, action, name, question, titles):
    assert action().name() == name
    assert action().run(dispatcher, at("x", "schooling", after=(advise.FORM,)), {}) == []
    (message,) = dispatcher.messages
    assert (message["text"], [button["title"] for button in message["buttons"]]) == (question, titles)
    assert all(button["payload"] == button["title"] for button in message["buttons"])


@pytest.mark.parametrize(
    ("asked", "after", "before"),
    [(None, (advise.FORM,), "utter_advice_start"), ("time", ("action_answer_question", advise.FORM), "utter_advice_back"), ("time", (advise.FORM,), None)],
    ids=["first", "after another answer", "next"],
)  # fmt: skip
def test_ask_says_why_it_asks(dispatcher, at, asked, after, before):
    ActionAskAdviceTime().run(dispatcher, at("x", asked, after=after), {})
    assert [message["response"] for message in dispatcher.messages if message["response"]] == [before] * bool(before)


# The pathway


def test_advise_utters_the_pathway_and_puts_its_topic_in_play(dispatcher, at):
    events = ActionAdvise().run(dispatcher, at("no rush", advice_schooling="school", advice_time="later", advice_aim="unsure"), {})
    (message,) = dispatcher.messages
    assert (message["text"], message["custom"]) == (SLOW, {})
    assert [button["payload"] for button in message["buttons"]] == ["/ask_exam_cost", "/ask_advice", "/request_advice"]
    assert values(events) == {"in_play": {"topic": "pay", "entities": {}}}


def test_advise_takes_what_was_never_asked_as_open(dispatcher, at):
    ActionAdvise().run(dispatcher, at("x"), {})
    assert dispatcher.messages[0]["text"].startswith("The usual way\nMost people ask.")


def test_advise_on_the_widget_has_a_card(dispatcher, at):
    tracker = at("x", advice_time="later")
    tracker.events[-1]["input_channel"] = "widget"
    ActionAdvise().run(dispatcher, tracker, {})
    assert (dispatcher.messages[0]["custom"]["card"], dispatcher.messages[0]["custom"]["title"]) == ("pathway", "The slow way")


def test_change_advice_keeps_the_new_answer_and_utters_the_new_pathway(dispatcher, at):
    given = {"advice_schooling": "school", "advice_time": "soon", "advice_aim": "job"}
    events = ActionChangeAdvice().run(dispatcher, at("what if there was no rush", intent="deny", **given), {})
    assert dispatcher.messages[0]["text"] == SLOW
    assert values(events) == {"advice_time": "later", "in_play": {"topic": "pay", "entities": {}}}


def test_change_advice_that_changes_nothing_says_so(dispatcher, at):
    given = {"advice_schooling": "school", "advice_time": "soon", "advice_aim": "job"}
    events = ActionChangeAdvice().run(dispatcher, at("actually I am a nurse", **given), {})
    (message,) = dispatcher.messages
    assert (message["response"], message["title"], message["text"]) == ("utter_advice_unchanged", "The usual way", None)
    assert values(events) == {"advice_schooling": "work"}


def test_actions_have_the_slots_of_the_domain():
    assert tuple(advise.SLOTS.values()) == SLOTS
