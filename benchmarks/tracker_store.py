"""What a turn costs in the tracker store, in long conversations and beside many others: `python -m benchmarks.tracker_store`.

A turn is what it is for a message: the conversation is read, its new events are added, and they are stored. On the same SQLite file Rasa's
own store (type SQL) does the same.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import document
from benchmarks.report import OF_RASA, made_up
from bot import without_tensorflow
from bot.knowledge import ROOT

LENGTHS = (1, 10, 100)  # turns before the one that is measured
STORED = (0, 100_000)  # other conversations
TURNS_OF_STORED = 2
MEASURED = 100  # conversations, of each length and store
COLUMNS = ("sender_id", "type_name", "timestamp", "intent_name", "action_name", "data")
START = [
    {"event": "action", "timestamp": 1.0, "name": "action_session_start", "policy": None, "confidence": 1.0, "metadata": OF_RASA},
    {"event": "session_started", "timestamp": 1.0, "metadata": OF_RASA},
    {"event": "action", "timestamp": 1.0, "name": "action_listen", "policy": None, "confidence": None, "metadata": OF_RASA},
]


def main() -> None:
    """Measures, prints the table and writes it into the document."""
    without_tensorflow.apply()
    logging.disable(logging.WARNING)
    rows = [["turns before", "stored conversations", "ours: p50 / p99, ms", "Rasa's SQL store: p50 / p99, ms", "database, MB"]]
    for stored in STORED:
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "conversations.db"
            times = measure(database, stored)
            size = database.stat().st_size / 1e6
        for length, of_stores in times.items():
            rows.append(
                [f"{length}", f"{stored:,}", *(f"{np.median(of):.2f} / {np.percentile(of, 99):.2f}" for of in of_stores.values()), f"{size:.0f}"]
            )
    text = f"{document.table(rows)}\n\n{document.note('python -m benchmarks.tracker_store')}"
    print(text)
    document.write("tracker store", text)


def measure(database: Path, stored: int, lengths: tuple[int, ...] = LENGTHS, measured: int = MEASURED) -> dict[int, dict[str, list[float]]]:
    """Returns the milliseconds of each turn by the length of the conversation before it and by store ("ours", "Rasa's").

    Args:
        database: the file to make.
        stored: number of other conversations in it.
        lengths: turns before the one that is measured.
        measured: number of conversations of each length and store.
    """
    from rasa.core.tracker_store import SQLTrackerStore
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import Event

    from bot.tracker_store import ConversationTrackerStore

    domain = Domain.load(str(ROOT / "domain.yml"))
    stores = {"ours": ConversationTrackerStore(domain, db=str(database)), "Rasa's": SQLTrackerStore(domain, db=str(database))}
    turns = list(islice(_turns(), max(lengths) + 1))
    with sqlite3.connect(database) as connection:
        _store_others(connection, stored, turns)
        for length in lengths:
            for name in stores:
                for number in range(measured):
                    _insert(connection, f"{name} {length} {number}", START + [event for turn in turns[:length] for event in turn])
    connection.close()

    async def turn(name: str, sender: str) -> float:
        """Returns the milliseconds of one turn."""
        events = [Event.from_parameters(parameters) for parameters in turns[-1]]
        started = time.perf_counter()
        tracker = await stores[name].get_or_create_tracker(sender, append_action_listen=False)
        tracker.update_with_events(events, domain)
        await stores[name].save(tracker)
        return (time.perf_counter() - started) * 1000

    async def all_turns() -> dict[int, dict[str, list[float]]]:
        for name in stores:  # what is made at the first turn is no turn's cost
            await turn(name, f"warm {name}")
        return {
            length: {name: [await turn(name, f"{name} {length} {number}") for number in range(measured)] for name in stores} for length in lengths
        }

    times = asyncio.run(all_turns())
    for store in stores.values():
        store.engine.dispose()
    return times


def _turns() -> Iterator[list[dict[str, Any]]]:
    """Yields the events of one turn after the other, as Rasa stores them."""
    turn: list[dict[str, Any]] = []
    for row in made_up(sys.maxsize, [], []):
        if row["type_name"] == "user" and turn:
            yield turn
            turn = []
        turn.append(json.loads(row["data"]))


def _insert(connection: sqlite3.Connection, sender: str, events: list[dict[str, Any]]) -> None:
    rows = [
        (sender, event["event"], event["timestamp"], event.get("parse_data", {}).get("intent", {}).get("name"), event.get("name"), json.dumps(event))
        for event in events
    ]
    connection.executemany(f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?)", rows)


def _store_others(connection: sqlite3.Connection, count: int, turns: list[list[dict[str, Any]]]) -> None:
    """Stores so many conversations, all with the same events."""
    _insert(connection, "model", START + [event for turn in turns[:TURNS_OF_STORED] for event in turn])
    others = ", ".join(COLUMNS[1:])
    connection.execute(
        f"INSERT INTO events ({', '.join(COLUMNS)}) WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers"
        f" WHERE number < :count) SELECT 'stored ' || number, {others} FROM numbers CROSS JOIN (SELECT {others} FROM events WHERE sender_id = 'model')"
        " WHERE :count > 0",
        {"count": count},
    )


if __name__ == "__main__":
    main()
