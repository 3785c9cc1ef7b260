"""The lock store and the tracker store of several servers, on real Redis and PostgreSQL, whole and broken."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import yaml
from cluster import SECRETS, postgresql_program
from rasa.core.lock_store import LockStore
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from server_process import free_port
from sqlalchemy.exc import SQLAlchemyError

from bot import server, store
from bot.knowledge import ROOT
from bot.lock_store import HELD_SECONDS, ConversationLockStore
from bot.tracker_store import ConversationTrackerStore, TrackerStoreError

LIFETIME_SECONDS = 30.0
POLL_SECONDS = 0.01


@pytest.fixture(scope="module")
def redis_url(cluster) -> str:
    return f"redis://:{SECRETS['redis_password']}@127.0.0.1:{cluster['redis'].port}/1"


@pytest.fixture
def database(cluster) -> str:
    """An empty database."""
    name = f"test_{time.time_ns()}"
    command = [postgresql_program("createdb"), "--maintenance-db", cluster.database, name]
    subprocess.run(command, check=True)
    return cluster.database.removesuffix("assistant") + name


@contextmanager
def hanging(service):
    """Stops a service in its tracks, with all its processes."""
    service.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        service.signal(signal.SIGCONT)


def locks(url: str) -> ConversationLockStore:
    return ConversationLockStore(EndpointConfig(url=url))


def on_servers(url: str, count: int, work) -> None:
    """Does work(store, number) on so many servers at once: a lock store, an event loop and a thread each."""
    threads = [threading.Thread(target=lambda number=number: asyncio.run(work(locks(url), number))) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_one_server_at_a_time_has_a_conversation(redis_url):
    inside, most, turns = 0, 0, 0

    async def visit(store_: LockStore) -> None:
        nonlocal inside, most, turns
        async with store_.lock("ann", LIFETIME_SECONDS, POLL_SECONDS):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.005)
            inside -= 1
            turns += 1

    async def work(store_: LockStore, number: int) -> None:
        await asyncio.gather(*(visit(store_) for _ in range(10)))

    on_servers(redis_url, 3, work)
    assert (most, turns) == (1, 30)


def test_messages_to_one_server_keep_their_order(redis_url):
    order = []

    async def visit(store_: LockStore, number: int) -> None:
        async with store_.lock("bob", LIFETIME_SECONDS, POLL_SECONDS):
            await asyncio.sleep(0.002)
            order.append(number)

    async def work(store_: LockStore, _: int) -> None:
        await asyncio.gather(*(visit(store_, number) for number in range(20)))

    on_servers(redis_url, 1, work)
    assert order == list(range(20))


def _hold(url: str, held) -> None:
    async def work() -> None:
        async with locks(url).lock("eve", LIFETIME_SECONDS, POLL_SECONDS):
            held.set()
            await asyncio.sleep(LIFETIME_SECONDS)

    asyncio.run(work())


def test_lock_is_kept_while_its_server_lives_and_free_soon_after_it_dies(redis_url):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    holder = context.Process(target=_hold, args=(redis_url, held), daemon=True)
    holder.start()
    assert held.wait(60)

    async def wait() -> float:
        async with locks(redis_url).lock("eve", LIFETIME_SECONDS, POLL_SECONDS):
            return time.monotonic()

    async def watch() -> tuple[bool, float]:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(2 * HELD_SECONDS)
        was_kept, died = not waiting.done(), time.monotonic()
        holder.kill()
        return was_kept, await waiting - died

    was_kept, seconds = asyncio.run(watch())
    assert was_kept and seconds < HELD_SECONDS + 1


def test_each_server_goes_on_for_itself_while_redis_hangs(redis_url, cluster):
    async def visit() -> list[int]:
        store_, order = locks(redis_url), []

        async def one(number: int) -> None:
            async with store_.lock("joe", LIFETIME_SECONDS, POLL_SECONDS):
                order.append(number)

        with hanging(cluster["redis"]):
            await asyncio.gather(*(one(number) for number in range(3)))
        await one(3)
        return order

    assert asyncio.run(visit()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("redis://127.0.0.1:1/0", "Error 111 connecting to 127.0.0.1:1. Connection refused"),
        ("nonsense", "Redis URL must specify one of the following schemes (redis://, rediss://, unix://)"),
    ],
)
def test_redis_that_cannot_be_used_is_said(url, cause):
    with pytest.raises(RasaException) as caught:
        locks(url)
    assert str(caught.value) == f"lock_store: Redis cannot be used: {cause}. Correct its address (redis://:password@host:port/number), or start it."


def conversations(url: str) -> ConversationTrackerStore:
    return ConversationTrackerStore(domain=Domain.empty(), host=url)


def conversation(*texts: str) -> DialogueStateTracker:
    start = [ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")]
    return DialogueStateTracker.from_events("ann", [*start, *(UserUttered(text) for text in texts)])


def texts(kept: ConversationTrackerStore) -> list[str]:
    tracker = asyncio.run(kept.retrieve_full_tracker("ann"))
    return [event.text for event in tracker.events if isinstance(event, UserUttered)] if tracker else []


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    return request.getfixturevalue("database") if request.param == "postgresql" else f"sqlite:///{tmp_path / 'conversations.db'}"


def test_conversations_are_kept(address):
    kept, tracker = conversations(address), conversation("hi")
    asyncio.run(kept.save(tracker))
    tracker.update(UserUttered("pay?"))
    asyncio.run(kept.save(tracker))
    assert texts(conversations(address)) == ["hi", "pay?"]


def test_conversation_that_was_not_read_is_not_mixed_into_the_one_that_is_kept(address):
    kept = conversations(address)
    asyncio.run(kept.save(conversation("hi", "pay?")))
    with pytest.raises(TrackerStoreError, match="went on otherwise"):
        asyncio.run(kept.save(conversation("yes")))
    with pytest.raises(TrackerStoreError, match="went on otherwise"):
        asyncio.run(kept.save(conversation("a", "b", "c", "d")))
    assert texts(kept) == ["hi", "pay?"]


def test_of_two_servers_that_answer_at_once_one_is_kept(address):
    kept = [conversations(address) for _ in range(2)]
    asyncio.run(kept[0].save(conversation("hi")))
    trackers = [asyncio.run(one.retrieve("ann")) for one in kept]
    trackers[0].update(UserUttered("from the first"))
    trackers[1].update(UserUttered("from the second"))
    asyncio.run(kept[0].save(trackers[0]))
    with pytest.raises(TrackerStoreError, match="went on otherwise"):
        asyncio.run(kept[1].save(trackers[1]))
    assert texts(kept[0]) == ["hi", "from the first"]


def test_two_servers_make_the_table_at_once(database):
    made = []
    threads = [threading.Thread(target=lambda: made.append(conversations(database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4 and texts(made[0]) == []


def test_restart_of_postgresql_is_noticed_before_a_conversation_is_read(database, cluster):
    kept = conversations(database)
    asyncio.run(kept.save(conversation("hi")))
    cluster["postgresql"].kill()
    with pytest.raises(SQLAlchemyError):
        texts(kept)
    cluster["postgresql"].start()
    cluster["postgresql"].wait_until_ready()
    assert texts(kept) == ["hi"]


def test_postgresql_that_hangs_holds_up_one_visitor_for_a_moment(database, cluster):
    kept, contacts = conversations(database), store.Store(database)
    asyncio.run(kept.save(conversation("hi")))
    contacts.open()
    with hanging(cluster["postgresql"]):
        seconds = []
        for use, error in (lambda: texts(kept), SQLAlchemyError), (contacts.contacts, store.StoreError), (lambda: texts(kept), SQLAlchemyError):
            started = time.monotonic()
            with pytest.raises(error, match="PostgreSQL does not answer"):
                use()
            seconds.append(time.monotonic() - started)
    assert seconds[0] < store.WAIT_SECONDS + 1 and max(seconds[1:]) < 1
    time.sleep(store.PAUSE_SECONDS)
    assert texts(kept) == ["hi"]
    assert contacts.contacts() == []


def test_variable_that_is_missing_stops_the_start(monkeypatch):
    monkeypatch.delenv("BOT_DATABASE_URL")
    monkeypatch.setenv("BOT_ACTIONS_URL", "http://127.0.0.1:1/webhook")
    with pytest.raises(RasaException, match=r"Please make sure to also set these environment variables: '\['\${BOT_DATABASE_URL}'\]'"):
        server.endpoints(ROOT / "deploy" / "endpoints.yml", action_server=True)


def endpoints(tmp_path, **sections) -> AvailableEndpoints:
    file = tmp_path / "endpoints.yml"
    file.write_text(yaml.safe_dump(sections))
    return AvailableEndpoints.read_endpoints(str(file))


OURS = "bot.tracker_store.ConversationTrackerStore"
NOBODY = "postgresql://ann:secret@127.0.0.1:1/x"


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"tracker_store": {"type": "bot.tracker_store.Nonsense"}}, "tracker_store: there is no type 'bot.tracker_store.Nonsense'. Correct it in the endpoints file."),
        ({"tracker_store": {"type": OURS, "url": NOBODY}}, "tracker_store: the database of conversations cannot be used: Connection refused. Correct its address, or start the database."),
        ({"tracker_store": {"type": OURS, "url": "mysql+nonsense://x"}}, "tracker_store: the database of conversations cannot be used: Can't load plugin: sqlalchemy.dialects:mysql.nonsense. Correct its address, or start the database."),
        ({"tracker_store": {"type": OURS, "nonsense": 1}}, "tracker_store: the database of conversations cannot be used: SQLTrackerStore.get_db_url() got an unexpected keyword argument 'nonsense'. Correct its address, or start the database."),
        ({"tracker_store": {"type": "SQL", "url": NOBODY}}, "tracker_store: cannot be used: Connection refused. Correct it in the endpoints file, or start what it names."),
        ({"lock_store": {"type": "redis", "url": "127.0.0.1", "port": 1}}, "lock_store: cannot be used: Error 111 connecting to 127.0.0.1:1. Connection refused. Correct it in the endpoints file, or start what it names."),
        ({"models": {"url": "http://127.0.0.1:1/model"}}, "models: a model of a server would be loaded unseen. Remove it from the endpoints file; the model is made by `make train`."),
        ({"event_broker": {"type": "nonsense.Broker"}}, "event_broker: there is no type 'nonsense.Broker'. Correct it in the endpoints file."),
    ],
)  # fmt: skip
def test_store_that_is_wrong_or_away_stops_the_start(tmp_path, sections, message):
    with pytest.raises(RasaException) as caught:
        asyncio.run(server.check_stores(endpoints(tmp_path, **sections)))
    assert str(caught.value) == message


def test_stores_that_can_be_used_do_not_stop_the_start(tmp_path, address, redis_url):
    both = {"tracker_store": {"type": OURS, "url": address}, "lock_store": {"type": "bot.lock_store.ConversationLockStore", "url": redis_url}}
    asyncio.run(server.check_stores(endpoints(tmp_path, **both)))
    assert isinstance(TrackerStore.create(endpoints(tmp_path, **both).tracker_store), ConversationTrackerStore)


@pytest.mark.parametrize(
    ("command", "changes", "message"),
    [
        (["serve", "--action-server", "--endpoints", "deploy/endpoints.yml"], {"BOT_DATABASE_URL": NOBODY}, "tracker_store: the database of conversations cannot be used: "),
        (["actions"], {"BOT_DATABASE_URL": NOBODY}, "The database postgresql://ann:***@127.0.0.1:1/x cannot be used: "),
    ],
)  # fmt: skip
def test_process_that_cannot_use_its_stores_says_so_and_ends(cluster, command, changes, message):
    environment = {**os.environ, **cluster["rasa-1"].environment, **changes, "PORT": str(free_port())}
    result = subprocess.run([sys.executable, "-m", "bot", *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr and result.stderr.splitlines()[-1].startswith(message)
