"""Groups wordings by meaning: what visitors ask in different words comes together."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np

EXAMPLES_PER_INTENT = 10  # of which the space is learned; with 20 and 40 groups were hardly better (python -m benchmarks.groups)
SHRINKAGE = 0.6  # of the covariance towards equal variances; likewise
APART = 0.86  # mean cosine distance from which on two groups are not one; likewise (at 0.88 messages that only begin alike come together)


class MeaningSpace:
    """A space in which wordings of one intent lie close together, learned from the examples of all intents.

    The sentence encoder puts apart what differs in any way, a story from a curt question too. What differs between the examples of one
    intent is no difference in meaning: directions in which they scatter are shortened (whitening by the covariance within intents), and that
    serves questions that have no intent yet.
    """

    def __init__(self, examples: Mapping[str, Sequence[str]]):
        """Learns the space.

        Args:
            examples: wordings by intent, of one intent or more.
        """
        self.intents = sorted(examples)
        drawn = {intent: _draw(examples[intent], intent) for intent in self.intents}
        vectors = _encoded([text for texts in drawn.values() for text in texts])
        numbers = np.repeat(np.arange(len(drawn)), [len(texts) for texts in drawn.values()])
        centres = np.stack([vectors[numbers == number].mean(axis=0) for number in range(len(drawn))])
        covariance = np.cov(vectors - centres[numbers], rowvar=False, bias=True)
        equal = np.eye(len(covariance)) * covariance.trace() / len(covariance)
        variances, directions = np.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * equal)
        self._whitening = directions / np.sqrt(np.maximum(variances, 1e-9))  # all are 0 where no intent has two examples
        self._mean = vectors.mean(axis=0)
        placed = self._placed(vectors)
        self._centres = np.stack([placed[numbers == number].mean(axis=0) for number in range(len(drawn))])
        self._centres /= np.linalg.norm(self._centres, axis=1, keepdims=True)

    def vectors(self, wordings: Sequence[str]) -> np.ndarray:
        """Returns the wordings' places, float [len(wordings), dimensions], each of length 1."""
        return self._placed(_encoded(wordings)) if wordings else np.zeros((0, len(self._mean)))

    def nearest(self, vectors: np.ndarray) -> str:
        """Returns the intent whose examples lie nearest to a group of places."""
        return self.intents[int((self._centres @ vectors.mean(axis=0)).argmax())]

    def _placed(self, encoded: np.ndarray) -> np.ndarray:
        places = (encoded - self._mean) @ self._whitening
        return places / np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-9)


def group(vectors: np.ndarray) -> list[list[int]]:
    """Returns the rows of `vectors` (each of length 1) in groups, each with its most typical row first; the largest group first."""
    if len(vectors) < 2:
        return [[row] for row in range(len(vectors))]
    from scipy.cluster.hierarchy import fcluster, linkage

    numbers = fcluster(linkage(vectors, "average", metric="cosine"), APART, "distance")
    groups = [np.flatnonzero(numbers == number) for number in sorted(set(numbers))]
    typical = [rows[np.argsort(-(vectors[rows] @ vectors[rows].mean(axis=0)), kind="stable")].tolist() for rows in groups]
    return sorted(typical, key=lambda rows: (-len(rows), rows))


def _draw(texts: Sequence[str], seed: str) -> list[str]:
    return random.Random(seed).sample(list(texts), min(EXAMPLES_PER_INTENT, len(texts)))


def _encoded(texts: Sequence[str]) -> np.ndarray:
    """Returns the vectors of the encoder's last layer, float32 [len(texts), HIDDEN], each of length 1."""
    from bot.nlu.sentence_encoder import shared_encoder

    vectors = shared_encoder().encode_all(texts)[:, -1]
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
