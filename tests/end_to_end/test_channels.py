"""The widget's interface and the REST webhook of the real server, with the trained model, when all is well and when something is not."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress

import pytest
from server_process import Server, free_port

from bot import settings, training
from bot.channels import conversation
from bot.channels.message import TYPED_SLASH
from bot.knowledge import ROOT

REPLY_SECONDS_MAX = 5  # what a visitor is promised


class Site:
    """A server with its own databases and log."""

    def __init__(self, folder):
        self.folder = folder
        self.conversations = folder / "conversations.db"
        self.endpoints = folder / "endpoints.yml"
        self.endpoints.write_text((ROOT / "endpoints.yml").read_text().replace("var/conversations.db", str(self.conversations)))
        self.start()

    def start(self):
        port = free_port()
        command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--endpoints", str(self.endpoints)]
        environment = {"BOT_SESSION_SECRET": "s" * 32, "BOT_DATABASE_URL": f"sqlite:///{self.folder / 'assistant.db'}"}
        self.server = Server(command, port, self.folder / "log", **environment)
        self.server.wait_until_ready()

    def call(self, method, path, body=None, token=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, json.loads(content) if content else None

    def open(self):
        status, body = self.call("POST", "/webhooks/widget/session", {})
        assert status == 201
        return body["session"]

    def write(self, token, text=None, payload=None, id=None):
        """Returns the assistant's messages."""
        body = {"id": id or str(uuid.uuid4()), **({"text": text} if text else {"payload": payload})}
        status, answer = self.call("POST", "/webhooks/widget/messages", body, token)
        assert status == 200 and answer["id"] == body["id"] and answer["messages"]
        return answer["messages"]

    def history(self, token):
        status, body = self.call("GET", "/webhooks/widget/messages", None, token)
        assert status == 200
        return body["messages"]

    def events(self, kind):
        with closing(sqlite3.connect(self.conversations)) as database:
            return [json.loads(row[0]) for row in database.execute("SELECT data FROM events WHERE type_name = ? ORDER BY id", (kind,))]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    running = Site(tmp_path_factory.mktemp("site"))
    yield running
    running.server.stop()


@contextmanager
def locked(database):
    """Keeps a database from being read and written."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def test_server_says_which_page_to_open_and_serves_it(site):
    port = site.server.port
    assert f"Ready: http://127.0.0.1:{port}/webhooks/widget/ (Ctrl-C stops it)" in site.server.log.read_text()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/webhooks/widget/")
    page = connection.getresponse()
    assert page.status == 200 and b"career-chat" in page.read()
    assert site.call("GET", "/webhooks/widget/health") == (200, {"status": "ready"})


def test_conversation_over_the_widget(site):
    token = site.open()
    entry = site.call("GET", "/webhooks/widget/config")[1]["buttons"]
    said = [*site.write(token, payload=entry[1]["payload"])]
    (pay,) = said
    assert "$" in pay["text"] and "\n\n" not in pay["text"] and pay["topic"] == "salary"
    assert pay["card"]["card"] == "answer" and pay["card"]["topic"] == "salary"
    (second,) = site.write(token, "the second one")
    assert second["text"] != pay["text"] and pay["buttons"][1]["payload"].endswith(second["topic"])
    status, _ = site.call("POST", "/webhooks/widget/feedback", {"message": pay["id"], "helpful": True}, token)
    assert status == 204
    with closing(sqlite3.connect(site.folder / "assistant.db")) as database:
        assert database.execute("SELECT topic, wording, helpful FROM feedback WHERE answer = ?", (pay["id"],)).fetchall() == [
            ("salary", entry[1]["title"], 1)
        ]
    history = site.history(token)
    assert [message["text"] for message in history if message["from"] == "visitor"] == [entry[1]["title"], "the second one"]
    assert [message for message in history if message["from"] == "assistant"] == [pay, second]


@pytest.mark.parametrize(
    "text", ["/ask_salary", " /restart", '\u00a0/inform{"x":1}', "\u200b/crisis", "\u2028/delete_my_data", '/ask_exam_cost{"certification": "cca"}']
)
def test_typed_command_forces_no_intent(site, text):
    sender = uuid.uuid4().hex
    site.server.ask(text, sender)
    event = site.events("user")[-1]
    assert event["text"] == TYPED_SLASH + text.lstrip("\u200b\u2028\u00a0 /")
    assert len(event["parse_data"]["intent_ranking"]) > 1 and event["parse_data"]["intent"]["confidence"] < 1
    assert all(entity["extractor"] != "RegexMessageHandler" for entity in event["parse_data"]["entities"])


def test_personal_data_is_neither_kept_nor_logged(site):
    token = site.open()
    *_, notice = site.write(token, "what do coders earn? my ssn is 987-65-4321")
    assert notice["text"] == conversation.PRIVACY_NOTICE
    for file in (site.conversations, site.folder / "log"):
        assert b"987-65-4321" not in file.read_bytes()
    assert site.history(token)[0]["text"] == "what do coders earn? my ssn is [social security number]"


def test_visitor_deletes_the_conversation_in_the_chat(site):
    token = site.open()
    site.write(token, "what does the CCA exam cost")
    (question,) = site.write(token, "delete my data")
    assert [button["title"] for button in question["buttons"]] == ["Yes, delete it", "No, keep it"]
    before = {event["message_id"] for event in site.events("user")}
    site.write(token, payload=question["buttons"][1]["payload"])
    assert len(site.history(token)) == 6
    (question,) = site.write(token, "delete my data")
    (done,) = site.write(token, "yes")
    assert done["text"].startswith("Done.")
    assert site.call("GET", "/webhooks/widget/messages", None, token)[0] == 401
    assert len(before - {event["message_id"] for event in site.events("user")}) == 2


def test_page_deletes_the_conversation(site):
    token = site.open()
    site.write(token, "what does the CCA exam cost")
    rows = len(site.events("user"))
    assert site.call("DELETE", "/webhooks/widget/conversation", None, token) == (204, None)
    assert len(site.events("user")) == rows - 1
    assert site.call("GET", "/webhooks/widget/messages", None, token)[0] == 401


def test_killed_server_answers_a_message_once(tmp_path):
    site = Site(tmp_path)
    token, id = site.open(), str(uuid.uuid4())
    first = site.write(token, "what does the CCA exam cost", id=id)
    history = site.history(token)
    site.server.process.send_signal(signal.SIGKILL)
    site.server.process.wait()
    site.start()
    try:
        assert site.write(token, "what does the CCA exam cost", id=id) == first
        assert site.history(token) == history
        assert site.write(token, "and the CPC?")
    finally:
        site.server.stop()


def test_locked_database_keeps_nobody_waiting(site):
    token = site.open()
    with locked(site.conversations):
        started = time.monotonic()
        said, notice = site.write(token, "what is the price of the CCA exam")
        assert time.monotonic() - started < REPLY_SECONDS_MAX and "$299" in said["text"]
        assert notice["text"] == conversation.ANSWERED_ALONE_NOTICE
        (said,) = site.write(token, "and the CPC?")
        assert said["text"] == conversation.apology(), "it means nothing without its conversation"
        with ThreadPoolExecutor(8) as pool:
            started = time.monotonic()
            everybody = list(pool.map(lambda _: site.server.ask("what does my neighbour earn"), range(8)))
        assert time.monotonic() - started < REPLY_SECONDS_MAX
        assert all(replies and replies[0]["text"] for replies in everybody)
    (after,) = site.write(token, "what does the CCA exam cost")
    assert "$299" in after["text"]
    assert "neighbour" not in site.server.log.read_text()


@pytest.fixture(params=["dead", "hanging", "failing", "talking rubbish"])
def broken_action_server(request):
    """The address of an action server that does not do what it should."""
    port = free_port()
    if request.param == "dead":
        yield port
        return
    listener = socket.create_server(("127.0.0.1", port))
    status, body = (500, b'{"error": "x"}') if request.param == "failing" else (200, b"<html>")
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    connections = []

    def work():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            if request.param != "hanging":
                connection.recv(65536)
                connection.sendall(head + body)
                connection.shutdown(socket.SHUT_WR)

    threading.Thread(target=work, daemon=True).start()
    yield port
    listener.close()
    for connection in connections:
        connection.close()


def test_standard_rasa_with_a_broken_action_server_is_never_silent(broken_action_server, tmp_path):
    port = free_port()
    endpoints = tmp_path / "endpoints.yml"
    endpoints.write_text(f"action_endpoint:\n  url: http://127.0.0.1:{broken_action_server}/webhook\n")
    command = [sys.executable, "-m", "rasa", "run", "--port", str(port), "--endpoints", str(endpoints), "--model", str(training.model_path())]
    standard = Server(command, port, tmp_path / "log", BOT_SESSION_SECRET="s" * 32)
    try:
        standard.wait_until_ready()
        started = time.monotonic()
        (reply,) = standard.ask("what does the CCA exam cost", "visitor")
        assert time.monotonic() - started < REPLY_SECONDS_MAX
        assert reply == {"recipient_id": "visitor", "text": conversation.apology()} and settings.load().office.email in reply["text"]
    finally:
        standard.stop()


def test_standard_rasa_answers_again_when_the_action_server_is_back(tmp_path):
    port, actions_port = free_port(), free_port()
    endpoints = tmp_path / "endpoints.yml"
    endpoints.write_text(f"action_endpoint:\n  url: http://127.0.0.1:{actions_port}/webhook\n")
    rasa = [sys.executable, "-m", "rasa", "run"]
    standard = Server([*rasa, "--port", str(port), "--endpoints", str(endpoints), "--model", str(training.model_path())], port, tmp_path / "log")
    try:
        standard.wait_until_ready()
        assert standard.ask("what does the CCA exam cost", "visitor")[0]["text"] == conversation.apology()
        actions = subprocess.Popen([*rasa, "actions", "--port", str(actions_port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                with suppress(OSError), socket.create_connection(("127.0.0.1", actions_port)):
                    break
                time.sleep(0.2)
            assert "$299" in standard.ask("what does the CCA exam cost", "visitor")[0]["text"]
        finally:
            actions.send_signal(signal.SIGINT)
            actions.wait(20)
    finally:
        standard.stop()


def test_servers_that_share_a_file_share_the_sessions(tmp_path):
    code = "from bot.channels.session import session_secret; from pathlib import Path; import sys; print(session_secret(Path(sys.argv[1])))"
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "var" / "session_secret")]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert len({process.communicate()[0] for process in processes}) == 1
