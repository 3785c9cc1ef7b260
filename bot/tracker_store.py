"""The tracker store of endpoints.yml: Rasa's table in SQL, but it says when it cannot be used, and a turn costs the same in a long conversation."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Dict, Iterator, List, Optional

import sqlalchemy
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    ConversationPaused,
    ConversationResumed,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from sqlalchemy import func, select
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

from bot import store

TURNS = 8  # messages that are read back, the latest; what looks back farthest (IN_PLAY_TURNS, REMEMBERED_MESSAGES) looks back five
# What the state of a conversation is made of: of each kind and name the last one before those turns is read as well.
STATE = [kind.type_name for kind in (SessionStarted, Restarted, AllSlotsReset, SlotSet, ActiveLoop, ConversationPaused, ConversationResumed)]
ROW = "row"  # attribute of an event: the id of its row in the table

_EVENTS = SQLTrackerStore.SQLEvent.__table__
_OF_SENDER = _EVENTS.c.sender_id == sqlalchemy.bindparam("sender")
_READ = select(_EVENTS.c.id, _EVENTS.c.data).order_by(_EVENTS.c.id)


def _last(*conditions: Any, offset: int = 0) -> Any:
    """Returns the statement for the id of the last row, or of the one so many before it, that meets the conditions."""
    return select(_EVENTS.c.id).where(_OF_SENDER, *conditions).order_by(_EVENTS.c.id.desc()).limit(1).offset(offset).scalar_subquery()


_LAST_TURNS = _READ.where(
    _OF_SENDER, _EVENTS.c.id >= func.coalesce(_last(_EVENTS.c.type_name == UserUttered.type_name, offset=TURNS - 1), 0)
)  # fmt: skip
_BEFORE = _EVENTS.c.id < sqlalchemy.bindparam("row")
_STATE_BEFORE = _READ.where(
    _EVENTS.c.id.in_(
        select(func.max(_EVENTS.c.id))
        .where(_OF_SENDER, _BEFORE, _EVENTS.c.id >= func.coalesce(_last(_BEFORE, _EVENTS.c.type_name == SessionStarted.type_name), 0))
        .where(_EVENTS.c.type_name.in_(STATE))
        .group_by(_EVENTS.c.type_name, _EVENTS.c.action_name)
    )
)
_LAST_ROW = select(func.max(_EVENTS.c.id)).where(_OF_SENDER)

# Rasa looks through all classes of events for each event that it reads back (shared/core/events.py: `resolve_by_type`).
event_class = lru_cache(maxsize=None)(Event.resolve_by_type)


class TrackerStoreError(RasaException):
    """Conversations cannot be read or kept; the text says why."""


class ConversationTrackerStore(SQLTrackerStore):
    """Conversations in SQLite or PostgreSQL.

    Rasa's store reads the whole session at each turn, and again for each time that it stores, in queries that it composes anew, on SQLite
    through a new connection each. This one reads the last turns and what the slots were before them, and appends what is new.
    """

    def __init__(self, domain: Optional[Domain] = None, event_broker: Optional[EventBroker] = None, **options: Any) -> None:
        """Connects and makes the table; `options` are those of Rasa's store, of which `host` may be the whole address of a database.

        Raises:
            TrackerStoreError: the database cannot be used. (Rasa would log that and go on with conversations in memory.)
        """
        try:
            url = make_url(self.get_db_url(**options))
            self.engine = store.postgresql_engine(url) if url.get_backend_name() == "postgresql" else _sqlite_engine(url)
            with self.engine.begin() as connection:
                store.lock_tables(connection)
                self.Base.metadata.create_all(connection)
        except (SQLAlchemyError, ImportError, TypeError) as error:
            cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise TrackerStoreError(
                f"tracker_store: the database of conversations cannot be used: {cause}. Correct its address, or start the database."
            ) from error
        self.sessionmaker = sessionmaker(bind=self.engine)
        TrackerStore.__init__(self, domain, event_broker)

    @contextmanager
    def session_scope(self) -> Iterator[Session]:
        """Gives a session. (Rasa's ends the process over an event that cannot be read; here that is an error of its conversation alone.)"""
        with self.sessionmaker() as session:
            yield session

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """Returns the tracker of the last session (see parent class): its last turns, after events that bring the slots to where they were."""
        with self.engine.connect() as connection:
            rows = connection.execute(_LAST_TURNS, {"sender": sender_id}).all()
            if not rows:
                return None
            events = _events(rows)
            start = max((index for index, event in enumerate(events) if isinstance(event, SessionStarted)), default=None)
            if start is not None:
                events = events[start:]
            else:
                before = _events(connection.execute(_STATE_BEFORE, {"sender": sender_id, "row": rows[0].id}).all())
                if before and not isinstance(events[0], ActionExecuted):  # each turn is read after the assistant has listened
                    before.append(ActionExecuted(ACTION_LISTEN_NAME, timestamp=before[-1].timestamp))
                    setattr(before[-1], ROW, getattr(before[-2], ROW))
                events = before + events
        return DialogueStateTracker.from_events(sender_id, events, self.domain.slots)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Appends what is new in a tracker (see parent class).

        Raises:
            TrackerStoreError: the stored conversation has gone on otherwise since it was read. (Rasa would store what comes after as many events.)
        """
        events = list(tracker.events)
        read = [getattr(event, ROW) for event in events if hasattr(event, ROW)]
        new = [event for event in events if not hasattr(event, ROW)]
        if not new:
            return
        rows = [_row(tracker.sender_id, event) for event in new]
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":  # another server may be storing, too; SQLite's file has one server
                connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(hashtext(:sender))"), {"sender": tracker.sender_id})
            last = connection.execute(_LAST_ROW, {"sender": tracker.sender_id}).scalar()
            if last != max(read, default=None):
                raise TrackerStoreError("The stored conversation went on otherwise while this message was answered; the answer is not kept.")
            connection.execute(_EVENTS.insert(), rows)
            last = connection.execute(_LAST_ROW, {"sender": tracker.sender_id}).scalar()
        for event in new:
            setattr(event, ROW, last)
        if self.event_broker is not None:
            await self._stream_new_events(self.event_broker, new, tracker.sender_id)


def _events(rows: Any) -> List[Event]:
    events = []
    for row in rows:
        parameters = json.loads(row.data)
        event = event_class(parameters["event"])._from_parameters(parameters)
        setattr(event, ROW, row.id)
        events.append(event)
    return events


def _row(sender_id: str, event: Event) -> Dict[str, Any]:
    content = event.as_dict()
    return {
        "sender_id": sender_id,
        "type_name": event.type_name,
        "timestamp": content.get("timestamp"),
        "intent_name": content.get("parse_data", {}).get("intent", {}).get("name"),
        "action_name": content.get("name"),
        "data": json.dumps(content),
    }


def _sqlite_engine(url: URL) -> Engine:
    # Connections are kept: to make one and read the schema takes longer than a turn's reading. hide_parameters: see store.postgresql_engine.
    engine = sqlalchemy.create_engine(url, hide_parameters=True, poolclass=QueuePool, connect_args={"check_same_thread": False})
    sqlalchemy.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    store.write_ahead(connection)
    # What was stored survives a server that is killed; a power cut may take the last seconds. To wait for the disk each turn takes as long as an answer.
    connection.execute("PRAGMA synchronous=NORMAL")
