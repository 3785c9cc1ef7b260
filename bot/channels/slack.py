"""Slack: Rasa's channel, which checks Slack's signatures itself, with turns as on the widget."""

from __future__ import annotations

import html
import json
from typing import Any, Dict, List, Optional

from rasa.core.channels import slack
from rasa.core.channels.channel import OutputChannel
from sanic.request import Request

from bot.channels.platform import MESSAGE_ID, Form, PlatformInput


class SlackOutput(slack.SlackBot):
    """Rasa's output; what Slack would take for markup is a character like any other."""

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Sends a text (see parent class for full docstring)."""
        await super().send_text_message(recipient_id, html.escape(text, quote=False), **kwargs)

    async def send_text_with_buttons(self, recipient_id: str, text: str, buttons: List[Dict[str, Any]], **kwargs: Any) -> None:
        """Sends a text with buttons (see parent class for full docstring)."""
        await super().send_text_with_buttons(recipient_id, html.escape(text, quote=False), buttons, **kwargs)


class SlackInput(PlatformInput, slack.SlackInput):
    """The channel `bot.channels.slack.SlackInput` of credentials.yml, with the keys of Rasa's `slack`."""

    form = Form(characters_max=3000, buttons_max=5, characters_max_with_buttons=3000, title_characters_max=75, payload_bytes_max=2000)

    def is_genuine(self, request: Request) -> bool:
        """Returns whether Slack signed the request, within the last five minutes."""
        return bool(self.slack_signing_secret) and self.is_request_from_slack_authentic(request)

    def get_metadata(self, request: Request) -> Dict[str, Any]:
        """Returns the metadata (see parent class for full docstring)."""
        if request.headers.get("content-type") == "application/json":
            message_id = request.json.get("event_id")
        else:
            message_id = json.loads(request.form["payload"][0]).get("trigger_id")
        return {**super().get_metadata(request), MESSAGE_ID: message_id}

    def get_output_channel(self, channel: Optional[str] = None, thread_id: Optional[str] = None) -> OutputChannel:
        """Returns the output (see parent class for full docstring)."""
        return SlackOutput(self.slack_token, channel or self.slack_channel, thread_id, self.proxy)
