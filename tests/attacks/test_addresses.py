"""Addresses that are none of ours, Rasa's own among them; methods; pages of other sites."""

from __future__ import annotations

import pytest

from tests.attacks.target import WEBHOOK, WIDGET, assert_no_leak, assert_refused

RASAS = [  # its HTTP API, other channels of its and the action server's
    ("GET", "/version"),
    ("GET", "/status"),
    ("GET", "/domain"),
    ("GET", "/conversations/default/tracker"),
    ("GET", "/conversations/default/story"),
    ("POST", "/conversations/default/tracker/events"),
    ("PUT", "/conversations/default/tracker/events"),
    ("POST", "/conversations/default/execute"),
    ("POST", "/conversations/default/trigger_intent"),
    ("POST", "/conversations/default/predict"),
    ("POST", "/conversations/default/messages"),
    ("POST", "/model/train"),
    ("POST", "/model/test/stories"),
    ("POST", "/model/test/intents"),
    ("POST", "/model/predict"),
    ("POST", "/model/parse"),
    ("PUT", "/model"),
    ("DELETE", "/model"),
    ("POST", "/webhook"),
    ("GET", "/actions"),
    ("GET", "/health"),
    ("POST", "/webhooks/callback/webhook"),
    ("POST", "/webhooks/callback"),
    ("POST", "/webhooks/socketio/webhook"),
    ("GET", "/socket.io/?EIO=4&transport=polling"),
    ("POST", "/webhooks/slack/webhook"),
    ("POST", "/webhooks/telegram/webhook"),
    ("POST", "/webhooks/twilio/webhook"),
    ("POST", "/webhooks/facebook/webhook"),
    ("POST", "/webhooks/botframework/webhook"),
    ("POST", "/webhooks/RestInput/webhook"),
    ("POST", "/webhooks/rest/"),
    ("GET", "/webhooks"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/auth"),
    ("POST", "/auth"),
    ("GET", "/metrics"),
    ("GET", "/favicon.ico"),
    ("GET", "/robots.txt"),
]
FILES = [
    "/../settings.yml",
    "/../../etc/passwd",
    "/%2e%2e/settings.yml",
    "/..%2f..%2fetc%2fpasswd",
    "/%252e%252e%252fetc%252fpasswd",
    "/..%5c..%5cwindows%5cwin.ini",
    "/....//....//etc/passwd",
    "/%c0%ae%c0%ae/etc/passwd",
    "/index.html%00.js",
    "/career-chat.js/../../settings.yml",
    "/career-chat.js~",
    "/.git/config",
    "/.env",
    "/session_secret",
    "/credentials.yml",
    "/conversations.db",
    "/index.html.bak",
    "//etc/passwd",
    "/\\etc\\passwd",
    "/file:///etc/passwd",
    "/career-chat.js;.css",
    "/INDEX.HTML",
]
FOREIGN = [
    "https://evil.example",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "https://127.0.0.1.evil.example",
    "http://evil.example@127.0.0.1",
    "http://evil.example#127.0.0.1",
    "null",
    "*",
    "file://",
    "http://localhost",
    "chrome-extension://abcdef",
    "http://[::1]",
    "",
    "http://evil.example, http://evil.example",
]


@pytest.mark.parametrize(("method", "path"), RASAS)
def test_rasas_own_addresses_are_nowhere(refuses, method, path):
    refuses(lambda target: target.call(method, path, {} if method != "GET" else b""), 400 if method == "DELETE" else 404, 404, 405)


@pytest.mark.parametrize("query", ["token=x", "token=", "include_events=ALL", "emulation_mode=LUIS"])
def test_parameters_open_nothing(refuses, query):
    refuses(lambda target: target.call("GET", f"/conversations/default/tracker?{query}"), 404)


@pytest.mark.parametrize("path", FILES)
def test_other_files_are_nowhere(refuses, path):
    reply = refuses(lambda target: target.call("GET", WIDGET + path), 404)
    assert b"root:" not in reply.body and b"college" not in reply.body


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "post", "X"])
def test_webhook_takes_no_other_method(refuses, method):
    refuses(lambda target: target.call(method, WEBHOOK, {} if method in ("PUT", "PATCH") else b""), 405)


def test_webhook_answers_to_who_asks_for_the_head_alone_without_a_body(target):
    with target.connect() as connection:
        connection.sendall(f"HEAD {WEBHOOK} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, end, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ") and end and not body


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/session"), ("PUT", "/messages"), ("DELETE", "/messages"), ("GET", "/feedback"), ("GET", "/conversation"), ("POST", "/config")],
)
def test_widget_takes_no_other_method(refuses, method, path):
    refuses(lambda target: target.call(method, WIDGET + path, {} if method in ("PUT", "POST") else b""), 405)


@pytest.mark.parametrize("query", ["stream=true", "stream=1", "stream=yes", "stream=false&stream=true", "stream=%74rue"])
def test_streams_are_not_offered(target, query):
    reply = target.call("POST", f"{WEBHOOK}?{query}", {"sender": "stream", "message": "hello"})
    if query.startswith("stream=false"):  # the first counts, and it says no
        assert reply.status == 200 and reply.headers["content-type"] == "application/json"
    else:
        assert_refused(reply, 400)


@pytest.mark.parametrize("origin", FOREIGN, ids=repr)
def test_page_of_another_site_is_refused_and_told_nothing(refuses, origin):
    for method, path, body in (
        ("POST", f"{WIDGET}/session", {}),
        ("GET", f"{WIDGET}/config", b""),
        ("OPTIONS", f"{WIDGET}/messages", b""),
        ("GET", f"{WIDGET}/metrics", b""),
    ):
        reply = refuses(lambda target, method=method, path=path, body=body: target.call(method, path, body, Origin=origin), 403)
        assert not any(name.startswith("access-control-") for name in reply.headers)


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_webhook_lets_no_page_read_its_reply(target, origin):
    for method, body in (("OPTIONS", b""), ("POST", {"sender": "origin", "message": "hello"})):
        reply = target.call(method, WEBHOOK, body, Origin=origin, Access_Control_Request_Method="POST")
        assert not any(name.startswith("access-control-allow") for name in reply.headers), reply.headers
        assert_no_leak(reply)


def test_own_page_is_let_in_and_no_other_told_so(target):
    reply = target.call("POST", f"{WIDGET}/session", {}, Origin=f"http://127.0.0.1:{target.port}")
    assert reply.status == 201 and "Origin" in reply.headers["vary"]
    assert "access-control-allow-credentials" not in reply.headers


def test_page_keeps_others_out_of_it(target):
    reply = target.call("GET", f"{WIDGET}/")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy and "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "server" not in reply.headers
