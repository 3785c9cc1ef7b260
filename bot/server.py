"""The whole assistant in one process: Rasa's server with the custom actions called directly."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import Any, Optional

import rasa.core.run
from rasa.core.utils import AvailableEndpoints
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor
from sanic import Sanic

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
        """Returns what an action server would answer to the same call."""
        return await self._executor.run(kwargs["json"])


def endpoints(file: Path) -> AvailableEndpoints:
    """Returns the endpoints of the file, with the actions in this process."""
    available = AvailableEndpoints.read_endpoints(str(file))
    available.action = InProcessActionEndpoint()
    return available


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


def serve(model: Path, host: str, port: int, endpoints_file: Path, channel: str | None = None) -> bool:
    """Serves the assistant until interrupted; returns False if the model could not be loaded.

    Args:
        model: the trained model's archive.
        host: address to listen on.
        port: port to listen on.
        endpoints_file: where conversations are kept (endpoints.yml).
        channel: "cmdline" for Rasa's shell; else the channels of credentials.yml.
    """
    loaded = False

    async def say_ready(app: Sanic, loop: Any) -> None:
        nonlocal loaded
        loaded = app.ctx.agent.is_ready()
        if not loaded:  # Rasa would go on and answer nothing
            app.stop()
        elif channel is None:
            print(f"Ready: http://{host}:{port}/ (Ctrl-C stops it)", flush=True)

    rasa.core.run.serve_application(
        str(model),
        channel=channel,
        credentials=None if channel else str(ROOT / "credentials.yml"),
        interface=host,
        port=port,
        enable_api=False,
        response_timeout=RESPONSE_TIMEOUT_SECONDS,
        endpoints=endpoints(endpoints_file),
        server_listeners=[(say_ready, "after_server_start")],
    )
    return loaded
