"""The chat widget's server side: its page and files, sessions, messages, history, feedback, deletion and health."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import re
from dataclasses import asdict
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, empty, redirect
from sanic.response import json as json_response

from bot import knowledge, metrics, settings, store
from bot.channels import conversation, door, message
from bot.channels.conversation import ConversationEndedError, ForgedButtonError, Incoming, NotReadyError, Turn, Utterance
from bot.channels.session import Sessions, session_secret
from bot.knowledge import HOME, ROOT
from bot.strict_yaml import ProblemsError

FOLDERS = tuple(dict.fromkeys((ROOT / "widget", HOME / "widget")))  # a career's files in place of those of the same name
CONTENT_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PAGE = "index.html"
PREFIX = "/webhooks/widget"
PAYLOAD_CHARACTERS_MAX = 200  # the longest payload of an answer has 34; room for a label of the advice
PATH_CHARACTERS_MAX = 200  # of the page that the widget stands on
PREFLIGHT_SECONDS = 600  # how long a browser may remember what is allowed; the shortest that all browsers honour
HEALTH_SECONDS = 1
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

NO_SESSION = "The session is unknown or over. Open a new one."
LATER = "The assistant cannot do that just now. Try again in a few seconds."

logger = logging.getLogger(__name__)


class WidgetInput(InputChannel):
    """The channel of the chat widget."""

    def __init__(self, *folders: Path) -> None:
        """Reads the files of the folders, FOLDERS unless given, and the secret that signs sessions."""
        files = {file.name: file for folder in folders or FOLDERS for file in sorted(folder.glob("*")) if file.suffix in CONTENT_TYPES}
        self._files = {name: StaticFile(file) for name, file in files.items()}
        self._sessions = Sessions(session_secret())
        self._metrics_secret = door.secret("BOT_METRICS_SECRET")

    @classmethod
    def name(cls) -> str:
        """Returns the channel's name, as in its address."""
        return "widget"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Returns the channel's addresses. (Messages go to the agent in order and within time, not through `on_new_message`.)"""
        blueprint = Blueprint("widget")
        door.guard(blueprint)

        @blueprint.listener("before_server_start")
        async def watch_origins(app: Sanic, loop: Any) -> None:
            # First of all on the way in and last on the way out: Rasa's own handling of origins knows one list for all channels.
            app.request_middleware.appendleft(_check_origin)
            app.response_middleware.append(_allow_origin)  # type: ignore[arg-type]

        routes: List[Tuple[str, str, Callable[..., Any]]] = [
            ("GET", "/", self._page),
            *(("GET", f"/{name}", file.response) for name, file in self._files.items()),
            ("GET", "/health", self._health),
            ("GET", "/metrics", self._metrics),
            ("GET", "/config", self._config),
            ("POST", "/session", self._open_session),
            ("GET", "/messages", self._history),
            ("POST", "/messages", self._receive),
            ("POST", "/feedback", self._rate),
            ("DELETE", "/conversation", self._forget),
        ]
        for number, (method, path, handler) in enumerate(routes):
            blueprint.add_route(partial(handler), path, methods=[method], name=f"route_{number}")  # Sanic writes on what it is given
        return blueprint

    async def _page(self, request: Request) -> HTTPResponse:
        if not request.path.endswith("/"):  # else the page's relative links lead astray
            return redirect(f"{PREFIX}/")
        if PAGE not in self._files:
            raise door.Refused(404, "The page of the widget is not installed: the folder widget/ has no index.html.")
        return self._files[PAGE].response(request)

    async def _health(self, request: Request) -> HTTPResponse:
        status: Dict[str, Any] = {"status": "ready"}
        try:
            conversation.ready(_agent(request))
            await conversation.run(asyncio.sleep(0), HEALTH_SECONDS)
            problems = await asyncio.to_thread(lambda: knowledge.in_force().problems)
            if problems:
                status["warning"] = "The knowledge file was changed but does not pass the check; the old answers stay in force."
                status["problems"] = [asdict(problem) for problem in problems]
        except NotReadyError:
            status = {"status": "starting", "error": "The model is not loaded yet, or could not be loaded; the log says why."}
        except asyncio.TimeoutError:
            status = {"status": "busy", "error": "The assistant is held up by an action or a database; the log says by which."}
        except ProblemsError as error:  # there is none in force
            status = {"status": "broken", "error": "The knowledge file does not pass the check.", "problems": [asdict(one) for one in error.problems]}
        response = _json(status, 503 if "error" in status else 200)
        if "error" in status:
            response.headers["Retry-After"] = str(door.RETRY_SECONDS)
        return response

    async def _metrics(self, request: Request) -> HTTPResponse:
        if self._metrics_secret is None:
            if not door.is_from_this_machine(request):
                raise door.Refused(403, "The metrics are for this machine only. With BOT_METRICS_SECRET set, they are for all who send it.")
        elif not door.same_secret(door.bearer(request), self._metrics_secret):
            await door.count_request(request)
            raise door.Refused(401, "The secret is missing or wrong. Send it in the header Authorization: Bearer <secret>.")
        return door.harden(HTTPResponse(metrics.SERVER.text(), content_type=metrics.CONTENT_TYPE))

    async def _config(self, request: Request) -> HTTPResponse:
        await door.count_request(request)
        site = settings.in_force()
        office = site.office
        try:
            buttons = conversation.entry_buttons(conversation.ready(_agent(request)))
        except NotReadyError:
            buttons = []
        return _json(
            {
                "title": site.widget.title,
                "college": site.college,
                "message_characters_max": site.limits.message_characters,
                "greeting": site.widget.greeting,
                "buttons": buttons,
                "privacy": site.widget.privacy.replace("{kept_days}", str(site.kept_days)),
                "privacy_url": site.widget.privacy_url,
                "office": {"name": office.name, "email": office.email, "phone": office.phone, "hours": office.opening_hours},
                "kept_days": site.kept_days,
            }
        )

    async def _open_session(self, request: Request) -> HTTPResponse:
        await door.count_request(request)
        _content(request, ())
        conversation_id, session = self._sessions.open()
        await _run(request, conversation.open_conversation, conversation_id)
        return _json({"session": session}, 201)

    async def _history(self, request: Request) -> HTTPResponse:
        conversation_id = await self._conversation(request)
        turns = await _run(request, conversation.history, conversation_id)
        return _json({"messages": [item for turn in turns for item in (_visitor_message(turn), *_assistant_messages(turn))]})

    async def _receive(self, request: Request) -> HTTPResponse:
        conversation_id = await self._conversation(request)
        incoming = _incoming(_content(request, ("id", "text", "payload", "title", "page")), conversation_id)
        await door.count_message(self.name(), conversation_id)
        try:
            turn = await conversation.answer(_agent(request), incoming)
        except NotReadyError as error:
            raise door.Refused(503, door.SENTENCES[503], door.RETRY_SECONDS) from error
        except ConversationEndedError as error:
            raise door.Refused(401, NO_SESSION) from error
        except ForgedButtonError as error:
            raise door.Refused(400, "This button is not part of this conversation. Type the question instead.") from error
        return _json({"id": incoming.id, "messages": _assistant_messages(turn)})

    async def _rate(self, request: Request) -> HTTPResponse:
        conversation_id = await self._conversation(request)
        content = _content(request, ("message", "helpful"))
        message_id = door.text_field(content, "message", PAYLOAD_CHARACTERS_MAX)
        if not isinstance(content.get("helpful"), bool):
            raise door.Refused(400, '"helpful" is missing or neither true nor false. Send one of them.')
        await door.count_message(self.name(), conversation_id)
        turns = await _run(request, conversation.history, conversation_id)
        for turn in turns:
            for item in _assistant_messages(turn):
                if item["id"] == message_id and item["topic"]:
                    await _run(request, _keep_feedback, conversation_id, message_id, item["topic"], turn.text, content["helpful"])
                    return _empty(204)
        raise door.Refused(404, "There is no such answer in this conversation. Rate one that is.")

    async def _forget(self, request: Request) -> HTTPResponse:
        conversation_id = await self._conversation(request)
        await _run(request, conversation.delete_conversation, conversation_id)
        return _empty(204)

    async def _conversation(self, request: Request) -> str:
        """Returns the conversation of the request's session.

        Raises:
            Refused: too many requests, or no session.
        """
        await door.count_request(request)
        conversation_id = self._sessions.conversation(door.bearer(request))
        if conversation_id is None:
            raise door.Refused(401, NO_SESSION)
        return conversation_id


class StaticFile:
    """A file of the page, as it was at start."""

    def __init__(self, file: Path) -> None:
        """Reads and compresses it."""
        self._content = file.read_bytes()
        self._compressed = gzip.compress(self._content, mtime=0)
        self._tag = f'W/"{hashlib.sha256(self._content).hexdigest()[:32]}"'
        self._type = CONTENT_TYPES[file.suffix]

    def response(self, request: Request) -> HTTPResponse:
        """Returns the file, or that the browser has it already."""
        headers = {"ETag": self._tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}  # no-cache: kept, but asked for each time
        if self._type == "text/html":
            headers["Content-Security-Policy"] = _page_policy()
        if self._tag in request.headers.get("If-None-Match", ""):
            return door.harden(HTTPResponse(status=304, headers=headers))
        body = self._content
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body = self._compressed
            headers["Content-Encoding"] = "gzip"
        return door.harden(HTTPResponse(body, headers=headers, content_type=f"{self._type}; charset=utf-8"))


def _page_policy() -> str:
    """Returns what the page may load: its own files and server, nothing else; and who may show it in a frame."""
    framed_by = " ".join(["'self'", *settings.in_force().widget.framed_by])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {framed_by}"
    )


def _agent(request: Request) -> Optional[Agent]:
    return getattr(request.app.ctx, "agent", None)


def _json(content: Any, status: int = 200) -> HTTPResponse:
    return door.harden(json_response(content, status))


def _empty(status: int) -> HTTPResponse:
    return door.harden(empty(status))


async def _run(request: Request, work: Callable[..., Any], *arguments: Any) -> Any:
    """Returns the result of work with the agent.

    Raises:
        Refused: there is no such conversation, or the work fails or takes too long.
    """
    try:
        return await conversation.run(work(conversation.ready(_agent(request)), *arguments))
    except ConversationEndedError as error:
        raise door.Refused(401, NO_SESSION) from error
    except Exception as error:
        logger.error("widget: %s %s failed (%s).", request.method, request.path, type(error).__name__)
        raise door.Refused(503, LATER, door.RETRY_SECONDS) from error


async def _keep_feedback(agent: Agent, conversation_id: str, message_id: str, topic: str, wording: str, helpful: bool) -> None:
    await asyncio.to_thread(store.in_force().add_feedback, conversation_id, message_id, topic, wording, helpful)


def _content(request: Request, allowed: Tuple[str, ...]) -> Dict[str, Any]:
    """Returns the JSON object of the request.

    Raises:
        Refused: it is not sent as JSON, is no object, or has a key that is not allowed.
    """
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise door.Refused(415, "The request is not sent as JSON. Send it with Content-Type: application/json.")
    content = door.json_object(request)
    if set(content) - set(allowed):
        raise door.Refused(400, f"The request has an unknown key; allowed: {', '.join(allowed) or 'none'}. Leave it out.")
    return content


def _incoming(content: Dict[str, Any], conversation_id: str) -> Incoming:
    """Returns the message of a request.

    Raises:
        Refused: a field is missing or not as it must be.
    """
    message_id = content.get("id")
    if not isinstance(message_id, str) or not UUID.fullmatch(message_id):
        raise door.Refused(400, '"id" is missing or no UUID. Send a new UUID with each message.')
    if ("text" in content) == ("payload" in content):
        raise door.Refused(400, 'A message has either "text" or "payload". Send one of them.')
    if "title" in content:
        door.text_field(content, "title", PAYLOAD_CHARACTERS_MAX)  # what counts is the title of the button that was offered
    key = "text" if "text" in content else "payload"
    characters_max = settings.in_force().limits.message_characters if key == "text" else PAYLOAD_CHARACTERS_MAX
    text = message.clean(door.text_field(content, key, characters_max))
    if not text:
        raise door.Refused(400, f'"{key}" has nothing that can be read. Send some text.')
    return Incoming(WidgetInput.name(), conversation_id, text, message_id, True, key == "payload", _page_metadata(content.get("page")))


def _page_metadata(page: Any) -> Dict[str, Any]:
    """Returns the path of the page that the widget stands on, without its query, which may name the visitor."""
    if page is None:
        return {}
    if not isinstance(page, dict) or set(page) != {"path"}:
        raise door.Refused(400, '"page" is no object with the key path alone. Send {"path": "/..."} or leave it out.')
    path = message.clean(door.text_field(page, "path", PATH_CHARACTERS_MAX))
    if not path.startswith("/"):
        raise door.Refused(400, '"path" does not begin with a slash. Send the path of the page.')
    return {"page": re.split(r"[?#]", path)[0]}


def _visitor_message(turn: Turn) -> Dict[str, Any]:
    return _message(turn.id, "visitor", Utterance(turn.text, turn.time))


def _assistant_messages(turn: Turn) -> List[Dict[str, Any]]:
    """Returns the assistant's messages of a turn; their ids are the same whenever they are asked for."""
    if turn.utterances:
        items = [_message(f"{turn.id}.{number}", "assistant", utterance) for number, utterance in enumerate(turn.utterances, 1)]
    else:
        items = [_message(f"{turn.id}.0", "assistant", Utterance(conversation.apology(), turn.time))]
    if turn.notice:
        items.append(_message(f"{turn.id}.privacy", "assistant", Utterance(conversation.PRIVACY_NOTICE, turn.time)))
    return items


def _message(message_id: str, sender: str, utterance: Utterance) -> Dict[str, Any]:
    card = utterance.card
    return {
        "id": message_id,
        "from": sender,
        "text": utterance.text,
        "time": datetime.fromtimestamp(utterance.time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "buttons": [{"title": button["title"], "payload": button["payload"]} for button in utterance.buttons],
        "card": card,
        "topic": card["topic"] if card and card.get("card") == "answer" else None,
    }


def _allowed(request: Request) -> bool:
    """Returns whether the page that sends the request may do so: one of this server's own, or of a site in the settings."""
    origin = request.headers.get("Origin")
    return origin is None or origin in settings.in_force().widget.origins or urlsplit(origin).netloc == request.headers.get("Host")


def _is_ours(request: Request) -> bool:
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


async def _check_origin(request: Request) -> Optional[HTTPResponse]:
    """Refuses pages of other sites, and answers a browser that asks beforehand."""
    if request.path == "/" and request.method == "GET":  # Rasa would tell its version
        return redirect(f"{PREFIX}/")
    if not _is_ours(request):
        return None
    if not _allowed(request):
        raise door.Refused(403, "This site may not use the assistant. Its owner can add the site to widget.origins in settings.yml.")
    if request.method == "OPTIONS":
        response = _empty(204)
        response.headers["Allow"] = "GET, POST, DELETE, OPTIONS"
        return response
    return None


async def _allow_origin(request: Request, response: HTTPResponse) -> None:
    """Tells the browser that a page of an allowed site may read the response."""
    if not _is_ours(request):
        return
    response.headers["Vary"] = "Origin, Accept-Encoding"
    for rasas in ("Access-Control-Allow-Credentials", "Access-Control-Expose-Headers"):
        response.headers.pop(rasas, None)
    origin = request.headers.get("Origin")
    if origin is None or not _allowed(request):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
