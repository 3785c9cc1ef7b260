"""The services of deploy/compose.yml as processes on this machine: the same commands, environment and files, other addresses."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import yaml
from server_process import free_port

from bot.knowledge import ROOT
from tests.postgresql import AS_USER, USER, program

COMPOSE = ROOT / "deploy" / "compose.yml"
START_SECONDS = 120  # the Rasa servers take about 15 s on two busy cores; this bounds a hang
SECRETS = {
    "database_password": "d" * 32, "redis_password": "r" * 32, "session_secret": "s" * 32, "rest_secret": "t" * 32, "metrics_secret": "m" * 32,
    "smtp_password": "", "webhook_token": "",
}  # fmt: skip
ADDRESS = re.compile(r"(?:172\.28\.5\.\d+|0\.0\.0\.0):\d+")


def compose() -> dict:
    """Returns compose.yml, read."""
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


def interpolated(text: str) -> str:
    """Returns a text of compose.yml as Docker Compose reads it where no variable is set."""
    return re.sub(r"\$\$|\$\{\w+:-([^}]*)\}", lambda match: "$" if match[0] == "$$" else match[1], text)


def postgresql_program(name: str) -> str:
    """Returns the path of a program of PostgreSQL; fails if it is not installed."""
    found = program(name)
    assert found, f"{name} is not installed (Debian: apt-get install postgresql)"
    return found


class Service:
    """One process of the cluster, and those it starts."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], folder: Path, port: int, as_user: bool):
        self.name, self.port, self.log = name, port, folder / f"{name}.log"
        self._command = [*(AS_USER if as_user else []), *command]
        self.environment, self._folder = environment, folder if as_user else ROOT
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=self._folder, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def wait_until_ready(self) -> None:
        started = time.monotonic()
        while time.monotonic() - started < START_SECONDS:
            assert self.process and self.process.poll() is None, f"{self.name} stopped at start:\n{self.log.read_text()}"
            if self.is_ready():
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.name} was not ready after {START_SECONDS} s:\n{self.log.read_text()}")

    def is_ready(self) -> bool:
        path = {"rasa": "/webhooks/widget/health", "actions": "/health"}.get(self.name.split("-")[0])
        try:
            if path:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                    return True
            if self.name == "postgresql":
                ready = [postgresql_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "assistant"]
                return subprocess.run(ready, check=False).returncode == 0
            with socket.create_connection(("127.0.0.1", self.port), timeout=5):
                return True
        except OSError:
            return False

    def signal(self, number: int) -> None:
        """Sends a signal to the process and to those it started. (Those of PostgreSQL are groups of their own.)"""
        assert self.process
        started = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        for pid in (self.process.pid, *map(int, started)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Takes the process away with all it started, as when its machine fails."""
        assert self.process
        self.signal(signal.SIGKILL)
        self.process.wait(20)


class Cluster:
    """All services of compose.yml."""

    def __init__(self, folder: Path):
        self.folder = folder
        if AS_USER:
            shutil.chown(folder, USER)
        self._ports: dict[str, int] = {}
        (folder / "secrets").mkdir()
        for name, secret in SECRETS.items():
            (folder / "secrets" / name).write_text(f"{secret}\n")
        described = compose()["services"]
        addresses = {name: service["networks"]["inside"]["ipv4_address"] for name, service in described.items()}
        ports = {"rasa": 5005, "actions": 5055, "nginx": 8080, "postgresql": 5432, "redis": 6379}
        self.services: dict[str, Service] = {}
        for name, service in described.items():
            port = self._port(f"{'0.0.0.0' if name == 'nginx' else addresses[name]}:{ports[name.split('-')[0]]}")
            given = {key: self._local(str(value)) for key, value in service.get("environment", {}).items()}
            if "PORT" in given:
                given |= {"HOST": "127.0.0.1", "PORT": str(port)}
            own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder), "PYTHONUNBUFFERED": "1"}
            self.services[name] = Service(
                name, self._command(name, service, given, port), {**own, **given}, folder, port, name in ("postgresql", "nginx", "redis")
            )
        self.url = f"http://127.0.0.1:{self.services['nginx'].port}"
        self.database = f"postgresql://assistant:{SECRETS['database_password']}@127.0.0.1:{self.services['postgresql'].port}/assistant"

    def _port(self, address: str) -> int:
        return self._ports.setdefault(address, free_port())

    def _local(self, text: str) -> str:
        text = interpolated(text).replace("/run/secrets", str(self.folder / "secrets"))
        return ADDRESS.sub(lambda match: f"127.0.0.1:{self._port(match[0])}", text)

    def _command(self, name: str, service: dict, environment: dict[str, str], port: int) -> list[str]:
        """Returns the command of the service, with what the image would do otherwise."""
        if name == "postgresql":
            data, password = self.folder / "data", environment["POSTGRES_PASSWORD_FILE"]
            options = [*environment["POSTGRES_INITDB_ARGS"].split(), "--auth=scram-sha-256", f"--username={environment['POSTGRES_USER']}"]
            made = [postgresql_program("initdb"), f"--pgdata={data}", f"--pwfile={password}", *options, "--no-sync"]
            subprocess.run([*AS_USER, *made], cwd="/", check=True, capture_output=True)
            return [postgresql_program("postgres"), "-D", str(data), "-k", str(self.folder), "-h", "127.0.0.1", "-p", str(port)]
        command = [self._local(part) for part in service["command"]]
        if name == "redis":
            command[-1] = command[-1].replace("--port 6379", f"--bind 127.0.0.1 --port {port} --dir {self.folder}")
        if name == "nginx":
            (self.folder / "deploy").mkdir()
            shutil.copy(ROOT / "deploy" / "nginx.conf", self.folder / "deploy")
            command[-1] = command[-1].replace("/tmp", str(self.folder))
        return command

    def start(self) -> None:
        """Starts everything, in the order in which compose.yml has services wait for each other."""
        self["postgresql"].start()
        self["postgresql"].wait_until_ready()
        createdb = [postgresql_program("createdb"), "--maintenance-db", self.database.removesuffix("assistant") + "postgres", "assistant"]
        subprocess.run(createdb, check=True, capture_output=True)  # the image does this, too
        for group in ("redis",), ("actions-1", "actions-2", "rasa-1", "rasa-2"), ("nginx",):
            for name in group:
                self[name].start()
            for name in group:
                self[name].wait_until_ready()

    def stop(self) -> None:
        for service in self.services.values():
            if service.process and service.process.poll() is None:
                service.kill()

    def __getitem__(self, name: str) -> Service:
        return self.services[name]
