"""The knowledge file: what it may hold, how it is read and checked, and how a change takes effect without a restart."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import re
import threading
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, Literal, Optional, Union, get_args

import pydantic
from pydantic import Field

from bot import strict_yaml
from bot.strict_yaml import Document, Entry, Problem, ProblemsError

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
CAREER_VARIABLE = "BOT_CAREER"
CAREER = os.environ.get(CAREER_VARIABLE, "")  # a folder in careers/; none: the career in the project's own folders, medical coding
HOME = ROOT / "careers" / CAREER if CAREER else ROOT  # knowledge, settings, domain and examples of the career, and all that is made of them
FOLDER = HOME / "knowledge"
FILES = (f"{HOME.name if CAREER else 'medical_coding'}.yml", "sources.yml")
FILE = f"knowledge/{FILES[0]}"  # as messages call it
ANSWER_MAX_CHARACTERS = 600  # what the widget shows without scrolling
LABEL_MAX_CHARACTERS = 24  # what fits a button on a phone
INTENT_PREFIX = "ask_"  # a topic's intent is ask_<topic>
CELL_MAX_CHARACTERS = 100  # of a comparison; more would not fit a column on a phone
PATHWAY_MAX_CHARACTERS = 780  # of a pathway's own texts; with the visitor's reasons its reply has about 900
UNSURE = "unsure"  # the answer of a visitor who skips a question of the advice

Unit = Literal[
    "USD", "USD/year", "USD/hour", "USD/credit_unit", "percent", "minutes", "hours", "hours/week", "weeks", "months", "years", "CEU", "count"
]
Question = Literal["schooling", "time", "aim"]
REFERENCE = re.compile(r"\{([^{}]*)\}")
FIGURE = re.compile(
    r"\d|[$%]|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|decades?|half|twice|percent)\b",
    re.IGNORECASE,
)
NUMBER_WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}


ANSWER_KEY = f"one to three sentences, at most {ANSWER_MAX_CHARACTERS} characters; {{name_of_a_fact}} stands for its figure"
MORE_KEY = 'the reply to "tell me more"'
PLAIN_KEY = "the answer in fewer and simpler words"
FACTS_KEY = "what it stands on besides the facts it refers to"


class Source(Entry):
    """An article the facts come from."""

    title: str
    publisher: Optional[str]
    cite: str = Field(description="what visitors read")
    year: Optional[int] = Field(None, description="null: the article is undated")
    speaks_of: str = Field(description="of when its figures are, for editors")
    sha256: str = Field(description="hash of the text that was read")


class Fact(Entry):
    """One figure, or one statement that can be checked, with the lines of the source it stands on."""

    value: Union[pydantic.StrictInt, pydantic.StrictFloat, list[Union[pydantic.StrictInt, pydantic.StrictFloat]], None] = Field(
        None, description="the figure: a number, or [low, high]"
    )
    unit: Optional[Unit] = Field(None, description="what the figure counts")
    measure: Optional[str] = Field(None, description="what the figure measures: median or average, of whom, per what")
    statement: Optional[str] = Field(None, description="instead of a figure: what can be checked, in your own words")
    evidence: list[str] = Field([], description="words of the source that prove the statement, letter for letter")
    year: Optional[int] = Field(None, description="the year it speaks of; left out, the source's own")
    period: Optional[str] = Field(None, description='where finer or longer than a year: May 2024, "2022-2032"')
    period_lines: list[int] = Field([], description="where the years of the period stand, if not on the other lines")
    by: Optional[str] = Field(None, description="who measured or said it, where the article says so")
    source: str = Field(description="the article, as knowledge/sources.yml names it")
    lines: list[int] = Field(description="the lines of the article it stands on")

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

    when: dict[str, Union[str, list[str]]] = Field(description="the entity values it is for: {certification: cpc}")
    answer: str = Field(description=ANSWER_KEY)
    more: Optional[str] = Field(None, description=MORE_KEY)
    plain: Optional[str] = Field(None, description=PLAIN_KEY)
    facts: list[str] = Field([], description=FACTS_KEY)

    def values(self, entity: str) -> list[str]:
        """Returns the values of an entity that this variant is for."""
        value = self.when.get(entity, [])
        return [value] if isinstance(value, str) else value


class Topic(Entry):
    """A question that visitors ask, and its answers."""

    question: str = Field(description="the question as a visitor would put it")
    label: str = Field(description=f"its button, at most {LABEL_MAX_CHARACTERS} characters")
    answer: str = Field(description=ANSWER_KEY)
    more: Optional[str] = Field(None, description=MORE_KEY)
    plain: Optional[str] = Field(None, description=PLAIN_KEY)
    why: Optional[str] = Field(None, description="the topic that gives the reasons")
    facts: list[str] = Field([], description=FACTS_KEY)
    variants: list[Variant] = Field([], description="answers where the question names something, such as one certification")
    related: list[str] = Field([], description="topics to offer next; the first three are buttons")


class EntityValue(Entry):
    """One thing that visitors name, and the words they use for it."""

    name: str = Field(description="as it stands in a sentence")
    short: str = Field(description="as answers abbreviate it")
    synonyms: list[str] = Field(description="what visitors call it, in lower case")
    in_follow_up: list[str] = Field([], description='words that mean it only in a follow-up: "and for billing?"')


class EntityType(Entry):
    """A kind of thing that visitors name."""

    tell_if_missing: bool = Field(False, description="where no answer is for the value asked about, say so first")
    overview: Optional[str] = Field(None, description="the topic that a bare name asks for at the start of a talk")
    values: dict[str, EntityValue]


class Subject(Entry):
    """Something a talk can be about: the job, the studies, the exam."""

    words: list[str]
    entities: list[str] = Field(description="kinds whose values name it too")
    topics: list[str] = Field(description="whose answers are about it")


class Statement(Entry):
    """A short text, and the facts it stands on besides those it refers to."""

    text: str
    facts: list[str] = []


class Cell(Statement):
    """What one aspect is for some of the things compared."""

    of: list[str]


class Aspect(Entry):
    """A row of a comparison."""

    label: str
    topics: list[str] = Field([], description="who compares by one of these questions gets this row first")
    cells: list[Cell]


class Comparison(Entry):
    """How the values of an entity are put side by side."""

    topic: str = Field(description="what a follow-up on the comparison is about")
    topics: list[str] = Field(description="general questions that become a comparison where they name two of the values")
    told_apart: dict[str, list[str]] = Field({}, description="by topic, the values that its own answer tells apart; it stays the answer to them")
    words: dict[str, list[str]] = Field({}, description='words that mean values only where things are compared: "coding or billing"')
    names: dict[str, str] = Field({}, description="what heads a value's column, if not the abbreviation or the name")
    aspects: list[Aspect] = Field(description="the rows, the most useful first")


class AdviceAnswer(Entry):
    """One answer to a question of the advice, and how visitors give it."""

    label: str
    reason: str = Field(description='goes on after "because"')
    words: list[str] = Field(description="words that mean it anywhere")
    if_asked: list[str] = Field([], description="words that mean it only in reply to the question")
    months: Optional[int] = Field(None, description="a span of time up to so many months means it")


class AdviceQuestion(Entry):
    """A question on which the advice depends. Where a message names two answers, the one that stands last counts."""

    text: str
    answers: dict[str, AdviceAnswer]


class Step(Statement):
    """One step of a pathway."""

    title: str


class Detail(Statement):
    """Length, cost or the like of a pathway."""

    label: str


class Pathway(Entry):
    """A way into the field for visitors whose answers fit; `when` names them by question, one left out does not matter."""

    title: str
    when: dict[Question, list[str]] = Field({}, description="the answers it is for, by question")
    why: Statement
    steps: list[Step]
    details: list[Detail]
    unknown: list[str] = Field(description="what the sources do not say")
    topic: str = Field(description="what a follow-up on the pathway is about")
    related: list[str]

    def fits(self, answers: dict[str, str]) -> bool:
        """Returns whether the answers are those the pathway is for."""
        return all(answers[question] in allowed for question, allowed in self.when.items())

    def statements(self) -> Iterator[tuple[tuple[Any, ...], Statement]]:
        """Yields the texts that stand on facts, each with its path inside the pathway."""
        yield ("why",), self.why
        for key in ("steps", "details"):
            for index, statement in enumerate(getattr(self, key)):
                yield (key, index), statement


class Pathways(Entry):
    """The advice: what is asked, and the ways it leads to, the first that fits."""

    unsure: list[str] = Field([], description="words that leave a question open; the first is the button's label")
    promise: Optional[Statement] = Field(None, description="what no way can promise")
    questions: dict[Question, AdviceQuestion] = {}
    ways: dict[str, Pathway] = {}

    def combinations(self) -> Iterator[dict[str, str]]:
        """Yields every combination of answers, those left open included."""
        answers = [[*question.answers, UNSURE] for question in self.questions.values()]
        for combination in itertools.product(*answers):
            yield dict(zip(self.questions, combination))


class Knowledge(Entry):
    """All the assistant knows."""

    names_with_digits: list[str] = Field([], description="words with digits that may stand in an answer; every other figure comes from a fact")
    entities: dict[str, EntityType] = Field(description="what visitors name, by kind")
    subjects: dict[str, Subject] = Field({}, description="what a talk can be about")
    aspects: dict[str, dict[str, str]] = Field(
        {}, description="for a topic that a question without a subject is read as: the topic meant after another topic, or in a talk about a subject"
    )
    facts: dict[str, Fact]
    topics: dict[str, Topic]
    comparisons: dict[str, Comparison] = {}
    pathways: Pathways = Pathways()
    sources: dict[str, Source] = {}

    @property
    def training_fingerprint(self) -> str:
        """Hash of what a trained model depends on: topics, entities and the words of subjects, not the answers."""
        trained = [
            sorted(self.topics),
            {name: kind.dict(exclude={"overview"}) for name, kind in self.entities.items()},
            {name: subject.words for name, subject in self.subjects.items()},
        ]
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
    """Returns the knowledge in a folder's two FILES.

    Raises:
        ProblemsError: what is wrong in either file, all of it, each with file, line and what to do.
    """
    problems: list[Problem] = []
    documents: list[Document] = []
    for name in FILES:
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
    yield from _check_subjects(knowledge, document)
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
        if topic.why is not None and (topic.why not in knowledge.topics or topic.why == name):
            yield document.problem(
                (*path, "why"), f"topic '{name}': the topic of its reasons, '{topic.why}', does not exist or is itself. Name another."
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
    for kind, comparison in knowledge.comparisons.items():
        yield from _check_comparison(knowledge, document, kind, comparison)
    if knowledge.pathways.ways:
        yield from _check_pathways(knowledge, document)


def _check_comparison(knowledge: Knowledge, document: Document, kind: str, comparison: Comparison) -> Iterator[Problem]:
    """Yields what is wrong with how the values of an entity are compared."""
    path, where = ("comparisons", kind), f"comparison '{kind}'"
    if kind not in knowledge.entities:
        yield document.problem(path, f"{where}: unknown entity; known: {', '.join(knowledge.entities)}. Correct it.")
        return
    known = knowledge.entities[kind].values

    def unknown_values(at: tuple, values: list[str]) -> Iterator[Problem]:
        for value in values:
            if value not in known:
                yield document.problem((*path, *at), f"{where}: unknown {kind} '{value}'; known: {', '.join(known)}. Correct it.")

    yield from _check_topics(knowledge, document, (*path, "topic"), where, [comparison.topic])
    yield from _check_topics(knowledge, document, (*path, "topics"), where, comparison.topics)
    for topic, values in comparison.told_apart.items():
        yield from _check_topics(knowledge, document, (*path, "told_apart", topic), where, [topic])
        yield from unknown_values(("told_apart", topic), values)
    for word, values in comparison.words.items():
        yield from unknown_values(("words", word), values)
    yield from unknown_values(("names",), list(comparison.names))
    for index, aspect in enumerate(comparison.aspects):
        row = (*path, "aspects", index)
        yield from _check_label(document, (*row, "label"), where, aspect.label)
        yield from _check_topics(knowledge, document, (*row, "topics"), where, aspect.topics)
        said: set[str] = set()
        for number, cell in enumerate(aspect.cells):
            at = ("aspects", index, "cells", number)
            yield from unknown_values((*at, "of"), cell.of)
            for value in cell.of:
                if value in said:
                    yield document.problem((*path, *at, "of"), f"{where}: {aspect.label}: '{value}' has a cell already. Remove it from one.")
                said.add(value)
            problems = list(_check_statement(knowledge, document, (*path, *at), f"{where}: {aspect.label}", cell))
            yield from problems
            if not problems and len(filled := knowledge.fill(cell.text)) > CELL_MAX_CHARACTERS:
                yield document.problem(
                    (*path, *at), f"{where}: {aspect.label}: a cell has {len(filled)} characters; at most {CELL_MAX_CHARACTERS} fit. Shorten it."
                )
            if ";" in cell.text:  # parts the things in plain text
                yield document.problem(
                    (*path, *at), f"{where}: {aspect.label}: a cell has a semicolon, which parts the things compared. Use a comma."
                )


def _check_pathways(knowledge: Knowledge, document: Document) -> Iterator[Problem]:
    """Yields what is wrong with the advice, and answers for which there is no way or ways for no answers."""
    pathways = knowledge.pathways
    missing = [f"question '{question}'" for question in get_args(Question) if question not in pathways.questions]
    missing += [f"'{key}'" for key in ("unsure", "promise") if not getattr(pathways, key)]
    if missing or pathways.promise is None:
        yield document.problem(("pathways",), f"pathways: {', '.join(missing)} missing; the advice needs it. Add it.")
        return
    yield from _check_label(document, ("pathways", "unsure"), "pathways: unsure", pathways.unsure[0])
    yield from _check_statement(knowledge, document, ("pathways", "promise"), "pathways: promise", pathways.promise)
    for question, asked in pathways.questions.items():
        yield from _check_text(knowledge, document, ("pathways", "questions", question, "text"), f"question '{question}'", asked.text)
        for answer, entry in asked.answers.items():
            path, where = ("pathways", "questions", question, "answers", answer), f"question '{question}': answer '{answer}'"
            yield from _check_label(document, (*path, "label"), where, entry.label)
            yield from _check_text(knowledge, document, (*path, "label"), f"{where}: label", entry.label)
            yield from _check_text(knowledge, document, (*path, "reason"), f"{where}: reason", entry.reason)
            if answer == UNSURE:
                yield document.problem(path, f"{where}: every question can be left open already. Remove it.")
    problems = [problem for name, way in pathways.ways.items() for problem in _check_pathway(knowledge, document, name, way)]
    yield from problems
    if problems:  # a misspelled answer would look like one that leads nowhere
        return
    reached = set()
    for combination in pathways.combinations():
        fitting = next((name for name, way in pathways.ways.items() if way.fits(combination)), None)
        reached.add(fitting)
        if fitting is None:
            answers = ", ".join(" ".join(answer) for answer in combination.items())
            yield document.problem(("pathways", "ways"), f"pathways: none fits {answers}. Widen a `when` or add a pathway.")
    for name in pathways.ways:
        if name not in reached:
            yield document.problem(
                ("pathways", "ways", name),
                f"pathway '{name}': no answers lead to it; those above take them all. Move it up, narrow theirs or remove it.",
            )


def _check_pathway(knowledge: Knowledge, document: Document, name: str, way: Pathway) -> Iterator[Problem]:
    """Yields the names that lead nowhere in a pathway, and its texts that break a rule."""
    path, where = ("pathways", "ways", name), f"pathway '{name}'"
    for question, answers in way.when.items():
        allowed = [*knowledge.pathways.questions[question].answers, UNSURE]
        for answer in answers:
            if answer not in allowed:
                yield document.problem((*path, "when", question), f"{where}: unknown {question} '{answer}'; known: {', '.join(allowed)}. Correct it.")
    yield from _check_topics(knowledge, document, (*path, "topic"), where, [way.topic])
    yield from _check_topics(knowledge, document, (*path, "related"), where, way.related)
    problems = [problem for at, entry in way.statements() for problem in _check_statement(knowledge, document, (*path, *at), where, entry)]
    for key, texts in {"title": [way.title], "steps": [step.title for step in way.steps], "unknown": way.unknown}.items():
        problems += [problem for text in texts for problem in _check_text(knowledge, document, (*path, key), where, text)]
    yield from problems
    if not problems:
        texts = [way.title, *(step.title for step in way.steps), *way.unknown, *(knowledge.fill(entry.text) for _, entry in way.statements())]
        if (length := sum(map(len, texts))) > PATHWAY_MAX_CHARACTERS:
            yield document.problem(path, f"{where}: its texts have {length} characters; at most {PATHWAY_MAX_CHARACTERS} fit a reply. Shorten them.")


def _check_label(document: Document, path: tuple, where: str, label: str) -> Iterator[Problem]:
    """Yields a problem if a label is too long for a button or a column."""
    if len(label) > LABEL_MAX_CHARACTERS:
        yield document.problem(path, f"{where}: label '{label}' has {len(label)} characters; at most {LABEL_MAX_CHARACTERS} fit. Shorten it.")


def _check_topics(knowledge: Knowledge, document: Document, path: tuple, where: str, topics: list[str]) -> Iterator[Problem]:
    """Yields the topics that do not exist."""
    for topic in topics:
        if topic not in knowledge.topics:
            yield document.problem(path, f"{where}: topic '{topic}' does not exist. Name another topic's id.")


def _check_statement(knowledge: Knowledge, document: Document, path: tuple, where: str, statement: Statement) -> Iterator[Problem]:
    """Yields what is wrong with a short text and its facts."""
    yield from _check_facts(knowledge, document, path, where, statement.facts)
    yield from _check_text(knowledge, document, (*path, "text"), where, statement.text)
    if not statement.facts and not REFERENCE.search(statement.text):
        yield document.problem(path, f"{where}: '{statement.text}' stands on no fact. Name the facts it stands on under `facts`.")


def _check_facts(knowledge: Knowledge, document: Document, path: tuple, where: str, facts: list[str]) -> Iterator[Problem]:
    """Yields the facts that do not exist."""
    for index, fact in enumerate(facts):
        if fact not in knowledge.facts:
            yield document.problem((*path, "facts", index), f"{where}: unknown fact '{fact}'. Correct the name or add it under `facts`.")


def _check_subjects(knowledge: Knowledge, document: Document) -> Iterator[Problem]:
    """Yields names in overviews, subjects and aspects that lead nowhere, and topics of two subjects."""
    for kind, overview in ((kind, entity_type.overview) for kind, entity_type in knowledge.entities.items()):
        if overview is not None and overview not in knowledge.topics:
            yield document.problem(
                ("entities", kind, "overview"), f"entity '{kind}': overview topic '{overview}' does not exist. Name another topic's id."
            )
    of: dict[str, str] = {}
    for name, subject in knowledge.subjects.items():
        path = ("subjects", name)
        for entity in subject.entities:
            if entity not in knowledge.entities:
                allowed = ", ".join(knowledge.entities)
                yield document.problem((*path, "entities"), f"subject '{name}': unknown entity '{entity}'; known: {allowed}. Correct it.")
        for topic in subject.topics:
            if topic not in knowledge.topics:
                yield document.problem((*path, "topics"), f"subject '{name}': topic '{topic}' does not exist. Name another topic's id.")
            if of.setdefault(topic, name) != name:
                yield document.problem(
                    (*path, "topics"), f"subject '{name}': topic '{topic}' is already of subject '{of[topic]}'; an answer is about one. Remove one."
                )
    for aspect, topics in knowledge.aspects.items():
        path = ("aspects", aspect)
        for topic in (aspect, *topics.values()):
            if topic not in knowledge.topics:
                yield document.problem(path, f"aspect '{aspect}': topic '{topic}' does not exist. Name another topic's id.")
        for after in topics:
            if after not in knowledge.subjects and after not in knowledge.topics:
                allowed = ", ".join(knowledge.subjects)
                yield document.problem(path, f"aspect '{aspect}': '{after}' is neither a subject ({allowed}) nor a topic. Correct it.")


def _check_answer(knowledge: Knowledge, document: Document, path: tuple, where: str, entry: Topic | Variant) -> Iterator[Problem]:
    """Yields what is wrong with an answer, its longer text and its facts."""
    yield from _check_facts(knowledge, document, path, where, entry.facts)
    for key in ("answer", "more", "plain"):
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
        self._folder, self._files = folder, [str(folder / name) for name in FILES]
        self._lock = threading.Lock()
        self._stamp = self._files_stamp()
        self._knowledge = load(folder)
        self._problems: list[Problem] = []

    def _files_stamp(self) -> tuple:
        try:
            return tuple((status.st_mtime_ns, status.st_size) for status in map(os.stat, self._files))
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
                    self._problems = []
                    logger.info("The knowledge file changed; the new answers are in force.")
                except ProblemsError as error:
                    self._problems = error.problems
                    logger.error("The knowledge file changed but does not pass the check; the old answers stay in force.\n%s", error)
            return self._knowledge

    @property
    def problems(self) -> list[Problem]:
        """Why the files as they are now are not in force, so that the knowledge is that of before; empty if they are."""
        _ = self.current  # looks at the files
        return self._problems


def is_dated(fact: Fact, knowledge: Knowledge, after_years: int, today: date | None = None) -> bool:
    """Returns whether a figure is older than the site allows, counted in whole calendar years."""
    year = fact.year_said(knowledge.sources)
    return fact.value is not None and year is not None and (today or date.today()).year - year > after_years


@lru_cache(maxsize=1)
def in_force() -> KnowledgeFile:
    """Returns this process's knowledge file, read on the first call."""
    return KnowledgeFile()
