"""The patches of Rasa do what Rasa does, and fit the Rasa that is installed."""

import ast
import asyncio
import copy
import inspect
import random
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasa
import rasa.core.policies.rule_policy
import rasa.core.processor
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import UserMessage
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.caching import LocalTrainingCache
from rasa.engine.graph import GraphComponent, GraphModelConfiguration, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.engine.training.graph_trainer import GraphTrainer
from rasa.engine.training.hooks import TrainingHook
from rasa.model_training import TrainingType
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.importers.importer import CombinedDataImporter, TrainingDataImporter
from rasa.shared.nlu.training_data import training_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import rasa_patches

EVENTS = [
    {"event": "slot", "name": "x", "value": 1},
    {"event": "slot", "name": "x", "value": None, "timestamp": None},
    {"event": "session_started", "timestamp": 1.5, "metadata": {}},
    {"event": "action", "name": "action_listen", "policy": None, "confidence": None},
    {"event": "followup", "name": "contact_form"},
    {"event": "active_loop", "name": None},
    {"event": "user", "text": "hi", "parse_data": {"intent": {"name": "greet", "confidence": 1.0}, "entities": [{"entity": "x", "value": "y"}]}},
]
GOOD = [{"events": EVENTS, "responses": [{"text": "hi", "buttons": []}]}, {"events": [], "responses": []}, {}]
BAD = [
    {"events": "none"}, {"events": [{"name": "no event"}], "responses": []}, {"responses": [1]}, [], {"events": [{"event": "nonsense"}]},
    {"events": [{"event": ["slot"]}]}, {"events": [{"event": "slot", "name": "x"}]}, {"events": [{"event": "slot", "name": 1, "value": 1}]},
    {"events": [{"event": "restart", "timestamp": "now"}]}, {"events": [{"event": "bot", "metadata": []}]}, {"events": [{"event": "entities"}]},
    {"events": [{"event": "user", "parse_data": {"entities": [{"entity": "x"}]}}]}, {"events": [{"event": "action", "confidence": "high"}]},
]  # fmt: skip


@pytest.fixture(autouse=True)
def put_back(monkeypatch):
    """Puts Rasa back as it was after each test."""
    for owner, name in (
        (RemoteAction, "_validate_action_result"), (DaskGraphRunner, "run"), (RulePolicy, "_get_possible_keys"),
        (rasa.core.processor, "copy"), (rasa.core.policies.rule_policy, "copy"), (Domain, "is_empty"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(Event, "resolve_by_type", staticmethod(Event.resolve_by_type))
    yield
    if "__copy__" in vars(Slot):
        del Slot.__copy__


@pytest.mark.parametrize(
    ("patched", "line"),
    [
        (rasa_patches._rasas_check, "validate(result, self.action_response_format_spec())"),
        (rasa_patches._rasas_possible_keys, "possible_keys = set(lookup.keys())"),
        (DaskGraphRunner.run, "dask_result = dask.get(run_graph, run_targets)"),
        (rasa_patches._rasas_after_node, "output_fingerprint = rasa.shared.utils.io.deep_container_fingerprint(output)"),
        (rasa_patches._rasas_nlu_data.__wrapped__, "nlu_data = [importer.get_nlu_data(language) for importer in self._importers]"),
        (rasa_patches._rasas_is_empty, "return self.as_dict() == Domain.empty().as_dict()"),
        (DialogueStateTracker.__init__, "self.slots = {slot.name: copy.copy(slot) for slot in slots}"),
        (Event.resolve_by_type, "for cls in rasa.shared.utils.common.all_subclasses(Event):"),
    ],
)
def test_patches_are_for_the_rasa_installed(patched, line):
    assert rasa.__version__ == "3.6.21"
    assert line in inspect.getsource(patched)


@pytest.mark.parametrize("module", [rasa.core.processor, rasa.core.policies.rule_policy])
def test_copies_are_made_for_logs_alone(module):
    tree = ast.parse(inspect.getsource(module))
    logged = [
        node for call in ast.walk(tree) if isinstance(call, ast.Call) and ast.unparse(call.func) == "structlogger.debug" for node in ast.walk(call)
    ]
    copies = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "copy"]
    assert copies and all(node.attr == "deepcopy" and node in logged for node in copies)


@pytest.mark.parametrize("result", [*GOOD, *BAD])
def test_result_check_says_what_rasas_says(result):
    def said(check):
        try:
            return check(RemoteAction("action_x", None), result)
        except ValidationError as error:
            return type(error), error.message, list(error.path)

    by_rasa = said(rasa_patches._rasas_check)
    assert said(rasa_patches._validate_action_result) == by_rasa and (by_rasa is True) == (result in GOOD)


def test_slot_is_copied_as_python_copies_it(agent):
    for slot in agent.domain.slots:
        slot.value = ["kept"]
        by_python, ours = copy.copy(slot), rasa_patches._copy_slot(slot)
        assert type(ours) is type(by_python) and vars(ours) == vars(by_python) and ours.value is slot.value
        ours.value = "other"
        assert slot.value == ["kept"]
    assert len(agent.domain.slots) > 10 and not hasattr(Slot, "__copy__")


def test_domain_is_empty_where_rasa_says_so(agent):
    rasa_patches.apply()
    assert [domain.is_empty() for domain in (agent.domain, Domain.empty(), agent.domain, Domain.empty())] == [False, True, False, True]


MESSAGES = [
    "hi",
    "what do coders make",
    "and the CCA?",
    "how much is a gallon of milk",
    "call me",
    "Joy Grace",
    "no",
    "asdf jkl",
    "is it hard and how long is it",
]


def answers(agent, sender):
    """Returns the events of a conversation, without what differs from run to run."""

    async def talk():
        for message in MESSAGES:
            await agent.handle_text(message, sender_id=sender)
        return await agent.tracker_store.retrieve_full_tracker(sender)

    def same(content):
        if isinstance(content, dict):
            return {key: same(part) for key, part in content.items() if key not in ("timestamp", "message_id", "value")}
        return [same(part) for part in content] if isinstance(content, list) else content

    np.random.seed(0)  # Rasa draws among the variations of a reply
    return [same(event.as_dict()) for event in asyncio.run(talk()).events]


def test_conversation_with_the_patches_is_the_one_without(agent):
    without = answers(agent, "without")
    rasa_patches.apply()
    assert answers(agent, "with") == without and len(without) > 5 * len(MESSAGES)


def test_rules_that_may_apply_are_those_that_rasa_finds(agent):
    policy = next(node._component for name, node in agent.processor.graph_runner._instantiated_nodes.items() if "RulePolicy" in name)
    rules = policy.lookup["rules"]
    chance = random.Random(0)
    states = [state for key in rules for state in policy._rule_key_to_state(key)]
    unheard = {"user": {"text": "x", "intent": "nobody_says_this"}, "prev_action": {"action_name": "action_listen"}}
    for _ in range(300):
        past = [chance.choice([{}, unheard, *chance.choices(states, k=5)]) for _ in range(chance.choice([0, 1, 2, 3]))]
        assert rasa_patches._possible_keys(policy, rules, past) == rasa_patches._rasas_possible_keys(policy, rules, past)
    for key in rules:
        past = policy._rule_key_to_state(key)
        assert key in rasa_patches._possible_keys(policy, rules, past)


def test_a_message_is_parsed_as_without_the_patches(agent):
    def parsed(text):
        return asyncio.run(agent.processor.parse_message(UserMessage(text)))

    by_rasa = [parsed(message) for message in MESSAGES]
    rasa_patches.apply()
    assert [parsed(message) for message in MESSAGES] == by_rasa


def test_event_classes_are_those_that_rasa_finds():
    by_rasa = Event.resolve_by_type
    rasa_patches.apply()
    for kind in ("user", "bot", "action", "slot", "session_started", "active_loop", "restart", "topic"):
        assert Event.resolve_by_type(kind) is Event.resolve_by_type(kind) is by_rasa(kind)
    with pytest.raises(ValueError, match="Unknown event name"):
        Event.resolve_by_type("nonsense")


@pytest.fixture
def training_patches(monkeypatch):
    for owner, name in ((TrainingHook, "on_after_node"), (CombinedDataImporter, "get_nlu_data")):  # put back afterwards
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(TrainingData, "sanitize_examples", staticmethod(TrainingData.sanitize_examples))
    monkeypatch.setattr(training_data, "copy", training_data.copy)
    rasa_patches.apply_to_training()


def test_examples_are_read_once_whether_the_language_is_named_or_not(training_patches):
    reads = []

    def read(language):
        reads.append(language)
        return TrainingData([Message({"text": language})])

    both = CombinedDataImporter([SimpleNamespace(get_nlu_data=read)])
    assert both.get_nlu_data() is both.get_nlu_data("en") and reads == ["en"]
    assert both.get_nlu_data("de").training_examples[0].get("text") == "de"


class Stage(GraphComponent):
    """A component that notes that it worked on the examples, as featurizers do."""

    worked: list = []

    @classmethod
    def create(cls, config, model_storage, resource, execution_context):
        stage = cls()
        stage.name, stage.storage, stage.resource = config["name"], model_storage, resource
        return stage

    def process_training_data(self, training_data):
        Stage.worked.append(self.name)
        for message in training_data.training_examples:
            message.set(self.name, "done")
        return training_data

    def train(self, training_data):
        Stage.worked.append(f"learn {len(training_data.training_examples)}")
        with self.storage.write_to(self.resource) as directory:
            (directory / "learnt").touch()
        return self.resource


class Source(Stage):
    """What gives the examples."""

    texts: list = []

    def provide(self):
        return TrainingData([Message({"text": text}) for text in self.texts])


def learns_again(folder, texts=("pay",), second="b"):
    """Returns what worked when a source, two stages and a learner were trained with the cache of a folder."""

    def node(uses, fn, needs, name="", **more):
        return SchemaNode(needs, uses, "create", fn, {"name": name}, resource=Resource("learnt") if fn == "train" else None, **more)

    nodes = {
        "source": node(Source, "provide", {}, is_input=True),
        "first": node(Stage, "process_training_data", {"training_data": "source"}, "a"),
        "second": node(Stage, "process_training_data", {"training_data": "first"}, second),
        "learner": node(Stage, "train", {"training_data": "second"}, is_target=True),
    }
    Source.texts, Stage.worked = texts, []
    schema = GraphModelConfiguration(GraphSchema(nodes), GraphSchema({}), TrainingType.NLU, None, None, "en", None, None)
    importer = TrainingDataImporter.load_from_dict(config_path=None, domain_path=None, training_data_paths=[])
    with tempfile.TemporaryDirectory() as storage:
        trainer = GraphTrainer(LocalModelStorage.create(Path(storage)), LocalTrainingCache(), DaskGraphRunner)
        trainer.train(schema, importer, folder / "model.tar.gz")
    return Stage.worked


def test_cache_of_the_training_knows_what_has_changed(training_patches, monkeypatch, tmp_path):
    monkeypatch.setenv("RASA_CACHE_DIRECTORY", str(tmp_path / "cache"))
    assert learns_again(tmp_path) == ["a", "b", "learn 1"]
    assert learns_again(tmp_path) == []
    assert learns_again(tmp_path, texts=("pay", "cost")) == ["a", "b", "learn 2"]
    assert learns_again(tmp_path, texts=("pay", "cost")) == []
    assert learns_again(tmp_path, second="c") == ["a", "c", "learn 1"]
    assert learns_again(tmp_path) == [] == learns_again(tmp_path, texts=("pay", "cost"))


def test_merged_examples_are_those_that_rasa_merges(request):
    def merged():
        first = TrainingData([Message({"text": "pay", "intent": " ask_pay "}), Message({"text": "pay", "intent": "ask_pay"})], {"cpc": "CPC"})
        second = TrainingData(
            [Message({"text": "cost", "intent": "ask_cost"}), Message({"text": "pay", "intent": "ask_pay"})], responses={"utter_a": []}
        )
        both = first.merge(second, None)
        assert len(first.training_examples) == 1 and len(second.training_examples) == 2
        return [message.data for message in both.training_examples], both.entity_synonyms, both.responses

    by_rasa = merged()
    request.getfixturevalue("training_patches")
    assert merged() == by_rasa and by_rasa[0] == [{"text": "pay", "intent": "ask_pay"}, {"text": "cost", "intent": "ask_cost"}]
