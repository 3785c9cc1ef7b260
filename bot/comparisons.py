"""From two or three things of a kind to what the visitor reads: one line per aspect, the source line, the card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Mapping, Sequence

from bot import answers
from bot.knowledge import Aspect, Fact, Knowledge, fact_names

VALUES_MAX = 3  # columns that fit a phone
ROWS_MAX = 7  # what is read at a glance
TEXT_MAX_CHARACTERS = 900  # half as long again as an answer; what the widget shows in two screens
ASKED_MIN = 0.2  # a row less likely meant than that keeps its place
NOT_SAID = "my sources do not say"


@dataclass(frozen=True)
class Compared:
    """What the visitor reads: the text without its source line, the line, the card."""

    text: str
    source_line: str
    card: dict[str, Any]

    @property
    def full_text(self) -> str:
        """The text, and on its last line where it comes from, if the sources say anything."""
        return "\n".join(filter(None, [self.text, self.source_line]))


def kind_to_compare(knowledge: Knowledge, entities: Mapping[str, Sequence[str]]) -> str | None:
    """Returns the kind of which a question names the most values, at least two, and whose values can be compared."""
    counts = {kind: len(set(entities.get(kind, ())) & set(knowledge.entities[kind].values)) for kind in knowledge.comparisons}
    return max((kind for kind in counts if counts[kind] > 1), key=counts.__getitem__, default=None)


def compare(
    knowledge: Knowledge,
    kind: str,
    values: Sequence[str],
    dated_after_years: int,
    ranked: Sequence[tuple[str, float]] = (),
    today: date | None = None,
) -> Compared:
    """Returns values of an entity side by side.

    Args:
        knowledge: what may be said.
        kind: the entity; one of knowledge.comparisons.
        values: at least two of its values; of more than VALUES_MAX the first are compared.
        dated_after_years: a figure further back than this many calendar years is marked in the source line.
        ranked: the topics that the question may be about, with their confidences; the row of a likely one comes first.
        today: for tests.
    """
    compared, left_out = list(values[:VALUES_MAX]), values[VALUES_MAX:]
    names = {value: _name(knowledge, kind, value) for value in values}
    title = _capital(answers.listed([names[value] for value in compared]))
    rows = [aspect for aspect in knowledge.comparisons[kind].aspects if _said_of(aspect, compared)]
    told = [value for value in compared if any(_said_of(aspect, [value]) for aspect in rows)]
    asked = {aspect.label: sum(confidence for topic, confidence in ranked if topic in aspect.topics) for aspect in rows}
    # What is asked about comes first, then what is known of all before what is known of some.
    rows.sort(
        key=lambda aspect: (
            -asked[aspect.label] if asked[aspect.label] >= ASKED_MIN else 0,
            sum(not _said_of(aspect, [value]) for value in told),
        )
    )
    head = [f"{title}, side by side:"] if rows else []
    foot = [f"My sources say nothing about {names[value]}." for value in compared if value not in told]
    if left_out:
        foot.append(f"Ask me about {answers.listed([names[value] for value in left_out])} on its own.")
    shown: list[Aspect] = []
    lines: list[str] = []
    for aspect in rows:
        line = _line(knowledge, aspect, told, names)
        if len(lines) < ROWS_MAX and len("\n".join([*head, *lines, line, *foot])) <= TEXT_MAX_CHARACTERS:
            shown.append(aspect)
            lines.append(line)
    facts = _facts(knowledge, shown, told)
    card = {
        "card": "comparison",
        "title": title,
        "columns": [_capital(names[value]) for value in compared],
        "rows": [{"label": aspect.label, "cells": [_capital(_cell(knowledge, aspect, value) or NOT_SAID) for value in compared]} for aspect in shown],
        "sources": answers.sources_of(knowledge, facts, dated_after_years, today),
    }
    source_line = answers.source_line(knowledge, facts, dated_after_years, today) if facts else ""
    return Compared("\n".join([*head, *lines, *foot]), source_line, card)


def beside(knowledge: Knowledge, topic: str, entities: Mapping[str, Sequence[str]]) -> tuple[str, list[str]] | None:
    """Returns what to put side by side next to the answer of a topic that tells values apart in prose; None where it does not."""
    for kind, comparison in knowledge.comparisons.items():
        apart = comparison.told_apart.get(topic, [])
        values = [value for value in entities.get(kind, ()) if value in apart] if entities.get(kind) else apart
        if 1 < len(values) <= VALUES_MAX:
            return kind, list(values)
    return None


def says_of(knowledge: Knowledge, kind: str, values: Sequence[str], topic: str) -> bool:
    """Returns whether a comparison answers a question of the topic about the values: a general one, or one for which it has a row."""
    comparison = knowledge.comparisons[kind]
    return topic in comparison.topics or any(topic in aspect.topics and _said_of(aspect, values) for aspect in comparison.aspects)


def _name(knowledge: Knowledge, kind: str, value: str) -> str:
    """Returns what heads a value's column: the abbreviation, where its name has one in brackets."""
    entity = knowledge.entities[kind].values[value]
    abbreviation = entity.short if entity.name.endswith(f"({entity.short})") else entity.name
    return knowledge.comparisons[kind].names.get(value, abbreviation)


def _said_of(aspect: Aspect, values: Sequence[str]) -> bool:
    """Returns whether the sources say what an aspect is for any of the values."""
    return any(value in cell.of for cell in aspect.cells for value in values)


def _cell(knowledge: Knowledge, aspect: Aspect, value: str) -> str | None:
    """Returns what an aspect is for a value; None if the sources do not say."""
    return next((knowledge.fill(cell.text) for cell in aspect.cells if value in cell.of), None)


def _line(knowledge: Knowledge, aspect: Aspect, values: Sequence[str], names: Mapping[str, str]) -> str:
    """Returns a row as plain text: "Exam fee - CPC: $300; CCA: $299", those for which the same holds together."""
    by_text: dict[str, list[str]] = {}
    for value in values:
        by_text.setdefault(_cell(knowledge, aspect, value) or NOT_SAID, []).append(names[value])
    return f"{aspect.label} - " + "; ".join(f"{answers.listed(named)}: {text}" for text, named in by_text.items())


def _facts(knowledge: Knowledge, aspects: Sequence[Aspect], values: Sequence[str]) -> list[Fact]:
    """Returns the facts that rows stand on, each once."""
    cells = [cell for aspect in aspects for cell in aspect.cells if set(cell.of) & set(values)]
    return [knowledge.facts[name] for name in dict.fromkeys(name for cell in cells for name in fact_names(cell.text, cell.facts))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
