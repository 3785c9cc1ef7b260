"""What the trained model makes of names and subjects does not matter to the contact form; questions it still sees."""

from __future__ import annotations

import asyncio

import pytest
from rasa_sdk import Tracker

from actions.contact_form import ABOUT, CONFIRM, CONSENT, EMAIL, NAME, PHONE, interrupts, read

NAMES = """
Joy; Grace; Will; Mark; Hope; Faith; Bill; Art; Rich; Penny; Dawn; Cody; Van; Dean; May Chen; Will Ferrell; Can Yilmaz; An Nguyen; Tra My; Bo Li
O; Jo; Mary-Ann O'Connor; José Ñandú; Иван Петров; 李小龙; Nurse Jackie; Bill Medical; Cody Coder; Summer Day; Skip Jones; Noah; No Name; Stop Smith
Dr. Sarah Johnson; mr. brown; JOHN DOE; jane doe; sam; alex; pat; Maria Lopez; maria; Priya Patel; Olu; Destiny Hope; Chance; Price; Rich Price
Penny Cash; Goodnight Moon; Sharon Stone; Thanks Giving; Betty White; Ed; Al; I'm Bob; this is Kelly; call me Al; my name is Stop; Kelly here
"""
SUBJECTS = """
the medical coding course; the program; financial aid; I want to apply for the fall term; I'd like to start over in a new career; changing careers
tuition; night classes; salary; cost; start dates; CCA exam; online classes; i want to stop being a nurse
enrollment; transfer credits; about your medical coding program; general information; scholarships for veterans; help with my application; apply
a tour; talk about options; I have questions about the certificate; call me in the morning; please call after 5; I want to cancel my enrollment
quitting my job; change of address; I want to change my major; payment plans; everything; advice; I'd like to talk to an adviser; my application status
"""
QUESTIONS = """
how long does it take?; how much do coders earn; what does the CPC exam cost?; can I work from home?; do I need a degree; hello; are you a bot
what does the CCA exam cost and how long is it?; is certification required; who won the super bowl?; i want to kill myself; delete my data
"""


def cases(texts: str) -> list[str]:
    return [text.strip() for line in texts.strip().splitlines() for text in line.split(";")]


def typed(agent, text: str, requested: str) -> Tracker:
    """The tracker after a text was typed into the form."""
    message = asyncio.run(agent.parse_message(text))
    events = [{"event": "user", "text": text, "parse_data": message}]
    return Tracker.from_dict({"sender_id": "visitor", "latest_message": message, "events": events, "slots": {"requested_slot": requested}})


@pytest.mark.parametrize(("requested", "text"), [*((NAME, text) for text in cases(NAMES)), *((ABOUT, text) for text in cases(SUBJECTS))])
def test_name_or_subject_is_taken_as_one(agent, requested, text):
    tracker = typed(agent, text, requested)
    assert interrupts(tracker) is False
    assert text.endswith(read(tracker, "US")[requested])


@pytest.mark.parametrize("requested", [CONSENT, NAME, EMAIL, PHONE, ABOUT, CONFIRM])
@pytest.mark.parametrize("text", cases(QUESTIONS))
def test_question_or_talk_interrupts(agent, requested, text):
    assert interrupts(typed(agent, text, requested)) is True
