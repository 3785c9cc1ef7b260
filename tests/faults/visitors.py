"""Visitors who talk to a server while things break, remember every reply, and know afterwards what must be kept."""

from __future__ import annotations

import http.client
import json
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional
from urllib.parse import urlsplit

PATIENCE_SECONDS = 90  # how long a visitor goes on trying one message; this bounds a hang
REQUEST_SECONDS = 20
LEAVE_SECONDS = 120  # to end what was begun; this bounds a hang
APOLOGY = "I am sorry, I cannot answer just now."
ANSWERED_ALONE = "I cannot look up our conversation just now"  # a career question is answered all the same
# What is taken out of a conversation when its form is over, as the assistant says it, and what stands there then.
DETAILS = {
    "Maria Lopez": "[name]",
    r"visitor\d+f\d+@example\.org": "[e-mail address]",
    r"\+1 212-555-\d{4}": "[phone number]",
    "night classes": "[subject]",
}
MARK = re.compile(r"visitor(\d+)")  # in each visitor's e-mail addresses
QUESTIONS = [  # a question, what its answer says, a follow-up that means nothing by itself, what the answer to that says
    ("what does the CCA exam cost", "$299", "and the CPC?", "CPC"),
    ("how much do medical coders make a year", "$50,250", "where is that from?", "Career Karma guide"),
    ("how long is the CPC exam", "5 hours and 40 minutes", "and the CCS?", "how long that exam takes"),
]
STEPS = [  # what the form asks, and the answer to it
    ("Is that all right?", "yes"),
    ("May I take down your details", "yes"),
    ("What is your name?", "{name}"),
    ("What is your e-mail address?", "{email}"),
    ("What is your telephone number?", "212-555-{number:04}"),
    ("What is it about?", "night classes"),
    ("Shall I send it?", "send"),
]


@dataclass
class Reply:
    """What a visitor got for one message."""

    session: Optional[str]  # None on the REST webhook
    id: str
    said: str
    texts: list[str]
    started: float  # on the monotonic clock
    seconds: float  # until there was something to read

    @property
    def is_apology(self) -> bool:
        """Whether the assistant says that it cannot answer."""
        return self.texts[0].startswith(APOLOGY)

    @property
    def is_alone(self) -> bool:
        """Whether the assistant says that it answers without the conversation; such a turn is not kept."""
        return self.texts[-1].startswith(ANSWERED_ALONE)


@dataclass
class Confirmed:
    """A contact request that the visitor was told is saved."""

    email: str
    reference: str


@dataclass
class Log:
    """What happened to one visitor."""

    replies: list[Reply] = field(default_factory=list)
    refusals: list[Reply] = field(default_factory=list)  # an error of the server or the proxy, with a sentence
    broken: int = 0  # tries without a response; the message was sent again
    cut_off: int = 0  # of those, the ones that had reached a server
    confirmed: list[Confirmed] = field(default_factory=list)
    started_over: list[str] = field(default_factory=list)  # what the visitor read when a form was lost
    problems: list[str] = field(default_factory=list)


class Visitor(threading.Thread):
    """One visitor of the widget or of the REST webhook, until told to stop."""

    def __init__(self, number: int, url: str, widget: bool, rest_secret: str, pause_seconds: float, stop: threading.Event):
        super().__init__(name=f"visitor {number}", daemon=True)
        self.number, self.widget, self.log = number, widget, Log()
        self._address, self._rest_secret, self._pause = urlsplit(url), rest_secret, pause_seconds
        self._stop_wanted, self._random = stop, random.Random(number)
        self.conversation = _new_conversation()
        self.session: Optional[str] = None
        self._forms = 0

    def run(self) -> None:
        """Asks and leaves a contact request, each time in a new conversation; ends between the two."""
        try:
            while not self._stop_wanted.is_set():
                self.session, self.conversation = None, _new_conversation()
                self._ask()
                if not self._stop_wanted.is_set():
                    self._leave_request()
        except Exception as error:
            self.log.problems.append(f"{self.name}: {type(error).__name__}: {error}")

    def _ask(self) -> None:
        question, expected, follow_up, expected_then = self._random.choice(QUESTIONS)
        answer = self.say(question)
        if expected not in answer:
            self._wonder(question, answer)
        elif ANSWERED_ALONE not in answer and expected_then not in (then := self.say(follow_up)):
            self._wonder(f"{question}, {follow_up}", then)

    def _leave_request(self) -> None:
        self._forms += 1
        email = f"visitor{self.number}f{self._forms}@example.org"
        details = {"name": "Maria Lopez", "email": email, "number": self._forms % 10_000}
        answer: Optional[str] = "have someone call me"
        text = self.say("have someone call me")
        for _ in range(40):  # with every step repeated some times
            if "saved under the reference" in text:
                self.log.confirmed.append(Confirmed(email, re.findall(r"reference (\w+)", text)[0]))
                return
            if "Shall I send it?" in text and email not in text:
                self._wonder("the summary", text)
            answer = next((answer for asked, answer in STEPS if asked in text), answer if ANSWERED_ALONE in text else None)
            if answer is None:
                self.log.started_over.append(text)
                answer = "have someone call me"
            text = self.say(answer.format(**details))
        self._wonder("the form", text)

    def _wonder(self, about: str, text: str) -> None:
        self.log.problems.append(f"{self.name}: {about}: {text!r}")

    def say(self, text: str) -> str:
        """Returns what the assistant says to a message; after an apology the visitor writes the same once more."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            time.sleep(self._random.uniform(0.5, 1.5) * self._pause)
            reply = self.deliver(text, until)
            self.log.replies.append(reply)
            said = "\n".join(reply.texts)
            strangers = {mark for mark in MARK.findall(said) if int(mark) != self.number}
            if strangers:
                self._wonder(f"reads of visitors {strangers}", said)
            if not reply.is_apology:
                return said
            if time.monotonic() > until:
                raise TimeoutError(f"{text!r} got nothing but apologies")
            time.sleep(0.5)

    def deliver(self, text: str, until: float) -> Reply:
        """Sends one message, again and again with the same id until there is a reply; so does the widget."""
        message_id = str(uuid.uuid4())
        while True:
            started = time.monotonic()
            try:
                if self.widget and self.session is None:
                    status, body = self.call("POST", "/webhooks/widget/session", {})
                    if status == 201:
                        self.session = body["session"]
                        continue
                elif self.widget:
                    status, body = self.call("POST", "/webhooks/widget/messages", {"id": message_id, "text": text})
                    texts = [message["text"] for message in body.get("messages", [])]
                else:
                    status, body = self.call("POST", "/webhooks/rest/webhook", {"sender": self.conversation, "message": text}, message_id)
                    texts = [item["text"] for item in body] if status == 200 else []
                seconds = time.monotonic() - started
                if status == 200 and all(texts) and texts:
                    return Reply(self.session, message_id, text, texts, started, seconds)
                if status not in (429, 503) or not body.get("error"):
                    raise AssertionError(f"{text!r} got {status} {body}")
                self.log.refusals.append(Reply(self.session, message_id, text, [body["error"]], started, seconds))
            except (OSError, http.client.HTTPException) as error:
                self.log.broken += 1
                self.log.cut_off += not isinstance(error, ConnectionRefusedError)
            if time.monotonic() > until:
                raise TimeoutError(f"{text!r} got no reply")
            time.sleep(0.1)

    def call(self, method: str, path: str, body: Any = None, message_id: Optional[str] = None) -> tuple[int, Any]:
        """Returns status and body of a request."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if path.startswith("/webhooks/rest"):
            headers["Authorization"] = f"Bearer {self._rest_secret}"
        elif self.session:
            headers["Authorization"] = f"Bearer {self.session}"
        if message_id:
            headers["Idempotency-Key"] = message_id
        connection = http.client.HTTPConnection(str(self._address.hostname), self._address.port, timeout=REQUEST_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else None
        finally:
            connection.close()


class Crowd:
    """Visitors who talk, two of three on the widget, until `leave`."""

    def __init__(self, count: int, url: str, rest_secret: str, pause_seconds: float):
        self._stop = threading.Event()
        self.visitors = [Visitor(number, url, number % 3 != 0, rest_secret, pause_seconds, self._stop) for number in range(1, count + 1)]
        self.logs = [visitor.log for visitor in self.visitors]
        for visitor in self.visitors:
            visitor.start()

    @property
    def replies(self) -> list[Reply]:
        """All that anybody read so far."""
        return [reply for log in self.logs for reply in log.replies]

    @property
    def confirmed(self) -> list[Confirmed]:
        """The contact requests of which anybody was told that they are saved."""
        return [one for log in self.logs for one in log.confirmed]

    def leave(self) -> None:
        """Has every visitor end what was begun."""
        self._stop.set()
        for visitor in self.visitors:
            visitor.join(LEAVE_SECONDS)

    def check_conversations(self) -> None:
        """Every message had a reply that fits it, no form was lost, and what was read on the widget is what the server shows again, once."""
        assert not (problems := [problem for log in self.logs for problem in log.problems]), "\n".join(problems)
        assert not any(visitor.is_alive() for visitor in self.visitors)
        assert [said for log in self.logs for said in log.started_over] == [], "a form was lost"
        for visitor in self.visitors:
            if visitor.widget:
                check_history(visitor)

    def check_kept(self, contacts: Iterable[Sequence[str]], messages: Iterable[Sequence[str]]) -> None:
        """The databases hold exactly the contact requests that were confirmed, and no message twice.

        Args:
            contacts: rows of e-mail address and id of the request.
            messages: rows of conversation and event, in JSON, of each message of a visitor.
        """
        told = sorted((one.email, one.reference) for one in self.confirmed)
        assert told, "nothing was confirmed, so nothing was tested"
        assert sorted((email, request[:8].upper()) for email, request in contacts) == told, "requests lost, doubled, or stored without a word"
        times = Counter((sender, json.loads(event)["message_id"]) for sender, event in messages)
        assert [key for key, count in times.items() if count > 1] == [], "a message was answered twice"


def check_history(visitor: Visitor) -> None:
    """What the visitor read is what the conversations hold, once, but for the details for the office."""
    histories: dict[str, dict[str, list[str]]] = {}
    for reply in visitor.log.replies:
        session = str(reply.session)
        if session not in histories:
            histories[session] = _history(visitor, session)
        if reply.id in histories[session] and not reply.is_apology:
            assert _without_details(histories[session][reply.id]) == _without_details(reply.texts), reply
        else:
            assert reply.is_apology or reply.is_alone, f"not kept: {reply}"


def _without_details(texts: list[str]) -> list[str]:
    for detail, label in DETAILS.items():
        texts = [re.sub(detail, label, text) for text in texts]
    return texts


def _history(visitor: Visitor, session: str) -> dict[str, list[str]]:
    """Returns the assistant's messages in a conversation of the widget, by the message that they answer."""
    visitor.session = session
    status, body = visitor.call("GET", "/webhooks/widget/messages")
    assert status == 200
    history: dict[str, list[str]] = {}
    for message in body["messages"]:
        if message["from"] == "visitor":
            assert message["id"] not in history, "a message was answered twice"
            history[message["id"]] = []
        else:
            history[message["id"].rpartition(".")[0]].append(message["text"])
    return history


def _new_conversation() -> str:
    return f"rest-visitor-{uuid.uuid4().hex}"
