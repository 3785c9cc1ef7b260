"""How well a model understands the held-out wordings, by its own NLU alone: `python -m benchmarks.accuracy MODEL` prints JSON."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path

import yaml

from bot.evaluate import UTTERANCES
from bot.knowledge import INTENT_PREFIX


def accuracy(model: Path) -> dict[str, float]:
    """Returns the shares of held-out questions and of messages out of scope that get the right intent, in %; for the latter any of `oos_`."""
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage

    processor = Agent.load(str(model)).processor
    if processor is None:
        raise SystemExit(f"{model}: could not be loaded.")
    right: dict[str, list[bool]] = {"in scope": [], "out of scope": []}
    for intent, texts in yaml.safe_load(UTTERANCES.read_text(encoding="utf-8")).items():
        for text in texts:
            read = asyncio.run(processor.parse_message(UserMessage(text)))["intent"]["name"] or ""
            if intent.startswith(INTENT_PREFIX):
                right["in scope"].append(read == intent)
            elif intent.startswith("oos_"):
                right["out of scope"].append(read.startswith("oos_"))
    return {kind: 100 * sum(answers) / len(answers) for kind, answers in right.items()}


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    print(json.dumps(accuracy(Path(sys.argv[1]))))
