"""Which variation of a reply is said."""

from __future__ import annotations

import asyncio

import pytest
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Restarted, SlotSet
from rasa.shared.core.slots import BooleanSlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.knowledge import ROOT
from bot.nlg import UnrepeatedNaturalLanguageGenerator

DOMAIN = Domain.from_dict(
    {
        "responses": {
            "utter_hello": [
                {"text": "One."},
                {"text": "Two, {person}."},
                {"text": "Three."},
                {"condition": [{"type": "slot", "name": "sad", "value": True}], "text": "Sad one."},
                {"condition": [{"type": "slot", "name": "sad", "value": True}], "text": "Sad two."},
            ],
            "utter_single": [{"text": "Only this."}],
            "utter_picture": [{"image": "a.png"}],
        }
    }
)


@pytest.fixture
def generator():
    """The generator that endpoints.yml names."""
    return NaturalLanguageGenerator.create(AvailableEndpoints.read_endpoints(str(ROOT / "endpoints.yml")).nlg, DOMAIN)


@pytest.fixture
def tracker():
    return DialogueStateTracker("visitor", [BooleanSlot("sad", [])])


def say(generator, tracker, name, **values):
    response = asyncio.run(generator.generate(name, tracker, "rest", **values))
    tracker.update(BotUttered(response["text"]))
    return response["text"]


def test_nlg_of_the_endpoints_file_is_ours(generator):
    assert isinstance(generator, UnrepeatedNaturalLanguageGenerator)


def test_nlg_says_the_variations_in_turn(generator, tracker):
    assert [say(generator, tracker, "utter_hello", person="Ann") for _ in range(5)] == ["One.", "Two, Ann.", "Three.", "One.", "Two, Ann."]


def test_nlg_takes_what_was_said_longest_ago(generator, tracker):
    for text in ("Two, Ann.", "One.", "Three.", "Two, Ann."):
        tracker.update(BotUttered(text))
    assert say(generator, tracker, "utter_hello", person="Ann") == "One."


def test_nlg_remembers_beyond_a_restart(generator, tracker):
    say(generator, tracker, "utter_hello", person="Ann")
    tracker.update(Restarted())
    assert say(generator, tracker, "utter_hello", person="Ann") == "Two, Ann."


def test_nlg_keeps_to_the_variations_whose_condition_holds(generator, tracker):
    tracker.update(SlotSet("sad", True))
    assert [say(generator, tracker, "utter_hello", person="Ann") for _ in range(3)] == ["Sad one.", "Sad two.", "Sad one."]


def test_nlg_fills_a_variation_anew_each_time(generator, tracker):
    said = [say(generator, tracker, "utter_hello", person=person) for person in ("Ann", "Bob", "Bob", "Cid")]
    assert said == ["One.", "Two, Bob.", "Three.", "Two, Cid."]  # what Cid has not read yet


def test_nlg_single_variation_is_said_again(generator, tracker):
    assert [say(generator, tracker, "utter_single") for _ in range(2)] == ["Only this.", "Only this."]


def test_nlg_without_text_or_response(generator, tracker):
    assert asyncio.run(generator.generate("utter_picture", tracker, "rest")) == {"image": "a.png"}
    assert asyncio.run(generator.generate("utter_unknown", tracker, "rest")) is None
