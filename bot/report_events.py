"""Counts what visitors asked and what came of it, from the conversations in the tracker store."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Iterator, Optional
from zoneinfo import ZoneInfo

from sqlalchemy import and_, create_engine, func, inspect, or_, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from bot import outcomes
from bot.knowledge import INTENT_PREFIX

ROWS_AT_ONCE = 20_000  # some 20 MB; a reader holds up SQLite's writer only while such a portion is read
KINDS = ("sql", "bot.tracker_store.conversationtrackerstore")  # of tracker store, in lower case
UNSURE = 0.5  # an answer to a question read with less confidence is as likely wrong as right
# Where the JSON of a message has the confidence; nothing that is typed looks like it, for its quotes are escaped.
CONFIDENCE = re.compile(r'"parse_data": \{"intent": \{"name": "\w+", "confidence": ([\d.e+-]+)\}')
IN_PLAY = "in_play"  # slot: what an answer was about (actions/turns.py)


class EventsError(RuntimeError):
    """The conversations cannot be read; the text says why and what to do."""


@dataclass
class Message:
    """A visitor's message and the replies to it."""

    conversation: str
    time: float  # seconds since 1970
    intent: str
    written: str  # the event as Rasa keeps it, in JSON
    replies: list[tuple[Optional[str], str]] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)  # that were answered

    @cached_property
    def event(self) -> dict[str, Any]:
        """The event, parsed; that takes longer than all else, so it is done only for what is shown."""
        return json.loads(self.written)

    @property
    def wording(self) -> str:
        return self.event["text"] or ""

    @property
    def confidence(self) -> float:
        """Of the intent, 0 to 1."""
        found = CONFIDENCE.search(self.written)
        return float(found[1] if found else self._parsed.get("intent", {}).get("confidence") or 0.0)

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """The intents it may have with their confidences, the likeliest first."""
        return [(entry["name"], entry["confidence"]) for entry in self._parsed.get("intent_ranking") or []]

    @property
    def is_button(self) -> bool:
        return self.wording.startswith("/")

    @property
    def outcome(self) -> str:
        return outcomes.outcome(self.replies)

    @property
    def _parsed(self) -> dict[str, Any]:
        return self.event.get("parse_data") or {}


@dataclass
class Traffic:
    """Counts of a period; days are those of the office."""

    conversations: set[str] = field(default_factory=set)
    conversations_by_day: Counter[date] = field(default_factory=Counter)  # a conversation counts on each day on which something was said
    outcomes: Counter[tuple[date, str]] = field(default_factory=Counter)
    topics: Counter[tuple[date, str]] = field(default_factory=Counter)  # answered
    unsure: dict[tuple[str, str], list[float]] = field(default_factory=dict)  # (wording, topic answered) with low confidence: the confidences

    def outcome(self, name: str) -> int:
        """Returns how many messages came out so."""
        return sum(count for (_, outcome), count in self.outcomes.items() if outcome == name)

    @property
    def messages(self) -> int:
        return sum(self.outcomes.values())

    def by_topic(self) -> Counter[str]:
        """Returns how often each topic was answered."""
        counts: Counter[str] = Counter()
        for (_, topic), count in self.topics.items():
            counts[topic] += count
        return counts


def count(messages: Iterator[Message], timezone: str) -> Traffic:
    """Returns the counts of messages."""
    traffic, zone = Traffic(), ZoneInfo(timezone)
    seen: set[tuple[str, date]] = set()
    for message in messages:
        day = datetime.fromtimestamp(message.time, zone).date()
        if (message.conversation, day) not in seen:
            seen.add((message.conversation, day))
            traffic.conversations.add(message.conversation)
            traffic.conversations_by_day[day] += 1
        outcome = message.outcome
        traffic.outcomes[day, outcome] += 1
        if outcome == outcomes.ANSWERED:
            for topic in message.topics:
                traffic.topics[day, topic] += 1
            if message.intent.startswith(INTENT_PREFIX) and message.confidence < UNSURE:
                traffic.unsure.setdefault((message.wording, message.topics[0] if message.topics else ""), []).append(message.confidence)
    return traffic


def open_events(endpoints_file: Path) -> Engine:
    """Returns the database of the tracker store that an endpoints file names.

    Raises:
        EventsError: there is none of type SQL, or it holds no conversations.
    """
    from rasa.core.tracker_store import SQLTrackerStore, create_engine_kwargs
    from rasa.core.utils import AvailableEndpoints

    config = AvailableEndpoints.read_endpoints(str(endpoints_file)).tracker_store
    if config is None or (config.type or "").lower() not in KINDS:
        raise EventsError(
            f"{endpoints_file.name}: conversations in a tracker store of type {config.type if config else 'InMemory'} cannot be read; "
            "allowed: type SQL or bot.tracker_store.ConversationTrackerStore. Correct the file."
        )
    parts = ("dialect", "port", "db", "username", "password", "query")
    url = SQLTrackerStore.get_db_url(host=config.url, **{part: config.kwargs[part] for part in parts if part in config.kwargs})
    engine = create_engine(url, **create_engine_kwargs(url), hide_parameters=True)
    shown = engine.url.render_as_string(hide_password=True)
    nothing = f"{shown}: no conversations are kept there. Is {endpoints_file.name} the one that the server uses?"
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        raise EventsError(nothing)  # to connect would make the file
    try:
        if not inspect(engine).has_table("events"):
            raise EventsError(nothing)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise EventsError(f"{shown} cannot be read: {cause}. Check that it runs and that {endpoints_file.name} is right.") from error
    return engine


def read(engine: Engine, since: datetime, until: datetime, progress: Callable[[float], None] = lambda share: None) -> Iterator[Message]:
    """Yields the messages of a period with their replies, each as soon as the conversation goes on, the last one of each in the end.

    The rows are read by their numbers in portions, so that nobody who writes meanwhile has to wait for the whole. A "yes" that presses a button
    is left out: the button's message follows it.

    Args:
        since: the first moment.
        until: the moment before which a message was sent.
        progress: is told the share that is read, 0 to 1.
    """
    from rasa.core.tracker_store import SQLTrackerStore

    events = SQLTrackerStore.SQLEvent.__table__
    wanted = or_(events.c.type_name.in_(("user", "bot")), and_(events.c.type_name == "slot", events.c.action_name == IN_PLAY))
    query = select(events.c.sender_id, events.c.type_name, events.c.timestamp, events.c.intent_name, events.c.data).where(
        wanted, events.c.timestamp >= since.timestamp()
    )
    latest: dict[str, Message] = {}  # by conversation
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for rows in _portions(connection, query, events.c.id, progress):
            for conversation, kind, time, intent, written in rows:
                if kind == "user":
                    message, before = Message(conversation, time, intent or "", written), latest.get(conversation)
                    if before and before.time < until.timestamp() and (before.replies or not message.is_button):
                        yield before
                    latest[conversation] = message
                elif replied := latest.get(conversation):  # else the message was sent before the period
                    event = json.loads(written)
                    if kind == "bot":
                        replied.replies.append((event["metadata"].get("utter_action"), event["text"] or ""))
                    elif event["value"]:
                        replied.topics = list(event["value"].get("topics") or [event["value"]["topic"]])
    yield from (message for message in latest.values() if message.time < until.timestamp())


def _portions(connection: Connection, query: Any, number: Any, progress: Callable[[float], None]) -> Iterator[list[Any]]:
    first, last = connection.execute(select(func.min(number), func.max(number))).one()
    if first is None:
        return
    for start in range(first, last + 1, ROWS_AT_ONCE):
        result = connection.execute(query.where(number >= start, number < start + ROWS_AT_ONCE).order_by(number))
        yield result.cursor.fetchall()  # SQLAlchemy's own rows would take as long again as all the reading
        progress(min(1.0, (start + ROWS_AT_ONCE - first) / (last + 1 - first)))
