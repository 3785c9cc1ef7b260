"""The whole assistant in one process: Rasa's server with the custom actions called directly."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path
from typing import Any, Optional

import rasa.core.run
from rasa.core.brokers.broker import EventBroker
from rasa.core.lock_store import LockStore
from rasa.core.tracker_store import InMemoryTrackerStore, TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor
from sanic import Sanic
from threadpoolctl import threadpool_limits

from bot import forget, notices, rasa_patches, store
from bot.knowledge import ROOT

RESPONSE_TIMEOUT_SECONDS = 30  # an answer takes milliseconds; this only bounds a fault


class InProcessActionEndpoint(EndpointConfig):
    """Runs custom actions in this process instead of asking an action server for them."""

    def __init__(self) -> None:
        """Registers the actions of the package `actions`."""
        super().__init__(url="in this process")
        self._executor = ActionExecutor()
        self._executor.register_package("actions")

    async def request(
        self, method: str = "post", subpath: Optional[str] = None, content_type: Optional[str] = None, compress: bool = False, **kwargs: Any
    ) -> Any:
        """Returns what an action server would answer to the same call.

        It runs on the agent's event loop: what waits (a database) has to do so in a thread, as in an action server.
        """
        return await self._executor.run(kwargs["json"])


def endpoints(file: Path, action_server: bool = False) -> AvailableEndpoints:
    """Returns the endpoints of the file, with the actions in this process unless an action server is wanted."""
    available = AvailableEndpoints.read_endpoints(str(file))
    if not action_server:
        available.action = InProcessActionEndpoint()
    return available


async def check_stores(available: AvailableEndpoints) -> None:
    """Uses each store of the endpoints once.

    Raises:
        RasaException: one is unknown or cannot be used. (Rasa would go on without a word, with conversations in memory.)
    """
    if available.model is not None:
        raise RasaException(
            "models: a model of a server would be loaded unseen. Remove it from the endpoints file; the model is made by `make train`."
        )
    for name, use in ("tracker_store", _use_tracker_store), ("event_broker", _use_event_broker), ("lock_store", _use_lock_store):
        config = getattr(available, name)
        if config is None:
            continue
        try:
            known = await use(config)
        except Exception as error:
            if str(error).startswith(f"{name}: "):
                raise
            cause = getattr(error, "orig", None) or error.__cause__ or error.__context__ or error
            said = str(cause).strip().splitlines()[0].rstrip(".")
            raise RasaException(f"{name}: cannot be used: {said}. Correct it in the endpoints file, or start what it names.") from error
        if not known:
            raise RasaException(f"{name}: there is no type '{config.type}'. Correct it in the endpoints file.")


async def _use_tracker_store(config: EndpointConfig) -> bool:
    tracker_store = TrackerStore.create(config)
    await tracker_store.retrieve("start")
    return config.type is None or not isinstance(tracker_store, InMemoryTrackerStore)


async def _use_event_broker(config: EndpointConfig) -> bool:
    broker = await EventBroker.create(config)
    if broker is not None:
        await broker.close()
    return broker is not None


async def _use_lock_store(config: EndpointConfig) -> bool:
    async with LockStore.create(config).lock("start"):
        return True


def port_is_taken(host: str, port: int) -> bool:
    """Returns whether another process listens on the port.

    Raises:
        OSError: the address cannot be used at all.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise
    return False


def serve(model: Path, host: str, port: int, endpoints_file: Path, channel: str | None = None, action_server: bool = False) -> bool:
    """Serves the assistant until interrupted; returns False if the model could not be loaded.

    Args:
        model: the trained model's archive.
        host: address to listen on.
        port: port to listen on.
        endpoints_file: where conversations are kept (endpoints.yml).
        channel: "cmdline" for Rasa's shell; else the channels of credentials.yml.
        action_server: whether the action server of the endpoints file runs the actions; else this process does.
    Raises:
        RasaException: conversations cannot be kept or locked where the endpoints file says.
        StoreError: the database of contact requests cannot be used.
    """
    rasa_patches.apply()
    threadpool_limits(1)  # a message is too small to share between cores: what waits for its share only burns processor time
    available = endpoints(endpoints_file, action_server)
    asyncio.run(check_stores(available))
    if not action_server:
        store.in_force().open()
    loaded = False

    async def say_ready(app: Sanic, loop: Any) -> None:
        nonlocal loaded
        loaded = app.ctx.agent.is_ready()
        if not loaded:  # Rasa would go on and answer nothing
            app.stop()
            return
        if not action_server:
            notices.wake()  # those that were due when the server stopped
        if app.ctx.agent.tracker_store is not None:
            forget.expire_daily(app.ctx.agent.tracker_store)
        if channel is None:
            print(f"Ready: http://{host}:{port}/webhooks/widget/ (Ctrl-C stops it)", flush=True)

    rasa.core.run.serve_application(
        str(model),
        channel=channel,
        credentials=None if channel else str(ROOT / "credentials.yml"),
        interface=host,
        port=port,
        enable_api=False,
        response_timeout=RESPONSE_TIMEOUT_SECONDS,
        endpoints=available,
        server_listeners=[(say_ready, "after_server_start")],
    )
    return loaded
