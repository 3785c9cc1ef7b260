"""A server that speaks the widget's HTTP API without Rasa, says what a test tells it to say, and misbehaves on command."""

from __future__ import annotations

import json
import mimetypes
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WIDGET = Path(__file__).resolve().parents[2] / "widget"
PREFIX = "/webhooks/widget/"
POLL_SECONDS = 0.01  # how late a server that is told to stop stops
# The strictest policy the widget is promised to work under; docs/site-owner.md prints the same.
CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:"

AAPC = {
    "cite": "career blog on becoming a medical coder",
    "when": "2022",
    "dated": False,
    "figures": [
        {"figure": "$399", "measure": "fee of the CPC exam", "by": "AAPC", "when": "2022", "dated": False},
        {"figure": "$299", "measure": "fee of the CCA exam", "by": "AHIMA", "when": "2022", "dated": False},
    ],
}
STUDY_GUIDE = {
    "cite": "medical coding study guide",
    "when": "2021",
    "dated": True,
    "figures": [{"figure": "$42,630", "measure": "median wage of medical records specialists", "by": "BLS", "when": "September 2019", "dated": True}],
}
EXAM_COST = {
    "card": "answer",
    "topic": "exam_cost",
    "question": "What do the certification exams cost?",
    "text": "$299 for AHIMA's Certified Coding Associate (CCA) and $399 for AAPC's Certified Professional Coder (CPC), plus the AAPC membership."
    " These prices are from 2022. For other exams I have no figure.",
    "sources": [AAPC],
    "more": True,
}
SALARY = {
    "card": "answer",
    "topic": "salary",
    "question": "What does a medical coder earn?",
    "text": "$50,250 a year is the median for medical records specialists (May 2024). An older guide names $42,630.",
    "sources": [
        {
            "cite": "Career Karma guide",
            "when": "2025",
            "dated": False,
            "figures": [
                {"figure": "$50,250", "measure": "median wage of medical records specialists", "by": "BLS", "when": "May 2024", "dated": False}
            ],
        },
        STUDY_GUIDE,
    ],
    "more": False,
}
COMPARISON = {
    "card": "comparison",
    "title": "CPC and CCA side by side",
    "columns": ["CPC", "CCA"],
    "rows": [
        {"label": "Awarded by", "cells": ["AAPC", "AHIMA"]},
        {"label": "Exam fee", "cells": ["$399 (2022)", "$299 (2022)"]},
        {"label": "Good for", "cells": ["doctors' offices", "a first job in a hospital"]},
        {"label": "Experience asked for", "cells": ["two years, or apprentice status", "none"]},
    ],
    "sources": [AAPC],
}
PATHWAY = {
    "card": "pathway",
    "title": "Certificate program, then the CPC",
    "steps": [
        {"title": "Finish high school", "text": "A diploma or the GED is enough to start."},
        {"title": "Take a certificate program", "text": "Anatomy, terminology and the code systems, also online."},
        {"title": "Pass the CPC exam", "text": "You begin as an apprentice (CPC-A)."},
    ],
    "facts": [{"label": "Length", "text": "4 to 12 months"}, {"label": "Exam fee", "text": "$399 (2022)"}],
    "reasons": ["You want to start soon.", "You have a high school diploma."],
    "unknown": ["What the program costs at your college."],
    "sources": [AAPC],
}
SUMMARY = {
    "card": "summary",
    "title": "Your request",
    "rows": [
        {"label": "Name", "text": "Ada Lovelace"},
        {"label": "E-mail", "text": "ada@example.org"},
        {"label": "Phone", "text": "not given"},
        {"label": "About", "text": "the evening program"},
    ],
}


def said(text: str, buttons: list[dict] | None = None, card: dict | None = None, topic: str | None = None) -> dict[str, Any]:
    """Returns a reply as an action gives it; the server adds id and time."""
    return {"text": text, "buttons": buttons or [], "card": card, "topic": topic}


def answered(card: dict, source_line: str = "Source: career blog on becoming a medical coder (2022)") -> dict[str, Any]:
    related = [{"title": "Exam length", "payload": "/ask_exam_length"}, {"title": "Which exam first", "payload": "/ask_which_certification"}]
    return said(f"{card['text']}\n{source_line}", related, card, card["topic"])


def ask_for(name: str, label: str, kind: str, autocomplete: str, optional: bool, text: str) -> dict[str, Any]:
    leave_out = [{"title": "Leave it out", "payload": "/deny"}]
    return said(
        text,
        leave_out if optional else [],
        {"card": "field", "name": name, "label": label, "type": kind, "autocomplete": autocomplete, "optional": optional},
    )


# What is answered to a message in which the word occurs; the first that fits.
REPLIES: dict[str, list[dict[str, Any]]] = {
    "exam_length": [said("The CPC exam takes four hours.\nSource: career blog (2022)", topic="exam_length")],
    "compare": [said("CPC and CCA side by side. Awarded by: AAPC; AHIMA. …\nSource: career blog (2022)", card=COMPARISON, topic="compare")],
    "pathway": [said("Certificate program, then the CPC. 1. Finish high school …\nSource: career blog (2022)", card=PATHWAY, topic="pathway")],
    "both": [said(f"{EXAM_COST['text']} {SALARY['text']}\nSources: …", card={"card": "several", "answers": [EXAM_COST, SALARY]}, topic="exam_cost")],
    "earn": [answered(SALARY, "Sources: Career Karma guide (2024); medical coding study guide (2019; dated)")],
    "cost": [answered(EXAM_COST)],
    "unsure": [
        said("What would you like to know?", [{"title": "Exam fees", "payload": "/ask_exam_cost"}, {"title": "Yearly pay", "payload": "/ask_salary"}])
    ],
    "contact": [ask_for("contact_name", "Your name", "text", "name", False, "Gladly. What is your name?")],
    "ada lovelace": [ask_for("contact_email", "E-mail address", "email", "email", False, "Thank you. Which e-mail address may we write to?")],
    "ada@": [ask_for("contact_phone", "Phone number", "tel", "tel", True, "And a phone number, if you like?")],
    "skip": [
        said(
            "Here is what I would send. Is it right?", [{"title": "Yes, send it", "payload": "/affirm"}, {"title": "No", "payload": "/deny"}], SUMMARY
        )
    ],
    "deny": [ask_for("contact_subject", "What it is about", "text", "off", False, "What is it about?")],
    "affirm": [said("Sent. The Admissions Office will write to you.")],
    "long": [said("\n".join(f"Line {number} of a long reply." for number in range(40)))],
    "link": [said("See https://college.example/apply or write to admissions@college.example, or call +1 555 010 0199.")],
}


@dataclass
class Fault:
    """How requests to one path go wrong, and how often."""

    method: str
    path: str
    times: float = 1
    status: int = 0  # 0: not answered at all, the connection is closed
    body: bytes = b'{"error": "The assistant is resting. Please try again in a moment."}'
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0
    wording: str = ""  # only messages with this in them
    answer_lost: bool = False  # the message is processed, but its reply is not sent


class FakeServer:
    """The server, in threads of this process. `origin` is its address."""

    def __init__(self) -> None:
        self.sessions: dict[str, list[dict[str, Any]]] = {}
        self.answered: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.processed: list[dict[str, Any]] = []  # each message once
        self.requests: list[tuple[str, str, Any]] = []  # each request
        self.ratings: dict[str, bool] = {}
        self.deleted: list[str] = []
        self.faults: list[Fault] = []
        self.scripted: list[list[dict[str, Any]]] = []  # replies to the next messages, before REPLIES
        self.pages: dict[str, str] = {}  # further pages, by path
        self.policy = CONTENT_SECURITY_POLICY
        self.config: dict[str, Any] = {
            "title": "Career assistant",
            "college": "Example College",
            "message_characters_max": 1000,
            "greeting": "Hello! I am the automated assistant of Example College. Ask me about becoming a medical coder: the work, pay, training and"
            " certification. I answer from published sources and name them.",
            "privacy": "Your messages are kept for 30 days, then deleted. Please do not write health or account details.",
            "privacy_url": "/privacy",
            "office": {
                "name": "Admissions Office",
                "email": "admissions@college.example",
                "phone": "+1 555 0100",
                "hours": "Monday to Friday 9 am to 5 pm",
            },
            "kept_days": 30,
        }
        self.lock = threading.RLock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                fake.handle(self)

            do_POST = do_DELETE = do_OPTIONS = do_GET

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.page = self.origin + PREFIX
        threading.Thread(target=self.http.serve_forever, args=(POLL_SECONDS,), daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def fail(self, method: str, path: str, **fault: Any) -> None:
        self.faults.append(Fault(method, path, **fault))

    def mend(self) -> None:
        self.faults.clear()

    def asked(self, method: str, path: str) -> list[Any]:
        """Returns the bodies of the requests that came so far."""
        return [body for one_method, one_path, body in self.requests if (one_method, one_path) == (method, path)]

    # One request

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path = request.path.removeprefix(PREFIX).partition("?")[0]
        method = request.command
        value = json.loads(body) if body else None
        with self.lock:
            self.requests.append((method, path, value))
            fault = next(
                (one for one in self.faults if (one.method, one.path) == (method, path) and one.times > 0 and one.wording in body.decode()), None
            )
            if fault:
                fault.times -= 1
        if fault:
            time.sleep(fault.after_seconds)
            if fault.answer_lost:
                self.reply(request, method, path, value)
            if fault.status == 0:
                request.close_connection = True
                return
            return self.write(request, fault.status, fault.body, "application/json", fault.headers)
        status, answer = self.reply(request, method, path, value)
        if isinstance(answer, bytes):
            return self.write(request, status, answer, mimetypes.guess_type(path or "index.html")[0] or "text/html")
        self.write(request, status, b"" if answer is None else json.dumps(answer).encode(), "application/json")

    def write(self, request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        try:
            request.send_response(status)
            request.send_header("Content-Type", kind)
            request.send_header("Content-Length", str(len(body)))
            request.send_header("Access-Control-Allow-Origin", request.headers.get("Origin") or "*")
            request.send_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
            request.send_header("Access-Control-Allow-Methods", "GET, POST, DELETE")
            request.send_header("Access-Control-Expose-Headers", "Retry-After")
            if kind == "text/html":
                request.send_header("Content-Security-Policy", self.policy)
            for name, value in (headers or {}).items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the page did not wait

    def reply(self, request: BaseHTTPRequestHandler, method: str, path: str, value: Any) -> tuple[int, Any]:
        if method == "OPTIONS":
            return 204, None
        if request.path in self.pages:
            return 200, self.pages[request.path].encode()
        if (method, path) == ("GET", "config"):
            return 200, self.config
        if method == "GET" and path != "messages":
            file = WIDGET / (path or "index.html")
            return (200, file.read_bytes()) if file.is_file() else (404, {"error": "There is no such page."})
        with self.lock:
            return self.converse(request.headers.get("Authorization", "").removeprefix("Bearer "), method, path, value)

    def converse(self, session: str, method: str, path: str, value: Any) -> tuple[int, Any]:
        if path == "session":
            session = f"session-{uuid.uuid4()}"
            self.sessions[session] = []
            return 201, {"session": session}
        if session not in self.sessions:
            return 401, {"error": "This conversation has ended. Start a new one."}
        history = self.sessions[session]
        if (method, path) == ("GET", "messages"):
            return 200, {"messages": history}
        if path == "messages":
            if (session, value["id"]) not in self.answered:
                self.processed.append(value)
                wording = (value.get("text") or value["payload"]).lower()
                replies = (
                    self.scripted.pop(0)
                    if self.scripted
                    else next((REPLIES[word] for word in REPLIES if word in wording), [said(f"You said: {wording}")])
                )
                stamped = [{"id": str(uuid.uuid4()), "from": "assistant", "time": now(), **one} for one in replies]
                asked = {
                    "id": value["id"],
                    "from": "visitor",
                    "text": value.get("title") or value["text"],
                    "time": now(),
                    "buttons": [],
                    "card": None,
                    "topic": None,
                }
                history += [asked, *stamped]
                self.answered[session, value["id"]] = stamped
            return 200, {"id": value["id"], "messages": self.answered[session, value["id"]]}
        if path == "feedback":
            self.ratings[value["message"]] = value["helpful"]
            return 204, None
        if (method, path) == ("DELETE", "conversation"):
            del self.sessions[session]
            self.deleted.append(session)
            return 204, None
        return 404, {"error": "There is no such address."}


def now() -> str:
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
