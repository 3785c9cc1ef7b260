"""Notices that a visitor changes an answer after the advice: "actually I have an associate degree", "what if I had more time"."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from bot import knowledge, pathways
from bot.pathways import SLOTS

ADVISE, CHANGE = "action_advise", "action_change_advice"
REMEMBERED_MESSAGES = 5  # so many messages after a pathway, "what if ..." still means the pathway


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class AdvicePolicy(Policy):
    """Predicts `action_change_advice`, whatever the intent: what changes an answer depends on what was answered, which intents do not know."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Returns the default config (see parent class for full docstring)."""
        return {
            "priority": 7,  # above RulePolicy, which has 6: the rules would take "what if I had more time" for a new question
        }

    def train(self, training_trackers: List[TrackerWithCachedStates], domain: Domain, **kwargs: Any) -> Resource:
        """Learns nothing (see parent class for full docstring)."""
        return self._resource

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: Optional[Dict[str, Any]] = None, **kwargs: Any
    ) -> PolicyPrediction:
        """Predicts the action after a message that changes an answer, and nothing after any other (see parent class for full docstring)."""
        probabilities = self._default_predictions(domain)
        if tracker.latest_action_name == CHANGE:
            probabilities[domain.index_for_action(ACTION_LISTEN_NAME)] = 1.0
        elif tracker.latest_action_name == ACTION_LISTEN_NAME and not tracker.active_loop_name and _was_advised(tracker):
            given = {question: tracker.get_slot(slot) for question, slot in SLOTS.items()}
            text = tracker.latest_message.text if tracker.latest_message else None
            if text and all(given.values()) and pathways.changed(knowledge.in_force().current.pathways, text, given):
                probabilities[domain.index_for_action(CHANGE)] = 1.0
        return self._prediction(probabilities)


def _was_advised(tracker: DialogueStateTracker) -> bool:
    """Returns whether a pathway was given in the last REMEMBERED_MESSAGES messages."""
    messages = 0
    for event in reversed(tracker.applied_events()):
        if isinstance(event, UserUttered):
            messages += 1
            if messages > REMEMBERED_MESSAGES:
                return False
        elif isinstance(event, ActionExecuted) and event.action_name in (ADVISE, CHANGE):
            return True
    return False
