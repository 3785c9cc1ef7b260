"""Messages that only name something follow up on the last answer."""

import pytest
from component_checks import TEXTS, Bench
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.ellipsis_classifier import FOLLOW_UP_OTHER, EllipsisClassifier


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return Bench(EllipsisClassifier, tmp_path_factory.mktemp("model")).create()


def read(classifier, text, *entities):
    message = Message.build(text)
    found = [{"entity": kind, "value": value, "start": text.index(words), "end": text.index(words) + len(words)} for kind, value, words in entities]
    message.set("entities", found)
    message.set("intent", {"name": "ask_guess", "confidence": 0.8})
    message.set("intent_ranking", [{"name": "ask_guess", "confidence": 0.8}])
    (message,) = classifier.process([message])
    return message


@pytest.mark.parametrize("text", ["and the CCA?", "what about the CCA", "no, I meant the CCA", "CCA?", "if I have a CCA"])
def test_name_alone_is_a_follow_up_and_the_guess_stays_second(classifier, text):
    message = read(classifier, text, ("certification", "cca", "CCA"))
    assert message.get("intent") == {"name": FOLLOW_UP_OTHER, "confidence": 1.0}
    assert [entry["name"] for entry in message.get("intent_ranking")] == [FOLLOW_UP_OTHER, "ask_guess"]


@pytest.mark.parametrize("text", ["what is the CCA", "CCA exam", "how hard is the CCA", "the CCA costs too much for me"])
def test_question_of_its_own_is_none(classifier, text):
    assert read(classifier, text, ("certification", "cca", "CCA")).get("intent")["name"] == "ask_guess"


def test_word_that_names_a_role_only_in_a_follow_up(classifier):
    message = read(classifier, "No, I meant billing")
    assert message.get("intent")["name"] == FOLLOW_UP_OTHER
    assert [(entity["entity"], entity["value"], entity["start"], entity["end"]) for entity in message.get("entities")] == [("role", "biller", 12, 19)]
    assert read(classifier, "where can I learn billing").get("entities") == []


@pytest.mark.parametrize("text", TEXTS)
def test_classifier_takes_any_text(classifier, text):
    assert read(classifier, text).get("intent")["name"] == "ask_guess"
