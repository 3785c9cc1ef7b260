"""A visitor's turn with Rasa's agent: in order, once, and never without a reply."""

from __future__ import annotations

import asyncio
import copy
import logging
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Coroutine, Dict, Iterable, List, Optional, Tuple, TypeVar

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import InMemoryTrackerStore, SQLTrackerStore, TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

from bot import forget, metrics, outcomes, privacy, settings, store
from bot.channels import message as messages
from bot.channels.message import Button
from bot.knowledge import INTENT_PREFIX

REPLY_SECONDS = 4.5  # a visitor reads a sentence within 5 s, whatever fails; the rest is for the way
LOCK_SECONDS = REPLY_SECONDS + 1  # a server that dies holds up the conversation no longer than that
LOCK_POLL_SECONDS = 0.05  # Rasa's 1 s would add a second to the second of two messages
CONTACT_INTENT = "request_contact"
GREETING = "utter_greet"  # its buttons may be offered before anything was said
ANSWERED_ALONE = {"several_questions", "compare", "crisis", "request_human", "greet"}  # and every career question
DELETED = "utter_data_deleted"  # the reply that says so; what it says is done right after

PRIVACY_NOTICE = (
    "A note on privacy: please leave out personal details such as telephone numbers or e-mail addresses. I took out what you wrote and did "
    "not keep it. If you would like the office to contact you, just say so."
)

ANSWERED_ALONE_NOTICE = (
    "I cannot look up our conversation just now, so I took this as a new question. If it belongs to something before, please write it again in a "
    "minute."
)

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Utterance:
    """One message of the assistant."""

    text: str
    time: float  # seconds since 1970
    buttons: List[Button] = field(default_factory=list)
    card: Optional[Dict[str, Any]] = None
    response: Optional[str] = None  # its name in domain.yml; None if an action made it up


@dataclass(frozen=True)
class Turn:
    """What a visitor wrote, and what the assistant answered to it."""

    id: str
    text: str
    time: float
    utterances: List[Utterance]
    notice: bool = False  # the visitor is told about personal data after it


@dataclass(frozen=True)
class Incoming:
    """A visitor's message at the door."""

    channel: str
    conversation: str
    text: str  # cleaned
    id: Optional[str] = None  # made by the sender; the same again is not answered twice
    opened: bool = False  # the conversation must be there already
    is_button: bool = False  # it must be the payload of a button that was offered
    metadata: Dict[str, Any] = field(default_factory=dict)


class ForgedButtonError(RasaException):
    """A payload that no button of the conversation carries."""


class ConversationEndedError(RasaException):
    """A conversation that was never opened here, or was deleted."""


class NotReadyError(RasaException):
    """The agent is not loaded."""


class UtteranceCollector(OutputChannel):
    """Collects each message of the assistant as one, whatever it consists of. (Rasa's own splits texts on blank lines, and cards off.)"""

    def __init__(self) -> None:
        """Starts empty."""
        self.utterances: List[Utterance] = []
        self.deleted = False

    @classmethod
    def name(cls) -> str:
        """Returns the channel's name."""
        return "utterance_collector"

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        """Keeps the message (see parent class for full docstring)."""
        self.deleted = self.deleted or message.get("utter_action") == DELETED
        if message.get("text") and message.get("utter_action") != outcomes.CONFUSED:
            self.utterances.append(
                Utterance(
                    message["text"],
                    message["timestamp"],
                    list(message.get("buttons") or []),
                    message.get("custom") or None,
                    message.get("utter_action"),
                )
            )


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    """Returns the event loop on which the agent works, in a thread of its own.

    Rasa's tracker stores and synchronous actions block the thread they run in; on the server's own, a locked database or a hanging action
    would hold up every request, and the time limit on it too.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="agent", daemon=True).start()
    return loop


async def run(work: Coroutine[Any, Any, Result], seconds: Optional[float] = None) -> Result:
    """Returns the result of work that touches the agent or a database.

    The work goes on if the visitor is gone meanwhile, but no longer than the time allowed.

    Args:
        seconds: the time allowed; REPLY_SECONDS unless given.
    Raises:
        asyncio.TimeoutError: it takes longer.
    """
    seconds = seconds or REPLY_SECONDS
    future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), _loop())
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), seconds)
    except asyncio.TimeoutError:  # its own limit cannot work while something blocks its thread
        future.cancel()
        raise


def apology() -> str:
    """Returns what a visitor reads when no answer can be given."""
    office = settings.in_force().office
    return (
        f"I am sorry, I cannot answer just now. Please try again in a minute, or ask the {office.name}: e-mail {office.email}, "
        f"phone {office.phone}, open {office.opening_hours}."
    )


def ready(agent: Optional[Agent]) -> Agent:
    """Returns the agent.

    Raises:
        NotReadyError: it is not loaded.
    """
    if agent is None or not agent.is_ready():
        raise NotReadyError("The agent is not loaded.")
    if isinstance(stored(agent), SQLTrackerStore):
        stored(agent).engine.hide_parameters = True  # else the log of a failed statement holds what the visitor wrote
    return agent


def stored(agent: Agent) -> TrackerStore:
    """Returns the tracker store itself; the one that the agent has hides its errors."""
    return getattr(agent.tracker_store, "_tracker_store", agent.tracker_store)


async def open_conversation(agent: Agent, conversation: str) -> None:
    """Starts a conversation in the tracker store, as Rasa would with its first message."""
    start: List[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted(), ActionExecuted(ACTION_LISTEN_NAME)]
    tracker = DialogueStateTracker.from_events(conversation, start, agent.domain.slots)  # type: ignore[union-attr]
    await stored(agent).save(tracker)


async def history(agent: Agent, conversation: str) -> List[Turn]:
    """Returns the turns of a conversation, oldest first.

    Raises:
        ConversationEndedError: there is no such conversation.
    """
    return turns(await _events(agent, conversation))


async def _events(agent: Agent, conversation: str) -> List[Event]:
    tracker = await stored(agent).retrieve_full_tracker(conversation)
    if tracker is None:
        raise ConversationEndedError("There is no such conversation.")
    return list(tracker.events)


def turns(events: Iterable[Event]) -> List[Turn]:
    """Returns the turns that a conversation's events make."""
    result: List[Turn] = []
    noticed = False
    for event in events:
        if isinstance(event, UserUttered) and event.message_id and (not result or result[-1].id != event.message_id):
            notice = bool(event.metadata.get("masked")) and not noticed
            noticed = noticed or notice
            text = event.metadata.get("shown") or messages.shown(event.text or "")
            result.append(Turn(event.message_id, text, event.timestamp, [], notice))
        elif isinstance(event, BotUttered) and event.text and result and event.metadata.get("utter_action") != outcomes.CONFUSED:
            buttons, card = event.data.get("buttons"), event.data.get("custom")
            result[-1].utterances.append(
                Utterance(event.text, event.timestamp, list(buttons or []), card or None, event.metadata.get("utter_action"))
            )
    return result


async def answer(agent: Optional[Agent], incoming: Incoming) -> Turn:
    """Returns the turn that a message makes; one without utterances if no answer could be given in time.

    Raises:
        NotReadyError: the agent is not loaded.
        ConversationEndedError: there is no such conversation, and it was to be opened before.
        ForgedButtonError: the payload is of no button that was offered.
    """
    started = time.monotonic()
    turn = await _turn_in_time(ready(agent), incoming)
    came = outcomes.outcome((utterance.response, utterance.text) for utterance in turn.utterances)
    metrics.SERVER.count_reply(incoming.channel, came, time.monotonic() - started)
    return turn


async def _turn_in_time(agent: Agent, incoming: Incoming) -> Turn:
    try:
        return await run(_take_turn(agent, incoming))
    except (ConversationEndedError, ForgedButtonError):
        raise
    except asyncio.TimeoutError:
        logger.error("%s: no answer within %s s.", incoming.channel, REPLY_SECONDS)
    except RasaException as error:
        logger.error("%s: no answer. %s", incoming.channel, error)
    except Exception:
        logger.exception("%s: no answer.", incoming.channel)
    return Turn(incoming.id or "", incoming.text, time.time(), [])


async def _take_turn(agent: Agent, incoming: Incoming) -> Turn:
    """Hands the message to the agent, after all others of its conversation, unless it has been answered already."""
    collector = UtteranceCollector()
    async with agent.lock_store.lock(incoming.conversation, LOCK_SECONDS, LOCK_POLL_SECONDS):
        events = await _known_events(agent, incoming)
        for turn in turns(events):
            if turn.id == incoming.id:
                return turn
        text, metadata = await _interpret(agent, incoming, events)
        message = UserMessage(
            text,
            collector,
            incoming.conversation,
            input_channel=incoming.channel,
            message_id=incoming.id,
            metadata={**incoming.metadata, **metadata} or None,
        )
        started = time.time()
        try:
            await _processor(agent, stored(agent)).handle_message(message)
        except Exception as error:
            logger.error("%s: the conversation could not be read or kept (%s).", incoming.channel, type(error).__name__)
            message.output_channel = collector = UtteranceCollector()
            await _answer_alone(agent, message)
        if collector.deleted:
            await _delete(agent, incoming.conversation)
            masked = False
        else:
            masked = _take_out_details(agent, incoming, text) or bool(metadata.get("masked"))
    notice = masked and not any(event.metadata.get("masked") for event in events)
    return Turn(message.message_id, incoming.text, started, collector.utterances, notice)


def _processor(agent: Agent, tracker_store: TrackerStore) -> MessageProcessor:
    """Returns the agent's processor with a tracker store that fails aloud; the agent's own goes on with an empty conversation."""
    processor = copy.copy(agent.processor)
    processor.tracker_store = tracker_store  # type: ignore[union-attr]
    return processor  # type: ignore[return-value]


async def _answer_alone(agent: Agent, message: UserMessage) -> None:
    """Answers a message without its conversation, and keeps nothing.

    Raises:
        RasaException: it may mean something else in its conversation.
    """
    processor = _processor(agent, InMemoryTrackerStore(agent.domain))
    intent = (await processor.parse_message(message))["intent"]["name"] or ""
    if not intent.startswith(INTENT_PREFIX) and intent not in ANSWERED_ALONE:
        raise RasaException("The message may mean something else in its conversation, which cannot be read or kept.")
    await processor.handle_message(message)
    await message.output_channel.send_response(message.sender_id, {"text": ANSWERED_ALONE_NOTICE, "timestamp": time.time()})  # type: ignore[union-attr]


async def _known_events(agent: Agent, incoming: Incoming) -> List[Event]:
    """Returns the conversation so far as far as the message needs it; a database out of order is none to a question that needs none."""
    if incoming.id is None and not messages.needs_history(incoming.text):
        return []
    try:
        return await _events(agent, incoming.conversation)
    except ConversationEndedError:
        if incoming.opened:
            raise
    except Exception as error:
        if incoming.is_button:
            raise
        logger.error("%s: the conversation so far could not be read (%s).", incoming.channel, type(error).__name__)
    return []


async def _interpret(agent: Agent, incoming: Incoming, events: List[Event]) -> Tuple[str, Dict[str, Any]]:
    """Returns what the agent is told, and what is kept beside it."""
    text = incoming.text
    if incoming.is_button or text.startswith(messages.INTENT_MESSAGE_PREFIX):
        title = messages.offered(events, entry_buttons(agent) if incoming.is_button else []).get(text)
        if title is not None:
            return text, {"shown": title}
    if incoming.is_button:
        raise ForgedButtonError("No button of this conversation carries the payload.")
    button = messages.chosen(text, events)
    if button is not None:
        return button["payload"], {"shown": text}
    text = messages.as_typed(text)
    masked = privacy.mask(text)
    if masked == text or await _is_for_the_office(agent, incoming.conversation, text, events):
        return text, {}
    return masked, {"masked": True}


def _take_out_details(agent: Agent, incoming: Incoming, text: str) -> bool:
    """Takes out of the conversation what the contact form was told, if it is over; returns whether a message to no form had personal data."""
    personal = privacy.mask(text) != text
    try:
        return forget.take_out_details(agent.tracker_store, incoming.conversation, personal) and personal
    except Exception as error:  # the visitor is answered all the same; the next message, or the day's deletion, tries again
        logger.error("%s: what the contact form was told could not be taken out (%s).", incoming.channel, type(error).__name__)
        return False


async def _is_for_the_office(agent: Agent, conversation: str, text: str, events: List[Event]) -> bool:
    """Returns whether personal data in a text is meant to be kept: the visitor asks to be contacted, or was asked for it."""
    if any(button["payload"] == f"/{CONTACT_INTENT}" for button in messages.last_buttons(events)):
        return True
    processor = _processor(agent, stored(agent))
    tracker = await processor.fetch_tracker_and_update_session(conversation)
    if tracker.active_loop_name == privacy.CONTACT_FORM:
        return True
    parsed = await processor.parse_message(UserMessage(text), tracker)
    return parsed["intent"]["name"] == CONTACT_INTENT


def entry_buttons(agent: Agent) -> List[Button]:
    """Returns the buttons of the greeting, which a page may show before anything was said."""
    (greeting, *_) = agent.domain.responses.get(GREETING) or [{}]  # type: ignore[union-attr]
    return list(greeting.get("buttons") or [])


async def delete_conversation(agent: Agent, conversation: str) -> None:
    """Deletes all that is kept of a conversation, after the messages of it that are being answered."""
    async with agent.lock_store.lock(conversation, LOCK_SECONDS, LOCK_POLL_SECONDS):
        await _delete(agent, conversation)


async def _delete(agent: Agent, conversation: str) -> None:
    await asyncio.to_thread(store.in_force().forget, conversation)
    forget.delete(agent.tracker_store, conversation)
