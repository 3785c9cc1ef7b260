"""Puts two or three things of a kind side by side."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import IN_PLAY, WIDGET_CHANNEL, entities_of, topics_ranked, utter
from bot import answers, comparisons, knowledge, settings
from bot.context import Asked
from bot.knowledge import Knowledge


class ActionCompare(Action):
    """Compares what the latest message names."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_compare"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the comparison; puts its things in play."""
        known = knowledge.in_force().current
        entities = entities_of(tracker, known)
        kind = comparisons.kind_to_compare(known, entities)
        if kind is None:  # taken out of the knowledge file since the model was trained, or a button made by hand
            dispatcher.utter_message(response="utter_nothing_to_compare")
            return []
        compared = comparisons.compare(known, kind, entities[kind], settings.in_force().figures_dated_after_years, topics_ranked(tracker))
        topic = known.comparisons[kind].topic
        utter(
            dispatcher,
            tracker,
            compared.full_text,
            answers.topic_buttons(known, known.topics[topic].related[: answers.RELATED_BUTTONS]),
            compared.card,
        )
        return [SlotSet(IN_PLAY, {"topic": topic, "entities": {kind: entities[kind]}})]


def utter_beside(dispatcher: CollectingDispatcher, tracker: Tracker, known: Knowledge, answered: Asked) -> None:
    """Utters, on the widget, what the answer of a topic tells apart also side by side. (Elsewhere the answer's prose says it.)"""
    found = comparisons.beside(known, answered.topic, answered.entities)
    if found and tracker.get_latest_input_channel() == WIDGET_CHANNEL:
        compared = comparisons.compare(known, *found, settings.in_force().figures_dated_after_years)
        utter(dispatcher, tracker, compared.full_text, card=compared.card)
