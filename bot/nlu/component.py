"""What the components share: unknown keys in config.yml are refused, a change of code trains again, an intent that is certain stands first."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import ModuleType
from typing import Any, Dict

from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message

BEHIND = 0.5  # what the other intents' confidences are multiplied by: Rasa's FallbackClassifier takes two near confidences as doubt


def complete_config(component: type, config: Dict[str, Any]) -> Dict[str, Any]:
    """Returns the component's configuration over its defaults.

    Raises:
        InvalidConfigException: a key the component does not have. (Rasa itself would drop it silently.)
    """
    defaults = component.get_default_config()  # type: ignore[attr-defined]
    if unknown := sorted(set(config) - set(defaults)):
        raise InvalidConfigException(
            f"config.yml: {component.__name__}: unknown key '{unknown[0]}'; allowed: {', '.join(sorted(defaults)) or 'none'}. Correct or remove it."
        )
    return {**defaults, **config}


def code_fingerprint(*modules: ModuleType) -> str:
    """Returns the hash of modules' source. (Rasa's cache sees only the source of the component's class, not what it calls.)"""
    return hashlib.sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in modules)).hexdigest()


def put_first(message: Message, intent: str) -> None:
    """Makes an intent that is certain the message's; the ranking so far stays behind it."""
    first = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: 1.0}
    rest = [{**other, PREDICTED_CONFIDENCE_KEY: other[PREDICTED_CONFIDENCE_KEY] * BEHIND} for other in message.get(INTENT_RANKING_KEY, [])]
    message.set(INTENT, first, add_to_output=True)
    message.set(INTENT_RANKING_KEY, [first, *rest], add_to_output=True)
