"""Asks whether what is kept of a conversation shall be deleted, and says that it is; the channel deletes it (bot/channels/conversation.py)."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import offered

DELETE_PAYLOAD = "/delete_my_data"


def asked_to_delete(buttons: List[Dict[str, str]]) -> bool:
    """Returns whether the buttons are those under the question whether to delete."""
    return any(button["payload"] == DELETE_PAYLOAD for button in buttons)


class ActionDeleteData(Action):
    """Asks once whether to delete; asked to again right after, says that it is done, which makes the channel do it."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_delete_data"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the question or that it is done."""
        dispatcher.utter_message(response="utter_data_deleted" if asked_to_delete(offered(tracker)) else "utter_confirm_deletion")
        return []
