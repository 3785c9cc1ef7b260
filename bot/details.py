"""Reads a visitor's contact details out of a message, and checks them."""

from __future__ import annotations

import itertools
import re
from typing import Optional

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import Leniency, NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberMatcher, ValidationResult

NAME_CHARACTERS_MAX = 80  # the longest full names of real forms; more is a sentence
NAME_WORDS_MAX = 6  # "Maria del Carmen de la Cruz"
ABOUT_CHARACTERS_MAX = 500  # some sentences; the office asks for the rest

EMAIL = re.compile(r"[^\s<>()\[\],;:\"“”]*@[^\s<>()\[\],;:\"“”]*")
STATED = r"(?:my (?:full )?name(?:'s|’s| is|s)|(?:the )?name is|name to|name:)\s+"
HERE = re.compile(r"^((?:[A-Z][\w'’-]*\s+){1,3})(?:here|speaking)[.!]?$")
CALLED = r"(?:(?:you can|please|just)\s+)?call me\s+"
INTRODUCED = rf"(?:(?:(?:i am|i['’]m|im|this is|it['’]?s(?: me)?|hi|hello|hey|sure|ok(?:ay)?|yes)[\s,]+)|{CALLED})"
WORD = r"[^\W\d_][\w'’.\-]*"
STATED_NAME = re.compile(rf"\b{STATED}({WORD}(?:\s+{WORD})*)", re.IGNORECASE)
INTRODUCED_NAME = re.compile(rf"\b(?:i am|i['’]m|im|this is)\s+({WORD}(?:\s+{WORD})*)", re.IGNORECASE)
NAME_ENDS = re.compile(
    r"\s+(?:(?:and|but)\s+(?:my|i|i['’]m|the|you|please)\b|(?:my\s+)?(?:e-?mail|phone|cell|mobile|number)\b"
    r"|(?:i|i['’]m|from|at|with|can|could|please|here|thanks|about|regarding|calling)\b).*",
    re.IGNORECASE | re.DOTALL,
)
ABOUT = re.compile(r"\b(?:about|regarding|concerning)\s+([^.!?\n]+)", re.IGNORECASE)


class DetailError(ValueError):
    """A detail that cannot be used; the text tells the visitor why."""


def find_email(text: str) -> Optional[str]:
    """Returns the first thing in a text that is meant as an e-mail address, right or wrong."""
    match = EMAIL.search(text)
    return match[0].strip(".!?'’") if match else None


def check_email(text: str) -> str:
    """Returns the e-mail address in a text, in its usual form.

    Raises:
        DetailError: there is none, or it cannot be one. (Whether its mailbox exists is not asked.)
    """
    address = find_email(text)
    if address is None:
        raise DetailError("I see no e-mail address in that; one looks like name@example.org.")
    try:
        return str(validate_email(address, check_deliverability=False).normalized)
    except EmailNotValidError as error:
        raise DetailError(f"“{address}” cannot be an e-mail address. {error}") from error


def find_phone(text: str, region: str) -> Optional[str]:
    """Returns the first complete telephone number in a text, in its usual form."""
    for match in PhoneNumberMatcher(EMAIL.sub(" ", text), region, Leniency.POSSIBLE):
        if phonenumbers.is_possible_number_with_reason(match.number) == ValidationResult.IS_POSSIBLE:
            return _written(match.number)
    return None


def check_phone(text: str, region: str) -> str:
    """Returns the telephone number in a text, in its usual form.

    Args:
        region: the country of numbers without a country code, like US.
    Raises:
        DetailError: there is none, or it cannot be one. (Whether it is in service is not asked.)
    """
    if number := find_phone(text, region):
        return number
    try:
        parsed = phonenumbers.parse(text, region)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise DetailError("I do not know the country code of that number.") from error
        if error.error_type == NumberParseException.TOO_LONG:
            raise DetailError("That is too long for a telephone number.") from error
        raise DetailError("I see no telephone number in that.") from error
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise DetailError("The area code is missing from that number.")
    if reason == ValidationResult.TOO_LONG:
        raise DetailError("That is too long for a telephone number.")
    if reason == ValidationResult.IS_POSSIBLE:
        return _written(parsed)
    raise DetailError("That is too short for a telephone number; please give it with its area code.")


def _written(number: PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))


def find_name(text: str) -> Optional[str]:
    """Returns the name that a text says is the visitor's: "my name is ann", or "I'm Ann" with capital letters ("I'm interested" is no name)."""
    if match := STATED_NAME.search(text):
        return _tidy_name(match[1]) or None
    match = INTRODUCED_NAME.search(text)
    words = itertools.takewhile(lambda word: word[0].isupper() and not (word.isupper() and len(word) > 2), match[1].split() if match else ())
    return _tidy_name(" ".join(words)) or None


def states_name(text: str) -> bool:
    """Returns whether an answer to "what is your name?" says that it is one: "my name is Stop", "call me Al", "Kelly here"."""
    return find_name(text) is not None or re.match(rf"(?i:{CALLED})[A-Z]", text) is not None or HERE.search(text) is not None


def check_name(text: str) -> str:
    """Returns the name in the answer to "what is your name?", which may hold other details too.

    Raises:
        DetailError: there is none.
    """
    stated = STATED_NAME.search(text)
    rest = stated[1] if stated else re.sub(rf"^\s*(?:{INTRODUCED})+", "", text, flags=re.IGNORECASE)
    name = HERE.sub(r"\1", _tidy_name(re.split(r"[,;\n(]|\d{3}", EMAIL.sub(",", rest))[0])).strip()
    if not re.search(r"[^\W\d_]", name):
        raise DetailError("I see no name in that.")
    if len(name) > NAME_CHARACTERS_MAX or len(name.split()) > NAME_WORDS_MAX:
        raise DetailError("That is long for a name.")
    return name


def _tidy_name(text: str) -> str:
    text = re.sub(r"(?<=\w{3})(?<!\bProf)\.\s.*", "", text, flags=re.DOTALL)  # "Bob. Call me", but not "Dr. Bob"
    return _one_line(NAME_ENDS.sub("", text)).strip(" .,!?:-")


def find_about(text: str, region: str) -> Optional[str]:
    """Returns what a text says it is about, however long: "about the CCA"."""
    match = ABOUT.search(EMAIL.sub(" ", text))
    if not match or find_phone(match[1], region):
        return None
    return _one_line(match[1]).strip(" ,;:") or None


def check_about(text: str) -> str:
    """Returns what a request is about, on one line.

    Raises:
        DetailError: it is too long.
    """
    about = _one_line(re.sub(r"^\s*(?:it['’]?s |it is )?(?:about|regarding|concerning)\s+", "", text, flags=re.IGNORECASE))
    if len(about) > ABOUT_CHARACTERS_MAX:
        raise DetailError(f"That is {len(about)} characters; please say it in at most {ABOUT_CHARACTERS_MAX}. The office asks for the rest.")
    return about


def _one_line(text: str) -> str:
    """Returns a text without control characters, line breaks and repeated spaces."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
