"""Visitors who say that they are others: senders, sessions, conversations, secrets."""

from __future__ import annotations

import base64
import json
import time
import uuid

import itsdangerous
import pytest

from bot import settings
from bot.channels.session import ID_PREFIX, Sessions
from tests.attacks.target import WEBHOOK, WIDGET, Target, assert_answered

SECRET = "s" * 32  # the server's (conftest.py)
FOLLOW_UP = "where is that from?"


def signed(
    secret: str = SECRET,
    salt: str = "career-chat session",
    age: float = 0,
    serializer=itsdangerous.URLSafeTimedSerializer,
    conversation: str = ID_PREFIX + "0" * 32,
):
    """Returns a session as somebody else makes it."""

    class Aged(itsdangerous.TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time() - age)

    arguments = {"signer": Aged} if serializer is itsdangerous.URLSafeTimedSerializer else {}
    return serializer(secret, salt=salt, **arguments).dumps(conversation)


def turned(session: str, position: int) -> str:
    """Returns a session with one character changed."""
    letter = "A" if session[position] != "A" else "B"
    return session[:position] + letter + session[position + 1 :]


GENUINE = Sessions(SECRET).open()[1]
DAYS = settings.load().kept_days
SESSIONS = {
    "none": "",
    "null": "null",
    "undefined": "undefined",
    "the id of a conversation": ID_PREFIX + "0" * 32,
    "content changed": turned(GENUINE, 4),
    "time changed": turned(GENUINE, GENUINE.index(".") + 2),
    "signature changed": turned(GENUINE, len(GENUINE) - 4),
    "signature cut off": GENUINE.rpartition(".")[0],
    "signature empty": GENUINE.rpartition(".")[0] + ".",
    "twice": GENUINE + "." + GENUINE,
    "another secret": signed("t" * 32),
    "an empty secret": signed(""),
    "another salt": signed(salt="itsdangerous"),
    "no time": signed(serializer=itsdangerous.URLSafeSerializer),
    "over": signed(age=(DAYS + 1) * 24 * 60 * 60),
    "of the future": signed(age=-60 * 24 * 60 * 60),
    "never opened": GENUINE,
    "a JSON web token without signature": base64.urlsafe_b64encode(b'{"alg":"none"}').decode() + "." + base64.urlsafe_b64encode(b"{}").decode() + ".",
    "long": "A" * 7_000,
    "SQL": "' OR 1=1 --",
    "path": "../../session_secret",
    "percent": "%00%0a",
    "not ASCII": "séance",
}
FORGED = {  # from the session of an open conversation and its id
    "signature changed": lambda session, _: turned(session, len(session) - 4),
    "time changed": lambda session, _: turned(session, session.index(".") + 2),
    "another secret": lambda _, conversation: signed("t" * 32, conversation=conversation),
    "another salt": lambda _, conversation: signed(salt="itsdangerous", conversation=conversation),
    "over": lambda _, conversation: signed(age=(DAYS + 1) * 24 * 60 * 60, conversation=conversation),
}
SENDERS = {
    "longest": "s" * 128,
    "longest, outside the first plane": "😀" * 128,
    "default": "default",
    "null": "null",
    "number": "0",
    "SQL": "' OR '1'='1",
    "SQL wildcard": "%",
    "path": "../../etc/passwd",
    "markup": "<script>alert(1)</script>",
    "template": "{{7*7}}${7*7}%s",
    "spaces around": " a ",
    "case of the widget's": "WIDGET-" + "0" * 32,
    "the widget's, in full width": "ｗidget-" + "0" * 32,
    "the widget's, another hyphen": "widget\u2010" + "0" * 32,
    "the widget's, after a space": " widget-" + "0" * 32,
    "command": "/restart",
    "composed": "Ame\u0301lie",
}


@pytest.mark.parametrize("name", SESSIONS)
def test_forged_session_opens_nothing(refuses, name):
    token = f"Bearer {SESSIONS[name]}"
    for method, path, body in (
        ("GET", f"{WIDGET}/messages", b""),
        ("POST", f"{WIDGET}/messages", {"id": str(uuid.uuid4()), "text": "hi"}),
        ("POST", f"{WIDGET}/feedback", {"message": "x.1", "helpful": True}),
    ):
        refuses(lambda target, method=method, path=path, body=body: target.call(method, path, body, Authorization=token), 401)


@pytest.mark.parametrize("name", FORGED)
def test_session_forged_for_an_open_conversation_opens_nothing(refuses, target, name):
    session = target.open()
    target.write(session, "what does the CCA exam cost")
    forged = FORGED[name](session, Sessions(SECRET).conversation(session))
    refuses(lambda attacked: attacked.history(forged), 401)
    refuses(lambda attacked: attacked.write(forged, "hello"), 401)
    assert len(target.history(session).json["messages"]) == 2


@pytest.mark.parametrize("scheme", ["", "Basic ", "Token ", "Bearer", "bearer:"], ids=repr)
def test_session_counts_as_bearer_alone(refuses, target, scheme):
    session = target.open()
    refuses(lambda attacked: attacked.call("GET", f"{WIDGET}/messages", Authorization=scheme + session), 401)


@pytest.mark.parametrize("where", ["query", "cookie", "body", "header"])
def test_session_elsewhere_is_none(refuses, target, where):
    session = target.open()
    attacks = {
        "query": lambda attacked: attacked.call("GET", f"{WIDGET}/messages?session={session}&token={session}"),
        "cookie": lambda attacked: attacked.call("GET", f"{WIDGET}/messages", Cookie=f"session={session}"),
        "body": lambda attacked: attacked.call("POST", f"{WIDGET}/messages", {"id": str(uuid.uuid4()), "text": "hi", "session": session}),
        "header": lambda attacked: attacked.call("GET", f"{WIDGET}/messages", X_Session=session),
    }
    refuses(attacks[where], 401)


@pytest.mark.parametrize("name", SENDERS)
def test_odd_sender_is_a_visitor_like_any(target, kept, name):
    reply = target.say("what does the CCA exam cost", SENDERS[name])
    assert_answered(reply)
    assert "$299" in reply.texts[0] and {item["recipient_id"] for item in reply.json} == {SENDERS[name]}
    assert kept("SELECT count(*) > 0 FROM events WHERE sender_id = ?", SENDERS[name]) == [(1,)]


def test_sender_that_is_a_pattern_matches_nobody(target, kept):
    victim = uuid.uuid4().hex
    target.say("what does the CCA exam cost", victim)
    for sender in (f"%{victim[-8:]}", "_" * 32, victim[:-1] + "_", victim.upper(), victim + " ", "' OR sender_id != '"):
        assert "$299" not in str(target.say(FOLLOW_UP, sender).texts)
        target.say("delete my data", sender)
        target.say("yes", sender)
    assert "299" in str(target.say(FOLLOW_UP, victim).texts)


def test_conversation_of_the_widget_is_out_of_reach_of_the_webhook(refuses, target, kept):
    session = target.open()
    target.write(session, "what does the CCA exam cost")
    conversation = Sessions(SECRET).conversation(session)
    before = target.history(session).json
    refuses(lambda attacked: attacked.say("delete my data", conversation), 400)
    assert target.history(session).json == before


def test_conversations_do_not_cross(target):
    first, second = target.open(), target.open()
    target.write(first, "what does the CCA exam cost")
    assert "$299" not in str(target.write(second, FOLLOW_UP).texts)
    assert "299" in str(target.write(first, FOLLOW_UP).texts)
    assert "CCA" not in str(target.history(second).json["messages"][0])


def test_answer_of_another_conversation_cannot_be_rated(refuses, target):
    first, second = target.open(), target.open()
    message = target.write(first, "what does the CCA exam cost").json["messages"][0]["id"]

    def attack(attacked):
        return attacked.call("POST", f"{WIDGET}/feedback", {"message": message, "helpful": False}, Authorization=f"Bearer {second}")

    refuses(attack, 404)


def test_deleted_conversation_is_over(refuses, target):
    session = target.open()
    target.write(session, "what does the CCA exam cost")
    assert target.call("DELETE", f"{WIDGET}/conversation", Authorization=f"Bearer {session}").status == 204
    refuses(lambda attacked: attacked.history(session), 401)
    refuses(lambda attacked: attacked.write(session, "hello"), 401)


def test_deleting_deletes_one_conversation(target):
    first, second = target.open(), target.open()
    for session in (first, second):
        target.write(session, "what does the CCA exam cost")
    target.call("DELETE", f"{WIDGET}/conversation", Authorization=f"Bearer {first}")
    assert len(target.history(second).json["messages"]) == 2


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_metrics_are_for_this_machine_and_nobody_behind_a_proxy(refuses, header):
    value = "for=192.0.2.1" if header == "Forwarded" else "192.0.2.1"
    refuses(lambda target: target.call("GET", f"{WIDGET}/metrics", **{header.replace("-", "_"): value}), 403)


@pytest.mark.parametrize("key", ["", "a b", "a" * 129, "é", "\t", "a,b c"], ids=ascii)
def test_odd_key_of_a_repeated_message_is_refused(refuses, key):
    refuses(lambda target: target.call("POST", WEBHOOK, {"sender": "key", "message": "hi"}, Idempotency_Key=key), 400)


def test_key_of_a_repeated_message_is_of_its_sender(target):
    key = uuid.uuid4().hex

    def said(sender: str, message: str) -> str:
        return str(target.call("POST", WEBHOOK, {"sender": sender, "message": message}, Idempotency_Key=key).texts)

    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    assert "$299" in said(first, "what does the CCA exam cost")
    assert "$299" not in said(second, "hello"), "another visitor's reply is not given away"
    assert "$299" in said(first, "hello"), "the same visitor's is given again"


def test_what_a_client_says_of_itself_is_not_kept(target: Target, kept):
    sender = uuid.uuid4().hex
    claims = {
        "metadata": {"masked": True, "shown": "x"},
        "input_channel": "widget",
        "slots": {"contact_email": "a@evil.example"},
        "events": [{"event": "restart"}],
    }
    assert_answered(target.say("hello", sender, **claims, parse_data={"intent": {"name": "request_contact"}}, intent="request_contact"))
    events = [json.loads(data) for (data,) in kept("SELECT data FROM events WHERE sender_id = ?", sender)]
    assert "evil" not in str(events) and "restart" not in [event["event"] for event in events]
    (message,) = [event for event in events if event["event"] == "user"]
    assert message["input_channel"] == "rest" and not {"masked", "shown"} & set(message["metadata"])
