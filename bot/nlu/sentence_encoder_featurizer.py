"""Turns a message into a vector of its meaning, by the frozen sentence encoder."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import sentence_encoder
from bot.nlu.component import code_fingerprint, complete_config
from bot.nlu.spelling_corrector import corrected

# The last layer says what a message is about, those below keep more of how it is said. By cross-validation on the training
# examples and on BANKING77 and CLINC150 (results in docs/understanding.md).
LAYER_WEIGHTS = dict(zip(sentence_encoder.POOLED_LAYERS, (0.6, 0.6, 1.0)))


def sentence_features(vectors: np.ndarray) -> np.ndarray:
    """Returns the encoder's vectors, float32 [n, layers, HIDDEN], as features of length 1, float32 [n, layers * HIDDEN]."""
    weights = np.array(list(LAYER_WEIGHTS.values()), dtype=np.float32)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return (unit * (weights / np.linalg.norm(weights))[:, None]).reshape(len(vectors), -1)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoderFeaturizer(DenseFeaturizer, GraphComponent):
    """Adds a dense sentence feature, float32 [1, layers * HIDDEN], of length 1."""

    @classmethod
    def required_components(cls) -> List[type]:
        """Returns the components that must come before."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return DenseFeaturizer.get_default_config()

    @staticmethod
    def required_packages() -> List[str]:
        """Returns the packages the component imports."""
        return ["onnxruntime", "tokenizers"]

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Returns the hash of the code behind this class, so that Rasa trains again when it changes."""
        return code_fingerprint(sentence_encoder, sys.modules[__name__])

    def __init__(self, config: Dict[str, Any], name: str) -> None:
        """Loads the encoder, compiling it if this machine has not yet."""
        super().__init__(name, config)
        self._encoder = sentence_encoder.shared_encoder()

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """Refuses keys the component does not have (Rasa's base class calls it)."""
        complete_config(cls, config)

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SentenceEncoderFeaturizer:
        """Creates the component (see parent class for full docstring)."""
        return cls(config, execution_context.node_name)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds the feature to every training example."""
        examples = [message for message in training_data.training_examples if message.get(TEXT)]
        features = sentence_features(self._encoder.encode_examples([corrected(message) for message in examples]))
        for message, feature in zip(examples, features):
            self._add(message, feature[None])
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds the feature to each message."""
        for message in messages:
            self._add(message, sentence_features(self._encoder.encode(corrected(message))[None]))
        return messages

    def _add(self, message: Message, feature: np.ndarray) -> None:
        message.add_features(Features(feature, FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
