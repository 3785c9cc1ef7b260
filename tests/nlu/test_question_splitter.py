"""Where a message may hold several questions, and when it does."""

import pytest
from component_checks import TEXTS, Bench
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.question_splitter import PARTS, QuestionSplitter, clauses
from bot.nlu.several_questions_classifier import CLAUSE_CONFIDENCE_MIN, LIST_CONFIDENCE_MIN, QUESTIONS, SeveralQuestionsClassifier


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What does it pay? How long does it take?", ["What does it pay?", "How long does it take?"]),
        ("what does it pay and how long does it take", ["what does it pay", "how long does it take"]),
        ("how much is it, and can i do it online", ["how much is it", "can i do it online"]),
        ("how much is it also is it hard", ["how much is it", "is it hard"]),
        ("how much is it how long does it take", ["how much is it", "how long does it take"]),
        ("I am 40. Can I do this?\nwhat does it cost", ["I am 40.", "Can I do this?", "what does it cost"]),
        ("Is it growing? and is a job certain", ["Is it growing?", "is a job certain"]),
        ("thanks. so which one is better", ["thanks.", "which one is better"]),
        ("are there online programs? also should they be accredited", ["are there online programs?", "should they be accredited"]),
        ("are all jobs alike, or can you choose one field", ["are all jobs alike", "can you choose one field"]),
        ("what hours do coders work can i do it part time", ["what hours do coders work", "can i do it part time"]),
        ("is there an internship do you help find jobs", ["is there an internship", "do you help find jobs"]),
        ("salary and job outlook?", ["salary", "job outlook?"]),
        ("pay, hours & benefits", ["pay", "hours", "benefits"]),
    ],
)
def test_clauses_part_where_a_question_may_begin(text, expected):
    assert clauses(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "what is the difference between billing and coding",
        "do I need anatomy and physiology and math for this",
        "tell me what to do",
        "what happens when a coder makes a mistake",
        "do you know how I become one",
        "What determines how much a coder gets paid?",
        "does the state change how much I am paid",
        "how many hours a week do they work",
        "which certification should I take",
        "what kind of jobs can I get",
        "do you think it is something I can do",
        "what do I do if I can not pay for it",
        "how much money do you make in this job",
        "is it hard and stressful",
        "does the work change or is it always the same",
        "?",
        "",
    ],
)
def test_clauses_leave_one_question_whole(text):
    assert clauses(text) == [text]


@pytest.mark.parametrize("text", TEXTS)
def test_splitter_takes_any_text(text, tmp_path):
    message = Message.build(text)
    assert Bench(QuestionSplitter, tmp_path).create().process([message])[0] is message


def read(*parts: tuple[str, str, float], entities=()):
    """Returns a message, and its clauses as they were read: text, intent, confidence."""
    message = Message.build(" ".join(text for text, _, _ in parts))
    message.set("intent", {"name": "ask_whole", "confidence": 0.95})
    message.set("intent_ranking", [{"name": "ask_whole", "confidence": 0.95}])
    clauses = [Message({"text": text, "intent": {"name": intent, "confidence": confidence}}) for text, intent, confidence in parts]
    message.set(PARTS, clauses)
    return [message, *clauses]


def asked(tmp_path, *parts):
    messages = read(*parts)
    (message,) = Bench(SeveralQuestionsClassifier, tmp_path).create().process(messages)
    assert message is messages[0]
    return message.get("intent")["name"], [question["intent"] for question in message.get(QUESTIONS, [])]


def test_two_clear_questions_are_several(tmp_path):
    parts = ("what does it pay", "ask_salary", 0.9), ("how long does it take?", "ask_how_long", 0.9)
    assert asked(tmp_path, *parts) == ("several_questions", ["ask_salary", "ask_how_long"])


@pytest.mark.parametrize(
    "second",
    [
        ("how much is it a year", "ask_salary", 0.9),
        ("how long does it take", "ask_how_long", CLAUSE_CONFIDENCE_MIN - 0.01),
        ("how is the weather", "oos_general", 0.9),
        ("I am in a hurry.", "ask_how_long", 0.9),
    ],
    ids=["the same in other words", "unclear", "out of scope", "a statement"],
)
def test_one_question_is_not_several(tmp_path, second):
    assert asked(tmp_path, ("what does it pay?", "ask_salary", 0.9), second) == ("ask_whole", [])


def test_statement_before_two_questions_is_left_out(tmp_path):
    parts = ("I am 40.", "ask_right_for_me", 0.9), ("what does it pay?", "ask_salary", 0.9), ("is it hard?", "ask_is_it_hard", 0.9)
    assert asked(tmp_path, *parts) == ("several_questions", ["ask_salary", "ask_is_it_hard"])


@pytest.mark.parametrize(
    ("whole", "confidence", "expected"),
    [("ask_whole", 0.2, "ask_salary"), ("greet", 0.4, "ask_salary"), ("ask_whole", 0.95, "ask_whole"), ("oos_college", 0.3, "oos_college")],
)
def test_one_question_in_a_story_is_the_message_where_it_is_clearer_alone(tmp_path, whole, confidence, expected):
    messages = read(("I am 40.", "ask_right_for_me", 0.9), ("what does it pay?", "ask_salary", 0.9))
    messages[0].set("intent", {"name": whole, "confidence": confidence})
    (message,) = Bench(SeveralQuestionsClassifier, tmp_path).create().process(messages)
    assert message.get("intent")["name"] == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("I'm a paralegal thinking of switching,", "ask_salary"),
        ("Former flight attendant here.", "ask_salary"),
        ("I have worked as a cook all my life;", "ask_salary"),
        ("I want to be a nurse.", "oos_other_career"),
        ("I'm a cook who hopes to become a nurse.", "oos_other_career"),
        ("My neighbor is a nurse.", "oos_other_career"),
    ],
)
def test_present_occupation_says_who_asks_and_not_what(tmp_path, before, expected):
    messages = read((before, "oos_other_career", 0.9), ("what does it pay?", "ask_salary", 0.6))
    messages[0].set("intent", {"name": "oos_other_career", "confidence": 0.9})
    (message,) = Bench(SeveralQuestionsClassifier, tmp_path).create().process(messages)
    assert message.get("intent")["name"] == expected


def test_masked_data_beside_a_question_says_nothing_of_it(tmp_path):
    messages = read(("my phone is [phone number],", "oos_not_in_sources", 0.9), ("what does it pay?", "ask_salary", 0.6))
    messages[0].set("intent", {"name": "oos_not_in_sources", "confidence": 0.9})
    (message,) = Bench(SeveralQuestionsClassifier, tmp_path).create().process(messages)
    assert message.get("intent")["name"] == "ask_salary"


def test_list_of_topics_needs_every_one_to_be_clear(tmp_path):
    pay, hours = ("pay", "ask_salary", 0.9), ("hours?", "ask_working_hours", LIST_CONFIDENCE_MIN)
    assert asked(tmp_path, pay, hours) == ("several_questions", ["ask_salary", "ask_working_hours"])
    assert asked(tmp_path, pay, (*hours[:2], LIST_CONFIDENCE_MIN - 0.01)) == ("ask_whole", [])
    assert asked(tmp_path, pay, hours, ("thanks", "thank", 0.9)) == ("ask_whole", [])


def test_messages_without_clauses_stay_as_they_are(tmp_path):
    message = Message.build("hello", intent="greet")
    (same,) = Bench(SeveralQuestionsClassifier, tmp_path).create().process([message])
    assert same is message and same.get("intent") == "greet"
