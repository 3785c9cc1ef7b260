"""Shows suggestions in a terminal, one after the other; a person accepts, edits or rejects each."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from bot.knowledge import FILE, INTENT_PREFIX, Knowledge
from bot.report import Group
from bot.suggest import Example, Pair, Suggestions, Usable

WORDINGS_SHOWN = 8
WIDTH = 100


class Stopped(Exception):
    """The person wants to see no more; what was accepted holds."""


class Review:
    """What a person decides."""

    def __init__(self, known: Knowledge, intents: Collection[str], allowed: Usable, drafts: Path):
        """Starts with nothing accepted.

        Args:
            intents: that have examples.
            drafts: the file to which drafts of new topics are added.
        """
        self.accepted: list[tuple[str, str]] = []  # (intent, wording)
        self._known, self._intents, self._allowed, self._drafts = known, intents, allowed, drafts

    def run(self, suggestions: Suggestions) -> None:
        """Goes through all of them, until the person stops."""
        kinds: list[tuple[Sequence, Callable]] = [
            (suggestions.groups, self._group),
            (suggestions.pairs, self._pair),
            (suggestions.examples, self._example),
        ]
        number = 0
        try:
            for some, review in kinds:
                for one in some:
                    number += 1
                    print(f"\n{number} of {len(suggestions)}: ", end="")
                    review(one)
        except (Stopped, EOFError):
            print()

    def _example(self, example: Example) -> None:
        print(f"example for {self._called(example.intent)}\n  {example.wording}")
        print(f"  Why: {example.reason}{f' ({example.times} times)' if example.times > 1 else ''}.")
        self._decide(example.wording, example.intent)

    def _pair(self, pair: Pair) -> None:
        print(f"{pair.times} wordings fell between {self._called(pair.intents[0])} (1) and {self._called(pair.intents[1])} (2)")
        if not pair.wordings:
            print("  They are examples already, or suggested as such.")
        for wording in pair.wordings:
            print(f"  {wording}")
            choice = _choose("1, 2: what it means; [e]dit first, [r]eject, [s]top", ("1", "2", "e", "r", "s"))
            if choice in ("1", "2"):
                self._accept(wording, pair.intents[int(choice) - 1])
            elif choice == "e":
                edited = _edit(wording)
                if intent := self._intent("What it means"):
                    self._accept(edited, intent)

    def _group(self, group: Group) -> None:
        print(f"asked {group.times} times in {group.conversations} conversations, and no topic answers it")
        _print_wordings(group)
        print(f"  The nearest topic: {self._called(group.nearest)}.")
        choice = _choose("[n]ew topic: write a draft, [t]opic that there is: take the wordings as examples, [r]eject, [s]top", ("n", "t", "r", "s"))
        if choice == "n":
            self._draft(group)
        elif choice == "t" and (intent := self._intent("Which topic or kind", group.nearest)):
            for wording in group.wordings:
                if wording in self._allowed:
                    print(f"  {wording}")
                    self._decide(wording, intent)

    def _decide(self, wording: str, intent: str) -> None:
        """Asks whether a wording becomes an example of the intent, or of another, as it is or edited."""
        while True:
            choice = _choose("[a]ccept, [e]dit, another [t]opic, [r]eject, [s]top", ("a", "e", "t", "r", "s"))
            if choice == "r":
                return
            if choice == "a":
                if self._accept(wording, intent):
                    return
            elif choice == "e":
                wording = _edit(wording)
                print(f"  {wording}")
            else:
                intent = self._intent("Which topic or kind", intent) or intent
                print(f"  for {self._called(intent)}")

    def _accept(self, wording: str, intent: str) -> bool:
        """Notes an example; says why if it cannot be one, and returns whether it can."""
        if reason := self._allowed.why_not(wording):
            print(f"  Not accepted: {reason}")
            return False
        self._allowed.take(wording)
        self.accepted.append((intent, wording))
        return True

    def _intent(self, question: str, given: str = "") -> str | None:
        """Returns the intent whose name, or topic's name, is typed; the one given for an empty line; None if there is none."""
        typed = input(f"  {question}{f' [{given}]' if given else ''}: ").strip() or given
        for intent in (typed, INTENT_PREFIX + typed):
            if intent in self._intents:
                return intent
        near = sorted(intent for intent in self._intents if typed and typed.lower() in f"{intent} {self._called(intent)}".lower())
        print(f"  There is no '{typed}'." + (f" Do you mean {', '.join(near[:5])}?" if near else ""))
        return None

    def _draft(self, group: Group) -> None:
        """Adds a draft of the group's topic to the file."""
        name = input("  A name for the topic, such as dress_code: ").strip().lower().replace(" ", "_")
        if not name.isidentifier() or name in self._known.topics:
            print(f"  No draft: '{name}' is {'a topic already' if name in self._known.topics else 'no name'}.")
            return
        self._drafts.parent.mkdir(exist_ok=True)
        with self._drafts.open("a", encoding="utf-8") as file:
            file.write(draft(name, group, [wording for wording in group.wordings if wording in self._allowed]))
        print(f"  Draft: {self._drafts}. Write its answer and more examples; CONTRIBUTING.md says where they go.")

    def _called(self, intent: str) -> str:
        topic = intent.removeprefix(INTENT_PREFIX)
        return f'{topic} ("{self._known.topics[topic].question}")' if topic in self._known.topics else intent


def draft(name: str, group: Group, wordings: Sequence[str]) -> str:
    """Returns what is known of a new topic, as the two files want it."""
    examples = "".join(f"    - {wording}\n" for wording in wordings)
    return (
        f"# Asked {group.times} times in {group.conversations} conversations.\n"
        f"# For {FILE}, under topics:\n#   {name}:\n#     question: {json.dumps(group.heading, ensure_ascii=False)}\n#     label:\n#     answer:\n#     facts: []\n"
        f"# For data/nlu.yml:\n- intent: {INTENT_PREFIX}{name}\n  examples: |\n{examples}\n"
    )


def listed(suggestions: Suggestions) -> str:
    """Returns all suggestions as text, for where nobody can answer."""
    lines = []
    for group in suggestions.groups:
        lines += [f"No topic answers this, asked {group.times} times in {group.conversations} conversations:", f"  {group.heading}"]
    for pair in suggestions.pairs:
        lines.append(f"{pair.times} wordings fell between {pair.intents[0]} and {pair.intents[1]}.")
    for example in suggestions.examples:
        lines += [f"Example for {example.intent}: {example.wording}", f"  Why: {example.reason}."]
    return "\n".join(lines)


def _print_wordings(group: Group) -> None:
    for wording, times in group.wordings.most_common(WORDINGS_SHOWN):
        print(textwrap.fill(f"{wording}{f' ({times} times)' if times > 1 else ''}", WIDTH, initial_indent="  - ", subsequent_indent="    "))
    if len(group.wordings) > WORDINGS_SHOWN:
        print(f"    and {len(group.wordings) - WORDINGS_SHOWN} more wordings")


def _choose(question: str, allowed: Sequence[str]) -> str:
    """Returns the letter typed.

    Raises:
        Stopped: it is s.
    """
    while True:
        typed = input(f"  {question}: ").strip().lower()
        if typed == "s":
            raise Stopped
        if typed in allowed:
            return typed
        print(f"  Type one of {', '.join(allowed)}.")


def _edit(wording: str) -> str:
    """Returns the wording as the person changes it."""
    import readline

    readline.set_startup_hook(lambda: readline.insert_text(wording))
    try:
        return " ".join(input("  Edit: ").split()) or wording
    finally:
        readline.set_startup_hook(None)
