"""Learns from what visitors did: proposes examples for topics, pairs of topics that are confused, and groups that deserve a topic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from bot import check, evaluate, examples, outcomes, privacy, report, report_events, store
from bot.groups import MeaningSpace
from bot.knowledge import INTENT_PREFIX
from bot.report import Group
from bot.report_events import UNSURE, Message
from bot.store import Feedback

CHARACTERS = (3, 200)  # of an example; the longest held-out wording has 158
RIVAL = 0.5  # a second topic at least so likely as the first, in parts of it, may as well be the one
PAIR_TIMES = 2  # once is chance
GROUP_TIMES, GROUP_CONVERSATIONS = 5, 3  # asked less often, or by fewer visitors, a topic is not worth writing
SURE = 0.8  # a question read with such confidence is what it was read as (docs/evaluation.png)
# Declined whatever the knowledge file may come to hold.
NEVER_A_TOPIC = ("abuse", "crisis", "oos_gibberish", "oos_language", "oos_general", "oos_medical", "oos_code_lookup", "oos_other_career")
# What an example stands on, the strongest first.
CHOSEN = "asked what was meant, the visitor chose this topic"
CORRECTED = "another answer was called wrong, then the visitor chose this topic"
HELPFUL = f"answered with less than {UNSURE:.0%} confidence, and the answer was called helpful"
REPHRASED = "not answered; asked again in other words, it was this topic, whose examples are the nearest"
REASONS = (CHOSEN, CORRECTED, HELPFUL, REPHRASED)


@dataclass(frozen=True)
class Example:
    """A wording that may become an example of an intent."""

    wording: str
    intent: str
    reason: str
    times: int


@dataclass(frozen=True)
class Pair:
    """Two intents between which wordings fell."""

    intents: tuple[str, str]
    times: int
    wordings: tuple[str, ...]  # those that are no `Example`


@dataclass(frozen=True)
class Suggestions:
    """All that is proposed."""

    examples: list[Example]
    pairs: list[Pair]
    groups: list[Group]

    def __len__(self) -> int:
        return len(self.examples) + len(self.pairs) + len(self.groups)


@dataclass
class Evidence:
    """What the conversations say about wordings; each is masked."""

    for_intent: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)  # by wording: (intent, reason)
    rephrased: Counter[tuple[str, str]] = field(default_factory=Counter)  # (wording, intent): to be confirmed by the nearest examples
    rivals: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)  # by pair of intents: wordings

    def add(self, wording: str, intent: str, reason: str) -> None:
        """Notes that a wording has a meaning."""
        self.for_intent.setdefault(privacy.mask(wording), Counter())[intent, reason] += 1

    def add_rivals(self, wording: str, one: str, other: str) -> None:
        """Notes that a wording fell between two intents."""
        self.rivals.setdefault((min(one, other), max(one, other)), Counter())[privacy.mask(wording)] += 1


class Usable:
    """Tells which wordings may become examples: they are no example yet, hold no personal data, and come near no held-out wording."""

    def __init__(self, known: Mapping[str, Sequence[str]], held_out: evaluate.HeldOut):
        self._known = {check.normalized(text) for texts in known.values() for text in texts}
        self._held_out = held_out

    def why_not(self, wording: str) -> str | None:
        """Returns why a wording cannot become an example; None if it can."""
        if not CHARACTERS[0] <= len(wording) <= CHARACTERS[1] or wording != " ".join(wording.split()):
            return f"An example has {CHARACTERS[0]} to {CHARACTERS[1]} characters on one line."
        if re.search(r"[\[\]\\{}]|^[/-]", wording):
            return "An example has no brackets or backslashes, which mean something to Rasa, and does not begin with a slash or dash."
        if check.normalized(wording) in self._known:
            return "It is an example already."
        if self._held_out.near(wording):
            return "It comes near a held-out wording, and those are never trained on."
        return None

    def __contains__(self, wording: str) -> bool:
        return self.why_not(wording) is None

    def take(self, wording: str) -> None:
        """Takes a wording as an example from now on."""
        self._known.add(check.normalized(wording))


def usable() -> Usable:
    """Returns what may become an example of the files as they are."""
    return Usable(examples.by_intent(), evaluate.HeldOut())


def suggest(since: datetime, endpoints_file: Path, progress: Callable[[str], None] = lambda line: None) -> Suggestions:
    """Returns what the conversations since then propose.

    Raises:
        EventsError: the conversations cannot be read.
        StoreError: the database cannot be used.
        ProblemsError: the examples cannot be read.
    """
    engine = report_events.open_events(endpoints_file)
    now = datetime.now(timezone.utc)
    messages = report_events.read(engine, since, now, lambda share: progress(f"Reading the conversations ... {share:.0%}"))
    evidence = gather(messages, store.in_force().feedback(since))
    questions = store.in_force().questions(since)
    progress(f"Grouping {len(questions)} questions without an answer ...")
    groups, _ = report.grouped(questions)
    return made(evidence, groups, report.meaning_space(), usable())


def gather(messages: Iterable[Message], feedback: Iterable[Feedback]) -> Evidence:
    """Returns what messages, each conversation's in order, and ratings say."""
    evidence = Evidence()
    helpful = {(check.normalized(one.wording), one.topic) for one in feedback if one.helpful}
    earlier: dict[str, list[Message]] = {}  # by conversation: its last two messages
    for message in messages:
        before = earlier.setdefault(message.conversation, [])
        outcome = message.outcome
        if outcome == outcomes.ANSWERED and message.topics:
            _learn_from_next(evidence, before, message)
            if (
                message.intent == INTENT_PREFIX + message.topics[0]
                and message.confidence < UNSURE
                and (check.normalized(privacy.mask(message.wording)), message.topics[0]) in helpful
            ):
                evidence.add(message.wording, message.intent, HELPFUL)
        elif outcome == outcomes.CLARIFIED:
            topics = [(intent, confidence) for intent, confidence in message.ranking if intent.startswith(INTENT_PREFIX)]
            if len(topics) > 1 and topics[1][1] >= RIVAL * topics[0][1]:
                evidence.add_rivals(message.wording, topics[0][0], topics[1][0])
        before[:] = [*before[-1:], message]
    return evidence


def _learn_from_next(evidence: Evidence, before: list[Message], message: Message) -> None:
    """Learns from an answer what the messages before it meant."""
    if not before:
        return
    intent, last = INTENT_PREFIX + message.topics[0], before[-1]
    if last.is_button:
        return
    if message.is_button:
        if last.outcome == outcomes.CLARIFIED:
            evidence.add(last.wording, intent, CHOSEN)
        wrong = before[0]
        called_wrong = any((name or "").startswith("utter_sorry_") for name, _ in last.replies)
        if called_wrong and len(before) == 2 and not wrong.is_button and wrong.topics and INTENT_PREFIX + wrong.topics[0] != intent:
            evidence.add(wrong.wording, intent, CORRECTED)
            evidence.add_rivals(wrong.wording, INTENT_PREFIX + wrong.topics[0], intent)
    elif last.outcome in (outcomes.CLARIFIED, outcomes.DECLINED) and message.intent == intent and message.confidence >= SURE:
        evidence.rephrased[privacy.mask(last.wording), intent] += 1


def made(evidence: Evidence, groups: Sequence[Group], space: MeaningSpace, allowed: Usable) -> Suggestions:
    """Returns what the evidence proposes.

    Args:
        groups: the questions without an answer, by meaning.
        space: tells which topic's examples are the nearest.
        allowed: which wordings may become examples.
    """
    wordings = [wording for wording in dict.fromkeys(wording for wording, _ in evidence.rephrased) if wording in allowed]
    nearest = {wording: space.nearest(vector[None]) for wording, vector in zip(wordings, space.vectors(wordings))}
    for (wording, intent), times in evidence.rephrased.items():
        if nearest.get(wording) == intent:
            evidence.for_intent.setdefault(wording, Counter())[intent, REPHRASED] += times
    made_examples = []
    for wording, meanings in evidence.for_intent.items():
        (intent, reason), times = min(meanings.items(), key=lambda entry: (REASONS.index(entry[0][1]), -entry[1]))
        if wording in allowed:
            made_examples.append(Example(wording, intent, reason, times))
    taken = {example.wording for example in made_examples}
    pairs = [
        Pair(intents, sum(fell.values()), tuple(wording for wording, _ in fell.most_common() if wording not in taken and wording in allowed))
        for intents, fell in evidence.rivals.items()
        if sum(fell.values()) >= PAIR_TIMES
    ]
    deserving = [
        group
        for group in groups
        if group.times >= GROUP_TIMES
        and group.conversations >= GROUP_CONVERSATIONS
        and sum(count for intent, count in group.read_as.items() if intent in NEVER_A_TOPIC) < group.times / 2
    ]
    return Suggestions(
        sorted(made_examples, key=lambda example: (REASONS.index(example.reason), -example.times, example.wording)),
        sorted(pairs, key=lambda pair: (-pair.times, pair.intents)),
        deserving,
    )
