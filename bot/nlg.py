"""Chooses among the variations of a reply, so that the visitor never reads the same one twice in a row."""

from __future__ import annotations

import copy
from typing import Any, Dict, Optional

from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig


class UnrepeatedNaturalLanguageGenerator(TemplatedNaturalLanguageGenerator):
    """Rasa's own generator, but instead of a random variation it takes the first one not said yet, then the one said longest ago."""

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        """Creates the generator, as `nlg: type:` of endpoints.yml asks for it."""
        super().__init__(domain.responses)

    async def generate(self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any) -> Optional[Dict[str, Any]]:
        """Generates a response (see parent class for full docstring)."""
        if utter_action not in self.responses:
            return None
        slots = tracker.current_slot_values()
        variations = [
            self._fill_response(copy.deepcopy(variation), slots, **kwargs)
            for variation in ResponseVariationFilter(self.responses).responses_for_utter_action(utter_action, output_channel, slots)
        ]
        # All events, not only those since a restart: the visitor still sees what was said before it.
        said = {event.text: position for position, event in enumerate(tracker.events) if isinstance(event, BotUttered)}
        return min(variations, key=lambda variation: said.get(variation.get("text"), -1), default=None)
