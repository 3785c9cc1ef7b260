"""Says where a person is to be had: the admissions office, and help in distress."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Sequence

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.contact_form import leave_events
from bot import settings


def utter_contact(dispatcher: CollectingDispatcher, buttons: Sequence[Dict[str, str]] = (), now: Optional[datetime] = None) -> None:
    """Utters where a person is to be had and whether now, from the settings file.

    Args:
        buttons: of what to ask meanwhile.
        now: for tests.
    """
    site = settings.in_force()
    office = site.office
    dispatcher.utter_message(
        response="utter_contact",
        buttons=list(buttons),
        college=site.college,
        office=office.name,
        address=office.address,
        email=office.email,
        phone=office.phone,
        hours=office.opening_hours,
        status=office.status(now or datetime.now(timezone.utc)),
    )


def utter_care(dispatcher: CollectingDispatcher) -> None:
    """Utters a caring sentence with whom to turn to, for what is said after a message of distress."""
    crisis = settings.in_force().crisis
    dispatcher.utter_message(response="utter_care", line=crisis.line, emergency=crisis.emergency)


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
        """Utters the referral, from the settings file; no form goes on after it."""
        crisis = settings.in_force().crisis
        dispatcher.utter_message(response="utter_crisis", line=crisis.line, emergency=crisis.emergency)
        return leave_events(tracker)
