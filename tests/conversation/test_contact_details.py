"""What is left in a conversation of the details told the contact form, over the dialogues of contact.yml, and how the conversation goes on."""

from __future__ import annotations

import asyncio
import json
import re
import uuid

import pytest
import yaml
from rasa.shared.core.trackers import DialogueStateTracker

from bot import forget, privacy
from bot.channels import conversation
from bot.knowledge import ROOT

DIALOGUES = {one["name"]: one["turns"] for one in yaml.safe_load((ROOT / "tests/conversation/dialogues/contact.yml").read_text())}
NAMES = r"maria|lopez|\bann\b|\blee\b|joy|grace|\bbob\b|stop it"
DETAILS = re.compile(rf"{NAMES}|\w@|555.?01|\b\d{{7,}}\b", re.IGNORECASE)
DETAILS_OF_OURS = re.compile(r"admissions@college\.example|\+1 555 0100|name@example\.org")


def write(agent, sender: str, text: str) -> list[str]:
    turn = asyncio.run(conversation.answer(agent, conversation.Incoming("rest", sender, text)))
    return [utterance.text for utterance in turn.utterances]


def events(agent, sender: str) -> list[dict]:
    return json.loads(conversation.stored(agent).store[sender])["events"]


def details(kept: list[dict]) -> set[str]:
    """Returns what looks like a detail in the events."""
    texts = []
    for event in kept:
        without = {key: value for key, value in event.items() if key not in ("timestamp", "metadata", "message_id")}
        texts.append(json.dumps(without, ensure_ascii=False))
    numbers = r"\d(\.\d+)?(e-\d+)?(?=[,}\]])|[0-9a-f]{32}|reference [0-9A-F]{8}"  # confidences, ids
    return set(DETAILS.findall(DETAILS_OF_OURS.sub("", re.sub(numbers, "", "\n".join(texts)))))


def state(agent, kept: list[dict]) -> tuple:
    """Returns what the dialogue goes on from."""
    tracker = DialogueStateTracker.from_dict("x", kept, agent.domain.slots)
    return tracker.current_slot_values(), tracker.active_loop_name, tracker.latest_action_name, tracker.latest_message.intent.get("name")


@pytest.mark.parametrize("name", DIALOGUES)
def test_nothing_is_left_of_details_once_the_form_is_over(agent, name, monkeypatch):
    sender, before, was_open = uuid.uuid4().hex, [], False
    take_out = forget.take_out_details

    def watched(tracker_store, *arguments):
        before[:] = events(agent, sender)
        return take_out(tracker_store, *arguments)

    monkeypatch.setattr(forget, "take_out_details", watched)
    for turn in DIALOGUES[name]:
        assert write(agent, sender, turn["you"])
        after = events(agent, sender)
        is_open = DialogueStateTracker.from_dict(sender, after, agent.domain.slots).active_loop_name == privacy.CONTACT_FORM
        assert len(after) == len(before) and state(agent, after) == state(agent, before)
        if is_open:
            assert after == before
        elif was_open:
            assert details(after) == set()
        was_open = is_open
        if any(event.get("name") == privacy.CONTACT_REQUEST for event in after):
            assert privacy.without_details(privacy.without_details(after)) == privacy.without_details(after)


def test_conversation_goes_on_after_the_form(agent):
    sender = uuid.uuid4().hex
    for text in ("what does the CCA exam cost?", "have someone call me", "yes", "Maria Lopez", "maria@x.org", "what about the CPC?", "skip", "aid"):
        write(agent, sender, text)
    assert "Name: Maria Lopez" in events(agent, sender)[-5]["text"] or details(events(agent, sender))
    assert "saved under the reference" in write(agent, sender, "send")[0]
    assert details(events(agent, sender)) == set()
    assert "CPC" in write(agent, sender, "how long is it?")[0], "the subject is known still"
    assert "Is that all right" in write(agent, sender, "have someone call me")[0]
    assert write(agent, sender, "yes") == ["What is your name?"]
    assert write(agent, sender, "Bob Stone") == ["What is your e-mail address?"]
    assert {"Bob Stone"} <= {event.get("value") for event in events(agent, sender) if event["event"] == "slot" and event["name"] == "contact_name"}


@pytest.mark.parametrize("hours", [1, 25])
def test_form_left_open_for_a_day_begins_anew_without_details(agent, hours, database):
    sender = uuid.uuid4().hex
    for text in ("have someone call me", "yes", "Maria Lopez", "maria@x.org"):
        write(agent, sender, text)
    kept = conversation.stored(agent).store
    aged = [{**event, "timestamp": event["timestamp"] - hours * 3600} for event in events(agent, sender)]
    kept[sender] = json.dumps({"name": sender, "events": aged})
    forget.expire(agent.tracker_store, 30)
    if hours == 1:
        assert events(agent, sender) == aged
        assert "What is it about" in write(agent, sender, "212-555-0100")[0]
    else:
        assert details(events(agent, sender)) == set()
        assert "Is that all right" in write(agent, sender, "212-555-0100")[-1]
        for text in ("yes", "Maria Lopez", "maria@x.org", "aid"):
            said = write(agent, sender, text)
        assert "Name: Maria Lopez\nE-mail: maria@x.org\nTelephone: +1 212-555-0100\nAbout: aid" in said[-1]
