"""The replies of domain.yml that are no answers: each can vary, none repeats another, all are plain."""

from __future__ import annotations

import re

import pytest

from bot import strict_yaml
from bot.knowledge import ROOT

DOMAIN = strict_yaml.read(ROOT / "domain.yml").content
REPLIES: dict[str, list[dict]] = DOMAIN["responses"]
TEXTS = [(name, variation["text"]) for name, variations in REPLIES.items() for variation in variations]
# What the visitor can get several times running, whatever they write.
REPEATED = [
    name
    for name in REPLIES
    if re.match(r"utter_(decline_|near_|which_|please_rephrase|still_unclear|no_answer|none_of|all_right|ask_on|contact|crisis|care|default)", name)
    or name in ("utter_greet", "utter_goodbye", "utter_welcome", "utter_glad", "utter_bot", "utter_capabilities", "utter_sources", "utter_this_topic")
]


def sentences(text: str) -> list[str]:
    """Returns the sentences of a text, without what is filled in."""
    return [sentence.strip() for sentence in re.split(r"(?<=[.?:;])\s", re.sub(r"\{\w+\}", "", text)) if sentence.strip()]


@pytest.mark.parametrize("name", REPEATED)
def test_reply_has_variations_whatever_the_condition(name):
    plain = [variation for variation in REPLIES[name] if "condition" not in variation]
    conditional = [variation for variation in REPLIES[name] if "condition" in variation]
    assert len(plain) >= 2
    assert len(conditional) != 1


def test_no_sentence_stands_twice():
    every = [sentence for _, text in TEXTS for sentence in sentences(text)]
    assert sorted({sentence for sentence in every if every.count(sentence) > 1}) == []


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(TEXTS)])
def test_reply_is_short_calm_and_has_no_source_line(name, text):
    assert text == text.strip() and "\n" not in text
    assert not re.search(r"[!\U0001F000-\U0001FAFF\u2600-\u27BF]", text)
    assert "Source" not in text
    assert len(text) <= 400


def test_reply_of_a_greeting_says_what_it_is_what_it_does_and_offers_questions():
    first = REPLIES["utter_greet"][0]
    assert "a program, not a person" in first["text"] and "medical coder" in first["text"]
    assert all(len(variation["buttons"]) >= 2 for variation in REPLIES["utter_greet"] if "condition" not in variation)


@pytest.mark.parametrize(
    "button", [button for variations in REPLIES.values() for variation in variations for button in variation.get("buttons", [])], ids=str
)
def test_reply_button_leads_to_an_intent(button):
    intents = {name for intent in DOMAIN["intents"] for name in intent}
    assert button["payload"].removeprefix("/") in intents and len(button["title"]) <= 24


@pytest.mark.parametrize("name", ["utter_greet", "utter_goodbye", "utter_welcome", "utter_glad", "utter_ask_on", "utter_bot"])
def test_reply_after_distress_is_another(name):
    condition = [{"type": "slot", "name": "in_distress", "value": True}]
    assert sum(variation.get("condition") == condition for variation in REPLIES[name]) >= 2


def test_distress_ends_with_the_next_question_only():
    set_by, ended_by = DOMAIN["slots"]["in_distress"]["mappings"]
    assert (set_by["intent"], set_by["value"], ended_by["value"]) == ("crisis", True, False)
    intents = {name for intent in DOMAIN["intents"] for name in intent}
    assert set(ended_by["not_intent"]) <= intents
    assert {"crisis", "thank", "affirm", "deny", "greet", "goodbye", "nlu_fallback", "abuse"} | {i for i in intents if i.startswith("oos_")} <= set(
        ended_by["not_intent"]
    )
