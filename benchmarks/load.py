"""Puts questions to a server with wrk, and reads what wrk measured."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import uuid
from pathlib import Path

import yaml

from bot.evaluate import UTTERANCES
from bot.knowledge import INTENT_PREFIX

SCRIPT = Path(__file__).with_name("ask.lua")
# What an adapter of a messaging platform sends: its messages are not counted against its address (door.py), which the load would exceed.
SECRET = {"BOT_REST_SECRET": uuid.uuid4().hex}
TIMEOUT_SECONDS = 60  # wrk counts a reply that takes longer as lost; the slowest contender takes seconds at 50 visitors
WORDS = (4, 16)  # of a question; a visitor's typical one has about ten
LONGEST_SECONDS = 3600  # of a run that is bounded by its number of messages


class LoadError(RuntimeError):
    """The load could not be put; the text says why."""


def usual_questions() -> list[str]:
    """Returns the held-out questions on the knowledge file that have the length of most of visitors' questions."""
    wordings = yaml.safe_load(UTTERANCES.read_text(encoding="utf-8"))
    asked = [text for intent, texts in wordings.items() if intent.startswith(INTENT_PREFIX) for text in texts]
    return [text for text in asked if WORDS[0] <= len(text.split()) <= WORDS[1] and '"' not in text]


def write_questions(texts: list[str], count: int, file: Path) -> Path:
    """Writes so many questions, each in other capitals.

    Letters mean the same in capitals, to the encoder too, but no text comes twice: what the encoder keeps of texts helps nobody.
    """
    chance = random.Random(0)
    lines = []
    for number in range(count):
        text = texts[number % len(texts)]
        lines.append(json.dumps("".join(chance.choice((letter.upper(), letter.lower())) for letter in text)))
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def put(port: int, questions: Path, connections: int, seconds: float = 0, messages: int = 0, senders: str = "", of: int = 0, cores: str = "") -> dict:
    """Returns what wrk measured: replies, seconds, wrong, refused and lost ones, and p50, p95, p99 and max of the reply time in ms.

    Args:
        port: of the server, on this machine.
        questions: the file of `write_questions`.
        connections: visitors at once; each asks again when answered.
        seconds: how long, unless bounded by messages.
        messages: how many, unless bounded by seconds.
        senders: what the conversations' ids begin with; new ones unless given.
        of: number of conversations that take turns; 0 for a new one with each message.
        cores: CPUs that wrk may use, as taskset lists them.
    Raises:
        LoadError: wrk is missing or failed, or a reply was lost.
    """
    if shutil.which("wrk") is None:
        raise LoadError("wrk, which puts the load, is not installed. Install it: apt-get install wrk")
    command = ["taskset", "-c", cores] if cores else []
    command += ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{int(seconds or LONGEST_SECONDS)}s"]
    command += ["--timeout", f"{TIMEOUT_SECONDS}s", "--script", str(SCRIPT), f"http://127.0.0.1:{port}", "--"]
    command += [str(questions), senders or f"{uuid.uuid4().hex}-", str(of), str(messages), "Source"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **SECRET}) as wrk:
        watch = threading.Thread(target=_stop_when_all_are_received, args=(wrk,))
        watch.start()
        output = wrk.stdout.read()  # type: ignore[union-attr]
        watch.join()
    result = next((line.removeprefix("RESULT ") for line in output.splitlines() if line.startswith("RESULT ")), None)
    if wrk.returncode or result is None:
        raise LoadError(f"wrk failed: {output.strip() or wrk.returncode}")
    measured = json.loads(result)
    if measured["lost"] or measured["refused"]:
        raise LoadError(f"Of {measured['replies']} messages to port {port}, {measured['lost']} got no reply and {measured['refused']} were refused.")
    return measured


def _stop_when_all_are_received(wrk: subprocess.Popen[str]) -> None:
    """Interrupts wrk, which otherwise waits until its time is over."""
    for line in wrk.stderr:  # type: ignore[union-attr]
        if line == "all received\n":
            wrk.send_signal(signal.SIGINT)
