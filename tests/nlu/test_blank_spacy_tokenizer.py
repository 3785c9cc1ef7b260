"""The tokenizer splits like spaCy and keeps offsets."""

import pytest
from component_checks import TEXTS, Bench
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.blank_spacy_tokenizer import BlankSpacyTokenizer


@pytest.fixture
def tokenizer(tmp_path):
    return Bench(BlankSpacyTokenizer, tmp_path).create()


def test_tokenizer_splits_punctuation_and_contractions(tokenizer):
    message = tokenizer.process([Message.build("What's the CPC, really?")])[0]
    assert [token.text for token in message.get(TOKENS_NAMES[TEXT])] == ["What", "'s", "the", "CPC", ",", "really", "?"]


@pytest.mark.parametrize("text", TEXTS)
def test_tokenizer_offsets_lead_back_to_the_text(tokenizer, text):
    message = tokenizer.process([Message.build(text)])[0]
    assert all(text[token.start : token.end] == token.text for token in message.get(TOKENS_NAMES[TEXT]) or [])


def test_tokenizer_refuses_unknown_key(tmp_path):
    with pytest.raises(InvalidConfigException) as error:
        Bench(BlankSpacyTokenizer, tmp_path, {"lowercase": True}).create()
    assert str(error.value) == (
        "config.yml: BlankSpacyTokenizer: unknown key 'lowercase'; allowed: intent_split_symbol, intent_tokenization_flag, token_pattern. Correct or remove it."
    )
