"""How well questions on topics that are not known yet are grouped by meaning: `python -m benchmarks.groups`.

Thirty topics are hidden, the space is learned from the others, and some examples of the hidden ones are grouped among messages out of
scope, each of which belongs to no group. Measured is the adjusted Rand index: 0 is chance, 1 is the topics themselves.
"""

from __future__ import annotations

import random
import sys

import numpy as np

from bot import check, groups, strict_yaml
from bot.knowledge import INTENT_PREFIX, ROOT

DRAWS = 4
HIDDEN = 30
WORDINGS = (3, 25)  # of a hidden topic
OUT_OF_SCOPE = 11  # of each kind
EXAMPLES = (10, 20, 40)
SHRINKAGES = (0.3, 0.6)
APART = (0.78, 0.82, 0.86, 0.88, 0.9)


def main() -> None:
    """Prints a line for each combination of the constants of bot/groups.py."""
    from sklearn.metrics import adjusted_rand_score

    rows = check.examples_by_intent(strict_yaml.read(ROOT / "data" / "nlu.yml"))
    examples = {intent: [text for _, text in texts] for intent, texts in rows.items()}
    topics = [intent for intent in examples if intent.startswith(INTENT_PREFIX)]
    figures: dict[tuple[str, int, float, float], list[float]] = {}
    for draw in range(DRAWS):
        chance = random.Random(draw)
        hidden = chance.sample(topics, HIDDEN)
        texts: list[str] = []
        labels: list[str] = []
        for topic in hidden:
            drawn = chance.sample(examples[topic], min(len(examples[topic]), chance.randint(*WORDINGS)))
            texts, labels = texts + drawn, labels + [topic] * len(drawn)
        for intent in [intent for intent in examples if intent.startswith("oos_")]:
            drawn = chance.sample(examples[intent], OUT_OF_SCOPE)
            texts, labels = texts + drawn, labels + drawn  # each a group of its own
        seen = {topic: examples[topic] for topic in topics if topic not in hidden}
        settings: list[tuple[int, float]] = [(groups.EXAMPLES_PER_INTENT, shrinkage) for shrinkage in SHRINKAGES]
        others: list[tuple[int, float]] = [(count, groups.SHRINKAGE) for count in EXAMPLES if count != groups.EXAMPLES_PER_INTENT]
        for count, shrinkage in settings + others:
            vectors = _space(seen, count, shrinkage).vectors(texts)
            for apart in APART:
                figures.setdefault(("learned", count, shrinkage, apart), []).append(adjusted_rand_score(labels, _numbers(vectors, apart)))
        plain = groups._encoded(texts)
        for apart in (0.42, 0.46, 0.5, 0.54, 0.58):
            figures.setdefault(("encoder alone", 0, 0, apart), []).append(adjusted_rand_score(labels, _numbers(plain, apart)))
        print(f"draw {draw + 1} of {DRAWS}: {len(texts)} wordings", file=sys.stderr, flush=True)
    print("space          examples  shrinkage  apart  adjusted Rand index")
    for (space, count, shrinkage, apart), measured in figures.items():
        print(f"{space:<13}  {count:>8}  {shrinkage:>9}  {apart:>5}  {np.mean(measured):.3f}")


def _space(examples: dict[str, list[str]], count: int, shrinkage: float) -> groups.MeaningSpace:
    kept = groups.EXAMPLES_PER_INTENT, groups.SHRINKAGE
    groups.EXAMPLES_PER_INTENT, groups.SHRINKAGE = count, shrinkage
    try:
        return groups.MeaningSpace(examples)
    finally:
        groups.EXAMPLES_PER_INTENT, groups.SHRINKAGE = kept


def _numbers(vectors: np.ndarray, apart: float) -> list[int]:
    """Returns the number of each row's group."""
    kept, groups.APART = groups.APART, apart
    try:
        found = groups.group(vectors)
    finally:
        groups.APART = kept
    return [number for _, number in sorted((row, number) for number, rows in enumerate(found) for row in rows)]


if __name__ == "__main__":
    main()
