"""Answers a career question from the knowledge file."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turns import entities_of, topic_of
from bot import answers, knowledge, settings


class ActionAnswerQuestion(Action):
    """Answers the question whose intent is ask_<topic>, with its source line and what to ask next."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_answer_question"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the answer."""
        known = knowledge.in_force().current
        topic = topic_of(tracker)
        if topic not in known.topics:  # taken out of the knowledge file since the model was trained
            dispatcher.utter_message(response="utter_topic_gone")
            return []
        entities = {
            kind: [value for value in values if value in known.entities[kind].values]
            for kind, values in entities_of(tracker).items()
            if kind in known.entities
        }
        answer = answers.answer(known, topic, entities, settings.in_force().figures_dated_after_years)
        dispatcher.utter_message(text=answer.full_text, buttons=answers.topic_buttons(known, answer.related))
        return []
