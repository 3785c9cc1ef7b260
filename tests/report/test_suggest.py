"""What conversations propose, and how accepted examples come into the file."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from bot import evaluate, examples, report_events, strict_yaml, suggest, topic_files
from bot.check import examples_by_intent
from bot.evaluate import Reading
from bot.knowledge import HOME
from bot.report import Group
from bot.strict_yaml import ProblemsError
from bot.suggest import Evidence, Usable
from bot.trial import Comparison
from tests.report.conftest import NOW, SOURCE, ago

ANSWER = [(None, SOURCE)]
WHICH = [("utter_which_topic", "Which?")]
NO = [("utter_decline_oos_not_in_sources", "No.")]
SORRY = [("utter_sorry_others", "Sorry.")]


@pytest.fixture
def talk(conversations):
    """Writes a conversation: (text, replies, topic, confidence, ranking) each."""

    def write(conversation, *turns):
        for number, (text, replies, topic, *more) in enumerate(turns):
            confidence, ranking = more[0] if more else 0.95, more[1] if len(more) > 1 else ()
            intent = f"ask_{topic}" if topic else "nlu_fallback"
            conversations.add(conversation, ago(minutes=60 - number), text, replies, [topic] if topic else [], intent, confidence, ranking)

    return write


@pytest.fixture
def gathered(conversations, kept):
    return lambda: suggest.gather(report_events.read(report_events.open_events(conversations.endpoints), ago(days=1), NOW), kept.feedback())


def test_suggest_topic_chosen_when_asked_what_is_meant(talk, gathered):
    talk("ann", ("wut do i hav 2 pay 4 it", WHICH, ""), ("/ask_exam_cost", ANSWER, "exam_cost"))
    talk("bob", ("wut do i hav 2 pay 4 it", WHICH, ""), ("/ask_exam_cost", ANSWER, "exam_cost"))
    assert gathered().for_intent == {"wut do i hav 2 pay 4 it": {("ask_exam_cost", suggest.CHOSEN): 2}}


@pytest.mark.parametrize(
    "turns",
    [
        [("dental hygienist pay", NO, ""), ("/ask_salary", ANSWER, "salary")],
        [("/ask_gone", WHICH, ""), ("/ask_salary", ANSWER, "salary")],
        [("hm", WHICH, ""), ("hello", [("utter_greet", "Hi")], ""), ("/ask_salary", ANSWER, "salary")],
        [("pay", ANSWER, "salary"), ("/ask_exam_cost", ANSWER, "exam_cost")],
    ],
    ids=["offered beside a refusal", "a button", "something between", "after an answer"],
)
def test_suggest_other_buttons_say_nothing_of_the_wording(talk, gathered, turns):
    talk("ann", *turns)
    assert gathered() == Evidence()


def test_suggest_topic_chosen_after_a_wrong_answer(talk, gathered):
    talk("ann", ("what will it set me back", ANSWER, "salary"), ("wrong", SORRY, ""), ("/ask_exam_cost", ANSWER, "exam_cost"))
    found = gathered()
    assert found.for_intent == {"what will it set me back": {("ask_exam_cost", suggest.CORRECTED): 1}}
    assert found.rivals == {("ask_exam_cost", "ask_salary"): {"what will it set me back": 1}}


def test_suggest_unsure_answer_called_helpful(talk, gathered, kept):
    talk("ann", ("wat kinda dough", ANSWER, "salary", 0.4), ("what cash", ANSWER, "salary", 0.6), ("what bread", ANSWER, "salary", 0.4))
    for wording, topic, helpful in (("Wat kinda dough?", "salary", True), ("what cash", "salary", True), ("what bread", "salary", False)):
        kept.add_feedback("ann", wording, topic, wording, helpful)
    assert gathered().for_intent == {"wat kinda dough": {("ask_salary", suggest.HELPFUL): 1}}


def test_suggest_asked_again_in_other_words(talk, gathered):
    talk("ann", ("dough for the test", NO, ""), ("what does the exam cost", ANSWER, "exam_cost", 0.97))
    talk("bob", ("dough for the exam", WHICH, ""), ("exam cost maybe", ANSWER, "exam_cost", 0.6))
    assert gathered().rephrased == {("dough for the test", "ask_exam_cost"): 1}


def test_suggest_pairs_between_which_wordings_fall(talk, gathered):
    near = [("nlu_fallback", 0.3), ("ask_pay", 0.28), ("greet", 0.2), ("ask_exam_cost", 0.14)]
    far = [("ask_pay", 0.28), ("ask_exam_cost", 0.13)]
    talk("ann", ("money?", WHICH, "", 0.3, near), ("cash?", WHICH, "", 0.3, far), ("dollars?", WHICH, "", 0.3, near))
    assert gathered().rivals == {("ask_exam_cost", "ask_pay"): {"money?": 1, "dollars?": 1}}


def test_suggest_masks_wordings(talk, gathered):
    talk("ann", ("ann@x.org what about it", WHICH, ""), ("/ask_salary", ANSWER, "salary"))
    assert list(gathered().for_intent) == ["[e-mail address] what about it"]


@pytest.fixture(scope="module")
def held_out():
    return evaluate.HeldOut()


@pytest.fixture
def allowed(held_out):
    return Usable({"ask_salary": ["What do coders earn?"]}, held_out)


@pytest.mark.parametrize(
    ("wording", "why"),
    [
        ("how much dough is in it", None),
        ("what do coders earn", "It is an example already."),
        ("ok", "An example has 3 to 200 characters on one line."),
        ("x" * 201, "An example has 3 to 200 characters on one line."),
        ("two\nlines", "An example has 3 to 200 characters on one line."),
        ("[pay](topic)", "An example has no brackets or backslashes, which mean something to Rasa, and does not begin with a slash or dash."),
        ("call [phone number]", "An example has no brackets or backslashes, which mean something to Rasa, and does not begin with a slash or dash."),
        ("/ask_salary", "An example has no brackets or backslashes, which mean something to Rasa, and does not begin with a slash or dash."),
    ],
)
def test_suggest_usable_wordings(allowed, wording, why):
    assert allowed.why_not(wording) == why and (wording in allowed) == (why is None)


def test_suggest_held_out_wordings_are_never_usable(allowed):
    texts = [text for texts in yaml.safe_load(evaluate.UTTERANCES.read_text(encoding="utf-8")).values() for text in texts]
    for text in texts[::20]:
        assert text not in allowed and text.upper() + "!" not in allowed


def test_suggest_wording_taken_is_not_usable_again(allowed):
    allowed.take("how much dough is in it")
    assert allowed.why_not("How much dough is in it?") == "It is an example already."


def group(times, conversations, read_as):
    return Group(
        "is there a dress code", Counter({"is there a dress code": times}), Counter(declined=times), Counter(read_as), conversations, "ask_interview"
    )


@pytest.mark.parametrize(
    ("found", "is_suggested"),
    [
        (group(5, 3, {"oos_not_in_sources": 5}), True),
        (group(4, 4, {"oos_not_in_sources": 4}), False),
        (group(9, 2, {"oos_not_in_sources": 9}), False),
        (group(9, 9, {"oos_other_career": 5, "oos_not_in_sources": 4}), False),
        (group(9, 9, {"ask_interview": 5, "oos_gibberish": 4}), True),
    ],
)
def test_suggest_groups_that_deserve_a_topic(space, allowed, found, is_suggested):
    assert (suggest.made(Evidence(), [found], space, allowed).groups == [found]) == is_suggested


def test_suggest_asked_again_needs_the_nearest_examples(space, allowed):
    evidence = Evidence(
        rephrased=Counter({("price to sit the certification exam", "ask_exam_cost"): 2, ("do they bark at cats", "ask_exam_cost"): 1})
    )
    found = suggest.made(evidence, [], space, allowed).examples
    assert [(one.wording, one.intent, one.reason, one.times) for one in found] == [
        ("price to sit the certification exam", "ask_exam_cost", suggest.REPHRASED, 2)
    ]


def test_suggest_strongest_evidence_comes_first_and_counts(space, allowed):
    evidence = Evidence()
    for wording, intent, reason, times in (
        ("some dough for it", "ask_salary", suggest.HELPFUL, 9),
        ("some dough for it", "ask_exam_cost", suggest.CHOSEN, 1),
        ("bread for it maybe", "ask_salary", suggest.CHOSEN, 2),
        ("what do coders earn", "ask_salary", suggest.CHOSEN, 5),
    ):
        for _ in range(times):
            evidence.add(wording, intent, reason)
    found = suggest.made(evidence, [], space, allowed).examples
    assert [(one.wording, one.intent, one.times) for one in found] == [
        ("bread for it maybe", "ask_salary", 2),
        ("some dough for it", "ask_exam_cost", 1),
    ]


def test_suggest_pairs_leave_out_what_is_suggested_as_example(space, allowed):
    evidence = Evidence()
    for wording in ("money or what", "money or what", "dough or what"):
        evidence.add_rivals(wording, "ask_salary", "ask_exam_cost")
    evidence.add_rivals("once only", "ask_salary", "ask_skills")
    evidence.add("money or what", "ask_salary", suggest.CHOSEN)
    (pair,) = suggest.made(evidence, [], space, allowed).pairs
    assert (pair.intents, pair.times, pair.wordings) == (("ask_exam_cost", "ask_salary"), 3, ("dough or what",))


FILE = """\
# Examples.
version: "3.1"
nlu:

# The job
- intent: ask_pay   # pay
  examples: |
    - What does it pay?
    - "wages", please


- lookup: x
  examples: |
    - y
- intent: ask_cost
  examples: |
      - cost: how much
      - it's 100% é"""


def test_suggest_examples_are_inserted_and_nothing_else_changes(tmp_path):
    result = topic_files.with_examples(FILE, [("ask_cost", "how: much # 'now'"), ("ask_pay", "- dash"), ("ask_pay", "dough"), ("ask_cost", "é?")])
    assert result == FILE.replace('"wages", please\n', '"wages", please\n    - - dash\n    - dough\n') + "\n      - how: much # 'now'\n      - é?\n"
    (tmp_path / "nlu.yml").write_text(result, encoding="utf-8")
    assert [text for _, text in examples_by_intent(strict_yaml.read(tmp_path / "nlu.yml"))["ask_cost"]] == [
        "cost: how much",
        "it's 100% é",
        "how: much # 'now'",
        "é?",
    ]


def test_suggest_examples_of_an_unknown_intent_are_refused():
    with pytest.raises(ProblemsError) as caught:
        topic_files.with_examples(FILE, [("ask_gone", "x")])
    assert str(caught.value) == "data/nlu.yml:1: intent 'ask_gone' has no examples. Add an entry for it first."


def test_suggest_examples_in_the_real_file_keep_every_line():
    text = (HOME / examples.FILE).read_text(encoding="utf-8")
    intents = list(examples.by_intent())
    result = topic_files.with_examples(text, [(intent, f"zz {intent}") for intent in intents])
    assert [line for line in result.splitlines() if not line.startswith("    - zz ")] == text.splitlines()
    assert len(result.splitlines()) == len(text.splitlines()) + len(intents)


def test_suggest_layout_that_cannot_be_added_to_is_refused():
    with pytest.raises(ProblemsError, match=r"examples cannot be added to 'ask_pay' as it is laid out\. Add them by hand\."):
        topic_files.with_examples('nlu:\n- intent: ask_pay\n  examples: "- a\\n- b"\n', [("ask_pay", "c")])


def reading(intent, acted_on):
    return Reading("x", intent, acted_on, acted_on, 0.9, 0.9, ())


@pytest.mark.parametrize(
    ("intent", "acted_on", "is_right"),
    [
        ("ask_pay", "ask_pay", True),
        ("ask_pay", "ask_cost", False),
        ("ask_pay", "nlu_fallback", False),
        ("oos_college", "oos_general", True),
        ("oos_college", "nlu_fallback", True),
        ("oos_college", "ask_pay", False),
        ("crisis", "greet", True),
        ("greet", "greet", True),
        ("greet", "thanks", False),
    ],
)
def test_suggest_wording_handled_rightly(intent, acted_on, is_right):
    assert reading(intent, acted_on).handled_rightly == is_right


def test_suggest_comparison_says_what_changed():
    good, bad = reading("ask_pay", "ask_pay"), reading("ask_pay", "ask_cost")
    declined, answered = reading("oos_college", "oos_college"), reading("oos_college", "ask_pay")
    talk = reading("greet", "greet")
    better = Comparison([bad, bad, declined, talk], [good, good, answered, talk])
    assert not better.is_worse
    lines = [" ".join(line.split()) for line in better.table().splitlines()]
    assert lines[:2] == ["4 held-out wordings before after", "handled rightly 2 3"]
    assert "in-scope answered rightly 0.000 1.000" in lines and "out-of-scope recall 1.000 0.000" in lines
    assert lines[-2:] == [
        "2 of ask_pay: read as ask_cost before, as ask_pay now (better)",
        "1 of oos_college: read as oos_college before, as ask_pay now (worse)",
    ]
    assert Comparison([good], [good]).table().endswith("\nNone is read otherwise than before.")
    assert Comparison([good, declined, talk], [good, answered, talk]).is_worse
    assert not Comparison([good, declined, talk], [good, declined, talk]).is_worse
