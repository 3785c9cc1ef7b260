"""Reviewing suggestions at a real terminal."""

from __future__ import annotations

import json
import sys

import pexpect
import pytest
import yaml

from bot.knowledge import ROOT

PROGRAM = ROOT / "tests" / "report" / "review_program.py"
DECIDE = r"\[a\]ccept, \[e\]dit, another \[t\]opic, \[r\]eject, \[s\]top: "
GROUP = r"\[n\]ew topic.*\[s\]top: "
PAIR = r"1, 2: what it means.*\[s\]top: "


@pytest.fixture
def drafts(tmp_path):
    return tmp_path / "results" / "new_topics.yml"


@pytest.fixture
def terminal(drafts):
    child = pexpect.spawn(
        sys.executable,
        [str(PROGRAM), str(drafts)],
        cwd=str(ROOT),
        env={"PYTHONPATH": str(ROOT), "TERM": "xterm", "PATH": ""},
        encoding="utf-8",
        use_poll=True,
        timeout=60,
    )
    child.setwinsize(40, 200)
    yield child
    child.close(force=True)


def say(terminal, *pairs):
    """Waits for each prompt and types the answer."""
    for prompt, answer in pairs:
        terminal.expect(prompt)
        terminal.sendline(answer)


def accepted(terminal):
    terminal.expect(r"ACCEPTED (\[.*\])\r\n")
    found = json.loads(terminal.match[1])
    terminal.expect(pexpect.EOF)
    return found


def test_review_nothing_is_accepted_unless_typed(terminal, drafts):
    say(terminal, (GROUP, "r"), (PAIR, "r"), (DECIDE, "r"), (DECIDE, "r"))
    assert accepted(terminal) == []
    assert not drafts.exists()


def test_review_accepts_and_rejects_each(terminal):
    terminal.expect("1 of 4: asked 10 times in 7 conversations, and no topic answers it")
    say(terminal, (GROUP, "r"))
    terminal.expect(r'2 of 4: 2 wordings fell between exam_cost \("[^"]+"\) \(1\) and salary')
    say(terminal, (PAIR, "1"))
    terminal.expect("3 of 4: example for salary")
    terminal.expect(r"Why: asked what was meant, the visitor chose this topic \(3 times\)\.")
    say(terminal, (DECIDE, "a"), (DECIDE, "r"))
    assert accepted(terminal) == [["ask_exam_cost", "what cash is it about"], ["ask_salary", "wat dough for it"]]


def test_review_edits_the_wording_in_place_and_takes_another_topic(terminal):
    say(terminal, (GROUP, "r"), (PAIR, "r"), (DECIDE, "e"), ("Edit: wat dough for it", "\x7f\x7fthe exam"))
    terminal.expect("  wat dough for the exam\r\n")
    say(terminal, (DECIDE, "t"), (r"Which topic or kind \[ask_salary\]: ", "exam_cost"))
    terminal.expect("for exam_cost")
    say(terminal, (DECIDE, "a"), (DECIDE, "r"))
    assert accepted(terminal) == [["ask_exam_cost", "wat dough for the exam"]]


def test_review_says_why_an_edited_wording_cannot_be_taken(terminal):
    say(terminal, (GROUP, "r"), (PAIR, "r"), (DECIDE, "e"), ("Edit: ", "\x15what do coders EARN?"), (DECIDE, "a"))
    terminal.expect("Not accepted: It is an example already.")
    say(terminal, (DECIDE, "r"), (DECIDE, "r"))
    assert accepted(terminal) == []


def test_review_group_becomes_the_draft_of_a_topic(terminal, drafts):
    say(terminal, (GROUP, "n"), ("A name for the topic, such as dress_code: ", "dress code"))
    terminal.expect("Draft: ")
    say(terminal, (PAIR, "r"), (DECIDE, "r"), (DECIDE, "r"))
    assert accepted(terminal) == []
    text = drafts.read_text(encoding="utf-8")
    assert text.startswith("# Asked 10 times in 7 conversations.\n") and '#     question: "is there a dress code"\n' in text
    (entry,) = yaml.safe_load(text)
    assert entry["intent"] == "ask_dress_code"
    assert entry["examples"].splitlines() == ["- is there a dress code", "- do coders wear scrubs", "- what do i put on for work"]


def test_review_group_becomes_examples_of_a_topic(terminal):
    say(terminal, (GROUP, "t"), (r"Which topic or kind \[ask_interview\]: ", "oos_college"), (DECIDE, "a"), (DECIDE, "r"), (DECIDE, "a"))
    say(terminal, (PAIR, "s"))
    assert accepted(terminal) == [["oos_college", "is there a dress code"], ["oos_college", "what do i put on for work"]]


@pytest.mark.parametrize("name", ["salary", "2nd topic!", ""])
def test_review_draft_needs_a_new_name(terminal, drafts, name):
    say(terminal, (GROUP, "n"), ("such as dress_code: ", name))
    terminal.expect("No draft: ")
    terminal.expect(PAIR)
    assert not drafts.exists()


def test_review_unknown_topic_is_said_with_what_is_near(terminal):
    say(terminal, (GROUP, "t"), (r"Which topic or kind \[ask_interview\]: ", "exam"))
    terminal.expect(r"There is no 'exam'\. Do you mean ask_exam_cost\?")
    terminal.expect(PAIR)


def test_review_other_letters_are_asked_again(terminal):
    say(terminal, (GROUP, "x"))
    terminal.expect("Type one of n, t, r, s.")
    say(terminal, (GROUP, "s"))
    assert accepted(terminal) == []


def test_review_end_of_input_stops_and_keeps_what_was_accepted(terminal):
    say(terminal, (GROUP, "r"), (PAIR, "2"))
    terminal.expect(DECIDE)
    terminal.sendeof()
    assert accepted(terminal) == [["ask_salary", "what cash is it about"]]
