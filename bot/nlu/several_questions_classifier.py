"""Decides whether a message asks several questions, from how its clauses were read."""

from __future__ import annotations

import re
import sys
from typing import Any, Dict, List, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.knowledge import INTENT_PREFIX
from bot.nlu import question_splitter
from bot.nlu.component import code_fingerprint, complete_config, put_first
from bot.nlu.intent_model import OUT_OF_SCOPE_PREFIX
from bot.nlu.question_splitter import LIST_WORDS_MAX, PARTS, STARTS_ASKING
from bot.privacy import MARKS

SEVERAL_QUESTIONS = "several_questions"
QUESTIONS = "questions"  # the message's attribute that holds them
NEVER_OVERRULED = ("crisis", "abuse", "request_contact", "request_human", "delete_my_data")  # whatever is asked beside it
OTHER_CAREER = "oos_other_career"
# "I'm a paralegal thinking of switching, do I need a degree?" names another occupation only to say who asks; "I want to be a nurse" does not.
BACKGROUND = re.compile(
    r"\b(?:i'?m|i am|i was|i'?ve been|i have been|i (?:currently |now |used to |have )?work(?:ed)?|former|ex|retired|as an?)\b", re.IGNORECASE
)
AIM = re.compile(r"\b(?:becom\w+|to be|want\w*|wanna|would like|hop(?:e|ing)|plan\w*|stud(?:y|ying)|train\w*|appl(?:y|ying))\b", re.IGNORECASE)
UNCLEAR = 0.3  # below it the visitor would be asked what is meant (FallbackClassifier in config.yml)
QUESTION_WORDS_MIN = 2  # fewer words are no second question
CLAUSE_CONFIDENCE_MIN = 0.4  # a clause read with less is not split off
LIST_CONFIDENCE_MIN = 0.75  # nor a bare word of a list ("pay and hours") with less


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class SeveralQuestionsClassifier(IntentClassifier, GraphComponent):
    """Sets the intent `several_questions` and `questions`, each {text, intent, entities, intent_ranking}, where clauses ask different things.

    Where one clause of several asks, and is clearer alone, its intent is the message's.
    """

    @classmethod
    def required_components(cls) -> List[type]:
        """Returns the components that must come before."""
        return [IntentClassifier]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {}

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Returns the hash of the code behind this class, so that Rasa trains again when it changes."""
        return code_fingerprint(question_splitter, sys.modules[__name__])

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SeveralQuestionsClassifier:
        """Creates the component (see parent class for full docstring)."""
        complete_config(cls, config)
        return cls()

    def process(self, messages: List[Message]) -> List[Message]:
        """Returns the messages without the clauses that QuestionSplitter put behind them."""
        clauses = {id(part) for message in messages for part in message.get(PARTS, [])}
        whole = [message for message in messages if id(message) not in clauses]
        for message in whole:
            questions = _questions(message)
            if len(questions) == 1 and _is_clearer(questions[0], message):  # a story, and one question in it
                for attribute in (INTENT, INTENT_RANKING_KEY):
                    message.set(attribute, questions[0].get(attribute), add_to_output=True)
            elif len(questions) > 1:
                put_first(message, SEVERAL_QUESTIONS)
                message.set(
                    QUESTIONS,
                    [
                        {
                            "text": part.get(TEXT),
                            "intent": part.get(INTENT)["name"],
                            "entities": part.get(ENTITIES, []),
                            "intent_ranking": part.get(INTENT_RANKING_KEY, []),
                        }
                        for part in questions
                    ],
                    add_to_output=True,
                )
        return whole


def _questions(message: Message) -> List[Message]:
    """Returns the clauses that ask about different things; none or one if the message is one question."""
    parts = message.get(PARTS, [])
    listed = len(message.get(TEXT).split()) <= LIST_WORDS_MAX and not any(STARTS_ASKING.match(part.get(TEXT)) for part in parts)
    questions: List[Message] = []
    for part in parts:
        intent = part.get(INTENT) or {}
        name, confidence = intent.get(INTENT_NAME_KEY) or "", intent.get(PREDICTED_CONFIDENCE_KEY, 0.0)
        if listed and (confidence < LIST_CONFIDENCE_MIN or not name.startswith(INTENT_PREFIX)):
            return []  # a list of topics is one as a whole
        if not listed and not (_asks(part) and len(part.get(TEXT).split()) >= QUESTION_WORDS_MIN):
            continue  # a statement before or after the question, or an afterthought ("..., online?")
        if not name.startswith(INTENT_PREFIX) or confidence < CLAUSE_CONFIDENCE_MIN:
            continue
        if all(name != question.get(INTENT)[INTENT_NAME_KEY] for question in questions):  # not the same question in other words
            questions.append(part)
    return questions


def _is_clearer(question: Message, message: Message) -> bool:
    """Returns whether a question is clearer alone than with what is said around it: small talk, unclear, the visitor's occupation or masked data."""
    whole, alone = message.get(INTENT), question.get(INTENT)
    name, confidence = whole[INTENT_NAME_KEY], whole[PREDICTED_CONFIDENCE_KEY]
    if name in NEVER_OVERRULED:
        return False
    if name.startswith(OUT_OF_SCOPE_PREFIX):
        around = " ".join(part.get(TEXT) for part in message.get(PARTS) if part is not question)
        is_introduction = name == OTHER_CAREER and BACKGROUND.search(around) is not None and not AIM.search(around)
        return is_introduction or any(mark in around for mark in MARKS)
    return alone[PREDICTED_CONFIDENCE_KEY] > confidence and (confidence < UNCLEAR or not name.startswith(INTENT_PREFIX))


def _asks(part: Message) -> bool:
    text = part.get(TEXT)
    return text.endswith("?") or STARTS_ASKING.match(text) is not None
