"""What the messaging platforms have in common: genuine requests only, turns as on the widget, replies in a form that the platform can show."""

from __future__ import annotations

import asyncio
import logging
import re
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Deque, Dict, List, Optional, Tuple

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.shared.exceptions import InvalidConfigException
from sanic import Blueprint, Sanic
from sanic.request import Request

from bot import settings
from bot.channels import conversation, door
from bot.channels import message as messages
from bot.channels.conversation import Incoming, NotReadyError
from bot.channels.message import Button

ID_PREFIX = "platform-"  # of a conversation's id; no sender of another channel may begin with it
MESSAGE_ID = "message_id"  # key of a message's metadata: the platform's name for the message, the same when it is delivered again
DELIVERED_MAX = 1000  # so many messages back a second delivery gets no second reply
TEXT_ONLY = "I can only read text. What would you like to know?"
NUMBERED = "Reply with a number, or just ask."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Form:
    """What one message of a platform can hold, as its documentation says."""

    characters_max: int
    buttons_max: int = 0  # 0: it has none
    characters_max_with_buttons: int = 0
    title_characters_max: int = 0
    payload_bytes_max: int = 0

    def can_show(self, buttons: List[Button]) -> bool:
        """Returns whether the buttons can be shown as such."""
        return len(buttons) <= self.buttons_max and all(
            len(button["title"]) <= self.title_characters_max and len(button["payload"].encode()) <= self.payload_bytes_max for button in buttons
        )


class PlatformInput(InputChannel, ABC):
    """Goes before a channel of Rasa's in a class's bases."""

    form: Form
    sends_blocking = False  # whether the platform's client holds up the thread that it sends in
    button_options: Dict[str, Any] = {}  # of the channel's send_text_with_buttons
    _app: Optional[Sanic] = None

    @abstractmethod
    def is_genuine(self, request: Request) -> bool:
        """Returns whether the platform itself sent the request."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Returns the channel's addresses. (Messages go to the agent in order and within time, not through `on_new_message`.)"""
        return self.guarded(super().blueprint(self.receive))

    def guarded(self, blueprint: Blueprint) -> Blueprint:
        """Returns the blueprint, which now refuses what the platform did not send."""
        self._delivered: Deque[Tuple[str, str]] = deque(maxlen=DELIVERED_MAX)
        door.guard(blueprint)

        @blueprint.listener("before_server_start")
        async def know_app(app: Sanic, loop: Any) -> None:
            self._app = app

        @blueprint.middleware("request")
        async def admit(request: Request) -> None:
            is_health = request.method == "GET" and request.path.rstrip("/").endswith(f"/{self.name()}")
            if not is_health and not self.is_genuine(request):
                await door.count_request(request)
                raise door.Refused(401, f"The request does not carry the signature of {self.name()}. Check the secret in the credentials.")

        return blueprint

    def read(self, text: str) -> str:
        """Returns what a text of the platform is to the assistant."""
        return text

    async def receive(self, message: UserMessage) -> None:
        """Answers a message, unless this server has answered it already."""
        sender, output = str(message.sender_id), message.output_channel
        message_id = (message.metadata or {}).get(MESSAGE_ID)
        conversation_id = f"{ID_PREFIX}{self.name()}-{sender}"
        replies = await self._replies(conversation_id, messages.clean(self.read(message.text or "")), message_id)
        if message_id:
            if (conversation_id, message_id) in self._delivered:
                return
            self._delivered.append((conversation_id, message_id))
        try:
            sending = self._send(output, sender, replies)  # type: ignore[arg-type]
            await (asyncio.to_thread(asyncio.run, sending) if self.sends_blocking else sending)
        except Exception as error:
            logger.error("%s: a reply could not be sent (%s: %s).", self.name(), type(error).__name__, error)
            if message_id:
                self._delivered.remove((conversation_id, message_id))
            raise

    async def _replies(self, conversation_id: str, text: str, message_id: Optional[str]) -> List[Tuple[str, List[Button]]]:
        """Returns the assistant's messages: text and buttons each."""
        characters_max = settings.in_force().limits.message_characters
        if not text:
            return [(TEXT_ONLY, [])]
        if len(text) > characters_max:
            return [(f"Your message has {len(text)} characters; I can read at most {characters_max}. Please ask in fewer words.", [])]
        try:
            await door.count_message(self.name(), conversation_id)
            turn = await conversation.answer(self._app.ctx.agent, Incoming(self.name(), conversation_id, text, message_id))  # type: ignore[union-attr]
        except door.Refused as error:
            return [(str(error), [])]
        except NotReadyError:
            return [(conversation.apology(), [])]
        replies = [(utterance.text, utterance.buttons) for utterance in turn.utterances] or [(conversation.apology(), [])]
        return [*replies, (conversation.PRIVACY_NOTICE, [])] if turn.notice else replies

    async def _send(self, output: OutputChannel, recipient: str, replies: List[Tuple[str, List[Button]]]) -> None:
        for text, buttons in replies:
            for part, shown in shaped(text, buttons, self.form):
                if shown:
                    await output.send_text_with_buttons(recipient, part, shown, **self.button_options)
                else:
                    await output.send_text_message(recipient, part)


def shaped(text: str, buttons: List[Button], form: Form) -> List[Tuple[str, List[Button]]]:
    """Returns the messages that a text with buttons becomes; where the buttons cannot be shown, they become numbered choices.

    A visitor chooses one by its number (`bot/channels/message.py`).
    """
    text = re.sub(r"\n\s*\n", "\n", text.strip())  # at blank lines Rasa's channels would begin a new message
    if buttons and not form.can_show(buttons):
        choices = [f"{number}. {button['title']}" for number, button in enumerate(buttons, 1)]
        text, buttons = "\n".join([text, *choices, NUMBERED]), []
    parts = split(text, form.characters_max_with_buttons if buttons else form.characters_max)
    return [*((part, []) for part in parts[:-1]), (parts[-1], [{"title": button["title"], "payload": button["payload"]} for button in buttons])]


def split(text: str, characters_max: int) -> List[str]:
    """Returns the text in parts of at most so many characters, cut at the end of a line, of a sentence, or between words."""
    parts = []
    while len(text) > characters_max:
        head = text[: characters_max + 1]
        cut = next((end for end in (head.rfind("\n"), head.rfind(". ") + 1, head.rfind(" ")) if end > 0), characters_max)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text]


def required(credentials: Optional[Dict[str, Any]], channel: str, *keys: str) -> None:
    """Refuses credentials with a key missing.

    Raises:
        InvalidConfigException: one is.
    """
    for key in keys:
        if not (credentials or {}).get(key):
            raise InvalidConfigException(f"credentials.yml: {channel}: '{key}' is missing. Add it; a secret as ${{VARIABLE}} of the environment.")
