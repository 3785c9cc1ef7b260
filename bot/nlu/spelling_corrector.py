"""Mends misspelled words before they are turned into features: "salery" is read as "salary"."""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from functools import lru_cache
from typing import Any, Dict, Iterable, List, Optional

from rapidfuzz import process
from rapidfuzz.distance import OSA
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import sentence_encoder
from bot.nlu.component import code_fingerprint, complete_config

CORRECTED = "corrected_text"  # the message's attribute that featurizers read
FREQUENCIES = "words.json"
WORD = re.compile(r"[A-Za-z][A-Za-z']{2,}")  # shorter words say too little to be mended
ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er", "ers", "ful", "ness", "ment", "able", "y", "ies", "ation", "ations")
STEM_MIN_LETTERS = 4
TERM_EXAMPLES = 10  # a word in so many examples is a word of the field, not a slip
CANDIDATE_EXAMPLES = 3  # a word in fewer examples is no better guess than what was typed
TWO_SLIPS_FROM_LETTERS = 7  # shorter words lie too close to each other for two slips
DRAWN_OUT = re.compile(r"(.)\1+")
CACHED_WORDS = 20_000


def corrected(message: Message) -> str:
    """Returns the message's text with its spelling mended, or as typed where no SpellingCorrector came before."""
    return message.get(CORRECTED) or message.get(TEXT) or ""


class Speller:
    """Replaces words that are neither English nor in the examples by the likeliest word of the examples."""

    def __init__(self, frequencies: Dict[str, int], english: Iterable[str]):
        """Creates the speller.

        Args:
            frequencies: in how many examples each word stands, lower case.
            english: words that are never replaced.
        """
        self._frequencies, self._english = frequencies, frozenset(english)
        self._candidates = [
            word for word, examples in frequencies.items() if examples >= TERM_EXAMPLES or (examples >= CANDIDATE_EXAMPLES and self._is_english(word))
        ]
        self._likeliest = lru_cache(CACHED_WORDS)(self._search)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Speller:
        """Returns the speller that the texts of examples teach."""
        return cls(
            Counter(word for text in texts for word in {match.group().lower() for match in WORD.finditer(text)}), sentence_encoder.english_words()
        )

    @property
    def frequencies(self) -> Dict[str, int]:
        """In how many examples each word stands."""
        return self._frequencies

    def correct(self, text: str) -> str:
        """Returns the text with misspelled words replaced, the others as they are."""
        return WORD.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        word = match.group().lower()
        if "'" in word or self._is_english(word) or self._frequencies.get(word, 0) >= TERM_EXAMPLES:
            return match.group()
        return self._likeliest(word) or match.group()

    def _is_english(self, word: str) -> bool:
        """Returns whether the word, or the word without an ending, is English."""
        if word in self._english:
            return True
        stems = (word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending) and len(word) - len(ending) >= STEM_MIN_LETTERS)
        return any(stem in self._english or stem + "e" in self._english or stem + "y" in self._english for stem in stems)

    def _search(self, word: str) -> str | None:
        """Returns the likeliest word meant: one drawn out ("hiii"); else few slips, letters only swapped, same first letter, frequent."""
        if self._is_english(short := DRAWN_OUT.sub(r"\1", word)):
            return short
        slips = 2 if len(word) >= TWO_SLIPS_FROM_LETTERS else 1
        near = process.extract(word, self._candidates, scorer=OSA.distance, score_cutoff=slips, limit=None)

        def cost(candidate: str, distance: int) -> float:
            swapped = sorted(candidate) == sorted(word)
            return distance - 0.5 * swapped - 0.3 * (candidate[0] == word[0]) - 0.12 * math.log(self._frequencies[candidate])

        return min(((cost(candidate, distance), candidate) for candidate, distance, _ in near), default=(0.0, None))[1]


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
        return code_fingerprint(sys.modules[__name__])

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
