"""From a topic and the entities of a question to what the visitor reads: text, source line, buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Mapping, Sequence

from bot.knowledge import ANSWER_MAX_CHARACTERS, INTENT_PREFIX, Fact, Knowledge, Topic, Variant, is_dated

VARIANTS_AT_ONCE = 2  # a question that names two certifications gets both answers; more would be a page
RELATED_BUTTONS = 3  # what fits under an answer on a phone
SOURCE_FIGURES_MAX = 3  # a source line names at most so many dates of one source

Entities = Mapping[str, Sequence[str]]  # values named in a question, by entity, in the order named


@dataclass(frozen=True)
class Answer:
    """What the visitor reads: the text without its source line, the line, the topics to offer next."""

    text: str
    source_line: str
    related: tuple[str, ...]

    @property
    def full_text(self) -> str:
        """The text, and on its last line where it comes from."""
        return f"{self.text}\n{self.source_line}"


def answer(knowledge: Knowledge, topic_name: str, entities: Entities, dated_after_years: int, today: date | None = None) -> Answer:
    """Returns the answer to a topic's question.

    Args:
        knowledge: what may be said.
        topic_name: the topic asked about.
        entities: what the question named; it chooses the variant.
        dated_after_years: a figure further back than this many calendar years is marked in the source line.
        today: for tests.
    Raises:
        KeyError: no such topic.
    """
    topic = knowledge.topics[topic_name]
    chosen = choose_variants(topic, entities)
    if len(chosen) > 1 and _names_all(knowledge, topic.answer, entities):  # "AAPC or AHIMA?": the base answer tells them apart
        chosen = []
    entries: list[Topic | Variant] = [*chosen] if chosen else [topic]
    texts = [knowledge.fill(entry.answer) for entry in entries]
    while len(texts) > 1 and len(" ".join(texts)) > ANSWER_MAX_CHARACTERS:  # together too long: what was named first
        entries.pop()
        texts.pop()
    unknown, left_out = _unsaid(knowledge, topic, entities, [entry for entry in entries if isinstance(entry, Variant)], " ".join(texts))
    if unknown and not chosen:
        texts.insert(0, f"I have nothing on this for {unknown} in particular, but in general:")
    elif unknown:
        texts.append(f"I have nothing on this for {unknown} in particular.")
    if left_out:
        texts.append(f"Ask me about {left_out} on its own.")
    facts = [fact for entry in entries for fact in knowledge.facts_of(entry)]
    return Answer(" ".join(texts), source_line(knowledge, facts, dated_after_years, today), tuple(topic.related[:RELATED_BUTTONS]))


def choose_variants(topic: Topic, entities: Entities) -> list[Variant]:
    """Returns the variants the entities ask for: the most specific, in the order named, at most VARIANTS_AT_ONCE; none for the base answer."""
    matching = [variant for variant in topic.variants if all(set(variant.values(entity)) & set(entities.get(entity, ())) for entity in variant.when)]
    specific = max((len(variant.when) for variant in matching), default=0)
    named = [value for values in entities.values() for value in values]

    def order(variant: Variant) -> int:
        return min(named.index(value) for entity in variant.when for value in variant.values(entity) if value in entities.get(entity, ()))

    best = sorted((variant for variant in matching if len(variant.when) == specific), key=order)
    # Variants for different kinds of things ("billers", "beginners") cannot both be the answer; the first in the file is.
    kinds = {tuple(sorted(variant.when)) for variant in best}
    if len(kinds) > 1:
        return [variant for variant in matching if len(variant.when) == specific][:1]
    return best[:VARIANTS_AT_ONCE]


def _names_all(knowledge: Knowledge, text: str, entities: Entities) -> bool:
    """Returns whether a text speaks of everything the question named."""
    said = knowledge.fill(text)
    return all(_says(said, knowledge.entities[entity].values[value].short) for entity, values in entities.items() for value in values)


def _unsaid(knowledge: Knowledge, topic: Topic, entities: Entities, chosen: Sequence[Variant], text: str) -> tuple[str, str]:
    """Returns the names of what was asked about but is not answered, where the topic tells its kind apart: what it does not know, and what it left out."""
    unknown: list[str] = []
    left_out: list[str] = []
    for entity, values in entities.items():
        known = {value for variant in topic.variants for value in variant.values(entity)}
        if not known or not knowledge.entities[entity].tell_if_missing:
            continue
        for value in values:
            name = knowledge.entities[entity].values[value]
            if not any(value in variant.values(entity) for variant in chosen) and not _says(text, name.short):
                (left_out if value in known and chosen else unknown).append(f"the {name.name}")
    return " and ".join(unknown), " and ".join(left_out)


def _says(text: str, name: str) -> bool:
    """Returns whether a text has a name as a word: "CTR" is not in "electronic", nor "CPC" in "CPC-P"."""
    return re.search(rf"(?<![\w-]){re.escape(name)}s?(?!\w|-\w\b)", text, re.IGNORECASE) is not None


def source_line(knowledge: Knowledge, facts: Sequence[Fact], dated_after_years: int, today: date | None = None) -> str:
    """Returns the line every FAQ answer ends in: each source once with the years it speaks of, the newest first."""
    by_source: dict[str, list[Fact]] = {}
    for fact in facts:
        by_source.setdefault(fact.source, []).append(fact)

    def newest(source: str) -> int:
        return max(fact.year_said(knowledge.sources) or 0 for fact in by_source[source])

    parts = []
    for source in sorted(by_source, key=newest, reverse=True):
        figures = [fact for fact in by_source[source] if fact.value is not None]
        # Figures say whose they are and of when; statements are the article's own.
        publisher = knowledge.sources[source].publisher
        dates = [f"{fact.by}, {_when(knowledge, fact)}" if fact.by and fact.by != publisher else _when(knowledge, fact) for fact in figures]
        if not dates:
            dates = [str(knowledge.sources[source].year or "undated")]
        dates = [date for date in dict.fromkeys(dates) if not any(date != other and date in other for other in dates)][:SOURCE_FIGURES_MAX]
        dated = any(is_dated(fact, knowledge, dated_after_years, today) for fact in figures)
        parts.append(f"{knowledge.sources[source].cite} ({'; '.join(dates)}{'; dated' if dated else ''})")
    return f"{'Source' if len(parts) == 1 else 'Sources'}: {'; '.join(parts)}"


def _when(knowledge: Knowledge, fact: Fact) -> str:
    """Returns the time a figure is of, as visitors read it."""
    return fact.period or str(fact.year_said(knowledge.sources) or "undated")


def topic_buttons(knowledge: Knowledge, topics: Sequence[str]) -> list[dict[str, str]]:
    """Returns a button for each topic: its label, and the payload that asks its question."""
    return [{"title": knowledge.topics[topic].label, "payload": f"/{INTENT_PREFIX}{topic}"} for topic in topics if topic in knowledge.topics]
