"""Answers career questions from the knowledge file: one or several in a message, seen from what the talk is about."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.compare import utter_beside
from actions.turns import IN_PLAY, entities_in, entities_of, in_play, questions_of, topic_of, topics_ranked, utter
from bot import answers, context, knowledge, settings
from bot.context import Asked
from bot.knowledge import Knowledge

QUESTIONS_AT_ONCE = 3  # more answers than that are a page, not a reply


class ActionAnswerQuestion(Action):
    """Answers the question whose intent is ask_<topic>, with its source line and what to ask next."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_answer_question"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Utters the answers and keeps what they are about."""
        known = knowledge.in_force().current
        intent, text = tracker.latest_message["intent"].get("name"), tracker.latest_message.get("text") or ""
        earlier = in_play(tracker, known)
        if intent == "several_questions":
            return self._answer_several(dispatcher, tracker, known, earlier)
        entities = entities_of(tracker, known)
        if intent == "follow_up_other":
            return self._answer_same_of_other(dispatcher, tracker, known, Asked(topic_of(tracker), entities), text, earlier)
        topic = topic_of(tracker)
        if topic not in known.topics:  # taken out of the knowledge file since the model was trained
            dispatcher.utter_message(response="utter_topic_gone")
            return []
        return answer_asked(dispatcher, tracker, known, context.in_context(known, Asked(topic, entities), text, earlier, topics_ranked(tracker)))

    def _answer_same_of_other(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, known: Knowledge, asked: Asked, text: str, earlier: Optional[Asked]
    ) -> List[Dict[str, Any]]:
        """Answers "and the CCA?": the last question of something else; at the start of a talk, what it would ask alone."""
        ranked = [(topic, confidence) for topic, confidence in topics_ranked(tracker) if topic in known.topics]
        if earlier and (meant := context.of_fragment(known, text, asked.entities, earlier, ranked)):
            others = [
                name
                for kind, name in context.names_of(known, asked.entities)
                if meant.topic == earlier.topic and not context.has_variants(known.topics[meant.topic], kind)
            ]
            preface = f"I have nothing on this for the {' and '.join(others)} in particular. In general: " if others else ""
            return answer_asked(dispatcher, tracker, known, meant, preface)
        overviews = (known.entities[kind].overview for kind in asked.entities)
        topic = next((topic for topic in overviews if topic), next((topic for topic, _ in ranked), None))
        if topic is None:
            dispatcher.utter_message(response="utter_please_rephrase")
            return []
        return answer_asked(dispatcher, tracker, known, Asked(topic, asked.entities))

    def _answer_several(self, dispatcher: CollectingDispatcher, tracker: Tracker, known: Knowledge, earlier: Optional[Asked]) -> List[Dict[str, Any]]:
        """Answers the questions of a message in order; each may refer to the one before."""
        site = settings.in_force()
        asked: List[Asked] = []
        for question in questions_of(tracker):
            topic = topic_of(question)
            if topic in known.topics:
                before = asked[-1] if asked else earlier
                meant = context.in_context(known, Asked(topic, entities_in(question, known)), question["text"], before, topics_ranked(question))
                if meant not in asked:
                    asked.append(meant)
        if not asked:
            dispatcher.utter_message(response="utter_topic_gone")
            return []
        given = [answers.answer(known, one.topic, one.entities, site.figures_dated_after_years) for one in asked[:QUESTIONS_AT_ONCE]]
        if len(given) == 1:
            return answer_asked(dispatcher, tracker, known, asked[0])
        text = answers.together(known, given, site.figures_dated_after_years)
        if len(asked) > QUESTIONS_AT_ONCE:
            text = f"I take the first {knowledge.NUMBER_WORDS[QUESTIONS_AT_ONCE]} of your questions; ask me the others again.\n{text}"
        related = list(dict.fromkeys(topic for answer in given for topic in answer.related if topic not in [one.topic for one in asked]))
        card = {"card": "several", "answers": [answer.card for answer in given]}
        utter(dispatcher, tracker, text, answers.topic_buttons(known, related[: answers.RELATED_BUTTONS]), card)
        last = asked[len(given) - 1]
        return [SlotSet(IN_PLAY, {"topic": last.topic, "entities": last.entities, "topics": [answer.topic for answer in given]})]


def answer_asked(dispatcher: CollectingDispatcher, tracker: Tracker, known: Knowledge, asked: Asked, preface: str = "") -> List[Dict[str, Any]]:
    """Utters the answer to one question and returns the event that keeps what it is about."""
    answer = answers.answer(known, asked.topic, asked.entities, settings.in_force().figures_dated_after_years)
    utter(dispatcher, tracker, preface + answer.full_text, answers.topic_buttons(known, answer.related), answer.card)
    utter_beside(dispatcher, tracker, known, asked)
    return [SlotSet(IN_PLAY, {"topic": asked.topic, "entities": asked.entities})]
