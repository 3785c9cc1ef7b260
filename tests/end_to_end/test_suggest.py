"""`python -m bot suggest` at a real terminal: what an editor accepts goes into the career in use, and into no other."""

from __future__ import annotations

from datetime import datetime, timezone

from terminal import Terminal

from bot import strict_yaml
from bot.check import examples_by_intent
from bot.examples import FILE
from tests.report.conftest import SOURCE, Conversations

WORDING = "wat kinda dough do they make"


def texts(folder):
    """Returns the examples of a career by intent."""
    return {intent: [text for _, text in rows] for intent, rows in examples_by_intent(strict_yaml.read(folder / FILE)).items()}


def test_accepted_example_goes_into_the_career_in_use(trained_pharmacy, tmp_path):
    project, now = trained_pharmacy.parents[1], datetime.now(timezone.utc)
    conversations = Conversations(f"sqlite:///{tmp_path / 'conversations.db'}", tmp_path)
    conversations.add("ann", now, WORDING, [("utter_which_topic", "Which?")], intent="nlu_fallback")
    conversations.add("ann", now, "/ask_salary", [(None, SOURCE)], ["salary"], "ask_salary")
    before, of_the_first = texts(trained_pharmacy), (project / FILE).read_bytes()
    terminal = Terminal(trained_pharmacy, "suggest", "--endpoints", str(conversations.endpoints), BOT_DATABASE_URL=f"sqlite:///{tmp_path / 'a.db'}")
    terminal.answers("[a]ccept", "a")
    terminal.answers("Go on?", "yes")
    left, status = terminal.ends()
    assert status == 0 and f"Taken into {trained_pharmacy / FILE}." in left, left
    assert "handled rightly" in left
    assert texts(trained_pharmacy) == {**before, "ask_salary": [*before["ask_salary"], WORDING]}
    assert (project / FILE).read_bytes() == of_the_first
