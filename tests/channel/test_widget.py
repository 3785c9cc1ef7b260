"""The widget's HTTP interface over real HTTP, before a stub agent."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from rasa.core.tracker_store import FailSafeTrackerStore, SQLTrackerStore
from rasa.shared.core.events import ActiveLoop, SlotSet

from bot import knowledge, outcomes, settings, store
from bot.channels import conversation, door, session
from bot.channels.message import TYPED_SLASH
from bot.channels.widget import LATER, NO_SESSION
from bot.knowledge import ROOT
from tests.channel.stub_server import CARD, PAY_BUTTONS, StubAgent, say

ELSEWHERE = "https://www.college.example"
FORGED = "This button is not part of this conversation. Type the question instead."
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def kept(monkeypatch):
    """What the store is told: a list of calls."""
    calls = []

    class Store:
        def add_feedback(self, *arguments):
            calls.append(("feedback", *arguments))

        def forget(self, conversation):
            calls.append(("forget", conversation))
            return {}

    monkeypatch.setattr(store, "in_force", lambda: Store())
    return calls


def message_of(id, sender, text, **more):
    return {"id": id, "from": sender, "text": text, "buttons": [], "card": None, "topic": None, **more}


def without_time(messages):
    assert all(TIME.fullmatch(message["time"]) for message in messages)
    return [{key: value for key, value in message.items() if key != "time"} for message in messages]


def texts(response):
    assert response.status == 200
    return [message["text"] for message in response.body["messages"]]


# The page and its files


def test_widget_page_has_a_strict_policy(client):
    response = client.widget("GET", "/")
    assert response.status == 200 and response.body.startswith(b"<!doctype html>")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


def test_widget_page_may_be_framed_by_sites_in_the_settings(client, site):
    site(widget={"framed_by": [ELSEWHERE]})
    assert client.widget("GET", "/").headers["Content-Security-Policy"].endswith(f"frame-ancestors 'self' {ELSEWHERE}")


@pytest.mark.parametrize("path", ["/", "/webhooks/widget"])
def test_widget_page_is_where_a_visitor_looks_for_it(client, path):
    response = client.call("GET", path)
    assert (response.status, response.headers["Location"]) == (302, "/webhooks/widget/")


def test_widget_script_is_kept_by_browsers_and_asked_for_each_time(client, folder):
    content = (folder / "career-chat.js").read_bytes()
    response = client.widget("GET", "/career-chat.js")
    assert (response.body, response.headers["Content-Type"]) == (content, "text/javascript; charset=utf-8")
    assert response.headers["Cache-Control"] == "no-cache"
    again = client.widget("GET", "/career-chat.js", If_None_Match=response.headers["ETag"])
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", response.headers["ETag"])
    packed = client.widget("GET", "/career-chat.js", Accept_Encoding="gzip, br")
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == content and len(packed.body) < len(content)
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.parametrize(
    "path", ["/secret.pem", "/../settings.yml", "/%2e%2e/settings.yml", "/..%2fsettings.yml", "/career-chat.js/", "/index", "//etc/passwd"]
)
def test_widget_serves_no_other_file(client, path):
    response = client.widget("GET", path)
    if path == "/career-chat.js/":
        assert response.status == 200  # the same file
    else:
        assert (response.status, response.body) == (404, {"error": "There is nothing at this address."})


def test_widget_without_page_says_so(start, agent, folder):
    (folder / "index.html").unlink()
    response = start(agent).widget("GET", "/")
    assert (response.status, response.body) == (404, {"error": "The page of the widget is not installed: the folder widget/ has no index.html."})


def test_widget_config_is_what_the_page_needs(client, site):
    site(
        widget={"title": "Ask us", "greeting": "Hello.", "privacy": "Kept {kept_days} days.", "privacy_url": "https://college.example/privacy"},
        kept_days=7,
    )
    office = settings.in_force().office
    response = client.widget("GET", "/config")
    assert (response.status, response.body) == (
        200,
        {
            "title": "Ask us",
            "college": settings.in_force().college,
            "message_characters_max": 1000,
            "greeting": "Hello.",
            "buttons": [{"title": "Exam fees", "payload": "/ask_exam_cost"}],
            "privacy": "Kept 7 days.",
            "privacy_url": "https://college.example/privacy",
            "office": {"name": office.name, "email": office.email, "phone": office.phone, "hours": office.opening_hours},
            "kept_days": 7,
        },
    )
    assert response.headers["Cache-Control"] == "no-store"


# Health


def test_widget_health_is_ready(client):
    response = client.widget("GET", "/health")
    assert (response.status, response.body) == (200, {"status": "ready"})


@pytest.mark.parametrize("there", [False, True])
def test_widget_health_without_model(start, there):
    agent = StubAgent() if there else None
    if agent:
        agent.processor = None
    response = start(agent).widget("GET", "/health")
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert response.body == {"status": "starting", "error": "The model is not loaded yet, or could not be loaded; the log says why."}


def test_widget_health_when_something_blocks_the_agent(client, agent):
    agent.answer = lambda text: time.sleep(2) or [say("Late.")]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.rest)
        time.sleep(0.2)
        response = client.widget("GET", "/health")
        waiting.result()
    assert response.status == 503 and response.seconds < 2
    assert response.body == {"status": "busy", "error": "The assistant is held up by an action or a database; the log says by which."}


def test_widget_health_tells_of_a_knowledge_file_that_was_not_taken(client, monkeypatch, write_knowledge, line_of):
    folder = write_knowledge()
    file = knowledge.KnowledgeFile(folder)
    monkeypatch.setattr(knowledge, "in_force", lambda: file)
    assert client.widget("GET", "/health").body == {"status": "ready"}
    write_knowledge(("  pay:\n", "  Pay!:\n"))
    assert client.widget("GET", "/health").body == {
        "status": "ready",
        "warning": "The knowledge file was changed but does not pass the check; the old answers stay in force.",
        "problems": [
            {
                "file": "knowledge/medical_coding.yml",
                "line": line_of(folder / "medical_coding.yml", "related: [pay, advice]"),
                "message": "topic 'exam_cost': related topic 'pay' does not exist or is itself. Name another topic's id.",
            },
            {
                "file": "knowledge/medical_coding.yml",
                "line": line_of(folder / "medical_coding.yml", "Pay!"),
                "message": "topic 'Pay!': a topic's id is lower case letters, digits and underscores. Rename it.",
            },
        ],
    }
    write_knowledge(("Ask people who code", "Ask those who code"))
    assert client.widget("GET", "/health").body == {"status": "ready"}


# Sessions


def test_widget_sessions_are_unguessable_and_apart(client):
    first, second = client.open(), client.open()
    client.write(first, "mine")
    assert [message["text"] for message in client.history(first)] == ["mine", "You said: mine"]
    assert client.history(second) == []
    ids = {session.Sessions("s" * 32).conversation(token) for token in (first, second)}
    assert len(ids) == 2 and all(re.fullmatch(r"widget-[0-9a-f]{32}", id) for id in ids)


CALLS = [
    ("GET", "/messages", None),
    ("POST", "/messages", {"id": str(uuid.uuid4()), "text": "hi"}),
    ("POST", "/feedback", {"message": "x", "helpful": True}),
]


NO_SESSIONS = ["none", "empty", "no token", "another secret", "another scheme", "changed", "id alone", "over"]


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        *((*call, kind) for call in [*CALLS, ("DELETE", "/conversation", None)] for kind in NO_SESSIONS),
        *((*call, "never opened") for call in CALLS),
    ],
)
def test_widget_refuses_without_session(client, agent, site, method, path, body, kind):
    token = client.open()
    ours = session.Sessions("s" * 32)
    id = ours.conversation(token)
    if kind == "over":
        site(kept_days=-1)  # so many days after it was signed
    header = {
        "none": {},
        "empty": {"Authorization": "Bearer "},
        "no token": {"Authorization": "Bearer null"},
        "another secret": {"Authorization": f"Bearer {session.Sessions('x' * 32)._signer.dumps(id)}"},
        "another scheme": {"Authorization": f"Basic {token}"},
        "changed": {"Authorization": f"Bearer {token[:-2]}{'AA' if token[-2:] != 'AA' else 'BB'}"},
        "id alone": {"Authorization": f"Bearer {id}"},
        "never opened": {"Authorization": f"Bearer {ours.open()[1]}"},
        "over": {"Authorization": f"Bearer {token}"},
    }[kind]
    response = client.widget(method, path, body, **header)
    assert (response.status, response.body) == (401, {"error": NO_SESSION})
    assert agent.heard == []


def test_widget_session_is_known_to_another_server_with_the_same_secret(start, agent, client):
    token = client.open()
    client.write(token, "hi")
    assert start(agent).history(token) == client.history(token)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"conversation": "mine"}, 400, "The request has an unknown key; allowed: none. Leave it out."),
        ([], 400, "The request's body is not a JSON object. Send a JSON object."),
        (None, 415, "The request is not sent as JSON. Send it with Content-Type: application/json."),
    ],
)
def test_widget_refuses_odd_sessions(client, body, status, sentence):
    response = client.widget("POST", "/session", body)
    assert (response.status, response.body) == (status, {"error": sentence})


def test_session_secret_is_made_once_for_all_processes(tmp_path, monkeypatch):
    monkeypatch.delenv("BOT_SESSION_SECRET", raising=False)
    file = tmp_path / "var" / "session_secret"
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: session.session_secret(file), range(16)))
    assert len(secrets) == 1 and len(secrets.pop()) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_session_secret_that_cannot_be_kept_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.delenv("BOT_SESSION_SECRET", raising=False)
    (tmp_path / "var").write_text("a file, no folder")
    file = tmp_path / "var" / "session_secret"
    with pytest.raises(Exception) as caught:
        session.session_secret(file)
    assert str(caught.value) == f"{file}: the secret that signs sessions cannot be kept there: File exists. Set BOT_SESSION_SECRET."


# Messages


def test_widget_reply_is_one_message_with_text_buttons_and_card(client, agent):
    agent.answer = lambda text: [say("First.\n\nStill the first.", PAY_BUTTONS, CARD), say("Second.", card={"card": "comparison", "title": "t"})]
    token, id = client.open(), str(uuid.uuid4())
    response = client.write(token, " what pays ", id=id)
    assert response.status == 200 and response.body["id"] == id
    assert without_time(response.body["messages"]) == [
        message_of(f"{id}.1", "assistant", "First.\n\nStill the first.", buttons=PAY_BUTTONS, card=CARD, topic="salary"),
        message_of(f"{id}.2", "assistant", "Second.", card={"card": "comparison", "title": "t"}),
    ]
    assert (agent.heard[0].input_channel, agent.heard[0].text) == ("widget", "what pays")


def test_widget_history_agrees_with_the_replies(client, agent):
    token = client.open()
    agent.answer = lambda text: [] if text == "silent" else [say("Pay.", PAY_BUTTONS, CARD), say("More.")]
    expected = []
    for wrote, shown in (
        ({"text": "pay"}, "pay"),
        ({"text": "2"}, "2"),
        ({"payload": PAY_BUTTONS[0]["payload"]}, "Starting pay"),
        ({"payload": "/ask_exam_cost"}, "Exam fees"),
        ({"text": "/restart"}, "/restart"),
        ({"text": "silent"}, "silent"),
        ({"text": "I am jo@example.com"}, "I am [e-mail address]"),
    ):
        id = str(uuid.uuid4())
        expected.append(message_of(id, "visitor", shown))
        expected += without_time(client.write(token, id=id, **wrote).body["messages"])
    assert without_time(client.history(token)) == expected
    assert [message["text"] for message in expected[-3:]] == ["Pay.", "More.", conversation.PRIVACY_NOTICE]
    assert conversation.apology() in [message["text"] for message in expected]
    assert len({message["id"] for message in expected}) == len(expected)


def test_widget_same_id_is_answered_once(client, agent):
    token, id = client.open(), str(uuid.uuid4())
    first = client.write(token, "hi", id=id)
    assert client.write(token, "hi", id=id).body == first.body
    assert client.write(token, "something else", id=id).body == first.body
    assert agent.texts == ["hi"]
    assert len(client.history(token)) == 2


def test_widget_same_id_is_answered_once_across_a_restart(start, agent, tmp_path):
    agent.tracker_store = FailSafeTrackerStore(SQLTrackerStore(agent.domain, db=str(tmp_path / "conversations.db")))
    agent.answer = lambda text: [say("Pay.", PAY_BUTTONS, CARD)]
    client = start(agent)
    token, id = client.open(), str(uuid.uuid4())
    first = client.write(token, "hi", id=id)
    restarted = StubAgent()
    restarted.tracker_store = FailSafeTrackerStore(SQLTrackerStore(agent.domain, db=str(tmp_path / "conversations.db")))
    after = start(restarted)
    assert after.write(token, "hi", id=id).body == first.body
    assert restarted.heard == []
    assert after.history(token) == client.history(token)


def test_widget_same_id_meanwhile_waits_for_the_first(client, agent):
    async def slow(text):
        await asyncio.sleep(0.5)
        return [say("Once.")]

    agent.answer = slow
    token, id = client.open(), str(uuid.uuid4())
    with ThreadPoolExecutor() as pool:
        replies = list(pool.map(lambda _: client.write(token, "hi", id=id).body, range(4)))
    assert replies == [replies[0]] * 4 and replies[0]["messages"][0]["text"] == "Once."
    assert agent.texts == ["hi"]


def test_widget_same_id_in_another_conversation_is_another_message(client, agent):
    id = str(uuid.uuid4())
    for token in (client.open(), client.open()):
        client.write(token, "hi", id=id)
    assert agent.texts == ["hi", "hi"]


def test_widget_message_that_failed_is_tried_again_with_the_same_id(client, agent):
    def fail(text):
        raise ValueError(text)

    token, id = client.open(), str(uuid.uuid4())
    agent.answer = fail
    failed = client.write(token, "hi", id=id)
    assert without_time(failed.body["messages"]) == [message_of(f"{id}.0", "assistant", conversation.apology())]
    assert client.history(token) == []
    agent.answer = lambda text: [say("Back.")]
    assert without_time(client.write(token, "hi", id=id).body["messages"]) == [message_of(f"{id}.1", "assistant", "Back.")]


def test_widget_turn_goes_on_when_the_page_is_reloaded(client, agent):
    async def slow(text):
        await asyncio.sleep(0.5)
        return [say("There you are.")]

    agent.answer = slow
    token, id = client.open(), str(uuid.uuid4())
    body = json.dumps({"id": id, "text": "hi"}).encode()
    head = f"POST /webhooks/widget/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    import socket

    with socket.create_connection(("127.0.0.1", client.port)) as connection:
        connection.sendall(head.encode() + body)
        time.sleep(0.2)
    time.sleep(0.8)
    assert [message["text"] for message in client.history(token)] == ["hi", "There you are."]
    assert texts(client.write(token, "hi", id=id)) == ["There you are."] and agent.texts == ["hi"]


@pytest.mark.parametrize("fault", ["hangs", "blocks", "raises", "says nothing"])
def test_widget_always_replies_within_five_seconds(client, agent, fault):
    def fail(text):
        raise OSError("database is locked")

    token, id = client.open(), str(uuid.uuid4())
    agent.answer = {
        "hangs": lambda text: asyncio.sleep(60),
        "blocks": lambda text: time.sleep(6) or [],
        "raises": fail,
        "says nothing": lambda text: [],
    }[fault]
    response = client.write(token, "hi", id=id)
    assert response.seconds < 5
    assert without_time(response.body["messages"]) == [message_of(f"{id}.0", "assistant", conversation.apology())]
    if fault == "blocks":
        time.sleep(2)
    agent.answer = lambda text: [say("Back.")]
    assert texts(client.write(token, "and now?")) == ["Back."]


def test_widget_answers_without_database(start, agent, monkeypatch):
    client = start(agent)
    token = client.open()
    primary = agent.tracker_store._tracker_store

    async def fail(*arguments):
        raise OSError("database is locked")

    with monkeypatch.context() as broken:
        for method in ("retrieve", "retrieve_full_tracker", "save"):
            broken.setattr(primary, method, fail)
        assert texts(client.write(token, "hi")) == ["You said: hi", conversation.ANSWERED_ALONE_NOTICE]
        assert texts(client.write(token, payload="/ask_exam_cost")) == [conversation.apology()]  # whether it was offered cannot be known
        for method, path, body in (("GET", "/messages", None), ("POST", "/session", {}), ("POST", "/feedback", {"message": "x", "helpful": True})):
            response = client.widget(method, path, body, token)
            assert (response.status, response.body, response.headers["Retry-After"]) == (503, {"error": LATER}, "5")
    assert texts(client.write(token, "hi again")) == ["You said: hi again"]


@pytest.mark.parametrize("agent_there", [False, True])
def test_widget_without_model_asks_to_come_back(start, agent, agent_there):
    client = start(agent)
    token = client.open()
    agent.processor = None
    response = client.write(token, "hi")
    assert (response.status, response.body, response.headers["Retry-After"]) == (503, {"error": door.SENTENCES[503]}, "5")


ID = str(uuid.uuid4())


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, '"id" is missing or no UUID. Send a new UUID with each message.'),
        ({"id": 7, "text": "hi"}, '"id" is missing or no UUID. Send a new UUID with each message.'),
        ({"id": "1", "text": "hi"}, '"id" is missing or no UUID. Send a new UUID with each message.'),
        ({"id": ID + "\n", "text": "hi"}, '"id" is missing or no UUID. Send a new UUID with each message.'),
        ({"id": ID}, 'A message has either "text" or "payload". Send one of them.'),
        ({"id": ID, "text": "a", "payload": "/b"}, 'A message has either "text" or "payload". Send one of them.'),
        ({"id": ID, "text": None}, '"text" is missing or not a text. Send it as a text.'),
        ({"id": ID, "text": ["hi"]}, '"text" is missing or not a text. Send it as a text.'),
        ({"id": ID, "text": "  \u200b"}, '"text" has nothing that can be read. Send some text.'),
        ({"id": ID, "text": "m" * 1001}, '"text" has 1001 characters; at most 1000 are allowed. Shorten it.'),
        ({"id": ID, "payload": "/" + "m" * 200}, '"payload" has 201 characters; at most 200 are allowed. Shorten it.'),
        ({"id": ID, "payload": "/restart"}, FORGED),
        ({"id": ID, "payload": "/ask_salary"}, FORGED),
        ({"id": ID, "payload": "ask_exam_cost"}, FORGED),
        ({"id": ID, "payload": "/ask_exam_cost{}"}, FORGED),
        ({"id": ID, "payload": '/ask_exam_cost{"certification": "cca"}', "title": "Exam fees"}, FORGED),
        ({"id": ID, "payload": "hello"}, FORGED),
        ({"id": ID, "payload": "/ask_exam_cost", "title": 7}, '"title" is missing or not a text. Send it as a text.'),
        ({"id": ID, "text": "hi", "sender": "me"}, "The request has an unknown key; allowed: id, text, payload, title, page. Leave it out."),
        ({"id": ID, "text": "hi", "metadata": {}}, "The request has an unknown key; allowed: id, text, payload, title, page. Leave it out."),
        ({"id": ID, "text": "hi", "page": "/x"}, '"page" is no object with the key path alone. Send {"path": "/..."} or leave it out.'),
        ({"id": ID, "text": "hi", "page": {}}, '"page" is no object with the key path alone. Send {"path": "/..."} or leave it out.'),
        (
            {"id": ID, "text": "hi", "page": {"path": "/", "title": "x"}},
            '"page" is no object with the key path alone. Send {"path": "/..."} or leave it out.',
        ),
        ({"id": ID, "text": "hi", "page": {"path": 1}}, '"path" is missing or not a text. Send it as a text.'),
        ({"id": ID, "text": "hi", "page": {"path": "https://x"}}, '"path" does not begin with a slash. Send the path of the page.'),
        ({"id": ID, "text": "hi", "page": {"path": "/" + "p" * 200}}, '"path" has 201 characters; at most 200 are allowed. Shorten it.'),
    ],
)
def test_widget_refuses_messages(client, agent, body, sentence):
    token = client.open()
    response = client.widget("POST", "/messages", body, token)
    assert (response.status, response.body) == (400, {"error": sentence})
    assert agent.heard == [] and client.history(token) == [] and response.seconds < 1


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""])
def test_widget_takes_json_alone(client, kind):
    data = json.dumps({"id": ID, "text": "hi"}).encode()
    response = client.widget("POST", "/messages", None, client.open(), data, Content_Type=kind)
    assert (response.status, response.body) == (415, {"error": "The request is not sent as JSON. Send it with Content-Type: application/json."})


def test_widget_refuses_large_bodies(client):
    data = json.dumps({"id": ID, "text": "x" * 40000}).encode()
    response = client.widget("POST", "/messages", None, client.open(), data)
    assert (response.status, response.body) == (413, {"error": f"The request has {len(data)} bytes; at most 32768 are allowed. Shorten the message."})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/session"),
        ("PUT", "/messages"),
        ("DELETE", "/messages"),
        ("GET", "/feedback"),
        ("POST", "/conversation"),
        ("POST", "/health"),
        ("HEAD", "/"),
    ],
)
def test_widget_refuses_methods(client, method, path):
    response = client.widget(method, path)
    assert response.status == 405
    assert method == "HEAD" or response.body == {"error": "This address does not take that method."}


def test_widget_button_is_what_was_offered_whatever_title_is_sent(client, agent):
    agent.answer = lambda text: [say("Pay.", PAY_BUTTONS)]
    token = client.open()
    client.write(token, "pay")
    assert client.widget("POST", "/messages", {"id": ID, "payload": PAY_BUTTONS[0]["payload"], "title": "<b>Forged</b>"}, token).status == 200
    assert client.history(token)[2]["text"] == "Starting pay"
    other = client.open()
    assert client.write(other, payload=PAY_BUTTONS[0]["payload"]).body == {"error": FORGED}


def test_widget_button_may_stand_for_words(client, agent):
    agent.answer = lambda text: [say("What for?", [{"title": "A career change", "payload": "to change my career"}])]
    token = client.open()
    client.write(token, "advise me")
    client.write(token, payload="to change my career")
    client.write(token, "1")
    assert agent.texts == ["advise me", "to change my career", "to change my career"]
    assert [message["text"] for message in client.history(token) if message["from"] == "visitor"] == ["advise me", "A career change", "1"]


@pytest.mark.parametrize("text", ["/ask_exam_cost", " /ask_exam_cost", "/restart", '\u00a0/inform{"x":1}'])
def test_widget_typed_command_is_text(client, agent, text):
    client.write(client.open(), text)
    assert agent.texts == [TYPED_SLASH + text.strip()[1:]]


def test_widget_keeps_the_path_of_the_page_without_its_query(client, agent):
    client.write(client.open(), "hi", page={"path": "/apply?name=Jo#top"})
    assert agent.heard[0].metadata == {"page": "/apply"}


def test_widget_keeps_details_in_the_contact_form_after_an_hour(client, agent):
    token = client.open()
    agent.answer = lambda text: [ActiveLoop("contact_form"), SlotSet("contact_request", "r1"), say("Your e-mail address?")]
    client.write(token, "contact me")
    agent.answer = lambda text: [say("Thanks.")]
    assert texts(client.write(token, "jo@example.com")) == ["Thanks."]
    assert agent.texts[1] == "jo@example.com" and client.history(token)[2]["text"] == "jo@example.com"


def test_widget_limits_a_conversation(client, agent, site):
    site(limits={"conversation_messages_per_10_seconds": 2})
    token = client.open()
    assert [client.write(token, "hi").status for _ in range(2)] == [200, 200]
    refused = client.write(token, "hi")
    seconds = int(refused.headers["Retry-After"])
    assert (refused.status, refused.body) == (429, {"error": f"Too many messages at once. Try again in {seconds} second{'s' * (seconds > 1)}."})
    assert client.write(client.open(), "hi").status == 200


def test_widget_limits_an_address(client, site):
    site(limits={"address_requests_per_minute": 2})
    assert [client.widget("POST", "/session", {}).status for _ in range(3)] == [201, 201, 429]
    assert client.widget("GET", "/health").status == 200


# Feedback and deletion


def test_widget_feedback_is_kept_with_topic_and_wording(client, agent, kept):
    token, id = client.open(), str(uuid.uuid4())
    agent.answer = lambda text: [say("Hello."), say("Pay.", card=CARD)]
    client.write(token, "what pays, I am jo@example.com", id=id)
    for helpful in (True, False):
        response = client.widget("POST", "/feedback", {"message": f"{id}.2", "helpful": helpful}, token)
        assert (response.status, response.body) == (204, b"")
    wording = "what pays, I am [e-mail address]"
    whose = session.Sessions("s" * 32).conversation(token)
    assert kept == [("feedback", whose, f"{id}.2", "salary", wording, True), ("feedback", whose, f"{id}.2", "salary", wording, False)]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"message": "ID.1", "helpful": True}, 404, "There is no such answer in this conversation. Rate one that is."),
        ({"message": "ID", "helpful": True}, 404, "There is no such answer in this conversation. Rate one that is."),
        ({"message": "ID.9", "helpful": True}, 404, "There is no such answer in this conversation. Rate one that is."),
        ({"message": "OTHER.2", "helpful": True}, 404, "There is no such answer in this conversation. Rate one that is."),
        ({"message": "ID.2", "helpful": 1}, 400, '"helpful" is missing or neither true nor false. Send one of them.'),
        ({"message": "ID.2"}, 400, '"helpful" is missing or neither true nor false. Send one of them.'),
        ({"helpful": True}, 400, '"message" is missing or not a text. Send it as a text.'),
        ({"message": "ID.2", "helpful": True, "topic": "x"}, 400, "The request has an unknown key; allowed: message, helpful. Leave it out."),
    ],
)
def test_widget_refuses_feedback(client, agent, kept, body, status, sentence):
    agent.answer = lambda text: [say("Hello."), say("Pay.", card=CARD)]
    token, id, other = client.open(), str(uuid.uuid4()), str(uuid.uuid4())
    client.write(token, "pay", id=id)
    client.write(client.open(), "pay", id=other)
    if "message" in body:
        body = {**body, "message": body["message"].replace("ID", id).replace("OTHER", other)}
    response = client.widget("POST", "/feedback", body, token)
    assert (response.status, response.body, kept) == (status, {"error": sentence}, [])


def test_widget_feedback_without_database_is_a_sentence(client, agent, monkeypatch):
    class Broken:
        def add_feedback(self, *arguments):
            raise store.StoreError("The database is locked.")

    monkeypatch.setattr(store, "in_force", lambda: Broken())
    agent.answer = lambda text: [say("Pay.", card=CARD)]
    token, id = client.open(), str(uuid.uuid4())
    client.write(token, "pay", id=id)
    response = client.widget("POST", "/feedback", {"message": f"{id}.1", "helpful": True}, token)
    assert (response.status, response.body, response.headers["Retry-After"]) == (503, {"error": LATER}, "5")


@pytest.fixture(params=["memory", "SQL"])
def any_store(request, agent, tmp_path):
    """The agent with each kind of tracker store."""
    if request.param == "SQL":
        agent.tracker_store = FailSafeTrackerStore(SQLTrackerStore(agent.domain, db=str(tmp_path / "conversations.db")))
    return agent


def test_widget_deletes_the_conversation_and_ends_the_session(any_store, start, kept):
    client = start(any_store)
    token, other = client.open(), client.open()
    for one in (token, other):
        client.write(one, "hi")
    whose = session.Sessions("s" * 32).conversation(token)
    response = client.widget("DELETE", "/conversation", token=token)
    assert (response.status, response.body) == (204, b"")
    assert kept == [("forget", whose)]
    assert asyncio.run(any_store.tracker_store.keys()) != [] and whose not in list(asyncio.run(any_store.tracker_store.keys()))
    for method, path, body in CALLS:
        assert client.widget(method, path, body, token).status == 401
    assert len(client.history(other)) == 2


def test_widget_deletes_what_the_visitor_asks_the_assistant_to_delete(any_store, start, kept):
    client = start(any_store)
    token = client.open()
    client.write(token, "hi")
    any_store.answer = lambda text: [say("Done.", utter_action="utter_data_deleted")]
    assert texts(client.write(token, "yes")) == ["Done."]
    assert kept == [("forget", session.Sessions("s" * 32).conversation(token))]
    assert client.write(token, "hi").status == 401
    client.rest("delete my data", sender="rest-visitor")
    assert "rest-visitor" not in list(asyncio.run(any_store.tracker_store.keys()))


def test_widget_knows_the_replies_of_the_domain_by_name():
    responses = yaml.safe_load((ROOT / "domain.yml").read_text())["responses"]
    assert {conversation.DELETED, conversation.GREETING, outcomes.CONFUSED} <= set(responses)


def test_widget_apologizes_where_rasa_has_no_rule(client, agent):
    agent.answer = lambda text: [say("I lost the thread.", utter_action="utter_default")]
    token = client.open()
    assert texts(client.write(token, "hi")) == [conversation.apology()]
    assert [message["text"] for message in client.history(token)] == ["hi", conversation.apology()]


def test_widget_does_not_say_that_it_deleted_what_it_could_not(client, agent, monkeypatch):
    class Broken:
        def forget(self, conversation):
            raise store.StoreError("The database is locked.")

    monkeypatch.setattr(store, "in_force", lambda: Broken())
    token = client.open()
    agent.answer = lambda text: [say("Done.", utter_action="utter_data_deleted")]
    assert texts(client.write(token, "yes")) == [conversation.apology()]
    response = client.widget("DELETE", "/conversation", token=token)
    assert (response.status, response.body) == (503, {"error": LATER})
    assert client.widget("GET", "/messages", token=token).status == 200


# Other sites


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://www.college.example.evil.example",
        "https://www.college.example:444",
        "HTTPS://WWW.COLLEGE.EXAMPLE/x",
        "garbage",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/config"), ("POST", "/session"), ("OPTIONS", "/messages"), ("GET", "/career-chat.js"), ("GET", "/nothing")]
)
def test_widget_refuses_other_sites(client, site, origin, method, path):
    site(widget={"origins": [ELSEWHERE]})
    response = client.widget(method, path, {} if method == "POST" else None, Origin=origin)
    assert (response.status, response.body) == (
        403,
        {"error": "This site may not use the assistant. Its owner can add the site to widget.origins in settings.yml."},
    )
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("where", ["listed", "same"])
def test_widget_allows_listed_sites_and_its_own_page(client, site, where):
    site(widget={"origins": [ELSEWHERE]})
    origin = ELSEWHERE if where == "listed" else f"http://127.0.0.1:{client.port}"
    for method, path, status in (
        ("GET", "/config", 200),
        ("POST", "/session", 201),
        ("GET", "/messages", 401),
        ("GET", "/nothing", 404),
        ("GET", "/career-chat.js", 200),
    ):
        response = client.widget(method, path, {} if method == "POST" else None, Origin=origin)
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (status, origin)
        assert response.headers["Vary"] == "Origin, Accept-Encoding"
        assert response.headers["Access-Control-Expose-Headers"] == "Retry-After"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_widget_answers_a_browser_that_asks_beforehand(client, site):
    site(widget={"origins": [ELSEWHERE]})
    asked = {"Origin": ELSEWHERE, "Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization,content-type"}
    response = client.widget("OPTIONS", "/messages", **asked)
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == ELSEWHERE
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert response.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert response.headers["Access-Control-Max-Age"] == "600"


def test_widget_tells_listed_sites_why_it_refuses(client, site):
    site(widget={"origins": [ELSEWHERE]}, limits={"address_requests_per_minute": 1})
    client.widget("GET", "/config")
    response = client.widget("GET", "/config", Origin=ELSEWHERE)
    assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (429, ELSEWHERE)
    assert int(response.headers["Retry-After"]) >= 1


def test_rest_webhook_is_for_no_page(client, site):
    site(widget={"origins": [ELSEWHERE]})
    response = client.call("POST", "/webhooks/rest/webhook", {"sender": "a", "message": "hi"}, Origin=ELSEWHERE)
    assert "Access-Control-Allow-Origin" not in response.headers
