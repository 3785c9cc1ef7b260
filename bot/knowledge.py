"""The knowledge file: what it may hold, how it is read and checked, and how a change takes effect without a restart."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, Literal, Optional, Union

import pydantic

from bot import strict_yaml
from bot.strict_yaml import Document, Entry, Problem, ProblemsError

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "knowledge"
ANSWER_MAX_CHARACTERS = 600  # what the widget shows without scrolling
LABEL_MAX_CHARACTERS = 24  # what fits a button on a phone
INTENT_PREFIX = "ask_"  # a topic's intent is ask_<topic>

Unit = Literal[
    "USD", "USD/year", "USD/hour", "USD/credit_unit", "percent", "minutes", "hours", "hours/week", "weeks", "months", "years", "CEU", "count"
]
REFERENCE = re.compile(r"\{([^{}]*)\}")
FIGURE = re.compile(
    r"\d|[$%]|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|decades?|half|twice|percent)\b",
    re.IGNORECASE,
)
NUMBER_WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}


class Source(Entry):
    """An article the facts come from."""

    title: str
    publisher: Optional[str]
    cite: str  # what visitors read
    year: Optional[int]  # None: the article is undated
    speaks_of: str
    sha256: str


class Fact(Entry):
    """One figure, or one statement that can be checked, with the lines of the source it stands on."""

    value: Union[pydantic.StrictInt, pydantic.StrictFloat, list[Union[pydantic.StrictInt, pydantic.StrictFloat]], None] = None
    unit: Optional[Unit] = None
    measure: Optional[str] = None  # what the figure measures: median or average, of whom, per what
    statement: Optional[str] = None
    evidence: list[str] = []  # words of the source that prove the statement
    year: Optional[int] = None  # None: the source's own year
    period: Optional[str] = None  # where finer or longer than a year: "May 2024", "2022-2032"
    period_lines: list[int] = []
    by: Optional[str] = None  # who measured or said it, where the article says so
    source: str
    lines: list[int]

    @pydantic.root_validator(skip_on_failure=True)
    def _is_figure_or_statement(cls, fields):
        figure, statement = fields["value"] is not None, fields["statement"] is not None
        if figure == statement:
            raise ValueError("has both or none of 'value' and 'statement'; a fact is one figure or one statement. Split it or add what is missing.")
        if figure and not (fields["unit"] and fields["measure"]):
            raise ValueError("a figure needs 'unit' and 'measure'. Add what is missing.")
        if isinstance(fields["value"], list) and (len(fields["value"]) != 2 or fields["value"][0] >= fields["value"][1]):
            raise ValueError("a range is [low, high]. Give two numbers, the lower first.")
        if statement and not fields["evidence"]:
            raise ValueError("a statement needs 'evidence': words of the source that prove it. Add one to three short phrases.")
        if not fields["lines"]:
            raise ValueError("'lines' is empty; a fact stands on at least one line of its source. Add the line numbers.")
        return fields

    @property
    def figure(self) -> str:
        """The value as visitors read it: "$50,250", "10 to 20 months", "5 hours and 40 minutes"."""
        return format_value(self.value, str(self.unit))

    def year_of(self, sources: dict[str, Source]) -> int | None:
        """Returns the year the fact speaks of, a period's first; None if its source is undated."""
        in_period = re.search(r"\d{4}", self.period or "")
        return self.year or (int(in_period.group()) if in_period else sources[self.source].year)

    def year_said(self, sources: dict[str, Source]) -> int | None:
        """Returns the year a figure is as old as: the one it speaks of, but a projection is as old as its article; None if undated."""
        year, published = self.year_of(sources), sources[self.source].year
        return min(year, published) if year and published else year


class Variant(Entry):
    """The answer where the question names one of these entity values."""

    when: dict[str, Union[str, list[str]]]
    answer: str
    more: Optional[str] = None
    facts: list[str] = []

    def values(self, entity: str) -> list[str]:
        """Returns the values of an entity that this variant is for."""
        value = self.when.get(entity, [])
        return [value] if isinstance(value, str) else value


class Topic(Entry):
    """A question that visitors ask, and its answers."""

    question: str
    label: str
    answer: str
    more: Optional[str] = None
    facts: list[str] = []
    variants: list[Variant] = []
    related: list[str] = []


class EntityValue(Entry):
    """One thing that visitors name, and the words they use for it."""

    name: str
    short: str
    synonyms: list[str]


class EntityType(Entry):
    """A kind of thing that visitors name."""

    tell_if_missing: bool = False
    values: dict[str, EntityValue]


class Knowledge(Entry):
    """All the assistant knows."""

    names_with_digits: list[str] = []
    entities: dict[str, EntityType]
    facts: dict[str, Fact]
    topics: dict[str, Topic]
    sources: dict[str, Source] = {}

    @property
    def training_fingerprint(self) -> str:
        """Hash of what a trained model depends on: topics and entities, not the answers."""
        trained = [sorted(self.topics), {name: kind.dict() for name, kind in self.entities.items()}]
        return hashlib.sha256(json.dumps(trained, sort_keys=True).encode()).hexdigest()

    def fill(self, text: str) -> str:
        """Returns the text with its references to facts replaced by their figures."""

        def figure(match: re.Match[str]) -> str:
            name, _, part = match.group(1).partition(".")
            fact = self.facts[name]
            if part == "year":
                return str(fact.year_of(self.sources))
            return str(fact.period) if part == "period" else fact.figure

        return " ".join(REFERENCE.sub(figure, text).split())

    def facts_of(self, entry: Topic | Variant) -> list[Fact]:
        """Returns the facts an answer (without its longer text) stands on, each once."""
        return [self.facts[name] for name in fact_names(entry.answer, entry.facts)]


def fact_names(text: str, others: list[str]) -> list[str]:
    """Returns the names of the facts that a text refers to and of others beside it, each once."""
    return list(dict.fromkeys([*(reference.partition(".")[0] for reference in REFERENCE.findall(text)), *others]))


def format_value(value: Any, unit: str) -> str:
    """Returns a figure as visitors read it.

    Args:
        value: a number, or [low, high].
        unit: what it counts; the time base of money ("a year") is left to the sentence.
    """
    low, high = value if isinstance(value, list) else (None, value)
    if unit.startswith("USD"):
        cents = any(isinstance(number, float) for number in (low, high))
        return " to ".join(f"${number:,.2f}" if cents else f"${number:,}" for number in (low, high) if number is not None)
    if unit == "minutes" and low is None and high >= 60:
        hours, minutes = divmod(high, 60)
        return format_value(hours, "hours") + (f" and {format_value(minutes, 'minutes')}" if minutes else "")
    numbers = " to ".join(f"{number:,}" for number in (low, high) if number is not None)
    if unit == "percent":
        return numbers + "%"
    if unit == "count":
        return numbers
    word = {"CEU": "CEUs", "hours/week": "hours"}.get(unit, unit)
    return f"{numbers} {word[:-1] if high == 1 else word}"


def load(folder: Path = FOLDER) -> Knowledge:
    """Returns the knowledge in a folder's medical_coding.yml and sources.yml.

    Raises:
        ProblemsError: what is wrong in either file, all of it, each with file, line and what to do.
    """
    problems: list[Problem] = []
    documents: list[Document] = []
    for name in ("medical_coding.yml", "sources.yml"):
        try:
            documents.append(_read_mapping(folder / name, f"knowledge/{name}"))
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    document, sources_document = documents
    sources: dict[str, Source] = {}
    for name, content in sources_document.content.items():
        try:
            nested = {path[1:]: line for path, line in sources_document.lines.items() if path[:1] == (name,)}
            sources[name] = strict_yaml.parse(Document(sources_document.file, content, nested), Source)
        except ProblemsError as error:
            problems += error.problems
    try:
        knowledge: Knowledge = strict_yaml.parse(document, Knowledge)
    except ProblemsError as error:
        raise ProblemsError(problems + error.problems) from error
    if problems:  # of the sources; the facts that name them would all look wrong
        raise ProblemsError(problems)
    knowledge = knowledge.copy(update={"sources": sources})
    if problems := list(_check(knowledge, document)):
        raise ProblemsError(problems)
    return knowledge


def _read_mapping(path: Path, name: str) -> Document:
    """Returns the document in a file, whose content must be a mapping."""
    document = strict_yaml.read(path, name)
    if not isinstance(document.content, dict):
        raise ProblemsError([Problem(document.file, 1, "holds no mapping; it must be `key: value` lines. Put the file back.")])
    return document


def _check(knowledge: Knowledge, document: Document) -> Iterator[Problem]:
    """Yields every name that leads nowhere and every text that breaks a rule."""
    for name, fact in knowledge.facts.items():
        if fact.source not in knowledge.sources:
            allowed = ", ".join(knowledge.sources)
            yield document.problem(
                ("facts", name, "source"),
                f"fact '{name}': unknown source '{fact.source}'; known: {allowed}. Correct it or add it to knowledge/sources.yml.",
            )
    labels: dict[str, str] = {}
    for name, topic in knowledge.topics.items():
        path = ("topics", name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield document.problem(path, f"topic '{name}': a topic's id is lower case letters, digits and underscores. Rename it.")
        if len(topic.label) > LABEL_MAX_CHARACTERS:
            yield document.problem(
                (*path, "label"),
                f"topic '{name}': label has {len(topic.label)} characters; a button shows at most {LABEL_MAX_CHARACTERS}. Shorten it.",
            )
        if topic.label in labels:
            yield document.problem(
                (*path, "label"),
                f"topic '{name}': label '{topic.label}' is also that of topic '{labels[topic.label]}'; buttons must differ. Reword one.",
            )
        labels[topic.label] = name
        for index, related in enumerate(topic.related):
            if related not in knowledge.topics or related == name:
                yield document.problem(
                    (*path, "related", index), f"topic '{name}': related topic '{related}' does not exist or is itself. Name another topic's id."
                )
        for key in ("question", "label"):
            yield from _check_text(knowledge, document, (*path, key), f"topic '{name}': {key}", getattr(topic, key))
        yield from _check_answer(knowledge, document, path, f"topic '{name}'", topic)
        for index, variant in enumerate(topic.variants):
            where = (*path, "variants", index)
            if not variant.when:
                yield document.problem(where, f"topic '{name}': a variant's `when` is empty. Say for which entity value it is.")
            for entity in variant.when:
                if entity not in knowledge.entities:
                    allowed = ", ".join(knowledge.entities)
                    yield document.problem((*where, "when", entity), f"topic '{name}': unknown entity '{entity}'; known: {allowed}. Correct it.")
                    continue
                for value in variant.values(entity):
                    if value not in knowledge.entities[entity].values:
                        allowed = ", ".join(knowledge.entities[entity].values)
                        yield document.problem((*where, "when", entity), f"topic '{name}': unknown {entity} '{value}'; known: {allowed}. Correct it.")
            yield from _check_answer(knowledge, document, where, f"topic '{name}': variant {index + 1}", variant)


def _check_answer(knowledge: Knowledge, document: Document, path: tuple, where: str, entry: Topic | Variant) -> Iterator[Problem]:
    """Yields what is wrong with an answer, its longer text and its facts."""
    for index, fact in enumerate(entry.facts):
        if fact not in knowledge.facts:
            yield document.problem((*path, "facts", index), f"{where}: unknown fact '{fact}'. Correct the name or add it under `facts`.")
    for key in ("answer", "more"):
        text = getattr(entry, key)
        if text is None:
            continue
        problems = list(_check_text(knowledge, document, (*path, key), f"{where}: {key}", text))
        yield from problems
        # (A fact whose source is unknown is a problem of its own, and has no year to fill in.)
        fillable = not problems and all(
            knowledge.facts[reference.partition(".")[0]].source in knowledge.sources for reference in REFERENCE.findall(text)
        )
        if fillable and len(filled := knowledge.fill(text)) > ANSWER_MAX_CHARACTERS:
            yield document.problem(
                (*path, key),
                f"{where}: {key} has {len(filled)} characters; the widget shows at most {ANSWER_MAX_CHARACTERS}. Shorten it or split the topic.",
            )
        if not text.strip():
            yield document.problem((*path, key), f"{where}: {key} is empty. Write it or remove the key.")
    if not entry.facts and not REFERENCE.search(entry.answer):
        yield document.problem(path, f"{where}: the answer stands on no fact. Name the facts it stands on under `facts`.")


def _check_text(knowledge: Knowledge, document: Document, path: tuple, where: str, text: str) -> Iterator[Problem]:
    """Yields references that lead nowhere and figures that come from no fact."""
    for reference in REFERENCE.findall(text):
        name, _, part = reference.partition(".")
        fact = knowledge.facts.get(name)
        if fact is None:
            yield document.problem(path, f"{where}: '{{{reference}}}' names no fact. Correct the name or add it under `facts`.")
        elif not part and fact.value is None:
            yield document.problem(
                path, f"{where}: '{{{reference}}}' is a statement without a figure. Say it in words and name the fact under `facts`."
            )
        elif part not in ("", "year", "period"):
            yield document.problem(path, f"{where}: '{{{reference}}}' asks for '{part}'; allowed after a fact's name: .year, .period. Correct it.")
        elif (part == "period" and not fact.period) or (part == "year" and fact.source in knowledge.sources and not fact.year_of(knowledge.sources)):
            yield document.problem(path, f"{where}: '{{{reference}}}': fact '{name}' has no {part}. Add it to the fact or reword.")
    rest = REFERENCE.sub(" ", text)
    for known in knowledge.names_with_digits:
        rest = rest.replace(known, " ")
    if bare := FIGURE.search(rest):
        yield document.problem(path, f"{where}: the figure '{bare.group()}' comes from no fact. Add a fact and write its name in braces, or reword.")


class KnowledgeFile:
    """The knowledge in force: read again when a file changed, kept as it was when the change does not pass the check."""

    def __init__(self, folder: Path = FOLDER):
        self._folder = folder
        self._lock = threading.Lock()
        self._stamp = self._files_stamp()
        self._knowledge = load(folder)

    def _files_stamp(self) -> tuple:
        try:
            return tuple((status.st_mtime_ns, status.st_size) for status in (path.stat() for path in sorted(self._folder.glob("*.yml"))))
        except OSError:  # a file is being replaced at this moment; the next look sees it
            return ()

    @property
    def current(self) -> Knowledge:
        """The knowledge in force; looks at the files' time stamps at each call."""
        with self._lock:
            stamp = self._files_stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._knowledge = load(self._folder)
                    logger.info("The knowledge file changed; the new answers are in force.")
                except ProblemsError as error:
                    logger.error("The knowledge file changed but does not pass the check; the old answers stay in force.\n%s", error)
            return self._knowledge


def is_dated(fact: Fact, knowledge: Knowledge, after_years: int, today: date | None = None) -> bool:
    """Returns whether a figure is older than the site allows, counted in whole calendar years."""
    year = fact.year_said(knowledge.sources)
    return fact.value is not None and year is not None and (today or date.today()).year - year > after_years


@lru_cache(maxsize=1)
def in_force() -> KnowledgeFile:
    """Returns this process's knowledge file, read on the first call."""
    return KnowledgeFile()
