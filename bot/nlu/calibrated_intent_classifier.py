"""Classifies a message into an intent with calibrated confidence, out-of-scope messages included."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse

from bot.nlu import intent_model
from bot.nlu.component import code_fingerprint, complete_config
from bot.nlu.intent_model import IntentModel

MODEL = "intents.npz"
RANKING_LENGTH = 10  # Rasa's own default; the choices offered to an unclear message come from it


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CalibratedIntentClassifier(IntentClassifier, GraphComponent):
    """Sets `intent` and `intent_ranking`; the confidences are probabilities, and `scope` that the message is a question to be answered."""

    @classmethod
    def required_components(cls) -> List[type]:
        """Returns the components that must come before."""
        return [Featurizer]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {}

    @staticmethod
    def required_packages() -> List[str]:
        """Returns the packages the component imports."""
        return ["sklearn"]

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Returns the hash of the code behind this class, so that Rasa trains again when it changes."""
        return code_fingerprint(intent_model, sys.modules[__name__])

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Creates the classifier untrained."""
        complete_config(type(self), config)
        self._model_storage, self._resource = model_storage, resource
        self._model: IntentModel | None = None

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> CalibratedIntentClassifier:
        """Creates the component (see parent class for full docstring)."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learns from the examples that have an intent.

        Raises:
            RasaException: there are fewer than two intents.
        """
        examples = [message for message in training_data.intent_examples if message.get(TEXT)]
        intents = [message.get(INTENT) for message in examples]
        if len(set(intents)) < 2:
            raise RasaException("data/nlu.yml: holds examples of fewer than two intents; a classifier needs at least two. Add examples.")
        self._model = IntentModel.train(*_features(examples), intents)
        with self._model_storage.write_to(self._resource) as directory:
            self._model.save(directory / MODEL)
        return self._resource

    @classmethod
    def load(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **kwargs: Any
    ) -> CalibratedIntentClassifier:
        """Loads a trained component (see parent class for full docstring)."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            component._model = IntentModel.load(directory / MODEL)
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds the intent and the ranking to each message."""
        if self._model is None:
            raise RasaException("CalibratedIntentClassifier: is asked before it was trained or loaded. Run `make train`.")
        if not messages:
            return messages
        for message, prediction in zip(messages, self._model.predict(*_features(messages))):
            order = np.argsort(-prediction.confidences)
            order = np.concatenate([[prediction.best], order[order != prediction.best]])[:RANKING_LENGTH]
            ranking = [
                {INTENT_NAME_KEY: str(self._model.classes[index]), PREDICTED_CONFIDENCE_KEY: float(prediction.confidences[index])} for index in order
            ]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
            message.set("scope", prediction.scope, add_to_output=True)
        return messages


def _features(messages: List[Message]) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Returns the sentence features of messages: dense float32 [messages, dense], sparse float32 [messages, sparse]."""
    dense, ngrams = [], []
    for message in messages:  # Message.get_dense_features would copy each
        of_sentence = [feature for feature in message.features if feature.attribute == TEXT and feature.type == FEATURE_TYPE_SENTENCE]
        vectors = [feature.features for feature in of_sentence if feature.is_dense()]
        counts = [feature.features for feature in of_sentence if feature.is_sparse()]
        if not vectors or not counts:
            raise RasaException("config.yml: CalibratedIntentClassifier needs a dense and a sparse featurizer before it. Add both to the pipeline.")
        dense.append(np.hstack(vectors))
        ngrams.append(sparse.hstack(counts) if len(counts) > 1 else counts[0])
    return np.vstack(dense), sparse.vstack(ngrams, format="csr") if len(ngrams) > 1 else ngrams[0]
