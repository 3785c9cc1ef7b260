"""What the actions read off the tracker: the question's topic and entities, and what the last turn did."""

from __future__ import annotations

from typing import Dict, List

from rasa_sdk import Tracker

from bot.knowledge import INTENT_PREFIX

MISSES = ("action_clarify", "action_decline")  # a turn that ran one of these did not answer


def topic_of(tracker: Tracker) -> str:
    """Returns the topic of the latest message's intent."""
    return (tracker.latest_message["intent"].get("name") or "").removeprefix(INTENT_PREFIX)


def entities_of(tracker: Tracker) -> Dict[str, List[str]]:
    """Returns what the latest message names, by entity, in the order named, each value once."""
    entities: Dict[str, List[str]] = {}
    for entity in tracker.latest_message.get("entities", []):
        values = entities.setdefault(entity["entity"], [])
        if entity["value"] not in values:
            values.append(entity["value"])
    return entities


def missed_last_turn(tracker: Tracker) -> bool:
    """Returns whether the visitor's message before the latest got no answer either."""
    turns_back = 0
    for event in reversed(tracker.events):
        if event["event"] == "user":
            turns_back += 1
            if turns_back == 2:
                return False
        elif event["event"] in ("session_started", "restart"):
            return False
        elif turns_back == 1 and event["event"] == "action" and event["name"] in MISSES:
            return True
    return False
