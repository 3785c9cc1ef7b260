"""The training examples, and which of them lie nearest to a wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np

from bot import strict_yaml
from bot.check import examples_by_intent
from bot.knowledge import HOME
from bot.nlu.sentence_encoder import shared_encoder
from bot.nlu.speller import Speller

FILE = "data/nlu.yml"


@dataclass(frozen=True)
class Example:
    """A wording and the intent it is an example of."""

    intent: str
    text: str
    line: int  # of data/nlu.yml


def read() -> list[Example]:
    """Returns the examples of data/nlu.yml.

    Raises:
        ProblemsError: the file cannot be read.
    """
    examples = examples_by_intent(strict_yaml.read(HOME / FILE, FILE))
    return [Example(intent, text, line) for intent, rows in examples.items() for line, text in rows]


def by_intent() -> dict[str, list[str]]:
    """Returns the texts of the examples of data/nlu.yml by intent.

    Raises:
        ProblemsError: the file cannot be read.
    """
    texts: dict[str, list[str]] = {}
    for example in read():
        texts.setdefault(example.intent, []).append(example.text)
    return texts


class Neighborhood:
    """Examples in the sentence encoder's space, spelling mended as in training."""

    def __init__(self, examples: Sequence[Example]):
        """Encodes the examples; those of the last training are at hand already."""
        self.examples = list(examples)
        self._speller = Speller.of(example.text for example in self.examples)
        self._vectors = _unit(shared_encoder().encode_examples([self._speller.correct(example.text) for example in self.examples])[:, -1])

    def nearest(self, text: str, count: int) -> list[tuple[float, Example]]:
        """Returns the examples most like a text, with their likeness from -1 to 1, the likest first."""
        likeness = self._vectors @ _unit(shared_encoder().encode(self._speller.correct(text))[-1])
        return [(float(likeness[index]), self.examples[index]) for index in np.argsort(-likeness)[:count]]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
