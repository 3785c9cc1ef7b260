"""What must hold of each reader of foreign text, whatever it is given: for Hypothesis and for atheris alike."""

from __future__ import annotations

import tempfile
import unicodedata
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Callable

from rasa.shared.core.events import BotUttered

from bot import details, privacy, settings, strict_yaml
from bot.channels import door, message
from bot.nlu import question_splitter
from bot.strict_yaml import ProblemsError

BUTTONS = [{"title": f"Button {number}", "payload": f"/ask_{number}"} for number in range(12)]
UNSEEN = ("Cc", "Cf", "Cs")  # categories of characters that no message has once it is cleaned
_file = Path(tempfile.mkdtemp(prefix="fuzz-")) / "any.yml"


def check_body(body: bytes) -> None:
    """A body is a JSON object, its fields are texts in bounds, or it is refused in one sentence."""
    try:
        content = door.json_object(SimpleNamespace(body=body))  # type: ignore[arg-type]
        text = door.text_field(content, "message", 1000)
    except door.Refused as refused:
        assert refused.status_code in (400, 413) and str(refused).endswith(".")
        return
    assert isinstance(text, str) and len(text) <= 1000
    check_message(text)


def check_message(text: str) -> None:
    """A message loses what cannot be seen, once and for all, and is never a command."""
    cleaned = message.clean(text)
    assert message.clean(cleaned) == cleaned
    assert cleaned == cleaned.strip() and unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(character) in UNSEEN and character != "\n" for character in cleaned)
    typed = message.as_typed(cleaned)
    for kept in (typed, privacy.mask(typed)):
        assert not kept.strip().startswith("/")
    assert message.as_typed(typed) == typed
    if not cleaned.startswith(message.TYPED_SLASH):  # who types this very sign sees a slash
        assert message.shown(typed) == cleaned
    message.needs_history(cleaned)
    button = message.chosen(cleaned, [BotUttered("Choose.", {"buttons": BUTTONS})])
    assert button is None or button in BUTTONS


def check_mask(text: str) -> None:
    """What is masked once has nothing left to mask."""
    masked = privacy.mask(text)
    assert privacy.mask(masked) == masked, (text, masked, privacy.mask(masked))


def check_details(text: str) -> None:
    """A detail of the contact form is found or not, kept or refused with a sentence that says what to do."""
    details.find_email(text)
    details.find_name(text)
    details.find_about(text, "US")
    details.find_phone(text, "US")
    for check in (details.check_email, details.check_name, details.check_about, lambda given: details.check_phone(given, "US")):
        with suppress(ValueError):
            assert "\n" not in check(text)


def check_yaml(content: bytes) -> None:
    """A file that people edit is plain data with its lines, or has problems, each on a line of the file."""
    _file.write_bytes(content)
    lines = max(1, len(content.splitlines()) + 1)
    try:
        document = strict_yaml.read(_file, "any.yml")
        assert document.lines[()] == 1 and all(1 <= line <= lines for line in document.lines.values())
        strict_yaml.parse(document, settings.Settings)
    except ProblemsError as error:
        assert error.problems and all(problem.file == "any.yml" and problem.line >= 1 and problem.message for problem in error.problems)


def check_clauses(text: str) -> None:
    """A message has one to eight clauses, all of them its own words, in order."""
    parts = question_splitter.clauses(text)
    assert 1 <= len(parts) <= question_splitter.PARTS_MAX
    position = 0
    for part in parts:
        position = text.index(part, position) + len(part)


TEXT_PROPERTIES: dict[str, Callable[[str], None]] = {
    "message": check_message,
    "mask": check_mask,
    "details": check_details,
    "clauses": check_clauses,
}
BYTES_PROPERTIES: dict[str, Callable[[bytes], None]] = {"body": check_body, "yaml": check_yaml}
