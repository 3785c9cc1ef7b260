"""Recognizes messages that ask to compare things of a kind: "CPC vs CCA", "is a diploma better than a certificate"."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot import comparisons, knowledge
from bot.knowledge import INTENT_PREFIX
from bot.nlu.component import complete_config, put_first
from bot.nlu.spelling_corrector import corrected

COMPARE = "compare"
PLAINLY, AS_ALTERNATIVES = "plainly", "as alternatives"  # how a message asks for a comparison
UNCERTAIN_BELOW = 0.5  # an intent less likely than not gives way to a comparison that is asked for in so many words

# Closed-class words of English. These ask for a comparison wherever they stand:
COMPARING = re.compile(
    r"\b(?:vs|versus|compar(?:e|es|ed|ing|ison|isons)|contrast(?:s|ed|ing)?|differ(?:s|ed|ing)?|diffs?|differences?|differently|distinctions?|distinguish(?:es)?"
    r"|apart|alike|similar(?:ity|ities)?|side by side|pros and cons|the same(?! time| day| year))\b|\bdifferent\b(?=\W*$| from| than| to)"
)
# ... these where an alternative is named:
CHOOSING = re.compile(
    r"\b(?:better|best|worse|worst|which|whether|rather|prefer(?:s|red)?|choos(?:e|ing)|pick|decid(?:e|ing)|torn|fits?|suits?"
    r"|more|most|less|least|easier|harder|tougher|simpler|cheaper|costlier|faster|quicker|slower|longer|shorter|higher|lower|broader|deeper|smarter)\b"
)
HESITATING = re.compile(r"\b(?:should|shall|would|worth|recommend(?:ed)?)\b")  # ... and these in a question about which to take
SETTLING = re.compile(r"\b(?:vs|versus|v|than|against|instead|compared)\b|\bover(?: the| a| an)?\s*$")  # names an alternative, and compares
ALTERNATIVE = re.compile(rf"\bor\b|/|{SETTLING.pattern}")
NAMING = re.compile(r"\b(?:vs|versus|compar(?:e|ed|ing)|diff(?:erence)?s? between)\b")  # there is a second thing, if not one of those known
PAIRED = re.compile(r"\b(?:between|compare|comparing|comparison of|difference of)(?: the| a| an| medical)*\s*$")  # "compare coding and billing"
OFFERED = re.compile(r"\b(?:between|which of|who of|one of)(?: the| a| an)*\s*$")  # "which of the CIC and the COC", as good as "or"
BARE_WORDS_MAX = 6  # "CPC or CCA for a beginner": a message of so few words with an alternative asks which to take
GAP_WORDS_MAX = 8  # more words between two names than "... than going all the way for a ..." no longer link them
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Mention:
    """A place where a message names values of a kind."""

    start: int
    end: int
    values: tuple[str, ...]
    is_entity: bool  # not one of the words that mean something only in a comparison


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ComparisonClassifier(IntentClassifier, GraphComponent):
    """Sets the intent `compare`, and the entities that words mean only in a comparison; the other intents stay behind it in the ranking."""

    @classmethod
    def required_components(cls) -> List[type]:
        """Returns the components that must come before."""
        return [IntentClassifier]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {
            "knowledge": None,  # folder of the knowledge file; the project's own unless given
        }

    def __init__(self, config: Dict[str, Any]) -> None:
        """Reads what can be compared from the knowledge file, anew when it changes."""
        folder = complete_config(type(self), config)["knowledge"]
        self._file = knowledge.KnowledgeFile(Path(folder)) if folder else knowledge.in_force()

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> ComparisonClassifier:
        """Creates the component (see parent class for full docstring)."""
        return cls(config)

    @property
    def _knowledge(self) -> knowledge.Knowledge:
        return self._file.current

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets intent, ranking and entities of each message that asks for a comparison."""
        for message in messages:
            found = self._compared(message)
            if found is None:
                continue
            kind, mentions = found
            entities = message.get(ENTITIES, [])
            added = [self._entity(kind, mention, value) for mention in mentions if not mention.is_entity for value in mention.values]
            message.set(ENTITIES, sorted(entities + added, key=lambda entity: entity[ENTITY_ATTRIBUTE_START]), add_to_output=True)
            put_first(message, COMPARE)
        return messages

    def _compared(self, message: Message) -> tuple[str, List[Mention]] | None:
        """Returns the kind that is compared and where its values are named; None if the message does not ask for it."""
        text, read = message.get(TEXT) or "", message.get(INTENT) or {}
        by_kind = {
            kind: self._mentions(comparison, kind, text, message.get(ENTITIES, [])) for kind, comparison in self._knowledge.comparisons.items()
        }
        # Names come before words such as "coding": "a coding certificate or a degree" is about the degree.
        for kind in sorted(by_kind, key=lambda kind: -sum(mention.is_entity for mention in by_kind[kind])):
            mentions = by_kind[kind]
            values = list(dict.fromkeys(value for mention in mentions for value in mention.values))
            if len(values) > 1 and read.get(INTENT_NAME_KEY):
                asked = _asks(text.lower(), corrected(message).lower(), mentions)
                if asked and self._answers(kind, values, message.get(INTENT_RANKING_KEY, []), asked):
                    return kind, mentions
        known = [(kind, mention) for kind, mentions in by_kind.items() for mention in mentions if mention.is_entity]
        if len(known) == 1 and read.get(PREDICTED_CONFIDENCE_KEY, 1.0) < UNCERTAIN_BELOW and NAMING.search(corrected(message).lower()):
            return known[0][0], []  # "compare the CPC and plumbing": better told what can be compared than guessed at
        return None

    def _answers(self, kind: str, values: Sequence[str], ranking: List[Dict[str, Any]], asked: str) -> bool:
        """Returns whether a comparison is the better answer to a question whose intents were ranked so."""
        ranked = [(entry[INTENT_NAME_KEY].removeprefix(INTENT_PREFIX), entry[PREDICTED_CONFIDENCE_KEY]) for entry in ranking]
        comparison, (topic, confidence) = self._knowledge.comparisons[kind], ranked[0]
        if set(values) <= set(comparison.told_apart.get(topic, [])):  # its own answer compares them, in prose, unless a row is asked for
            rows = [sum(share for name, share in ranked if name in aspect.topics) for aspect in comparison.aspects if topic not in aspect.topics]
            return asked == PLAINLY and (confidence < UNCERTAIN_BELOW or max(rows, default=0.0) >= comparisons.ASKED_MIN)
        if topic in comparison.topics:
            return True
        return asked == PLAINLY and (comparisons.says_of(self._knowledge, kind, values, topic) or confidence < UNCERTAIN_BELOW)

    def _mentions(self, comparison: knowledge.Comparison, kind: str, text: str, entities: List[Dict[str, Any]]) -> List[Mention]:
        """Returns where values of the kind are named, in the order named."""
        mentions = [
            Mention(entity[ENTITY_ATTRIBUTE_START], entity[ENTITY_ATTRIBUTE_END], (entity[ENTITY_ATTRIBUTE_VALUE],), True)
            for entity in entities
            if entity[ENTITY_ATTRIBUTE_TYPE] == kind
        ]
        for word in WORD.finditer(text.lower()):
            if word.group() not in comparison.words:
                continue
            if not any(entity[ENTITY_ATTRIBUTE_START] < word.end() and word.start() < entity[ENTITY_ATTRIBUTE_END] for entity in entities):
                mentions.append(Mention(word.start(), word.end(), tuple(comparison.words[word.group()]), False))
        return sorted(mentions, key=lambda mention: mention.start)

    def _entity(self, kind: str, mention: Mention, value: str) -> Dict[str, Any]:
        return {
            ENTITY_ATTRIBUTE_TYPE: kind,
            ENTITY_ATTRIBUTE_VALUE: value,
            ENTITY_ATTRIBUTE_START: mention.start,
            ENTITY_ATTRIBUTE_END: mention.end,
            "extractor": type(self).__name__,
        }


def _asks(text: str, spelled: str, mentions: Sequence[Mention]) -> str | None:
    """Returns whether a message asks to compare what it names: PLAINLY, AS_ALTERNATIVES ("CPC or CCA", "should I take ...") or not.

    Args:
        text: the message as typed, lower case.
        spelled: the message with its spelling mended, lower case.
        mentions: where values of one kind are named, in the order named.
    """
    pairs = [(first, second) for first, second in itertools.pairwise(mentions) if first.values != second.values]
    gaps = [text[first.end : second.start] for first, second in pairs]
    alternatives = [gap for gap in gaps if ALTERNATIVE.search(gap) and len(WORD.findall(gap)) <= GAP_WORDS_MAX]
    alternatives += [gap for (first, _), gap in zip(pairs, gaps) if OFFERED.search(text[: first.start])]
    # "Billing and coding" is the name of the field; only what is set apart there is two things.
    named = any(first.is_entity or second.is_entity or PAIRED.search(text[: first.start]) for first, second in pairs)
    if (COMPARING.search(spelled) and (named or alternatives)) or any(SETTLING.search(gap) for gap in alternatives):
        return PLAINLY
    if alternatives and CHOOSING.search(spelled):
        return PLAINLY
    if alternatives and (HESITATING.search(spelled) or len(WORD.findall(text)) <= BARE_WORDS_MAX):
        return AS_ALTERNATIVES
    return None
