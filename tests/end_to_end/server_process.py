"""A server process and the conversations with it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
import uuid
from pathlib import Path

from bot.knowledge import ROOT

START_SECONDS = 60  # ready takes about 8 s on two cores; this bounds a hang


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process and the conversations with it."""

    def __init__(self, command: list[str], port: int, log: Path):
        self.port, self.log = port, log
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=log.open("w"), stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )

    def wait_until_ready(self) -> None:
        started = time.monotonic()
        while time.monotonic() - started < START_SECONDS:
            assert self.process.poll() is None, f"the server stopped at start:\n{self.log.read_text()}"
            try:
                if self.ask("/bot_challenge"):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"the server was not ready after {START_SECONDS} s:\n{self.log.read_text()}")

    def ask(self, message: str, sender: str | None = None) -> list[dict]:
        """Returns the replies to a message; each call is a conversation of its own unless a sender is given."""
        body = json.dumps({"sender": sender or uuid.uuid4().hex, "message": message}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/webhooks/rest/webhook", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
