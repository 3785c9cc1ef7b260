"""Too much, too slow, twice, and all at once."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Iterable

import pytest

from bot import settings
from bot.channels.door import REQUEST_SECONDS
from tests.attacks.target import HOST, WEBHOOK, WIDGET, Reply, Target, assert_answered, assert_refused

LIMITS = settings.load().limits
QUESTION, ANSWER = "what does the CCA exam cost", "$299"
BODY = json.dumps({"sender": "slow", "message": "hello"}).encode()
HEAD = f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(BODY)}\r\n".encode()
IDLE_CONNECTIONS = 300
SLOW = {  # what is sent at once, and what follows byte by byte for as long as the connection holds
    "a line": (b"", b"G" * 100),
    "headers": (HEAD, b"X: y\r\n" * 100),
    "a header": (HEAD + b"X: ", b"y" * 100),
    "blanks before a request": (b"", b"\r\n" * 100),
    "a body": (HEAD + b"\r\n", BODY),
    "no body": (HEAD + b"\r\n", b""),
    "a body that ends early": (HEAD.replace(str(len(BODY)).encode(), b"100") + b"\r\n" + BODY, b""),
    "half a body": (HEAD + b"\r\n" + BODY[:10], b""),
    "a body after other requests": (b"GET /webhooks/rest/ HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + HEAD + b"\r\n", BODY),
    "a body said to be large": (HEAD.replace(str(len(BODY)).encode(), b"1000000") + b"\r\n", b"x" * 100),
    "a body for the widget": (
        f"POST {WIDGET}/session HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n".encode(),
        b" " * 100,
    ),
}


def slowly(target: Target, at_once: bytes, then: bytes) -> list[Reply]:
    """Sends a byte each second, at least, and returns the replies until the connection ends."""
    pieces = [at_once, *(then[place : place + 1] for place in range(len(then)))][: 2 * REQUEST_SECONDS]
    return target.raw(*filter(None, pieces), count=1_000, pause=1)


@pytest.fixture(scope="module", autouse=True)
def slow(server):
    """The slow requests, all sent at the same time while the other tests of this file go on: of each, what becomes of it; and how long visitors wait."""
    with ThreadPoolExecutor(len(SLOW) + 1) as pool, ExitStack() as idle:
        for _ in range(IDLE_CONNECTIONS):
            idle.enter_context(Target(server.port).connect())
        found = {name: pool.submit(slowly, Target(server.port), *pieces) for name, pieces in SLOW.items()}
        yield found, pool.submit(waits_while, Target(server.port), found.values())


def waits_while(bystander: Target, going_on: Iterable[Future]) -> list[float]:
    """Returns how long a visitor waits for each answer while something goes on."""
    waits = []
    while not all(future.done() for future in going_on):
        reply = bystander.say(QUESTION)
        assert_answered(reply)
        waits.append(reply.seconds)
        time.sleep(0.2)
    return waits


def flood(target: Target, count: int, path: str, body: bytes, headers: str = "") -> list[Reply]:
    """Returns the replies to as many equal requests on one connection."""
    request = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body
    )
    return target.raw(*[request * 50] * (count // 50), count=count, pause=0)


@pytest.mark.parametrize("path", [WEBHOOK, f"{WIDGET}/session", f"{WIDGET}/messages"])
def test_address_that_sends_too_much_is_refused_and_no_other(target, path):
    count = LIMITS.address_requests_per_minute + 50
    headers = "X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n"  # nobody's word for who sends
    found = flood(target, count, path, b"{}x", headers)
    statuses = [reply.status for reply in found]
    assert len(statuses) == count and statuses.count(429) == 50 and set(statuses[-50:]) == {429}
    assert_refused(found[-1], 429)
    assert 1 <= int(found[-1].headers["retry-after"]) <= 60
    assert_refused(target.say(QUESTION), 429)


def test_conversation_that_sends_too_much_is_refused_and_no_other(target):
    sender, most = uuid.uuid4().hex, LIMITS.conversation_messages_per_10_seconds
    body = json.dumps({"sender": sender, "message": "hello"}).encode()
    started = time.monotonic()
    found = target.raw(*[HEAD.replace(str(len(BODY)).encode(), str(len(body)).encode()) + b"\r\n" + body] * (most + 5), count=most + 5, pause=0)
    if time.monotonic() - started < 10:
        assert [reply.status for reply in found] == [200] * most + [429] * 5
    refused = [reply for reply in found if reply.status == 429]
    assert_refused(refused[-1], 429)
    assert 1 <= int(refused[-1].headers["retry-after"]) <= 10
    assert_answered(target.say(QUESTION))


def test_session_that_sends_too_much_is_refused(target):
    session, most = target.open(), LIMITS.conversation_messages_per_10_seconds
    started = time.monotonic()
    found = [target.write(session, "hello") for _ in range(most + 2)]
    if time.monotonic() - started < 10:
        assert [reply.status for reply in found] == [200] * most + [429] * 2
        assert_refused(found[-1], 429)


def test_messages_at_once_are_answered_each_and_in_order(target, kept):
    sender = uuid.uuid4().hex
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda number: target.say(f"hello {number}", sender), range(6)))
    for reply in found:
        assert_answered(reply)
    kinds = [kind for (kind,) in kept("SELECT type_name FROM events WHERE sender_id = ? AND type_name IN ('user', 'bot') ORDER BY id", sender)]
    assert kinds.count("user") == 6 and not any(first == second == "user" for first, second in itertools.pairwise(kinds)), (
        "a message waits for the reply before"
    )


def test_requests_in_one_go_are_answered_in_order(target):
    senders = [uuid.uuid4().hex for _ in range(5)]
    bodies = [json.dumps({"sender": sender, "message": "hello"}).encode() for sender in senders]
    found = target.raw(b"".join(HEAD.replace(str(len(BODY)).encode(), str(len(body)).encode()) + b"\r\n" + body for body in bodies), count=5)
    assert [reply.json[0]["recipient_id"] for reply in found] == senders


def test_visitors_at_once_get_their_own_answers(target):
    questions = {"what does the CCA exam cost": "$299", "how long is the CPC exam": "5 hours", "hi": "Hello"}
    asked = [question for question in questions for _ in range(5)]
    with ThreadPoolExecutor(len(asked)) as pool:
        found = list(pool.map(target.say, asked))
    for question, reply in zip(asked, found):
        assert_answered(reply)
        assert questions[question] in reply.texts[0]


@pytest.mark.parametrize("at_once", [False, True])
def test_message_that_comes_twice_is_answered_once(target, kept, at_once):
    sender, key = uuid.uuid4().hex, uuid.uuid4().hex

    def send(_) -> Reply:
        return target.call("POST", WEBHOOK, {"sender": sender, "message": QUESTION}, Idempotency_Key=key)

    with ThreadPoolExecutor(3) as pool:
        found = list((pool.map if at_once else map)(send, range(3)))
    assert [reply.json for reply in found] == [found[0].json] * 3 and ANSWER in found[0].texts[0]
    assert kept("SELECT count(*) FROM events WHERE sender_id = ? AND type_name = 'user'", sender) == [(1,)]


@pytest.mark.parametrize("at_once", [False, True])
def test_message_of_the_widget_that_comes_twice_is_answered_once(target, at_once):
    session, identifier = target.open(), str(uuid.uuid4())
    with ThreadPoolExecutor(3) as pool:
        found = list((pool.map if at_once else map)(lambda _: target.write(session, QUESTION, id=identifier), range(3)))
    assert [reply.json for reply in found] == [found[0].json] * 3
    assert len(target.history(session).json["messages"]) == 2


def test_refusal_does_not_wait_for_the_body(refuses):
    refuses(lambda target: target.raw(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")[0], 404)


def test_connections_that_are_dropped_hold_nothing_up(target):
    whole = HEAD + b"\r\n" + BODY
    for length in (0, 1, len(HEAD), len(whole) - 1, len(whole)):
        for _ in range(20):
            with target.connect() as connection, suppress(OSError):
                connection.sendall(whole[:length])
    reply = target.say(QUESTION)
    assert_answered(reply)
    assert reply.seconds < 5


# Last, as they wait for what goes on beside all others
@pytest.mark.parametrize("name", SLOW)
def test_slow_request_is_ended(slow, target, name):
    *_, last = slow[0][name].result()
    assert last.seconds < 1.8 * REQUEST_SECONDS, "from the first byte on, however many follow"
    if last.status:
        assert_refused(last, 408)


def test_visitors_are_answered_beside_slow_and_idle_connections(slow):
    waits = sorted(slow[1].result())
    assert len(waits) > 5 and waits[len(waits) // 2] < 1 and waits[-1] < 5
