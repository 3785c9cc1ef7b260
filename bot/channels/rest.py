"""The REST webhook: `{"sender", "message"}` in, a list of `{"recipient_id", "text", "buttons"}` out, for messaging platforms and tests."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Awaitable, Callable, Dict, List, Optional

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from bot import settings
from bot.channels import conversation, door, message, platform, session
from bot.channels.conversation import Incoming, NotReadyError, Turn

SENDER_CHARACTERS_MAX = 128  # half of what a tracker store's column holds
MESSAGE_ID_HEADER = "Idempotency-Key"  # a request that is sent again with the same one is not answered twice


class RestInput(InputChannel):
    """Rasa's REST channel under the same path, for a public network.

    A message may carry an Idempotency-Key; sent again with it, it gets the same replies. What a client says about channel, metadata, slots and events is not listened to. With BOT_REST_SECRET set, a request must carry it
    (`Authorization: Bearer <secret>`), and is then not counted against its address.
    """

    def __init__(self) -> None:
        """Reads the secret from the environment."""
        self._secret = door.secret("BOT_REST_SECRET")

    @classmethod
    def name(cls) -> str:
        """Returns the channel's name, as in its address."""
        return "rest"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Returns the channel's addresses. (Messages go to the agent in order and within time, not through `on_new_message`.)"""
        webhook = Blueprint("rest_webhook")
        door.guard(webhook)

        @webhook.get("/")
        async def health(request: Request) -> HTTPResponse:
            return door.harden(json_response({"status": "ok"}))

        @webhook.post("/webhook")
        async def receive(request: Request) -> HTTPResponse:
            await self._admit(request)
            if request.args.get("stream", "false").lower() not in ("false", "0", "no"):
                raise door.Refused(400, "Streaming is not offered. Leave out the parameter stream; all replies come as one list.")
            content = door.json_object(request)
            sender = _sender(content)
            text = message.clean(door.text_field(content, "message", settings.in_force().limits.message_characters))
            if not text:
                raise door.Refused(400, '"message" has nothing that can be read. Send some text.')
            incoming = Incoming(self.name(), sender, text, _message_id(request))
            await door.count_message(self.name(), sender)
            try:
                turn = await conversation.answer(request.app.ctx.agent, incoming)
            except NotReadyError:
                turn = Turn("", text, 0, [])
            return door.harden(json_response(replies(sender, turn)))

        return webhook

    async def _admit(self, request: Request) -> None:
        if self._secret is None:
            await door.count_request(request)
        elif not door.same_secret(door.bearer(request), self._secret):
            await door.count_request(request)
            raise door.Refused(401, "The secret is missing or wrong. Send it in the header Authorization: Bearer <secret>.")


def replies(sender: str, turn: Turn) -> List[Dict[str, Any]]:
    """Returns a turn's replies in the form of Rasa's REST channel."""
    items: List[Dict[str, Any]] = []
    for utterance in turn.utterances:
        item: Dict[str, Any] = {"recipient_id": sender, "text": utterance.text}
        if utterance.buttons:
            item["buttons"] = utterance.buttons
        items.append(item)
    items = items or [{"recipient_id": sender, "text": conversation.apology()}]
    if turn.notice:
        items.append({"recipient_id": sender, "text": conversation.PRIVACY_NOTICE})
    return items


def _message_id(request: Request) -> Optional[str]:
    """Returns what tells the message from others of its sender; None if the client does not say.

    Raises:
        Refused: it is empty, too long, or not of visible ASCII characters.
    """
    message_id = request.headers.get(MESSAGE_ID_HEADER)
    if message_id is not None and not re.fullmatch(rf"[!-~]{{1,{SENDER_CHARACTERS_MAX}}}", message_id):
        raise door.Refused(
            400, f"{MESSAGE_ID_HEADER} is no id; allowed: 1 to {SENDER_CHARACTERS_MAX} visible ASCII characters. Correct it or leave it out."
        )
    return message_id


def _sender(content: Dict[str, Any]) -> str:
    """Returns who writes.

    Raises:
        Refused: it is missing, blank, too long, has characters that cannot be seen, or is a conversation of another channel.
    """
    sender = door.text_field(content, "sender", SENDER_CHARACTERS_MAX)
    if not sender.strip() or any(unicodedata.category(character).startswith("C") for character in sender):
        raise door.Refused(400, '"sender" is blank or has characters that cannot be seen. Send an id of letters, digits and signs.')
    for prefix, whose in (session.ID_PREFIX, "the chat widget"), (platform.ID_PREFIX, "messaging platforms"):
        if sender.startswith(prefix):
            raise door.Refused(400, f'"sender" begins with {prefix}, which is for {whose}. Send another id.')
    return sender
