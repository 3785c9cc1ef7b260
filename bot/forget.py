"""Deletes what is kept of conversations: one at its visitor's wish, those older than the settings allow, what a contact form was told."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, TypeVar

from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore, SQLTrackerStore, TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.exceptions import RasaException
from sqlalchemy import bindparam, func, or_, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot import privacy, settings, store

BATCH = 100  # conversations in one transaction: some ten milliseconds, for which a visitor's turn waits on SQLite
PAUSE_SECONDS = 0.05  # after each, so that those who wait come first
TRIES = 20  # where the database is locked, each as long as a turn waits (endpoints.yml)
SAY_SECONDS = 2  # between two words of how far it is
DAY_SECONDS = 24 * 60 * 60
LEFT_OPEN_SECONDS = DAY_SECONDS  # a visitor who has not gone on with a contact form for so long will not
HOUR_SECONDS = 60 * 60  # until the next try where a database is out of order

_EVENTS = SQLTrackerStore.SQLEvent.__table__
_FORM = (
    select(_EVENTS.c.data)
    .where(_EVENTS.c.sender_id == bindparam("sender"), or_(_EVENTS.c.type_name == "restart", _EVENTS.c.action_name == privacy.CONTACT_REQUEST))
    .order_by(_EVENTS.c.id)
)

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


class ForgetError(RuntimeError):
    """Conversations cannot be deleted; the text says why."""


def forget(conversation: str, endpoints_file: Path) -> dict[str, int]:
    """Deletes a conversation, and its contact requests, feedback and questions; returns how much of each there was.

    Args:
        conversation: its id, the `sender` of its messages, or the reference of a contact request made in it.
        endpoints_file: where conversations are kept (endpoints.yml).
    Raises:
        ForgetError: where they are kept, nothing can be deleted.
        StoreError: the database of contact requests cannot be used.
    """
    tracker_store = of_endpoints(endpoints_file)
    conversation = store.in_force().conversation(conversation) or conversation
    counts = store.in_force().forget(conversation)
    counts["events"] = delete(tracker_store, conversation)
    return counts


def delete(tracker_store: TrackerStore, conversation: str) -> int:
    """Deletes a conversation's events; returns how many there were in the database.

    Raises:
        RasaException: nothing can be deleted from this kind of tracker store.
    """
    count = 0
    for part in _parts(tracker_store):
        if isinstance(part, InMemoryTrackerStore):
            part.store.pop(conversation, None)
        else:
            with _erasing(part) as session:
                count += session.query(part.SQLEvent).filter(part.SQLEvent.sender_id == conversation).delete(synchronize_session=False)
    return count


def take_out_details(tracker_store: TrackerStore, conversation: str, told_without_form: bool = False) -> bool:
    """Takes out of a conversation what its contact form was told, once that is over; returns whether a message to no form had personal data.

    The events are rewritten in place: there are as many afterwards, so that what is saved next is added behind them.

    Args:
        told_without_form: personal data was let through for the form, which may not have opened.
    Raises:
        RasaException: nothing can be rewritten in this kind of tracker store.
    """
    return any([_take_out(part, conversation) for part in _parts(tracker_store) if _is_due(_form(part, conversation), told_without_form)])


def _take_out(tracker_store: TrackerStore, conversation: str) -> bool:
    """Takes the details out of a conversation; returns whether a message to no form had personal data."""
    if isinstance(tracker_store, InMemoryTrackerStore):
        before = _in_memory(tracker_store, conversation)
        after = privacy.without_details(before)
        if after != before:
            tracker_store.store[conversation] = json.dumps({"name": conversation, "events": after})  # as Rasa writes it
    else:
        row = tracker_store.SQLEvent
        with _erasing(tracker_store) as session:
            rows = session.query(row.id, row.data).filter(row.sender_id == conversation).order_by(row.id).all()
            before = [json.loads(data) for _, data in rows]
            after = privacy.without_details(before)
            changes = [{"id": identifier, "data": json.dumps(new)} for (identifier, _), old, new in zip(rows, before, after) if new != old]
            session.bulk_update_mappings(row, changes)
    return any(new["metadata"].get("masked") for old, new in zip(before, after) if new != old and new["event"] == "user")


def _form(tracker_store: TrackerStore, conversation: str) -> list[dict[str, Any]]:
    """Returns the events of a conversation that tell whether its contact form is open: the slot that is set for so long, and restarts."""
    if isinstance(tracker_store, InMemoryTrackerStore):
        return [
            event for event in _in_memory(tracker_store, conversation) if event["event"] == "restart" or event.get("name") == privacy.CONTACT_REQUEST
        ]
    with tracker_store.engine.connect() as connection:
        return [json.loads(row.data) for row in connection.execute(_FORM, {"sender": conversation})]


def _in_memory(tracker_store: InMemoryTrackerStore, conversation: str) -> list[dict[str, Any]]:
    """Returns the events of a conversation; none if it is not kept there."""
    written = tracker_store.store.get(conversation)
    return json.loads(written)["events"] if written else []


def _is_due(form: list[dict[str, Any]], told_without_form: bool) -> bool:
    """Returns whether details are to be taken out: the form is not open, and it was since the last time, or was not but told all the same."""
    is_open = bool(form) and form[-1].get("value") is not None
    return not is_open and (told_without_form or any(event.get("value") is not None for event in form))


def expire(tracker_store: TrackerStore, days: int, say: Callable[[str], None] = logger.debug) -> dict[str, int]:
    """Deletes conversations whose last event is older than so many days, and contact requests, feedback and questions of before.

    Also takes out what contact forms were told that nobody has gone on with for a day.

    May run beside visitors' turns, and in several processes at once.

    Args:
        say: is told how far it is.
    Returns:
        how much of each was deleted.
    Raises:
        RasaException: nothing can be deleted from this kind of tracker store.
        StoreError: the database of contact requests cannot be used.
    """
    counts = {**store.in_force().delete_older_than(days), "events": 0}
    limit = time.time() - days * DAY_SECONDS
    for part in _parts(tracker_store):
        if isinstance(part, InMemoryTrackerStore):
            for conversation, written in list(part.store.items()):
                last = json.loads(written)["events"][-1]["timestamp"]
                if last < limit:
                    part.store.pop(conversation, None)
                elif last < time.time() - LEFT_OPEN_SECONDS and any(event.get("value") for event in _form(part, conversation)):
                    _take_out(part, conversation)
            continue
        seen, said = 0, time.monotonic()
        for conversations in _batches(part):
            counts["events"] += _patiently(_delete_old, part, conversations, limit)
            for conversation in _patiently(_left_open, part, conversations):
                _patiently(_take_out, part, conversation)
            seen += len(conversations)
            if time.monotonic() - said > SAY_SECONDS:
                say(f"{seen} conversations looked at, {counts['events']} events deleted ...")
                said = time.monotonic()
    return counts


def _delete_old(tracker_store: SQLTrackerStore, conversations: list[str], limit: float) -> int:
    """Deletes those of the conversations that have no event since the limit, in seconds since 1970; returns how many events they had."""
    event = tracker_store.SQLEvent
    with _erasing(tracker_store) as session:
        last = session.query(event.sender_id).filter(event.sender_id.in_(conversations)).group_by(event.sender_id)
        old = last.having(func.coalesce(func.max(event.timestamp), 0) < limit)  # in the same statement: a conversation that goes on now stays
        return int(session.query(event).filter(event.sender_id.in_(old)).delete(synchronize_session=False))


def _left_open(tracker_store: SQLTrackerStore, conversations: list[str]) -> list[str]:
    """Returns those of the conversations that went no further though their contact form has details."""
    row = tracker_store.SQLEvent
    with tracker_store.session_scope() as session:
        told = row.sender_id.in_(conversations), row.action_name == privacy.CONTACT_REQUEST, row.data.notlike('%"value": null%')
        idle = func.max(row.timestamp) < time.time() - LEFT_OPEN_SECONDS
        with_details = [sender for (sender,) in session.query(row.sender_id).filter(*told).distinct()]
        return [sender for (sender,) in session.query(row.sender_id).filter(row.sender_id.in_(with_details)).group_by(row.sender_id).having(idle)]


def expire_daily(tracker_store: TrackerStore) -> None:
    """Has a thread delete what is too old, now and then once a day, for as long as the process lives; returns at once."""
    threading.Thread(target=_work, args=(tracker_store,), name="expire", daemon=True).start()


def _work(tracker_store: TrackerStore) -> None:
    while True:
        days, pause = settings.in_force().kept_days, DAY_SECONDS
        try:
            counts = expire(tracker_store, days)
        except (RasaException, store.StoreError) as error:
            logger.error("What is older than %s days was not deleted: %s", days, error)
            pause = HOUR_SECONDS
        except Exception as error:  # its text may hold what a visitor wrote
            logger.error("What is older than %s days was not deleted (%s).", days, type(error).__name__)
            pause = HOUR_SECONDS
        else:
            if any(counts.values()):
                logger.info("Deleted, as older than %s days: %s", days, shown(counts))
        time.sleep(pause)


def shown(counts: dict[str, int]) -> str:
    """Returns how much was deleted as a sentence says it: "1 contacts, 0 feedback, 2 questions, 31 events"."""
    return ", ".join(f"{count} {table}" for table, count in counts.items())


def of_endpoints(file: Path) -> TrackerStore:
    """Returns where conversations are kept according to endpoints.yml.

    Raises:
        ForgetError: nothing can be deleted there from outside the server.
    """
    tracker_store = TrackerStore.create(AvailableEndpoints.read_endpoints(str(file)).tracker_store)
    if not isinstance(tracker_store, SQLTrackerStore):
        raise ForgetError(
            f"{file.name}: conversations cannot be deleted from {type(tracker_store).__name__}; allowed: a tracker store of type SQL "
            "that can be reached. Correct the file or start its database."
        )
    return tracker_store


def _parts(tracker_store: TrackerStore) -> Iterator[TrackerStore]:
    """Yields what a tracker store keeps conversations in: itself, and in a server's also the memory that serves while the database does not.

    Raises:
        RasaException: nothing can be deleted there.
    """
    parts = [tracker_store]
    if isinstance(tracker_store, FailSafeTrackerStore):
        parts = [part for part in (tracker_store._fallback_tracker_store, tracker_store._tracker_store) if part is not None]
    for part in parts:
        if not isinstance(part, (InMemoryTrackerStore, SQLTrackerStore)):
            raise RasaException(f"{type(part).__name__}: conversations in this kind of tracker store cannot be deleted. Use type SQL.")
        yield part


def _batches(tracker_store: SQLTrackerStore) -> Iterator[list[str]]:
    """Yields the ids of all conversations, some at a time, with a pause after each so that visitors' turns come first."""
    last = ""
    while batch := _patiently(_next_batch, tracker_store, last):
        yield batch
        last = batch[-1]
        time.sleep(PAUSE_SECONDS)


def _next_batch(tracker_store: SQLTrackerStore, last: str) -> list[str]:
    sender = tracker_store.SQLEvent.sender_id
    with tracker_store.session_scope() as session:
        return [row[0] for row in session.query(sender).filter(sender > last).distinct().order_by(sender).limit(BATCH)]


def _patiently(work: Callable[..., Result], *arguments: Any) -> Result:
    """Returns the result of work on a database that visitors' turns may lock for longer than they would wait themselves."""
    for _ in range(TRIES - 1):
        try:
            return work(*arguments)
        except OperationalError:
            time.sleep(PAUSE_SECONDS)
    return work(*arguments)


@contextmanager
def _erasing(tracker_store: SQLTrackerStore) -> Iterator[Session]:
    """Gives a session whose changes are in the database afterwards, and whose deleted rows are not to be found in a file of SQLite."""
    sqlite = tracker_store.engine.dialect.name == "sqlite"
    with tracker_store.session_scope() as session:
        if sqlite:
            session.execute(text("PRAGMA secure_delete = ON"))
        yield session
        session.commit()
        if sqlite:
            session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))  # the log, where there is one, still has them
