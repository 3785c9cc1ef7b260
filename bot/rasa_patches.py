"""What is mended in Rasa 3.6.21 in our own processes; plain `rasa run` and `rasa train` go on without."""

from __future__ import annotations

import copy
from functools import lru_cache
from graphlib import TopologicalSorter
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Set, Tuple

import rasa.core.policies.rule_policy
import rasa.core.processor
import rasa.shared.nlu.training_data.training_data
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.graph import ExecutionContext, GraphNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.training.components import PrecomputedValueProvider
from rasa.engine.training.hooks import TrainingHook
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.slots import Slot
from rasa.shared.importers.importer import CombinedDataImporter
from rasa.shared.nlu.constants import INTENT, RESPONSE
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.tracker_store import event_class

_rasas_check = RemoteAction._validate_action_result


@lru_cache(maxsize=1)
def _event_validators() -> Dict[str, Any]:
    """Returns the check of each kind of event: what the schema asks of all, and what of this kind."""
    schema = RemoteAction.action_response_format_spec()["properties"]["events"]["items"]
    common = {key: part for key, part in schema.items() if key != "oneOf"}
    validator = validator_for(schema)
    return {kind["properties"]["event"]["const"]: validator({"allOf": [common, kind]}) for kind in schema["oneOf"]}


def _validate_action_result(self: RemoteAction, result: Dict[str, Any]) -> bool:
    """Checks each event against its own kind, and leaves what is wrong to Rasa.

    Rasa checks the schema, a constant, against that of schemas each time, and each event against all 23 kinds (core/actions/action.py:
    `_validate_action_result`, 14 ms a call).
    """
    if not isinstance(result, dict):
        return _rasas_check(self, result)
    events, responses = result.get("events", []), result.get("responses", [])
    validators = _event_validators()
    is_right = (
        isinstance(events, list)
        and isinstance(responses, list)
        and all(isinstance(response, dict) for response in responses)
        and all(isinstance(event, dict) and isinstance(event.get("event"), str) for event in events)
        and all(event["event"] in validators and validators[event["event"]].is_valid(event) for event in events)
    )
    return is_right or _rasas_check(self, result)


_rasas_after_node = TrainingHook.on_after_node


def _after_node(
    self: TrainingHook, node_name: str, execution_context: ExecutionContext, config: Dict[str, Any], output: Any, input_hook_data: Dict[str, Any]
) -> None:
    """Lets examples that a component has worked on be known by the component, its settings and what it was given, which make the key.

    Rasa hashes every token and number of them after each component (engine/training/hooks.py: `on_after_node`, a tenth of the training).
    """
    if isinstance(output, TrainingData) and self._pruned_schema.nodes[node_name].uses is not PrecomputedValueProvider:  # that one gives what was read
        key = input_hook_data["fingerprint_key"]
        output.fingerprint = lambda: key  # type: ignore[method-assign]
    _rasas_after_node(self, node_name, execution_context, config, output, input_hook_data)


_rasas_nlu_data = CombinedDataImporter.get_nlu_data


def _nlu_data(self: CombinedDataImporter, language: Optional[str] = "en") -> TrainingData:
    """Reads the examples once; Rasa reads them again where the language is left out (shared/importers/importer.py: `get_nlu_data`)."""
    return _rasas_nlu_data(self, language)


def _sanitize_examples(examples: List[Message]) -> List[Message]:
    """Strips the intents that need it; Rasa sets all anew (shared/nlu/training_data/training_data.py: `sanitize_examples`), so that all fingerprints are lost."""
    for example in examples:
        for name in (INTENT, RESPONSE):
            if (value := example.get(name)) and value != value.strip():
                example.set(name, value.strip())
    return list(dict.fromkeys(examples))


def apply_to_training() -> None:
    """Puts the patches for training in force in this process."""
    TrainingHook.on_after_node = _after_node  # type: ignore[method-assign]
    CombinedDataImporter.get_nlu_data = _nlu_data  # type: ignore[method-assign]
    TrainingData.sanitize_examples = staticmethod(_sanitize_examples)  # type: ignore[method-assign]
    # Merging copies each example deeply, seven times a training, though what is merged is used no more; here it copies the lists alone.
    rasa.shared.nlu.training_data.training_data.copy = SimpleNamespace(deepcopy=copy.copy)  # type: ignore[attr-defined]


def _run_graph(self: DaskGraphRunner, inputs: Optional[Dict[str, Any]] = None, targets: Optional[List[str]] = None) -> Dict[str, Any]:
    """Runs the nodes one after the other in an order found once; Rasa has Dask plan each run anew (engine/runner/dask.py: `run`, 1 ms a run, three a message)."""
    wanted = tuple(targets or self._graph_schema.target_names)
    plans = vars(self).setdefault("plans", {})
    if wanted not in plans:
        plans[wanted] = _plan(self, wanted)
    outputs = dict(inputs or {})
    for name, node, needs in plans[wanted]:
        outputs[name] = node(*((need, outputs[need]) for need in needs))[1]
    return {name: outputs[name] for name in wanted}


def _plan(runner: DaskGraphRunner, targets: Tuple[str, ...]) -> List[Tuple[str, GraphNode, List[str]]]:
    """Returns the nodes that the targets need, each after those that it needs."""
    needs = {name: list(node.needs.values()) for name, node in runner._graph_schema.minimal_graph_schema(list(targets)).nodes.items()}
    return [(name, runner._instantiated_nodes[name], needs[name]) for name in TopologicalSorter(needs).static_order() if name in needs]


_rasas_possible_keys = RulePolicy._get_possible_keys


def _possible_keys(self: RulePolicy, lookup: Dict[str, str], states: List[Any]) -> Set[str]:
    """Asks Rasa only about the rules for the last message's intent or for any; Rasa tries all (core/policies/rule_policy.py: `_get_possible_keys`, 1 ms)."""
    if not states or "prev_action" not in states[-1]:  # nothing was said yet
        return _rasas_possible_keys(self, lookup, states)
    indexes = vars(self).setdefault("indexes", {})
    if id(lookup) not in indexes:
        index: Dict[Any, Dict[str, str]] = {}
        for key, action in lookup.items():
            index.setdefault(self._rule_key_to_state(key)[-1].get("user", {}).get("intent"), {})[key] = action
        indexes[id(lookup)] = index
    index = indexes[id(lookup)]
    return _rasas_possible_keys(self, {**index.get(None, {}), **index.get(states[-1].get("user", {}).get("intent"), {})}, states)


_rasas_is_empty = Domain.is_empty


def _is_empty(self: Domain) -> bool:
    """Looks once; Rasa makes an empty domain to compare with for each message (shared/core/domain.py: `is_empty`, .1 ms)."""
    if "known_empty" not in vars(self):
        vars(self)["known_empty"] = _rasas_is_empty(self)
    return bool(vars(self)["known_empty"])


def _copy_slot(self: Slot) -> Slot:
    """Copies a slot as `copy.copy` does, in a third of its time; Rasa copies all slots for each copy of a tracker, four times a message."""
    slot = object.__new__(type(self))
    vars(slot).update(vars(self))
    return slot


def apply() -> None:
    """Puts the patches for answering in force in this process."""
    RemoteAction._validate_action_result = _validate_action_result
    Event.resolve_by_type = staticmethod(event_class)  # type: ignore[method-assign, assignment]
    DaskGraphRunner.run = _run_graph
    RulePolicy._get_possible_keys = _possible_keys
    Domain.is_empty = _is_empty  # type: ignore[method-assign]
    Slot.__copy__ = _copy_slot  # type: ignore[attr-defined]
    for module in (rasa.core.processor, rasa.core.policies.rule_policy):  # they copy deeply what they then do not log
        module.copy = SimpleNamespace(deepcopy=lambda shown: shown)
