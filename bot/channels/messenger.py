"""Facebook Messenger: Rasa's channel, with a check of the newer signatures, all messages of a request, and turns as on the widget."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Awaitable, Callable, Dict, Iterator, Optional, Tuple

from rasa.core.channels import facebook
from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response
from sanic.response import text as text_response

from bot.channels import door
from bot.channels.platform import MESSAGE_ID, Form, PlatformInput, required


class MessengerInput(PlatformInput, facebook.FacebookInput):
    """The channel `bot.channels.messenger.MessengerInput` of credentials.yml, with the keys of Rasa's `facebook`."""

    form = Form(characters_max=2000, buttons_max=3, characters_max_with_buttons=640, title_characters_max=20, payload_bytes_max=1000)
    sends_blocking = True

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[str, Any]]) -> InputChannel:
        """Makes the channel (see parent class for full docstring)."""
        required(credentials, "messenger", "verify", "secret", "page-access-token")
        return super().from_credentials(credentials)

    def is_genuine(self, request: Request) -> bool:
        """Returns whether Facebook signed the request with SHA-256; one that asks for the verification token proves itself by it."""
        if request.method == "GET":
            return door.same_secret(request.args.get("hub.verify_token") or "", self.fb_verify)
        signature = hmac.new(self.fb_secret.encode(), request.body, hashlib.sha256).hexdigest()
        return door.same_secret(request.headers.get("X-Hub-Signature-256", ""), f"sha256={signature}")

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Returns the channel's addresses. (Rasa's answers only the first of several messages in a request.)"""
        webhook = Blueprint("messenger_webhook")

        @webhook.get("/")
        async def health(request: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        @webhook.get("/webhook")
        async def verify(request: Request) -> HTTPResponse:
            return text_response(request.args.get("hub.challenge") or "")

        @webhook.post("/webhook")
        async def receive(request: Request) -> HTTPResponse:
            for sender, text, message_id in _messages(request.json):
                await self.receive(UserMessage(text, self.get_output_channel(), sender, metadata={MESSAGE_ID: message_id}))
            return text_response("success")

        return self.guarded(webhook)


def _messages(content: Dict[str, Any]) -> Iterator[Tuple[str, str, Optional[str]]]:
    """Yields sender, text and id of each message and button of a request; the text of a picture or the like is empty."""
    for entry in content.get("entry", []):
        for event in entry.get("messaging", []):
            sender = event.get("sender", {}).get("id", "")
            written, pressed = event.get("message"), event.get("postback")
            if written and not written.get("is_echo"):
                yield sender, written.get("quick_reply", {}).get("payload") or written.get("text", ""), written.get("mid")
            elif pressed:
                yield sender, pressed.get("payload", ""), pressed.get("mid")
