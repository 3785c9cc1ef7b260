"""One real server for all attacks, asked a normal question before the first and after each."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from server_process import Server, free_port

from bot.knowledge import ROOT
from tests.attacks.target import REFUSAL_SECONDS, TRIES, Reply, Target, assert_answered, assert_refused

QUESTION, ANSWER = "what does the CCA exam cost", "$299"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server: `python -m bot serve` with databases of its own."""
    folder = tmp_path_factory.mktemp("attacked")
    endpoints, port = folder / "endpoints.yml", free_port()
    endpoints.write_text((ROOT / "endpoints.yml").read_text().replace("var/conversations.db", str(folder / "conversations.db")))
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--endpoints", str(endpoints)]
    running = Server(command, port, folder / "log", BOT_SESSION_SECRET="s" * 32, BOT_DATABASE_URL=f"sqlite:///{folder / 'assistant.db'}")
    running.wait_until_ready()
    assert_answers(running)
    yield running
    running.stop()
    said = [line for line in running.log.read_text().splitlines() if not line.startswith(("Starting ", "Ready: "))]
    assert said == [], "an attack is refused without a word in the log, which it could fill"


def assert_answers(server: Server) -> None:
    """Fails unless a visitor who has nothing to do with attacks is answered."""
    reply = Target(server.port).say(QUESTION)
    assert_answered(reply)
    assert ANSWER in reply.texts[0]


@pytest.fixture
def target(server):
    """The server, which answered before the attack (after the one before it) and must answer after it."""
    yield Target(server.port)
    assert_answers(server)
    assert server.process.poll() is None


@pytest.fixture
def refuses(target):
    """Checks that an attack, which may be tried again, is refused, and soon."""

    def check(attack, *statuses: int) -> Reply:
        for _ in range(TRIES):
            reply = attack(target)
            assert_refused(reply, *statuses)
            if reply.seconds < REFUSAL_SECONDS:
                return reply
        raise AssertionError(f"refused, but after {reply.seconds:.1f} s")

    return check


@pytest.fixture
def kept(server):
    """Returns rows of the database of conversations: kept("SELECT ...", parameter, ...)."""
    file = Path(server.log).parent / "conversations.db"

    def rows(query: str, *parameters: str) -> list[tuple]:
        with closing(sqlite3.connect(file, timeout=10)) as database:
            return database.execute(query, parameters).fetchall()

    return rows
