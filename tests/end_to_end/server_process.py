"""A server process and the conversations with it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

from bot.knowledge import ROOT

START_SECONDS = 240  # ready takes about 8 s on two idle cores; this bounds a hang


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def own_endpoints(folder: Path) -> Path:
    """Writes the project's endpoints file into a folder in which conversations are to be kept; returns where."""
    file = folder / "endpoints.yml"
    file.write_text((ROOT / "endpoints.yml").read_text().replace("var/conversations.db", str(folder / "conversations.db")))
    return file


def serve(folder: Path, **environment: str) -> Server:
    """Starts `make serve` with databases of its own, `conversations.db` and `assistant.db` in the folder, and its log there."""
    port = free_port()
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--endpoints", str(own_endpoints(folder))]
    return Server(command, port, folder / "log", **{"BOT_DATABASE_URL": f"sqlite:///{folder / 'assistant.db'}", **environment})


def lend_encoder(folder: Path) -> None:
    """Gives a folder the compiled encoder, which keeps what it encodes there."""
    (folder / "var" / "encoder").mkdir(parents=True)
    for file in (ROOT / "var" / "encoder").iterdir():
        if file.suffix in (".onnx", ".sha256"):
            (folder / "var" / "encoder" / file.name).symlink_to(file)


class Server:
    """A server process and the conversations with it."""

    def __init__(self, command: list[str], port: int, log: Path, folder: Path = ROOT, **environment: str):
        self.port, self.log, self.headers = port, log, {"Content-Type": "application/json"}
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=log.open("w"), stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        )

    def wait_until_ready(self, secret: str | None = None) -> None:
        started = time.monotonic()
        while time.monotonic() - started < START_SECONDS:
            assert self.process.poll() is None, f"the server stopped at start:\n{self.log.read_text()}"
            try:
                if self.ask("are you a bot", secret=secret):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"the server was not ready after {START_SECONDS} s:\n{self.log.read_text()}")

    def ask(self, message: str, sender: str | None = None, secret: str | None = None) -> list[dict]:
        """Returns the replies to a message; each call is a conversation of its own unless a sender is given.

        Args:
            secret: the BOT_REST_SECRET of a server that has one.
        """
        body = json.dumps({"sender": sender or uuid.uuid4().hex, "message": message}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/webhooks/rest/webhook", body, self.headers)
        if secret:
            request.add_header("Authorization", f"Bearer {secret}")
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
