"""Twilio (SMS and WhatsApp): Rasa's channel, with a check of Twilio's signatures, and turns as on the widget."""

from __future__ import annotations

from typing import Any, Dict, Optional
from urllib.parse import parse_qsl

from rasa.core.channels import twilio
from rasa.core.channels.channel import InputChannel
from sanic.request import Request
from twilio.request_validator import RequestValidator

from bot.channels.platform import MESSAGE_ID, Form, PlatformInput, required


class TwilioInput(PlatformInput, twilio.TwilioInput):
    """The channel `bot.channels.twilio.TwilioInput` of credentials.yml: the keys of Rasa's `twilio`, and webhook_url."""

    form = Form(characters_max=1600)
    sends_blocking = True
    webhook_url = ""

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[str, Any]]) -> InputChannel:
        """Makes the channel (see parent class for full docstring)."""
        required(credentials, "twilio", "account_sid", "auth_token", "twilio_number", "webhook_url")
        channel = super().from_credentials(credentials)
        channel.webhook_url = credentials["webhook_url"]  # type: ignore[attr-defined, index]
        return channel

    def is_genuine(self, request: Request) -> bool:
        """Returns whether Twilio signed the request: the address that it knows, with all fields of the form, also those without a value."""
        if not self.auth_token or request.method != "POST":
            return False
        fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        return RequestValidator(self.auth_token).validate(self.webhook_url, fields, request.headers.get("X-Twilio-Signature", ""))

    def get_metadata(self, request: Request) -> Dict[str, Any]:
        """Returns the metadata (see parent class for full docstring)."""
        return {MESSAGE_ID: request.form.get("MessageSid")}
