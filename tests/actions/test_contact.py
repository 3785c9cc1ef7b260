"""The actions that say where a person is to be had."""

from __future__ import annotations

import string

import pytest

from actions.contact import ActionGiveContact, ActionReferCrisis, utter_contact
from bot import settings, strict_yaml
from bot.knowledge import ROOT

SITE = settings.Settings(
    college="Test College",
    office={
        "name": "Front Desk",
        "email": "desk@test.example",
        "phone": "+1 555 0199",
        "address": "2 Test Way",
        "timezone": "America/Chicago",
        "hours": {"monday": "09:00-17:00", "tuesday": "09:00-17:00"},
    },
    crisis={"line": "the helpline", "emergency": "112"},
    figures_dated_after_years=4,
)
CONTACT = {
    "response": "utter_contact",
    "college": "Test College",
    "office": "Front Desk",
    "email": "desk@test.example",
    "phone": "+1 555 0199",
    "hours": "Monday to Tuesday 9 am to 5 pm",
}
CRISIS = {"response": "utter_crisis", "line": "the helpline", "emergency": "112"}
NOTHING = {"text": None, "buttons": [], "elements": [], "custom": {}, "image": None, "attachment": None}


@pytest.fixture(autouse=True)
def site(monkeypatch):
    monkeypatch.setattr(settings, "in_force", lambda: SITE)


@pytest.mark.parametrize(("action", "name"), [(ActionGiveContact, "action_give_contact"), (ActionReferCrisis, "action_refer_crisis")])
def test_contact_action_names(action, name):
    assert action().name() == name


@pytest.mark.parametrize(("action", "intent", "expected"), [(ActionGiveContact, "request_human", CONTACT), (ActionReferCrisis, "crisis", CRISIS)])
def test_contact_utters_from_the_settings(dispatcher, make_tracker, action, intent, expected):
    assert action().run(dispatcher, make_tracker(intent), {}) == []
    assert dispatcher.messages == [{**NOTHING, **expected, "template": expected["response"]}]


def test_contact_utter_contact_utters_once(dispatcher):
    utter_contact(dispatcher)
    assert dispatcher.messages == [{**NOTHING, **CONTACT, "template": "utter_contact"}]


@pytest.mark.parametrize("expected", [CONTACT, CRISIS], ids=["utter_contact", "utter_crisis"])
def test_contact_response_in_the_domain_asks_for_what_is_given(expected):
    responses = strict_yaml.read(ROOT / "domain.yml").content["responses"][expected["response"]]
    for response in responses:
        assert {field for _, field, _, _ in string.Formatter().parse(response["text"]) if field} == set(expected) - {"response"}
