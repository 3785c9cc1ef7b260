"""A month of visitors: made up from the held-out wordings and planted questions, put through a real server, then spread over the days."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import yaml
from server_process import Server, serve

from bot import evaluate
from bot.knowledge import INTENT_PREFIX, ROOT

DAYS = 30
OUT_OF_SCOPE = 0.3  # of what is asked
PLANTED = ROOT / "tests" / "report" / "planted.yml"
UNCLEAR = ROOT / "tests" / "report" / "unclear.yml"
VAGUE = "vague"  # what visitors mean who take the first topic that they are offered
SECRET = "r" * 32
RATES, COMPLAINS, CHOOSES = 0.35, 0.5, 0.8  # how often a visitor says that an answer helped or did not, and presses the topic that was meant
OPENERS = (
    "hi there, quick one before my shift starts",
    "hello, my sister told me to ask you folks here",
    "ok so I was wondering about something, namely",
)


@dataclass
class Question:
    """What a visitor wants to know."""

    intent: str  # a topic's, the kind of what is out of scope, the planted question, or VAGUE
    text: str


@dataclass
class Month:
    """What was asked, and where it is kept."""

    folder: Path
    asked: list[Question] = field(default_factory=list)
    chosen: dict[str, str] = field(default_factory=dict)  # wordings that were unclear: the topics that the visitors then chose and read about

    @property
    def endpoints(self) -> Path:
        return self.folder / "endpoints.yml"

    @property
    def environment(self) -> dict[str, str]:
        return {"BOT_DATABASE_URL": f"sqlite:///{self.folder / 'assistant.db'}"}


def questions(count: int, chance: random.Random) -> list[Question]:
    """Returns so many questions from the held-out wordings, with slips and beginnings of their own, and all planted and vague ones beside them."""
    held_out = yaml.safe_load(evaluate.UTTERANCES.read_text(encoding="utf-8"))
    in_scope = [Question(intent, text) for intent, texts in held_out.items() if intent.startswith(INTENT_PREFIX) for text in texts]
    others = [Question(intent, text) for intent, texts in held_out.items() if intent.startswith("oos_") for text in texts]
    drawn = [chance.choice(others if chance.random() < OUT_OF_SCOPE else in_scope) for _ in range(count)]
    drawn = [Question(one.intent, _in_own_words(one.text, chance)) for one in drawn]
    planted = yaml.safe_load(PLANTED.read_text(encoding="utf-8"))
    drawn += [Question(question, text) for question, texts in planted.items() for text in texts]
    drawn += [Question(VAGUE, text) for text in yaml.safe_load(UNCLEAR.read_text(encoding="utf-8"))]
    chance.shuffle(drawn)
    return drawn


def _in_own_words(text: str, chance: random.Random) -> str:
    text = evaluate.with_typos(text, chance.randrange(1000)) if chance.random() < 0.3 else text
    return f"{chance.choice(OPENERS)}: {text}" if chance.random() < 0.3 else text.strip()  # as the door takes it


def simulate(folder: Path, count: int, seed: int = 0, progress: Callable[[int, int], None] = lambda done, of: None) -> Month:
    """Returns a month in which at least so many questions were asked; the databases are in the folder."""
    month = Month(folder)
    chance, server = random.Random(seed), serve(folder, BOT_REST_SECRET=SECRET)
    try:
        server.wait_until_ready(SECRET)
        waiting = questions(count, chance)
        total, number = len(waiting), 0
        while waiting:
            number += 1
            for _ in range(min(len(waiting), chance.choice((1, 1, 2, 2, 3, 4)))):
                _ask(server, f"visitor {number}", waiting.pop(), month, chance)
            if number % 40 == 0:
                for text in ("have someone call me", "yes", "Maria Lopez", "maria@x.org", "skip", "night classes", "send"):
                    server.ask(text, f"visitor {number}", SECRET)
            progress(total - len(waiting), total)
    finally:
        server.stop()
    _spread(month, chance)
    return month


def _ask(server: Server, sender: str, question: Question, month: Month, chance: random.Random) -> None:
    """Asks; where topics are offered and the one that is meant is among them, chooses it; says now and then whether the answer helped."""
    replies = server.ask(question.text, sender, SECRET)
    month.asked.append(question)
    answered = any("\nSource" in reply["text"] for reply in replies)
    payloads = [button["payload"] for reply in replies for button in reply.get("buttons", [])]
    meant = [topic for topic in payloads if topic == f"/{question.intent}" or (question.intent == VAGUE and topic.startswith(f"/{INTENT_PREFIX}"))]
    if not answered and meant and chance.random() < CHOOSES:
        replies = server.ask(meant[0], sender, SECRET)
        answered = any("\nSource" in reply["text"] for reply in replies)
        if answered:  # on a machine with much else to do there may be the apology instead
            month.chosen[question.text] = meant[0].removeprefix("/")
    if not answered or question.intent == VAGUE:
        return
    if question.intent.startswith(INTENT_PREFIX):
        if chance.random() < RATES:
            server.ask("that was really helpful", sender, SECRET)
    elif chance.random() < COMPLAINS:
        server.ask("that is wrong", sender, SECRET)


def _spread(month: Month, chance: random.Random) -> None:
    """Moves each conversation back to a moment of the month, in the hours in which people write."""
    now = datetime.now(timezone.utc)
    with closing(sqlite3.connect(month.folder / "conversations.db")) as events, closing(sqlite3.connect(month.folder / "assistant.db")) as kept:
        senders = [sender for (sender,) in events.execute("SELECT DISTINCT sender_id FROM events WHERE sender_id LIKE 'visitor %'")]
        events.execute("DELETE FROM events WHERE sender_id NOT LIKE 'visitor %'")  # what was asked to see whether the server is ready
        for sender in senders:
            weight = [day for day in range(1, DAYS) for _ in range(2 if (now - timedelta(days=day)).weekday() < 5 else 1)]
            back = chance.choice(weight) * 86400 + chance.gauss(0, 3 * 3600)
            back = max(0.0, min(back, (DAYS - 0.5) * 86400))
            events.execute("UPDATE events SET timestamp = timestamp - ? WHERE sender_id = ?", (back, sender))
            for table in ("questions", "feedback", "contacts"):
                kept.execute(
                    f"UPDATE {table} SET created_at = strftime('%Y-%m-%d %H:%M:%f000', julianday(created_at) - ?) WHERE conversation = ?",
                    (back / 86400, sender),
                )
        events.commit()
        kept.commit()
