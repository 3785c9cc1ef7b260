"""Each part of the cluster dies under load and comes back: every message has a reply, no contact request is lost or doubled."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections import Counter

from cluster import SECRETS, Cluster
from sqlalchemy import create_engine, text
from visitors import Reply, check_history, crowd

VISITORS = 9
PAUSE_SECONDS = 1.0  # between a visitor's messages
DOWN_SECONDS = 3
BETWEEN_SECONDS = 6
PARTS = ("rasa-1", "actions-1", "redis", "postgresql")


def test_each_part_dies_and_comes_back_under_load(cluster: Cluster, capsys) -> None:
    stop = threading.Event()
    visitors = crowd(VISITORS, cluster.url, SECRETS["BOT_REST_SECRET"], PAUSE_SECONDS, stop)
    phases = [("all well", time.monotonic())]
    time.sleep(BETWEEN_SECONDS)
    for part in PARTS:
        phases.append((f"{part} killed", time.monotonic()))
        cluster[part].kill()
        time.sleep(DOWN_SECONDS)
        cluster[part].start()
        cluster[part].wait_until_ready()
        phases.append((f"{part} back", time.monotonic()))
        time.sleep(BETWEEN_SECONDS)
    stop.set()
    for visitor in visitors:
        visitor.join(120)
    logs = [visitor.log for visitor in visitors]
    replies = [reply for log in logs for reply in log.replies]
    confirmed = [one for log in logs for one in log.confirmed]
    with capsys.disabled():
        print(f"\n{VISITORS} visitors, {len(replies)} messages, {len(confirmed)} contact requests confirmed")
        for (name, begun), (_, ended) in zip(phases, [*phases[1:], ("", float("inf"))]):
            print(
                row(
                    name,
                    [reply for reply in replies if begun <= reply.started < ended],
                    [r for log in logs for r in log.refusals if begun <= r.started < ended],
                )
            )
    assert not (problems := [problem for log in logs for problem in log.problems]), "\n".join(problems)
    assert not any(visitor.is_alive() for visitor in visitors)
    assert [said for log in logs for said in log.started_over] == [], "a form was lost"
    assert sum(log.broken for log in logs) == 0, "nginx broke off"

    with create_engine(cluster.database).connect() as database:
        rows = database.execute(text("SELECT email, request FROM contacts WHERE email LIKE 'visitor%'")).fetchall()
        kept = Counter(
            (sender, json.loads(data)["message_id"])
            for sender, data in database.execute(text("SELECT sender_id, data FROM events WHERE type_name = 'user'"))
        )
    told = sorted((one.email, one.reference) for one in confirmed)
    assert sorted((email, request[:8].upper()) for email, request in rows) == told, "requests lost, doubled, or stored without a word"
    assert [key for key, count in kept.items() if count > 1] == [], "a message was answered twice"
    for visitor in visitors:
        if visitor.widget:
            check_history(visitor)


def row(name: str, replies: list[Reply], refusals: list[Reply]) -> str:
    seconds = sorted(reply.seconds for reply in replies) or [0.0]
    return (
        f"  {name:18} {len(replies):4} replies, {sum(reply.is_apology for reply in replies):3} of them apologies, {sum(reply.is_alone for reply in replies):3} without the conversation, {len(refusals):3} refused; "
        f"median {statistics.median(seconds):.2f} s, 95 % {seconds[int(len(seconds) * 0.95)]:.2f} s, longest {seconds[-1]:.2f} s"
    )
