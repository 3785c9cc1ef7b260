"""Turns a message into weighted counts of its words and letters: the certain words, and what a misspelling leaves of them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any, Dict, List, Optional

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.nlu.component import code_fingerprint, complete_config
from bot.nlu.spelling_corrector import corrected

RARE = 1 / 2500  # an n-gram in a smaller share of the examples is left out: the more examples, the less one slip of the pen says
VOCABULARY, WEIGHTS = "vocabulary.json", "weights.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class NgramFeaturizer(SparseFeaturizer, GraphComponent):
    """Adds a sparse sentence feature, float32 [1, vocabulary]: TF-IDF of word n-grams beside that of letter n-grams."""

    @classmethod
    def required_components(cls) -> List[type]:
        """Returns the components that must come before."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {
            **SparseFeaturizer.get_default_config(),
            "words": [1, 2],  # shortest and longest run of words
            "letters": [2, 4],  # shortest and longest run of letters within a word
        }

    @staticmethod
    def required_packages() -> List[str]:
        """Returns the packages the component imports."""
        return ["sklearn"]

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Returns the hash of the code behind this class, so that Rasa trains again when it changes."""
        return code_fingerprint(sys.modules[__name__])

    def __init__(self, config: Dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource) -> None:
        """Creates the featurizer without a vocabulary."""
        super().__init__(name, config)
        self._model_storage, self._resource = model_storage, resource
        complete = complete_config(type(self), config)
        common = {"sublinear_tf": True, "dtype": np.float32}
        self._vectorizers = {
            "words": TfidfVectorizer(ngram_range=tuple(complete["words"]), token_pattern=r"\b\w+\b", **common),
            "letters": TfidfVectorizer(analyzer="char_wb", ngram_range=tuple(complete["letters"]), **common),
        }

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """Refuses keys the component does not have (Rasa's base class calls it)."""
        complete_config(cls, config)

    @classmethod
    def create(cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext) -> NgramFeaturizer:
        """Creates the component (see parent class for full docstring)."""
        return cls(config, execution_context.node_name, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the vocabulary and its weights from the training examples."""
        texts = [corrected(message) for message in training_data.training_examples if message.get(TEXT)]
        if not texts:
            raise RasaException("data/nlu.yml: holds no examples to learn n-grams from. Add examples for every intent.")
        for vectorizer in self._vectorizers.values():
            vectorizer.min_df = max(1, round(RARE * len(texts)))
            vectorizer.fit(texts)
        self._start()
        with self._model_storage.write_to(self._resource) as directory:
            vocabulary = {name: vectorizer.get_feature_names_out().tolist() for name, vectorizer in self._vectorizers.items()}
            (directory / VOCABULARY).write_text(json.dumps(vocabulary), encoding="utf-8")
            np.savez(directory / WEIGHTS, **{name: vectorizer.idf_ for name, vectorizer in self._vectorizers.items()})
        return self._resource

    @classmethod
    def load(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **kwargs: Any
    ) -> NgramFeaturizer:
        """Loads a trained component (see parent class for full docstring)."""
        component = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as directory:
            vocabulary = json.loads((directory / VOCABULARY).read_text(encoding="utf-8"))
            weights = np.load(directory / WEIGHTS, allow_pickle=False)
            for name, vectorizer in component._vectorizers.items():
                vectorizer.vocabulary_ = {ngram: index for index, ngram in enumerate(vocabulary[name])}
                vectorizer.idf_ = weights[name]
        component._start()
        return component

    def _start(self) -> None:
        """Takes from the vectorizers what a message is weighed with; their own `transform` takes ten times as long for a single text."""
        self._weighed_with = [(vectorizer.build_analyzer(), vectorizer.vocabulary_, vectorizer.idf_) for vectorizer in self._vectorizers.values()]

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds the feature to every training example."""
        self.process([message for message in training_data.training_examples if message.get(TEXT)])
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds the feature to each message."""
        for message in messages:
            message.add_features(Features(self._features(corrected(message)), FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
        return messages

    def _features(self, text: str) -> sparse.csr_matrix:
        """Returns the TF-IDF weights of a text's n-grams, float32 [1, vocabulary]; words and letters have length 1 each."""
        indices, weights, width = [], [], 0
        for analyze, vocabulary, idf in self._weighed_with:
            counts = Counter(index for ngram in analyze(text) if (index := vocabulary.get(ngram)) is not None)
            known = np.fromiter(counts, np.int32, len(counts))
            weight = (1 + np.log(np.fromiter(counts.values(), np.float64, len(counts)))) * idf[known]
            indices.append(width + known)
            weights.append(weight / max(np.linalg.norm(weight), 1e-9))
            width += len(idf)
        data = np.concatenate(weights).astype(np.float32)
        return sparse.csr_matrix((data, np.concatenate(indices), np.array([0, len(data)], np.int32)), shape=(1, width))
