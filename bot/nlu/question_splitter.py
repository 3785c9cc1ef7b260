"""Finds where a message may hold several questions, so that each part is read like a message of its own."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.component import complete_config

PARTS = "parts"  # the message's attribute that holds its parts as messages
PARTS_MAX = 8  # clauses read at most; each costs an encoder run
# A clause that begins like this asks something.
ASKS = (
    r"(?:what|whats|what's|wat|how|hows|how's|where|wheres|when|which|who|whos|why|whys|is|are|am|was|do|does|did|can|could|should|would|will|may|might|must"
    r"|tell me|explain|let me know|i (?:also )?(?:want|need|would like) to know|id like to know|i'd like to know|i wonder|wondering|curious)\b"
)
LINK = r"(?:(?:and|or|also|plus|then|but|n|&|so|if so)\b,?\s*)"  # opens a further question
SENTENCE_END = rf"(?<=[?!.;])\s+{LINK}*|\s*\n\s*{LINK}*"
ALTERNATIVE = (
    r"(?!\s+or\s+(?:is|are|am|was|do|does|did|can|could|should|would|will|may|might|must)\b)"  # "is it varied or is it dull" is one question
)
CONJUNCTION = rf"{ALTERNATIVE}\s*(?:,\s*{LINK}*|\s{LINK}+)(?={ASKS})"
# "how much is it how long does it take"; not "tell me what to do", "what happens when ..."
RUN_ON = (
    r"\s+(?=(?:what|whats|what's|wat|how|why)\s+(?:is|are|do|does|did|can|would|will|about|kind)\b"
    r"|how\s+(?:much|long|hard|often|soon|many\s+\w+)\s+(?:is|are|do|does|did|can|would|will)\b)"
)
# "is there an internship do you help find jobs": a verb before its subject once more; not "how many hours | do they work"
INVERTED = re.compile(r"\s+(?=(?:is|are|do|does|can|could|will|would|should)\s+(?:i|you|u|it|they|there|we)\b)", re.IGNORECASE)
VERB = re.compile(r"\b(?:is|are|do|does|can|could|will|would|should|work|pay|pays|make|cost|costs|take|takes)\s+\S+\s+\S", re.IGNORECASE)
OPEN = re.compile(
    r"\b(?:what|how|where|when|why|which|who|much|many|long|hard|and|or|if|that|then|than|as|to|of|is|are|do|does|know|think|say|tell)$",
    re.IGNORECASE,
)
BOUNDARY = re.compile(f"{SENTENCE_END}|{CONJUNCTION}|{RUN_ON}", re.IGNORECASE)
LIST = re.compile(r"\s*(?:,|&|\+|/|\band\b|\bplus\b)\s*", re.IGNORECASE)
LIST_WORDS_MAX = 9  # "salary and job outlook?": a list of topics has no verb and few words
STARTS_ASKING = re.compile(ASKS, re.IGNORECASE)


def clauses(text: str) -> List[str]:
    """Returns the clauses of a text that may be questions; the text itself as the only one if it cannot be parted."""
    parts = [part.strip() for sentence in BOUNDARY.split(text) for part in _inverted(sentence)]
    parts = [part for part in parts if re.search(r"\w", part)]
    if len(parts) == 1 and len(text.split()) <= LIST_WORDS_MAX and not STARTS_ASKING.match(text):
        parts = [part.strip() for part in LIST.split(text) if re.search(r"\w", part)]
    return parts[:PARTS_MAX] or [text]


def _inverted(clause: str) -> Iterator[str]:
    """Yields a clause's parts, the further ones beginning with a verb before its subject, each part before them a question with a verb."""
    start = 0
    for match in INVERTED.finditer(clause):
        before = clause[start : match.start()]
        if STARTS_ASKING.match(before) and VERB.search(before) and not OPEN.search(before):
            yield before
            start = match.end()
    yield clause[start:]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class QuestionSplitter(GraphComponent):
    """Puts a message's clauses behind it, so that the components that follow read them too; SeveralQuestionsClassifier takes them away."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {}

    @classmethod
    def create(cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext) -> QuestionSplitter:
        """Creates the component (see parent class for full docstring)."""
        complete_config(cls, config)
        return cls()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Returns the examples as they are: each is one message."""
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Returns the messages and, behind them, their clauses."""
        added: List[Message] = []
        for message in messages:
            parts = clauses(message.get(TEXT) or "")
            if len(parts) > 1:
                message.set(PARTS, [Message({TEXT: part}) for part in parts])
                added += message.get(PARTS)
        return messages + added
