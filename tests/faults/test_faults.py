"""What breaks while a visitor talks: within five seconds there is a sentence that helps, and after the fault the conversation goes on."""

from __future__ import annotations

import resource
import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import pytest
from forked_server import SECRETS, ForkedServer
from visitors import ANSWERED_ALONE, APOLOGY, Visitor

from bot import settings, store

REPLY_SECONDS_MAX = 5  # what a visitor is promised
OFFICE = settings.load().office


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = ForkedServer(tmp_path_factory.mktemp("faults"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(params=["widget", "rest"])
def visitor(request, server):
    return Visitor(1, server.url, request.param == "widget", SECRETS["BOT_REST_SECRET"], 0, threading.Event())


def ask(visitor, text: str) -> str:
    """Returns what the visitor reads, after looking that it came in time."""
    reply = visitor.deliver(text, time.monotonic() + 1)
    assert reply.seconds < REPLY_SECONDS_MAX, reply
    return "\n".join(reply.texts)


@contextmanager
def locked(file):
    """Keeps a database from being read and written."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


@contextmanager
def full(server):
    """Lets the server's files grow no more, as on a disk without room."""
    was = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, was[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, was)


FAULTS = {
    "conversations locked": lambda server: locked(server.folder / "conversations.db"),
    "disk full": full,
}


@pytest.fixture(params=FAULTS)
def fault(request, server):
    return lambda: FAULTS[request.param](server)


def test_question_is_answered_without_the_conversations_and_says_so(visitor, fault):
    ask(visitor, "hello")
    with fault():
        said = ask(visitor, "what does the CCA exam cost")
        assert "$299" in said and ANSWERED_ALONE in said
        assert "how long that exam takes" not in ask(visitor, "and the CCS?")
    said = ask(visitor, "what does the CCA exam cost")
    assert "$299" in said and ANSWERED_ALONE not in said
    assert "CPC" in ask(visitor, "and the CPC?")


def test_form_waits_for_the_conversations(visitor, fault, server):
    for text in ("have someone call me", "yes", "Maria Lopez"):
        said = ask(visitor, text)
    assert "What is your e-mail address?" in said
    with fault():
        said = ask(visitor, f"{visitor.conversation[-8:]}@example.org")
        assert said.startswith(APOLOGY) and OFFICE.email in said and OFFICE.phone in said
    assert "What is your telephone number?" in ask(visitor, f"{visitor.conversation[-8:]}@example.org")


def test_request_waits_for_its_database(visitor, server):
    contacts, email = server.folder / "assistant.db", f"{visitor.conversation[-8:]}@example.org"
    for text in ("have someone call me", "yes", "Maria Lopez", email, "skip", "night classes"):
        said = ask(visitor, text)
    assert "Shall I send it?" in said
    with locked(contacts):
        said = ask(visitor, "send")
        assert "could not save" in said and OFFICE.email in said and OFFICE.phone in said
        assert "$299" in ask(visitor, "what does the CCA exam cost"), "answers need no database of requests"
    assert "saved under the reference" in ask(visitor, "send")
    assert [contact.email for contact in store.Store(f"sqlite:///{contacts}").contacts()].count(email) == 1


def test_messages_sent_at_once_keep_their_order(visitor, server):
    texts = ["have someone call me", "yes", "Maria Lopez", f"{visitor.conversation[-8:]}@example.org", "skip"]
    ask(visitor, "hello")
    replies: dict[str, str] = {}
    threads = [threading.Thread(target=lambda text=text: replies.setdefault(text, ask_slowly(visitor, text))) for text in texts]
    for thread in threads:
        thread.start()
        time.sleep(0.03)  # so that they leave in this order; each takes longer than that to answer
    for thread in threads:
        thread.join()
    asked = ["Is that all right?", "What is your name?", "e-mail address?", "telephone number?", "What is it about?"]
    assert [question for question, text in zip(asked, texts) if question not in replies[text]] == []


def ask_slowly(visitor, text: str) -> str:
    return "\n".join(visitor.deliver(text, time.monotonic() + 20).texts)
