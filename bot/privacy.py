"""Masks personal data that a visitor writes unasked, before anything stores or logs it; takes the details given to a contact form out again."""

from __future__ import annotations

import re
from typing import Any, Iterator

import phonenumbers

from bot import details, settings

EMAIL, PHONE, SSN = "[e-mail address]", "[phone number]", "[social security number]"
CARD, ACCOUNT, BIRTH = "[card number]", "[account number]", "[date of birth]"
MARKS = (EMAIL, PHONE, SSN, CARD, ACCOUNT, BIRTH)
DETAILS = "[details for the office]"

CONTACT_FORM = "contact_form"  # the loop in which personal data is asked for, with consent (actions/contact_form.py)
CONTACT_CONSENT = "contact_consent"
CONTACT_REQUEST = "contact_request"  # its slot that is set for as long as it is open
CONTACT_SLOTS = {"contact_name": "[name]", "contact_email": EMAIL, "contact_phone": PHONE, "contact_about": "[subject]"}
PLAIN_WORDS = {"yes", "yeah", "ok", "okay", "sure", "no", "skip", "send", "change", "cancel", "stop"}
CONTACT_ACTIONS = (CONTACT_FORM, "action_submit_contact")  # these repeat what they were told

_START, _END = r"(?<![\w$€£.,/+-])", r"(?![\w%]|[.,/-]\d)"  # a number of its own: no part of a price, code, decimal or longer number
_DASH = r"[\s.\-\u2010-\u2015]"
_YEAR = re.compile(r"(?:19|20)\d\d")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"(?:\d{{1,2}}[/.\-]\d{{1,2}}[/.\-]\d{{2,4}}|\d{{4}}[/.\-]\d{{1,2}}[/.\-]\d{{1,2}}|{_MONTH}\s+{_DAY}(?:,?\s+\d{{2,4}})?"
    rf"|(?:the\s+)?{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{2,4}})?|{_MONTH},?\s+\d{{4}})"
)
_BIRTH_WORD = r"\b(?:born|birth|birthday|birthdate|b-?day|d\.?\s?o\.?\s?b)\b"
PHONE_DIGITS_MIN = 7  # of a local number in the North American plan
BIRTH_WORD_CHARACTERS_MAX = 30  # between the word and the date: "my date of birth, since you ask, is"

_AT, _DOT = r"(?:\s*[\[({]\s*at\s*[\])}]\s*|@)", r"(?:\s*[\[({]\s*dot\s*[\])}]\s*|[.。])"
_LOCAL = r"(?:\"[^\"@\n]{1,64}\"|(?<![^\s<>()\[\],;:\"“”])[^\s<>()\[\],;:\"“”@]*[^\W_][^\s<>()\[\],;:\"“”@]*)"  # no sign but these ends a mailbox
_PROVIDERS = r"(?:g\s?mail|google\s?mail|yahoo|y\s?mail|hot\s?mail|outlook|i\s?cloud|aol|proton(?:\s?mail)?|live|msn|comcast)"
_ENDINGS = r"(?:com|org|net|edu|gov|info|biz|co|io|me|us|uk|ca)\b"
_DIGIT_WORD = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)"

_PATTERNS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(rf"{_LOCAL}{_AT}(?=[\w\-.]*[^\W\d_]|\[?\d+\.\d)\[?[\w\-]+(?:{_DOT}[\w\-]+)*\]?", re.IGNORECASE), EMAIL),
    (re.compile(rf"(?<![\w.+\-])[\w.+\-]+ ?@ ?[\w\-]+(?: ?\. ?[\w\-]+)* ?\. ?{_ENDINGS}", re.IGNORECASE), EMAIL),
    (re.compile(rf"(?<![\w.+\-])[\w.+\-]+\s+at\s+{_PROVIDERS}\s*(?:\.|\bdot\b)\s*{_ENDINGS}", re.IGNORECASE), EMAIL),
    (re.compile(rf"(?P<keep>{_BIRTH_WORD}[^\d]{{0,{BIRTH_WORD_CHARACTERS_MAX}}}?)(?:\b{_DATE}|\b\d{{1,2}}/\d{{1,2}})(?!\w)", re.IGNORECASE), BIRTH),
    (re.compile(rf"\b{_DATE}(?=[^\d]{{0,{BIRTH_WORD_CHARACTERS_MAX}}}{_BIRTH_WORD})", re.IGNORECASE), BIRTH),
    (re.compile(rf"{_START}\d{{3}}{_DASH}\d{{2}}{_DASH}\d{{4}}{_END}"), SSN),
    (re.compile(r"(?P<keep>\b(?:ssn|ss ?#|ss no|social security|my social)(?!\w)[^\d]{0,20})\d(?:[\s\-]?\d){3,8}\b", re.IGNORECASE), SSN),
    (re.compile(rf"\b(?:\d{{1,3}}[\s,\-]{{1,2}})*(?:{_DIGIT_WORD}[\s,\-]{{1,2}}){{5,}}(?:{_DIGIT_WORD}|\d{{1,4}})\b", re.IGNORECASE), PHONE),
]
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
_CARD = re.compile(rf"{_START}\d(?:[ \-]?\d){{12,18}}{_END}")  # 13 to 19 digits: ISO/IEC 7812
_PHONE_WORD = r"\b(?:call|phone|tel|telephone|cell|mobile|text|my number|the number is|reach me|ring me)\b(?! cent)"
_OTHERS = rf"(?:\s?(?:[,;/&]|or|and)\s?\d{{3}}{_DASH}?\d{{4}}{_END}(?! hours| hrs))*"  # local numbers after one: "614-555-0199 or 555-2368"
_SHAPED_PHONES = [  # numbers that no telephone plan has, because a digit is wrong or they are made up, but that are meant as one
    re.compile(rf"{_START}(?:\+?1{_DASH}?)?(?:\(\d{{3}}\)\s?|\d{{3}}{_DASH})\d{{3}}{_DASH}\d{{4}}{_END}{_OTHERS}", re.IGNORECASE),
    re.compile(rf"(?<!\w)\+\d(?:[\s().\-]{{0,2}}\d){{6,14}}{_END}"),
    re.compile(rf"(?P<keep>{_PHONE_WORD}[^\d$€£]{{0,25}})(?:\d{{3}}{_DASH}?)?\d{{3}}{_DASH}?\d{{4}}{_END}(?! hours| hrs){_OTHERS}", re.IGNORECASE),
    re.compile(rf"{_START}\d{{3}}-0\d{{3}}{_END}"),  # no range goes up to 0123
]
_ACCOUNTS = [
    re.compile(rf"{_START}\d{{8,}}{_END}"),  # eight digits in a row are no year, pay, code or hours
    re.compile(
        r"(?P<keep>\b(?:account|acct|routing|card|policy|passport|licen[cs]e|(?:student|member|patient) id)\b(?:\s+(?:number|no\.?|id))?(?:\s+is)?[\s:#]{1,5})"
        r"(?:[A-Z]{1,3}-?)?\d(?:[\s\-]?\d){4,}\b",
        re.IGNORECASE,
    ),
]


_MAY_BE_PERSONAL = re.compile(r"[\d@＠]|[\[({]\s*at\s*[\])}]|\bat\s|(?:oh|zero|one|two|three|four|five|six|seven|eight|nine)[\s,-]", re.IGNORECASE)
_MARK = re.compile("|".join(map(re.escape, MARKS)))
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}  # full-width digits and signs, as ASCII has them
_Found = list[tuple[int, int, str]]  # where something begins and ends, and what stands for it


def mask(text: str) -> str:
    """Returns the text with personal data replaced by words in brackets.

    Masked are e-mail addresses, telephone numbers (of the settings' region, or with a country code), social security, card and account
    numbers, and dates of birth. Pay, prices, years, hours and the names of code systems and exams stay. What is masked already stays, too, and
    what stands on either side of it is looked at alone: its words are not the visitor's.
    """
    if not _MAY_BE_PERSONAL.search(text):  # most questions
        return text
    for found in _findings(text):
        if found:
            parts, end = [], 0
            for start, stop, words in found:
                parts += [mask(text[end:start]), words]
                end = stop
            return "".join([*parts, mask(text[end:])])
    return text


def _findings(text: str) -> Iterator[_Found]:
    """Yields what is found of each kind, in order of place; first what is masked already."""
    yield [(*match.span(), match[0]) for match in _MARK.finditer(text)]
    text = text.translate(_NARROW)
    for pattern, words in _PATTERNS:
        yield _matches(pattern, words, text)
    yield [(*match.span(), ACCOUNT) for match in _IBAN.finditer(text) if _is_iban(match[0])]
    yield [(*match.span(), CARD) for match in _CARD.finditer(text) if _is_card(match[0])]
    for pattern in _SHAPED_PHONES:
        yield _matches(pattern, PHONE, text)
    if len(re.findall(r"\d", text)) >= PHONE_DIGITS_MIN:
        numbers = phonenumbers.PhoneNumberMatcher(text, settings.in_force().phone_region, phonenumbers.Leniency.STRICT_GROUPING)
        yield [(number.start, number.end, PHONE) for number in numbers]
    for pattern in _ACCOUNTS:
        yield _matches(pattern, ACCOUNT, text)


def _matches(pattern: re.Pattern[str], words: str, text: str) -> _Found:
    """Returns where a pattern matches, without the part of it named `keep`."""
    kept = "keep" in pattern.groupindex
    return [(match.end("keep") if kept else match.start(), match.end(), words) for match in pattern.finditer(text)]


def _is_card(number: str) -> bool:
    """Returns whether the digits have the check digit of a card (Luhn), or a card's four groups of four and are not years."""
    digits = [int(digit) for digit in number if digit.isdecimal()]
    groups = re.split(r"[ \-]", number)
    if all(_YEAR.fullmatch(group) for group in groups):
        return False
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (doubled + sum(digits[-1::-2])) % 10 == 0 or [len(group) for group in groups] == [4, 4, 4, 4]


def _is_iban(number: str) -> bool:
    """Returns whether letters and digits have the check digits of an international bank account number (ISO 13616)."""
    compact = number.replace(" ", "")
    return compact.isascii() and int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def without_details(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns a conversation's events, as many and in the same order, without what was told the contact form, or could not be masked before.

    Of what the visitor wrote while the form was open, or to open it, nothing is left but buttons, nor in the form's replies and slots; other
    messages are masked. What was understood (the intents) stays, so that the conversation goes on as it would have.

    Args:
        events: as a tracker store keeps them.
    """
    told = _told(events)
    values = {value: label for position in sorted(told) for value, label in _values(events[position])}
    for event in events:
        if event["event"] == "slot" and event["name"] in CONTACT_SLOTS and event["value"]:
            values[str(event["value"])] = CONTACT_SLOTS[event["name"]]
    result, action = [], None
    for position, event in enumerate(events):
        action = event["name"] if event["event"] == "action" else action
        if event["event"] == "user":
            event = _without_text(event, values) if position in told else _masked(event)
        elif event["event"] == "slot" and event["name"] in (*CONTACT_SLOTS, CONTACT_CONSENT, CONTACT_REQUEST):
            event = {**event, "value": None}
        elif event["event"] == "bot" and action in CONTACT_ACTIONS:
            event = {**event, "text": _without_values(event.get("text"), values), "data": _without_values(event.get("data"), values)}
        result.append(event)
    return result


def _told(events: list[dict[str, Any]]) -> set[int]:
    """Returns the positions of the visitor's messages to the contact form: the one that opens it, and those while it is open."""
    told: set[int] = set()
    latest, is_open = None, False
    for position, event in enumerate(events):
        if event["event"] == "user":
            latest = position
        elif event["event"] == "active_loop":
            is_open = event["name"] == CONTACT_FORM
        elif event["event"] in ("restart", "session_started"):
            is_open = False
        if is_open and latest is not None:
            told.add(latest)
    return told


def _values(event: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns what the form may have repeated of a message though it was no good."""
    address = details.find_email(event.get("text") or "")
    return [(address, EMAIL)] if address else []


def _without_text(event: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """Returns a message to the form without its text, unless that is a button or a word that is no detail."""
    text = event.get("text") or ""
    is_plain = text.startswith("/") or (text.strip(" .!").lower() in PLAIN_WORDS and text not in values)
    return event if is_plain else _with_text(event, DETAILS)


def _masked(event: dict[str, Any]) -> dict[str, Any]:
    """Returns a message outside the form without personal data."""
    text = event.get("text") or ""
    masked = mask(text)
    return event if masked == text or text.startswith("/") else _with_text(event, masked, masked=True)


def _with_text(event: dict[str, Any], text: str, **metadata: bool) -> dict[str, Any]:
    """Returns a visitor's message with another text, and with that alone of what was understood that does not quote the old one."""
    kept = {key: value for key, value in (event.get("metadata") or {}).items() if key != "shown"}
    understood = {key: value for key, value in (event.get("parse_data") or {}).items() if key in ("intent", "intent_ranking", "scope", "message_id")}
    return {**event, "text": text, "metadata": {**kept, **metadata}, "parse_data": {**understood, "text": text, "entities": []}}


def _without_values(content: Any, values: dict[str, str]) -> Any:
    """Returns a text, or a card with texts, with each of the values replaced by what it is."""
    if isinstance(content, dict):
        return {key: _without_values(value, values) for key, value in content.items()}
    if isinstance(content, list):
        return [_without_values(value, values) for value in content]
    if isinstance(content, str):
        for value in sorted(values, key=len, reverse=True):
            content = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", lambda match: values[match[0]], content)
    return content
