"""Puts held-out two-turn cases and double questions to the whole dialogue and says how often the right thing is answered."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
import yaml

from bot.knowledge import HOME

FOLLOW_UPS = HOME / "tests" / "nlu" / "follow_ups.yml"
SEVERAL = HOME / "tests" / "nlu" / "several_questions.yml"
BOOTSTRAP_SAMPLES = 1000
ABOUT_THE_ANSWER = ("more", "why", "source", "recency", "plain")  # expected of a follow-up on the answer itself


@dataclass(frozen=True)
class Turn:
    """What the dialogue made of a case's last message."""

    case: dict[str, Any]
    intent: str
    topics: tuple[str, ...]  # answered, in order; empty if nothing was
    entities: dict[str, list[str]]  # kept from the answer

    @property
    def right(self) -> bool:
        """Whether it is what the case expects."""
        expected = self.case.get("expect")
        if expected in ABOUT_THE_ANSWER:
            return self.intent == f"follow_up_{expected}"
        if expected is None:  # a case of double or single questions
            return list(self.topics) == self.case["topics"]
        wanted = self.case.get("entities") or {}
        named = all(value in self.entities.get(kind, []) for kind, value in wanted.items())
        return self.topics == (expected,) and named


def bootstrap(of: Callable[[list], float], cases: Sequence[Any], samples: int = BOOTSTRAP_SAMPLES) -> dict[str, float]:
    """Returns a figure of cases with its 95 % bootstrap interval: {"value", "low", "high"}."""
    chance = np.random.default_rng(0)
    drawn = [of([cases[index] for index in chance.integers(0, len(cases), len(cases))]) for _ in range(samples)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"value": of(list(cases)), "low": float(low), "high": float(high)}


def measure(follow_ups: Sequence[Turn], messages: Sequence[Turn]) -> dict[str, dict[str, float]]:
    """Returns the figures of the dialogue with their intervals, all 0 to 1; none for what there are no cases of."""

    def share(holds: Callable[[Turn], bool]) -> Callable[[list[Turn]], float]:
        return lambda turns: float(np.mean([holds(turn) for turn in turns]))

    several = [turn for turn in messages if len(turn.case["topics"]) > 1]
    single = [turn for turn in messages if len(turn.case["topics"]) == 1]
    figures = {
        "follow-ups answered rightly": (share(lambda turn: turn.right), follow_ups),
        "several questions, all answered rightly": (share(lambda turn: turn.right), several),
        "single question wrongly split": (share(lambda turn: len(turn.topics) > 1), single),
    }
    return {name: bootstrap(of, turns) for name, (of, turns) in figures.items() if turns}


async def _turns(agent: Any, cases: list[dict[str, Any]]) -> list[Turn]:
    turns = []
    for case in cases:
        sender = uuid.uuid4().hex
        for text in [case["first"], case["then"]] if "then" in case else [case["text"]]:
            await agent.handle_text(text, sender_id=sender)
        tracker = await agent.tracker_store.retrieve(sender)
        events = [event.as_dict() for event in tracker.events]
        last = max(index for index, event in enumerate(events) if event["event"] == "user")
        kept = [event["value"] for event in events[last:] if event["event"] == "slot" and event["name"] == "in_play"]
        topics = tuple(kept[-1].get("topics", [kept[-1]["topic"]])) if kept else ()
        turns.append(Turn(case, events[last]["parse_data"]["intent"]["name"], topics, kept[-1]["entities"] if kept else {}))
    return turns


def read(agent: Any, file: Path) -> list[Turn]:
    """Returns what the dialogue makes of each case of a file: {first, then, expect, entities} or {text, topics}; none if there is no file."""
    return asyncio.run(_turns(agent, yaml.safe_load(file.read_text(encoding="utf-8")))) if file.is_file() else []
