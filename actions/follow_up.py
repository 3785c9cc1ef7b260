"""Follows up on the last answer: more of it, why, whose figures, how recent, in plain words, once more."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import answer_asked
from actions.clarify import utter_unclear
from actions.turns import IN_PLAY, in_play, utter
from bot import answers, knowledge, settings
from bot.context import Asked

WITHOUT_ANSWER = {  # what is said where there is no last answer to follow up on
    "follow_up_source": "utter_sources",
    "follow_up_recency": "utter_sources",
    "follow_up_more": "utter_capabilities",
}


class ActionFollowUp(Action):
    """Answers a question about the last answer."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_follow_up"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters it."""
        known = knowledge.in_force().current
        intent = tracker.latest_message["intent"].get("name")
        asked = in_play(tracker, known)
        if asked is None:
            if intent in WITHOUT_ANSWER:
                dispatcher.utter_message(response=WITHOUT_ANSWER[intent])
            else:
                utter_unclear(dispatcher, tracker, known)
            return []
        topic, years = known.topics[asked.topic], settings.in_force().figures_dated_after_years
        buttons = answers.topic_buttons(known, topic.related[: answers.RELATED_BUTTONS])
        if intent == "follow_up_why" and topic.why:
            return answer_asked(dispatcher, tracker, known, Asked(topic.why, asked.entities))
        if intent in ("follow_up_more", "follow_up_why"):
            if (tracker.get_slot(IN_PLAY) or {}).get("all_said"):
                utter(dispatcher, tracker, "That is all my sources say about this. You could go on with one of these.", buttons)
                return []
            longer = answers.more(known, asked.topic, asked.entities, years)
            if longer is None:
                utter(dispatcher, tracker, "My sources say no more than that about this. You could go on with one of these.", buttons)
            else:
                utter(dispatcher, tracker, longer.full_text, buttons, longer.card)
            return [SlotSet(IN_PLAY, {"topic": asked.topic, "entities": asked.entities, "all_said": True})]
        if intent == "repeat_answer":
            return answer_asked(dispatcher, tracker, known, asked)
        if intent == "follow_up_plain":
            plain = answers.plainly(known, asked.topic, asked.entities, years)
            utter(dispatcher, tracker, plain.full_text, buttons, plain.card)
            return [SlotSet(IN_PLAY, {"topic": asked.topic, "entities": asked.entities})]
        answer = answers.answer(known, asked.topic, asked.entities, years)
        tell = answers.provenance if intent == "follow_up_source" else answers.recency
        utter(dispatcher, tracker, tell(known, answer, years), buttons)
        return [SlotSet(IN_PLAY, {"topic": asked.topic, "entities": asked.entities})]
