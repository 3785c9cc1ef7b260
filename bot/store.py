"""The database of what visitors leave behind: contact requests, feedback on answers, questions without an answer."""

from __future__ import annotations

import os
import select
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, Optional

import psycopg2
import psycopg2.extensions
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Boolean, Column, DateTime, Float, Integer, Text, create_engine, event, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Query, Session, declarative_base
from sqlalchemy.types import TypeDecorator

from bot import privacy
from bot.knowledge import HOME, ROOT

URL_VARIABLE = "BOT_DATABASE_URL"
DEFAULT_URL = "sqlite:///var/assistant.db"
MIGRATIONS = ROOT / "bot" / "migrations"
WAIT_SECONDS = 3  # for a lock or a connection; a visitor has a reply within five
GRACE_SECONDS = 0.5  # for PostgreSQL to say itself that something takes too long
PAUSE_SECONDS = 5  # so long a PostgreSQL that hangs is not waited for again: it holds up one visitor, not each in turn
RETRY_DOUBLINGS_MAX = 6  # of the time between two tries of a notice: from a minute to about an hour
REFERENCE_CHARACTERS = 8  # of the name by which a visitor and the office speak of a request
SAME_WITHIN = timedelta(hours=1)  # the same details again from one visitor are the same request; an apology says to try again in a minute
MIGRATION_LOCK = 0x6D6564636F6465  # "medcode": names the lock that processes starting together take on PostgreSQL

Model: Any = declarative_base()
_silent_until = 0.0  # on the monotonic clock


class StoreError(RuntimeError):
    """The database cannot be used; the text says why and what to do."""


class UtcTime(TypeDecorator):  # type: ignore[type-arg]
    """A time with its zone in Python, in UTC in the database. (SQLite keeps no zones.)"""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: Optional[datetime], dialect: Any) -> Optional[datetime]:
        """Returns the time as it is stored."""
        return value.astimezone(timezone.utc).replace(tzinfo=None) if value else None

    def process_result_value(self, value: Optional[datetime], dialect: Any) -> Optional[datetime]:
        """Returns the stored time with its zone."""
        return value.replace(tzinfo=timezone.utc) if value else None


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Contact(Model):
    """A confirmed request to be contacted."""

    __tablename__ = "contacts"
    request = Column(Text, primary_key=True)  # made when the form starts: the same request is stored once
    conversation = Column(Text, nullable=False, index=True)
    created_at = Column(UtcTime, nullable=False, default=_now, index=True)
    name = Column(Text, nullable=False)
    email = Column(Text, nullable=False)
    phone = Column(Text, nullable=False)  # "" if none was given
    about = Column(Text, nullable=False)  # likewise
    notified_at = Column(UtcTime)  # when the office was told (bot/notices.py)
    notice_due_at = Column(UtcTime, nullable=False, default=_now)  # not to be tried before
    notice_attempts = Column(Integer, nullable=False, default=0)

    @property
    def reference(self) -> str:
        """What visitor and office call the request."""
        return reference(self.request)


class Feedback(Model):
    """Whether an answer helped; a visitor's last word on an answer counts."""

    __tablename__ = "feedback"
    conversation = Column(Text, primary_key=True)
    answer = Column(Text, primary_key=True)
    created_at = Column(UtcTime, nullable=False, default=_now, index=True)
    topic = Column(Text, nullable=False)
    wording = Column(Text, nullable=False)
    helpful = Column(Boolean, nullable=False)
    comment = Column(Text)


class Question(Model):
    """A message that got no answer, or a wrong one."""

    __tablename__ = "questions"
    id = Column(Integer, primary_key=True)
    conversation = Column(Text, nullable=False, index=True)
    created_at = Column(UtcTime, nullable=False, default=_now, index=True)
    wording = Column(Text, nullable=False)
    outcome = Column(Text, nullable=False)  # clarified, declined or wrong
    intent = Column(Text, nullable=False)
    confidence = Column(Float, nullable=False)


TABLES = (Contact, Feedback, Question)


def reference(request: str) -> str:
    """Returns the short name of a request: enough of its id to tell requests of one office apart, short enough to be read out."""
    return request[:REFERENCE_CHARACTERS].upper()


def postgresql_engine(url: URL) -> Engine:
    """Returns an engine for PostgreSQL that notices a restart of the server and waits WAIT_SECONDS at most, whatever it waits for."""
    psycopg2.extensions.set_wait_callback(_wait_for_postgresql)
    limits = f"-c lock_timeout={WAIT_SECONDS}s -c statement_timeout={WAIT_SECONDS}s"
    connect = {"options": limits, "application_name": "career-assistant"}
    return create_engine(url, pool_pre_ping=True, pool_timeout=WAIT_SECONDS, connect_args=connect, hide_parameters=True)


def _wait_for_postgresql(connection: Any) -> None:
    """Waits for an answer as psycopg2 would by itself, but not for ever: of a server that hangs it would never hear."""
    global _silent_until
    now = time.monotonic()
    patience = 0.0 if now < _silent_until else WAIT_SECONDS + GRACE_SECONDS
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN if state == psycopg2.extensions.POLL_READ else select.POLLOUT)
        if not waiting.poll(max(0.0, now + patience - time.monotonic()) * 1000):
            if patience:
                _silent_until = time.monotonic() + PAUSE_SECONDS
            raise psycopg2.OperationalError("PostgreSQL does not answer")


class Store:
    """One database; its tables are made or brought up to date at the first use."""

    def __init__(self, url: str):
        """Prepares the connection; connects at the first use.

        Raises:
            StoreError: the address is of no database that can be used.
        """
        try:
            self._url = make_url(url)
        except (ArgumentError, ValueError) as error:
            raise StoreError(f"{URL_VARIABLE}: not the address of a database; {_ALLOWED}.") from error
        dialect = self._url.get_backend_name()
        if dialect == "sqlite":
            if not self._url.database or self._url.database == ":memory:":
                raise StoreError(f"{URL_VARIABLE}: a database in memory would lose every request; {_ALLOWED}.")
            self._url = self._url.set(database=str(HOME / self._url.database))
            self._engine = create_engine(self._url, connect_args={"timeout": WAIT_SECONDS})
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        elif dialect == "postgresql":
            self._engine = postgresql_engine(self._url)
        else:
            raise StoreError(f"{URL_VARIABLE}: '{dialect}' is no database that can be used; {_ALLOWED}.")
        self._up_to_date = False
        self._migrating = threading.Lock()

    def open(self) -> None:
        """Makes the tables or brings them up to date.

        Raises:
            StoreError: the database cannot be used.
        """
        with self._session():
            pass

    def add_contact(self, conversation: str, request: str, name: str, email: str, phone: str, about: str) -> bool:
        """Stores a request; returns False if it is stored already.

        Raises:
            StoreError: it could not be stored.
        """
        contact = Contact(
            conversation=conversation, request=request, name=_storable(name), email=_storable(email), phone=_storable(phone), about=_storable(about)
        )
        try:
            with self._session() as session:
                session.add(contact)
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):
                with self._session() as session:
                    if session.get(Contact, request):
                        return False
            raise
        return True

    def same_contact(self, conversation: str, name: str, email: str, phone: str, about: str) -> Optional[Contact]:
        """Returns the request with the same details that the conversation made a short time ago; None if there is none.

        Who was told that something failed after the request was stored sends it again.

        Raises:
            StoreError: the requests could not be read.
        """
        details = {"conversation": conversation, "name": name, "email": email, "phone": phone, "about": about}
        with self._session() as session:
            query = session.query(Contact).filter_by(**{key: _storable(value) for key, value in details.items()})
            return query.filter(Contact.created_at > _now() - SAME_WITHIN).order_by(Contact.created_at).first()

    def contacts(self, since: Optional[datetime] = None) -> list[Contact]:
        """Returns the requests, the oldest first.

        Raises:
            StoreError: they could not be read.
        """
        with self._session(reading=True) as session:
            query = session.query(Contact).order_by(Contact.created_at)
            return list(query.filter(Contact.created_at >= since) if since else query)

    def conversation(self, reference: str) -> Optional[str]:
        """Returns the conversation in which the request with a reference was made; None if there is no such request.

        Raises:
            StoreError: the database cannot be used.
        """
        with self._session() as session:
            found = session.query(Contact.conversation).filter(Contact.request.startswith(reference.lower(), autoescape=True)).all()
        return str(found[0][0]) if len(found) == 1 and len(reference) == REFERENCE_CHARACTERS else None

    def claim_notice(self, retry_in: timedelta) -> Optional[Contact]:
        """Returns a request whose notice is due, and makes it due again only later; so no other process takes it too, and a crash loses none.

        Raises:
            StoreError: the database cannot be used.
        """
        due = Contact.notified_at.is_(None) & (Contact.notice_due_at <= _now())
        while True:
            with self._session() as session:
                contact = session.query(Contact).filter(due).order_by(Contact.notice_due_at).first()
                if contact is None:
                    return None
                wait = retry_in * 2 ** min(contact.notice_attempts, RETRY_DOUBLINGS_MAX)
                later = {"notice_due_at": _now() + wait, "notice_attempts": contact.notice_attempts + 1}
                if session.query(Contact).filter(due, Contact.request == contact.request).update(later, synchronize_session=False):
                    return contact

    def mark_notified(self, request: str) -> None:
        """Keeps that the office was told of a request.

        Raises:
            StoreError: the database cannot be used.
        """
        with self._session() as session:
            session.query(Contact).filter(Contact.request == request).update({"notified_at": _now()})

    def add_feedback(self, conversation: str, answer: str, topic: str, wording: str, helpful: bool, comment: Optional[str] = None) -> None:
        """Stores whether an answer helped, in place of what was said of it before; personal data in it is masked.

        Args:
            answer: what tells the answers of a conversation apart.
            wording: the question as it was asked.
        Raises:
            StoreError: it could not be stored.
        """
        feedback = Feedback(
            conversation=conversation,
            answer=answer,
            topic=topic,
            wording=_masked(wording),
            helpful=helpful,
            comment=None if comment is None else _masked(comment),
        )
        try:
            with self._session() as session:
                session.merge(feedback)
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            with self._session() as session:  # two at once: the row is there now
                session.merge(feedback)

    def feedback(self, since: Optional[datetime] = None) -> list[Feedback]:
        """Returns the feedback, the oldest first.

        Raises:
            StoreError: it could not be read.
        """
        with self._session(reading=True) as session:
            query = session.query(Feedback).order_by(Feedback.created_at)
            return list(query.filter(Feedback.created_at >= since) if since else query)

    def add_question(self, conversation: str, wording: str, outcome: str, intent: str, confidence: float) -> None:
        """Stores a message that got no answer; personal data in it is masked.

        Args:
            outcome: "clarified", "declined" or "wrong".
            intent: what it was taken for, with `confidence` from 0.0 to 1.0.
        Raises:
            StoreError: it could not be stored.
        """
        with self._session() as session:
            session.add(Question(conversation=conversation, wording=_masked(wording), outcome=outcome, intent=intent, confidence=float(confidence)))

    def questions(self, since: Optional[datetime] = None) -> list[Question]:
        """Returns the messages without an answer, the oldest first.

        Raises:
            StoreError: they could not be read.
        """
        with self._session(reading=True) as session:
            query = session.query(Question).order_by(Question.created_at)
            return list(query.filter(Question.created_at >= since) if since else query)

    def forget(self, conversation: str) -> dict[str, int]:
        """Deletes what was stored of a conversation; returns how many rows, by table.

        Raises:
            StoreError: nothing was deleted.
        """
        return self._delete(lambda query, table: query.filter(table.conversation == conversation))

    def delete_older_than(self, days: int) -> dict[str, int]:
        """Deletes what was stored more than so many days ago; returns how many rows, by table.

        Raises:
            StoreError: nothing was deleted.
        """
        limit = _now() - timedelta(days=days)
        return self._delete(lambda query, table: query.filter(table.created_at < limit))

    def _delete(self, chosen: Any) -> dict[str, int]:
        with self._session() as session:
            counts = {table.__tablename__: _chosen(session.query(table), table, chosen) for table in TABLES}
        if self._url.get_backend_name() == "sqlite":
            with closing(self._engine.raw_connection()) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log still has what was deleted
        return counts

    @contextmanager
    def _session(self, reading: bool = False) -> Iterator[Session]:
        """Gives a session whose changes are on disk afterwards, all or none; one for `reading` holds up no writer."""
        try:
            self._migrate()
            with Session(self._engine.execution_options(reading=reading), expire_on_commit=False) as session, session.begin():
                yield session
        except (SQLAlchemyError, OSError) as error:
            self._up_to_date = False  # the file may have been taken away: look again before the next use
            cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise StoreError(
                f"The database {self._url.render_as_string(hide_password=True)} cannot be used: {cause}. {_TO_DO[self._url.get_backend_name()]}"
            ) from error

    def _migrate(self) -> None:
        """Makes the tables or brings them up to date, unless this was done since the last fault."""
        with self._migrating:
            if self._up_to_date:
                return
            if self._url.get_backend_name() == "sqlite":
                file = Path(str(self._url.database))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)  # names and addresses: for this user only
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            with self._engine.begin() as connection:
                lock_tables(connection)
                config.attributes["connection"] = connection
                try:
                    command.upgrade(config, "head")
                except CommandError as error:
                    raise StoreError(
                        f"The database {self._url.render_as_string(hide_password=True)} was made by a newer version: {error}. "
                        "Use that version, or another database."
                    ) from error
            self._up_to_date = True


_ALLOWED = "allowed: sqlite:///folder/file.db or postgresql://user:password@host/database. Correct it"
_TO_DO = {
    "sqlite": "Check that its folder can be written, that the disk has room and that no other program holds the file.",
    "postgresql": f"Check that the server runs and that {URL_VARIABLE} is right.",
}


def _chosen(query: Query, table: Any, chosen: Any) -> int:  # type: ignore[type-arg]
    return int(chosen(query, table).delete(synchronize_session=False))


def _storable(written: str) -> str:
    """Returns a text without what a database refuses: null characters and halves of characters."""
    return written.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _masked(written: str) -> str:
    """Returns a message as it is stored: also one to the contact form, where personal data is not masked before (bot/channels/)."""
    return _storable(privacy.mask(written))


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # sqlite3 would begin transactions late and commit before it makes tables
    write_ahead(connection)
    connection.execute("PRAGMA secure_delete=ON")  # what is deleted is not to be found in the file


def write_ahead(connection: sqlite3.Connection) -> None:
    """Sets a SQLite database to write ahead, so that readers do not wait for a writer.

    The first connection to a new file needs it alone for this, and SQLite does not wait for it, whatever the connection's timeout: of
    processes that start together all but one would fail.

    Raises:
        sqlite3.OperationalError: the file was not to be had alone within WAIT_SECONDS, or cannot be used.
    """
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("reading"):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # a transaction that reads first and then writes would fail at once where another writes


def lock_tables(connection: Connection) -> None:
    """Lets one process at a time make tables, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    elif not connection.connection.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@lru_cache(maxsize=1)
def in_force() -> Store:
    """Returns this process's store: the database of BOT_DATABASE_URL, or var/assistant.db.

    Raises:
        StoreError: the address is of no database that can be used.
    """
    return Store(os.environ.get(URL_VARIABLE) or DEFAULT_URL)
