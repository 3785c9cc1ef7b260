"""What came of a message."""

from __future__ import annotations

import pytest

from actions.turns import MISSES
from bot import outcomes, strict_yaml
from bot.knowledge import ROOT

ANSWER = (None, "It is $300.\nSource: coding guide (2025)")


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ([ANSWER], "answered"),
        ([(None, "a\nSources: x (2025); y (2024)")], "answered"),
        ([ANSWER, (None, "Back to your request. What is your name?")], "answered"),
        ([("utter_which_topic", "Which?")], "clarified"),
        ([("utter_decline_oos_college", "No.")], "declined"),
        ([("utter_decline_oos_college", "No."), ("utter_which_topic", "Or?")], "declined"),
        ([("utter_decline_oos_college", "No."), ("utter_contact", "Call.")], "handed over"),
        ([("utter_crisis", "Call.")], "handed over"),
        ([("utter_greet", "Hello.")], "talk"),
        ([(None, "What is your name?")], "talk"),
        ([(None, "My sources say so. Source: none")], "talk"),
        ([], "failed"),
        ([("utter_default", "Sorry.")], "failed"),
        ([("utter_default", "Sorry."), ANSWER], "answered"),
    ],
)
def test_outcomes(replies, outcome):
    assert outcomes.outcome(replies) == outcome


def test_outcomes_name_replies_that_there_are():
    responses = strict_yaml.read(ROOT / "domain.yml").content["responses"]
    assert set(outcomes.CLARIFIES) | set(outcomes.HANDS_OVER) <= set(responses)
    assert any(name.startswith(outcomes.DECLINES) for name in responses)


def test_outcomes_of_all_misses_are_known():
    assert set(MISSES) == {outcomes.DECLINES, *outcomes.CLARIFIES, "utter_sorry_"}
