"""Notices of contact requests, to a real mail server and a real web server of the test's own."""

from __future__ import annotations

import base64
import email
import json
import socket
import socketserver
import threading
import time
from datetime import timedelta
from email import policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot import notices, settings
from bot.settings import Notices
from bot.store import Store

ANN = ("ann", "0123abcd" * 4, "Ann Lee", "ann@x.org", "+1 212-555-0100", "the CCA")
BOB = ("bob", "4567abcd" * 4, "Bob Öz", "bob@x.org", "", "")


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mail as a mail server does, and keeps it."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.logins: list[str] = []
        self.refused = ""  # of this recipient or sender mail is refused
        super().__init__(("127.0.0.1", 0), MailHandler)


class MailHandler(socketserver.StreamRequestHandler):
    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self.say("250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME")
            elif verb == "AUTH":
                self.server.logins.append(base64.b64decode(line.split()[-1]).decode())
                self.say("235 ok")
            elif verb == "DATA":
                self.say("354 go on")
                content = b""
                while (row := self.rfile.readline()) != b".\r\n":
                    content += row
                if self.server.refused and self.server.refused.encode() in content:
                    self.say("451 try again later")
                else:
                    self.server.mails.append(content)
                    self.say("250 ok")
            elif verb == "QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")


class WebServer(ThreadingHTTPServer):
    """Takes what is posted, and keeps it."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict, dict]] = []
        self.status = 204
        super().__init__(("127.0.0.1", 0), WebHandler)


class WebHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posts.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture
def mail():
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def web():
    with WebServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def kept(tmp_path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'test.db'}")


def by_mail(port: int, **more: object) -> Notices:
    return Notices(smtp={"host": "127.0.0.1", "port": port, "security": "none", "sender": "bot@x.org", "to": "desk@x.org", **more})


def by_web(server: WebServer) -> Notices:
    return Notices(webhook=f"http://127.0.0.1:{server.server_address[1]}/contacts")


def make_due(kept: Store) -> None:
    with kept._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE contacts SET notice_due_at = '2020-01-01 00:00:00.000000'")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_notices_mail_says_who_and_what(kept, mail):
    kept.add_contact(*ANN)
    kept.add_contact(*BOB)
    notices.send_due(by_mail(mail.server_address[1]), kept)
    ann, bob = (email.message_from_bytes(content, policy=policy.default) for content in mail.mails)
    assert (ann["From"], ann["To"], ann["Reply-To"], ann["Subject"]) == ("bot@x.org", "desk@x.org", "ann@x.org", "Contact request 0123ABCD")
    lines = ann.get_content().splitlines()
    assert lines[:4] == ["Name: Ann Lee", "E-mail: ann@x.org", "Phone: +1 212-555-0100", "About: the CCA"]
    assert lines[5] == "Reference: 0123ABCD"
    assert bob.get_content().splitlines()[:4] == ["Name: Bob Öz", "E-mail: bob@x.org", "Phone: not given", "About: not given"]
    assert all(contact.notified_at for contact in kept.contacts())


def test_notices_mail_of_a_visitor_whose_address_is_not_ascii_is_sent(kept, mail):
    kept.add_contact("ann", "r1", "Jürgen", "jürgen@müller.de", "", "")
    notices.send_due(by_mail(mail.server_address[1]), kept)
    (message,) = (email.message_from_bytes(content, policy=policy.default) for content in mail.mails)
    assert "E-mail: jürgen@müller.de" in message.get_content()


def test_notices_webhook_that_answers_rubbish_is_tried_again(kept):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"rubbish\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        kept.add_contact(*ANN)
        notices.send_due(Notices(webhook=f"http://127.0.0.1:{server.getsockname()[1]}/"), kept)
    assert kept.contacts()[0].notified_at is None


def test_notices_mail_logs_in_with_the_password_of_the_environment(kept, mail, monkeypatch):
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "s3cret")
    kept.add_contact(*ANN)
    notices.send_due(by_mail(mail.server_address[1], user="assistant"), kept)
    assert mail.logins == ["\x00assistant\x00s3cret"] and len(mail.mails) == 1


def test_notices_without_the_password_wait_and_say_so(kept, mail, monkeypatch, caplog):
    monkeypatch.delenv("BOT_SMTP_PASSWORD", raising=False)
    kept.add_contact(*ANN)
    notices.send_due(by_mail(mail.server_address[1], user="assistant"), kept)
    assert mail.mails == [] and kept.contacts()[0].notified_at is None
    assert caplog.messages == [
        "The notice of request 0123ABCD was not sent and will be tried again: the environment variable BOT_SMTP_PASSWORD is not set. "
        "Set it, or remove `user` in settings.yml under notices.smtp."
    ]


def test_notices_are_sent_once(kept, mail):
    kept.add_contact(*ANN)
    for _ in range(3):
        make_due(kept)
        notices.send_due(by_mail(mail.server_address[1]), kept)
    assert len(mail.mails) == 1


def test_notices_of_a_mail_server_that_is_down_are_sent_when_it_is_back(kept, mail):
    kept.add_contact(*ANN)
    notices.send_due(by_mail(free_port()), kept)
    assert kept.contacts()[0].notified_at is None
    notices.send_due(by_mail(mail.server_address[1]), kept)
    assert mail.mails == [], "not again at once"
    make_due(kept)
    notices.send_due(by_mail(mail.server_address[1]), kept)
    assert len(mail.mails) == 1


def test_notices_that_is_refused_does_not_hold_up_the_others(kept, mail):
    kept.add_contact(*ANN)
    kept.add_contact(*BOB)
    mail.refused = "ann@x.org"
    notices.send_due(by_mail(mail.server_address[1]), kept)
    assert [contact.notified_at is not None for contact in kept.contacts()] == [False, True]
    assert len(mail.mails) == 1


def test_notices_crash_while_sending_loses_none(kept, mail):
    kept.add_contact(*ANN)
    kept.claim_notice(timedelta(minutes=1))  # and the process is killed here
    make_due(kept)  # a minute later
    notices.send_due(by_mail(mail.server_address[1]), kept)
    assert len(mail.mails) == 1


def test_notices_webhook_posts_json(kept, web, monkeypatch):
    monkeypatch.setenv("BOT_WEBHOOK_TOKEN", "t0ken")
    kept.add_contact(*ANN)
    notices.send_due(by_web(web), kept)
    ((headers, body),) = web.posts
    received = body.pop("received")
    assert body == {
        "reference": "0123ABCD",
        "request": "0123abcd" * 4,
        "name": "Ann Lee",
        "email": "ann@x.org",
        "phone": "+1 212-555-0100",
        "about": "the CCA",
    }
    assert received == f"{kept.contacts()[0].created_at:%Y-%m-%dT%H:%M:%SZ}"
    assert (headers["Content-Type"], headers["Authorization"], headers["Idempotency-Key"]) == ("application/json", "Bearer t0ken", "0123abcd" * 4)
    assert kept.contacts()[0].notified_at is not None


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_notices_webhook_that_refuses_is_tried_again(kept, web, status):
    kept.add_contact(*ANN)
    web.status = status
    notices.send_due(by_web(web), kept)
    assert kept.contacts()[0].notified_at is None
    web.status = 200
    make_due(kept)
    notices.send_due(by_web(web), kept)
    assert kept.contacts()[0].notified_at is not None and len(web.posts) == 2


def test_notices_thread_sends_without_making_anyone_wait(kept, web, monkeypatch):
    site = settings.in_force().copy(update={"notices": by_web(web)})
    monkeypatch.setattr(settings, "in_force", lambda: site)
    monkeypatch.setattr(notices.store, "in_force", lambda: kept)
    kept.add_contact(*ANN)
    started = time.monotonic()
    notices.wake()
    assert time.monotonic() - started < 0.2
    for number, request in enumerate(("0123abcd" * 4, "r2"), start=1):
        kept.add_contact("ann", request, *ANN[2:])
        notices.wake()
        for _ in range(100):
            if len(web.posts) == number:
                break
            time.sleep(0.05)
        assert len(web.posts) == number


def test_notices_are_off_unless_the_settings_say_how(monkeypatch):
    monkeypatch.setattr(notices, "_thread", None)
    assert settings.in_force().notices == Notices()
    notices.wake()
    assert notices._thread is None
