"""`python -m bot ask`: what it shows of a message is what the assistant made of it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot import ask, examples, strict_yaml
from bot.knowledge import FOLDER, ROOT


@pytest.fixture(scope="module")
def neighborhood():
    return examples.Neighborhood(examples.read())


def test_examples_name_their_lines():
    lines = (ROOT / examples.FILE).read_text().split("\n")
    read = examples.read()
    assert len(read) > 10_000
    assert [example for example in read if lines[example.line - 1] != f"    - {example.text}"] == []


def test_nearest_example_is_the_wording_itself_and_a_slip_of_the_pen_stays_near(neighborhood):
    own = next(example for example in neighborhood.examples if example.intent == "ask_salary")
    (likeness, nearest), *rest = neighborhood.nearest(own.text, 5)
    assert nearest == own and likeness == pytest.approx(1, abs=1e-3)
    assert [other for other, _ in rest] == sorted((other for other, _ in rest), reverse=True) and len(rest) == 4
    assert neighborhood.nearest("how much is the cpc exma", 1)[0][1].intent == "ask_exam_cost"


def test_reading_of_a_question(agent, neighborhood, knowledge):
    reading = ask.ask(agent, neighborhood, "what does the cpc exam cost")
    assert reading.intent == "ask_exam_cost" and 0.5 < reading.confidence <= 1 and reading.scope > 0.5
    assert reading.entities == (("certification", "cpc", "cpc"),)
    assert all(name != "ask_exam_cost" and confidence < reading.confidence for name, confidence in reading.others) and len(reading.others) == 3
    (answered,) = reading.answered
    assert (answered.topic, answered.when) == ("exam_cost", {"certification": "cpc"})
    assert (FOLDER / "medical_coding.yml").read_text().split("\n")[answered.line - 1].strip() == "- when: {certification: cpc}"
    assert answered.facts["s2_cpc_exam_cost"] is not None and knowledge.facts["s2_cpc_exam_cost"].figure in reading.replies[0]
    table = ask.table(reading)
    assert f"topic     exam_cost, variant certification: cpc (knowledge/medical_coding.yml:{answered.line})" in table
    assert "fact      s2_cpc_exam_cost: $300, price of AAPC's" in table and "(2022, S2:74)" in table
    assert f"source    S2: {knowledge.sources['S2'].title}" in table
    for reply in reading.replies[0].split("\n"):
        assert reply in table


def test_reading_of_several_questions_shows_each(agent, neighborhood):
    reading = ask.ask(agent, neighborhood, "what does the CCA exam cost and what do coders earn?")
    assert [intent for _, intent in reading.questions] == ["ask_exam_cost", "ask_salary"]
    lines = strict_yaml.read(FOLDER / "medical_coding.yml").lines
    assert [(answered.topic, answered.when) for answered in reading.answered] == [("exam_cost", {"certification": "cca"}), ("salary", None)]
    assert reading.answered[1].line == lines["topics", "salary"]
    assert "dated" in ask.table(reading)


def test_reading_after_another_message_is_seen_from_it(agent, neighborhood):
    ask.ask(agent, neighborhood, "what does the cpc exam cost", "a talk of two")
    (answered,) = ask.ask(agent, neighborhood, "and the CCA?", "a talk of two").answered
    assert (answered.topic, answered.when) == ("exam_cost", {"certification": "cca"})


@pytest.mark.parametrize("text", ["who won the football game last night", "", "👍", "/ask_no_such_topic", "CPC vs CCA"])
def test_reading_of_what_is_no_question_has_a_reply_and_no_facts(agent, neighborhood, text):
    reading = ask.ask(agent, neighborhood, text)
    assert reading.answered == () and reading.replies
    assert "fact" not in [line.split()[0] for line in ask.table(reading).split("\n")[1:]]


def test_command_shows_each_wording_and_keeps_nothing(database):
    result = subprocess.run(
        [sys.executable, "-m", "bot", "ask", "how much is the CCA exam", "who won the football game"],
        cwd=ROOT, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0 and "Traceback" not in result.stderr
    first, second = result.stdout.strip().split("\n\n")
    assert first.startswith("how much is the CCA exam\n  intent    ask_exam_cost ") and "$299" in first
    assert second.startswith("who won the football game\n  intent    oos_general ")
    file = Path(database.removeprefix("sqlite:///"))
    if file.exists():
        with sqlite3.connect(file) as opened:
            assert opened.execute("SELECT count(*) FROM questions WHERE wording = 'who won the football game'").fetchone() == (0,)
