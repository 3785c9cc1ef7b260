"""Each part of the cluster dies under load and comes back: every message has a reply, no contact request is lost or doubled."""

from __future__ import annotations

import statistics
import time

from cluster import SECRETS, Cluster
from sqlalchemy import create_engine, text
from visitors import Crowd, Reply

VISITORS = 9
PAUSE_SECONDS = 1.0  # between a visitor's messages
DOWN_SECONDS = 3
BETWEEN_SECONDS = 6
PARTS = ("rasa-1", "actions-1", "redis", "postgresql")


def test_each_part_dies_and_comes_back_under_load(cluster: Cluster, capsys) -> None:
    crowd = Crowd(VISITORS, cluster.url, SECRETS["rest_secret"], PAUSE_SECONDS)
    phases = [("all well", time.monotonic())]
    try:
        time.sleep(BETWEEN_SECONDS)
        for part in PARTS:
            phases.append((f"{part} killed", time.monotonic()))
            cluster[part].kill()
            time.sleep(DOWN_SECONDS)
            cluster[part].start()
            cluster[part].wait_until_ready()
            phases.append((f"{part} back", time.monotonic()))
            time.sleep(BETWEEN_SECONDS)
    finally:
        crowd.leave()
    refusals = [refusal for log in crowd.logs for refusal in log.refusals]
    with capsys.disabled():
        print(f"\n{VISITORS} visitors, {len(crowd.replies)} messages, {len(crowd.confirmed)} contact requests confirmed")
        for (name, begun), (_, ended) in zip(phases, [*phases[1:], ("", float("inf"))]):
            print(row(name, *([one for one in of if begun <= one.started < ended] for of in (crowd.replies, refusals))))
    crowd.check_conversations()
    assert sum(log.broken for log in crowd.logs) == 0, "nginx broke off"
    with create_engine(cluster.database).connect() as database:
        crowd.check_kept(
            database.execute(text("SELECT email, request FROM contacts WHERE email LIKE 'visitor%'")),
            database.execute(text("SELECT sender_id, data FROM events WHERE type_name = 'user'")),
        )


def row(name: str, replies: list[Reply], refusals: list[Reply]) -> str:
    seconds = sorted(reply.seconds for reply in replies) or [0.0]
    return (
        f"  {name:18} {len(replies):4} replies, {sum(reply.is_apology for reply in replies):3} of them apologies, "
        f"{sum(reply.is_alone for reply in replies):3} without the conversation, {len(refusals):3} refused; median {statistics.median(seconds):.2f} s, "
        f"95 % {seconds[int(len(seconds) * 0.95)]:.2f} s, longest {seconds[-1]:.2f} s"
    )
