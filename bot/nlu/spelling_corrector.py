"""Mends misspelled words before they are turned into features: "salery" is read as "salary"."""

from __future__ import annotations

import json
import sys
from typing import Any, Dict, List, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import sentence_encoder, speller
from bot.nlu.component import code_fingerprint, complete_config
from bot.nlu.speller import Speller

CORRECTED = "corrected_text"  # the message's attribute that featurizers read
FREQUENCIES = "words.json"


def corrected(message: Message) -> str:
    """Returns the message's text with its spelling mended, or as typed where no SpellingCorrector came before."""
    return message.get(CORRECTED) or message.get(TEXT) or ""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SpellingCorrector(GraphComponent):
    """Sets the attribute `corrected_text`; entities and what is stored keep the text as typed."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {}

    @staticmethod
    def required_packages() -> List[str]:
        """Returns the packages the component imports."""
        return ["rapidfuzz"]

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Returns the hash of the code behind this class, so that Rasa trains again when it changes."""
        return code_fingerprint(sys.modules[__name__], speller)

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Creates the corrector without words."""
        complete_config(type(self), config)
        self._model_storage, self._resource = model_storage, resource
        self._speller = Speller({}, ())

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SpellingCorrector:
        """Creates the component (see parent class for full docstring)."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Counts the words of the examples."""
        self._speller = Speller.of(message.get(TEXT) for message in training_data.training_examples if message.get(TEXT))
        with self._model_storage.write_to(self._resource) as directory:
            (directory / FREQUENCIES).write_text(json.dumps(self._speller.frequencies), encoding="utf-8")
        return self._resource

    @classmethod
    def load(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **kwargs: Any
    ) -> SpellingCorrector:
        """Loads a trained component (see parent class for full docstring)."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            frequencies = json.loads((directory / FREQUENCIES).read_text(encoding="utf-8"))
        component._speller = Speller(frequencies, sentence_encoder.english_words())
        return component

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Corrects every training example."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Corrects each message."""
        for message in messages:
            if message.get(TEXT):
                message.set(CORRECTED, self._speller.correct(message.get(TEXT)))
        return messages
