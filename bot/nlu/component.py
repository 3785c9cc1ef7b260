"""What the components share: their registration keeps to Rasa's; unknown keys in config.yml are refused."""

from __future__ import annotations

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
