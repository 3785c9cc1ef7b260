"""What the actions share: what they read off the tracker (topic, entities, the last turn), and how they utter text with a card."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot import outcomes
from bot.context import Asked
from bot.knowledge import INTENT_PREFIX, Knowledge

WIDGET_CHANNEL = "widget"  # the one channel that shows cards (bot/channels/widget.py)
FALLBACK = "nlu_fallback"  # the intent of a message that is unclear; no meaning of its own
IN_PLAY = "in_play"  # slot: what the last answer was about
IN_PLAY_TURNS = 5  # after so many messages about other things a bare "how long does it take?" no longer means it
DENIAL = re.compile(r"\bnot\s+(?:the|a|an|for|about)?\s*$", re.IGNORECASE)
MISSES = (outcomes.DECLINES, *outcomes.CLARIFIES, "utter_sorry_")  # a turn in which a reply of such a name was said did not answer
REPLIES_TO_OFFERS = ("action_accept_offer", "action_refuse_offer")  # a turn that ran one of these is a yes or no


def topic_of(message: Union[Tracker, Dict[str, Any]]) -> str:
    """Returns the topic of a question's intent: the latest message's, or one of `questions_of`."""
    intent = message.latest_message["intent"].get("name") if isinstance(message, Tracker) else message["intent"]
    return (intent or "").removeprefix(INTENT_PREFIX)


def ranked(message: Union[Tracker, Dict[str, Any]]) -> List[Tuple[str, float]]:
    """Returns the intents that the latest message, or one of `questions_of`, may have with their confidences, the likeliest first."""
    ranking = (message.latest_message if isinstance(message, Tracker) else message).get("intent_ranking", [])
    return [(intent["name"], intent["confidence"]) for intent in ranking if intent["name"] not in (None, FALLBACK)]


def topics_ranked(message: Union[Tracker, Dict[str, Any]]) -> List[Tuple[str, float]]:
    """Returns the topics that the latest message, or one of `questions_of`, may be about with their confidences, the likeliest first."""
    return [(intent.removeprefix(INTENT_PREFIX), confidence) for intent, confidence in ranked(message) if intent.startswith(INTENT_PREFIX)]


def questions_of(tracker: Tracker) -> List[Dict[str, Any]]:
    """Returns the questions of a message that asks several: {text, intent, entities, intent_ranking} each."""
    return tracker.latest_message.get("questions", [])


def entities_of(tracker: Tracker, known: Knowledge) -> Dict[str, List[str]]:
    """Returns what the latest message names, by kind, in the order named, each value once."""
    return entities_in(tracker.latest_message, known)


def entities_in(message: Dict[str, Any], known: Knowledge) -> Dict[str, List[str]]:
    """Returns what a message or one of its questions names and the knowledge file still knows, without what it denies ("not the CPC")."""
    entities: Dict[str, List[str]] = {}
    for entity in message.get("entities", []):
        kind, value = entity["entity"], entity["value"]
        if kind not in known.entities or value not in known.entities[kind].values:
            continue
        if DENIAL.search((message.get("text") or "")[: entity.get("start", 0)]):
            continue
        values = entities.setdefault(kind, [])
        if value not in values:
            values.append(value)
    return entities


def in_play(tracker: Tracker, known: Knowledge) -> Optional[Asked]:
    """Returns what the last answer was about; None if that was too long ago or is gone from the knowledge file."""
    slot = tracker.get_slot(IN_PLAY)
    if not slot or slot["topic"] not in known.topics or _turns_since(tracker, IN_PLAY) > IN_PLAY_TURNS:
        return None
    entities = {
        kind: [value for value in values if value in known.entities[kind].values]
        for kind, values in slot["entities"].items()
        if kind in known.entities
    }
    return Asked(slot["topic"], entities)


def _turns_since(tracker: Tracker, slot: str) -> int:
    """Returns how many messages the visitor has sent since the slot was set, the latest included."""
    turns = 0
    for event in reversed(tracker.events):
        if event["event"] == "slot" and event["name"] == slot:
            break
        turns += event["event"] == "user"
    return turns


def earlier_turns(tracker: Tracker) -> Iterator[List[Dict[str, Any]]]:
    """Yields what followed each of the visitor's messages before the latest, the last one's first, back to the start of the session."""
    turn: Optional[List[Dict[str, Any]]] = None
    for event in reversed(tracker.events):
        if event["event"] in ("session_started", "restart"):
            return
        if event["event"] == "user":
            if turn is not None:
                yield turn[::-1]
            turn = []
        elif turn is not None:
            turn.append(event)


def misses_in_a_row(tracker: Tracker) -> int:
    """Returns how many messages just before the latest got no answer; a yes or no to what was offered then does not interrupt the row."""
    misses = 0
    for turn in earlier_turns(tracker):
        missed = any((event["metadata"].get("utter_action") or "").startswith(MISSES) for event in turn if event["event"] == "bot")
        if not missed and all(event["name"] not in REPLIES_TO_OFFERS for event in turn if event["event"] == "action"):
            break
        misses += missed
    return misses


def offered(tracker: Tracker) -> List[Dict[str, str]]:
    """Returns the buttons under the assistant's last message."""
    said = [event for event in next(earlier_turns(tracker), []) if event["event"] == "bot"]
    return (said[-1]["data"].get("buttons") or []) if said else []


def utter(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    text: str,
    buttons: Sequence[Dict[str, str]] = (),
    card: Optional[Dict[str, Any]] = None,
) -> None:
    """Utters a text with buttons; on the widget also its card. (Other channels would send the card as a message of raw JSON.)"""
    shows_cards = tracker.get_latest_input_channel() == WIDGET_CHANNEL
    dispatcher.utter_message(text=text, buttons=list(buttons), json_message=card if shows_cards else None)
