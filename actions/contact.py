"""Says where a person is to be had: the admissions office, and help in distress."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot import settings


def utter_contact(dispatcher: CollectingDispatcher) -> None:
    """Utters who to contact, from the settings file."""
    site = settings.in_force()
    office = site.office
    dispatcher.utter_message(
        response="utter_contact", college=site.college, office=office.name, email=office.email, phone=office.phone, hours=office.opening_hours
    )


class ActionGiveContact(Action):
    """Says who to contact for a talk with a person."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_give_contact"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the contact."""
        utter_contact(dispatcher)
        return []


class ActionReferCrisis(Action):
    """Refers a visitor in distress to people who can help."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_refer_crisis"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the referral, from the settings file."""
        crisis = settings.in_force().crisis
        dispatcher.utter_message(response="utter_crisis", line=crisis.line, emergency=crisis.emergency)
        return []
