"""What came of a visitor's message, told by the replies to it: for the report and for the metrics of the server."""

from __future__ import annotations

import re
from typing import Iterable, Optional

ANSWERED, CLARIFIED, DECLINED, HANDED_OVER, TALK, FAILED = OUTCOMES = ("answered", "clarified", "declined", "handed over", "talk", "failed")

DECLINES = "utter_decline_"  # how the names of refusals begin
CLARIFIES = ("utter_please_rephrase", "utter_this_topic", "utter_which_topic", "utter_no_answer", "utter_still_unclear")
HANDS_OVER = ("utter_contact", "utter_crisis")
CONFUSED = "utter_default"  # Rasa's reply where an action failed; the visitor gets an apology instead (bot/channels/conversation.py)
# Every answer from the knowledge file ends in this line, and no other reply has one (bot/answers.py).
SOURCE_LINE = re.compile(r"^Sources?: ", re.MULTILINE)


def outcome(replies: Iterable[tuple[Optional[str], str]]) -> str:
    """Returns one of OUTCOMES: the first that fits, since a question may be answered before a form goes on, and a refusal end in the contact.

    Args:
        replies: of each reply the name of its response in domain.yml, None where an action made it up, and its text.
    """
    given = [(name, text) for name, text in replies if name != CONFUSED]
    if not given:
        return FAILED
    names = [name or "" for name, _ in given]
    if any(SOURCE_LINE.search(text) for _, text in given):
        return ANSWERED
    if any(name in HANDS_OVER for name in names):
        return HANDED_OVER
    if any(name.startswith(DECLINES) for name in names):
        return DECLINED
    if any(name in CLARIFIES for name in names):
        return CLARIFIED
    return TALK
