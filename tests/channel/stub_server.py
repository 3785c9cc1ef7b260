"""A server with the project's channels, in this process, before an agent that says what a test tells it to."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
import uuid
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

import rasa.core.run
from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered

from bot.channels.rest import RestInput
from bot.channels.widget import WidgetInput

DOMAIN = """\
version: "3.1"
intents: [ask_salary, ask_exam_cost, greet, request_contact]
responses:
  utter_greet:
  - text: Hello.
    buttons:
    - {title: Exam fees, payload: /ask_exam_cost}
"""
PAY_BUTTONS = [
    {"title": "Starting pay", "payload": "/ask_entry_level_pay"},
    {"title": "Exam fees", "payload": '/ask_exam_cost{"certification": "cpc"}'},
]
CARD = {"card": "answer", "topic": "salary", "text": "A card."}
Handler = Callable[[str], Any]


def say(text: str, buttons: Optional[list] = None, card: Optional[dict] = None, utter_action: Optional[str] = None) -> BotUttered:
    """Returns a message of the assistant, as Rasa builds them."""
    return BotUttered(text, {"buttons": buttons, "custom": card}, {"utter_action": utter_action} if utter_action else None)


class StubAgent(Agent):
    """Rasa's agent with the real stores, whose processor says what the test's `answer` returns for a text."""

    def __init__(self) -> None:
        self.domain = Domain.from_yaml(DOMAIN)
        self.tracker_store = FailSafeTrackerStore(InMemoryTrackerStore(self.domain))
        self.lock_store = InMemoryLockStore()
        self.processor = self  # type: ignore[assignment]
        self.heard: list[UserMessage] = []
        self.answer: Handler = lambda text: [say(f"You said: {text}")]
        self.intent = "greet"

    async def handle_message(self, message: UserMessage) -> None:  # type: ignore[override]
        """Does what Rasa's processor does with a message, except to understand it."""
        self.heard.append(message)
        tracker = await self.tracker_store.get_or_create_tracker(message.sender_id)
        tracker.update(
            UserUttered(
                message.text, {"name": self.intent}, input_channel=message.input_channel, message_id=message.message_id, metadata=message.metadata
            )
        )
        uttered = self.answer(message.text)
        if asyncio.iscoroutine(uttered):
            uttered = await uttered
        for event in uttered:
            tracker.update(event)
            if isinstance(event, BotUttered):
                await message.output_channel.send_response(message.sender_id, event.message())
        tracker.update(ActionExecuted("action_listen"))
        await self.tracker_store.save(tracker)

    async def fetch_tracker_and_update_session(self, conversation: str) -> Any:
        """Returns the tracker."""
        return await self.tracker_store.get_or_create_tracker(conversation)

    async def parse_message(self, message: UserMessage, tracker: Any = None) -> dict:  # type: ignore[override]
        """Returns the intent that the test says."""
        return {"intent": {"name": self.intent}}

    @property
    def texts(self) -> list[str]:
        """What the agent was told."""
        return [message.text for message in self.heard]


@dataclass
class Response:
    """What the server answered."""

    status: int
    body: Any
    headers: http.client.HTTPMessage
    seconds: float


@dataclass
class Client:
    """Talks to the server."""

    port: int

    def raw(self, sent: bytes) -> bytes:
        """Returns all that the server sends back to bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while part := connection.recv(65536):
                received += part
        return received

    def call(self, method: str, path: str, body: Any = None, token: Optional[str] = None, data: Optional[bytes] = None, **headers: str) -> Response:
        """Returns the response to a request with a JSON body, or with the bytes given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        started = time.monotonic()
        connection.request(method, path, data, sent)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        seconds = time.monotonic() - started
        parsed = json.loads(content) if content and response.headers.get("Content-Type") == "application/json" else content
        return Response(response.status, parsed, response.headers, seconds)

    def rest(self, message: Any = "hello", sender: Any = "visitor", **more: Any) -> Response:
        """Returns the response of the REST webhook; names with a capital are headers."""
        headers = {name: more.pop(name) for name in list(more) if name[0].isupper()}
        return self.call("POST", "/webhooks/rest/webhook", {"sender": sender, "message": message, **more}, **headers)

    def widget(self, method: str, path: str, *arguments: Any, **more: Any) -> Response:
        """Returns the widget's response."""
        return self.call(method, f"/webhooks/widget{path}", *arguments, **more)

    def open(self) -> str:
        """Returns a new session."""
        response = self.widget("POST", "/session", {})
        assert response.status == 201 and list(response.body) == ["session"]
        return response.body["session"]

    def write(self, token: str, text: Optional[str] = None, payload: Optional[str] = None, id: Optional[str] = None, **more: Any) -> Response:
        """Returns the widget's response to a message."""
        body = {"id": id or str(uuid.uuid4()), **({"text": text} if text is not None else {"payload": payload, "title": "x"}), **more}
        return self.widget("POST", "/messages", body, token)

    def history(self, token: str) -> list[dict]:
        """Returns the messages of the session's conversation."""
        response = self.widget("GET", "/messages", token=token)
        assert response.status == 200
        return response.body["messages"]


class RunningServer:
    """A server in a thread of its own."""

    def __init__(self, agent: Optional[Agent], folder: Path, more: Sequence[InputChannel] = ()):
        """Starts it on a free port, with more channels beside the project's own."""
        app = rasa.core.run.configure_app([WidgetInput(folder), RestInput(), *more], enable_api=False)
        app.ctx.agent = agent
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._loop = asyncio.new_event_loop()
        started: Future[None] = Future()

        async def serve() -> None:
            server = await app.create_server(sock=self._listener, return_asyncio_server=True, access_log=False)
            await server.startup()
            await server.before_start()

        def work() -> None:
            asyncio.set_event_loop(self._loop)
            try:
                self._loop.run_until_complete(serve())
                started.set_result(None)
            except BaseException as error:
                started.set_exception(error)
            self._loop.run_forever()

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()
        started.result(10)
        self.client = Client(self._listener.getsockname()[1])

    def stop(self) -> None:
        """Stops it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._listener.close()
