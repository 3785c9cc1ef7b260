"""The report on what visitors ask: gathered from the tracker store and the database, as a page or as CSV files."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Optional
from zoneinfo import ZoneInfo

from bot import check, examples, groups, knowledge, outcomes, privacy, report_events, settings, store
from bot.contacts import FORMULA
from bot.knowledge import INTENT_PREFIX, Fact, Knowledge, Topic, Variant
from bot.report_events import Traffic
from bot.settings import Settings
from bot.store import Feedback, Question

WORDINGS_MAX = 3000  # different ones that are grouped; with more the report would take longer than a minute (python -m benchmarks.report)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Group:
    """Questions without an answer that mean much the same."""

    heading: str  # the most typical wording
    wordings: Counter[str]
    outcomes: Counter[str]  # clarified, declined or wrong
    read_as: Counter[str]  # intents
    conversations: int
    nearest: str  # the topic or kind whose examples are nearest

    @property
    def times(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True)
class Renewal:
    """A figure that is older than the site allows, or will be on 1 January."""

    name: str
    fact: Fact
    year: int
    due: bool  # already
    topics: tuple[str, ...]  # whose answers state it


@dataclass(frozen=True)
class Report:
    """All that the page and the files show."""

    site: Settings
    known: Knowledge
    since: datetime
    until: datetime
    traffic: Traffic
    groups: list[Group]
    not_grouped: int  # questions beyond WORDINGS_MAX
    feedback: list[Feedback]
    contacts: Counter[date]
    renewals: list[Renewal]

    @property
    def days(self) -> list[date]:
        """All days of the period on which something may have happened, the first one first."""
        happened = [*self.traffic.conversations_by_day, *self.contacts]
        if not happened:
            return []
        first, last = min(happened), max(happened)
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def label(self, topic: str) -> str:
        """Returns how a topic is called where it is read; one that is gone by its name."""
        return self.known.topics[topic].label if topic in self.known.topics else topic

    @cached_property
    def ratings(self) -> Counter[tuple[str, bool]]:
        """How many answers on each topic were called helpful (True), or not."""
        return Counter((one.topic, one.helpful) for one in self.feedback)

    @cached_property
    def unsure(self) -> list[tuple[str, str, int, float]]:
        """What was answered with low confidence: wording, topic, times and confidence, the least confident first."""
        merged: dict[tuple[str, str], list[float]] = {}
        for (wording, topic), confidences in self.traffic.unsure.items():
            merged.setdefault((privacy.mask(wording), topic), []).extend(confidences)
        rows = [(wording, topic, len(confidences), min(confidences)) for (wording, topic), confidences in merged.items()]
        return sorted(rows, key=lambda row: (row[3], row[0]))


def gather(since: datetime, endpoints_file: Path, progress: Progress = lambda line: None, until: Optional[datetime] = None) -> Report:
    """Returns the report on a period.

    Args:
        since: its first moment.
        endpoints_file: where conversations are kept (endpoints.yml).
        progress: is told what is done now.
        until: the moment it ends before; now unless given.
    Raises:
        EventsError: the conversations cannot be read.
        StoreError: the database cannot be used.
        ProblemsError: knowledge, settings or examples cannot be read.
    """
    site, known = settings.load(), knowledge.load()
    until = until or datetime.now(timezone.utc)
    engine = report_events.open_events(endpoints_file)
    messages = report_events.read(engine, since, until, lambda share: progress(f"Reading the conversations ... {share:.0%}"))
    traffic = report_events.count(messages, site.office.timezone)
    progress("Reading feedback, questions and contact requests ...")
    kept = store.in_force()
    questions = [question for question in kept.questions(since) if question.created_at < until]
    zone = ZoneInfo(site.office.timezone)
    contacts = Counter(contact.created_at.astimezone(zone).date() for contact in kept.contacts(since) if contact.created_at < until)
    feedback = [one for one in kept.feedback(since) if one.created_at < until]
    progress(f"Grouping {len(questions)} questions without an answer ...")
    found, left_out = grouped(questions)
    return Report(site, known, since, until, traffic, found, left_out, feedback, contacts, renewals(known, site, until.astimezone(zone).date()))


@lru_cache(maxsize=1)
def meaning_space() -> groups.MeaningSpace:
    """Returns the space learned from the examples of the topics."""
    return groups.MeaningSpace({intent: texts for intent, texts in examples.by_intent().items() if intent.startswith(INTENT_PREFIX)})


def grouped(questions: Iterable[Question]) -> tuple[list[Group], int]:
    """Returns questions in groups by meaning, the most asked first, and how many questions are beyond WORDINGS_MAX and in none."""
    by_wording: dict[str, list[Question]] = {}
    for question in questions:
        by_wording.setdefault(check.normalized(question.wording), []).append(question)
    most_asked = sorted(by_wording.values(), key=len, reverse=True)
    taken, left = most_asked[:WORDINGS_MAX], most_asked[WORDINGS_MAX:]
    if not taken:
        return [], 0
    wordings = [privacy.mask(same[-1].wording) for same in taken]
    space = meaning_space()
    vectors = space.vectors(wordings)
    found = []
    for rows in groups.group(vectors):
        inside = [question for row in rows for question in taken[row]]
        found.append(
            Group(
                wordings[rows[0]],
                Counter({wordings[row]: len(taken[row]) for row in rows}),
                Counter(question.outcome for question in inside),
                Counter(question.intent for question in inside),
                len({question.conversation for question in inside}),
                space.nearest(vectors[rows]),
            )
        )
    return sorted(found, key=lambda group: -group.times), sum(map(len, left))


def renewals(known: Knowledge, site: Settings, today: date) -> list[Renewal]:
    """Returns the figures that are too old now or on the next 1 January, the oldest first."""
    used: dict[str, list[str]] = {}
    for topic, entry in known.topics.items():
        answers: list[Topic | Variant] = [entry, *entry.variants]
        for said in answers:
            for name in knowledge.fact_names(said.answer + (said.more or ""), said.facts):
                used.setdefault(name, []).append(topic)
    found = []
    for name, fact in known.facts.items():
        if knowledge.is_dated(fact, known, site.figures_dated_after_years, date(today.year + 1, 1, 1)):
            due = knowledge.is_dated(fact, known, site.figures_dated_after_years, today)
            found.append(Renewal(name, fact, int(fact.year_said(known.sources) or 0), due, tuple(dict.fromkeys(used.get(name, [])))))
    return sorted(found, key=lambda renewal: (renewal.year, renewal.name))


def tables(report: Report) -> dict[str, list[list[Any]]]:
    """Returns the report as tables by name, each with its head."""
    traffic = report.traffic
    helpful_days = Counter((one.created_at.astimezone(ZoneInfo(report.site.office.timezone)).date(), one.helpful) for one in report.feedback)
    answered = traffic.by_topic()
    unsure_by_topic: Counter[str] = Counter()
    for _, topic, times, _ in report.unsure:
        unsure_by_topic[topic] += times
    topics = [*report.known.topics, *sorted({*answered, *(one.topic for one in report.feedback)} - set(report.known.topics))]
    return {
        "days": [
            ["day", "conversations", *outcomes.OUTCOMES, "helpful", "not helpful", "contact requests"],
            *(
                [
                    day,
                    traffic.conversations_by_day[day],
                    *(traffic.outcomes[day, outcome] for outcome in outcomes.OUTCOMES),
                    helpful_days[day, True],
                    helpful_days[day, False],
                    report.contacts[day],
                ]
                for day in report.days
            ),
        ],
        "topics": [
            ["topic", "label", "answered", "with low confidence", "helpful", "not helpful"],
            *([topic, report.label(topic), answered[topic], unsure_by_topic[topic], report.ratings[topic, True], report.ratings[topic, False]] for topic in topics),
        ],
        "topics_by_day": [["day", "topic", "answered"], *([day, topic, count] for (day, topic), count in sorted(traffic.topics.items()))],
        "questions": [
            ["group", "meaning", "wording", "times", "times in the group", "clarified", "declined", "wrong", "conversations", "nearest", "read as"],
            *(
                [
                    number, group.heading, wording, times, group.times, *(group.outcomes[outcome] for outcome in ("clarified", "declined", "wrong")),
                    group.conversations, group.nearest, ", ".join(intent for intent, _ in group.read_as.most_common()),
                ]
                for number, group in enumerate(report.groups, 1)
                for wording, times in group.wordings.most_common()
            ),
        ],
        "unhelpful": [
            ["time (UTC)", "topic", "question", "comment"],
            *([f"{one.created_at:%Y-%m-%d %H:%M}", one.topic, privacy.mask(one.wording), privacy.mask(one.comment or "")] for one in report.feedback if not one.helpful),
        ],
        "unsure": [["wording", "answered with", "times", "confidence"], *([*row[:3], f"{row[3]:.2f}"] for row in report.unsure)],
        "figures": [
            ["fact", "figure", "measure", "year", "source", "due", "topics", "asked"],
            *(
                [
                    renewal.name, renewal.fact.figure, renewal.fact.measure, renewal.year, report.known.sources[renewal.fact.source].cite,
                    "now" if renewal.due else "1 January", ", ".join(renewal.topics), sum(answered[topic] for topic in renewal.topics),
                ]
                for renewal in report.renewals
            ),
        ],
    }  # fmt: skip


def write_csv(report: Report, folder: Path) -> None:
    """Writes each table to a file of its name that only this user can read; what would be a formula in a spreadsheet gets an apostrophe before it.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables(report).items():
        with private(folder / f"{name}.csv", encoding="utf-8-sig", newline="") as opened:  # the mark is for Excel
            csv.writer(opened).writerows(_safe(row) for row in rows)


def private(file: Path, **options: Any) -> Any:
    """Returns a file open for writing that only this user can read: it holds what visitors typed."""
    return open(file, "w", opener=lambda path, flags: os.open(path, flags, 0o600), **options)


def _safe(row: list[Any]) -> Iterator[Any]:
    for cell in row:
        yield f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell
