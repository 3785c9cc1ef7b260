"""The policy that notices a changed answer, on trackers made by hand."""

import pytest
from rasa.core.policies.policy import PolicyPrediction
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.advice_policy import REMEMBERED_MESSAGES, AdvicePolicy
from bot.knowledge import ROOT

GIVEN = [SlotSet("advice_schooling", "high_school"), SlotSet("advice_time", "soon"), SlotSet("advice_aim", "job")]
ADVISED = [UserUttered("what should I do", {"name": "request_advice"}), *GIVEN, ActionExecuted("action_advise"), ActionExecuted("action_listen")]


@pytest.fixture(scope="module")
def domain():
    return Domain.load(str(ROOT / "domain.yml"))


@pytest.fixture(scope="module")
def predict(domain, tmp_path_factory):
    storage, context = LocalModelStorage(tmp_path_factory.mktemp("model")), ExecutionContext(GraphSchema({}), node_name="policy")
    policy = AdvicePolicy.create(AdvicePolicy.get_default_config(), storage, Resource("policy"), context)

    def run(*events) -> str | None:
        tracker = DialogueStateTracker.from_events("visitor", [ActionExecuted("action_listen"), *events], domain.slots)
        prediction: PolicyPrediction = policy.predict_action_probabilities(tracker, domain)
        return domain.action_names_or_texts[prediction.max_confidence_index] if prediction.max_confidence else None

    return run


def said(text: str, intent: str = "nlu_fallback") -> UserUttered:
    return UserUttered(text, {"name": intent})


def test_policy_is_above_the_rules():
    assert AdvicePolicy.get_default_config() == {"priority": 7}


@pytest.mark.parametrize("intent", ["nlu_fallback", "ask_how_long", "deny", "oos_other_career"])
def test_policy_takes_a_changed_answer_whatever_its_intent(predict, intent):
    assert predict(*ADVISED, said("what if I had more time", intent)) == "action_change_advice"


def test_policy_waits_after_the_new_pathway(predict):
    assert predict(*ADVISED, said("what if I had more time"), ActionExecuted("action_change_advice")) == "action_listen"


def test_policy_takes_a_second_change(predict):
    again = [said("no rush"), ActionExecuted("action_change_advice"), SlotSet("advice_time", "open"), ActionExecuted("action_listen")]
    assert predict(*ADVISED, *again, said("actually I'm a nurse")) == "action_change_advice"


@pytest.mark.parametrize("text", ["can I work from home", "thanks", "actually I want it soon", "what if I fail the exam", ""])
def test_policy_leaves_other_messages_to_the_rules(predict, text):
    assert predict(*ADVISED, said(text)) is None


def test_policy_is_silent_before_any_advice(predict):
    assert predict(said("what if I had more time")) is None
    assert predict(*GIVEN, said("what if I had more time")) is None


def test_policy_is_silent_where_a_form_asks(predict):
    assert (
        predict(
            *ADVISED, said("advise me"), ActionExecuted("advice_form"), ActiveLoop("advice_form"), ActionExecuted("action_listen"), said("no rush")
        )
        is None
    )


def test_policy_is_silent_where_an_answer_is_missing(predict):
    assert predict(*ADVISED, SlotSet("advice_aim", None), said("what if I had more time")) is None


@pytest.mark.parametrize(("messages", "action"), [(REMEMBERED_MESSAGES - 1, "action_change_advice"), (REMEMBERED_MESSAGES, None)])
def test_policy_forgets_the_pathway_after_some_messages(predict, messages, action):
    others = [event for _ in range(messages) for event in (said("thanks", "thank"), ActionExecuted("utter_welcome"), ActionExecuted("action_listen"))]
    assert predict(*ADVISED, *others, said("what if I had more time")) == action
