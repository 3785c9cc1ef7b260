"""The whole assistant in one process: Rasa's server with the custom actions called directly."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from typing import Any, Optional

from rasa.core.utils import AvailableEndpoints
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
PORT = 5005
RESPONSE_TIMEOUT_SECONDS = 30  # an answer takes milliseconds; this only bounds a fault


class InProcessActionEndpoint(EndpointConfig):
    """Runs custom actions in this process instead of asking an action server for them."""

    def __init__(self) -> None:
        """Registers the actions of the package `actions`."""
        super().__init__(url="in this process")
        self._executor = ActionExecutor()
        self._executor.register_package("actions")

    async def request(self, method: str = "post", subpath: Optional[str] = None, content_type: Optional[str] = None, compress: bool = False, **kwargs: Any) -> Any:
        """Returns what an action server would answer to the same call."""
        return await self._executor.run(kwargs["json"])


def endpoints(file: str = "endpoints.yml") -> AvailableEndpoints:
    """Returns the endpoints of the file, with the actions in this process."""
    available = AvailableEndpoints.read_endpoints(file)
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


def serve(model: str, host: str, port: int) -> None:
    """Serves the assistant until interrupted."""
    import rasa.core.run

    rasa.core.run.serve_application(
        model, credentials="credentials.yml", interface=host, port=port, enable_api=False, response_timeout=RESPONSE_TIMEOUT_SECONDS, endpoints=endpoints()
    )


def shell(model: str, port: int) -> None:
    """Runs Rasa's own shell against the model."""
    import rasa.core.run

    rasa.core.run.serve_application(model, channel="cmdline", interface=HOST, port=port, enable_api=False, endpoints=endpoints())
