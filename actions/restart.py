"""Starts the conversation over."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.events import Restarted
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import earlier_turns


class ActionRestart(Action):
    """Starts over; where nothing was said yet, says so. (Rasa's own action of this name would repeat itself word for word.)"""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_restart"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters it and returns the event that forgets what was said."""
        if tracker.active_loop_name or any(True for _ in earlier_turns(tracker)):  # a form may be open from the last session
            dispatcher.utter_message(response="utter_restart")
            return [Restarted()]
        dispatcher.utter_message(response="utter_at_the_start")
        return []
