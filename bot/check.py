"""Checks what people edit against each other (knowledge, settings, domain, examples) and, given the articles, against the sources."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Iterator

from bot import knowledge, review, settings, strict_yaml
from bot.knowledge import FILE, HOME, INTENT_PREFIX, NUMBER_WORDS, ROOT, Fact, Knowledge
from bot.strict_yaml import Document, Problem, ProblemsError

EXAMPLES_MIN = 5  # fewer cannot be split for calibration
SET_BY_COMPONENTS = ("nlu_fallback", "compare", "follow_up_other", "several_questions")  # intents without examples (config.yml)
EXAMPLES_ADVISED = 25  # below, a topic is noticeably less well understood


def check(sources: Path | None, root: Path = HOME, today: date | None = None) -> tuple[list[Problem], list[str], str]:
    """Checks all files.

    Args:
        sources: folder of the articles S1.txt, S2.txt ...; None leaves that part out.
        root: folder of the career's files.
        today: for tests.
    Returns:
        All problems sorted by file and line; what is worth knowing but no problem; the counts of what was read.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    known: Knowledge | None = None
    site: settings.Settings | None = None
    documents: dict[str, Document] = {}
    try:
        known = knowledge.load(root / "knowledge")
    except ProblemsError as error:
        problems += error.problems
    try:
        site = settings.load(root / "settings.yml")
    except ProblemsError as error:
        problems += error.problems
    for name in ("domain.yml", "data/nlu.yml", "data/rules.yml"):
        try:
            documents[name] = strict_yaml.read(root / name, name)
        except ProblemsError as error:
            problems += error.problems
    counts = ""
    if {"domain.yml", "data/nlu.yml"} <= set(documents):
        examples = examples_by_intent(documents["data/nlu.yml"])
        counts = f"{sum(map(len, examples.values()))} examples"
        problems += _check_duplicates(documents["data/nlu.yml"], examples)
        if known is not None:
            problems += _check_intents(known, documents["domain.yml"], documents["data/nlu.yml"], examples)
            if "data/rules.yml" in documents:
                problems += _check_rule(known, documents["data/rules.yml"])
            few = [intent for intent in examples if intent.startswith(INTENT_PREFIX) and len(examples[intent]) < EXAMPLES_ADVISED]
            if few:
                notes.append(f"{len(few)} topic(s) have fewer than {EXAMPLES_ADVISED} examples and will be understood less well: {', '.join(few)}")
    if known is not None:
        counts = f"{len(known.topics)} topics, {len(known.facts)} facts, {counts}"
        if unused := unused_facts(known):
            notes.append(f"{len(unused)} fact(s) are used by no answer: {', '.join(unused)}")
        if site is not None:
            dated = [row.name for row in review.figures(known, site.figures_dated_after_years, root / "knowledge", today) if row.dated]
            if dated:
                notes.append(
                    f"{len(dated)} figure(s) are older than {site.figures_dated_after_years} years (figures_dated_after_years in settings.yml); "
                    f"answers mark them as dated. Look for newer ones: {', '.join(dated)}"
                )
        if sources is None:
            notes.append("the articles were not given (SOURCES=folder), so hashes and cited lines were not proved")
        else:
            problems += check_sources(known, sources, strict_yaml.read(root / FILE, FILE))
    return sorted(set(problems)), notes, counts


def rasa_validation() -> int:
    """Runs Rasa's own data validation in a process of its own; returns its exit status."""
    files = ["--domain", str(HOME / "domain.yml"), "--data", str(HOME / "data"), "--config", str(ROOT / "config.yml")]
    command = [sys.executable, "-m", "rasa", "data", "validate", "--fail-on-warnings", *files]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        print(result.stdout + result.stderr, file=sys.stderr)
    else:
        print("Rasa's own validation: no problems.")
    return result.returncode


def examples_by_intent(document: Document) -> dict[str, list[tuple[int, str]]]:
    """Returns the examples of a Rasa NLU file by intent, each with its line."""
    examples: dict[str, list[tuple[int, str]]] = {}
    for index, entry in enumerate(document.content.get("nlu", [])):
        if not {"intent", "examples"} <= set(entry):
            continue
        first = document.lines[("nlu", index, "examples")] + 1
        rows = examples.setdefault(entry["intent"], [])
        rows += [(first + row, line.removeprefix("- ").strip()) for row, line in enumerate(entry["examples"].splitlines()) if line.strip()]
    return examples


def normalized(text: str) -> str:
    """Returns the text's letters and digits, in lower case, for comparison; the text itself where it has none."""
    return re.sub(r"[\W_]+", " ", text.lower()).strip() or text.strip()


def unused_facts(known: Knowledge) -> list[str]:
    """Returns the facts that no answer uses."""
    return [name for name, users in review.uses(known).items() if not users]


def _check_duplicates(document: Document, examples: dict[str, list[tuple[int, str]]]) -> Iterator[Problem]:
    seen: dict[str, tuple[int, str]] = {}
    for intent, rows in examples.items():
        for line, text in rows:
            key = normalized(text)
            if key in seen:
                first, other = seen[key]
                yield Problem(
                    document.file,
                    line,
                    f"example '{text}' of {intent} stands already at line {first} under {other}; each may stand once. Remove one.",
                )
            seen.setdefault(key, (line, intent))


def _check_intents(known: Knowledge, domain: Document, nlu: Document, examples: dict[str, list[tuple[int, str]]]) -> Iterator[Problem]:
    """Yields topics without an intent or examples, intents without a topic, intents the domain and the examples do not share, entities likewise."""
    intents: dict[str, int] = {}
    for index, entry in enumerate(domain.content.get("intents", [])):
        intents[next(iter(entry)) if isinstance(entry, dict) else entry] = domain.lines[("intents", index)]
    for topic in known.topics:
        intent = INTENT_PREFIX + topic
        if intent not in intents:
            yield domain.problem(("intents",), f"topic '{topic}' has no intent. Add under intents: - {intent}: {{use_entities: []}}")
        if not examples.get(intent):
            yield Problem(nlu.file, 1, f"topic '{topic}' has no examples. Add an entry with intent {intent} and {EXAMPLES_ADVISED} or more examples.")
    for intent, line in intents.items():
        if intent.startswith(INTENT_PREFIX) and intent.removeprefix(INTENT_PREFIX) not in known.topics:
            yield Problem(domain.file, line, f"intent '{intent}' has no topic in {FILE}. Add the topic or remove the intent.")
        if intent not in SET_BY_COMPONENTS and not examples.get(intent):
            yield Problem(
                domain.file, line, f"intent '{intent}' has no examples in data/nlu.yml. Add {EXAMPLES_ADVISED} or more, or remove the intent."
            )
    named = {entry["intent"]: nlu.lines[("nlu", index, "intent")] for index, entry in enumerate(nlu.content.get("nlu", [])) if "intent" in entry}
    for intent, rows in examples.items():
        if intent not in intents:
            yield Problem(nlu.file, named[intent], f"intent '{intent}' is not in domain.yml. Add it there or correct the name.")
        elif 0 < len(rows) < EXAMPLES_MIN:
            yield Problem(
                nlu.file,
                rows[0][0],
                f"intent '{intent}' has {len(rows)} examples; at least {EXAMPLES_MIN} are needed. Add more, as different as people are.",
            )
    entities = domain.content.get("entities", [])
    for name in sorted(set(known.entities) ^ set(entities)):
        yield domain.problem(("entities",), f"entity '{name}' stands in only one of domain.yml and {FILE}. Add it to the other or remove it.")


def _check_rule(known: Knowledge, rules: Document) -> Iterator[Problem]:
    """Yields topics whose intent the rule that answers questions does not name."""
    answering = [rule["steps"] for rule in rules.content.get("rules", []) if {"action": "action_answer_question"} in rule["steps"]]
    answered = {step["intent"] for steps in answering for either in steps for step in either.get("or", [either]) if "intent" in step}
    for topic in known.topics:
        if INTENT_PREFIX + topic not in answered:
            yield rules.problem(
                ("rules",), f"topic '{topic}': no rule answers it. Add to the rule 'Career questions': - intent: {INTENT_PREFIX}{topic}"
            )


def check_sources(known: Knowledge, folder: Path, document: Document) -> Iterator[Problem]:
    """Yields articles that are not the ones that were read, and facts that do not stand on the lines they cite."""
    articles: dict[str, list[str]] = {}
    for name, source in known.sources.items():
        try:
            content = (folder / f"{name}.txt").read_bytes()
        except OSError as error:
            yield Problem(
                "knowledge/sources.yml",
                1,
                f"{name}: {folder / f'{name}.txt'} cannot be read: {error.strerror}. Give the folder that holds the articles.",
            )
            continue
        if (found := hashlib.sha256(content).hexdigest()) != source.sha256:
            yield Problem(
                "knowledge/sources.yml",
                1,
                f"{name}: {folder / f'{name}.txt'} has SHA-256 {found}, not the recorded {source.sha256}; facts may stand elsewhere now. Read the article again, then record its hash.",
            )
        articles[name] = content.decode("utf-8", errors="replace").split("\n")
    for name, fact in known.facts.items():
        if fact.source in articles:
            for message in unproved(fact, articles[fact.source]):
                yield document.problem(("facts", name), f"fact '{name}': {message}")


def unproved(fact: Fact, article: list[str]) -> Iterator[str]:
    """Yields what of a fact does not stand on its lines."""
    beyond = [number for number in [*fact.lines, *fact.period_lines] if not 1 <= number <= len(article)]
    if beyond:
        yield f"line {beyond[0]} is beyond the {len(article)} lines of {fact.source}. Correct `lines`."
        return
    if fact.value is not None:
        for number in fact.lines:
            for figure in _figures(fact):
                if not re.search(figure, article[number - 1], re.IGNORECASE):
                    yield f"the figure {fact.figure} does not stand on line {number} of {fact.source}. Correct the figure or `lines`."
                    break
    cited = " ".join(article[number - 1] for number in [*fact.lines, *fact.period_lines])
    for year in re.findall(r"\d{4}", fact.period or ""):
        if year not in cited:
            yield f"'{year}' of its period '{fact.period}' does not stand on the cited lines of {fact.source}. Correct `period` or add `period_lines`."
    for phrase in fact.evidence:
        if " ".join(phrase.lower().split()) not in " ".join(cited.lower().split()):
            yield f"the evidence '{phrase}' does not stand on the cited lines of {fact.source}. Correct `evidence` or `lines`."


def _figures(fact: Fact) -> list[str]:
    """Returns patterns that must all be found on a line for the fact's figure to stand there."""
    return [_figure(value, fact.unit) for value in (fact.value if isinstance(fact.value, list) else [fact.value]) if value is not None]


def _figure(value: float, unit: str | None) -> str:
    """Returns the pattern of a number as an article may write it: 50,250 or 50250, two, half, 5 hours 40 minutes."""
    forms = [
        rf"(?<![\d.,]){re.escape(form)}(?!\d|,\d{'' if value >= 1000 else '|[.]' + chr(92) + 'd'})"
        for form in {f"{value:,}", f"{value}", f"{value:,.2f}", f"{value:.2f}"}
    ]
    if value in NUMBER_WORDS:
        forms.append(rf"(?<!ty-)(?<!ty )\b{NUMBER_WORDS[int(value)]}\b")  # not the four of twenty-four
    if value == 1:
        forms.append(r"\bone\b|\ban?\b")
    if value == 50 and unit == "percent":
        forms.append(r"\bhalf\b")
    if unit == "minutes" and value >= 60:
        forms.append("^" + "".join(f"(?=.*(?:{_figure(part, None)}))" for part in divmod(value, 60) if part))
    return "|".join(forms)
