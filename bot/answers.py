"""From a topic and the entities of a question to what the visitor reads: text, source line, buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Mapping, Sequence

from bot.knowledge import ANSWER_MAX_CHARACTERS, INTENT_PREFIX, Fact, Knowledge, Topic, Variant, fact_names, is_dated

VARIANTS_AT_ONCE = 2  # a question that names two certifications gets both answers; more would be a page
RELATED_BUTTONS = 3  # what fits under an answer on a phone
SOURCE_FIGURES_MAX = 3  # a source line names at most so many dates of one source

Entities = Mapping[str, Sequence[str]]  # values named in a question, by entity, in the order named


@dataclass(frozen=True)
class Answer:
    """What the visitor reads: the text, where it comes from, the topics to offer next."""

    topic: str
    question: str
    text: str  # without its source line
    facts: tuple[Fact, ...]
    source_line: str
    sources: tuple[dict[str, Any], ...]  # what the source line says, figure by figure, for cards
    related: tuple[str, ...]
    has_more: bool = False

    @property
    def full_text(self) -> str:
        """The text, and on its last line where it comes from."""
        return f"{self.text}\n{self.source_line}"

    @property
    def card(self) -> dict[str, Any]:
        """The answer as the widget shows it."""
        return {
            "card": "answer", "topic": self.topic, "question": self.question, "text": self.text,
            "sources": list(self.sources), "more": self.has_more,
        }  # fmt: skip


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
    entries = _entries(knowledge, topic, entities)
    texts = [knowledge.fill(entry.answer) for entry in entries]
    while len(texts) > 1 and len(" ".join(texts)) > ANSWER_MAX_CHARACTERS:  # together too long: what was named first
        entries.pop()
        texts.pop()
    unknown, left_out = _unsaid(knowledge, topic, entities, [entry for entry in entries if isinstance(entry, Variant)], " ".join(texts))
    if unknown and entries == [topic]:
        texts.insert(0, f"I have nothing on this for {unknown} in particular, but in general:")
    elif unknown:
        texts.append(f"I have nothing on this for {unknown} in particular.")
    if left_out:
        texts.append(f"Ask me about {left_out} on its own.")
    facts = [fact for entry in entries for fact in knowledge.facts_of(entry)]
    return _made(knowledge, topic_name, " ".join(texts), facts, dated_after_years, today, has_more=any(entry.more for entry in entries))


def more(knowledge: Knowledge, topic_name: str, entities: Entities, dated_after_years: int, today: date | None = None) -> Answer | None:
    """Returns what is known beyond the answer to the same question; None if that was all."""
    entries = [entry for entry in _entries(knowledge, knowledge.topics[topic_name], entities) if entry.more]
    if not entries:
        return None
    entry = entries[0]
    facts = [knowledge.facts[name] for name in fact_names(str(entry.more), entry.facts)]
    return _made(knowledge, topic_name, knowledge.fill(str(entry.more)), facts, dated_after_years, today)


def plainly(knowledge: Knowledge, topic_name: str, entities: Entities, dated_after_years: int, today: date | None = None) -> Answer:
    """Returns the answer in fewer and simpler words: the entry's `plain`, or the first sentence of its answer."""
    entry = _entries(knowledge, knowledge.topics[topic_name], entities)[0]
    text = knowledge.fill(entry.plain or re.split(r"(?<=[a-z)%][.!?])\s", knowledge.fill(entry.answer))[0])
    facts = [knowledge.facts[name] for name in fact_names(entry.plain or entry.answer, entry.facts)]
    return _made(knowledge, topic_name, text, facts, dated_after_years, today, has_more=True)


def together(knowledge: Knowledge, answers: Sequence[Answer], dated_after_years: int, today: date | None = None) -> str:
    """Returns the text of answers to several questions: each under its label, and one line that names all their sources."""
    lines = [f"{knowledge.topics[answer.topic].label}: {answer.text}" for answer in answers]
    facts = [fact for answer in answers for fact in answer.facts]
    return "\n".join([*lines, source_line(knowledge, facts, dated_after_years, today)])


def _made(
    knowledge: Knowledge, topic_name: str, text: str, facts: Sequence[Fact], dated_after_years: int, today: date | None, has_more: bool = False
) -> Answer:
    topic = knowledge.topics[topic_name]
    return Answer(
        topic=topic_name,
        question=topic.question,
        text=text,
        facts=tuple(facts),
        source_line=source_line(knowledge, facts, dated_after_years, today),
        sources=tuple(sources_of(knowledge, facts, dated_after_years, today)),
        related=tuple(topic.related[:RELATED_BUTTONS]),
        has_more=has_more,
    )


def _entries(knowledge: Knowledge, topic: Topic, entities: Entities) -> list[Topic | Variant]:
    """Returns the variants that answer a question about the entities, or else the topic itself."""
    chosen = choose_variants(topic, entities)
    if len(chosen) > 1 and _names_all(knowledge, topic.answer, entities):  # "AAPC or AHIMA?": the base answer tells them apart
        chosen = []
    return [*chosen] if chosen else [topic]


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


def sources_of(knowledge: Knowledge, facts: Sequence[Fact], dated_after_years: int, today: date | None = None) -> list[dict[str, Any]]:
    """Returns the sources of facts, the newest first: what visitors call it, of when it speaks, and its figures with what they measure."""
    by_source: dict[str, list[Fact]] = {}
    for fact in {id(fact): fact for fact in facts}.values():  # to compare facts by their fields took longer than all the rest of an answer
        by_source.setdefault(fact.source, []).append(fact)

    def newest(source: str) -> int:
        return max(fact.year_said(knowledge.sources) or 0 for fact in by_source[source])

    sources = []
    for name in sorted(by_source, key=newest, reverse=True):
        source = knowledge.sources[name]
        figures = [fact for fact in by_source[name] if fact.value is not None]
        # Figures say whose they are and of when; statements are the article's own.
        dates = [f"{fact.by}, {_when(knowledge, fact)}" if fact.by and fact.by != source.publisher else _when(knowledge, fact) for fact in figures]
        if not dates:
            dates = [str(source.year or "undated")]
        dates = [date for date in dict.fromkeys(dates) if not any(date != other and date in other for other in dates)][:SOURCE_FIGURES_MAX]
        rows = [
            {
                "figure": fact.figure,
                "measure": fact.measure,
                "by": fact.by,
                "when": _when(knowledge, fact),
                "dated": is_dated(fact, knowledge, dated_after_years, today),
            }
            for fact in figures
        ]
        sources.append({"cite": source.cite, "when": "; ".join(dates), "dated": any(row["dated"] for row in rows), "figures": rows})
    return sources


def source_line(knowledge: Knowledge, facts: Sequence[Fact], dated_after_years: int, today: date | None = None) -> str:
    """Returns the line every FAQ answer ends in: each source once with the years it speaks of, the newest first."""
    sources = sources_of(knowledge, facts, dated_after_years, today)
    parts = [f"{source['cite']} ({source['when']}{'; dated' if source['dated'] else ''})" for source in sources]
    return f"{'Source' if len(parts) == 1 else 'Sources'}: {'; '.join(parts)}"


def provenance(knowledge: Knowledge, answer: Answer, dated_after_years: int) -> str:
    """Returns in words where an answer comes from: each figure with what it measures, who measured it and when, and the articles."""
    sentences = []
    for source in answer.sources:
        figures = [
            f"{row['figure']} - {row['measure']} ({', '.join(part for part in (row['by'], row['when']) if part)})" for row in source["figures"]
        ][:SOURCE_FIGURES_MAX]
        title = next(known.title for known in knowledge.sources.values() if known.cite == source["cite"])
        sentences.append(f'From the {source["cite"]}, "{title}"{": " + "; ".join(figures) if figures else " (" + source["when"] + ")"}.')
    return " ".join(sentences)


def recency(knowledge: Knowledge, answer: Answer, dated_after_years: int) -> str:
    """Returns in words of when an answer's figures are, and which of them are old."""
    figures = [row for source in answer.sources for row in source["figures"]]
    if not figures:
        whens = ", ".join(dict.fromkeys(source["when"] for source in answer.sources))
        return (
            f"That answer holds no figure; what it stands on was published in {whens}."
            if whens != "undated"
            else "The article that says so has no date."
        )
    told = "; ".join(dict.fromkeys(f"{row['figure']}: {row['when']}" for row in figures))
    old = sum(row["dated"] for row in figures)
    if old:
        return f"{told}. What is more than {dated_after_years} years old may have changed since; ask for today's figure before you decide."
    return f"{told}. Those are the newest figures that my sources have."


def _when(knowledge: Knowledge, fact: Fact) -> str:
    """Returns the time a figure is of, as visitors read it."""
    return fact.period or str(fact.year_said(knowledge.sources) or "undated")


def listed(names: Sequence[str]) -> str:
    """Returns names as a phrase: "CPC, CCA and CCS"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def topic_buttons(knowledge: Knowledge, topics: Sequence[str]) -> list[dict[str, str]]:
    """Returns a button for each topic: its label, and the payload that asks its question."""
    return [{"title": knowledge.topics[topic].label, "payload": f"/{INTENT_PREFIX}{topic}"} for topic in topics if topic in knowledge.topics]
