"""What a visitor's message may become: cleaned text, a button that was offered, or a number that stands for one; never a forged command."""

from __future__ import annotations

import re
import unicodedata
from typing import Iterable, Optional

from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.core.events import BotUttered, Event, UserUttered

from bot import privacy

# Rasa takes any message that begins with its prefix as a command (`/intent{"slot": "value"}`). A typed one begins with this instead:
# it looks the same, is a symbol to Rasa, and stays one when the stored conversation is read again.
TYPED_SLASH = "\u2215"  # division slash; no Unicode normalization turns it into a slash

_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_CARDINALS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_CHOICE = re.compile(
    rf"(?:(?:the|option|number|choice|no\.?|nr\.?|#)\s*)*(?:(?P<digits>\d{{1,2}})(?:st|nd|rd|th)?|(?a:(?P<word>{'|'.join(_ORDINALS + _CARDINALS)})))"
    r"(?:\s+(?:one|option|choice|button))?(?:,?\s*(?:please|pls))?\s*[.!)]?",
    re.IGNORECASE,
)

Button = dict[str, str]


def clean(text: str) -> str:
    """Returns the text without what cannot be seen, in Unicode's composed form (NFC), stripped of white space at both ends.

    Control characters other than the line feed, zero-width and direction characters and halves of surrogate pairs go; any white space
    but the line feed becomes a space.
    """
    kept = []
    for character in text.replace("\r\n", "\n"):
        category = unicodedata.category(character)
        if character == "\n":
            kept.append(character)
        elif category.startswith("Z") or character in "\t\r\v\f\x85":
            kept.append(" ")
        elif category not in ("Cc", "Cf", "Cs"):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def needs_history(text: str) -> bool:
    """Returns whether what a text becomes depends on the conversation so far."""
    return text.startswith(INTENT_MESSAGE_PREFIX) or _CHOICE.fullmatch(text) is not None or privacy.mask(text) != text


def offered(events: Iterable[Event], entry: Iterable[Button]) -> dict[str, str]:
    """Returns the title of each button that the server offered in a conversation, by its payload."""
    buttons = [*entry, *(button for event in events if isinstance(event, BotUttered) for button in event.data.get("buttons") or [])]
    return {button["payload"]: button["title"] for button in buttons}


def chosen(text: str, events: Iterable[Event]) -> Optional[Button]:
    """Returns the button that a number stands for, right after a message with buttons: "2", "option 2", "#2", "two", "the second one"."""
    match = _CHOICE.fullmatch(text)
    if match is None:
        return None
    if match["digits"]:
        number = int(match["digits"])
    else:
        word = match["word"].lower()
        number = 1 + (_ORDINALS.index(word) if word in _ORDINALS else _CARDINALS.index(word))
    buttons = last_buttons(events)
    return buttons[number - 1] if 1 <= number <= len(buttons) else None


def last_buttons(events: Iterable[Event]) -> list[Button]:
    """Returns the buttons of the assistant's last message; none if the visitor has written since."""
    for event in reversed(list(events)):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, BotUttered):
            return list(event.data.get("buttons") or [])
    return []


def as_typed(text: str) -> str:
    """Returns a text that cannot be taken as a command."""
    return TYPED_SLASH + text[1:] if text.startswith(INTENT_MESSAGE_PREFIX) else text


def shown(text: str) -> str:
    """Returns a stored text as the visitor typed it."""
    return INTENT_MESSAGE_PREFIX + text[1:] if text.startswith(TYPED_SLASH) else text
