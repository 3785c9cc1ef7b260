"""Puts a wording to the trained assistant and shows how it was understood, what was answered, and what that stands on."""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Optional

from rasa.core.agent import Agent

from bot import knowledge, settings, store, strict_yaml
from bot.check import SET_BY_COMPONENTS
from bot.examples import FILE, Example, Neighborhood
from bot.knowledge import ROOT, Fact, Topic, Variant
from bot.server import endpoints

NEAREST = 5  # examples shown
OTHERS = 3  # intents shown that a wording was not taken for


@dataclass(frozen=True)
class Answered:
    """An entry of the knowledge file that was answered."""

    topic: str
    when: Optional[dict[str, Any]]  # what the variant is for; None: the topic's own answer
    line: int  # of the knowledge file
    facts: dict[str, Fact]


@dataclass(frozen=True)
class Reading:
    """How a message was understood and what came of it."""

    text: str
    intent: str
    confidence: float  # 0 to 1
    scope: Optional[float]  # that it is a question to be answered, 0 to 1
    others: tuple[tuple[str, float], ...]  # further intents with their confidences
    entities: tuple[tuple[str, str, str], ...]  # kind, value, the words for it
    questions: tuple[tuple[str, str], ...]  # of a message that asks several: text, intent
    nearest: tuple[tuple[float, Example], ...]
    answered: tuple[Answered, ...]
    replies: tuple[str, ...]


@contextmanager
def assistant(model: Path) -> Iterator[Agent]:
    """Gives the trained assistant, its actions in this process; what its visitors leave behind is thrown away."""
    own = os.environ.get(store.URL_VARIABLE)
    store.in_force.cache_clear()
    with tempfile.TemporaryDirectory() as folder:
        os.environ[store.URL_VARIABLE] = f"sqlite:///{folder}/assistant.db"
        try:
            available = endpoints(ROOT / "endpoints.yml")
            yield Agent.load(str(model), action_endpoint=available.action, generator=available.nlg)
        finally:
            store.in_force.cache_clear()
            if own is None:
                del os.environ[store.URL_VARIABLE]
            else:
                os.environ[store.URL_VARIABLE] = own


def ask(agent: Agent, neighborhood: Neighborhood, text: str, conversation: Optional[str] = None) -> Reading:
    """Returns how the assistant understands a message and what it replies.

    Args:
        conversation: the one that the message goes on with; one of its own unless given.
    """
    conversation = conversation or uuid.uuid4().hex
    replies, events = asyncio.run(_turn(agent, text, conversation))
    parsed, said = events[0]["parse_data"], tuple(reply["text"] for reply in replies if reply.get("text"))
    ranking = [(entry["name"], entry["confidence"]) for entry in parsed.get("intent_ranking", []) if entry["name"] != parsed["intent"]["name"]]
    return Reading(
        text=text,
        intent=parsed["intent"]["name"],
        confidence=parsed["intent"]["confidence"],
        scope=parsed.get("scope"),
        others=tuple(entry for entry in ranking if entry[0] not in SET_BY_COMPONENTS)[:OTHERS],
        entities=tuple((entity["entity"], entity["value"], text[entity["start"] : entity["end"]]) for entity in parsed["entities"]),
        questions=tuple((question["text"], question["intent"]) for question in parsed.get("questions", [])),
        nearest=tuple(neighborhood.nearest(text, NEAREST)),
        answered=tuple(_answered(events, "\n".join(said))),
        replies=said,
    )


async def _turn(agent: Agent, text: str, conversation: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns the replies to a message, and the events from it on."""
    replies = await agent.handle_text(text, sender_id=conversation)
    tracker = await agent.tracker_store.retrieve(conversation)
    events = [event.as_dict() for event in tracker.events] if tracker else []
    last = max(index for index, event in enumerate(events) if event["event"] == "user")
    return replies or [], events[last:]


def _answered(events: list[dict[str, Any]], said: str) -> Iterator[Answered]:
    """Yields the entries that a turn answered: of its topics those whose answer was said."""
    if all(event.get("name") != "action_answer_question" for event in events):
        return
    known = knowledge.in_force().current
    lines = strict_yaml.read(knowledge.FOLDER / knowledge.FILES[0]).lines
    slots = [event["value"] for event in events if event["event"] == "slot" and event["name"] == "in_play"]
    for name in [name for slot in slots for name in slot.get("topics") or [slot["topic"]]]:
        topic = known.topics[name]
        paths: list[tuple[Any, ...]] = [("topics", name), *(("topics", name, "variants", index) for index in range(len(topic.variants)))]
        entries: list[Topic | Variant] = [topic, *topic.variants]
        for path, entry in zip(paths, entries):
            if known.fill(entry.answer) in said:
                facts = {fact: known.facts[fact] for fact in knowledge.fact_names(entry.answer, entry.facts)}
                yield Answered(name, entry.when if isinstance(entry, Variant) else None, lines[path], facts)


def table(reading: Reading) -> str:
    """Returns a reading as lines of text."""
    known = knowledge.in_force().current
    years = settings.in_force().figures_dated_after_years
    rows = [("intent", f"{reading.intent} {reading.confidence:.2f}")]
    if reading.others:
        rows.append(("not", ", ".join(f"{name} {confidence:.2f}" for name, confidence in reading.others)))
    if reading.scope is not None:
        rows.append(("in scope", f"{reading.scope:.2f}"))
    rows += [("question", f"{text}: {intent}") for text, intent in reading.questions]
    rows += [("entity", f'{kind} {value} ("{words}")') for kind, value, words in reading.entities]
    rows += [("nearest", f"{likeness:.2f} {example.intent}: {example.text} ({FILE}:{example.line})") for likeness, example in reading.nearest]
    for answered in reading.answered:
        which = "its own answer" if answered.when is None else "variant " + ", ".join(f"{kind}: {value}" for kind, value in answered.when.items())
        rows.append(("topic", f"{answered.topic}, {which} ({knowledge.FILE}:{answered.line})"))
    rows += [("reply", line) for reply in reading.replies for line in reply.split("\n")]
    for name, fact in ((name, fact) for answered in reading.answered for name, fact in answered.facts.items()):
        said = f"{fact.figure}, {fact.measure}" if fact.value is not None else fact.statement
        dated = "; dated" if knowledge.is_dated(fact, known, years) else ""
        rows.append(("fact", f"{name}: {said} ({fact.year_said(known.sources) or 'undated'}, {fact.source}:{_listed(fact.lines)}{dated})"))
    rows += [
        ("source", f"{name}: {known.sources[name].title}")
        for name in dict.fromkeys(fact.source for answered in reading.answered for fact in answered.facts.values())
    ]
    lines, last = [reading.text], ""
    for head, content in rows:
        lines.append(f"  {head if head != last else '':<9} {content}")
        last = head
    return "\n".join(lines)


def _listed(lines: list[int]) -> str:
    return ",".join(map(str, lines))
