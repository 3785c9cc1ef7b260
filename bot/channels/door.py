"""The door of the server: request bodies, limits, secrets, and every refusal as one JSON sentence."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import logging
import os
import re
import resource
import threading
import time
from functools import lru_cache
from typing import Any, Optional

import limits
import limits.errors
import limits.storage
import limits.strategies
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, Sanic
from sanic.exceptions import RequestTimeout, SanicException, ServiceUnavailable
from sanic.http import Http, Stage
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response
from sanic.server.protocols.http_protocol import HttpProtocol

from bot import metrics, settings

BODY_BYTES_MAX = 32 * 1024  # the longest message, each character as two JSON escapes of six bytes, and the other fields, twice over
OTHER_BODY_BYTES_MAX = 1024 * 1024  # of other channels; the largest webhooks of messaging platforms are a tenth of this
REQUEST_SECONDS = 10  # to send the request from its first byte to its last; Sanic would begin anew with each byte, and slow senders hold connections
IDLE_SECONDS = 75  # for the next request of a connection; nginx keeps its own for 60
REDIS_SECONDS = 0.5  # a Redis that takes longer is taken as out of order, and the request is let in
REDIS_VARIABLE = "BOT_REDIS_URL"
PROXIES_VARIABLE = "BOT_PROXIES"  # goes before settings.yml: how many there are is a matter of how the servers are set up
RETRY_SECONDS = 5
SECRET_CHARACTERS_MIN = 32  # 128 bits in hexadecimal

SENTENCES = {
    400: "The request could not be read. Send a complete HTTP request with a JSON object.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    408: "The request took too long to arrive. Send it again.",
    411: "The request does not say how long it is. Send it with Content-Length, not in chunks.",
    413: "The request is too large. Shorten it.",
    417: "The request expects something that this server does not do. Send it without an Expect header.",
    503: "The assistant cannot answer just now. Try again in a minute.",
}

UNREADABLE = "NONE"  # the method of Sanic's stand-in for a request whose head cannot be read
WITH_BODY = ("POST", "PUT", "PATCH", UNREADABLE)
HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110; with a space before the colon proxies see another header than we do
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

logger = logging.getLogger(__name__)


class Refused(SanicException):
    """A request that is refused: its status, and the sentence that says what to do."""

    def __init__(self, status: int, sentence: str, retry_seconds: Optional[int] = None):
        super().__init__(sentence, status_code=status)
        self.retry_seconds = retry_seconds


def answer_refusal(request: Request, error: Exception) -> HTTPResponse:
    """Returns the JSON response for an error; for one that nobody expected, 503 without its text."""
    unexpected = 400 if request.method == UNREADABLE else 503
    status = error.status_code if isinstance(error, SanicException) else unexpected
    if isinstance(error, Refused):
        sentence, retry_seconds = str(error), error.retry_seconds
    else:
        status = status if status in SENTENCES else (400 if status < 500 else 503)
        sentence, retry_seconds = SENTENCES[status], RETRY_SECONDS if status == 503 else None
        # Who is gone reads no answer, and nothing failed.
        is_gone = isinstance(error, ServiceUnavailable) and request.transport.is_closing()  # type: ignore[attr-defined]
        if status == 503 and not is_gone:
            logger.error("%s while answering %s %s", type(error).__name__, request.method, request.path, exc_info=error)
    metrics.SERVER.count_refusal(status)
    response = json_response({"error": sentence}, status)
    if retry_seconds is not None:
        response.headers["Retry-After"] = str(retry_seconds)
    return harden(response)


def harden(response: HTTPResponse) -> HTTPResponse:
    """Returns the response with the headers that every answer of ours carries."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return response


def guard(blueprint: Blueprint) -> None:
    """Makes the server that gets the blueprint refuse in our words, within limits; several blueprints may ask for it.

    Raises:
        RasaException: the requests cannot be counted where BOT_REDIS_URL says, or BOT_PROXIES is no number.
    """
    try:
        counts = _limiter(os.environ.get(REDIS_VARIABLE, "")).storage.check()
    except limits.errors.ConfigurationError as error:
        raise RasaException(f"{REDIS_VARIABLE}: is not the address of a Redis server; allowed: redis://host:port/number. Correct it.") from error
    if not counts:
        raise RasaException(f"{REDIS_VARIABLE}: no Redis server answers there. Start it, or remove the variable where there is one server only.")

    given = os.environ.get(PROXIES_VARIABLE) or str(settings.in_force().limits.proxies)
    if not given.isdigit():
        raise RasaException(f"{PROXIES_VARIABLE}: '{given}' is no number of proxies; allowed: 0, 1, 2 and so on. Correct it.")
    proxies = int(given)

    @blueprint.signal("http.lifecycle.request")
    async def check_head(request: Request) -> None:
        for name, value in request.headers.items():
            if not HEADER_NAME.fullmatch(name) or CONTROL.search(value):
                raise Refused(400, SENTENCES[400])
        lengths = request.headers.getall("content-length", [])
        if any(not (length.isascii() and length.isdigit()) for length in lengths):  # Sanic 21.12 would wait forever for -1 bytes
            raise Refused(400, SENTENCES[400])
        if len(lengths) > 1 or len(request.headers.getall("host", [])) > 1:  # a proxy might take the one, and we the other
            raise Refused(400, SENTENCES[400])
        if "transfer-encoding" in request.headers:  # likewise, and Sanic reads "0x5" and "+5" as lengths of chunks
            raise Refused(400 if lengths else 411, SENTENCES[400 if lengths else 411])
        if request.method not in WITH_BODY and any(int(length) for length in lengths):  # nobody would read it
            raise Refused(400, f"A request by {request.method[:20]} has no body here. Leave it out.")

    @blueprint.signal("http.routing.before")
    async def take_empty_body(request: Request) -> None:
        stream: Any = request.stream
        if stream.request_body is True and not stream.request_bytes_left:  # Sanic would write into the log that nobody read it, each time
            stream.request_body = None

    @blueprint.listener("before_server_start")
    async def harden_server(app: Sanic, loop: Any) -> None:
        app.error_handler.add(Exception, answer_refusal)
        app.request_class = TimedRequest
        HttpProtocol.data_received = _receive  # type: ignore[method-assign, assignment]
        Http.create_empty_request = _stand_in  # type: ignore[method-assign, assignment]
        app.config.REQUEST_MAX_SIZE = OTHER_BODY_BYTES_MAX
        app.config.REQUEST_TIMEOUT = REQUEST_SECONDS
        app.config.KEEP_ALIVE_TIMEOUT = IDLE_SECONDS
        app.config.PROXIES_COUNT = proxies or None
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a thousand, as many systems begin with, is soon full of idle connections


class TimedRequest(Request):
    """Sanic's request, whose body must arrive in time."""

    async def receive_body(self) -> None:
        """Receives the body (see parent class for full docstring).

        Raises:
            RequestTimeout: it takes too long.
        """
        try:
            await asyncio.wait_for(super().receive_body(), REQUEST_SECONDS)
        except asyncio.TimeoutError as error:
            self.stream.request_body, self.stream.keep_alive = None, False  # type: ignore[union-attr]  # nobody waits for the rest
            raise RequestTimeout("The body took too long.") from error


_sanics_receive, _sanics_stand_in = HttpProtocol.data_received, Http.create_empty_request


def _receive(protocol: HttpProtocol, data: bytes) -> None:
    """Takes what a connection sends; Sanic's time limit goes on, if this is not the beginning of a request."""
    http = getattr(protocol, "_http", None)  # not there yet in the very beginning
    since = protocol._time if http is not None and (http.stage is not Stage.IDLE or http.request_body) else None
    _sanics_receive(protocol, data)
    if since is not None:
        protocol._time = since


def _stand_in(http: Http) -> None:
    """Makes the stand-in for a request that cannot be read; without its address, for Sanic would break off where that cannot be read either."""
    http.url = None
    _sanics_stand_in(http)


def json_object(request: Request) -> dict[str, Any]:
    """Returns the JSON object that is the request's body.

    Raises:
        Refused: it is too large, not UTF-8, not JSON, not an object, or has a key twice.
    """
    body = request.body
    if len(body) > BODY_BYTES_MAX:
        raise Refused(413, f"The request has {len(body)} bytes; at most {BODY_BYTES_MAX} are allowed. Shorten the message.")
    try:
        content = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Refused(400, "The request's body is not UTF-8. Send it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The request's body is not JSON. Send a JSON object.") from error
    if not isinstance(content, dict):
        raise Refused(400, "The request's body is not a JSON object. Send a JSON object.")
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise Refused(400, "The request's body has a key twice. Send each key once.")
        content[key] = value
    return content


def _no_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are no JSON


def text_field(content: dict[str, Any], key: str, characters_max: int) -> str:
    """Returns a text of the request.

    Raises:
        Refused: it is missing, not a text, or too long.
    """
    value = content.get(key)
    if not isinstance(value, str):
        raise Refused(400, f'"{key}" is missing or not a text. Send it as a text.')
    if len(value) > characters_max:
        raise Refused(400, f'"{key}" has {len(value)} characters; at most {characters_max} are allowed. Shorten it.')
    return value


def address(request: Request) -> str:
    """Returns the visitor's address: the connection's, or what as many proxies as the settings name report."""
    return request.remote_addr or request.ip


def is_from_this_machine(request: Request) -> bool:
    """Returns whether a request was sent on this machine, and not by a proxy on it for somebody else."""
    forwarded = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
    return ipaddress.ip_address(request.ip).is_loopback and not any(name in request.headers for name in forwarded)


async def count_request(request: Request) -> None:
    """Counts a request against its address.

    Raises:
        Refused: the address sent too many.
    """
    await _count(limits.RateLimitItemPerMinute(settings.in_force().limits.address_requests_per_minute), "address", address(request))


async def count_message(channel: str, conversation: str) -> None:
    """Counts a message against its conversation.

    Raises:
        Refused: the conversation sent too many.
    """
    await _count(limits.RateLimitItemPerSecond(settings.in_force().limits.conversation_messages_per_10_seconds, 10), channel, conversation)


async def _count(item: limits.RateLimitItem, *who: str) -> None:
    redis_url = os.environ.get(REDIS_VARIABLE, "")
    limiter = _limiter(redis_url)
    try:
        if redis_url:  # may block
            wait = await asyncio.wait_for(asyncio.to_thread(_seconds_to_wait, limiter, item, who), 3 * REDIS_SECONDS)
        else:
            wait = _seconds_to_wait(limiter, item, who)
    except Exception as error:
        logger.error("The requests could not be counted (%s); this one is let in.", type(error).__name__)
        return
    if wait:
        raise Refused(429, f"Too many messages at once. Try again in {wait} second{'s' if wait > 1 else ''}.", wait)


def _seconds_to_wait(limiter: limits.strategies.RateLimiter, item: limits.RateLimitItem, who: tuple[str, ...]) -> int:
    """Counts, and returns how long to wait, in whole seconds; 0 if the limit is not reached."""
    if limiter.hit(item, *who):
        return 0
    return max(1, round(limiter.get_window_stats(item, *who).reset_time - time.time()))


class CountsInMemory(limits.storage.MemoryStorage):
    """Counts of requests in this process's memory."""

    STORAGE_SCHEME = ["counts"]
    SWEEP_SECONDS = 1.0  # between two looks for counts that are over

    def _MemoryStorage__schedule_expiry(self) -> None:
        """Has the counts that are over dropped soon. (The library looks at all of them after each request, in a thread that it starts for it.)"""
        if not self.timer.is_alive():
            self.timer = threading.Timer(self.SWEEP_SECONDS, self._MemoryStorage__expire_events)  # type: ignore[attr-defined]
            self.timer.daemon = True
            self.timer.start()


@lru_cache(maxsize=1)
def _limiter(redis_url: str) -> limits.strategies.RateLimiter:
    """Returns the counter of requests: in this process's memory, or in Redis, shared by several servers."""
    options = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS} if redis_url else {}
    return limits.strategies.FixedWindowRateLimiter(limits.storage.storage_from_string(redis_url or "counts://", **options))


def secret(name: str) -> Optional[str]:
    """Returns the secret in an environment variable; None if there is none.

    Raises:
        RasaException: it is too short to be one.
    """
    value = os.environ.get(name)
    if value and len(value) < SECRET_CHARACTERS_MIN:
        raise RasaException(
            f"{name}: has {len(value)} characters; a secret has at least {SECRET_CHARACTERS_MIN}. "
            'Make one: python -c "import secrets; print(secrets.token_hex())"'
        )
    return value or None


def bearer(request: Request) -> str:
    """Returns the token of the Authorization header; empty if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def same_secret(given: str, wanted: str) -> bool:
    """Returns whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
