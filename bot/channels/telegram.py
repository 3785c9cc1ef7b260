"""Telegram: Rasa's channel, with the secret token by which Telegram proves itself, and turns as on the widget."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, Optional

from aiogram.types import User
from aiogram.utils.exceptions import TelegramAPIError
from rasa.core.channels import telegram
from rasa.core.channels.channel import InputChannel
from rasa.shared.exceptions import RasaException
from sanic.request import Request

from bot.channels import door
from bot.channels.platform import MESSAGE_ID, Form, PlatformInput, required

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class TelegramOutput(telegram.TelegramOutput):
    """Rasa's output, which tells Telegram the secret, and asks for its own name once rather than at every message."""

    def __init__(self, access_token: str, secret_token: str) -> None:
        """Connects with the token of the bot."""
        super().__init__(access_token)
        self._secret_token, self._user = secret_token, None

    async def set_webhook(self, url: str, **options: Any) -> bool:
        """Tells Telegram where to send messages, and with which secret."""
        return bool(await self.request("setWebhook", {"url": url, "secret_token": self._secret_token}))

    async def get_me(self) -> User:
        """Returns the bot's own user."""
        self._user = self._user or await super().get_me()
        return self._user


class TelegramInput(PlatformInput, telegram.TelegramInput):
    """The channel `bot.channels.telegram.TelegramInput` of credentials.yml: the keys of Rasa's `telegram`, and secret_token."""

    form = Form(characters_max=4096, buttons_max=8, characters_max_with_buttons=4096, title_characters_max=64, payload_bytes_max=64)
    button_options = {"button_type": "vertical"}  # side by side, three titles would be cut off on a telephone
    secret_token = ""

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[str, Any]]) -> InputChannel:
        """Makes the channel (see parent class for full docstring)."""
        required(credentials, "telegram", "access_token", "verify", "webhook_url", "secret_token")
        channel = super().from_credentials(credentials)
        channel.secret_token = credentials["secret_token"]  # type: ignore[attr-defined, index]
        return channel

    def is_genuine(self, request: Request) -> bool:
        """Returns whether the request carries the secret that Telegram was told."""
        return bool(self.secret_token) and door.same_secret(request.headers.get(SECRET_HEADER, ""), self.secret_token)

    def read(self, text: str) -> str:
        """Returns the text; what Telegram sends for a visitor who opens the chat is a greeting."""
        return "hello" if text == "/start" else text

    def get_metadata(self, request: Request) -> Dict[str, Any]:
        """Returns the metadata (see parent class for full docstring)."""
        return {MESSAGE_ID: str(request.json.get("update_id", ""))}

    def get_output_channel(self) -> TelegramOutput:
        """Returns the output, and tells Telegram of this server.

        Raises:
            RasaException: Telegram cannot be reached, or does not know the token.
        """
        output = TelegramOutput(str(self.access_token), self.secret_token)

        async def announce() -> None:
            try:
                await output.set_webhook(str(self.webhook_url))
            finally:
                await output.session.close()  # it belongs to the event loop that ends here; the server's gets its own

        try:
            asyncio.run(announce())
        except TelegramAPIError as error:
            raise RasaException(
                f"credentials.yml: telegram: Telegram does not take the webhook: {error}. Check access_token and webhook_url."
            ) from error
        return output
