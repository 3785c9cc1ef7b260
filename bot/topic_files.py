"""Puts a new topic, or examples, into the files that need them, as text: comments and order stay as they are."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence

import yaml

from bot import check, knowledge, strict_yaml
from bot.knowledge import FILE, HOME, INTENT_PREFIX, Fact
from bot.strict_yaml import Document, Problem, ProblemsError

EXAMPLES = "data/nlu.yml"
HELD_OUT = "tests/nlu/utterances.yml"


@dataclass(frozen=True)
class Draft:
    """A topic to be added."""

    name: str
    question: str
    label: str
    near: str  # the topic that it stands after, in every file
    subject: Optional[str] = None
    answer: str = ""
    more: str = ""
    plain: str = ""
    facts: tuple[str, ...] = ()  # those that the answer stands on besides those it refers to
    new_facts: tuple[tuple[str, Fact], ...] = ()
    related: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()

    @property
    def intent(self) -> str:
        """The intent of the topic."""
        return INTENT_PREFIX + self.name


def edits(draft: Draft, home: Path = HOME) -> dict[str, str]:
    """Returns the new texts of the files, by their path in the folder of the career."""
    texts = {FILE: _knowledge(draft, _read(home, FILE))}
    if draft.examples:
        near = INTENT_PREFIX + draft.near
        texts["domain.yml"] = _after_line(_read(home, "domain.yml"), rf"- {near}\b.*", f"- {draft.intent}: {{use_entities: []}}")
        texts["data/rules.yml"] = _after_line(_read(home, "data/rules.yml"), rf"- intent: {near}", f"- intent: {draft.intent}")
        examples = [f"- intent: {draft.intent}", "  examples: |", *(f"    - {example}" for example in draft.examples)]
        texts[EXAMPLES] = _after_block(_read(home, EXAMPLES), rf"- intent: {near}", examples)
    if draft.held_out:
        wordings = [f"{draft.intent}:", *(f"  - {json.dumps(wording, ensure_ascii=False)}" for wording in draft.held_out)]
        text = _read(home, HELD_OUT)
        known = re.search(rf"(?m)^{INTENT_PREFIX}{draft.near}:", text)
        texts[HELD_OUT] = (
            _after_block(text, rf"{INTENT_PREFIX}{draft.near}:", wordings) if known else text.rstrip("\n") + "\n" + "\n".join(wordings) + "\n"
        )
    return texts


def with_examples(text: str, additions: Sequence[tuple[str, str]]) -> str:
    """Returns the text of data/nlu.yml with examples added below the last one of their intent; all else stays as it is, to the byte.

    Args:
        additions: intent and wording of each.
    Raises:
        ProblemsError: an intent has no examples in the file, or the file's layout is one that this cannot add to.
    """
    lines = text.splitlines(keepends=True)
    examples = check.examples_by_intent(_parsed(text, EXAMPLES))
    wanted: dict[str, list[str]] = {}
    for intent, wording in additions:
        wanted.setdefault(intent, []).append(wording)
    for intent, wordings in sorted(wanted.items(), key=lambda entry: examples.get(entry[0], [(0, "")])[-1][0], reverse=True):  # from the bottom up
        if not examples.get(intent):
            raise ProblemsError([Problem(EXAMPLES, 1, f"intent '{intent}' has no examples. Add an entry for it first.")])
        last = min(examples[intent][-1][0], len(lines))
        if not lines[last - 1].endswith("\n"):
            lines[last - 1] += "\n"
        lines[last:last] = [" " * _indent(lines[last - 1]) + f"- {wording}\n" for wording in wordings]
    result = "".join(lines)
    try:
        found = check.examples_by_intent(_parsed(result, EXAMPLES))
    except ProblemsError:
        found = {}
    for intent, rows in examples.items():
        if [text for _, text in found.get(intent, [])] != [text for _, text in rows] + wanted.get(intent, []):
            raise ProblemsError([Problem(EXAMPLES, rows[0][0], f"examples cannot be added to '{intent}' as it is laid out. Add them by hand.")])
    return result


def problems(draft: Draft, sources: Optional[Path] = None, home: Path = HOME) -> list[Problem]:
    """Returns what the check would say of the files with the topic in them: all of it, or for a topic without examples of the knowledge file.

    Args:
        sources: folder of the articles, against which facts are proved too.
    """
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        texts = edits(draft, home)
        for file in (FILE, f"knowledge/{knowledge.FILES[1]}", "settings.yml", "domain.yml", EXAMPLES, "data/rules.yml"):
            (root / file).parent.mkdir(exist_ok=True)
            (root / file).write_text(texts.get(file) or _read(home, file), encoding="utf-8")
        if draft.examples:
            return check.check(sources, root)[0]
        try:
            knowledge.load(root / "knowledge")
        except ProblemsError as error:
            return error.problems
        return []


@contextmanager
def written(texts: dict[str, str], home: Path = HOME) -> Iterator[None]:
    """Writes the texts; puts the files back as they were if anything goes wrong in the block, Ctrl-C included."""
    before = {file: (home / file).read_bytes() for file in texts}
    try:
        for file, text in texts.items():
            _replace(home / file, text.encode())
        yield
    except BaseException:
        for file, content in before.items():
            if (home / file).read_bytes() != content:
                _replace(home / file, content)
        raise


def _replace(path: Path, content: bytes) -> None:
    """Puts content into a file at once: whoever reads sees the old or the new."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(content)
    shutil.copymode(path, file.name)
    os.replace(file.name, path)


def _read(home: Path, file: str) -> str:
    return (home / file).read_text(encoding="utf-8")


def _knowledge(draft: Draft, text: str) -> str:
    """Returns the knowledge file with the facts, each behind those of its source, the topic, and the topic's place in its subject."""
    document = _parsed(text, FILE)
    lines, facts = text.split("\n"), document.content["facts"]
    added = [(_end(lines, document.lines["topics", draft.near]), ["", *_topic(draft)])]
    for name, fact in draft.new_facts:
        last = next((known for known in reversed(facts) if facts[known]["source"] == fact.source), list(facts)[-1])
        added.append((_end(lines, document.lines["facts", last]), _fact(name, fact)))
    for after, block in sorted(reversed(added), key=lambda one: one[0], reverse=True):  # from the bottom up, so that line numbers hold
        lines[after:after] = block
    if draft.subject:
        _add_to_list(lines, document.lines["subjects", draft.subject, "topics"], draft.name)
    return "\n".join(lines)


def _parsed(text: str, name: str) -> Document:
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "text.yml"
        file.write_bytes(text.encode())
        return strict_yaml.read(file, name)


def _topic(draft: Draft) -> list[str]:
    """Returns a topic as lines of YAML."""
    lines = [f"  {draft.name}:", f"    question: {scalar(draft.question)}", f"    label: {scalar(draft.label)}"]
    for key in ("answer", "more", "plain"):
        if written := getattr(draft, key):
            lines += [f"    {key}: >-", *(f"      {sentence}" for sentence in re.split(r"(?<=[.!?])\s+(?=\S{3})", " ".join(written.split())))]
    if draft.facts:
        lines.append(f"    facts: [{', '.join(draft.facts)}]")
    if draft.related:
        lines.append(f"    related: [{', '.join(draft.related)}]")
    return lines


def _fact(name: str, fact: Fact) -> list[str]:
    """Returns a fact as lines of YAML."""
    return [f"  {name}:", *(f"    {key}: {scalar(value)}" for key, value in fact.dict(exclude_defaults=True).items())]


def scalar(value: Any) -> str:
    """Returns a value as YAML on one line: as it is where that reads back the same, in quotes where not."""
    if isinstance(value, list):
        return f"[{', '.join(map(_item, value))}]"
    return _plain_or_quoted(value, "- {}", "{}")


def _item(value: Any) -> str:
    return _plain_or_quoted(value, "- [{}]", "[{}]")


def _plain_or_quoted(value: Any, frame: str, shown: str) -> str:
    plain = str(value)
    try:
        (read,) = yaml.safe_load(frame.format(plain))
    except (yaml.YAMLError, ValueError, TypeError):
        read = None
    if read == (value if shown == "{}" else [value]) and "\n" not in plain:
        return plain
    return json.dumps(value, ensure_ascii=False)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _end(lines: list[str], start: int) -> int:
    """Returns how many lines there are up to the end of the block whose first line has the number `start`, without what is blank after it."""
    indent = _indent(lines[start - 1])
    end = after = start
    while after < len(lines) and (not lines[after].strip() or _indent(lines[after]) > indent):
        after += 1
        if lines[after - 1].strip():
            end = after
    return end


def _after_block(text: str, head: str, added: list[str]) -> str:
    """Returns the text with lines after the block that a line begins."""
    lines = text.split("\n")
    after = _end(lines, next(number for number, line in enumerate(lines, 1) if re.fullmatch(head, line)))
    lines[after:after] = added
    return "\n".join(lines)


def _after_line(text: str, pattern: str, added: str) -> str:
    """Returns the text with a line after the one that matches, as far indented."""
    return re.sub(rf"(?m)^( *){pattern}$", lambda match: f"{match.group()}\n{match[1]}{added}", text, count=1)


def _add_to_list(lines: list[str], start: int, name: str) -> None:
    """Adds a name to the list whose key stands on a line: [in, brackets] or below it, one a line."""
    if "[" in lines[start - 1]:
        at = next(number for number in range(start - 1, len(lines)) if "]" in lines[number])
        comma = "" if re.search(r"\[\s*\]", lines[at]) else ", "
        lines[at] = lines[at].replace("]", f"{comma}{name}]", 1)
    else:
        end = start
        while end < len(lines) and re.match(rf" {{{_indent(lines[start - 1])},}}- ", lines[end]):
            end += 1
        lines[end:end] = [" " * _indent(lines[end - 1]) + f"- {name}"]
