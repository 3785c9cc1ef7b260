"""What the components share: unknown keys in config.yml are refused, and a change of code trains again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import ModuleType
from typing import Any, Dict

from rasa.shared.exceptions import InvalidConfigException


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
