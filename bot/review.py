"""What the knowledge file makes visitors read, text by text: which facts each text stands on, and what changed since an earlier file."""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Iterator

from bot import answers, knowledge, strict_yaml
from bot.knowledge import FILE, FILES, FOLDER, Fact, Knowledge, Topic, Variant, fact_names
from bot.strict_yaml import ProblemsError


class VersionError(ValueError):
    """There is no knowledge file of the name; the text says what to name."""


@dataclass(frozen=True)
class Text:
    """A text that visitors read."""

    of: str  # whose it is: "exam_cost", "exam_cost (certification: cpc)", "comparison certification", "pathway usual"
    part: str  # which of its texts: "answer", "more", "Exam fee: cpc", "step 2"
    text: str  # figures filled in
    facts: tuple[str, ...]  # names of those it stands on


@dataclass(frozen=True)
class Figure:
    """A figure of the knowledge file."""

    name: str
    fact: Fact
    line: int  # of the knowledge file
    dated: bool  # older than the site allows
    used_by: tuple[str, ...]  # whose texts stand on it


@dataclass(frozen=True)
class Change:
    """A text or a fact that is new, gone or reworded."""

    of: str
    part: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.old is None or self.new is None:
            return f"{self.of}: {self.part}\n  {'+' if self.old is None else '-'} {self.new or self.old}"
        return f"{self.of}: {self.part}\n  {marked(self.old, self.new)}"


def texts(known: Knowledge) -> Iterator[Text]:
    """Yields all texts of the knowledge file, in its order."""

    def text(of: str, part: str, written: str, facts: list[str] | None = None) -> Text:
        return Text(of, part, known.fill(written), tuple(fact_names(written, facts or [])))

    for name, topic in known.topics.items():
        yield text(name, "question", topic.question)
        yield text(name, "label", topic.label)
        entries: list[tuple[str, Topic | Variant]] = [(name, topic)]
        entries += [(f"{name} ({_listed(variant.when)})", variant) for variant in topic.variants]
        for of, entry in entries:
            for part in ("answer", "more", "plain"):
                if written := getattr(entry, part):
                    yield text(of, part, written, entry.facts)
        if topic.related:
            yield text(name, "related", ", ".join(topic.related))
        if topic.why:
            yield text(name, "why", topic.why)
    for kind, comparison in known.comparisons.items():
        for aspect in comparison.aspects:
            for cell in aspect.cells:
                yield text(f"comparison {kind}", f"{aspect.label}: {', '.join(cell.of)}", cell.text, cell.facts)
    ways = known.pathways
    if ways.promise:
        yield text("pathways", "promise", ways.promise.text, ways.promise.facts)
    for question, asked in ways.questions.items():
        yield text(f"question {question}", "text", asked.text)
        for answer, given in asked.answers.items():
            yield text(f"question {question}", answer, f"{given.label}: {given.reason}")
    for name, way in ways.ways.items():
        yield text(f"pathway {name}", "title", way.title)
        for path, statement in way.statements():
            head = f"{statement.title}: " if isinstance(statement, knowledge.Step) else ""
            head = f"{statement.label}: " if isinstance(statement, knowledge.Detail) else head
            yield text(
                f"pathway {name}", " ".join(str(part + 1) if isinstance(part, int) else part for part in path), head + statement.text, statement.facts
            )
        for unknown in way.unknown:
            yield text(f"pathway {name}", "unknown", unknown)


def uses(known: Knowledge) -> dict[str, tuple[str, ...]]:
    """Returns for each fact whose texts stand on it."""
    found: dict[str, list[str]] = {name: [] for name in known.facts}
    for text in texts(known):
        for name in text.facts:
            if text.of not in found[name]:
                found[name].append(text.of)
    return {name: tuple(users) for name, users in found.items()}


def figures(known: Knowledge, dated_after_years: int, folder: Path = FOLDER, today: date | None = None) -> list[Figure]:
    """Returns all figures, in the order of the knowledge file in the folder."""
    lines, used = strict_yaml.read(folder / FILES[0]).lines, uses(known)
    return [
        Figure(name, fact, lines["facts", name], knowledge.is_dated(fact, known, dated_after_years, today), used[name])
        for name, fact in known.facts.items()
        if fact.value is not None
    ]


def table(known: Knowledge, rows: list[Figure]) -> str:
    """Returns figures as lines of text: where it stands, its name, the figure, of when, where in the source, marks, who uses it."""
    cells = [
        (
            f"{FILE}:{row.line}",
            row.name,
            row.fact.figure + str(row.fact.unit).partition("USD")[2],  # "$50,250/year"
            row.fact.period or str(row.fact.year_said(known.sources) or "undated"),
            f"{row.fact.source}:{','.join(map(str, row.fact.lines))}",
            "dated" if row.dated else "",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths)), ", ".join(row.used_by) or "used by no answer"])
        for line, row in zip(cells, rows)
    )


def changes(old: Knowledge, new: Knowledge, dated_after_years: int) -> list[Change]:
    """Returns what changed in texts, in their source lines and in facts, in the order of the new file; what is gone comes last."""
    before, after = (_said(known, dated_after_years) for known in (old, new))
    found = [Change(*key, before.get(key), text) for key, text in after.items() if before.get(key) != text]
    return found + [Change(*key, text, None) for key, text in before.items() if key not in after]


def _said(known: Knowledge, dated_after_years: int) -> dict[tuple[str, str], str]:
    said: dict[tuple[str, str], str] = {}
    for text in texts(known):
        key, number = (text.of, text.part), 1
        while key in said:  # two variants for the same, two unknowns of a pathway
            number += 1
            key = (text.of, f"{text.part} {number}")
        said[key] = text.text
        if text.part == "answer":
            said[text.of, f"source line{f' {number}' if number > 1 else ''}"] = answers.source_line(
                known, [known.facts[name] for name in text.facts], dated_after_years
            )
    for name, fact in known.facts.items():
        content = fact.dict(exclude_defaults=True)
        said["fact", name] = "; ".join(f"{key} {content[key]}" for key in content)
    return said


def marked(old: str, new: str) -> str:
    """Returns the new text with what is gone as [-words-] and what came as {+words+}."""
    before, after = (re.findall(r"\S+|\s+", text) for text in (old, new))
    parts = []
    for kind, start, end, new_start, new_end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, came = "".join(before[start:end]), "".join(after[new_start:new_end])
        if kind == "equal":
            parts.append(came)
        else:
            parts.append((f"[-{gone}-]" if gone else "") + (f"{{+{came}+}}" if came else ""))
    return "".join(parts)


def version(name: str) -> Knowledge:
    """Returns the knowledge of a file, of a folder with the two files, or of a revision of git ("HEAD").

    Beside a file without its sources.yml the project's own is read.

    Raises:
        VersionError: there is nothing of the name.
        ProblemsError: it does not pass the check.
    """
    path = Path(name)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if path.exists():
            file = path / FILES[0] if path.is_dir() else path
            sources = file.with_name(FILES[1])
            for found, copy in ((file, FILES[0]), (sources if sources.is_file() else FOLDER / FILES[1], FILES[1])):
                if not found.is_file():
                    raise VersionError(f"{found}: no such file. Name a knowledge file, its folder, or a revision of git.")
                shutil.copy(found, folder / copy)
        else:
            for copy in FILES:
                shown = _git("show", f"{name}:./{copy}")
                if shown is None:
                    raise VersionError(f"'{name}' is no file, no folder, and no revision of git with {copy}. Name one of these.")
                (folder / copy).write_bytes(shown)
        try:
            return knowledge.load(folder)
        except ProblemsError as error:
            raise ProblemsError([replace(problem, file=f"{name}: {problem.file}") for problem in error.problems]) from error


def _git(*arguments: str) -> bytes | None:
    """Returns what a command of git prints in the knowledge folder; None if it fails or git is not there."""
    try:
        return subprocess.run(["git", *arguments], cwd=FOLDER, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def _listed(when: dict) -> str:
    return ", ".join(f"{kind}: {value if isinstance(value, str) else ' or '.join(value)}" for kind, value in when.items())
