"""Splits messages into tokens with spaCy's English rules; no spaCy model is needed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, List

import spacy
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.component import complete_config


@lru_cache(maxsize=1)
def english() -> spacy.language.Language:
    """Returns spaCy's blank English pipeline: rules, no weights."""
    return spacy.blank("en")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class BlankSpacyTokenizer(Tokenizer):
    """Tokenizes with spaCy's English rules."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {
            "intent_tokenization_flag": False,  # required by Rasa's base class; intents are not split here
            "intent_split_symbol": "_",
            "token_pattern": None,
        }

    @staticmethod
    def required_packages() -> List[str]:
        """Returns the packages the component imports."""
        return ["spacy"]

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> BlankSpacyTokenizer:
        """Creates the component (see parent class for full docstring)."""
        return cls(complete_config(cls, config))

    def tokenize(self, message: Message, attribute: str) -> List[Token]:
        """Returns the tokens of one of the message's texts, with their offsets."""
        return [Token(token.text, token.idx, lemma=token.norm_) for token in english().make_doc(message.get(attribute)) if not token.is_space]
