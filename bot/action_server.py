"""The actions alone, on a server of their own, for Rasa servers that are started with --action-server."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk.endpoint import create_app
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from bot import knowledge, notices, store

logger = logging.getLogger(__name__)


def serve(host: str, port: int) -> None:
    """Serves the actions until interrupted.

    Raises:
        ProblemsError: the knowledge file does not pass the check.
        StoreError: the database of contact requests cannot be used.
        OSError: the address or port cannot be used.
    """
    knowledge.in_force()  # else the first visitor would wait for it
    store.in_force().open()
    app = create_app("actions", cors_origins="")
    app.error_handler.add(Exception, _answer_error)

    @app.listener("after_server_start")
    async def say_ready(app: Sanic, loop: Any) -> None:
        notices.wake()  # those that were due when the server stopped
        print(f"Ready: http://{host}:{port}/ (Ctrl-C stops it)", flush=True)

    app.run(host, port)


def _answer_error(request: Request, error: Exception) -> HTTPResponse:
    """Returns a response without the conversation, with which the action server of Rasa would answer."""
    logger.error("%s while answering %s", type(error).__name__, request.path, exc_info=error)
    return json_response({"error": type(error).__name__}, getattr(error, "status_code", 500))
