"""Says honestly when a message is unclear or out of scope, offers what is near, then a person; takes yes and no to what was offered."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, UserUttered
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import answer_asked
from actions.contact import utter_care, utter_contact
from actions.forget import asked_to_delete
from actions.keep import keep_question
from actions.turns import entities_of, in_play, misses_in_a_row, offered, topics_ranked
from bot import answers, context, knowledge, settings
from bot.knowledge import Knowledge

CHOICES_MAX = 3  # more than three is a menu, not a question
CHOICE_CONFIDENCE_MIN = 0.05  # a topic less likely than this is not worth a button
NEAR_MAX = 2  # beside a refusal: the message was understood, so what is further off is no help
# From where on a topic is worth a button beside a refusal: chosen on 50 messages written for it, of which 13 had a topic above; the first
# fitted in 11. For kinds that are not named here the classifier's topics are chance.
NEAR_CONFIDENCE_MIN = {"oos_not_in_sources": 0.02, "oos_other_career": 0.02, "oos_college": 0.1}
PERSON_BUTTON = {"title": "Talk to a person", "payload": "/request_human"}
CONTACT_PAYLOAD = "/request_contact"
CAPABILITIES_BUTTON = {"title": "What I can answer", "payload": "/bot_capabilities"}
# A question about pay that the sources do not answer asks about a place or an employer; what is known is the national figure.
PAY_TOPICS = (
    "salary",
    "hourly_pay",
    "entry_level_pay",
    "pay_by_experience",
    "pay_certified",
    "pay_specialists",
    "pay_factors",
    "pay_compared",
    "earn_more",
)
PAY_OFFERED = ("salary", "pay_factors")
IN_DISTRESS = "in_distress"  # slot: since a message of distress no question was asked


class ActionClarify(Action):
    """Asks once which of the nearest topics is meant; then says who to contact; after that stays short."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_clarify"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the choices, the contact or what can be asked; keeps the message."""
        known = knowledge.in_force().current
        meant = context.likeliest_in_context(
            known, topics_ranked(tracker), tracker.latest_message.get("text") or "", entities_of(tracker, known), in_play(tracker, known)
        )
        if meant:  # unclear alone, but not after the last answer
            return answer_asked(dispatcher, tracker, known, meant)
        utter_unclear(dispatcher, tracker, known)
        if not tracker.get_slot(IN_DISTRESS):
            await keep_question(tracker, "clarified")
        return []


class ActionDecline(Action):
    """Declines what is out of scope, each kind in its own words, and offers what is near and a person; on a second miss in a row says who to contact."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_decline"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the refusal; keeps the message."""
        if tracker.get_slot(IN_DISTRESS):
            utter_care(dispatcher)
            return []
        self._decline(dispatcher, tracker)
        await keep_question(tracker, "declined")
        return []

    def _decline(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        known = knowledge.in_force().current
        intent = tracker.latest_message["intent"].get("name") or ""
        misses = misses_in_a_row(tracker)
        near = _likely(tracker, known, NEAR_CONFIDENCE_MIN[intent], NEAR_MAX) if intent in NEAR_CONFIDENCE_MIN else []
        refusal = f"utter_decline_{intent}"
        if intent == "oos_not_in_sources" and _asks_about_pay(tracker):
            refusal, near = f"{refusal}_pay", [topic for topic in PAY_OFFERED if topic in known.topics]
        if intent == "abuse":  # once a calm sentence, then a short one
            dispatcher.utter_message(response=f"{refusal}_again" if misses else refusal, buttons=[PERSON_BUTTON] if misses else [])
            return
        beside = [PERSON_BUTTON] if misses != 1 and not near else []
        dispatcher.utter_message(response=refusal, buttons=beside, emergency=settings.in_force().crisis.emergency)
        if misses == 1:
            utter_contact(dispatcher, answers.topic_buttons(known, near))
        elif near:
            _offer(dispatcher, known, near, "utter_near_topic", "utter_near_topics")


class ActionAcceptOffer(Action):
    """Takes a yes: to the one topic offered, else to a person; where several were offered, asks which."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_accept_offer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Returns the events of the button pressed, or utters what else to do."""
        if tracker.get_slot(IN_DISTRESS):
            utter_care(dispatcher)
            return []
        buttons = offered(tracker)
        if asked_to_delete(buttons):
            dispatcher.utter_message(response="utter_data_deleted")
            return []
        asked = _asked_about(buttons)
        if not asked:
            dispatcher.utter_message(response="utter_ask_on")
        elif len(asked) > 1:
            dispatcher.utter_message(response="utter_which_choice", buttons=[*asked, PERSON_BUTTON])
        else:
            return _pressed(tracker, asked[0]["payload"])
        return []


class ActionRefuseOffer(Action):
    """Takes a no: to the topics offered, then asks for other words; else leaves it at that."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_refuse_offer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters what to do instead."""
        asked = _asked_about(offered(tracker))
        if tracker.get_slot(IN_DISTRESS):
            utter_care(dispatcher)
        elif not asked or asked[0] == PERSON_BUTTON or asked[0]["payload"] == CONTACT_PAYLOAD:
            dispatcher.utter_message(response="utter_all_right")
        else:
            dispatcher.utter_message(response="utter_none_of_these", buttons=[PERSON_BUTTON])
        return []


def utter_unclear(dispatcher: CollectingDispatcher, tracker: Tracker, known: Knowledge) -> None:
    """Utters what there is to say to a message that is not understood: the nearest topics, the contact, or what can be asked."""
    if tracker.get_slot(IN_DISTRESS):
        utter_care(dispatcher)
        return
    misses = misses_in_a_row(tracker)
    choices = _likely(tracker, known, CHOICE_CONFIDENCE_MIN, CHOICES_MAX)
    if misses == 1:
        dispatcher.utter_message(response="utter_no_answer")
        utter_contact(dispatcher)
    elif misses > 1:
        dispatcher.utter_message(response="utter_still_unclear", buttons=[CAPABILITIES_BUTTON, PERSON_BUTTON])
    elif choices:
        _offer(dispatcher, known, choices, "utter_this_topic", "utter_which_topic")
    else:
        dispatcher.utter_message(response="utter_please_rephrase", buttons=[PERSON_BUTTON])


def _asked_about(buttons: List[Dict[str, str]]) -> List[Dict[str, str]]:
    """Returns what a yes or no is about: to be contacted; the choices beside a person; a person alone. Other buttons ask nothing."""
    contact = [button for button in buttons if button["payload"] == CONTACT_PAYLOAD]
    if contact or PERSON_BUTTON not in buttons:
        return contact
    return [button for button in buttons if button != PERSON_BUTTON] or [PERSON_BUTTON]


def _likely(tracker: Tracker, known: Knowledge, confidence_min: float, topics_max: int) -> List[str]:
    """Returns the topics that the latest message is likeliest about; one that is gone leaves its place to the next."""
    return [topic for topic, confidence in topics_ranked(tracker) if topic in known.topics and confidence >= confidence_min][:topics_max]


def _asks_about_pay(tracker: Tracker) -> bool:
    """Returns whether the latest message, if it is a career question at all, is rather one about pay."""
    ranked = topics_ranked(tracker)
    return sum(confidence for topic, confidence in ranked if topic in PAY_TOPICS) > sum(confidence for _, confidence in ranked) / 2


def _offer(dispatcher: CollectingDispatcher, known: Knowledge, topics: List[str], response_for_one: str, response_for_several: str) -> None:
    """Utters a question with topics to choose from and a person as the last choice."""
    dispatcher.utter_message(
        response=response_for_one if len(topics) == 1 else response_for_several,
        buttons=[*answers.topic_buttons(known, topics), PERSON_BUTTON],
        question=known.topics[topics[0]].question,
    )


def _pressed(tracker: Tracker, payload: str) -> List[Dict[str, Any]]:
    """Returns the events of the visitor pressing a button; Rasa goes on from there as if it had been pressed."""
    intent = {"name": payload.removeprefix("/"), "confidence": 1.0}
    message = {"text": payload, "intent": intent, "intent_ranking": [intent], "entities": []}
    return [ActionExecuted("action_listen"), UserUttered(payload, message, input_channel=tracker.get_latest_input_channel())]
