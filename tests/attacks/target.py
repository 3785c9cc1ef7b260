"""The server under attack, and what a reply of it must and must not be."""

from __future__ import annotations

import itertools
import json
import re
import socket
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Optional

from bot.knowledge import ROOT

WEBHOOK, WIDGET = "/webhooks/rest/webhook", "/webhooks/widget"
HOST = "127.0.0.1"
REFUSAL_SECONDS = 1  # that a refusal may take at most; in one of three tries, as this machine may be doing something else
TRIES = 3
SILENT_SECONDS = 0.1  # after the replies that were to come, it is looked for others for so long
LEAKS = re.compile(  # of the server's insides: no reply has any of these
    rb"traceback|file \"|\.py\b|site-packages|exception|rasa|sanic|uvloop|python[/ 3]|sqlite|sqlalchemy|tensorflow|/root|/home|/tmp|/var/|"
    rb"line \d+, in|errno|\d+\.\d+\.\d+|" + re.escape(str(ROOT).encode()),
    re.IGNORECASE,
)
_addresses = itertools.count(1)


@dataclass(frozen=True)
class Reply:
    """What the server sent back to one request; status 0 if it closed the connection without a word."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes
    seconds: float  # until the last reply of its connection

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)

    @property
    def texts(self) -> list[str]:
        """The texts of the assistant's messages."""
        items = self.json if isinstance(self.json, list) else self.json["messages"]
        return [item["text"] for item in items]


class Target:
    """A running server, attacked from an address of its own in the network of this machine (each address has limits of its own)."""

    def __init__(self, port: int) -> None:
        self.port = port
        number = next(_addresses)
        self.address = f"127.1.{number // 250}.{number % 250 + 1}"

    def connect(self, seconds: float = 20) -> socket.socket:
        """Returns a new connection."""
        return socket.create_connection((HOST, self.port), seconds, (self.address, 0))

    def raw(self, *sent: bytes, count: int = 1, pause: float = 0.02) -> list[Reply]:
        """Sends bytes, in as many pieces as given, and returns the replies: at least as many as told, and all until the server is silent.

        Waits in vain for no longer than a connection may be used (and a reply of status 0 stands for none).
        """
        started, received, found, seconds = time.monotonic(), b"", [], 0.0
        with self.connect() as connection, suppress(ConnectionResetError, BrokenPipeError):  # it may close while more is coming
            for piece in sent:
                connection.sendall(piece)
                time.sleep(pause if len(sent) > 1 else 0)
            while True:
                if len(found) >= count:
                    connection.settimeout(SILENT_SECONDS)
                try:
                    part = connection.recv(65536)
                except TimeoutError:
                    break
                if not part:
                    break
                received += part
                found, seconds = replies(received), time.monotonic() - started
        return [replace(reply, seconds=seconds) for reply in replies(received)] or [Reply(0, {}, b"", time.monotonic() - started)]

    def call(self, method: str, path: str, body: Any = b"", **headers: str) -> Reply:
        """Returns the reply to a request; a body that is no bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Host": f"{HOST}:{self.port}", "Connection": "close", "Content-Type": "application/json", "Content-Length": str(len(data))}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        (reply,) = self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("utf-8", "surrogateescape") + data)
        return reply

    def say(self, message: Any, sender: Optional[str] = None, **more: Any) -> Reply:
        """Returns the reply of the REST webhook to a message, in a conversation of its own unless a sender is given."""
        return self.call("POST", WEBHOOK, {"sender": sender or uuid.uuid4().hex, "message": message, **more})

    def open(self) -> str:
        """Returns a new session of the widget."""
        reply = self.call("POST", f"{WIDGET}/session", {})
        assert reply.status == 201
        return str(reply.json["session"])

    def write(self, session: str, text: Optional[str] = None, **fields: Any) -> Reply:
        """Returns the reply of the widget to a message."""
        content = {"id": str(uuid.uuid4()), **({} if text is None else {"text": text}), **fields}
        return self.call("POST", f"{WIDGET}/messages", content, Authorization=f"Bearer {session}")

    def history(self, session: str) -> Reply:
        """Returns the reply of the widget to who asks for a conversation."""
        return self.call("GET", f"{WIDGET}/messages", Authorization=f"Bearer {session}")


def replies(received: bytes) -> list[Reply]:
    """Returns the whole replies that the bytes of one connection begin with."""
    found = []
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        if not end or len(received) < length:
            break
        found.append(Reply(int(first.split()[1]), headers, received[:length], 0.0))
        received = received[length:]
    return found


def assert_no_leak(reply: Reply) -> None:
    """Fails if a reply tells of the server's insides."""
    said = "\n".join(f"{name}: {value}" for name, value in reply.headers.items()).encode() + b"\n" + reply.body
    said = re.sub(rb"127\.0\.0\.1", b"", said)
    assert not LEAKS.search(said), LEAKS.search(said)
    assert "server" not in reply.headers and "x-powered-by" not in reply.headers


def assert_refused(reply: Reply, *statuses: int) -> None:
    """Fails unless a reply is a refusal: one of the statuses, or any of 400 to 499, and one sentence in JSON that says what to do."""
    assert reply.status in statuses if statuses else 400 <= reply.status < 500, (reply.status, reply.body[:200])
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store" and reply.headers["x-content-type-options"] == "nosniff"
    assert list(reply.json) == ["error"]
    sentence = reply.json["error"]
    assert (isinstance(sentence, str) and sentence[0] in '"') or (sentence[0].isupper() and sentence.endswith(".") and len(sentence) <= 200)
    assert_no_leak(reply)


def assert_answered(reply: Reply) -> None:
    """Fails unless a reply has what a visitor reads: some texts, none of them the apology of a server in trouble."""
    assert reply.status == 200, (reply.status, reply.body[:200])
    assert reply.texts and all(isinstance(text, str) and text.strip() for text in reply.texts)
    assert not any(text.startswith("I am sorry, I cannot answer just now") for text in reply.texts), reply.texts
    assert_no_leak(reply)
