"""Takes what a visitor says of an answer: keeps it, and after a wrong one offers other topics, then a person."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.clarify import CHOICES_MAX, PERSON_BUTTON
from actions.contact import utter_contact
from actions.keep import keep
from actions.turns import IN_PLAY
from bot import answers, knowledge
from bot.knowledge import INTENT_PREFIX
from bot.store import Store

OTHERS_CONFIDENCE_MIN = 0.01  # a topic less likely than this was not asked about
OFFER_ACTION = "action_offer_other_topics"


class ActionNoteHelpful(Action):
    """Keeps that the last answer helped."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_note_helpful"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters thanks."""
        if turn := last_answered_turn(tracker):
            await keep(lambda kept: kept.add_feedback(tracker.sender_id, turn["id"], turn["topic"], turn["wording"], True))
        dispatcher.utter_message(response="utter_glad")
        return []


class ActionOfferOtherTopics(Action):
    """Keeps that the last answer was wrong; offers the topics nearest to the question, and the second time in a row a person."""

    def name(self) -> str:
        """Returns the action's name."""
        return OFFER_ACTION

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the choices or the contact."""
        if _offered_last_turn(tracker):
            dispatcher.utter_message(response="utter_no_answer")
            utter_contact(dispatcher)
            return []
        turn = last_answered_turn(tracker)
        if turn is None:
            dispatcher.utter_message(response="utter_sorry_rephrase", buttons=[PERSON_BUTTON])
            return []
        await keep(lambda kept: _keep_wrong(kept, tracker.sender_id, turn))
        near = [
            intent["name"].removeprefix(INTENT_PREFIX)
            for intent in turn["ranking"]
            if intent["name"].startswith(INTENT_PREFIX) and intent["confidence"] >= OTHERS_CONFIDENCE_MIN
        ]
        known = knowledge.in_force().current
        if turn["topic"] in known.topics:
            near += known.topics[turn["topic"]].related  # for a button there is nothing near, but these were offered beside it
        others = answers.topic_buttons(known, [topic for topic in dict.fromkeys(near) if topic != turn["topic"]])[:CHOICES_MAX]
        response = "utter_sorry_others" if others else "utter_sorry_rephrase"
        dispatcher.utter_message(response=response, buttons=[*others, PERSON_BUTTON])
        return []


def last_answered_turn(tracker: Tracker) -> Optional[Dict[str, Any]]:
    """Returns the question that the last reply answered: {id, wording, topic, intent, confidence, ranking}; None if it was no FAQ answer."""
    topic = None
    turns_back = 0
    for event in reversed(tracker.events):
        if event["event"] in ("session_started", "restart"):
            return None
        if event["event"] == "user":
            turns_back += 1
            if turns_back == 2:
                return _turn(event, topic) if topic else None
        elif turns_back == 1 and event["event"] == "slot" and event["name"] == IN_PLAY and topic is None:
            topic = (event["value"] or {}).get("topic")
    return None


def _turn(event: Dict[str, Any], topic: str) -> Dict[str, Any]:
    message = event.get("parse_data") or {}
    intent = message.get("intent") or {}
    return {
        "id": event.get("message_id") or str(event.get("timestamp")),
        "wording": event.get("text") or "",
        "topic": topic,
        "intent": intent.get("name") or "",
        "confidence": intent.get("confidence") or 0.0,
        "ranking": message.get("intent_ranking") or [],
    }


def _offered_last_turn(tracker: Tracker) -> bool:
    """Returns whether the visitor's message before the latest called an answer wrong, too."""
    turns_back = 0
    for event in reversed(tracker.events):
        turns_back += event["event"] == "user"
        if turns_back == 2 or event["event"] in ("session_started", "restart"):
            return False
        if turns_back == 1 and event["event"] == "action" and event["name"] == OFFER_ACTION:
            return True
    return False


def _keep_wrong(kept: Store, conversation: str, turn: Dict[str, Any]) -> None:
    kept.add_feedback(conversation, turn["id"], turn["topic"], turn["wording"], False)
    kept.add_question(conversation, turn["wording"], "wrong", turn["intent"], turn["confidence"])
