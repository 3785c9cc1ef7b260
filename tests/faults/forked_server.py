"""A server that can be started and killed often, through forking_server.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from server_process import free_port, own_endpoints

from bot.knowledge import ROOT

SECRETS = {"BOT_SESSION_SECRET": "s" * 32, "BOT_REST_SECRET": "t" * 32}


class ForkedServer:
    """A server with databases of its own."""

    def __init__(self, folder: Path):
        self.port, self.folder = free_port(), folder
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {"BOT_DATABASE_URL": f"sqlite:///{folder / 'assistant.db'}", **SECRETS}
        self._log = (folder / "log").open("w")
        self._parent = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name("forking_server.py")), str(self.port), str(own_endpoints(folder))],
            cwd=ROOT, env={**os.environ, **environment}, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self._expect("forking")

    def _expect(self, *starts: str) -> list[str]:
        """Returns the next lines that are printed, each of which begins with one of the words."""
        lines = [self._parent.stdout.readline() for _ in starts]
        assert sorted(line.split(" ")[0].strip(":\n") for line in lines) == sorted(starts), f"{lines}\n{(self.folder / 'log').read_text()}"
        return lines

    def start(self) -> None:
        """Starts a server and waits until it is ready."""
        self._parent.stdin.write("\n")
        self._parent.stdin.flush()
        lines = self._expect("Ready", "pid")
        self.pid = int(next(line for line in lines if line.startswith("pid")).split()[1])

    def kill(self) -> None:
        """Takes the server away."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ends it all."""
        self.kill()
        self._parent.kill()
        self._parent.wait(20)
        self._log.close()
