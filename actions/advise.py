"""Advises on a way into the field: asks three questions, then gives the pathway that fits the answers, and another when an answer changes."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import IN_PLAY, utter
from bot import answers, knowledge, pathways, settings
from bot.knowledge import INTENT_PREFIX, UNSURE
from bot.pathways import SLOTS

FORM = "advice_form"
MISSED = "advice_missed"  # the slot that holds which question got a reply that was not understood
UNCLEAR = ("nlu_fallback", "affirm", "deny", "oos_gibberish", "request_advice", "helpful_answer")  # intents that are no other request
SURE = 0.8  # a message that has no form of a question, and is read as one with less confidence, is a reply that was not understood
RESTART_BUTTON = {"title": "Change my answers", "payload": "/request_advice"}


class ValidateAdviceForm(Action):
    """Takes the answers from a message: to the question asked, and to others it speaks of."""

    def name(self) -> str:
        """Returns the action's name."""
        return f"validate_{FORM}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Returns the answers as slots; none, which lets the rules reply, for a message that is another request."""
        ways = knowledge.in_force().current.pathways
        text = tracker.latest_message.get("text") or ""
        requested = tracker.get_slot("requested_slot")
        if requested is None:  # the form opens: answers of an earlier advice do not count
            given = {} if text.startswith("/") else pathways.read(ways, text)
            return [*(SlotSet(slot, given.get(question)) for question, slot in SLOTS.items()), SlotSet(MISSED, None)]
        if _was_interrupted(tracker) or text.startswith("/"):  # its message has been replied to, or is a button of another reply
            return []
        asked = next(question for question, slot in SLOTS.items() if slot == requested)
        is_question = pathways.is_question(text)
        given = {} if is_question else pathways.read(ways, text, asked)
        if given:
            return [SlotSet(SLOTS[question], answer) for question, answer in given.items()]
        if _is_other_request(tracker, is_question):
            return []
        if tracker.get_slot(MISSED) == asked:  # not a third time
            dispatcher.utter_message(response="utter_advice_left_open")
            return [SlotSet(requested, UNSURE)]
        dispatcher.utter_message(response="utter_advice_not_understood")
        return [SlotSet(requested, None), SlotSet(MISSED, asked)]


class ActionAskAdviceSchooling(Action):
    """Asks for the schooling so far."""

    def name(self) -> str:
        """Returns the action's name."""
        return f"action_ask_{SLOTS['schooling']}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the question."""
        return _ask(dispatcher, tracker, "schooling")


class ActionAskAdviceTime(Action):
    """Asks how soon."""

    def name(self) -> str:
        """Returns the action's name."""
        return f"action_ask_{SLOTS['time']}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the question."""
        return _ask(dispatcher, tracker, "time")


class ActionAskAdviceAim(Action):
    """Asks what for."""

    def name(self) -> str:
        """Returns the action's name."""
        return f"action_ask_{SLOTS['aim']}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the question."""
        return _ask(dispatcher, tracker, "aim")


class ActionAdvise(Action):
    """Gives the pathway that fits the answers."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_advise"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters it; puts its topic in play."""
        return _advise(dispatcher, tracker, _given(tracker))


class ActionChangeAdvice(Action):
    """Gives another pathway after an answer changed, or says that it stays the same."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_change_advice"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters it; keeps the new answers."""
        ways, given = knowledge.in_force().current.pathways, _given(tracker)
        changed = pathways.changed(ways, tracker.latest_message.get("text") or "", given)
        slots = [SlotSet(SLOTS[question], answer) for question, answer in changed.items()]
        before, after = pathways.choose(ways, given), pathways.choose(ways, {**given, **changed})
        if after == before:
            dispatcher.utter_message(response="utter_advice_unchanged", title=after.title)
            return slots
        return [*slots, *_advise(dispatcher, tracker, {**given, **changed})]


def _given(tracker: Tracker) -> Dict[str, str]:
    """Returns the answers, those to questions that were never asked as left open."""
    return {question: tracker.get_slot(slot) or UNSURE for question, slot in SLOTS.items()}


def _advise(dispatcher: CollectingDispatcher, tracker: Tracker, given: Dict[str, str]) -> List[Dict[str, Any]]:
    known = knowledge.in_force().current
    advice = pathways.advise(known, given, settings.in_force().figures_dated_after_years)
    buttons = [*answers.topic_buttons(known, advice.related), RESTART_BUTTON]
    utter(dispatcher, tracker, advice.full_text, buttons, advice.card)
    return [SlotSet(IN_PLAY, {"topic": advice.topic, "entities": {}})]


def _ask(dispatcher: CollectingDispatcher, tracker: Tracker, question: str) -> List[Dict[str, Any]]:
    """Utters a question of the advice, and before it why it comes, or comes again."""
    ways = knowledge.in_force().current.pathways
    if tracker.get_slot("requested_slot") is None:
        dispatcher.utter_message(response="utter_advice_start")
    elif _was_interrupted(tracker):
        dispatcher.utter_message(response="utter_advice_back")
    dispatcher.utter_message(text=ways.questions[question].text, buttons=pathways.buttons(ways, question))  # type: ignore[index]
    return []


def _was_interrupted(tracker: Tracker) -> bool:
    """Returns whether another action has replied to the latest message already."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "action" and event["name"] != FORM:
            return True
    return False


def _is_other_request(tracker: Tracker, is_question: bool) -> bool:
    """Returns whether the latest message wants something else than to answer."""
    intent: Dict[str, Any] = tracker.latest_message.get("intent") or {}
    name: Optional[str] = intent.get("name")
    if name is None or name in UNCLEAR:
        return False
    if name.startswith(INTENT_PREFIX):
        return is_question or intent.get("confidence", 0.0) >= SURE
    return is_question or not name.startswith("oos_")  # "I sell cars" is an answer, if not one of those listed
