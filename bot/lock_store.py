"""The lock store for several servers: each conversation's messages in order, by Redis; while Redis is out of order, by each server for itself."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import asynccontextmanager, suppress
from typing import AsyncGenerator, Optional, Set

import redis
from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore, LockStore
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from redis.lock import Lock

KEY_PREFIX = "conversation:"
REDIS_SECONDS = 0.5  # a Redis that takes longer is taken as out of order
HELD_SECONDS = 2.0  # a server that dies holds up its conversations no longer than that; one that lives renews its locks
RENEW_SECONDS = HELD_SECONDS / 4

logger = logging.getLogger(__name__)


class ConversationLockStore(LockStore):
    """A lock for each conversation, in this process first, then in Redis.

    Rasa's own store reads all tickets of a conversation from Redis and writes them back, so that two servers can draw the same one.
    """

    def __init__(self, endpoint_config: EndpointConfig) -> None:
        """Connects to the Redis of `url`.

        Raises:
            RasaException: it cannot be reached.
        """
        try:
            self._redis = redis.Redis.from_url(endpoint_config.url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
            self._redis.ping()
        except (redis.RedisError, ValueError, AttributeError) as error:
            raise RasaException(
                f"lock_store: Redis cannot be used: {str(error).rstrip('.')}. Correct its address (redis://:password@host:port/number), or start it."
            ) from error
        self._here = InMemoryLockStore()
        self._held: Set[Lock] = set()
        threading.Thread(target=self._renew, name="locks", daemon=True).start()

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[TicketLock, None]:
        """Gives the lock (see parent class for full docstring)."""
        async with self._here.lock(conversation_id, lock_lifetime, wait_time_in_seconds) as ticket:
            shared = await self._acquire(conversation_id, wait_time_in_seconds)
            try:
                yield ticket
            finally:
                if shared:
                    self._held.discard(shared)
                    with suppress(redis.RedisError):  # then it ends by itself
                        await asyncio.to_thread(shared.release)

    async def _acquire(self, conversation_id: str, wait_seconds: float) -> Optional[Lock]:
        """Returns the lock in Redis once this server has it; None while Redis is out of order."""
        lock = self._redis.lock(KEY_PREFIX + conversation_id, timeout=HELD_SECONDS, thread_local=False)
        try:
            while not await asyncio.to_thread(lock.acquire, blocking=False):
                await asyncio.sleep(wait_seconds)
        except redis.RedisError as error:
            logger.error("Redis fails (%s); messages are in order on each server only.", type(error).__name__)
            return None
        self._held.add(lock)
        return lock

    def _renew(self) -> None:
        """Keeps the locks that are held, for as long as the process lives; in a thread, as the agent's may wait for a database."""
        while True:
            time.sleep(RENEW_SECONDS)
            for lock in list(self._held):
                with suppress(redis.RedisError):  # not owned any more, or Redis is out of order
                    lock.reacquire()
