"""Ten thousand messages: the server's memory stays what it was."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from forked_server import SECRETS
from server_process import serve
from visitors import QUESTIONS

MESSAGES = 10_000
WARM_UP = 1_000  # until everything has been used once
IN_A_CONVERSATION = 10
GROWTH_MAX_MIB = 50
TALK = [text for question, _, follow_up, _ in QUESTIONS for text in (question, follow_up)] + [
    "hi", "CPC vs CCA", "what is the weather like", "thank you",
]  # fmt: skip


def resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def test_memory_does_not_grow_with_messages(tmp_path, capsys) -> None:
    server = serve(tmp_path, **SECRETS)
    server.headers["Authorization"] = f"Bearer {SECRETS['BOT_REST_SECRET']}"

    def talk(count: int) -> None:
        def conversation(_: int) -> None:
            sender = uuid.uuid4().hex
            for text in islice(cycle(TALK), IN_A_CONVERSATION):
                assert server.ask(text, sender)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(conversation, range(count // IN_A_CONVERSATION)))

    try:
        server.wait_until_ready()
        started = time.monotonic()
        talk(WARM_UP)
        before = resident_mib(server.process.pid)
        for done in range(1, 5):
            talk(MESSAGES // 4)
            with capsys.disabled():
                print(
                    f"\n{WARM_UP + done * MESSAGES // 4} messages in {time.monotonic() - started:.0f} s: {resident_mib(server.process.pid):.0f} MiB",
                    end="", flush=True,
                )  # fmt: skip
        grown = resident_mib(server.process.pid) - before
        with capsys.disabled():
            print(f"\n{MESSAGES} messages after the first {WARM_UP}: {before:.0f} MiB before, {grown:+.0f} MiB")
        assert grown < GROWTH_MAX_MIB
    finally:
        server.stop()
