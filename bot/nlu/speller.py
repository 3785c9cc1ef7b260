"""The speller: replaces misspelled words by words of the examples. Needs no Rasa, so that commands that only read examples start at once."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from typing import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.nlu import sentence_encoder

WORD = re.compile(r"[A-Za-z][A-Za-z']{2,}")  # shorter words say too little to be mended
ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er", "ers", "ful", "ness", "ment", "able", "y", "ies", "ation", "ations")
STEM_MIN_LETTERS = 4
TERM_EXAMPLES = 10  # a word in so many examples is a word of the field, not a slip
CANDIDATE_EXAMPLES = 3  # a word in fewer examples is no better guess than what was typed
TWO_SLIPS_FROM_LETTERS = 7  # shorter words lie too close to each other for two slips
DRAWN_OUT = re.compile(r"(.)\1+")
CACHED_WORDS = 20_000


class Speller:
    """Replaces words that are neither English nor in the examples by the likeliest word of the examples."""

    def __init__(self, frequencies: dict[str, int], english: Iterable[str]):
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
    def frequencies(self) -> dict[str, int]:
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
