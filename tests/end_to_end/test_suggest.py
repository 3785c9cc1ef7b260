"""`python -m bot suggest` at a real terminal: what an editor accepts goes into the career in use, and into no other."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from terminal import Terminal

from bot import strict_yaml
from bot.check import examples_by_intent
from bot.examples import FILE
from tests.report.conftest import SOURCE, Conversations

WORDING = "wat kinda dough do they make"
ALIKE = "tell me what kinda dough do they make there"


def texts(folder):
    """Returns the examples of a career by intent."""
    return {intent: [text for _, text in rows] for intent, rows in examples_by_intent(strict_yaml.read(folder / FILE)).items()}


def test_accepted_example_goes_into_the_career_in_use_unless_it_makes_things_worse(trained_pharmacy, tmp_path):
    """Both in one folder: what is trained for the first is in Rasa's cache for the second."""
    project, now = trained_pharmacy.parents[1], datetime.now(timezone.utc)
    conversations = Conversations(f"sqlite:///{tmp_path / 'conversations.db'}", tmp_path)
    conversations.add("ann", now, WORDING, [("utter_which_topic", "Which?")], intent="nlu_fallback")
    conversations.add("ann", now, "/ask_salary", [(None, SOURCE)], ["salary"], "ask_salary")
    before, of_the_first = texts(trained_pharmacy), (project / FILE).read_bytes()
    held_out, (model,) = trained_pharmacy / "tests" / "nlu" / "utterances.yml", (trained_pharmacy / "models").iterdir()

    def accept():
        environment = {"BOT_DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
        terminal = Terminal(trained_pharmacy, "suggest", "--endpoints", str(conversations.endpoints), **environment)
        terminal.answers("[a]ccept", "a")
        terminal.answers("Go on?", "yes")
        return terminal.ends()

    held_out.write_text(f'oos_general:\n  - "{ALIKE}"\n')  # is not answered before, and is with the example
    left, status = accept()
    assert status == 1 and "It got worse: the examples were not taken, and all files are as before." in left, left
    assert texts(trained_pharmacy) == before and list((trained_pharmacy / "models").iterdir()) == [model]

    held_out.write_text(f'ask_salary:\n  - "{ALIKE}"\n')
    left, status = accept()
    assert status == 0 and f"Taken into {trained_pharmacy / FILE}." in left, left
    assert re.search(r"handled rightly +0 +1\r?\n", left), left
    assert texts(trained_pharmacy) == {**before, "ask_salary": [*before["ask_salary"], WORDING]}
    assert (project / FILE).read_bytes() == of_the_first
