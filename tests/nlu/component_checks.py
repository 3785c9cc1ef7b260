"""Checks that every NLU component must pass: train, keep, load, same result."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Type

from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

EXAMPLES = {
    "ask_salary": ["how much do coders make", "coder salary", "what is the pay", "does it pay well", "yearly wage of a coder", "earnings"],
    "ask_how_long": [
        "how long does it take",
        "time to become a coder",
        "how many months",
        "length of the program",
        "how fast can i start",
        "duration",
    ],
    "oos_general": ["what is the weather", "tell me a joke", "who won the game", "recipe for soup", "capital of france", "play some music"],
}


def training_data() -> TrainingData:
    """Returns fresh examples, tokenized."""
    return TrainingData([tokenized(text, intent=intent) for intent, texts in EXAMPLES.items() for text in texts])


def tokenized(text: str, **attributes: Any) -> Message:
    """Returns a message that has been through a tokenizer."""
    message = Message.build(text, **attributes)
    message.set(TOKENS_NAMES[TEXT], [Token(word, 0) for word in text.split()])
    return message


class Bench:
    """A component of one class with its storage."""

    def __init__(self, component_class: Type[GraphComponent], folder: Path, config: Dict[str, Any] | None = None):
        self.component_class = component_class
        self.config = {**component_class.get_default_config(), **(config or {})}
        self.storage, self.resource = LocalModelStorage(folder), Resource("component")
        self.context = ExecutionContext(GraphSchema({}), node_name="component")

    def create(self) -> Any:
        return self.component_class.create(self.config, self.storage, self.resource, self.context)

    def load(self) -> Any:
        return self.component_class.load(self.config, self.storage, self.resource, self.context)


TEXTS: List[str] = ["what do coders earn", "", "   ", "¿cuánto gana?", "👍", "x" * 2000, "line\nbreak\ttab"]
