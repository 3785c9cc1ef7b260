"""The widget's sessions: a conversation's id that nobody can guess, signed, for as long as conversations are kept."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Optional

import itsdangerous
from rasa.shared.exceptions import RasaException

from bot import settings
from bot.channels import door
from bot.knowledge import HOME

FILE = HOME / "var" / "session_secret"
ID_BYTES = 16  # 128 bits cannot be guessed
ID_PREFIX = "widget-"  # no sender of another channel may begin with it
SECONDS_PER_DAY = 24 * 60 * 60


class Sessions:
    """Opens sessions and reads them back."""

    def __init__(self, secret: str) -> None:
        """Signs with the secret."""
        self._signer = itsdangerous.URLSafeTimedSerializer(secret, salt="career-chat session")

    def open(self) -> tuple[str, str]:
        """Returns a new conversation's id and the session that proves it."""
        conversation = ID_PREFIX + secrets.token_hex(ID_BYTES)
        return conversation, self._signer.dumps(conversation)

    def conversation(self, session: str) -> Optional[str]:
        """Returns the id of a session's conversation; None if the session is not ours or is over."""
        try:
            return self._signer.loads(session, max_age=settings.in_force().kept_days * SECONDS_PER_DAY)
        except itsdangerous.BadData:
            return None


def session_secret(file: Path = FILE) -> str:
    """Returns the secret that signs sessions: BOT_SESSION_SECRET, else the file's, which the first process makes.

    Raises:
        RasaException: it is too short, or the file cannot be made.
    """
    given = door.secret("BOT_SESSION_SECRET")
    if given:
        return given
    try:
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            made = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as new:
                new.write(secrets.token_hex())
            try:
                os.link(made, file)  # all or nothing: of several processes that start at once, one is first
            except FileExistsError:
                pass
            finally:
                made.unlink()
        return file.read_text(encoding="ascii")
    except OSError as error:
        raise RasaException(f"{file}: the secret that signs sessions cannot be kept there: {error.strerror}. Set BOT_SESSION_SECRET.") from error
