"""The messaging platforms: requests as the platforms send them, over HTTP, and what the platforms' own interfaces are sent in reply."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode

import pytest
from rasa.core.run import _create_single_channel
from rasa.shared.exceptions import RasaException

from bot import knowledge as knowledge_module
from bot import settings
from bot.channels import conversation, platform
from bot.channels.message import TYPED_SLASH
from bot.channels.messenger import MessengerInput
from bot.channels.platform import shaped
from bot.channels.slack import SlackInput
from bot.channels.telegram import TelegramInput, TelegramOutput
from bot.channels.twilio import TwilioInput
from tests.channel.stub_server import say

TEXT = "$299 in 2022 for the CCA & more.\n\nSource: career blog (2022)"
LINES = "$299 in 2022 for the CCA & more.\nSource: career blog (2022)"
BUTTONS = [{"title": "Starting pay", "payload": "/ask_entry_level_pay"}, {"title": "Exam fees", "payload": "/ask_exam_cost"}]
LONG_TITLE = {"title": "What the exam costs today", "payload": "/ask_exam_cost"}
NUMBERED = "1. Starting pay\n2. Exam fees\nReply with a number, or just ask."
TWILIO_URL = "https://chat.college.example/webhooks/twilio/webhook"


class Platform(ABC):
    """A platform's side: its credentials, how it sends a message, and what it was sent."""

    credentials: dict = {}
    channel: type

    @abstractmethod
    def signed(self, body: bytes) -> dict[str, str]:
        """Returns the headers by which the platform proves itself."""

    @abstractmethod
    def request(self, text: str, message_id: str) -> tuple[bytes, str]:
        """Returns body and content type of a message."""

    @abstractmethod
    def sent(self, path: str, body: bytes) -> list:
        """Returns [recipient, text, button titles and payloads] of what the interface was sent; nothing if it is no message."""


class Slack(Platform):
    channel = SlackInput
    credentials = {"slack_token": "xoxb-1", "slack_signing_secret": "8f742231b10e8888abcd99yyyzzz85a5"}

    def signed(self, body):
        now = str(int(time.time()))
        signature = hmac.new(self.credentials["slack_signing_secret"].encode(), f"v0:{now}:".encode() + body, hashlib.sha256).hexdigest()
        return {"X_Slack_Request_Timestamp": now, "X_Slack_Signature": f"v0={signature}"}

    def request(self, text, message_id):
        event = {"type": "message", "channel": "D024BE91L", "user": "U2147483697", "text": text, "ts": "1355517523.000005", "channel_type": "im"}
        body = {"token": "z26uFbvR1xHJEdHE1OQiO6t8", "team_id": "T061EG9RZ", "event": event, "type": "event_callback", "event_id": message_id}
        return json.dumps(body).encode(), "application/json"

    def sent(self, path, body):
        content = json.loads(body) if body.startswith(b"{") else {key: values[0] for key, values in parse_qs(body.decode()).items()}
        blocks = content.get("blocks", [])
        blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
        buttons = [[button["text"]["text"], button["value"]] for block in blocks if block["type"] == "actions" for button in block["elements"]]
        return [content["channel"], content["text"], buttons]


class Telegram(Platform):
    channel = TelegramInput
    credentials = {
        "access_token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        "verify": "coder_bot",
        "webhook_url": "https://x/",
        "secret_token": "u" * 32,
    }

    def signed(self, body):
        return {"X_Telegram_Bot_Api_Secret_Token": self.credentials["secret_token"]}

    def request(self, text, message_id):
        chat = {"id": 1111111, "type": "private", "first_name": "Ann", "last_name": "Lee", "username": "ann"}
        message = {"message_id": 1365, "date": 1441645532, "chat": chat, "from": {"id": 1111111, "is_bot": False, "first_name": "Ann"}, "text": text}
        return json.dumps({"update_id": int(message_id), "message": message}).encode(), "application/json"

    def sent(self, path, body):
        if not path.endswith("/sendMessage"):
            return []
        content = {key: values[0] for key, values in parse_qs(body.decode()).items()} or json.loads(body)
        markup = json.loads(content.get("reply_markup", '{"inline_keyboard": []}'))
        return [
            content["chat_id"],
            content["text"],
            [[button["text"], button["callback_data"]] for row in markup["inline_keyboard"] for button in row],
        ]


class Twilio(Platform):
    channel = TwilioInput
    credentials = {"account_sid": "AC1", "auth_token": "12345", "twilio_number": "+15550100", "webhook_url": TWILIO_URL}

    def signed(self, body):
        fields = parse_qs(body.decode(), keep_blank_values=True)
        text = TWILIO_URL + "".join(name + fields[name][0] for name in sorted(fields))
        return {"X_Twilio_Signature": base64.b64encode(hmac.new(b"12345", text.encode(), hashlib.sha1).digest()).decode()}

    def request(self, text, message_id):
        fields = {"ToCountry": "US", "MessageSid": message_id, "NumMedia": "0", "ToCity": "", "FromZip": "94102", "SmsStatus": "received"}
        return urlencode({**fields, "Body": text, "To": "+15550100", "From": "+14017122661", "AccountSid": "AC1"}).encode(), FORM

    def sent(self, path, body):
        content = parse_qs(body.decode())
        assert content["From"] == ["+15550100"]
        return [content["To"][0], content["Body"][0], []]


class Messenger(Platform):
    channel = MessengerInput
    credentials = {"verify": "v" * 32, "secret": "s" * 32, "page-access-token": "p"}

    def signed(self, body):
        return {"X_Hub_Signature_256": "sha256=" + hmac.new(b"s" * 32, body, hashlib.sha256).hexdigest()}

    def request(self, text, message_id):
        message = {"sender": {"id": "254459191230"}, "recipient": {"id": "682498171"}, "timestamp": 1458668856463}
        message["message"] = {"mid": message_id, "text": text}
        return json.dumps(
            {"object": "page", "entry": [{"id": "682498171", "time": 1458668856451, "messaging": [message]}]}
        ).encode(), "application/json"

    def sent(self, path, body):
        content = json.loads(body)
        message = content["message"]
        if "text" in message:
            return [content["recipient"]["id"], message["text"], []]
        shown = message["attachment"]["payload"]
        assert shown["template_type"] == "button" and all(button["type"] == "postback" for button in shown["buttons"])
        return [content["recipient"]["id"], shown["text"], [[button["title"], button["payload"]] for button in shown["buttons"]]]


FORM = "application/x-www-form-urlencoded"
PLATFORMS = [Slack, Telegram, Twilio, Messenger]
RECIPIENTS = {Slack: "D024BE91L", Telegram: "1111111", Twilio: "+14017122661", Messenger: "254459191230"}


@pytest.fixture
def interface(monkeypatch):
    """The platforms' own interfaces, which keep what they are sent: [(path, body)]."""
    calls: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            calls.append((self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0))))
            result = {"id": 1, "is_bot": True, "first_name": "Coder", "username": "coder_bot"} if self.path.endswith("/getMe") else True
            if self.path.endswith("/sendMessage"):
                result = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}
            answer = json.dumps({"ok": True, "result": result, "sid": "SM1", "status": "queued"}).encode()
            self.send_response(201 if "Accounts" in self.path else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    redirect(monkeypatch, f"http://127.0.0.1:{server.server_port}")
    yield calls
    server.shutdown()
    server.server_close()


def redirect(monkeypatch, url):
    """Has the platforms' clients talk to another address; all else of them is as it is."""
    from aiogram.bot.api import TelegramAPIServer
    from twilio.http.http_client import TwilioHttpClient

    def then(owner, name, change):
        original = getattr(owner, name)

        def changed(*arguments, **options):
            result = original(*arguments, **options)
            change(result if result is not None else arguments[0])
            return result

        monkeypatch.setattr(owner, name, changed)

    then(SlackInput, "get_output_channel", lambda output: setattr(output.client, "base_url", f"{url}/slack/"))
    then(MessengerInput, "get_output_channel", lambda output: setattr(output.messenger_client, "graph_url", url))
    then(TelegramOutput, "__init__", lambda output: setattr(output, "server", TelegramAPIServer.from_base(url)))
    original = TwilioHttpClient.request

    def request(self, method, uri, *arguments, **options):
        return original(self, method, uri.replace("https://api.twilio.com", url), *arguments, **options)

    monkeypatch.setattr(TwilioHttpClient, "request", request)


@pytest.fixture(params=PLATFORMS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.fixture
def site_of(kind, start, agent, interface):
    """A server with the platform's channel, and the platform: send(text, id) gives what the visitor is sent."""
    channel = _create_single_channel(f"{kind.channel.__module__}.{kind.channel.__name__}", dict(kind.credentials))
    client = start(agent, channel)
    path = f"/webhooks/{channel.name()}/webhook"
    agent.answer = lambda text: [say(TEXT, BUTTONS)]

    class Sender(kind):
        def post(self, text, message_id="17", **headers):
            body, content_type = self.request(text, message_id)
            return client.call("POST", path, data=body, Content_Type=content_type, **{**self.signed(body), **headers})

        def send(self, text, message_id="17", expected=1):
            before = len(self.received())
            response = self.post(text, message_id)
            assert response.status in (200, 204), response.body
            until = time.monotonic() + 10
            while len(self.received()) < before + expected and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.05)
            return self.received()[before:]

        def received(self):
            return [sent for sent in (self.sent(called, body) for called, body in list(interface)) if sent]

    return Sender()


GOLDEN = {
    Slack: [LINES.replace("&", "&amp;"), [["Starting pay", "/ask_entry_level_pay"], ["Exam fees", "/ask_exam_cost"]]],
    Telegram: [LINES, [["Starting pay", "/ask_entry_level_pay"], ["Exam fees", "/ask_exam_cost"]]],
    Twilio: [f"{LINES}\n{NUMBERED}", []],
    Messenger: [LINES, [["Starting pay", "/ask_entry_level_pay"], ["Exam fees", "/ask_exam_cost"]]],
}


def test_message_gets_its_reply(site_of, kind, agent):
    assert site_of.send("what does the CCA cost") == [[RECIPIENTS[kind], *GOLDEN[kind]]]
    assert [message.text for message in agent.heard] == ["what does the CCA cost"]
    assert agent.heard[0].sender_id.startswith(f"platform-{site_of.channel.name()}-")


@pytest.mark.parametrize("chosen", ["2", "/ask_exam_cost"])
def test_choice_is_a_number_or_the_button(site_of, agent, chosen):
    site_of.send("hi", "1")
    site_of.send(chosen, "2")
    assert agent.texts == ["hi", "/ask_exam_cost"]


def test_typed_command_is_none(site_of, agent):
    site_of.send("/restart_everything", "1")
    assert agent.texts == [TYPED_SLASH + "restart_everything"]


def test_message_delivered_twice_is_answered_once(site_of, agent):
    assert len(site_of.send("hi", "1")) == 1
    assert site_of.send("hi", "1", expected=0) == []
    assert len(agent.heard) == 1
    assert len(site_of.send("hi", "2")) == 1


@pytest.mark.parametrize("spoiled", ["no signature", "wrong signature"])
def test_request_that_the_platform_did_not_send_is_refused(site_of, agent, spoiled):
    body, _ = site_of.request("hi", "1")
    (name, good) = list(site_of.signed(body).items())[-1]
    wrong = good[:-4] + ("0000" if good[-4:] != "0000" else "1111")
    assert_refused(site_of, agent, {name: "" if spoiled == "no signature" else wrong})


@pytest.mark.parametrize("kind", [Slack, Twilio, Messenger], indirect=True)  # Telegram sends a secret, the same with each request
def test_signature_of_another_request_is_refused(site_of, agent):
    body, _ = site_of.request("hi", "1")
    (name, other) = list(site_of.signed(body + b"&x=1").items())[-1]
    assert_refused(site_of, agent, {name: other})


def assert_refused(site_of, agent, forged: dict[str, str]) -> None:
    response = site_of.post("hi", "1", **forged)
    assert response.status == 401
    assert response.body == {"error": f"The request does not carry the signature of {site_of.channel.name()}. Check the secret in the credentials."}
    assert agent.heard == [] and site_of.received() == []


def test_text_that_is_too_long_is_said(site_of, kind, agent):
    ((_, text, _),) = site_of.send("x" * 1001)
    assert text == "Your message has 1001 characters; I can read at most 1000. Please ask in fewer words." and agent.heard == []


def test_fault_is_an_apology(site_of, agent):
    def fail(text):
        raise RuntimeError("nonsense")

    agent.answer = fail
    ((_, text, _),) = site_of.send("hi")
    assert text == conversation.apology()


def test_personal_data_is_masked(site_of, agent):
    replies = site_of.send("my ssn is 987-65-4321, what do coders earn", expected=2)
    assert agent.texts == ["my ssn is [social security number], what do coders earn"]
    assert replies[-1][1].startswith("A note on privacy") and len(replies) == 2


def test_health_needs_no_signature(site_of, start, kind, agent):
    client = start(agent, _create_single_channel(f"{kind.channel.__module__}.{kind.channel.__name__}", dict(kind.credentials)))
    assert client.call("GET", f"/webhooks/{kind.channel.name()}/").body == {"status": "ok"}


def test_missing_secret_stops_the_start(kind):
    for key in kind.credentials:
        if key not in ("slack_token", "account_sid", "twilio_number"):
            credentials = {name: value for name, value in kind.credentials.items() if name != key}
            with pytest.raises(RasaException):
                _create_single_channel(f"{kind.channel.__module__}.{kind.channel.__name__}", credentials)


def test_credentials_take_secrets_from_the_environment(tmp_path, monkeypatch):
    from rasa.core.run import create_http_input_channels

    file = tmp_path / "credentials.yml"
    file.write_text("bot.channels.slack.SlackInput:\n  slack_token: ${SLACK_TOKEN}\n  slack_signing_secret: ${SLACK_SIGNING_SECRET}\n")
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-2")
    with pytest.raises(RasaException, match="SLACK_SIGNING_SECRET"):
        create_http_input_channels(None, str(file))
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "t" * 32)
    (channel,) = create_http_input_channels(None, str(file))
    assert (channel.slack_token, channel.slack_signing_secret) == ("xoxb-2", "t" * 32)


def test_telegram_is_told_the_secret_and_greets_who_opens_the_chat(start, agent, interface):
    start(agent, TelegramInput.from_credentials(dict(Telegram.credentials)))
    ((path, body),) = interface
    assert path.endswith("/setWebhook") and parse_qs(body.decode()) == {"url": ["https://x/"], "secret_token": ["u" * 32]}
    assert TelegramInput.from_credentials(dict(Telegram.credentials)).read("/start") == "hello"


def test_telegram_webhook_cannot_be_moved_by_others(start, agent, interface):
    client = start(agent, TelegramInput.from_credentials(dict(Telegram.credentials)))
    assert client.call("GET", "/webhooks/telegram/set_webhook").status == 401 and len(interface) == 1


def test_twilio_signature_is_that_of_twilios_documentation():
    channel = TwilioInput("AC1", "12345", "+1")
    channel.webhook_url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309", "To": "+18005551212"}

    class Request:
        method, body, headers = "POST", urlencode(fields).encode(), {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}

    assert channel.is_genuine(Request) is True
    Request.body += b"&More=1"
    assert channel.is_genuine(Request) is False


def test_messenger_verification_and_several_messages_at_once(start, agent, interface):
    client = start(agent, MessengerInput.from_credentials(dict(Messenger.credentials)))
    path = "/webhooks/facebook/webhook?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    assert client.call("GET", path + "v" * 32).body == b"1158201444"
    assert client.call("GET", path + "wrong").status == 401
    first, second = (json.loads(Messenger().request(text, text)[0])["entry"][0] for text in ("one", "two"))
    picture = json.loads(Messenger().request("", "three")[0])["entry"][0]
    body = json.dumps({"object": "page", "entry": [first, second, picture]}).encode()
    assert client.call("POST", "/webhooks/facebook/webhook", data=body, **Messenger().signed(body)).status == 200
    assert agent.texts == ["one", "two"]
    assert [Messenger().sent(*call)[1] for call in interface] == ["You said: one", "You said: two", platform.TEXT_ONLY]


@pytest.mark.parametrize("topic", knowledge_module.load().topics)
def test_every_answer_is_well_formed_on_every_platform(topic, knowledge):
    known = knowledge
    text = f"{known.fill(known.topics[topic].answer)} {known.fill(known.topics[topic].more or '')}\n\nSources: " + "; ".join(
        ["a source of some length (2021)"] * 4
    )
    buttons = [{"title": known.topics[name].label, "payload": f"/ask_{name}"} for name in known.topics[topic].related[:3]]
    for kind in PLATFORMS:
        form = kind.channel.form
        parts = shaped(text, buttons, form)
        assert all(0 < len(part) <= form.characters_max and "\n\n" not in part for part, _ in parts)
        assert "".join("".join(part for part, _ in parts).split()).startswith("".join(text.split())), "nothing is left out"
        *before, (last, shown) = parts
        assert all(more == [] for _, more in before)
        if shown:
            assert len(last) <= form.characters_max_with_buttons and shown == buttons
            assert all(len(b["title"]) <= form.title_characters_max and len(b["payload"].encode()) <= form.payload_bytes_max for b in shown)
        else:
            assert all(f"{number}. {button['title']}" in last for number, button in enumerate(buttons, 1))


def test_buttons_that_do_not_fit_become_numbers():
    assert shaped("Which?", [LONG_TITLE], Messenger.channel.form) == [(f"Which?\n1. {LONG_TITLE['title']}\n{platform.NUMBERED}", [])]
    assert shaped("Which?", [LONG_TITLE], Telegram.channel.form) == [("Which?", [LONG_TITLE])]
    assert shaped("Which?", BUTTONS * 2, Messenger.channel.form)[0][1] == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("short", ["short"]),
        ("One two. Three four five.", ["One two.", "Three four", "five."]),
        ("line one\nline two", ["line one", "line two"]),
        ("x" * 25, ["x" * 10, "x" * 10, "x" * 5]),
        ("0123456789", ["0123456789"]),
    ],
)
def test_long_text_is_cut_where_it_reads_well(text, parts):
    assert platform.split(text, 10) == parts


def test_limit_of_the_site_is_the_limit_of_the_platforms(site_of, site, agent):
    site(limits={"message_characters": 5})
    ((_, text, _),) = site_of.send("too long")
    assert text.endswith("I can read at most 5. Please ask in fewer words.") and settings.in_force().limits.message_characters == 5
