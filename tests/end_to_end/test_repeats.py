"""Whatever a visitor repeats: never the same sentence twice in a row, never an answer that is none, never silence, and soon a person."""

from __future__ import annotations

import re

import pytest

from bot import settings

TIMES = 8  # more than any reply has variations
MISSES = {
    "another career": "how much do registered nurses make",
    "a code": "which code do i use for a broken arm",
    "the college": "where do i see my financial aid status",
    "a symptom": "my chest hurts, what should i take",
    "not in the articles": "what percentage of coders are women",
    "pay in one state": "how much do coders make in florida",
    "close to a topic": "when was icd-10 introduced",
    "the weather": "what is the weather like tomorrow",
    "Spanish": "hola, cuanto gana un codificador medico",
    "gibberish": "sdkfjh skdjfh",
    "an insult": "you are a stupid piece of junk",
    "a follow-up to nothing": "why",
    "an emoji": "👍👍",
}
TALK = {
    "hello": "hello",
    "thanks": "thank you so much",
    "goodbye": "bye bye",
    "yes": "yes",
    "no": "no",
    "are you a bot": "am i talking to a real person or a bot?",
    "what can you do": "what can you help me with?",
    "sources": "where do you get your information from?",
    "helpful": "that was really helpful",
    "wrong": "that is wrong",
    "cancel": "cancel",
    "restart": "restart",
    "a person": "let me speak to someone",
    "distress": "i want to kill myself",
}


def sentences(replies: list[dict]) -> set[str]:
    return {sentence.strip() for reply in replies for sentence in re.split(r"(?<=[.?])\s", reply["text"]) if sentence.strip()}


def say(server, messages: list[str], sender: str) -> list[list[dict]]:
    """Returns the replies to each message, after looking that none is silent, cites a source or says again what was just said."""
    said: list[list[dict]] = []
    for message in messages:
        replies = server.ask(message, sender)
        told = f"{message!r} got {replies}"
        assert replies and all(reply["text"].strip() for reply in replies), told
        assert not any(line.startswith(("Source: ", "Sources: ")) for reply in replies for line in reply["text"].split("\n")), told
        assert not said or not sentences(replies) & sentences(said[-1]), f"{told} after {said[-1]}"
        said.append(replies)
    return said


def offers_a_person(replies: list[dict]) -> bool:
    payloads = [button["payload"] for reply in replies for button in reply.get("buttons", [])]
    return "/request_human" in payloads or "/request_contact" in payloads or settings.load().office.email in replies[-1]["text"]


@pytest.mark.parametrize("kind", MISSES)
def test_a_miss_repeated_never_repeats_the_reply_and_leads_to_a_person(server, kind):
    said = say(server, [MISSES[kind]] * TIMES, f"misses {kind}")
    assert all(offers_a_person(replies) for replies in said[1:])
    assert kind == "an insult" or settings.load().office.email in said[1][-1]["text"]  # at once, and once only
    assert [settings.load().office.email in str(replies) for replies in said[2:]] == [False] * (TIMES - 2)


@pytest.mark.parametrize("kind", TALK)
def test_talk_repeated_never_repeats_the_reply(server, kind):
    say(server, [TALK[kind]] * TIMES, f"talks {kind}")


def test_misses_of_all_kinds_in_a_row(server):
    said = say(server, list(MISSES.values()), "misses everything")
    assert all(offers_a_person(replies) or "friendly" in str(replies) for replies in said)


def test_misses_and_talk_by_turns(server):
    pairs = list(zip(MISSES.values(), TALK.values()))[:9]  # more messages in so short a time would be refused
    say(server, [message for pair in pairs for message in pair], "misses and talks")
