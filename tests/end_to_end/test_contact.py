"""The contact form over HTTP, through kills of the server and the end of a session; its requests on the command line."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys

import pytest
from server_process import Server, free_port

from bot.knowledge import ROOT
from bot.store import Store

DETAILS = ["have someone call me", "yes", "Maria Lopez", "maria@x.org", "212-555-0100"]
ABOUT = "=HYPERLINK(0) financial aid"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Where this module's conversations and requests are kept: apart from those of the others."""
    folder = tmp_path_factory.mktemp("contact")
    endpoints = folder / "endpoints.yml"
    endpoints.write_text(f"tracker_store:\n  type: SQL\n  dialect: sqlite\n  db: {folder / 'conversations.db'}\n")
    return folder


@pytest.fixture(scope="module", autouse=True)
def database(files):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOT_DATABASE_URL", f"sqlite:///{files / 'assistant.db'}")
        yield Store(f"sqlite:///{files / 'assistant.db'}")


@pytest.fixture(scope="module")
def start(files):
    """Starts a server; every one of them is stopped in the end."""
    running = []

    def started() -> Server:
        port = free_port()
        command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--endpoints", str(files / "endpoints.yml")]
        running.append(Server(command, port, files / f"log{len(running)}"))
        running[-1].wait_until_ready()
        return running[-1]

    yield started
    for server in running:
        if server.process.poll() is None:
            server.stop()


def kill(server: Server) -> None:
    server.process.kill()
    server.process.wait(20)


def say(server: Server, message: str, sender: str) -> str:
    return "\n".join(reply["text"] for reply in server.ask(message, sender))


def bot(*arguments: str, **environment: str):
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env={**os.environ, **environment})


def test_form_goes_on_after_kills_and_is_stored_once(start, database):
    server = start()
    for message in DETAILS[:3]:
        reply = say(server, message, "maria")
    assert "e-mail address" in reply
    kill(server)

    server = start()
    assert "telephone number" in say(server, DETAILS[3], "maria")
    assert "What is it about" in say(server, DETAILS[4], "maria")
    summary = say(server, ABOUT, "maria")
    assert all(said in summary for said in ("Name: Maria Lopez", "E-mail: maria@x.org", "Telephone: +1 212-555-0100", f"About: {ABOUT}"))
    assert database.contacts() == []
    kill(server)

    server = start()
    assert "saved under the reference" in say(server, "send", "maria")
    kill(server)
    assert [(contact.name, contact.about) for contact in database.contacts()] == [("Maria Lopez", ABOUT)]

    server = start()
    say(server, "send", "maria")
    assert len(database.contacts()) == 1


def test_form_goes_on_after_the_session_has_expired(start, files):
    server = start()
    for message in DETAILS[:3]:
        say(server, message, "idle")
    kill(server)
    with sqlite3.connect(files / "conversations.db") as conversations:  # three hours ago; a session ends after one
        for identifier, written in conversations.execute("SELECT id, data FROM events WHERE sender_id = 'idle'").fetchall():
            event = json.loads(written)
            event["timestamp"] -= 3 * 3600
            conversations.execute("UPDATE events SET data = ?, timestamp = ? WHERE id = ?", (json.dumps(event), event["timestamp"], identifier))
    server = start()
    assert "telephone number" in say(server, DETAILS[3], "idle")
    with sqlite3.connect(files / "conversations.db") as conversations:
        (sessions,) = conversations.execute("SELECT count(*) FROM events WHERE sender_id = 'idle' AND type_name = 'session_started'").fetchone()
    assert sessions == 2, "the session had not expired, so nothing was tested"
    say(server, "skip", "idle")
    assert "Name: Maria Lopez" in say(server, "night classes", "idle")


def test_requests_are_listed_and_exported_without_formulas(tmp_path):
    url, file = f"sqlite:///{tmp_path / 'assistant.db'}", tmp_path / "contacts.csv"
    Store(url).add_contact("maria", "0123abcd", "Maria Lopez", "maria@x.org", "+1 212-555-0100", ABOUT)
    listed = bot("contacts", "list", "--since", "7d", BOT_DATABASE_URL=url)
    assert (listed.returncode, listed.stderr) == (0, "")
    row, total = listed.stdout.splitlines()
    assert row.startswith("0123ABCD  20") and row.endswith(f"Maria Lopez  maria@x.org  +1 212-555-0100  {ABOUT}")
    assert total == "1 contact request(s)."
    exported = bot("contacts", "export", str(file), BOT_DATABASE_URL=url)
    assert (exported.returncode, exported.stdout) == (0, f"1 contact request(s) written to {file}.\n")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        _, cells = csv.reader(opened)
    assert cells[2:] == ["Maria Lopez", "maria@x.org", "'+1 212-555-0100", f"'{ABOUT}"]
    assert bot("contacts", "list", "--since", "2999-01-01", BOT_DATABASE_URL=url).stdout == "0 contact request(s).\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["contacts", "list", "--since", "last week"], 2, "'last week' is no time; allowed: days like 7d, hours like 12h, or a date like 2026-11-25"),
        (["contacts"], 2, "the following arguments are required: list|export"),
        (["contacts", "export"], 2, "the following arguments are required: file"),
        (["contacts", "export", "/no/such/folder/contacts.csv"], 1, "No such file or directory: '/no/such/folder/contacts.csv'"),
        (["forget", "nobody"], 1, "Nothing is kept of a conversation 'nobody'. Is its id right?"),
    ],
)
def test_wrong_use_of_the_command_line_is_said(files, arguments, status, message):
    if arguments[0] == "forget":
        arguments = [*arguments, "--endpoints", str(files / "endpoints.yml")]
    result = bot(*arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert message in result.stderr and "Traceback" not in result.stderr


def test_forget_deletes_the_conversation_and_its_requests(start, files, database):
    server = start()
    for sender in ("ann", "bob"):
        say(server, "my name is Ann Lee, have someone call me", sender)
        database.add_contact(sender, f"request-{sender}", "Ann Lee", "ann@x.org", "", "")
    result = bot("forget", "ann", "--endpoints", str(files / "endpoints.yml"))
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Deleted: 1 contacts, 0 feedback, 0 questions, ") and result.stdout.endswith(" events\n")
    with sqlite3.connect(files / "conversations.db") as conversations:
        left = [sender for (sender,) in conversations.execute("SELECT DISTINCT sender_id FROM events WHERE data LIKE '%Ann Lee%'")]
    assert left == ["bob"]
    assert [contact.conversation for contact in database.contacts() if contact.name == "Ann Lee"] == ["bob"]
    assert "Is that all right" in say(server, "have someone call me", "ann"), "it can begin anew"
    database.add_contact("bob", "feedbeef0123", "Bob", "bob@x.org", "", "")
    result = bot("forget", "FEEDBEEF", "--endpoints", str(files / "endpoints.yml"))
    assert result.stdout.startswith("Deleted: 2 contacts, 0 feedback, 0 questions, "), "by the reference of a request"
    assert [contact.name for contact in database.contacts() if contact.conversation == "bob"] == []


def test_nothing_of_the_form_is_left_in_the_conversation(start, files, database):
    server = start()
    for end in ("cancel", "send", "restart"):
        for message in (
            "have someone call me",
            "yes",
            "Zebulon Quist",
            "zeb@quist",
            "zeb@quist.org",
            "it is 212-555-0177",
            "costs of the xylo class",
            end,
        ):
            reply = say(server, message, f"zeb {end}")
        assert ("saved under" in reply) == (end == "send")
        kept = (files / "conversations.db").read_bytes() + server.log.read_bytes()
        assert not any(detail in kept.lower() for detail in (b"zebulon", b"quist", b"555-0177", b"xylo")), end
    assert [contact.conversation for contact in database.contacts() if contact.name == "Zebulon Quist"] == ["zeb send"]


def test_forget_where_nothing_can_be_deleted_says_so(tmp_path):
    endpoints = tmp_path / "endpoints.yml"
    endpoints.write_text("tracker_store:\n  type: InMemory\n")
    result = bot("forget", "maria", "--endpoints", str(endpoints))
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "endpoints.yml: conversations cannot be deleted from InMemoryTrackerStore; allowed: a tracker store of type SQL that can be reached. "
        "Correct the file or start its database."
    )
