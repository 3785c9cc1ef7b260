"""`kill -9` of the server at any moment, again and again under load: nothing that was confirmed is lost or doubled, every conversation goes on."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing

from forked_server import REST_SECRET, ForkedServer
from visitors import check_history, crowd

KILLS = 200
VISITORS = 6
PAUSE_SECONDS = 0.02  # between a visitor's messages: there are always some on the way
REPLIES_MAX = 6  # a server lives until it has given a number of replies, 0 to this, and then a moment longer: both at random
MOMENT_SECONDS = 0.2  # a message takes about a tenth of a second
LIFE_SECONDS = 5  # and no longer than that
TEST_SECONDS = 300  # then it ends with the kills that there were


def test_killed_at_any_moment_under_load_nothing_is_lost_or_doubled(tmp_path, capsys) -> None:
    server, chance, stop = ForkedServer(tmp_path), random.Random(0), threading.Event()
    server.start()
    started = time.monotonic()
    visitors = crowd(VISITORS, f"http://127.0.0.1:{server.port}", REST_SECRET, PAUSE_SECONDS, stop)
    try:
        kills = 0
        while kills < KILLS and time.monotonic() - started < TEST_SECONDS:
            wanted, born = sum(len(visitor.log.replies) for visitor in visitors) + chance.randint(0, REPLIES_MAX), time.monotonic()
            while sum(len(visitor.log.replies) for visitor in visitors) < wanted and time.monotonic() - born < LIFE_SECONDS:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, MOMENT_SECONDS))
            server.kill()
            server.start()
            kills += 1
            if kills % 50 == 0:
                with capsys.disabled():
                    print(f"\n{kills} kills in {time.monotonic() - started:.0f} s", end="", flush=True)
        stop.set()
        for visitor in visitors:
            visitor.join(120)
        logs = [visitor.log for visitor in visitors]
        replies = [reply for log in logs for reply in log.replies]
        confirmed = [one for log in logs for one in log.confirmed]
        with capsys.disabled():
            print(
                f"\n{kills} kills, {sum(log.cut_off for log in logs)} requests cut off by them, {sum(log.broken for log in logs)} tries in all without "
                f"a reply; {len(replies)} messages, {sum(reply.is_apology for reply in replies)} apologies, {len(confirmed)} contact requests confirmed"
            )
        assert kills >= KILLS / 4, "this machine is too slow to say anything"
        assert not (problems := [problem for log in logs for problem in log.problems]), "\n".join(problems)
        assert not any(visitor.is_alive() for visitor in visitors)
        assert [said for log in logs for said in log.started_over] == [], "a form was lost"
        for visitor in visitors:
            if visitor.widget:
                check_history(visitor)
    finally:
        stop.set()
        server.stop()
    with closing(sqlite3.connect(tmp_path / "assistant.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT email, request FROM contacts").fetchall()
    assert sorted((email, request[:8].upper()) for email, request in rows) == sorted((one.email, one.reference) for one in confirmed)
    with closing(sqlite3.connect(tmp_path / "conversations.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        messages = Counter(
            (sender, json.loads(data)["message_id"])
            for sender, data in database.execute("SELECT sender_id, data FROM events WHERE type_name = 'user'")
        )
    assert [key for key, count in messages.items() if count > 1] == [], "a message was answered twice"
