"""The actions that say where a person is to be had."""

from __future__ import annotations

import string
from datetime import datetime, timezone

import pytest
from rasa_sdk.events import SlotSet

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
    "address": "2 Test Way",
    "email": "desk@test.example",
    "phone": "+1 555 0199",
    "hours": "Monday to Tuesday 9 am to 5 pm",
    "status": "closed now and back on Monday at 9 am",
}
WEDNESDAY = datetime(2026, 11, 25, 18, tzinfo=timezone.utc)
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
    (message,) = dispatcher.messages
    assert message == {**NOTHING, **expected, "template": expected["response"], **({"status": message["status"]} if "status" in expected else {})}


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (WEDNESDAY, "closed now and back on Monday at 9 am"),
        (datetime(2026, 11, 24, 14, 59, tzinfo=timezone.utc), "closed now and back today at 9 am"),
        (datetime(2026, 11, 24, 15, 0, tzinfo=timezone.utc), "open now, until 5 pm"),
    ],
)
def test_contact_says_whether_the_office_is_open(dispatcher, now, status):
    utter_contact(dispatcher, now=now)
    assert dispatcher.messages == [{**NOTHING, **CONTACT, "template": "utter_contact", "status": status}]


def test_contact_offers_the_form():
    for response in strict_yaml.read(ROOT / "domain.yml").content["responses"]["utter_contact"]:
        assert response["buttons"] == [{"title": "Have someone contact me", "payload": "/request_contact"}]


def test_contact_referral_leaves_an_open_contact_form(dispatcher, make_tracker):
    tracker = make_tracker("crisis")
    tracker.active_loop = {"name": "contact_form"}
    events = ActionReferCrisis().run(dispatcher, tracker, {})
    assert events[:2] == [{"event": "active_loop", "timestamp": None, "name": None}, SlotSet("requested_slot", None)]
    assert {event["name"] for event in events[2:] if event["value"] is None} == {
        *("contact_consent", "contact_name", "contact_email", "contact_phone", "contact_about"),
        *("contact_confirm", "contact_request", "contact_misses"),
    }


@pytest.mark.parametrize("expected", [CONTACT, CRISIS], ids=["utter_contact", "utter_crisis"])
def test_contact_response_in_the_domain_asks_for_what_is_given(expected):
    responses = strict_yaml.read(ROOT / "domain.yml").content["responses"][expected["response"]]
    for response in responses:
        assert {field for _, field, _, _ in string.Formatter().parse(response["text"]) if field} == set(expected) - {"response"}
