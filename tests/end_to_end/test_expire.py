"""What is older than the settings allow is deleted: by a server when it starts, and from the command line."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time

import pytest
from server_process import own_endpoints, serve

from bot import settings
from bot.knowledge import ROOT
from bot.store import Store

DAY = 24 * 60 * 60


class Databases:
    """Where a test's conversations and requests are kept."""

    def __init__(self, folder):
        self.conversations, self.endpoints = folder / "conversations.db", own_endpoints(folder)
        self.environment = {"BOT_DATABASE_URL": f"sqlite:///{folder / 'assistant.db'}"}
        self.store = Store(self.environment["BOT_DATABASE_URL"])

    def expire(self) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "bot", "expire", "--endpoints", str(self.endpoints)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, env={**os.environ, **self.environment})

    def senders(self) -> set[str]:
        with sqlite3.connect(self.conversations) as connection:
            return {sender for (sender,) in connection.execute("SELECT sender_id FROM events")}

    def keep(self, conversation: str, days_ago: int) -> None:
        then = time.time() - days_ago * DAY
        with sqlite3.connect(self.conversations) as connection:
            connection.execute("INSERT INTO events (sender_id, type_name, timestamp, data) VALUES (?, 'user', ?, '{}')", (conversation, then))
        self.store.add_question(conversation, "hm", "clarified", "nlu_fallback", 0.3)
        with sqlite3.connect(self.store._url.database) as connection:
            created = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.gmtime(then))
            connection.execute("UPDATE questions SET created_at = ? WHERE conversation = ?", (created, conversation))


@pytest.fixture
def kept(tmp_path):
    return Databases(tmp_path)


def test_what_is_too_old_is_deleted_from_the_command_line_and_at_the_start_of_a_server(kept, tmp_path):
    days = settings.load().kept_days
    nothing = f"Deleted, as older than {days} days: 0 contacts, 0 feedback, 0 questions, 0 events\n"
    made = kept.expire()
    assert (made.returncode, made.stdout) == (0, nothing), made.stderr
    kept.keep("old", days + 1)
    kept.keep("young", days - 1)
    assert kept.expire().stdout == f"Deleted, as older than {days} days: 0 contacts, 0 feedback, 1 questions, 1 events\n"
    assert kept.expire().stdout == nothing
    assert kept.senders() == {question.conversation for question in kept.store.questions()} == {"young"}

    kept.keep("old", days + 1)
    server = serve(tmp_path)
    try:
        server.wait_until_ready()
        for _ in range(100):
            if "old" not in kept.senders():
                break
            time.sleep(0.1)
        assert "old" not in kept.senders() and "young" in kept.senders()
        assert {question.conversation for question in kept.store.questions()} == {"young"}
    finally:
        server.stop()
    assert f"Deleted, as older than {days} days: 0 contacts, 0 feedback, 1 questions, 1 events" in server.log.read_text()


def test_expire_where_nothing_can_be_deleted_says_so(kept):
    kept.endpoints.write_text("tracker_store:\n  type: InMemory\n")
    result = kept.expire()
    assert (result.returncode, result.stdout) == (1, "")
    assert "endpoints.yml: conversations cannot be deleted from InMemoryTrackerStore; allowed: a tracker store of type SQL" in result.stderr
