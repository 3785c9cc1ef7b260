"""How long the report on many conversations takes: `python -m benchmarks.report [CONVERSATIONS] [DATABASE URL]`.

Makes up conversations as Rasa keeps them (100,000 unless told otherwise, in a new SQLite file unless an empty database is given), with
questions without an answer and feedback beside them, then runs `python -m bot report` as an operator would.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from bot.evaluate import UTTERANCES, with_typos
from bot.knowledge import INTENT_PREFIX, ROOT
from bot.store import Feedback, Question, Store

MESSAGES = (1, 8)  # in a conversation, 4.5 in the mean
UNRATED = 0.9
DAYS = 30
ROWS_AT_ONCE = 50_000
OF_RASA = {"model_id": "0" * 32, "assistant_id": "medical-coder-assistant"}


def main(conversations: int, url: str | None) -> None:
    """Fills the database and prints the time of the report."""
    from rasa.core.tracker_store import SQLTrackerStore

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = url or f"sqlite:///{folder / 'conversations.db'}"
        engine = create_engine(url)
        events = SQLTrackerStore.SQLEvent.__table__
        events.metadata.create_all(engine)
        kept = Store(url if url.startswith("postgresql") else f"sqlite:///{folder / 'assistant.db'}")
        kept.questions()
        questions: list[dict[str, Any]] = []
        feedback: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        total = 0
        started = time.monotonic()
        for row in made_up(conversations, questions, feedback):
            rows.append(row)
            if len(rows) == ROWS_AT_ONCE:
                total += _insert(engine, events, rows)
                print(f"\r{total:,} events", end="", file=sys.stderr, flush=True)
        total += _insert(engine, events, rows)
        _insert(kept._engine, Question.__table__, questions)
        _insert(kept._engine, Feedback.__table__, feedback)
        counted = _counts(kept)
        print(f"\r{conversations:,} conversations, {total:,} events, {counted}, made up in {time.monotonic() - started:.0f} s", flush=True)
        endpoints = folder / "endpoints.yml"
        parsed = make_url(url)
        place = {"dialect": parsed.drivername, "db": parsed.database, "username": parsed.username, "query": dict(parsed.query)}
        endpoints.write_text(yaml.safe_dump({"tracker_store": {"type": "SQL", **{key: value for key, value in place.items() if value}}}))
        command = [
            sys.executable,
            "-m",
            "bot",
            "report",
            "--endpoints",
            str(endpoints),
            "--html",
            str(folder / "report.html"),
            "--csv",
            str(folder / "csv"),
        ]
        environment = {**os.environ, "BOT_DATABASE_URL": kept._url.render_as_string(hide_password=False)}
        started = time.monotonic()
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        took, used = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"report in {took:.1f} s, of which {used.ru_utime + used.ru_stime:.1f} s of computing, {used.ru_maxrss / 1024:.0f} MB of memory, "
            f"on {engine.dialect.name} with {os.cpu_count()} cores; on a machine that has other work it waits for that"
        )
        engine.dispose()


def made_up(conversations: int, questions: list[dict[str, Any]], feedback: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the rows of events; adds the rows of the other tables to the lists."""
    utterances = [(intent, text) for intent, texts in yaml.safe_load(UTTERANCES.read_text(encoding="utf-8")).items() for text in texts]
    topics = sorted({intent for intent, _ in utterances if intent.startswith(INTENT_PREFIX)})
    chance = random.Random(0)
    start = datetime.now(timezone.utc) - timedelta(days=DAYS)
    for number in range(conversations):
        conversation = f"widget-{number:032x}"
        moment = start + timedelta(days=DAYS) * ((number + chance.random()) / conversations) * 0.999
        for turn in range(chance.randint(*MESSAGES)):
            moment += timedelta(seconds=0.1)
            seconds = moment.timestamp()
            intent, text = chance.choice(utterances)
            text = with_typos(text, number)
            confidence = chance.random() ** 0.2
            ranked = [{"name": intent, "confidence": confidence}, *({"name": topic, "confidence": 0.01} for topic in chance.sample(topics, 9))]
            parsed = {
                "intent": ranked[0],
                "entities": [],
                "text": text,
                "message_id": "0" * 32,
                "metadata": {},
                "intent_ranking": ranked,
                "scope": 0.9,
            }
            reply: dict[str, Any] = {"text": "It is so. " * 30 + "\nSource: coding guide (2025)", "data": {"buttons": None, "custom": None}}
            response = None
            if not intent.startswith(INTENT_PREFIX):
                response = f"utter_decline_{intent}"
                reply["text"] = "I do not know that. " * 5
                wanted = {"conversation": conversation, "created_at": moment, "wording": text, "outcome": "declined", "intent": intent}
                questions.append({**wanted, "confidence": confidence})
            elif chance.random() > UNRATED:
                rated = {"conversation": conversation, "answer": f"{turn}", "created_at": moment, "topic": intent.removeprefix(INTENT_PREFIX)}
                feedback.append({**rated, "wording": text, "helpful": chance.random() < 0.8, "comment": None})
            happened: list[tuple[str, Any]] = [
                ("user", {"text": text, "parse_data": parsed, "input_channel": "widget", "message_id": "0" * 32}),
                ("slot", {"name": "in_distress", "value": False}),
                ("user_featurization", {"use_text_for_featurization": False}),
                ("action", {"name": "action_answer_question", "policy": "RulePolicy", "confidence": 1.0, "action_text": None}),
                ("bot", reply),
                ("action", {"name": "action_listen", "policy": "RulePolicy", "confidence": 1.0, "action_text": None}),
            ]
            if response is None:
                happened.insert(5, ("slot", {"name": "in_play", "value": {"topic": intent.removeprefix(INTENT_PREFIX), "entities": {}}}))
            for kind, content in happened:
                metadata = {"utter_action": response, **OF_RASA} if kind == "bot" and response else OF_RASA
                written = {"event": kind, "timestamp": seconds, "metadata": metadata, **content}
                row = {"sender_id": conversation, "type_name": kind, "timestamp": seconds, "data": json.dumps(written)}
                yield {**row, "intent_name": intent if kind == "user" else None, "action_name": content.get("name")}


def _insert(engine: Any, table: Any, rows: list[dict[str, Any]]) -> int:
    """Inserts the rows and empties the list; returns how many there were."""
    count = len(rows)
    with engine.begin() as connection:
        for first in range(0, count, ROWS_AT_ONCE):
            connection.execute(table.insert(), rows[first : first + ROWS_AT_ONCE])
    rows.clear()
    return count


def _counts(kept: Store) -> str:
    return f"{len(kept.questions()):,} questions without an answer, {len(kept.feedback()):,} ratings"


if __name__ == "__main__":
    if len(sys.argv) > 3 or (len(sys.argv) > 1 and not sys.argv[1].isdigit()):
        sys.exit("usage: python -m benchmarks.report [CONVERSATIONS] [DATABASE URL]")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2] if len(sys.argv) > 2 else None)
