"""The speller mends slips in words of the field and leaves all else as typed."""

import pytest
from component_checks import TEXTS, Bench, training_data
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.speller import Speller
from bot.nlu.spelling_corrector import SpellingCorrector, corrected

FREQUENCIES = {
    "salary": 50,
    "certification": 40,
    "coders": 200,
    "home": 60,
    "stressful": 5,
    "aapc": 30,
    "skills": 20,
    "salery": 2,
    "hope": 3,
    "how": 90,
}
ENGLISH = (
    "salary",
    "certification",
    "home",
    "stress",
    "skill",
    "how",
    "hope",
    "work",
    "from",
    "nurse",
    "weather",
    "doctor",
    "to",
    "hi",
    "so",
    "hard",
)


@pytest.fixture(scope="module")
def speller():
    return Speller(FREQUENCIES, ENGLISH)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("salery", "salary"),
        ("hiii, sooo hard", "hi, so hard"),
        ("Certfication?", "certification?"),
        ("certifcatoin", "certification"),
        ("work from hmoe", "work from home"),
        ("stresfull", "stressful"),
        ("skillz 4 codres", "skills 4 coders"),
        ("hwo to", "how to"),
    ],
)
def test_speller_mends_slips(speller, typed, meant):
    assert speller.correct(typed) == meant


@pytest.mark.parametrize("text", ["AAPC", "nurse", "the weather", "doctors", "stress", "xyzzy", "don't", "it", "", "ICD-10 ¿qué?", "Home"])
def test_speller_leaves_words_alone(speller, text):
    assert speller.correct(text) == text


@pytest.mark.parametrize("text", TEXTS)
def test_corrector_keeps_the_text_and_survives_storage(tmp_path, text):
    bench = Bench(SpellingCorrector, tmp_path)
    trained = bench.create()
    trained.train(training_data())
    messages = [trained.process([Message.build(text)])[0], bench.load().process([Message.build(text)])[0]]
    assert [message.get(TEXT) for message in messages] == [text, text]
    assert corrected(messages[0]) == corrected(messages[1])


def test_corrected_is_the_text_where_nothing_corrected_it():
    assert corrected(Message.build("salery")) == "salery"
