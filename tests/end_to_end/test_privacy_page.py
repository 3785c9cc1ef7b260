"""docs/privacy.md tells the truth: what is planted in messages is kept nowhere, visitors are told once, and its commands delete what they say."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from bot import privacy, settings, store
from bot.channels import conversation
from bot.knowledge import ROOT

PAGE = ROOT / "docs" / "privacy.md"
PLANTED = {
    "e-mail": ("what does the CCA exam cost? jo.planted@example.org", "jo.planted@example.org", privacy.EMAIL),
    "telephone": ("what does the CCA exam cost? 614-555-0187", "614-555-0187", privacy.PHONE),
    "social security": ("my ssn is 219-09-9187. what do coders earn", "219-09-9187", privacy.SSN),
    "card": ("5500 0055 5555 5559 is my card, what do coders earn", "5500 0055 5555 5559", privacy.CARD),
    "account": ("what do coders earn? my account number is 00776655443", "00776655443", privacy.ACCOUNT),
    "birth": ("what do coders earn, I was born on March 7th, 1991", "March 7th, 1991", privacy.BIRTH),
}


@pytest.fixture(scope="session")
def files(server) -> dict[str, Path]:
    """The files of the server's databases, by the names that the page has for them."""
    return {f"var/{name}": server.log.parent / name for name in ("conversations.db", "assistant.db")}


def kept(files: dict[str, Path], sender: str) -> dict[str, int]:
    """Returns in how many rows of each table a conversation is."""
    found = {}
    for name, column, tables in (
        ("var/conversations.db", "sender_id", ["events"]),
        ("var/assistant.db", "conversation", ["contacts", "feedback", "questions"]),
    ):
        with closing(sqlite3.connect(files[name], timeout=10)) as database:
            for table in tables:
                (found[table],) = database.execute(f"SELECT count(*) FROM {table} WHERE {column} = ?", (sender,)).fetchone()
    return found


def ask(server, sender: str, *messages: str) -> list[str]:
    """Returns the texts of the last message's replies."""
    for message in messages:
        texts = [reply["text"] for reply in server.ask(message, sender)]
    return texts


@pytest.mark.parametrize("kind", PLANTED)
def test_personal_data_is_kept_and_logged_nowhere_and_the_visitor_is_told_once(server, files, kind):
    text, planted, label = PLANTED[kind]
    sender = uuid.uuid4().hex
    first, second = ask(server, sender, text), ask(server, sender, text)
    assert conversation.apology() not in first + second
    assert first[-1] == conversation.PRIVACY_NOTICE and conversation.PRIVACY_NOTICE not in second
    ask(server, sender, "no, that is wrong")  # keeps the wording among the questions
    assert kept(files, sender)["questions"] > 0
    assert planted not in server.log.read_text()
    for file in files.values():
        written = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))  # SQLite's log beside it too
        assert planted.encode() not in written and label.encode() in written, "it reads masked"


def commands() -> list[tuple[str, str]]:
    """Returns the page's commands with what it says that they print."""
    blocks = "\n".join(re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    return [(command, said) for command, said in re.findall(r"^\$ (.+)\n((?:[^$\n].*\n)*)", blocks, re.MULTILINE)]


def numbers_aside(text: str) -> str:
    return re.sub(r"\d+", "N", text)


def test_pages_commands_do_what_it_says(server, files):
    with_request, without = uuid.uuid4().hex, uuid.uuid4().hex
    (sent, *_) = ask(server, with_request, "can someone call me", "yes", "Ann Planted", "jo@example.org", "skip", "evening classes", "send")
    ask(server, without, "tell me about astrophysics", "my e-mail is jo@example.org, what do coders earn")
    names = {"REFERENCE": re.search(r"reference ([A-Z0-9]+)", sent)[1], "CONVERSATION": without}
    assert kept(files, with_request)["contacts"] == 1 and kept(files, without)["questions"] == 1
    ran = []
    for command, said in commands():
        run = command.replace(".venv/bin/python -m bot", f"{sys.executable} -m bot")
        for name, value in {**names, **files}.items():
            run = run.replace(name, str(value))
        run += f" --endpoints {server.log.parent / 'endpoints.yml'}" * ("-m bot" in command)
        environment = {**os.environ, store.URL_VARIABLE: f"sqlite:///{files['var/assistant.db']}"}
        done = subprocess.run(run, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        ran.append(command)
        assert numbers_aside(done.stdout) == numbers_aside(said), done.stderr
        if "grep" in command:
            assert done.stdout == said, "the contact request was deleted before"
        if "REFERENCE" in command:
            assert not any(kept(files, with_request).values()) and any(kept(files, without).values())
            assert "Deleted: 1 contacts" in done.stdout
    assert not any(kept(files, without).values())
    assert sorted(command.split()[3] for command in ran if "-m bot" in command) == ["expire", "forget", "forget"]


def test_delete_my_data_in_the_chat_deletes_everywhere(server, files):
    sender, other = uuid.uuid4().hex, uuid.uuid4().hex
    for visitor in (sender, other):
        ask(
            server,
            visitor,
            "can someone call me",
            "yes",
            "Ann Planted",
            "ann.planted@example.org",
            "skip",
            "skip",
            "send",
            "tell me about astrophysics",
        )
    before = kept(files, other)
    assert before["contacts"] == before["questions"] == 1
    ask(server, sender, "delete my data", "yes")
    assert not any(kept(files, sender).values())
    assert kept(files, other) == before


def test_page_and_widget_tell_the_days_of_the_settings(server):
    page = PAGE.read_text(encoding="utf-8")
    assert f"kept for {settings.load().kept_days} days after your last message" in page.replace("\n", " ")
    assert "{kept_days}" in settings.load().widget.privacy
    assert "(privacy.md)" in (ROOT / "docs" / "site-owner.md").read_text(encoding="utf-8")
