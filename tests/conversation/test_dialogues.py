"""Holds the dialogues beside this file with the trained model and the actions, and looks at what visitors read.

A turn: `you`, what is typed; `says`, words that the replies hold; `never`, words that they do not; `answers`, the topics answered (their
source line is checked too); `refuses: true`, that there is no source line; `buttons`, titles among those offered; `stored`, how many contact requests are stored.
"""

import asyncio
import uuid

import pytest
import yaml

from bot import store
from bot.knowledge import ROOT

FOLDER = ROOT / "tests" / "conversation" / "dialogues"
DIALOGUES = {
    f"{file.stem}: {dialogue['name']}": dialogue["turns"] for file in sorted(FOLDER.glob("*.yml")) for dialogue in yaml.safe_load(file.read_text())
}
KEYS = {"you", "says", "never", "answers", "refuses", "buttons", "stored"}


async def say(agent, sender: str, text: str) -> tuple[list[dict], list[str]]:
    """Returns the replies to a message and the topics answered."""
    replies = await agent.handle_text(text, sender_id=sender)
    tracker = await agent.tracker_store.retrieve(sender)
    topics: list[str] = []
    for event in reversed([event.as_dict() for event in tracker.events]):
        if event["event"] == "user":
            break
        if event["event"] == "slot" and event["name"] == "in_play" and event["value"]:
            topics = event["value"].get("topics") or [event["value"]["topic"]]
    return replies, topics


@pytest.mark.parametrize("name", DIALOGUES)
def test_dialogue_goes_as_told(agent, name):
    sender = uuid.uuid4().hex
    for turn in DIALOGUES[name]:
        assert set(turn) <= KEYS, f"{name}: unknown key in {turn}"
        replies, topics = asyncio.run(say(agent, sender, turn["you"]))
        text = "\n".join(reply.get("text", "") for reply in replies)
        told = f"{turn['you']!r} got: {text}"
        assert text.strip(), told
        missing = [words for words in turn.get("says", []) if words.lower() not in text.lower()]
        unwanted = [words for words in turn.get("never", []) if words.lower() in text.lower()]
        assert (missing, unwanted) == ([], []), told
        titles = [button["title"] for reply in replies for button in reply.get("buttons", [])]
        assert [title for title in turn.get("buttons", []) if title not in titles] == [], f"{told} with {titles}"
        cited = [line for line in text.split("\n") if line.startswith(("Source: ", "Sources: "))]
        if "answers" in turn:
            assert (topics, len(cited)) == (turn["answers"], 1), told
        if turn.get("refuses"):
            assert cited == [], told
        if "stored" in turn:
            assert sum(contact.conversation == sender for contact in store.in_force().contacts()) == turn["stored"], told
