"""Grouping wordings by meaning, with the real encoder and the real examples."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from bot import evaluate, groups

PLANTED = yaml.safe_load((evaluate.HOME / "tests" / "report" / "planted.yml").read_text(encoding="utf-8"))
HELD_OUT = yaml.safe_load(evaluate.UTTERANCES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def among_others(space):
    """The planted wordings among the held-out messages out of scope: labels and groups."""
    others = [text for intent, texts in HELD_OUT.items() if intent.startswith("oos_") for text in texts]
    wordings = [(question, text) for question, texts in PLANTED.items() for text in texts] + [("", text) for text in others]
    found = groups.group(space.vectors([text for _, text in wordings]))
    return [[wordings[row] for row in rows] for rows in found]


@pytest.mark.parametrize("question", ["What do coders wear to work", "Can I do the job from another country"])
def test_groups_find_a_question_in_many_words_among_others(among_others, question):
    of_question = max(among_others, key=lambda group: sum(label == question for label, _ in group))
    inside = sum(label == question for label, _ in of_question)
    assert inside > len(PLANTED[question]) / 2, of_question
    assert inside > len(of_question) / 2, of_question
    assert of_question[0][0] == question, "the most typical wording comes first"


def test_groups_mix_no_two_questions(among_others):
    for group in among_others:
        labels = {label for label, _ in group} - {""}
        assert len(labels) <= 1 or sum(bool(label) for label, _ in group) <= 3, group


def test_groups_have_each_row_once_and_the_largest_first(space):
    vectors = space.vectors([text for texts in PLANTED.values() for text in texts])
    found = groups.group(vectors)
    assert sorted(row for rows in found for row in rows) == list(range(len(vectors)))
    assert [len(rows) for rows in found] == sorted(map(len, found), reverse=True)
    assert groups.group(vectors) == found, "the same each time"


def test_groups_of_few(space):
    assert groups.group(space.vectors([])) == []
    assert groups.group(space.vectors(["hm"])) == [[0]]
    assert sorted(groups.group(space.vectors(["what does the exam cost", "what does the exam cost"])), key=str) == [[0, 1]]


def test_groups_vectors_have_length_one_whatever_is_written(space):
    vectors = space.vectors(["", "?", "👍" * 200, "what does the exam cost", "x" * 2000])
    assert np.isfinite(vectors).all() and np.allclose(np.linalg.norm(vectors, axis=1), 1)


@pytest.mark.parametrize("intent", ["ask_exam_cost", "ask_remote_work", "ask_salary", "ask_internship", "ask_confidentiality"])
def test_groups_nearest_topic(space, intent):
    assert space.nearest(space.vectors(HELD_OUT[intent])) == intent
