"""`kill -9` of the server at any moment, again and again under load: nothing that was confirmed is lost or doubled, every conversation goes on."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing

from forked_server import SECRETS, ForkedServer
from visitors import Crowd

KILLS = 200
VISITORS = 6
PAUSE_SECONDS = 0.02  # between a visitor's messages: there are always some on the way
REPLIES_MAX = 6  # a server lives until it has given a number of replies, 0 to this, and then a moment longer: both at random
MOMENT_SECONDS = 0.2  # a message takes about a tenth of a second
LIFE_SECONDS = 5  # and no longer than that


def test_killed_at_any_moment_under_load_nothing_is_lost_or_doubled(tmp_path, capsys) -> None:
    server, chance = ForkedServer(tmp_path), random.Random(0)
    server.start()
    started = time.monotonic()
    crowd = Crowd(VISITORS, server.url, SECRETS["BOT_REST_SECRET"], PAUSE_SECONDS)
    try:
        for kill in range(1, KILLS + 1):
            wanted, born = len(crowd.replies) + chance.randint(0, REPLIES_MAX), time.monotonic()
            while len(crowd.replies) < wanted and time.monotonic() - born < LIFE_SECONDS:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, MOMENT_SECONDS))
            server.kill()
            server.start()
            if kill % 50 == 0:
                with capsys.disabled():
                    print(f"\n{kill} kills in {time.monotonic() - started:.0f} s", end="", flush=True)
        crowd.leave()
        with capsys.disabled():
            print(
                f"\n{KILLS} kills, {sum(log.cut_off for log in crowd.logs)} requests cut off by them, {sum(log.broken for log in crowd.logs)} tries in all "
                f"without a reply; {len(crowd.replies)} messages, {sum(reply.is_apology for reply in crowd.replies)} apologies, "
                f"{len(crowd.confirmed)} contact requests confirmed, longest wait {max(reply.seconds for reply in crowd.replies):.1f} s"
            )
        crowd.check_conversations()
        assert sum(log.cut_off for log in crowd.logs) >= KILLS / 4, "the kills hit nothing"
    finally:
        crowd.leave()
        server.stop()
    for file in ("assistant.db", "conversations.db"):
        with closing(sqlite3.connect(tmp_path / file)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], file
    with closing(sqlite3.connect(tmp_path / "assistant.db")) as requests, closing(sqlite3.connect(tmp_path / "conversations.db")) as conversations:
        crowd.check_kept(
            requests.execute("SELECT email, request FROM contacts"),
            conversations.execute("SELECT sender_id, data FROM events WHERE type_name = 'user'"),
        )
