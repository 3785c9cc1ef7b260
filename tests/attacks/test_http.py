"""Requests that are no HTTP, or HTTP that two servers could read differently, as bytes over a socket."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.attacks.target import WEBHOOK, Reply, Target, assert_answered, assert_no_leak, assert_refused

POST = f"POST {WEBHOOK} HTTP/1.1\r\n".encode()
HOST = b"Host: x\r\n"
BODY = b'{"sender": "http", "message": "hello"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
END = b"\r\n"
SMUGGLED = b"GET /conversations/x/tracker HTTP/1.1\r\nHost: x\r\n\r\n"

MALFORMED = {
    "nonsense": b"NONSENSE\r\n\r\n",
    "empty lines": b"\r\n\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "version of another time": b"GET / HTTP/9.9\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n",
    "binary": bytes(range(256)) * 4 + b"\r\n\r\n",
    "spaces in the line": b"POST  /webhooks/rest/webhook  HTTP/1.1\r\n\r\n",
    "tab in the line": b"GET\t/\tHTTP/1.1\r\n\r\n",
    "address not UTF-8": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "header without colon": POST + HOST + b"NoColon\r\n" + LENGTH + END + BODY,
    "header without name": POST + HOST + b": value\r\n" + LENGTH + END + BODY,
    "space before the colon": POST + HOST + b"Transfer-Encoding : chunked\r\n" + LENGTH + END + BODY,
    "space in a name": POST + HOST + b"X Y: z\r\n" + LENGTH + END + BODY,
    "folded header": POST + HOST + b"X: y\r\n z\r\n" + LENGTH + END + BODY,
    "null in a name": POST + HOST + b"X\x00: y\r\n" + LENGTH + END + BODY,
    "null in a value": POST + HOST + b"X: y\x00z\r\n" + LENGTH + END + BODY,
    "line feed alone": POST + HOST + b"X: y\nTransfer-Encoding: chunked\r\n" + LENGTH + END + BODY,
    "carriage return alone": POST + HOST + b"X: y\rContent-Length: 0\r\n" + LENGTH + END + BODY,
    "escape in a value": POST + HOST + b"User-Agent: \x1b[31m\r\n" + LENGTH + END + BODY,
    "two hosts": POST + HOST + b"Host: y\r\n" + LENGTH + END + BODY,
    "length negative": POST + HOST + b"Content-Length: -1\r\n\r\n" + BODY,
    "length with a sign": POST + HOST + b"Content-Length: +38\r\n\r\n" + BODY,
    "length in words": POST + HOST + b"Content-Length: zero\r\n\r\n" + BODY,
    "length in hexadecimal": POST + HOST + b"Content-Length: 0x26\r\n\r\n" + BODY,
    "length with an underscore": POST + HOST + b"Content-Length: 3_8\r\n\r\n" + BODY,
    "length as a list": POST + HOST + b"Content-Length: 38, 38\r\n\r\n" + BODY,
    "length in Arabic digits": POST + HOST + "Content-Length: ٣٨\r\n\r\n".encode() + BODY,
    "length empty": POST + HOST + b"Content-Length:\r\n\r\n" + BODY,
    "two lengths": POST + HOST + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY,
    "the same length twice": POST + HOST + LENGTH + LENGTH + END + BODY,
    "length and chunks": POST + HOST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
}
NO_CHUNKS = {
    "chunked": b"chunked",
    "in capitals": b"CHUNKED",
    "of another kind": b"xchunked",
    "as a list": b"chunked, identity",
    "with a vertical tab before": b"identity",
    "twice": b"chunked\r\nTransfer-Encoding: chunked",
    "gzip": b"gzip, chunked",
}
LARGE = {
    "header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    "headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 3_000 + b"\r\n",
    "headers of different names": b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(2_000)) + b"\r\n",
    "method": b"G" * 20_000 + b" / HTTP/1.1\r\n\r\n",
    "address": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    "cookie": b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a=b; " * 4_000 + b"\r\n\r\n",
    "head without end": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2_000,
    "body said to be huge": POST + HOST + b"Content-Length: 99999999999999999999\r\n\r\n{",
    "body": POST + HOST + b"Content-Length: 1100000\r\n\r\n" + b"x" * 1_100_000,
    "body of blanks": POST + HOST + b"Content-Length: 40000\r\n\r\n" + b" " * 40_000,
}


def sent(*pieces: bytes):
    """Returns an attack that sends bytes and takes the first reply."""

    def attack(target: Target) -> Reply:
        (reply, *more) = target.raw(*pieces)
        assert not more, "one request, one reply"
        return reply

    return attack


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_request_is_refused(refuses, name):
    refuses(sent(MALFORMED[name]), 400)


@pytest.mark.parametrize("name", NO_CHUNKS)
def test_chunks_are_refused(refuses, name):
    refuses(sent(POST + HOST + b"Transfer-Encoding: " + NO_CHUNKS[name] + b"\r\n\r\n26\r\n" + BODY + b"\r\n0\r\n\r\n"), 411)


@pytest.mark.parametrize("chunk", [b"zz", b"-1", b"+5", b"0x5", b"5_0", b"F" * 17, b"5;" + b"x" * 5000, b"5\n", b""], ids=ascii)
def test_odd_chunks_are_refused(refuses, chunk):
    refuses(sent(POST + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"\r\nhello\r\n0\r\n\r\n"), 411)


@pytest.mark.parametrize("name", LARGE)
def test_large_request_is_refused(refuses, name):
    refuses(sent(LARGE[name]), 413)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"get / HTTP/1.1", 405),
        (b"FOO / HTTP/1.1", 405),
        (b"TRACE / HTTP/1.1", 405),
        (b"CONNECT evil.example:443 HTTP/1.1", 400),
        (b"GET //evil.example/%2e%2e HTTP/1.1", 404),
        (b"GET /%zz HTTP/1.1", 404),
        (b"GET /%00 HTTP/1.1", 404),
        (b"GET /\x00 HTTP/1.1", 400),
        (b"GET webhooks HTTP/1.1", 400),
        (b"GET http://[::1 HTTP/1.1", 400),
    ],
    ids=ascii,
)
def test_odd_request_line_is_refused(refuses, line, status):
    refuses(sent(line + b"\r\n" + HOST + END), status)


@pytest.mark.parametrize("line", [b"GET http://evil.example/ HTTP/1.1", b"GET / HTTP/1.0", b"OPTIONS * HTTP/1.1"], ids=ascii)
def test_host_of_the_request_leads_nowhere_else(target, line):
    (reply,) = target.raw(line + b"\r\nHost: evil.example\r\n\r\n")
    assert (reply.status, reply.headers.get("location")) in [(302, "/webhooks/widget/"), (200, None)]
    assert b"evil" not in reply.body and "evil" not in str(reply.headers)
    assert_no_leak(reply)


@pytest.mark.parametrize("method", [b"GET", b"DELETE", b"OPTIONS"], ids=ascii)
def test_body_where_none_belongs_is_refused(refuses, method):
    path = b"/webhooks/widget/conversation" if method == b"DELETE" else b"/webhooks/rest/"
    attack = sent(method + b" " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
    refuses(attack, 400)


@pytest.mark.parametrize("expected", [b"more", b"100-continue, more", b""], ids=ascii)
def test_expectation_is_refused(refuses, expected):
    refuses(sent(POST + HOST + b"Expect: " + expected + b"\r\n" + LENGTH + END + BODY), 417)


def test_expectation_to_go_on_is_met(target):
    go_on, answer = target.raw(POST + HOST + b"Expect: 100-continue\r\n" + LENGTH + END + BODY, count=2)
    assert go_on.status == 100
    assert_answered(answer)


@pytest.mark.parametrize(
    "head",
    [b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n", b"Upgrade: h2c\r\n", b"X-HTTP-Method-Override: DELETE\r\n"],
    ids=["websocket", "HTTP/2", "method"],
)
def test_request_is_nothing_else_by_its_headers(target, head):
    reply, *_ = target.raw(POST + HOST + head + LENGTH + END + BODY)
    assert_answered(reply)


def test_body_that_goes_on_is_another_request(target):
    first, second = target.raw(POST + HOST + LENGTH + END + BODY + b"and so on\r\n\r\n", count=2)
    assert_answered(first)
    assert_refused(second, 400)


def test_request_behind_another_is_treated_like_any(target):
    first, second, third = target.raw(POST + HOST + LENGTH + END + BODY + SMUGGLED + POST + HOST + LENGTH + END + BODY, count=3)
    assert_answered(first)
    assert_refused(second, 404)
    assert_answered(third)


def test_request_in_a_body_is_no_request(target):
    body = json.dumps({"sender": "http", "message": SMUGGLED.decode()}).encode()
    (reply,) = target.raw(POST + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert_answered(reply)


def test_request_byte_by_byte_is_answered(target):
    whole = POST + HOST + LENGTH + END + BODY
    (reply,) = target.raw(*(whole[position : position + 1] for position in range(len(whole))), pause=0.001)
    assert_answered(reply)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("gzip", gzip.compress(BODY)),
        ("a bomb", gzip.compress(b" " * 3_000_000)),
        ("form", b"sender=a&message=hello"),
        ("multipart", b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../a.sh"\r\n\r\n#!/bin/sh\r\n--x--\r\n'),
        ("XML", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
        ("YAML", b"!!python/object/apply:os.system ['id']"),
        ("pickle", b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."),
        ("MessagePack", b"\x82\xa6sender\xa1a\xa7message\xa2hi"),
        ("UTF-7", b"+AHsAIg-sender+ACIAOg"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_body_of_another_kind_is_refused(refuses, kind, body):
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        refuses(lambda target, header=content_type: target.call("POST", WEBHOOK, body, Content_Type=header, Content_Encoding="gzip"), 400)


def test_json_is_read_whatever_its_type_says(target):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "a" * 200, ""):
        assert_answered(target.call("POST", WEBHOOK, json.loads(BODY), Content_Type=content_type))
