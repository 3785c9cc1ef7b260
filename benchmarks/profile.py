"""Where the time of a FAQ reply goes, with one visitor at a time: `python -m benchmarks.profile`.

`make serve` runs with a clock around its parts, each without what it calls of the others; wrk asks and measures the whole.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import sys
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np

from benchmarks import contenders, document, load
from benchmarks.contenders import Contender, ContenderError
from benchmarks.load import LoadError
from bot import without_tensorflow
from bot.knowledge import ROOT

FOLDER = ROOT / "var" / "benchmark" / "profile"
MESSAGES = 2_000
MIDDLE = (25, 75)  # percentiles of the messages' times: shares are the means of those between, without what else the machine did
ENCODER, HTTP, CHANNEL = "sentence encoder", "HTTP: sockets, Sanic, limits, wrk", "channel: masking of personal data, order, change of threads"


class Clock:
    """The seconds that parts of a message's way take; what a part calls of another counts there. One message at a time."""

    def __init__(self) -> None:
        """Starts with no message."""
        self.messages: list[dict[str, float]] = []
        self._seconds: dict[str, float] = {}
        self._parts: list[str] = []
        self._since = 0.0

    def wrap(self, owner: Any, name: str, part: str) -> None:
        """Counts the time of a method or function of a class or module, plain or async, as that of a part."""
        method = getattr(owner, name)

        @functools.wraps(method)
        def timed(*arguments: Any, **options: Any) -> Any:
            self._enter(part)
            try:
                return method(*arguments, **options)
            finally:
                self._leave()

        @functools.wraps(method)
        async def timed_async(*arguments: Any, **options: Any) -> Any:
            self._enter(part)
            try:
                return await method(*arguments, **options)
            finally:
                self._leave()

        setattr(owner, name, timed_async if asyncio.iscoroutinefunction(method) else timed)

    def _enter(self, part: str) -> None:
        self._count()
        self._parts.append(part)

    def _leave(self) -> None:
        self._count()
        self._parts.pop()
        if not self._parts:
            self.messages.append(self._seconds)
            self._seconds = {}

    def _count(self) -> None:
        now = time.perf_counter()
        if self._parts:
            self._seconds[self._parts[-1]] = self._seconds.get(self._parts[-1], 0.0) + now - self._since
        self._since = now


def serve(port: int, endpoints: Path, times: Path) -> None:
    """Serves as `make serve` does, with the clock; writes the parts' seconds of each message when it is stopped."""
    without_tensorflow.apply()
    from rasa.core.processor import MessageProcessor

    from bot import cli, server
    from bot.channels import conversation
    from bot.nlu.sentence_encoder import SentenceEncoder
    from bot.tracker_store import ConversationTrackerStore

    clock = Clock()
    for owner, name, part in (
        (conversation, "answer", CHANNEL),
        (MessageProcessor, "handle_message", "Rasa's loop: slots, events, what follows"),
        (MessageProcessor, "parse_message", "pipeline without the encoder"),
        (MessageProcessor, "_predict_next_with_tracker", "policies"),
        (SentenceEncoder, "encode", ENCODER),
        (server.InProcessActionEndpoint, "request", "custom actions: context, knowledge, answer"),
        (ConversationTrackerStore, "retrieve", "tracker store"),
        (ConversationTrackerStore, "save", "tracker store"),
    ):
        clock.wrap(owner, name, part)
    cli.main(["serve", "--port", f"{port}", "--endpoints", str(endpoints)])
    times.write_text(json.dumps(clock.messages))


def shares(messages: list[dict[str, float]], whole: float) -> dict[str, float]:
    """Returns the milliseconds of each part in messages of middling time, the largest first.

    Args:
        messages: the seconds of each part in the server, by message.
        whole: what a visitor waits, in ms; what is more than the server's time is HTTP.
    """
    totals = np.array([sum(message.values()) for message in messages])
    low, high = np.percentile(totals, MIDDLE)
    middling = [message for message, total in zip(messages, totals) if low <= total <= high]
    parts = {
        part: 1000 * float(np.mean([message.get(part, 0.0) for message in middling])) for part in {part for message in middling for part in message}
    }
    parts[HTTP] = whole - sum(parts.values())
    return dict(sorted(parts.items(), key=lambda item: -item[1]))


def measure(say: Callable[[str], None] = print) -> dict[str, float]:
    """Returns the milliseconds of each part (see `shares`)."""
    contenders.build_ours(FOLDER)
    contenders.lend(FOLDER)
    contender = contenders.ours(FOLDER)[0]
    times = FOLDER / "times.json"
    command = [sys.executable, "-m", "benchmarks.profile", "--port", "{port}", "--endpoints", "{state}/endpoints.yml", "--times", str(times)]
    contender = Contender(contender.name, FOLDER, [command], contender.endpoints)
    contender.start(contenders.all_cores())
    try:
        say("Asking the held-out questions, to take those that are answered ...")
        questions = load.write_questions([text for text in load.usual_questions() if contender.answers(text)], MESSAGES, FOLDER / "questions.txt")
        measured = load.put(contender.port, questions, 1, messages=MESSAGES)
    finally:
        contender.stop()
    return shares(json.loads(times.read_text())[-MESSAGES:], measured["p50"])


def main() -> int:
    """Measures, prints the table and writes it into the document; returns 1 if something could not be measured."""
    try:
        parts = measure()
    except (ContenderError, LoadError) as error:
        print(error, file=sys.stderr)
        return 1
    whole = sum(parts.values())
    rows = [
        ["part", "ms", "share, %"],
        *([part, f"{of:.2f}", f"{100 * of / whole:.0f}"] for part, of in parts.items()),
        ["all", f"{whole:.2f}", "100"],
    ]
    outside = (whole - parts[ENCODER]) / parts[ENCODER]
    said = f"Outside the encoder a reply takes {outside:.2f} times as long as in it (target: at most 2)."
    text = f"{document.table(rows)}\n\n{said}\n\n{document.note('python -m benchmarks.profile')}"
    print(text)
    document.write("profile", text)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("--port", type=int, help="serve on this port, as the benchmark's own server")
    parser.add_argument("--endpoints", type=Path)
    parser.add_argument("--times", type=Path, help="file for the parts' seconds of each message")
    options = parser.parse_args()
    if options.port:
        serve(options.port, options.endpoints, options.times)
    else:
        sys.exit(main())
