"""Asks an editor in the terminal for a new topic, writes it where it belongs, trains, and shows what is understood now."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Collection, Iterator, Optional, Sequence, get_args

import pydantic

from bot import check, evaluate, examples, knowledge, prompt, topic_files, trial
from bot.check import EXAMPLES_ADVISED, EXAMPLES_MIN, normalized
from bot.context import subject_of
from bot.evaluate import HeldOut, Reading
from bot.examples import Example, Neighborhood
from bot.knowledge import HOME, INTENT_PREFIX, Fact, Knowledge, Unit
from bot.strict_yaml import ProblemsError
from bot.topic_files import Draft
from bot.trial import UndoneError

TRIED = 10  # wordings of the editor's own that are tried afterwards
FOUND_MAX = 12  # facts listed of a search
NEAREST = 3  # topics named as near
STOP_WORDS = frozenset({"a", "an", "the", "is", "are", "was", "do", "does", "did", "can", "could", "should", "would", "will", "i",
    "you", "it", "to", "of", "for", "in", "on", "at", "and", "or", "what", "which", "how", "who", "why", "when"})  # fmt: skip


def new(sources: Optional[Path] = None) -> None:
    """Leads through a new topic; nothing is written before it is confirmed, and all is put back unless it is kept.

    Args:
        sources: folder of the articles, against which new facts are proved at once.
    Raises:
        ProblemsError: the files have problems already.
        UndoneError: the files are as they were.
        KeyboardInterrupt, EOFError: likewise.
    """
    if found := check.check(sources)[0]:
        raise ProblemsError(found)
    print("A new topic: a question that visitors ask, and its answer. Ctrl-C stops, and leaves all files as they are.")
    print("Reading the examples ...", flush=True)
    editor = _Editor(sources)
    draft = editor.facts_and_answer(editor.question())
    draft = replace(draft, related=editor.related(draft))
    draft = replace(draft, examples=editor.examples(draft))
    tried = editor.wordings(draft)
    if tried and prompt.yes("Did someone else write these, without having seen the examples? Then they are kept as held-out wordings.", "no"):
        draft = replace(draft, held_out=tuple(tried))
    texts = topic_files.edits(draft)
    for file, text in texts.items():
        before = (HOME / file).read_text(encoding="utf-8").split("\n")
        print("\n".join(line.rstrip("\n") for line in difflib.unified_diff(before, text.split("\n"), file, file, n=1, lineterm="")))
    if found := topic_files.problems(draft, sources):
        raise ProblemsError(found)
    if not prompt.yes(
        f"Write this into {len(texts)} files and train? That takes some minutes; then you see what changed, and can still take it back."
    ):
        raise UndoneError("Nothing was written.")
    with trial.tried(texts) as (comparison, agent):
        print("\n".join(["", *_of_own(evaluate.read(agent, {draft.intent: list(tried)})), comparison.table()]))
        if not prompt.yes("Keep the topic?"):
            raise UndoneError("The files and the trained assistant are as they were.")


class _Editor:
    """The questions, one method for each step."""

    def __init__(self, sources: Optional[Path]) -> None:
        self._sources = sources
        self._known: Knowledge = knowledge.load()
        self._examples = examples.read()
        self._neighborhood = Neighborhood(self._examples)
        self._held_out = HeldOut()

    def question(self) -> Draft:
        """Asks for the question, the names and the place of the topic."""
        draft = Draft("new_topic", "", "", next(iter(self._known.topics)), answer="Nothing.", facts=(next(iter(self._known.facts)),))

        def without_problems(text: str, key: str) -> str:
            if not text:
                raise ValueError("It is empty. Write it.")
            texts: dict[str, Any] = {"question": "Is this one?", "label": "The label of a topic", key: text}
            changed = replace(draft, **texts)
            _raise_first(topic_files.problems(changed), changed.name)
            return text

        question = prompt.ask("The question, as a visitor would put it:", lambda text: without_problems(text, "question"))
        near = self._near(question)
        print("\nThe nearest topics that there are:")
        for name, (likeness, example) in near.items():
            print(f"  {likeness:.2f} {name}: {self._known.topics[name].question} (its example: {example.text})")
        print("If one of them answers the question, add your wordings to its examples instead, in data/nlu.yml.")
        if not prompt.yes("Is it a new question?", "yes"):
            raise UndoneError("Nothing was written.")
        name = prompt.ask(
            "Its id, what is asked in lower case with underscores:", _new_id("topic", self._known.topics, "records_clerk"), _suggested_name(question)
        )
        label = prompt.ask(
            f"The label of its button, at most {knowledge.LABEL_MAX_CHARACTERS} characters:", lambda text: without_problems(text, "label")
        )
        place = prompt.ask("The topic that it stands next to in the files:", self._topic, next(iter(near)))
        subjects = [*self._known.subjects, "none"]
        subject = prompt.ask(
            f'What it is about, for follow-ups such as "how long is it?" ({", ".join(subjects)}):',
            prompt.one_of(subjects),
            subject_of(self._known, place) or "none",
        )
        return Draft(name, question, label, place, None if subject == "none" else subject)

    def facts_and_answer(self, draft: Draft) -> Draft:
        """Asks for the facts, then for the texts that stand on them."""
        chosen: list[str] = []
        added: dict[str, Fact] = {}
        print(
            "\nThe facts that the answer stands on. Type words to search for facts, the id of a fact to take it, `new` to write one, "
            "nothing when you have them all."
        )
        while True:
            line = input("fact> ").strip()
            if not line and chosen:
                break
            if not line:
                print("An answer stands on at least one fact. Search for one, or type `new`.")
            elif line == "new":
                name, fact = self._new_fact(added)
                added[name] = fact
                chosen.append(name)
                print(f"Taken: {', '.join(chosen)}")
            elif line in self._known.facts or line in added:
                chosen += [line] * (line not in chosen)
                print(f"Taken: {', '.join(chosen)}")
            else:
                self._list_facts(line.lower().split())
        draft = replace(draft, facts=tuple(chosen), new_facts=tuple(added.items()))
        figures = [name for name in chosen if {**self._known.facts, **added}[name].value is not None]
        print(
            f"\nNo figure is typed in: write {{{figures[0] if figures else 's1_some_figure'}}} for it, and .year or .period after its name for its time."
        )
        answer = prompt.ask(
            "The answer, one to three sentences; an empty line ends it:", lambda text: self._text(draft, "answer", text), several_lines=True
        )
        draft = replace(draft, answer=answer)
        more = prompt.ask('More, for "tell me more"; nothing if there is no more:', lambda text: self._text(draft, "more", text), several_lines=True)
        plain = prompt.ask("The answer in plain words; nothing to leave it out:", lambda text: self._text(draft, "plain", text), several_lines=True)
        referred = knowledge.fact_names(answer, [])
        return replace(draft, more=more, plain=plain, facts=tuple(name for name in chosen if name not in referred))

    def related(self, draft: Draft) -> tuple[str, ...]:
        """Asks which topics to offer next."""

        def topics(text: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(self._topic(name) for name in re.split(r"[,\s]+", text) if name))

        default = ", ".join(dict.fromkeys([draft.near, *self._near(draft.question)]))
        return prompt.ask("Topics to offer next, the first three as buttons:", topics, default)

    def examples(self, draft: Draft) -> tuple[str, ...]:
        """Asks for examples, and what to do with those that lie nearer to another topic."""
        there = {normalized(example.text): example for example in self._examples}

        def example(text: str, taken: Sequence[str]) -> str:
            text = " ".join(text.removeprefix("- ").split())
            known = there.get(normalized(text))
            if known:
                raise ValueError(f"It stands already at {examples.FILE}:{known.line} under {known.intent}; each may stand once. Left out.")
            if normalized(text) in map(normalized, taken):
                raise ValueError("You have it already. Left out.")
            if re.search(r"\]\s*[({]", text):
                raise ValueError("Brackets like [this](so) would be read as a name to recognize. Left out; write it without them.")
            if self._held_out.near(text):
                raise ValueError("It comes too near to a held-out wording, which measures what was learned. Left out; put it differently.")
            return text

        print(
            f"\nExamples: what visitors write who ask this, as different as visitors are (CONTRIBUTING.md, Examples). One a line, at least {EXAMPLES_MIN}, "
            f"better {EXAMPLES_ADVISED} or more; an empty line ends them."
        )
        taken: list[str] = []
        while True:
            taken += prompt.lines("example> ", taken, example)
            if len(taken) < EXAMPLES_MIN:
                print(f"{len(taken)} so far; at least {EXAMPLES_MIN} are needed.")
                continue
            astray = self._nearer_to_others(draft.intent, taken)
            for text, mine, likeness, other in astray:
                print(f"Nearer to another topic: '{text}' is {likeness:.2f} like '{other.text}' of {other.intent}, {mine:.2f} like your own nearest.")
            advised = f" ({EXAMPLES_ADVISED} are advised)" if len(taken) < EXAMPLES_ADVISED else ""
            choices = ["go", "add", *(["drop"] if astray else [])]
            said = (
                f"{len(taken)} examples{advised}. `go` on, `add` more"
                + (", or `drop` those that are nearer to another topic" if astray else "")
                + ":"
            )
            choice = prompt.ask(said, prompt.one_of(choices), "go")
            if choice == "drop":
                taken = [text for text in taken if text not in {one[0] for one in astray}]
                print(f"{len(taken)} are left.")
            if choice == "go" or (choice == "drop" and len(taken) >= EXAMPLES_MIN):
                return tuple(taken)

    def wordings(self, draft: Draft) -> list[str]:
        """Asks for wordings to be tried afterwards."""
        there = {normalized(example.text) for example in self._examples} | set(map(normalized, draft.examples))

        def wording(text: str, taken: Sequence[str]) -> str:
            if normalized(text) in there:
                raise ValueError("It is an example, so it would prove nothing. Left out; put it differently.")
            return " ".join(text.split())

        print(f"\nUp to {TRIED} other wordings of the same question, to be tried afterwards and not learned. An empty line ends them.")
        return prompt.lines("try> ", [], wording, TRIED)

    def _near(self, question: str) -> dict[str, tuple[float, Example]]:
        """Returns the topics whose examples are most like a question, each with its nearest."""
        near: dict[str, tuple[float, Example]] = {}
        for likeness, example in self._neighborhood.nearest(question, len(self._examples)):
            topic = example.intent.removeprefix(INTENT_PREFIX)
            if topic in self._known.topics and topic not in near:
                near[topic] = (likeness, example)
                if len(near) == NEAREST:
                    break
        return near

    def _nearer_to_others(self, intent: str, texts: Sequence[str]) -> list[tuple[str, float, float, Example]]:
        """Returns the texts that an example of another intent is more like than any other of their own: text, own likeness, other likeness, example."""
        everything = Neighborhood([*self._examples, *(Example(intent, text, 0) for text in texts)])
        astray = []
        for text in texts:
            near = everything.nearest(text, len(everything.examples))
            own = next((likeness for likeness, example in near if example.intent == intent and example.text != text), -1.0)
            likeness, other = next((likeness, example) for likeness, example in near if example.intent != intent)
            if likeness > own:
                astray.append((text, own, likeness, other))
        return astray

    def _text(self, draft: Draft, key: str, text: str) -> str:
        if not text and key != "answer":
            return ""
        texts: dict[str, Any] = {"answer": "Nothing.", key: text}
        changed = replace(draft, **texts)
        _raise_first(topic_files.problems(changed), draft.name)
        filled = self._known.copy(update={"facts": {**self._known.facts, **dict(draft.new_facts)}}).fill(text)
        print(f"Visitors read ({len(filled)} of {knowledge.ANSWER_MAX_CHARACTERS} characters): {filled}")
        return text

    def _topic(self, text: str) -> str:
        if text not in self._known.topics:
            near = difflib.get_close_matches(text, self._known.topics)
            raise ValueError(f"There is no topic '{text}'" + (f"; near: {', '.join(near)}." if near else ".") + " Name one by its id.")
        return text

    def _list_facts(self, words: Sequence[str]) -> None:
        found = [
            f"  {name}: {fact.statement or f'{fact.figure}, {fact.measure}'} ({fact.source}:{','.join(map(str, fact.lines))})"
            for name, fact in self._known.facts.items()
            if all(word in f"{name} {fact.statement or fact.measure}".lower() for word in words)
        ]
        print("\n".join(found[:FOUND_MAX]) or "No fact has all these words. Try fewer, or type `new`.")
        if len(found) > FOUND_MAX:
            print(f"  ... and {len(found) - FOUND_MAX} more; type more words.")

    def _new_fact(self, added: dict[str, Fact]) -> tuple[str, Fact]:
        """Asks for a fact until it is one."""

        name = _new_id("fact", {*self._known.facts, *added}, "s1_records_clerk_hours")
        while True:
            for key, source in self._known.sources.items():
                print(f"  {key}: {source.title} ({source.year or 'undated'})")
            of = prompt.ask("The article:", prompt.one_of(self._known.sources))
            fields: dict[str, Any] = {"source": of}
            fact_name = prompt.ask(f"The fact's id, the article first ({of.lower()}_...):", name)
            if prompt.ask("Is it a `figure` or a `statement`?", prompt.one_of(["figure", "statement"]), "statement") == "statement":
                fields["statement"] = prompt.ask("The statement, in your own words:", _something)
                fields["evidence"] = prompt.ask(
                    "One to three short phrases that stand on the lines, letter for letter, with a semicolon between them:", _phrases
                )
            else:
                fields["value"] = prompt.ask("The figure, or a range such as 10-20:", _figure)
                fields["unit"] = prompt.ask(f"What it counts ({', '.join(get_args(Unit))}):", prompt.one_of(get_args(Unit)))
                fields["measure"] = prompt.ask("What it measures: median or average, of whom, per what:", _something)
                fields["year"] = prompt.ask("The year it speaks of; nothing if it is the article's own:", _year)
                fields["by"] = prompt.ask("Who measured it, where the article says so; nothing if not:", str) or None
            fields["lines"] = prompt.ask("The lines of the article that it stands on, such as 17, 46:", _numbers)
            try:
                fact = Fact(**{key: value for key, value in fields.items() if value is not None})
            except pydantic.ValidationError as error:
                print(f"That is no fact yet: {error.errors()[0]['msg']}")
                continue
            unproved = self._unproved(fact)
            for message in unproved:
                print(message)
            if not unproved:
                return fact_name, fact
            print("Write it again.")

    def _unproved(self, fact: Fact) -> list[str]:
        if self._sources is None:
            return []
        return list(check.unproved(fact, (self._sources / f"{fact.source}.txt").read_text(encoding="utf-8", errors="replace").split("\n")))


def _of_own(readings: Sequence[Reading]) -> Iterator[str]:
    """Yields how the editor's own wordings are understood now."""
    if readings:
        right = sum(reading.acted_on == reading.intent for reading in readings)
        yield f"Of your wordings {right} of {len(readings)} are understood:"
    for reading in readings:
        yield f"  {'right' if reading.acted_on == reading.intent else 'WRONG'} {reading.confidence:.2f} {reading.acted_on}: {reading.text}"


def _new_id(kind: str, taken: Collection[str], example: str) -> Callable[[str], str]:
    """Returns what takes an id that is none yet."""

    def accept(text: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
            raise ValueError(f"An id is lower case letters, digits and underscores, such as {example}. Write it so.")
        if text in taken:
            raise ValueError(f"There is a {kind} '{text}' already. Choose another id.")
        return text

    return accept


def _something(text: str) -> str:
    if not text:
        raise ValueError("It is empty. Write it.")
    return text


def _phrases(text: str) -> list[str]:
    return [phrase for phrase in (part.strip() for part in _something(text).split(";")) if phrase]


def _figure(text: str) -> int | float | list[int | float]:
    numbers = [number.strip().replace(",", "") for number in re.split(r"(?<=\d)\s*(?:-|to)\s*(?=\d)", text.strip().lstrip("$"))]
    try:
        values: list[int | float] = [int(number) if re.fullmatch(r"\d+", number) else float(number) for number in numbers]
    except ValueError:
        raise ValueError(f"'{text}' is no number; allowed: a number such as 50250 or 25.81, or a range such as 10-20. Write it so.") from None
    return values[0] if len(values) == 1 else values


def _year(text: str) -> Optional[int]:
    if text and not re.fullmatch(r"(?:19|20)\d\d", text):
        raise ValueError(f"'{text}' is no year; allowed: four digits such as 2024, or nothing. Write it so.")
    return int(text) if text else None


def _numbers(text: str) -> list[int]:
    if not re.fullmatch(r"\d+(?:[,\s]+\d+)*", text):
        raise ValueError("Lines are numbers with commas between them, such as 17, 46. Write them so.")
    return [int(number) for number in re.findall(r"\d+", text)]


def _raise_first(found: Sequence, name: str) -> None:
    """Raises the first problem of a topic, without where it would stand.

    Raises:
        ValueError: there is one.
    """
    for problem in found:
        message = problem.message.removeprefix(f"topic '{name}': ")
        raise ValueError(message[:1].upper() + message[1:])


def _suggested_name(question: str) -> str:
    words = [word for word in re.findall(r"[a-z]+", question.lower().replace("'s", "")) if word not in STOP_WORDS]
    return "_".join(words[:3]) or "new_topic"
