"""The contact form: asks for a visitor's details with consent, checks them, and stores the request once it is confirmed."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import ActionExecuted, ActiveLoop, FollowupAction, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.turns import utter
from bot import details, notices, settings, store
from bot.details import DetailError
from bot.knowledge import INTENT_PREFIX

FORM = "contact_form"
CONSENT, NAME, EMAIL, PHONE, ABOUT, CONFIRM = (
    "contact_consent",
    "contact_name",
    "contact_email",
    "contact_phone",
    "contact_about",
    "contact_confirm",  # True once sent off, False once cancelled
)
REQUEST = "contact_request"  # id of the request, made when the form starts: sent twice, it is stored once
MISSES = "contact_misses"  # how often an answer could not be used, by slot
SLOTS = (CONSENT, NAME, EMAIL, PHONE, ABOUT, CONFIRM, REQUEST, MISSES)
LABELS = {NAME: "Name", EMAIL: "E-mail", PHONE: "Telephone", ABOUT: "About"}
QUESTIONS = {  # and of the field that the widget shows: label, type, autocomplete
    NAME: ("What is your name?", "Name", "text", "name"),
    EMAIL: ("What is your e-mail address?", "E-mail address", "email", "email"),
    PHONE: ("What is your telephone number? You may leave it out.", "Telephone number", "tel", "tel"),
    ABOUT: ("What is it about? A few words will do.", "What it is about", "text", "off"),
}
MISSES_UNTIL_WAY_OUT = 3  # so often the same thing is asked before a way around it is offered; once more, and that way is taken
CONFIDENCE_MIN = 0.6  # below, what is typed into the form is taken for an answer to it. Both figures: names, e-mail addresses and subjects
CLEAR_YES_MIN = 0.8  # a yes in other words than YES_WORDS gives consent, so it must leave no doubt: "hm hm" does not
SCOPE_MIN = 0.5  # tried in tests/conversation/test_contact_answers.py stay below, career questions above
TALK_WORDS_MAX = 4  # "tell me more about it"; a subject for the office may begin like small talk but goes on

YES = {"title": "Yes", "payload": "/affirm"}
NO = {"title": "No", "payload": "/deny"}
SEND = {"title": "Send", "payload": "/affirm"}
CHANGE = {"title": "Change", "payload": "/deny"}
CANCEL = {"title": "Cancel", "payload": "/cancel"}
LEAVE_OUT = {"title": "Leave it out", "payload": "/deny"}
CHANGES = [{"title": label, "payload": f"change {label.lower()}"} for label in LABELS.values()]

POLITE = r"(?:[\s,.!]+(?:please|thanks|thank you|now|it|this|that|all|the (?:form|request)))*[\s.!]*"
YES_WORDS = re.compile(
    r"(?:y|yes|yeah|yep|yup|yea|yes,? (?:i do|i agree|that(?:['’]s| is) (?:right|fine|ok|okay|all right|correct))|sure|ok|okay|of course|go ahead|agreed?|confirm(?:ed)?|correct|right"
    r"|i (?:do|agree|consent|accept|confirm)|(?:that|it)(?:['’]s| is) (?:fine|ok|okay|right|correct|good|all right)|fine|perfect|great|all good|looks? (?:good|right|fine)|send|submit|save)"
    + POLITE,
    re.IGNORECASE,
)
HESITATION = re.compile(r"(?:h+m+,?\s+)?(?:maybe|perhaps|possibly|(?:i['’]?m )?not sure|dunno|i don['’]?t know|it depends)[\s.!?]*", re.IGNORECASE)
NO_WORDS = re.compile(
    r"(?:n|no|nope|nah|no thanks|none|nothing(?: (?:special|in particular|else))?|skip|not now|i (?:don['’]?t|do not)(?: (?:agree|consent|want to|want that))?"
    r"|(?:i['’]?d |i would )?rather not|leave (?:it )?out|without|change)" + POLITE,
    re.IGNORECASE,
)
NO_PHONE = re.compile(
    r"\b(?:no (?:phone|telephone|number|cell|mobile)|skip|leave (?:it|that|the phone|the number) out|without|rather not|(?:do not|don['’]?t) (?:have|own|want|like|wish)|e-?mail only|only e-?mail|just e-?mail)\b",
    re.IGNORECASE,
)
CANCEL_WORDS = re.compile(
    r"(?:please\s+)?(?:stop|cancel|quit|exit|abort|never ?mind|forget (?:it|this|that|about it)|i (?:have )?changed my mind)" + POLITE,
    re.IGNORECASE,
)
CHANGE_WORDS = re.compile(r"\b(?:change|correct|fix|edit|update|wrong|incorrect|not right|mistake|typo|mistyped|misspelled|instead)\b", re.IGNORECASE)
FIELD_WORDS = {
    EMAIL: re.compile(r"\be-?mail\b", re.IGNORECASE),
    PHONE: re.compile(r"\b(?:tele)?phone\b|\bnumber\b|\bcell\b|\bmobile\b", re.IGNORECASE),
    NAME: re.compile(r"\bname\b", re.IGNORECASE),
    ABOUT: re.compile(r"\babout\b|\bsubject\b|\btopic\b", re.IGNORECASE),
}
ANSWERS = ("affirm", "deny", "cancel", "request_contact")  # intents that the form itself deals with
QUESTION_START = re.compile(
    r"(?:what|what['’]?s|how|why|when|where|who|which|can|could|do|does|did|is|are|am|will|would|should|may|tell me|explain)\b", re.IGNORECASE
)
PRIVACY_WORDS = re.compile(
    r"\bprivacy\b|\bmy (?:data|details|information|info)\b|\bwho (?:sees|reads|gets|has)\b|\byou (?:store|keep|save|share|sell)\b|\bwhy do you (?:need|want|ask)\b",
    re.IGNORECASE,
)
CAREER = {"several_questions", "compare"}  # and ask_*
NOT_A_NAME_MIN = 0.9  # "Hope" and "Joy" look like greetings, too
SMALL_TALK = {"greet", "thank", "bot_challenge", "wrong_answer", "helpful_answer", "delete_my_data", "abuse"}
TALK = SMALL_TALK | {
    *("bot_capabilities", "bot_sources", "request_human", "follow_up_other", "follow_up_more", "follow_up_why"),
    *("follow_up_source", "follow_up_recency", "follow_up_plain", "repeat_answer"),
}
NOT_FOR_THE_OFFICE = {"oos_general", "oos_medical", "oos_code_lookup", "oos_other_career"}

logger = logging.getLogger(__name__)


class ValidateContactForm(FormValidationAction):
    """Takes the details out of each message, checks them and asks for the next; rejects the form for a message that is no answer to it."""

    def name(self) -> str:
        """Returns the action's name."""
        return f"validate_{FORM}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Returns the slots that the message fills or empties and the one to ask for; nothing if the message is to be answered by its own rule."""
        if _was_answered(tracker):  # the form goes on where it was
            events = [await self.next_requested_slot(dispatcher, tracker, domain)]
        elif reply := aside(tracker):
            utter(dispatcher, tracker, reply)
            events = [await self.next_requested_slot(dispatcher, tracker, domain)]
        elif interrupts(tracker):
            return []
        else:
            events = await super().run(dispatcher, tracker, domain)
        return [*events, SlotSet(REQUEST, tracker.get_slot(REQUEST) or uuid.uuid4().hex)]  # without a slot Rasa takes the form for rejected

    async def get_extraction_events(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Returns the slots with what the message says of each, unchecked."""
        said = read(tracker, settings.in_force().phone_region)
        tracker.slots.update(said)
        return [SlotSet(slot, value) for slot, value in said.items()]

    def validate_contact_consent(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Dict[str, Any]:
        """Takes nothing but a clear yes."""
        if value is True:
            return {CONSENT: True}
        return _missed(dispatcher, tracker, CONSENT, "Please answer with yes or no; without your yes I cannot pass on your details.")

    def validate_contact_name(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Dict[str, Any]:
        """Takes a name."""
        return _checked(dispatcher, tracker, NAME, value, details.check_name)

    def validate_contact_email(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Dict[str, Any]:
        """Takes an e-mail address that can be one."""
        return _checked(dispatcher, tracker, EMAIL, value, details.check_email)

    def validate_contact_phone(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Dict[str, Any]:
        """Takes a telephone number that can be one, or none ("")."""
        region = settings.in_force().phone_region
        return _checked(dispatcher, tracker, PHONE, value, lambda text: details.check_phone(text, region) if text else "")

    def validate_contact_about(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Dict[str, Any]:
        """Takes what the request is about, or nothing in particular ("")."""
        return _checked(dispatcher, tracker, ABOUT, value, details.check_about)

    def validate_contact_confirm(self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Dict[str, Any]:
        """Takes a clear yes, or a cancellation."""
        if value is None or isinstance(value, bool):
            return {CONFIRM: value}
        return _missed(dispatcher, tracker, CONFIRM, "I did not understand that. Say send, change or cancel.")

    async def next_requested_slot(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Dict[str, Any]:
        """Asks for the next slot and returns the event that says so; with none left, or cancelled, the form ends."""
        missing = None
        if tracker.get_slot(CONFIRM) is not False:
            missing = next((slot for slot in self.domain_slots(domain) if tracker.get_slot(slot) is None), None)
        if missing:
            ask(dispatcher, tracker, missing)
        return SlotSet(REQUESTED_SLOT, missing)


class ActionSubmitContact(Action):
    """Ends the form: stores the confirmed request and says so, or says that nothing was kept."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_submit_contact"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Stores the request before it says so; if it cannot be stored, the form goes on with all details."""
        office = settings.in_force().office
        if not tracker.get_slot(CONFIRM):
            if any(misses > MISSES_UNTIL_WAY_OUT for slot, misses in (tracker.get_slot(MISSES) or {}).items() if slot != PHONE):
                text = f"I am sorry that this did not work out. Nothing was saved. Please write to {office.email} or call {office.phone} instead."
            else:
                text = (
                    f"All right, I have dropped your request; nothing was saved. You can reach the {office.name} at {office.email} or {office.phone}."
                )
            utter(dispatcher, tracker, text)
            return reset_events()
        request, name, email, phone, about = (tracker.get_slot(slot) for slot in (REQUEST, NAME, EMAIL, PHONE, ABOUT))
        try:  # not in the event loop: a database may make it wait for seconds
            request = await asyncio.to_thread(_keep, request, tracker.sender_id, name, email, phone, about)
        except store.StoreError as error:
            logger.error("%s", error)
            utter(
                dispatcher,
                tracker,
                "I am sorry, I could not save your request just now. Your details are still here: please try again in a moment, "
                f"or write to {office.email} or call {office.phone} instead.",
            )
            return [SlotSet(CONFIRM, None), FollowupAction(FORM)]
        notices.wake()
        reach = f"{email} or call {phone}" if phone else email
        utter(
            dispatcher,
            tracker,
            f"Thank you, {name}. Your request is saved under the reference {store.reference(request)}. The {office.name} will write to {reach}; "
            f"it is {office.status(datetime.now(timezone.utc))}. Meanwhile you can go on asking me your questions.",
        )
        return reset_events()


class ActionSessionStart(Action):
    """Starts a session as Rasa does, but a contact form that was left open goes on."""

    def name(self) -> str:
        """Returns the action's name."""
        return "action_session_start"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        """Returns the events of a new session, with the form's if it was open."""
        kept = []
        if tracker.active_loop_name == FORM:
            kept = [ActiveLoop(FORM), *(SlotSet(slot, tracker.get_slot(slot)) for slot in (REQUESTED_SLOT, *SLOTS))]
        return [SessionStarted(), *kept, ActionExecuted("action_listen")]


def interrupts(tracker: Tracker) -> bool:
    """Returns whether the message is a question, small talk or a cry for help rather than an answer to the form."""
    text, intent, requested = _text(tracker), _intent(tracker), tracker.get_slot(REQUESTED_SLOT)
    if requested is None or _is_cancelled(tracker) or (requested == NAME and _looks_like_name(text)):
        return False
    if intent == "crisis":
        return True
    if text.startswith("/"):
        return intent not in ANSWERS
    if intent in ANSWERS or YES_WORDS.fullmatch(text) or NO_WORDS.fullmatch(text) or _fields_to_change(text, requested):
        return False
    sure, short, asks = _is_sure(tracker), len(text.split()) <= TALK_WORDS_MAX, _asks(text)
    career = sure and tracker.latest_message.get("scope", 1.0) >= SCOPE_MIN and (intent.startswith(INTENT_PREFIX) or intent in CAREER)
    talks = sure and (intent in SMALL_TALK or (asks and intent in TALK))
    if requested == ABOUT and _said_before(tracker):
        return False
    if requested == ABOUT:  # where the office can help is a subject, however it is asked
        return (asks and (career or (sure and intent in NOT_FOR_THE_OFFICE))) or (talks and (asks or short))
    if requested == NAME:
        declined = sure and intent.startswith("oos_") and not short  # "Will Smith" begins like a question, too
        talks = talks and (asks or (short and tracker.latest_message["intent"]["confidence"] >= NOT_A_NAME_MIN))
        asks = asks and " " in text.strip()  # one word without a question mark is "Will" or "May"
        return text.endswith("?") or (asks and (career or declined)) or talks
    if requested == PHONE and NO_PHONE.search(text):
        return False
    if details.find_email(text) or details.find_phone(text, settings.in_force().phone_region) or details.find_name(text):
        return asks and career
    if requested == CONFIRM and intent == "wrong_answer":
        return False
    return asks or career or (sure and intent in TALK)


def read(tracker: Tracker, region: str) -> Dict[str, Any]:
    """Returns what the latest message says of the form's slots, unchecked; None for what is to be asked anew.

    Args:
        region: the country of telephone numbers without a country code.
    """
    text, requested, answer = _text(tracker), tracker.get_slot(REQUESTED_SLOT), _yes_or_no(tracker)
    if requested and _is_cancelled(tracker):
        return {CONFIRM: False}
    said: Dict[str, Any] = {slot: None for slot in _fields_to_change(text, requested)}
    if requested == ABOUT:
        return said or {ABOUT: text if answer is None else ""}
    if not text.startswith("/"):
        found = {EMAIL: details.find_email(text), PHONE: details.find_phone(text, region), NAME: details.find_name(text)}
        if requested != CONFIRM:
            found[ABOUT] = details.find_about(text, region)
        said.update({slot: value for slot, value in found.items() if value and not CHANGE_WORDS.search(value)})
    if requested is None or requested in said:
        return said
    if requested == NAME and (_looks_like_name(text) or not _asks_for_contact(tracker)):
        said[NAME] = "" if YES_WORDS.fullmatch(text) or NO_WORDS.fullmatch(text) else text
        return said
    if answer is None and _asks_for_contact(tracker):
        return said
    if requested in (CONSENT, CONFIRM):
        if requested == CONSENT and answer is False:
            return {CONFIRM: False}
        if answer or (answer is None and not said):
            said[requested] = answer or text
    elif requested == PHONE and (answer is False or NO_PHONE.search(text)):
        said[PHONE] = ""
    elif not said:
        said[requested] = text
    return said


def ask(dispatcher: CollectingDispatcher, tracker: Tracker, slot: str) -> None:
    """Utters the question for a slot."""
    site = settings.in_force()
    again = "Back to your request. " if _was_answered(tracker) else ""
    if slot == CONSENT and tracker.get_slot(REQUESTED_SLOT) == CONSENT:
        utter(dispatcher, tracker, f"{again}May I take down your details for the {site.office.name}?", [YES, NO])
    elif slot == CONSENT:
        text = (
            f"I can pass a request on to the {site.office.name} of {site.college}. For that I ask your name and e-mail address, your telephone "
            f"number if you like, and what it is about. {_privacy()} Is that all right?"
        )
        utter(dispatcher, tracker, text, [YES, NO])
    elif slot == CONFIRM and _wants_changes(tracker):
        utter(dispatcher, tracker, "What should I change?", [*CHANGES, CANCEL])
    elif slot == CONFIRM:
        rows = [{"label": label, "text": tracker.get_slot(field) or "not given"} for field, label in LABELS.items()]
        text = "\n".join([f"{again}Here is what I would send:", *(f"{row['label']}: {row['text']}" for row in rows), "Shall I send it?"])
        utter(dispatcher, tracker, text, [SEND, CHANGE, CANCEL], {"card": "summary", "title": "Your request", "rows": rows})
    else:
        question, label, kind, autocomplete = QUESTIONS[slot]
        optional = slot == PHONE
        card = {"card": "field", "name": slot, "label": label, "type": kind, "autocomplete": autocomplete, "optional": optional}
        utter(dispatcher, tracker, again + question, [LEAVE_OUT] if optional else [], card)


def _keep(request: str, conversation: str, name: str, email: str, phone: str, about: str) -> str:
    """Stores a request and returns its id, which is another's if the visitor has sent the same details just before.

    Raises:
        StoreError: it could not be stored.
    """
    kept = store.in_force()
    same = kept.same_contact(conversation, name, email, phone, about)
    if same is not None:
        return str(same.request)
    kept.add_contact(conversation, request, name, email, phone, about)
    return request


def reset_events() -> List[Dict[str, Any]]:
    """Returns the events that forget all details."""
    return [SlotSet(slot, None) for slot in SLOTS]


def leave_events(tracker: Tracker) -> List[Dict[str, Any]]:
    """Returns the events that leave the form at once, if it is open."""
    return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None), *reset_events()] if tracker.active_loop_name == FORM else []


def _privacy() -> str:
    """Returns what is stored, for what, how long and whom to ask, in plain words."""
    site = settings.in_force()
    return (
        f"The office uses your details only to answer you, they are deleted after {site.kept_days} days, and it gets nothing before you say "
        f"send. If you have questions about your data, write to {site.office.email}."
    )


def _checked(dispatcher: CollectingDispatcher, tracker: Tracker, slot: str, value: Any, check: Callable[[str], str]) -> Dict[str, Any]:
    """Returns the slot with its checked value, or empty after saying what is wrong."""
    if value is None:
        return {slot: None}
    try:
        return {slot: check(value)}
    except DetailError as error:
        return _missed(dispatcher, tracker, slot, str(error))


def _missed(dispatcher: CollectingDispatcher, tracker: Tracker, slot: str, why: str) -> Dict[str, Any]:
    """Says why an answer cannot be used; when this happens again and again offers a way around, then takes it."""
    misses = dict(tracker.get_slot(MISSES) or {})
    misses[slot] = misses.get(slot, 0) + 1
    if misses[slot] < MISSES_UNTIL_WAY_OUT:
        utter(dispatcher, tracker, why)
    elif slot == PHONE and misses[slot] == MISSES_UNTIL_WAY_OUT:
        utter(dispatcher, tracker, f"{why} We can also leave the telephone number out; then the office writes to you.")
    elif slot == PHONE:
        utter(dispatcher, tracker, f"{why} I leave the telephone number out; you can still change that at the end.")
        return {PHONE: "", MISSES: {**misses, PHONE: 0}}
    elif misses[slot] == MISSES_UNTIL_WAY_OUT:
        office = settings.in_force().office
        way_out = f"If it does not work out, we can stop here, and you write to {office.email} or call {office.phone} instead."
        utter(dispatcher, tracker, f"{why} {way_out}", [{"title": "Stop here", "payload": CANCEL["payload"]}])
    else:
        return {slot: None, CONFIRM: False, MISSES: misses}
    return {slot: None, MISSES: misses}


def _was_answered(tracker: Tracker) -> bool:
    """Returns whether another action has answered the latest message already."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "action" and event["name"] not in (FORM, "action_listen", None):
            return True
    return False


def _is_cancelled(tracker: Tracker) -> bool:
    """Returns whether the message calls the form off or says goodbye."""
    text = _text(tracker)
    if CANCEL_WORDS.fullmatch(text):
        return True
    requested = tracker.get_slot(REQUESTED_SLOT)
    if NO_WORDS.fullmatch(text) or _fields_to_change(text, requested) or (requested == NAME and _looks_like_name(text)):
        return False
    return len(text.split()) <= TALK_WORDS_MAX and _is_sure(tracker) and _intent(tracker) in ("cancel", "goodbye")


def _looks_like_name(text: str) -> bool:
    """Returns whether a message can hardly be anything but a name: "Joy Grace", "my name is Joy", "call me Joy"."""
    words = text.split()
    return (len(words) > 1 and all(word[0].isupper() for word in words)) or details.states_name(text)


def _said_before(tracker: Tracker) -> bool:
    """Returns whether the visitor insists: an earlier message had the same text."""
    texts = [(event.get("text") or "").strip().casefold() for event in tracker.events if event["event"] == "user"]
    return _text(tracker).casefold() in texts[:-1]


def _asks(text: str) -> bool:
    """Returns whether a message has the form of a question."""
    return text.endswith("?") or QUESTION_START.match(text) is not None


def aside(tracker: Tracker) -> str:
    """Returns what the form itself has to say to a question: what becomes of the details, or that advice, which has its own form, must wait."""
    text, requested = _text(tracker), tracker.get_slot(REQUESTED_SLOT)
    if requested is None:
        return ""
    if _asks(text) and PRIVACY_WORDS.search(text):
        return _privacy()
    wants_advice = _intent(tracker) == "request_advice" and _is_sure(tracker) and (text.startswith("/") or (_asks(text) and requested != ABOUT))
    return "I can advise you right after this. To leave your request, say cancel." if wants_advice else ""


def _asks_for_contact(tracker: Tracker) -> bool:
    """Returns whether the message asks for what is being done already."""
    return _intent(tracker) == "request_contact" and _is_sure(tracker)


def _wants_changes(tracker: Tracker) -> bool:
    """Returns whether the visitor does not want the summary sent as it is, and has not said what is wrong."""
    if tracker.get_slot(REQUESTED_SLOT) != CONFIRM or _was_answered(tracker):
        return False
    return _yes_or_no(tracker) is False and not read(tracker, settings.in_force().phone_region)


def _fields_to_change(text: str, requested: Optional[str]) -> List[str]:
    """Returns the slots that a message wants changed: "my email is wrong", "change phone", or at the end just "name"."""
    named = [slot for slot, words in FIELD_WORDS.items() if words.search(text)]
    bare = requested == CONFIRM and len(text.split()) <= 2  # "the phone"
    wants = CHANGE_WORDS.match(text) if requested == ABOUT else CHANGE_WORDS.search(text)  # a subject may speak of changes
    return named if requested and (wants or bare) else []


def _yes_or_no(tracker: Tracker) -> Optional[bool]:
    """Returns a clear yes as True, a clear no as False."""
    text, intent = _text(tracker), _intent(tracker)
    if YES_WORDS.fullmatch(text) or text == YES["payload"]:
        return True
    if NO_WORDS.fullmatch(text) or text == NO["payload"]:
        return False
    sure = _is_sure(tracker) and not HESITATION.fullmatch(text)
    if (
        sure
        and intent == "affirm"
        and tracker.latest_message["intent"]["confidence"] >= CLEAR_YES_MIN
        and not re.search(r"\b(?:but|not|except|unless|wrong|change)\b|n['’]t\b", text, re.IGNORECASE)
    ):
        return True
    if sure and intent in ("deny", "wrong_answer"):
        return False
    return None


def _is_sure(tracker: Tracker) -> bool:
    """Returns whether the message was surely understood; figures and addresses, of which the examples have few, never are."""
    return tracker.latest_message["intent"].get("confidence", 0.0) >= CONFIDENCE_MIN and not re.search(r"\d{2}|@", _text(tracker))


def _intent(tracker: Tracker) -> str:
    return tracker.latest_message["intent"].get("name") or ""


def _text(tracker: Tracker) -> str:
    return (tracker.latest_message.get("text") or "").strip()
