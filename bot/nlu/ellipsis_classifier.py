"""Recognizes messages that are no question of their own but follow up on the last answer: "and the CCA?", "no, I meant billing"."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    INTENT,
    INTENT_NAME_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot import context, knowledge
from bot.nlu.comparison_classifier import COMPARE
from bot.nlu.component import code_fingerprint, complete_config, put_first

FOLLOW_UP_OTHER = "follow_up_other"  # the same question of something else


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class EllipsisClassifier(IntentClassifier, GraphComponent):
    """Sets the intent `follow_up_other`; the intent the message was read as stays second in the ranking, for a talk that has just begun."""

    @classmethod
    def required_components(cls) -> List[type]:
        """Returns the components that must come before."""
        return [IntentClassifier]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {
            "knowledge": None,  # folder of the knowledge file; the project's own unless given
        }

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Returns the hash of the code behind this class, so that Rasa trains again when it changes."""
        return code_fingerprint(context, sys.modules[__name__])

    def __init__(self, config: Dict[str, Any]) -> None:
        """Reads the words of subjects and entities from the knowledge file."""
        folder = complete_config(type(self), config)["knowledge"]
        known = knowledge.load(Path(folder) if folder else knowledge.FOLDER)
        self._subjects = context.subject_words(known)
        self._in_follow_up = {
            word: (kind, name) for kind, entity in known.entities.items() for name, value in entity.values.items() for word in value.in_follow_up
        }

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> EllipsisClassifier:
        """Creates the component (see parent class for full docstring)."""
        return cls(config)

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets intent and ranking of each message that is a fragment, and the entities that its words mean only there."""
        for message in messages:
            text, entities = message.get(TEXT) or "", message.get(ENTITIES, [])
            if (message.get(INTENT) or {}).get(INTENT_NAME_KEY) == COMPARE:  # "CPC or CCA?" asks for itself
                continue
            rest = list(text)
            for entity in entities:
                rest[entity[ENTITY_ATTRIBUTE_START] : entity[ENTITY_ATTRIBUTE_END]] = " " * (
                    entity[ENTITY_ATTRIBUTE_END] - entity[ENTITY_ATTRIBUTE_START]
                )
            words = context.words_of(context.OPENING.sub("and", "".join(rest)))
            meant = [] if entities else [word for word in words if word in self._in_follow_up]
            if not context.is_fragment([word for word in words if word not in meant], self._subjects, bool(entities or meant)):
                continue
            added = [self._entity(text, word) for word in meant]
            message.set(ENTITIES, entities + added, add_to_output=True)
            put_first(message, FOLLOW_UP_OTHER)
        return messages

    def _entity(self, text: str, word: str) -> Dict[str, Any]:
        kind, value = self._in_follow_up[word]
        start = text.lower().index(word)
        return {
            ENTITY_ATTRIBUTE_TYPE: kind,
            ENTITY_ATTRIBUTE_VALUE: value,
            ENTITY_ATTRIBUTE_START: start,
            ENTITY_ATTRIBUTE_END: start + len(word),
            "extractor": type(self).__name__,
        }
