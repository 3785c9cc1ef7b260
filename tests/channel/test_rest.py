"""The REST webhook over real HTTP, before a stub agent."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from rasa.shared.core.events import ActiveLoop, SlotSet, UserUttered
from rasa.shared.exceptions import RasaException

from bot import forget, settings
from bot.channels import conversation, door
from bot.channels.message import TYPED_SLASH
from bot.channels.rest import RestInput
from tests.channel.stub_server import CARD, PAY_BUTTONS, StubAgent, say

PATH = "/webhooks/rest/webhook"
NO_SECRET = "The secret is missing or wrong. Send it in the header Authorization: Bearer <secret>."


def texts(response) -> list[str]:
    assert response.status == 200
    return [item["text"] for item in response.body]


def test_rest_replies_as_rasas_channel(client, agent):
    agent.answer = lambda text: [say("First.\n\nStill the first.\nSource: a book"), say("Second.", PAY_BUTTONS, CARD)]
    response = client.rest("hi")
    assert (response.status, response.body) == (
        200,
        [
            {"recipient_id": "visitor", "text": "First.\n\nStill the first.\nSource: a book"},
            {"recipient_id": "visitor", "text": "Second.", "buttons": PAY_BUTTONS},
        ],
    )


def test_rest_needs_no_content_type(client):
    assert client.call("POST", PATH, data=b'{"sender": "a", "message": "hi"}', Content_Type="text/plain").body == [
        {"recipient_id": "a", "text": "You said: hi"}
    ]


def test_rest_health(client):
    assert client.call("GET", "/webhooks/rest/").body == {"status": "ok"}


def test_rest_does_not_listen_to_what_a_client_says_of_itself(client, agent):
    client.rest("hi", input_channel="widget", metadata={"masked": True}, slots={"x": 1}, events=[{"event": "restart"}], unknown=1)
    (heard,) = agent.heard
    assert (heard.input_channel, heard.metadata, heard.sender_id, heard.text) == ("rest", None, "visitor", "hi")


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 400, "The request's body is not JSON. Send a JSON object."),
        (b"{", 400, "The request's body is not JSON. Send a JSON object."),
        (b'{"sender": "a", "message": "b"} x', 400, "The request's body is not JSON. Send a JSON object."),
        (b'{"sender": "a", "message": NaN}', 400, "The request's body is not JSON. Send a JSON object."),
        (b"[" * 10000, 400, "The request's body is not JSON. Send a JSON object."),
        (b'{"a":' * 3000, 400, "The request's body is not JSON. Send a JSON object."),
        (b'"hello"', 400, "The request's body is not a JSON object. Send a JSON object."),
        (b"null", 400, "The request's body is not a JSON object. Send a JSON object."),
        (b'[{"sender": "a", "message": "b"}]', 400, "The request's body is not a JSON object. Send a JSON object."),
        (b'{"sender": "a", "message": "\xff"}', 400, "The request's body is not UTF-8. Send it as UTF-8."),
        ('{"sender": "a", "message": "b"}'.encode("utf-16"), 400, "The request's body is not UTF-8. Send it as UTF-8."),
        (b'{"sender": "a", "sender": "b", "message": "c"}', 400, "The request's body has a key twice. Send each key once."),
        (b'{"sender": "a", "message": "c", "metadata": {"x": 1, "x": 2}}', 400, "The request's body has a key twice. Send each key once."),
        (b'{"message": "hi"}', 400, '"sender" is missing or not a text. Send it as a text.'),
        (b'{"sender": null, "message": "hi"}', 400, '"sender" is missing or not a text. Send it as a text.'),
        (b'{"sender": 7, "message": "hi"}', 400, '"sender" is missing or not a text. Send it as a text.'),
        (b'{"sender": ["a"], "message": "hi"}', 400, '"sender" is missing or not a text. Send it as a text.'),
        (
            b'{"sender": "", "message": "hi"}',
            400,
            '"sender" is blank or has characters that cannot be seen. Send an id of letters, digits and signs.',
        ),
        (
            b'{"sender": " ", "message": "hi"}',
            400,
            '"sender" is blank or has characters that cannot be seen. Send an id of letters, digits and signs.',
        ),
        (
            b'{"sender": "a\\nb", "message": "hi"}',
            400,
            '"sender" is blank or has characters that cannot be seen. Send an id of letters, digits and signs.',
        ),
        (
            b'{"sender": "a\\u0000", "message": "hi"}',
            400,
            '"sender" is blank or has characters that cannot be seen. Send an id of letters, digits and signs.',
        ),
        (
            b'{"sender": "a\\u200b", "message": "hi"}',
            400,
            '"sender" is blank or has characters that cannot be seen. Send an id of letters, digits and signs.',
        ),
        (
            b'{"sender": "a\\ud800", "message": "hi"}',
            400,
            '"sender" is blank or has characters that cannot be seen. Send an id of letters, digits and signs.',
        ),
        (json.dumps({"sender": "s" * 129, "message": "hi"}).encode(), 400, '"sender" has 129 characters; at most 128 are allowed. Shorten it.'),
        (b'{"sender": "widget-0123", "message": "hi"}', 400, '"sender" begins with widget-, which is for the chat widget. Send another id.'),
        (
            b'{"sender": "platform-slack-U1", "message": "hi"}',
            400,
            '"sender" begins with platform-, which is for messaging platforms. Send another id.',
        ),
        (b'{"sender": "a"}', 400, '"message" is missing or not a text. Send it as a text.'),
        (b'{"sender": "a", "message": {"text": "hi"}}', 400, '"message" is missing or not a text. Send it as a text.'),
        (b'{"sender": "a", "message": ""}', 400, '"message" has nothing that can be read. Send some text.'),
        (b'{"sender": "a", "message": " \\u00a0\\u2003\\n"}', 400, '"message" has nothing that can be read. Send some text.'),
        (b'{"sender": "a", "message": "\\u0000\\u0007\\u200b\\u202e\\ud800"}', 400, '"message" has nothing that can be read. Send some text.'),
        (json.dumps({"sender": "a", "message": "m" * 1001}).encode(), 400, '"message" has 1001 characters; at most 1000 are allowed. Shorten it.'),
        (
            b'{"sender": "a", "message": "hi", "x": "' + b"x" * 40000 + b'"}',
            413,
            "The request has 40041 bytes; at most 32768 are allowed. Shorten the message.",
        ),
        (b"x" * 1_100_000, 413, "The request is too large. Shorten it."),
    ],
)
def test_rest_refuses(client, agent, body, status, sentence):
    response = client.call("POST", PATH, data=body)
    assert (response.status, response.body) == (status, {"error": sentence})
    assert agent.heard == [] and response.seconds < 1
    assert texts(client.rest("and now")) == ["You said: and now"]


@pytest.mark.parametrize("query", ["stream=true", "stream=1", "stream="])
def test_rest_refuses_streaming(client, query):
    response = client.call("POST", f"{PATH}?{query}", {"sender": "a", "message": "hi"})
    if query == "stream=":
        assert texts(response) == ["You said: hi"]  # an empty parameter is none
    else:
        assert (response.status, response.body) == (
            400,
            {"error": "Streaming is not offered. Leave out the parameter stream; all replies come as one list."},
        )


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        ("  what  pays\tbest \n", "what  pays best"),
        ("two\r\nlines", "two\nlines"),
        ("e\u0301tude", "étude"),
        ("sal\u200bary\u00ad \u202ereversed\ufeff", "salary reversed"),
        ("\ud83d\ude00 smile", "😀 smile"),
        ("half \ud83d pair", "half  pair"),
        ("a\u0000b\u001b[31mc", "ab[31mc"),
        ("a\u2028b\u00a0c\u3000d", "a b c d"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("' OR 1=1; DROP TABLE events; --", "' OR 1=1; DROP TABLE events; --"),
        ("{{7*7}} ${7*7} %s {office}", "{{7*7}} ${7*7} %s {office}"),
        ("$(reboot) `id` | cat /etc/passwd", "$(reboot) `id` | cat /etc/passwd"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("EXTERNAL: restart", "EXTERNAL: restart"),
    ],
)
def test_rest_cleans_messages(client, agent, sent, heard):
    client.rest(sent)
    assert agent.texts == [heard]


WHITE = ["", " ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\u200b", "\ufeff", "\u0000", "\u001c", "\u0085", "\u00ad", " \u2060 "]


@pytest.mark.parametrize("white", WHITE, ids=lambda white: ascii(white))
@pytest.mark.parametrize("command", ["/restart", '/inform{"x": 1}', "/ask_exam_cost", "//restart", "/"])
def test_rest_typed_command_is_text(client, agent, white, command):
    response = client.rest(white + command)
    (heard,) = agent.texts
    assert heard == TYPED_SLASH + command[1:]
    assert not heard.strip().startswith("/")
    assert texts(response) == [f"You said: {heard}"]


def test_rest_payload_of_an_offered_button_is_a_button_in_its_conversation_alone(client, agent):
    agent.answer = lambda text: [say("Pay.", PAY_BUTTONS)]
    client.rest("pay")
    for text in (PAY_BUTTONS[1]["payload"], f" {PAY_BUTTONS[0]['payload']}\n"):
        client.rest(text)
    client.rest("/ask_entry_level_pay", sender="another")
    client.rest("/ask_exam_cost")  # not with these words
    assert agent.texts == [
        "pay",
        PAY_BUTTONS[1]["payload"],
        PAY_BUTTONS[0]["payload"],
        f"{TYPED_SLASH}ask_entry_level_pay",
        f"{TYPED_SLASH}ask_exam_cost",
    ]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        *(
            (text, 0)
            for text in (
                "1",
                "1.",
                "1)",
                "#1",
                "# 1",
                "option 1",
                "Option one",
                "no. 1",
                "the first",
                "first",
                "1st",
                "the first one",
                "one",
                "number 1, please",
            )
        ),
        *(
            (text, 1)
            for text in ("2", " 2 ", "2.", "option 2", "#2", "two", "TWO!", "the second one", "second option", "the 2nd", "2nd one", "choice 2")
        ),
    ],
)
def test_rest_number_is_the_button(client, agent, text, index):
    agent.answer = lambda text: [say("Look."), say("Pay.", PAY_BUTTONS)]
    client.rest("pay")
    client.rest(text)
    assert agent.texts[1] == PAY_BUTTONS[index]["payload"]


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "3",
        "option 3",
        "the third one",
        "-1",
        "1 2",
        "2 years",
        "two coders",
        "is 2 enough",
        "first aid",
        "1.5",
        "12",
        "one of them",
        "ſecond",
        "the fırst one",
        "ſix",
    ],
)
def test_rest_other_numbers_are_text(client, agent, text):
    agent.answer = lambda text: [say("Pay.", PAY_BUTTONS)]
    client.rest("pay")
    client.rest(text)
    assert agent.texts[1] == text


def test_rest_number_counts_only_right_after_buttons(client, agent):
    agent.answer = lambda text: [say("Pay.", PAY_BUTTONS)] if text == "pay" else [say("How many years?")]
    for text in ("1", "pay", "hello", "2"):
        client.rest(text)
    agent.answer = lambda text: [say("Pay.", PAY_BUTTONS), say("How many years?")]
    client.rest("again")
    client.rest("2")
    assert agent.texts == ["1", "pay", "hello", "2", "again", "2"]


def test_rest_masks_personal_data_and_says_so_once(client, agent):
    agent.answer = lambda text: [say("Noted.")]
    first = client.rest("I am jo@example.com, what do coders earn?")
    second = client.rest("or call 212-555-0123")
    other = client.rest("jo@example.com", sender="another")
    assert agent.texts == ["I am [e-mail address], what do coders earn?", "or call [phone number]", "[e-mail address]"]
    assert texts(first) == ["Noted.", conversation.PRIVACY_NOTICE]
    assert texts(second) == ["Noted."]
    assert texts(other) == ["Noted.", conversation.PRIVACY_NOTICE]
    assert agent.heard[0].metadata == {"masked": True}


def opens_the_form(text):
    return [ActiveLoop("contact_form"), SlotSet("contact_request", "r1"), say("Your name?")]


def kept(agent, sender="visitor") -> list[str]:
    """Returns what is kept of the visitor's messages."""
    tracker = asyncio.run(agent.tracker_store.retrieve_full_tracker(sender))
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


def test_rest_keeps_details_in_the_contact_form_until_it_is_over(client, agent):
    agent.answer = opens_the_form
    client.rest("have someone mail me")
    agent.answer = lambda text: [SlotSet("contact_email", text), say("What is it about?")]
    assert texts(client.rest("jo@example.com")) == ["What is it about?"]
    assert agent.texts == kept(agent) == ["have someone mail me", "jo@example.com"]
    agent.answer = lambda text: [ActiveLoop(None), SlotSet("contact_email", None), SlotSet("contact_request", None), say("Sent.")]
    assert texts(client.rest("send it to jo@example.com")) == ["Sent."]
    agent.answer = lambda text: [say("Pay.")]
    assert texts(client.rest("jo@example.com")) == ["Pay.", conversation.PRIVACY_NOTICE]
    assert agent.texts == ["have someone mail me", "jo@example.com", "send it to jo@example.com", "[e-mail address]"]
    assert kept(agent) == ["[details for the office]"] * 3 + ["[e-mail address]"]


def test_rest_answers_though_details_could_not_be_taken_out(client, agent, monkeypatch, caplog):
    def fail(*arguments):
        raise OSError("jo@example.com")

    monkeypatch.setattr(forget, "take_out_details", fail)
    assert texts(client.rest("hi")) == ["You said: hi"]
    assert "rest: what the contact form was told could not be taken out (OSError)." in caplog.text and "jo@" not in caplog.text


def test_rest_keeps_details_in_another_form_not(client, agent):
    agent.answer = lambda text: [ActiveLoop("advice_form"), say("How soon?")]
    client.rest("advise me")
    client.rest("jo@example.com")
    assert agent.texts[1] == "[e-mail address]"


def test_rest_lets_details_through_when_contact_was_offered(client, agent):
    offer = [{"title": "Contact me", "payload": "/request_contact"}]
    agent.answer = lambda text: [say("Or leave your details.", offer)]
    client.rest("a person please")
    agent.answer = opens_the_form
    assert texts(client.rest("jo@example.com")) == ["Your name?"]
    assert agent.texts[1:] == kept(agent)[1:] == ["jo@example.com"]


def test_rest_lets_details_through_of_who_asks_to_be_contacted(client, agent):
    agent.intent, agent.answer = "request_contact", opens_the_form
    assert texts(client.rest("mail me the brochure: jo@example.com")) == ["Your name?"]
    assert agent.texts == kept(agent) == ["mail me the brochure: jo@example.com"]


def test_rest_masks_what_it_let_through_if_no_form_opens(client, agent):
    agent.intent, agent.answer = "request_contact", lambda text: [say("Not now.")]
    assert texts(client.rest("mail me the brochure: jo@example.com")) == ["Not now.", conversation.PRIVACY_NOTICE]
    assert kept(agent) == ["mail me the brochure: [e-mail address]"]
    assert texts(client.rest("mail me: jo@example.com")) == ["Not now."]


def test_rest_nothing_uttered_is_an_apology_with_the_contact(client, agent):
    agent.answer = lambda text: []
    office = settings.in_force().office
    (text,) = texts(client.rest("hi"))
    assert text == (
        f"I am sorry, I cannot answer just now. Please try again in a minute, or ask the {office.name}: e-mail {office.email}, "
        f"phone {office.phone}, open {office.opening_hours}."
    )


def test_rest_exception_is_an_apology(client, agent, caplog):
    def fail(text):
        raise ValueError("no traceback for visitors")

    agent.answer = fail
    assert texts(client.rest("my secret question")) == [conversation.apology()]
    assert "my secret question" not in caplog.text and "ValueError" in caplog.text
    agent.answer = lambda text: [say("Back.")]
    assert texts(client.rest("hi")) == ["Back."]


def test_rest_hanging_action_is_an_apology_within_five_seconds(client, agent):
    agent.answer = lambda text: asyncio.sleep(60)
    response = client.rest("hi")
    assert texts(response) == [conversation.apology()] and response.seconds < 5
    agent.answer = lambda text: [say("Back.")]
    assert texts(client.rest("hi")) == ["Back."]  # the conversation is not locked


def test_rest_action_that_blocks_its_thread_is_an_apology_to_everybody(client, agent, monkeypatch):
    monkeypatch.setattr(conversation, "REPLY_SECONDS", 0.5)
    agent.answer = lambda text: time.sleep(2) or [say("Late.")] if text == "block" else [say("Quick.")]
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(client.rest, "block", "one")
        time.sleep(0.1)
        other = client.rest("hi", "two")
        for response in (other, blocked.result()):
            assert texts(response) == [conversation.apology()] and response.seconds < 1
    time.sleep(2)
    assert texts(client.rest("hi", "two")) == ["Quick."]


@pytest.mark.parametrize("loaded", [None, "not ready"])
def test_rest_without_model_is_an_apology(start, loaded):
    agent = StubAgent() if loaded else None
    if agent:
        agent.processor = None
    assert texts(start(agent).rest("hi")) == [conversation.apology()]


def test_rest_messages_of_one_visitor_keep_their_order(client, agent):
    async def slow(text):
        await asyncio.sleep(0.3 if text == "1: first" else 0)
        return [say(text)]

    agent.answer = slow
    with ThreadPoolExecutor() as pool:
        replies = []
        for text in ("1: first", "2: then", "3: last"):
            replies.append(pool.submit(client.rest, text))
            time.sleep(0.05)
        assert [texts(reply.result()) for reply in replies] == [["1: first"], ["2: then"], ["3: last"]]
    assert agent.texts == ["1: first", "2: then", "3: last"]


def test_rest_secret_is_asked_for(monkeypatch, start, agent):
    monkeypatch.setenv("BOT_REST_SECRET", "r" * 32)
    client = start(agent)
    body = {"sender": "a", "message": "hi"}
    for token in (None, "", "r" * 31, "r" * 33, "R" * 32, "é" * 16):
        response = client.call("POST", PATH, data=json.dumps(body).encode(), **({} if token is None else {"Authorization": f"Bearer {token}"}))
        assert (response.status, response.body) == (401, {"error": NO_SECRET})
    assert client.call("POST", f"{PATH}?token={'r' * 32}", body).status == 401
    assert client.call("POST", PATH, body, Authorization=f"Basic {'r' * 32}").status == 401
    assert texts(client.call("POST", PATH, body, "r" * 32)) == ["You said: hi"]


def test_rest_short_secret_stops_the_start(monkeypatch):
    monkeypatch.setenv("BOT_REST_SECRET", "short")
    with pytest.raises(RasaException) as caught:
        RestInput.from_credentials(None)
    assert str(caught.value) == (
        'BOT_REST_SECRET: has 5 characters; a secret has at least 32. Make one: python -c "import secrets; print(secrets.token_hex())"'
    )


def test_rest_limits_a_conversation(client, agent, site):
    site(limits={"conversation_messages_per_10_seconds": 3})
    assert [client.rest(f"m{number}").status for number in range(3)] == [200] * 3
    refused = client.rest("one too many")
    seconds = int(refused.headers["Retry-After"])
    assert (refused.status, refused.body) == (429, {"error": f"Too many messages at once. Try again in {seconds} second{'s' * (seconds > 1)}."})
    assert 1 <= seconds <= 10 and len(agent.heard) == 3
    assert client.rest("hi", sender="another").status == 200


def test_counts_that_are_over_are_dropped_by_one_thread(monkeypatch):
    monkeypatch.setattr(door.CountsInMemory, "SWEEP_SECONDS", 0.2)
    counts = door.CountsInMemory()
    counts.timer.join()  # the library's own first look
    threads = set(threading.enumerate())
    assert [counts.incr(f"visitor {number}", 0.1) for number in range(50)] == [1] * 50
    assert len(set(threading.enumerate()) - threads) <= 1 and len(counts.storage) == 50
    until = time.monotonic() + 5
    while counts.storage and time.monotonic() < until:
        time.sleep(0.05)
    assert not counts.storage


def test_rest_limits_an_address(client, site):
    site(limits={"address_requests_per_minute": 2})
    assert [client.rest("hi", sender=sender).status for sender in "abc"] == [200, 200, 429]
    assert client.call("POST", PATH, data=b"not json").status == 429


def test_rest_does_not_limit_the_address_of_who_knows_the_secret(monkeypatch, start, agent, site):
    monkeypatch.setenv("BOT_REST_SECRET", "r" * 32)
    site(limits={"address_requests_per_minute": 2})
    client = start(agent)
    statuses = [client.call("POST", PATH, {"sender": sender, "message": "hi"}, "r" * 32).status for sender in "abcd"]
    assert statuses == [200] * 4
    assert [client.call("POST", PATH, {"sender": "e", "message": "hi"}, "wrong").status for _ in range(3)] == [401, 401, 429]


def test_rest_message_sent_again_with_its_key_gets_the_same_replies(client, agent):
    agent.answer = lambda text: [say(f"Answer {len(agent.heard)}", PAY_BUTTONS)]
    first = client.rest("hi", Idempotency_Key="m-1")
    assert texts(first) == ["Answer 1"] and first.body[0]["buttons"] == PAY_BUTTONS
    assert client.rest("hi", Idempotency_Key="m-1").body == first.body
    assert texts(client.rest("hi", Idempotency_Key="m-2")) == ["Answer 2"]
    assert texts(client.rest("hi", "other visitor", Idempotency_Key="m-1")) == ["Answer 3"]
    assert texts(client.rest("hi")) == ["Answer 4"] and len(agent.heard) == 4


@pytest.mark.parametrize("key", ["", "with space", "x" * 129, "\u00fc"])
def test_rest_refuses_a_key_that_is_none(client, agent, key):
    response = client.rest("hi", Idempotency_Key=key)
    assert response.body == {"error": "Idempotency-Key is no id; allowed: 1 to 128 visible ASCII characters. Correct it or leave it out."}
    assert (response.status, agent.heard) == (400, [])


def test_rest_environment_says_how_many_proxies_there_are(start, agent, site, monkeypatch):
    site(limits={"address_requests_per_minute": 1})
    monkeypatch.setenv("BOT_PROXIES", "1")
    client = start(agent)
    assert [client.rest("hi", X_Forwarded_For=address).status for address in ("1.1.1.1", "2.2.2.2", "2.2.2.2")] == [200, 200, 429]


def test_rest_number_of_proxies_that_is_none_stops_the_start(monkeypatch):
    monkeypatch.setenv("BOT_PROXIES", "one")
    with pytest.raises(RasaException) as caught:
        RestInput().blueprint(None)
    assert str(caught.value) == "BOT_PROXIES: 'one' is no number of proxies; allowed: 0, 1, 2 and so on. Correct it."


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [200, 429, 429]), (1, [200, 200, 429])])
def test_rest_believes_only_its_own_proxies_about_addresses(start, agent, site, proxies, statuses):
    site(limits={"address_requests_per_minute": 1, "proxies": proxies})
    client = start(agent)
    reported = ["192.0.2.1", "192.0.2.1, 192.0.2.2", "203.0.113.9, 192.0.2.2"]  # what a visitor claims, then what the proxy saw
    sent = [client.call("POST", PATH, {"sender": "a", "message": "hi"}, X_Forwarded_For=value).status for value in reported]
    assert sent == statuses


def test_rest_goes_on_without_redis(monkeypatch, client, caplog):
    monkeypatch.setenv("BOT_REDIS_URL", "redis://127.0.0.1:1/0")
    response = client.rest("hi")
    assert texts(response) == ["You said: hi"] and response.seconds < 2
    assert "The requests could not be counted (ConnectionError); this one is let in." in caplog.text


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "BOT_REDIS_URL: is not the address of a Redis server; allowed: redis://host:port/number. Correct it."),
        ("http://127.0.0.1", "BOT_REDIS_URL: is not the address of a Redis server; allowed: redis://host:port/number. Correct it."),
        (
            "redis://:secret@127.0.0.1:1/0",
            "BOT_REDIS_URL: no Redis server answers there. Start it, or remove the variable where there is one server only.",
        ),
    ],
)
def test_rest_wrong_redis_stops_the_start(monkeypatch, url, message):
    monkeypatch.setenv("BOT_REDIS_URL", url)
    with pytest.raises(RasaException) as caught:
        RestInput().blueprint(None)
    assert str(caught.value) == message
    door._limiter.cache_clear()


@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        (b"NONSENSE\r\n\r\n", 400, door.SENTENCES[400]),
        (b"GET / HTTP/9.9\r\n\r\n", 400, door.SENTENCES[400]),
        (b"GET /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\n\r\n", 405, door.SENTENCES[405]),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404, door.SENTENCES[404]),
        (b"GET /conversations/default/tracker HTTP/1.1\r\nHost: x\r\n\r\n", 404, door.SENTENCES[404]),
        (b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: zero\r\n\r\n", 400, door.SENTENCES[400]),
        (b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}", 400, door.SENTENCES[400]),
        (b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n{}", 400, door.SENTENCES[400]),
        (b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}", 400, door.SENTENCES[400]),
        (b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400, door.SENTENCES[400]),
        (b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\n\r\n", 400, "The request's body is not JSON. Send a JSON object."),
        (b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 411, door.SENTENCES[411]),
        (b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nExpect: more\r\nContent-Length: 2\r\n\r\n{}", 417, door.SENTENCES[417]),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20000 + b"\r\n\r\n", 413, door.SENTENCES[413]),
    ],
    ids=[
        "nonsense",
        "version",
        "method",
        "path",
        "api",
        "length",
        "negative length",
        "length with signs",
        "two lengths",
        "length and chunks",
        "no length",
        "chunk",
        "expect",
        "header",
    ],
)
def test_rest_server_refuses_in_its_own_words(client, sent, status, sentence):
    head, _, body = client.raw(sent).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert json.loads(body) == {"error": sentence}
    assert b"Sanic" not in head and b"rasa" not in head.lower()


def test_rest_slow_request_is_refused(client, monkeypatch, start, agent):
    monkeypatch.setattr(door, "REQUEST_SECONDS", 1)
    client = start(agent)
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
        connection.sendall(b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\n")
        assert json.loads(connection.recv(65536).partition(b"\r\n\r\n")[2]) == {"error": door.SENTENCES[408]}


@pytest.mark.parametrize(
    "head",
    [b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nX: ", b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"],
    ids=["head", "body"],
)
def test_rest_request_that_drips_is_refused(monkeypatch, start, agent, head):
    monkeypatch.setattr(door, "REQUEST_SECONDS", 1)
    client = start(agent)
    with socket.create_connection(("127.0.0.1", client.port), timeout=0.2) as connection:
        connection.sendall(head)
        for _ in range(50):  # each byte would begin Sanic's time anew
            connection.sendall(b"x")
            try:
                received = connection.recv(65536)
            except TimeoutError:
                continue
            break
        else:
            pytest.fail("The connection was held for ten times as long as a request may take.")
        connection.settimeout(10)
        with suppress(ConnectionResetError):  # nobody reads what still drips
            while part := connection.recv(65536):
                received += part
    assert json.loads(received.partition(b"\r\n\r\n")[2]) == {"error": door.SENTENCES[408]}


def test_rest_connection_is_used_again(client):
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    for body, status in ((b'{"sender": "a", "message": "hi"}', 200), (b"{", 400), (b'{"sender": "a", "message": "hi"}', 200)):
        connection.request("POST", PATH, body)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_rest_unexpected_error_names_nothing(client, monkeypatch, caplog):
    def fail(*arguments):
        raise RuntimeError("/secret/path")

    monkeypatch.setattr("bot.channels.rest.replies", fail)
    response = client.rest("hi")
    assert (response.status, response.body, response.headers["Retry-After"]) == (503, {"error": door.SENTENCES[503]}, "5")


@pytest.mark.parametrize(("method", "path"), [("OPTIONS", PATH), ("GET", "/webhooks/rest/")])
def test_rest_logs_no_line_for_a_body_of_no_bytes(client, caplog, method, path):
    response = client.call(method, path, data=b"")  # says Content-Length: 0
    assert response.status == 200 and caplog.records == []


def test_rest_logs_no_line_for_a_visitor_who_is_gone(client, agent, caplog):
    async def answer(text):
        await asyncio.sleep(0.3)
        return [say("Here I am.")]

    agent.answer = answer
    body = b'{"sender": "gone", "message": "hi"}'
    whole = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    for sent in (whole[:1], whole[:-1], whole):
        with socket.create_connection(("127.0.0.1", client.port)) as connection:
            connection.sendall(sent)
    assert texts(client.rest("and I am not")) == ["Here I am."]
    assert caplog.records == []


def test_rest_logs_no_text(client, agent, caplog):
    caplog.set_level(logging.INFO)
    agent.answer = lambda text: asyncio.sleep(0, [])
    client.rest("what my neighbour earns")
    client.rest("/what my neighbour earns")
    assert "neighbour" not in caplog.text
