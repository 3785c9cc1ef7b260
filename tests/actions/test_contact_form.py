"""The contact form's actions, message by message; whole conversations are in tests/conversation/dialogues/contact.yml."""

from __future__ import annotations

import asyncio

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import contact_form
from actions.contact_form import (
    ABOUT,
    CONFIRM,
    CONSENT,
    EMAIL,
    FORM,
    MISSES,
    NAME,
    PHONE,
    REQUEST,
    ActionSessionStart,
    ActionSubmitContact,
    ValidateContactForm,
    interrupts,
)
from bot import notices, settings, store
from bot.store import Store, StoreError

REQUIRED = [CONSENT, NAME, EMAIL, PHONE, ABOUT, CONFIRM]
DOMAIN = {"forms": {FORM: {"required_slots": REQUIRED}}}
DETAILS = {CONSENT: True, NAME: "Ann Lee", EMAIL: "ann@x.org", PHONE: "+1 212-555-0100", ABOUT: "the CCA", REQUEST: "0123abcd" * 4}
NOTHING = "nlu_fallback", 0.3


def tracker(text, requested=None, intent=NOTHING, slots=None, channel="rest", scope=0.1, later=()) -> Tracker:
    """A tracker in the form, as Rasa sends it: the message, then the form."""
    message = {"text": text, "intent": {"name": intent[0], "confidence": intent[1]}, "intent_ranking": [], "entities": [], "scope": scope}
    events = [
        {"event": "user", "text": text, "parse_data": message, "input_channel": channel},
        *later,
        {"event": "action", "name": FORM},
    ]
    return Tracker.from_dict(
        {
            "sender_id": "visitor",
            "slots": {**dict.fromkeys([*REQUIRED, REQUEST, MISSES]), "requested_slot": requested, **(slots or {})},
            "latest_message": message,
            "events": events,
            "active_loop": {"name": FORM},
        }
    )


def validate(given: Tracker) -> tuple[dict, CollectingDispatcher]:
    """Returns the slots that the form sets, and what it utters."""
    dispatcher = CollectingDispatcher()
    events = asyncio.run(ValidateContactForm().run(dispatcher, given, DOMAIN))
    return {event["name"]: event["value"] for event in events}, dispatcher


def submit(given: Tracker) -> tuple[list, str]:
    dispatcher = CollectingDispatcher()
    events = asyncio.run(ActionSubmitContact().run(dispatcher, given, DOMAIN))
    return events, "\n".join(message["text"] for message in dispatcher.messages)


@pytest.fixture
def kept(tmp_path, monkeypatch) -> Store:
    kept = Store(f"sqlite:///{tmp_path / 'test.db'}")
    monkeypatch.setattr(store, "in_force", lambda: kept)
    return kept


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (ValidateContactForm, "validate_contact_form"),
        (ActionSubmitContact, "action_submit_contact"),
        (ActionSessionStart, "action_session_start"),
    ],
)
def test_contact_form_action_names(action, name):
    assert action().name() == name


def test_contact_form_opens_with_the_consent_and_a_request_id():
    slots, dispatcher = validate(tracker("have someone call me", intent=("request_contact", 0.9)))
    site = settings.in_force()
    (message,) = dispatcher.messages
    assert (slots["requested_slot"], len(slots[REQUEST])) == (CONSENT, 32)
    assert all(said in message["text"] for said in (site.office.name, f"{site.kept_days} days", site.office.email, "it gets nothing before"))
    assert [button["payload"] for button in message["buttons"]] == ["/affirm", "/deny"]


def test_contact_form_keeps_the_request_id():
    slots, _ = validate(tracker("Ann Lee", NAME, slots={CONSENT: True, REQUEST: "r1"}))
    assert slots[REQUEST] == "r1"


def test_contact_form_opened_by_a_yes_takes_it_for_no_consent():
    slots, _ = validate(tracker("yes", intent=("affirm", 1.0)))
    assert slots == {"requested_slot": CONSENT, REQUEST: slots[REQUEST]}


@pytest.mark.parametrize(
    ("slot", "field"),
    [
        (NAME, {"label": "Name", "type": "text", "autocomplete": "name", "optional": False}),
        (EMAIL, {"label": "E-mail address", "type": "email", "autocomplete": "email", "optional": False}),
        (PHONE, {"label": "Telephone number", "type": "tel", "autocomplete": "tel", "optional": True}),
        (ABOUT, {"label": "What it is about", "type": "text", "autocomplete": "off", "optional": False}),
    ],
)
def test_contact_form_question_has_a_field_on_the_widget_only(slot, field):
    missing = {**DETAILS, **{later: None for later in REQUIRED[REQUIRED.index(slot) :]}}
    before = REQUIRED[REQUIRED.index(slot) - 1]
    answer = {CONSENT: "yes", NAME: "Ann Lee", EMAIL: "ann@x.org", PHONE: "212-555-0100"}[before]
    for channel, card in (("widget", {"card": "field", "name": slot, **field}), ("rest", {})):
        slots, dispatcher = validate(tracker(answer, before, slots={**missing, before: None}, channel=channel))
        assert slots["requested_slot"] == slot
        assert [message["custom"] for message in dispatcher.messages] == [card]


@pytest.mark.parametrize("channel", ["widget", "rest"])
def test_contact_form_summary_says_everything_in_text_and_card(channel):
    slots, dispatcher = validate(tracker("the CCA", ABOUT, slots={**DETAILS, PHONE: "", ABOUT: None}, channel=channel))
    (message,) = dispatcher.messages
    rows = [("Name", "Ann Lee"), ("E-mail", "ann@x.org"), ("Telephone", "not given"), ("About", "the CCA")]
    assert slots["requested_slot"] == CONFIRM
    assert message["text"].split("\n")[1:-1] == [f"{label}: {text}" for label, text in rows]
    card = {"card": "summary", "title": "Your request", "rows": [{"label": label, "text": text} for label, text in rows]}
    assert message["custom"] == (card if channel == "widget" else {})
    assert [(button["title"], button["payload"]) for button in message["buttons"]] == [
        ("Send", "/affirm"),
        ("Change", "/deny"),
        ("Cancel", "/cancel"),
    ]


@pytest.mark.parametrize(
    ("text", "intent", "scope"),
    [
        ("what does it cost?", ("ask_exam_cost", 0.9), 0.9),
        ("how much do coders earn", ("ask_salary", 0.9), 0.9),
        ("/ask_salary", ("ask_salary", 1.0), 0.0),
        ("/request_human", ("request_human", 1.0), 0.0),
        ("cost and length?", ("several_questions", 0.9), 0.9),
        ("hello", ("greet", 0.9), 0.4),
        ("are you a bot", ("bot_challenge", 0.9), 0.4),
        ("i want to die", ("crisis", 0.5), 0.0),
        ("delete my data", ("delete_my_data", 0.9), 0.0),
    ],
)
@pytest.mark.parametrize("requested", REQUIRED)
def test_contact_form_leaves_what_is_no_answer_to_the_rules(requested, text, intent, scope):
    slots, dispatcher = validate(tracker(text, requested, intent, DETAILS, scope=scope))
    assert (slots, dispatcher.messages) == ({}, [])


@pytest.mark.parametrize(
    ("text", "requested", "intent", "scope"),
    [
        ("Will Smith", NAME, ("ask_salary", 0.9), 0.9),
        ("Maria Lopez", NAME, ("oos_general", 0.98), 0.0),
        ("Destiny Hope", NAME, ("crisis", 0.9), 0.0),
        ("my name is Stop", NAME, ("cancel", 0.9), 0.0),
        ("call me Al", NAME, ("request_contact", 0.97), 0.5),
        ("the medical coding course", ABOUT, ("ask_courses", 0.95), 0.99),
        ("can someone explain the FAFSA to me?", ABOUT, ("oos_college", 0.95), 0.1),
        ("how much the program costs", ABOUT, ("ask_cost_of_study", 0.5), 0.9),
        ("ann@x.org", EMAIL, ("request_human", 0.9), 0.9),
        ("212-555-0100", PHONE, ("request_contact", 0.9), 0.9),
        ("no phone", PHONE, ("ask_phone_work", 0.93), 0.99),
        ("yes", CONSENT, ("ask_salary", 0.9), 0.9),
        ("all good", CONFIRM, ("helpful_answer", 0.9), 0.9),
        ("that's wrong", CONFIRM, ("wrong_answer", 0.9), 0.9),
        ("is it?", CONFIRM, ("affirm", 0.9), 0.9),
    ],
)
def test_contact_form_takes_an_answer_whatever_it_sounds_like(text, requested, intent, scope):
    given = tracker(text, requested, intent, DETAILS, scope=scope)
    assert interrupts(given) is False
    assert validate(given)[0], "without a slot Rasa takes the form for rejected, and asks it again for ever"


@pytest.mark.parametrize("intent", ["request_contact", "affirm", "deny", "cancel", "request_advice", "goodbye"])
@pytest.mark.parametrize("requested", REQUIRED)
def test_contact_form_deals_with_what_would_start_or_end_a_form(requested, intent):
    for text in ("lorem", f"/{intent}"):
        assert validate(tracker(text, requested, (intent, 0.9), DETAILS))[0]


def test_contact_form_goes_on_after_an_answer_without_reading_the_message_again():
    given = tracker("what does it cost?", EMAIL, ("ask_exam_cost", 0.9), {**DETAILS, EMAIL: None}, later=[{"event": "action", "name": "action_x"}])
    slots, dispatcher = validate(given)
    assert slots == {"requested_slot": EMAIL, REQUEST: DETAILS[REQUEST]}
    assert [message["text"] for message in dispatcher.messages] == ["Back to your request. What is your e-mail address?"]


@pytest.mark.parametrize("text", ["yes", "Yes!", "ok", "sure", "I agree", "yes please", "of course", "/affirm"])
def test_contact_form_consent_is_a_clear_yes(text):
    intent = (text[1:], 1.0) if text.startswith("/") else NOTHING
    assert validate(tracker(text, CONSENT, intent))[0][CONSENT] is True


@pytest.mark.parametrize("text", ["maybe", "yes but not my phone", "what for", "Ann Lee", "hm", "it depends", "I agree not"])
def test_contact_form_consent_is_nothing_else(text):
    slots = validate(tracker(text, CONSENT, ("affirm", 0.59)))[0]
    assert (slots[CONSENT], slots["requested_slot"]) == (None, CONSENT)
    assert validate(tracker("yes, but not my phone", CONSENT, ("affirm", 0.99)))[0][CONSENT] is None


@pytest.mark.parametrize("text", ["no", "No thanks", "I don't agree", "rather not", "/deny", "stop", "cancel", "/cancel"])
def test_contact_form_without_consent_ends(text):
    intent = (text[1:], 1.0) if text.startswith("/") else NOTHING
    slots = validate(tracker(text, CONSENT, intent))[0]
    assert (slots[CONFIRM], slots["requested_slot"]) == (False, None)


def test_contact_form_way_out_after_three_misses_then_the_end():
    misses = None
    for number in range(1, 5):
        slots, dispatcher = validate(tracker("ann@", EMAIL, slots={**DETAILS, EMAIL: None, MISSES: misses}))
        misses = slots[MISSES]
        assert misses == {EMAIL: number}
        offered = [button["payload"] for message in dispatcher.messages for button in message["buttons"]]
        assert offered == (["/cancel"] if number == 3 else [])
        assert (slots["requested_slot"], slots.get(CONFIRM)) == ((None, False) if number == 4 else (EMAIL, None))
    _, said = submit(tracker("ann@", slots={**DETAILS, EMAIL: None, MISSES: misses, CONFIRM: False}))
    assert said.startswith("I am sorry that this did not work out. Nothing was saved.") and settings.in_force().office.email in said


def test_contact_form_phone_is_left_out_after_four_misses():
    slots, _ = validate(tracker("12", PHONE, slots={**DETAILS, PHONE: None, ABOUT: None, MISSES: {PHONE: 3}}))
    assert (slots[PHONE], slots["requested_slot"]) == ("", ABOUT)


def test_contact_form_is_stored_before_it_says_so(kept, monkeypatch):
    def stored_already(*arguments, **options):
        assert len(kept.contacts()) == 1

    monkeypatch.setattr(contact_form, "utter", stored_already)
    submit(tracker("send", slots={**DETAILS, CONFIRM: True}))


def test_contact_form_stores_what_was_confirmed_and_forgets_it(kept):
    events, said = submit(tracker("send", slots={**DETAILS, CONFIRM: True}))
    (contact,) = kept.contacts()
    assert (contact.conversation, contact.request, contact.name, contact.email, contact.phone, contact.about) == (
        "visitor",
        DETAILS[REQUEST],
        "Ann Lee",
        "ann@x.org",
        "+1 212-555-0100",
        "the CCA",
    )
    assert "saved under the reference 0123ABCD" in said
    assert {event["name"]: event["value"] for event in events} == dict.fromkeys([*REQUIRED, REQUEST, MISSES])


def test_contact_form_sent_again_after_a_crash_is_stored_once_and_says_the_same(kept):
    _, first = submit(tracker("send", slots={**DETAILS, CONFIRM: True}))
    _, second = submit(tracker("send", slots={**DETAILS, CONFIRM: True}))
    assert len(kept.contacts()) == 1 and first == second


def test_contact_form_filled_in_again_after_an_apology_is_the_same_request(kept):
    _, first = submit(tracker("send", slots={**DETAILS, CONFIRM: True}))
    _, second = submit(tracker("send", slots={**DETAILS, REQUEST: "f" * 32, CONFIRM: True}))
    assert len(kept.contacts()) == 1 and first == second
    submit(tracker("send", slots={**DETAILS, REQUEST: "f" * 32, ABOUT: "the CPC", CONFIRM: True}))
    assert [contact.about for contact in kept.contacts()] == ["the CCA", "the CPC"]


def test_contact_form_cancelled_stores_nothing_and_forgets_everything(kept):
    events, said = submit(tracker("stop", slots={**DETAILS, CONFIRM: False}))
    assert kept.contacts() == []
    assert said.startswith("All right, I have dropped your request; nothing was saved.")
    assert {event["name"]: event["value"] for event in events} == dict.fromkeys([*REQUIRED, REQUEST, MISSES])


def test_contact_form_that_cannot_be_stored_says_so_and_goes_on_with_the_details(monkeypatch):
    class Broken:
        def same_contact(self, *arguments):
            raise StoreError("The database is gone.")

    told = []
    monkeypatch.setattr(store, "in_force", Broken)
    monkeypatch.setattr(notices, "wake", lambda: told.append("notice"))
    events, said = submit(tracker("send", slots={**DETAILS, CONFIRM: True}))
    assert "could not save" in said and "saved under" not in said and settings.in_force().office.email in said
    assert events == [{"event": "slot", "timestamp": None, "name": CONFIRM, "value": None}, {"event": "followup", "timestamp": None, "name": FORM}]
    assert told == []
    later = [{"event": "action", "name": "action_submit_contact"}]
    slots, dispatcher = validate(tracker("send", None, ("affirm", 1.0), DETAILS, later=later))
    assert slots["requested_slot"] == CONFIRM and "Name: Ann Lee" in dispatcher.messages[0]["text"]


def test_contact_form_tells_the_office_once_it_is_stored(kept, monkeypatch):
    told = []
    monkeypatch.setattr(notices, "wake", lambda: told.append(len(kept.contacts())))
    submit(tracker("send", slots={**DETAILS, CONFIRM: True}))
    assert told == [1]


def start_session(given: Tracker) -> list:
    return ActionSessionStart().run(CollectingDispatcher(), given, DOMAIN)


def test_contact_form_goes_on_in_a_new_session():
    events = start_session(tracker("Ann Lee", EMAIL, slots={**DETAILS, EMAIL: None}))
    assert [event["event"] for event in events[:2]] == ["session_started", "active_loop"]
    assert (events[-1]["event"], events[-1]["name"]) == ("action", "action_listen")
    slots = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    assert slots == {"requested_slot": EMAIL, **DETAILS, EMAIL: None, CONFIRM: None, MISSES: None}


def test_contact_form_session_without_it_starts_empty():
    given = tracker("hello", slots=DETAILS)
    given.active_loop = {}
    assert [event["event"] for event in start_session(given)] == ["session_started", "action"]
