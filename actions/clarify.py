"""Says honestly when a message is unclear or out of scope, offers what is near, then a person."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.contact import utter_contact
from actions.turns import missed_last_turn
from bot import answers, knowledge
from bot.knowledge import INTENT_PREFIX

CHOICES_MAX = 3  # more than three is a menu, not a question
CHOICE_CONFIDENCE_MIN = 0.05  # a topic less likely than this is not worth a button
PERSON_BUTTON = {"title": "Talk to a person", "payload": "/request_human"}


class ActionClarify(Action):
    """Asks once which of the nearest topics is meant; on a second miss in a row says who to contact."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_clarify"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the choices or the contact."""
        if missed_last_turn(tracker):
            dispatcher.utter_message(response="utter_no_answer")
            utter_contact(dispatcher)
            return []
        known = knowledge.in_force().current
        near = [
            intent["name"].removeprefix(INTENT_PREFIX)
            for intent in tracker.latest_message.get("intent_ranking", [])
            if intent["name"].startswith(INTENT_PREFIX) and intent["confidence"] >= CHOICE_CONFIDENCE_MIN
        ]
        choices = answers.topic_buttons(known, near)[:CHOICES_MAX]  # a topic that is gone leaves its place to the next
        if choices:
            dispatcher.utter_message(response="utter_which_topic", buttons=[*choices, PERSON_BUTTON])
        else:
            dispatcher.utter_message(response="utter_please_rephrase", buttons=[PERSON_BUTTON])
        return []


class ActionDecline(Action):
    """Declines what is out of scope, each kind in its own words; on a second miss in a row also says who to contact."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_decline"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the refusal."""
        intent = tracker.latest_message["intent"].get("name") or ""
        if missed_last_turn(tracker):
            dispatcher.utter_message(response=f"utter_decline_{intent}")
            utter_contact(dispatcher)
        else:
            dispatcher.utter_message(response=f"utter_decline_{intent}", buttons=[PERSON_BUTTON])
        return []
