"""Conversations as Rasa keeps them, in a tracker store on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml
from sqlalchemy.engine import make_url

from bot import report, store
from bot.store import Store

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=timezone.utc)  # noon in New York
SOURCE = "It is so.\nSource: coding guide (2025)"


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


class Conversations:
    """A tracker store to which turns are written by Rasa itself."""

    def __init__(self, url: str, folder: Path):
        from rasa.core.tracker_store import SQLTrackerStore
        from rasa.shared.core.domain import Domain

        parsed = make_url(url)
        kept: dict[str, Any] = {"type": "bot.tracker_store.ConversationTrackerStore", "dialect": parsed.drivername, "db": parsed.database}
        if parsed.username:
            kept |= {"username": parsed.username, "query": dict(parsed.query)}
        if parsed.drivername == "sqlite":
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        self.endpoints = folder / "endpoints.yml"
        self.endpoints.write_text(yaml.safe_dump({"tracker_store": kept}))
        domain = Domain.from_yaml('version: "3.1"\nslots: {in_play: {type: any, mappings: [{type: custom}]}}')
        self._store = SQLTrackerStore(domain, **{key: value for key, value in kept.items() if key != "type"})

    def add(
        self,
        conversation: str,
        time: datetime,
        text: str,
        replies: Sequence[tuple[Optional[str], str]],
        topics: Sequence[str] = (),
        intent: str = "greet",
        confidence: float = 0.9,
        ranking: Sequence[tuple[str, float]] = (),
    ) -> None:
        """Keeps a turn; its replies have the name of their response and their text."""
        from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered

        seconds = time.timestamp()
        parsed = {"intent_ranking": [{"name": name, "confidence": sure} for name, sure in ranking]}
        events: list[Any] = [UserUttered(text, {"name": intent, "confidence": confidence}, parse_data=None, timestamp=seconds)]
        events[0].parse_data |= parsed
        events.append(ActionExecuted("action_some", timestamp=seconds))
        for name, reply in replies:
            events.append(BotUttered(reply, {}, {"utter_action": name} if name else {}, timestamp=seconds))
        if topics:
            value = {"topic": topics[-1], "entities": {}, **({"topics": list(topics)} if len(topics) > 1 else {})}
            events.append(SlotSet("in_play", value, timestamp=seconds))
        events.append(ActionExecuted("action_listen", timestamp=seconds))

        async def save() -> None:
            tracker = await self._store.retrieve_full_tracker(conversation) or self._store.init_tracker(conversation)
            for event in events:
                tracker.update(event)
            await self._store.save(tracker)

        asyncio.run(save())


@pytest.fixture(scope="session")
def space():
    """The space of meaning of the real examples, learned once."""
    return report.meaning_space()


@pytest.fixture
def conversations(url, tmp_path) -> Conversations:
    """A tracker store, empty."""
    return Conversations(url, tmp_path)


@pytest.fixture
def kept(tmp_path, monkeypatch) -> Store:
    """The database of questions and feedback, empty."""
    kept = Store(f"sqlite:///{tmp_path / 'assistant.db'}")
    monkeypatch.setattr(store, "in_force", lambda: kept)
    return kept


@pytest.fixture
def at(monkeypatch) -> Callable[[datetime], None]:
    """Sets the time at which the database is written."""

    def set_to(time: datetime) -> None:
        for table in store.TABLES:
            monkeypatch.setattr(table.__table__.c.created_at.default, "arg", lambda context: time)

    return set_to
