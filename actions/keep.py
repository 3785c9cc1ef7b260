"""Keeps what visitors say of answers and what got none, if the database can; the visitor is answered either way."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

from rasa_sdk import Tracker

from actions.contact_form import FORM
from actions.turns import ranked
from bot import store

WAIT_SECONDS = 1.0  # a database takes milliseconds; one that is held up must not eat the five seconds in which a visitor has a reply
THREADS = 4  # that a database may hold up; what comes meanwhile is not kept

logger = logging.getLogger(__name__)
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="keep")  # of their own: those of asyncio are for what visitors wait for


async def keep(write: Callable[[store.Store], None]) -> None:
    """Lets something be stored; what fails or takes too long is logged."""
    try:
        await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(_threads, lambda: write(store.in_force())), WAIT_SECONDS)
    except store.StoreError as error:
        logger.error("%s", error)
    except asyncio.TimeoutError:
        logger.error("The database takes longer than %s s; the visitor is answered without it.", WAIT_SECONDS)


async def keep_question(tracker: Tracker, outcome: str) -> None:
    """Keeps the latest message as one without an answer, unless it was written in the contact form, where it may be a name.

    Args:
        outcome: "clarified" or "declined".
    """
    if tracker.active_loop_name == FORM:
        return
    intent, confidence = next(iter(ranked(tracker)), ("", 0.0))
    wording = tracker.latest_message.get("text") or ""
    await keep(lambda kept: kept.add_question(tracker.sender_id, wording, outcome, intent, confidence))
