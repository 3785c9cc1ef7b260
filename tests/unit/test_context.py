"""What a message means after the one before: on a small knowledge of three subjects."""

from __future__ import annotations

import pytest

from bot.context import ALONE, OPENING, Asked, in_context, is_fragment, likeliest_in_context, of_fragment, points_back, subject_words, words_of
from bot.knowledge import Fact, Knowledge


def topic(*kinds: str, related: tuple[str, ...] = ()) -> dict:
    variants = [{"when": {kind: VALUES[kind]}, "answer": f"of {kind}", "facts": ["said"]} for kind in kinds]
    return {"question": "q", "label": "l", "answer": "a", "facts": ["said"], "variants": variants, "related": list(related)}


VALUES = {"certification": ["cpc", "cca"], "level": ["associate", "diploma"], "role": ["biller"], "place": ["home"]}
KNOWN = Knowledge(
    entities={
        kind: {
            "values": {value: {"name": value.upper(), "short": value, "synonyms": [value]} for value in values},
            **({"overview": "overview"} if kind == "certification" else {}),
        }
        for kind, values in VALUES.items()
    },
    subjects={
        "exam": {
            "words": ["exam", "exams", "test"],
            "entities": ["certification"],
            "topics": ["exam_cost", "exam_length", "pass_rate", "overview"],
        },
        "study": {
            "words": ["school", "program"],
            "entities": ["level"],
            "topics": ["study_cost", "how_long"],
        },
        "job": {"words": ["job", "coder"], "entities": ["role"], "topics": ["salary", "is_it_hard"]},
    },
    aspects={"study_cost": {"exam": "exam_cost"}, "how_long": {"exam": "exam_length"}, "is_it_hard": {"exam": "pass_rate"}},
    facts={"said": Fact(statement="s", evidence=["s"], source="S1", lines=[1])},
    topics={
        "exam_cost": topic("certification"),
        "exam_length": topic("certification"),
        "pass_rate": topic("certification"),
        "overview": topic("certification"),
        "study_cost": topic("level"),
        "how_long": topic("level"),
        "is_it_hard": topic(),
        "salary": topic("role", "level", related=("outlook",)),
        "outlook": topic(),
    },
)
CPC_COST = Asked("exam_cost", {"certification": ["cpc"]})
ASSOCIATE_COST = Asked("study_cost", {"level": ["associate"]})
BILLER_PAY = Asked("salary", {"role": ["biller"]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("how long does it take", True),
        ("is that hard?", True),
        ("how long?", True),
        ("and the pay", True),
        ("how about after some more years of it", True),
        ("how about after a few years or so then", True),
        ("how long is the exam", False),
        ("what do they pay at a job like this", False),
        ("how many hours a week would I have to spend on homework", False),
    ],
)
def test_points_back_only_without_a_subject(text, expected):
    assert points_back(KNOWN, text, {}) is expected


def test_points_back_not_where_an_entity_names_the_subject():
    assert points_back(KNOWN, "what does it cost", {"certification": ["cpc"]}) is False
    assert points_back(KNOWN, "what does it cost", {"place": ["home"]}) is True


@pytest.mark.parametrize(
    ("read_as", "text", "entities", "earlier", "expected"),
    [
        ("how_long", "how long does it take", {}, CPC_COST, Asked("exam_length", {"certification": ["cpc"]})),
        ("pass_rate", "do many pass it", {}, ASSOCIATE_COST, Asked("pass_rate", {"level": ["associate"]})),
        ("is_it_hard", "is it hard", {}, CPC_COST, Asked("pass_rate", {"certification": ["cpc"]})),
        ("study_cost", "and the cost", {}, BILLER_PAY, Asked("study_cost", {"role": ["biller"]})),
        ("outlook", "and the outlook", {}, CPC_COST, Asked("outlook", {"certification": ["cpc"]})),
        ("exam_length", "how long is the exam", {}, CPC_COST, Asked("exam_length", {"certification": ["cpc"]})),
        ("pass_rate", "is it a hard test to pass", {}, CPC_COST, Asked("pass_rate", {"certification": ["cpc"]})),
        ("exam_length", "how long are exams", {}, CPC_COST, Asked("exam_length")),
        ("study_cost", "what does the program cost", {}, CPC_COST, Asked("study_cost")),
        ("salary", "what does a coder earn", {}, CPC_COST, Asked("salary")),
        ("exam_cost", "what does the cca cost", {"certification": ["cca"]}, CPC_COST, Asked("exam_cost", {"certification": ["cca"]})),
        ("how_long", "how long does it take", {}, None, Asked("how_long")),
        ("how_long", "i meant the exam, how long can that go on", {}, ASSOCIATE_COST, Asked("exam_length")),
        ("salary", "no i meant what a coder earns", {}, CPC_COST, Asked("salary")),
        ("overview", "does the cca have that too", {"certification": ["cca"]}, CPC_COST, Asked("exam_cost", {"certification": ["cca"]})),
        ("overview", "what is the cca", {"certification": ["cca"]}, CPC_COST, Asked("overview", {"certification": ["cca"]})),
        ("overview", "what is the cca too", {"certification": ["cca"]}, BILLER_PAY, Asked("overview", {"certification": ["cca"]})),
    ],
)
def test_question_in_context(read_as, text, entities, earlier, expected):
    assert in_context(KNOWN, Asked(read_as, entities), text, earlier) == expected


@pytest.mark.parametrize(
    ("text", "entities", "earlier", "expected"),
    [
        ("and the cca?", {"certification": ["cca"]}, CPC_COST, Asked("exam_cost", {"certification": ["cca"]})),
        ("and an associate?", {"level": ["associate"]}, CPC_COST, Asked("study_cost", {"certification": ["cpc"], "level": ["associate"]})),
        ("with an associate?", {"level": ["associate"]}, BILLER_PAY, Asked("salary", {"role": ["biller"], "level": ["associate"]})),
        ("from home?", {"place": ["home"]}, BILLER_PAY, Asked("salary", {"role": ["biller"], "place": ["home"]})),
        ("and the exam?", {}, ASSOCIATE_COST, Asked("exam_cost", {"level": ["associate"]})),
        ("not the exam, the school", {}, CPC_COST, Asked("study_cost", {"certification": ["cpc"]})),
        ("and the exam?", {}, BILLER_PAY, None),
    ],
)
def test_fragment_asks_the_same_of_something_else(text, entities, earlier, expected):
    assert of_fragment(KNOWN, text, entities, earlier) == expected


@pytest.mark.parametrize(
    ("entities", "earlier", "confidence", "expected"),
    [
        ({"place": ["home"]}, BILLER_PAY, ALONE, Asked("outlook", {"place": ["home"]})),
        ({"place": ["home"]}, BILLER_PAY, ALONE - 0.01, Asked("salary", {"role": ["biller"], "place": ["home"]})),
        ({"certification": ["cca"]}, CPC_COST, 1.0, Asked("exam_cost", {"certification": ["cca"]})),
    ],
    ids=["a question alone", "unclear alone", "told apart by the last answer"],
)
def test_fragment_that_the_last_answer_knows_nothing_of_may_be_a_question_alone(entities, earlier, confidence, expected):
    assert of_fragment(KNOWN, "and that?", entities, earlier, [("outlook", confidence)]) == expected


@pytest.mark.parametrize(
    ("rest", "names_entity", "expected"),
    [
        ("and the ?", True, True),
        ("what about an ", True, True),
        ("no, i meant ", True, True),
        ("", True, True),
        ("and the exam?", False, True),
        ("not the exam, the school", False, True),
        (" exam", True, False),  # "CPC exam" is a search of its own
        ("exam", False, False),
        ("what is the ", True, False),
        ("how do I get the ", True, False),
        ("what do s make", True, False),
        ("and then?", False, False),
        ("", False, False),
    ],
)
def test_fragment_is_an_entity_or_a_subject_among_closed_class_words(rest, names_entity, expected):
    assert is_fragment(words_of(OPENING.sub("and", rest)), subject_words(KNOWN), names_entity) is expected


def test_unclear_question_becomes_clear_in_context():
    ranked = [("how_long", 0.3), ("exam_length", 0.25), ("salary", 0.2)]
    assert likeliest_in_context(KNOWN, ranked, "and how long is it", {}, CPC_COST) == Asked("exam_length", {"certification": ["cpc"]})


@pytest.mark.parametrize(
    ("text", "earlier", "ranked"),
    [
        ("and how long is it", None, [("exam_length", 0.6)]),
        ("how long does the exam take", CPC_COST, [("exam_length", 0.6)]),
        ("is it so", CPC_COST, [("exam_length", 0.1), ("salary", 0.1)]),
        ("is it so", CPC_COST, []),
    ],
    ids=["nothing in play", "names its subject", "nothing likely", "nothing at all"],
)
def test_unclear_question_stays_unclear(text, earlier, ranked):
    assert likeliest_in_context(KNOWN, ranked, text, {}, earlier) is None
