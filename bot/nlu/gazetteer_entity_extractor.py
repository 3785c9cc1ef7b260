"""Recognizes what the knowledge file names (certifications, bodies, levels ...) by spaCy's matcher."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Optional

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import ENTITIES, ENTITY_ATTRIBUTE_END, ENTITY_ATTRIBUTE_START, ENTITY_ATTRIBUTE_TYPE, ENTITY_ATTRIBUTE_VALUE, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.matcher import Matcher
from spacy.tokens import Doc
from spacy.util import filter_spans

from bot import knowledge
from bot.nlu.blank_spacy_tokenizer import english
from bot.nlu.component import complete_config

FUZZY_FROM_LETTERS = 7  # shorter words are too close to others ("coder", "corder", "order")
CACHED_WORDS = 10_000  # of texts, so that a word is looked up once; about 100 bytes each
TRAINED_ON = "trained_on"  # file that keeps the fingerprint of topics and entities


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class GazetteerEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Finds the entity values of the knowledge file by their synonyms, the longest match first."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {
            "knowledge": None,  # folder of the knowledge file; the project's own unless given
        }

    @staticmethod
    def required_packages() -> List[str]:
        """Returns the packages the component imports."""
        return ["spacy"]

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Reads the entities from the knowledge file."""
        folder = complete_config(type(self), config)["knowledge"]
        self._knowledge = knowledge.load(Path(folder) if folder else knowledge.FOLDER)
        self._model_storage, self._resource = model_storage, resource
        # By their first words, because a matcher tries each of its patterns at each word of a text.
        self._matchers: Dict[str, Matcher] = {}
        for kind, entity in self._knowledge.entities.items():
            for name, value in entity.values.items():
                for pattern in sorted({tuple(token.norm_ for token in _normalized(synonym)) for synonym in value.synonyms}):
                    matcher = self._matchers.setdefault(pattern[0], Matcher(english().vocab))
                    matcher.add(f"{kind}\n{name}", [[_token_pattern(word) for word in pattern]])
        self._long_first_words = [word for word in self._matchers if _is_fuzzy(word)]
        self._matchers_from = lru_cache(CACHED_WORDS)(self._search_matchers)

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> GazetteerEntityExtractor:
        """Creates the component (see parent class for full docstring)."""
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Returns the hash of the topics and entities, so that Rasa trains again when they change."""
        return knowledge.load(Path(config["knowledge"]) if config.get("knowledge") else knowledge.FOLDER).training_fingerprint

    def train(self, training_data: TrainingData) -> Resource:
        """Keeps with the model which topics and entities it was trained on."""
        with self._model_storage.write_to(self._resource) as directory:
            (directory / TRAINED_ON).write_text(self._knowledge.training_fingerprint)
        return self._resource

    @classmethod
    def load(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **kwargs: Any
    ) -> GazetteerEntityExtractor:
        """Loads the component.

        Raises:
            RasaException: the model was trained on other topics or entities than the knowledge file has now.
        """
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            trained_on = (directory / TRAINED_ON).read_text()
        if trained_on != component._knowledge.training_fingerprint:
            raise RasaException(f"The model was trained on other topics or entities than {knowledge.FILE} has now. Run `make train`.")
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds the entities found to each message."""
        for message in messages:
            message.set(ENTITIES, message.get(ENTITIES, []) + self._extract(message.get(TEXT) or ""), add_to_output=True)
        return messages

    def _search_matchers(self, word: str) -> List[str]:
        """Returns the first words of the patterns that may begin with a word of a text."""
        near = process.extract(word, self._long_first_words, scorer=Levenshtein.distance, score_cutoff=1, limit=None)
        return list(dict.fromkeys([*([word] if word in self._matchers else []), *(first for first, _, _ in near)]))

    def _extract(self, text: str) -> List[Dict[str, Any]]:
        doc = _normalized(text)
        first_words = dict.fromkeys(first for token in doc for first in self._matchers_from(token.norm_))
        spans = filter_spans(span for first in first_words for span in self._matchers[first](doc, as_spans=True))
        entities = []
        for span in sorted(spans, key=lambda span: span.start):
            kind, _, value = span.label_.partition("\n")
            entities.append(
                {
                    ENTITY_ATTRIBUTE_TYPE: kind,
                    ENTITY_ATTRIBUTE_VALUE: value,
                    ENTITY_ATTRIBUTE_START: span.start_char,
                    ENTITY_ATTRIBUTE_END: span.end_char,
                }
            )
        return self.add_extractor_name(entities)


def _normalized(text: str) -> Doc:
    """Returns the text's tokens, hyphens and slashes apart, with norms in lower case without dots and apostrophes ("C.P.C." is "cpc")."""
    # A same-length replacement keeps the offsets of the original text.
    doc = english().make_doc(re.sub(r"[-/–—_]", " ", text))
    for token in doc:
        token.norm_ = re.sub(r"[.'’]", "", token.lower_) or token.lower_
    return doc


def _token_pattern(word: str) -> Dict[str, Any]:
    """Returns the pattern of one word: as it is, or with one wrong letter if it is long."""
    return {"NORM": {"FUZZY1": word}} if _is_fuzzy(word) else {"NORM": word}


def _is_fuzzy(word: str) -> bool:
    return len(word) >= FUZZY_FROM_LETTERS and word.isalpha()
