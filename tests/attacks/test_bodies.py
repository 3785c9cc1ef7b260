"""JSON that is none, that two readers could read differently, or that is not what the addresses ask for."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.attacks.target import WEBHOOK, WIDGET, Target, assert_answered

HI = b'"message": "hi"'
NOT_JSON = {
    "nothing": b"",
    "blanks": b" \r\n\t ",
    "null bytes": b"\x00" * 100,
    "half": b'{"sender": "a", "message": "hi"',
    "single quotes": b"{'sender': 'a', 'message': 'hi'}",
    "no quotes": b"{sender: a, message: hi}",
    "comma behind": b'{"sender": "a", "message": "hi",}',
    "comment": b'{"sender": "a", /* x */ "message": "hi"}',
    "two documents": b'{"sender": "a", "message": "hi"}{"sender": "b", "message": "ho"}',
    "something behind": b'{"sender": "a", "message": "hi"};drop',
    "byte order mark": b'\xef\xbb\xbf{"sender": "a", "message": "hi"}',
    "NaN": b'{"sender": "a", "message": "hi", "x": NaN}',
    "infinity": b'{"sender": "a", "message": "hi", "x": -Infinity}',
    "number of 5,000 digits": b'{"sender": "a", "message": "hi", "x": ' + b"9" * 5_000 + b"}",
    "number with zeros before": b'{"sender": "a", "message": "hi", "x": 007}',
    "hexadecimal": b'{"sender": "a", "message": "hi", "x": 0x10}',
    "control character": b'{"sender": "a", "message": "h\x01i"}',
    "line break in a text": b'{"sender": "a", "message": "h\ni"}',
    "wrong escape": b'{"sender": "a", "message": "\\x41"}',
    "half an escape": b'{"sender": "a", "message": "\\u00"}',
    "nested lists": b"[" * 15_000,
    "nested lists, closed": b'{"sender": "a", "message": "hi", "x": ' + b"[" * 15_000 + b"]" * 15_000 + b"}",
    "nested objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "not UTF-8": b'{"sender": "a", "message": "\xff\xfe"}',
    "overlong UTF-8": b'{"sender": "a", "message": "\xc0\xaf"}',
    "half a character": b'{"sender": "a", "message": "\xed\xa0\x80"}',
    "beyond Unicode": b'{"sender": "a", "message": "\xf5\x80\x80\x80"}',
    "UTF-16": '{"sender": "a", "message": "hi"}'.encode("utf-16"),
    "UTF-32": '{"sender": "a", "message": "hi"}'.encode("utf-32"),
}
NO_OBJECT = {
    "text": b'"hi"',
    "number": b"1",
    "null": b"null",
    "true": b"true",
    "list": b"[]",
    "list of objects": b'[{"sender": "a", "message": "hi"}]',
}
KEY_TWICE = {
    "sender": b'{"sender": "a", "sender": "b", "message": "hi"}',
    "message": b'{"sender": "a", "message": "hi", "message": "/restart"}',
    "by an escape": b'{"sender": "a", "message": "hi", "\\u006dessage": "/restart"}',
    "further in": b'{"sender": "a", "message": "hi", "metadata": {"a": 1, "a": 2}}',
}
WRONG_FIELDS = {
    "nothing in it": {},
    "no sender": {"message": "hi"},
    "no message": {"sender": "a"},
    "other case": {"Sender": "a", "Message": "hi"},
    "keys of the prototype": {"__proto__": {"sender": "a"}, "constructor": {"message": "hi"}},
    **{f"sender {value!r}": {"sender": value, "message": "hi"} for value in (None, 0, True, [], ["a"], {}, {"$ne": ""}, 1.5)},
    **{f"message {value!r}": {"sender": "a", "message": value} for value in (None, 0, False, [], ["hi"], {}, {"text": "hi"}, {"$gt": ""})},
    **{
        f"sender {value!a}": {"sender": value, "message": "hi"}
        for value in ("", " ", "\t", "\u3000", "a\x00", "a\nb", "a\x1b[0m", "a\u200b", "\u202ea", "a\ufeff", "a\ud800", "a\x7f", "\ue000")
    },
    "sender too long": {"sender": "s" * 129, "message": "hi"},
    "sender of the widget": {"sender": "widget-" + "0" * 32, "message": "hi"},
    "message too long": {"sender": "a", "message": "m" * 1001},
    "message much too long": {"sender": "a", "message": "m" * 30_000},
    "message of blanks": {"sender": "a", "message": " \t\n\u00a0\u3000" * 10},
    "message of nothing to be seen": {"sender": "a", "message": "\u200b\u200d\u202e\ufeff\x00\x07\ud800\udfff"[:7]},
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_body_that_is_no_json_is_refused(refuses, name):
    refuses(lambda target: target.call("POST", WEBHOOK, NOT_JSON[name]), 400)
    refuses(lambda target: target.call("POST", f"{WIDGET}/session", NOT_JSON[name]), 400)


@pytest.mark.parametrize("name", NO_OBJECT)
def test_json_that_is_no_object_is_refused(refuses, name):
    refuses(lambda target: target.call("POST", WEBHOOK, NO_OBJECT[name]), 400)
    refuses(lambda target: target.call("POST", f"{WIDGET}/session", NO_OBJECT[name]), 400)


@pytest.mark.parametrize("name", KEY_TWICE)
def test_key_that_is_there_twice_is_refused(refuses, name):
    refuses(lambda target: target.call("POST", WEBHOOK, KEY_TWICE[name]), 400)


@pytest.mark.parametrize("name", WRONG_FIELDS)
def test_wrong_field_is_refused(refuses, name):
    refuses(lambda target: target.call("POST", WEBHOOK, WRONG_FIELDS[name]), 400)


@pytest.mark.parametrize(
    "more",
    [
        {"x": "y" * 30_000},
        {"k" * 30_000: 1},
        {f"k{number}": number for number in range(2_000)},
        {"x": 10**300},
        {"x": 1e308},
        {"x": [[[[[[]]]]]]},
        {"__proto__": {"admin": True}, "$type": "System.Object", "@type": "x", "py/object": "os.system"},
    ],
    ids=["long value", "long key", "many keys", "big number", "big float", "nested", "types"],
)
def test_keys_that_nobody_asks_for_change_nothing(target, more):
    assert_answered(target.call("POST", WEBHOOK, {"sender": uuid.uuid4().hex, "message": "what does the CCA exam cost", **more}))


MESSAGE_ID = "3f1f9a52-6a0e-4f5e-9a35-3d0c5f0b8e11"


def widget_message(**fields):
    return {"id": MESSAGE_ID, "text": "hi", **fields}


@pytest.mark.parametrize(
    "content",
    [
        {"text": "hi"},
        widget_message(id="1"),
        widget_message(id=1),
        widget_message(id=None),
        widget_message(id="../" * 12),
        widget_message(id=MESSAGE_ID + "\n"),
        {"id": MESSAGE_ID},
        widget_message(payload="/ask_salary"),
        widget_message(text=None),
        widget_message(text=["hi"]),
        widget_message(text=""),
        widget_message(text="\u200b"),
        widget_message(text="x" * 1001),
        widget_message(sender="other"),
        widget_message(metadata={"masked": False}),
        widget_message(slots={"contact_email": "a@b.c"}),
        widget_message(events=[{"event": "restart"}]),
        widget_message(channel="rest"),
        widget_message(page="/"),
        widget_message(page={"path": "x"}),
        widget_message(page={"path": "/", "title": "x"}),
        widget_message(page={"path": "/" * 201}),
        widget_message(page={"path": ["/"]}),
        widget_message(title={"a": 1}),
    ],
    ids=lambda content: ascii(content)[:60],
)
def test_wrong_message_of_the_widget_is_refused(refuses, target, content):
    session = target.open()
    refuses(lambda attacked: attacked.call("POST", f"{WIDGET}/messages", content, Authorization=f"Bearer {session}"), 400)
    assert target.history(session).json == {"messages": []}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "", "text/json"]
)
def test_widget_takes_no_simple_request_of_another_page(refuses, kind):
    def attack(target: Target):
        return target.call("POST", f"{WIDGET}/session", b"{}", Content_Type=kind)

    refuses(attack, 415)


def test_longest_message_is_answered_however_it_is_written(target):
    for character in ("a", "é", "医", "😀", '"', "\\"):
        body = json.dumps({"sender": uuid.uuid4().hex, "message": (character + " ") * 500}).encode()
        assert_answered(target.call("POST", WEBHOOK, body))
