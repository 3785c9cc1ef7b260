"""What is compared: Rasa's default configuration on this project's own data, and this project in its two shapes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import yaml

from benchmarks.load import SECRET
from bot.knowledge import ROOT

START_SECONDS = 900  # Rasa's default takes about a minute on two cores; this bounds a hang
POLL_SECONDS = 0.05
STOP_SECONDS = 30
NOT_COPIED = shutil.ignore_patterns(".*", "var", "models", "results", "careers", "tests", "docs", "node_modules", "__pycache__")


class ContenderError(RuntimeError):
    """A contender could not be built, trained or started; the text says which and where its output is."""


@dataclass
class Contender:
    """One way to run an assistant: its folder, and the commands that are its processes."""

    name: str
    folder: Path  # holds the project; all its processes run there
    commands: list[list[str]]  # of its processes; "{port}" and "{actions}" stand for their ports
    endpoints: dict  # its endpoints file, likewise
    first_question: str = "What is a medical coder?"
    port: int = 0
    _processes: list[subprocess.Popen] = field(default_factory=list)

    def start(self, cores: str) -> float:
        """Starts the processes on the cores, as taskset lists them; returns the seconds until the first right answer.

        Raises:
            ContenderError: it stopped, or answers nothing.
        """
        self.port, actions = _free_port(), _free_port()
        state = self.folder / "var" / "benchmark"
        shutil.rmtree(state, ignore_errors=True)  # conversations of the last run
        state.mkdir(parents=True)
        ports = {"{port}": str(self.port), "{actions}": str(actions), "{state}": str(state)}
        (state / "endpoints.yml").write_text(_filled(yaml.safe_dump(self.endpoints), ports), encoding="utf-8")
        # Only wrk and our own channel know of the secret; Rasa's channel takes no notice.
        environment = {**os.environ, **SECRET, "BOT_DATABASE_URL": f"sqlite:///{state / 'assistant.db'}", "PYTHONPATH": _paths(self.folder)}
        started = time.monotonic()
        for number, command in enumerate(self.commands):
            with (state / f"log_{number}.txt").open("w") as log:
                self._processes.append(
                    subprocess.Popen(
                        ["taskset", "-c", cores, *(_filled(word, ports) for word in command)],
                        cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, env=environment,
                    )
                )  # fmt: skip
        while time.monotonic() - started < START_SECONDS:
            if any(process.poll() is not None for process in self._processes):
                break
            try:
                if self.answers(self.first_question):
                    return time.monotonic() - started
            except OSError:
                pass
            time.sleep(POLL_SECONDS)
        self.stop()
        raise ContenderError(f"{self.name}: did not answer within {START_SECONDS} s, or stopped; see {state}/log_*.txt.")

    def answers(self, text: str) -> bool:
        """Returns whether a text, as a conversation of its own, gets an answer from the knowledge file: only those name a source."""
        body = json.dumps({"sender": uuid.uuid4().hex, "message": text}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET['BOT_REST_SECRET']}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/webhooks/rest/webhook", body, headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return any("\nSource" in reply.get("text", "") for reply in json.load(response))

    def resident_megabytes(self) -> float:
        """Returns the memory that all its processes have in use."""
        statuses = (Path(f"/proc/{process.pid}/status").read_text() for process in self._processes)
        return sum(int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) for status in statuses) / 1024

    def processor_seconds(self) -> float:
        """Returns the processor time that all its processes have taken so far."""
        fields = (Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split() for process in self._processes)
        return sum(int(stat[11]) + int(stat[12]) for stat in fields) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Stops the processes that `start` started."""
        for process in self._processes:
            process.send_signal(signal.SIGINT)
        for process in self._processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()


def rasa_default(folder: Path) -> Contender:
    """Returns Rasa's default configuration, in its folder: two processes, conversations in memory."""
    return Contender(
        "Rasa's default",
        folder,
        [_rasa("run", "--model", "models", "--interface", "127.0.0.1", "--port", "{port}", "--endpoints", "{state}/endpoints.yml", "--credentials", "credentials.yml"),
         _rasa("run", "actions", "--actions", "actions", "--port", "{actions}")],
        {"action_endpoint": {"url": "http://127.0.0.1:{actions}/webhook"}},
    )  # fmt: skip


def ours(folder: Path) -> list[Contender]:
    """Returns this project in its two shapes: `make serve`, and plain `rasa run` with `rasa run actions`."""
    endpoints = yaml.safe_load((folder / "endpoints.yml").read_text(encoding="utf-8"))
    endpoints["tracker_store"]["db"] = "{state}/conversations.db"
    endpoints["action_endpoint"]["url"] = "http://127.0.0.1:{actions}/webhook"
    serve = [sys.executable, "-m", "bot", "serve", "--port", "{port}", "--endpoints", "{state}/endpoints.yml"]
    default = rasa_default(folder).commands
    return [Contender("ours, one process", folder, [serve], endpoints), Contender("ours, rasa run", folder, default, endpoints)]


def build_ours(folder: Path) -> None:
    """Writes a copy of this project, without what it has made; its models are then its own."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)


def lend(folder: Path) -> None:
    """Gives a copy of this project what this one has trained and compiled."""
    for name in ("models", "var/encoder"):
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)


def build_rasa_default(folder: Path, examples: int | None, epochs: int, policy_epochs: int) -> None:
    """Writes a project of Rasa's default configuration with this project's intents, rules, replies and custom actions.

    Args:
        examples: of each intent, the first ones, and then the likeliest intent is taken however unsure it is; all if None.
        epochs: of the pipeline's components; Rasa's default has 100.
        policy_epochs: of the policies; likewise. (For what the benchmark asks, the rules decide.)
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    config = yaml.safe_load((resources.files("rasa") / "engine/recipes/config_files/default_config.yml").read_text(encoding="utf-8"))
    config["assistant_id"] = "rasa-default"
    for part, count in (("pipeline", epochs), ("policies", policy_epochs)):
        for component in config[part]:
            if "epochs" in component:
                component["epochs"] = count
            if examples is not None and component["name"] == "FallbackClassifier":  # of few examples it is sure of nothing, and would answer nothing
                component["threshold"] = component["ambiguity_threshold"] = 0.0
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    domain["actions"].remove("action_session_start")  # Rasa's own does not ask the action server
    for name, content in (("config.yml", config), ("domain.yml", domain), ("credentials.yml", {"rest": None})):
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000), encoding="utf-8")
    for name in ("rules.yml", "stories.yml"):
        shutil.copy(ROOT / "data" / name, folder / "data")
    nlu = yaml.safe_load((ROOT / "data" / "nlu.yml").read_text(encoding="utf-8"))
    for entry in nlu["nlu"]:
        entry["examples"] = "".join(entry["examples"].splitlines(keepends=True)[:examples])
    (folder / "data" / "nlu.yml").write_text(yaml.safe_dump(nlu, sort_keys=False, allow_unicode=True, width=1000), encoding="utf-8")


def train(folder: Path, cores: str, log: Path, ours: bool = False) -> float:
    """Trains the project of a folder with what its cache holds; returns the seconds it took.

    Raises:
        ContenderError: it could not be trained.
    """
    shutil.rmtree(folder / "models", ignore_errors=True)
    command = [sys.executable, "-m", "bot", "train"] if ours else _rasa("train", "--fixed-model-name", "model")
    started = time.monotonic()
    with log.open("w") as output:
        environment = {**os.environ, "PYTHONPATH": str(folder) if ours else ""}
        trained = subprocess.run(["taskset", "-c", cores, *command], cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment)
    if trained.returncode or not list((folder / "models").glob("*.tar.gz")):
        raise ContenderError(f"{folder.name}: could not be trained; see {log}.")
    return time.monotonic() - started


def all_cores() -> str:
    """Returns the cores that contenders run on, as taskset lists them: two, if there are."""
    return ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:2])


def _rasa(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rasa", *arguments]


def _paths(folder: Path) -> str:
    """Returns where a contender's processes find `bot` and `actions`: its own, or this project's."""
    return str(folder if (folder / "actions").is_dir() else ROOT)


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
