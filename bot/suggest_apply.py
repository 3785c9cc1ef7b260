"""Takes accepted examples into data/nlu.yml, and out again if held-out wordings are understood less well with them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot import check, evaluate, strict_yaml, training
from bot.evaluate import Reading
from bot.strict_yaml import Problem, ProblemsError
from bot.suggest import NLU

Additions = Sequence[tuple[str, str]]  # (intent, wording)
SHOWN = ("in-scope answered rightly", "in-scope asked which is meant", "out-of-scope recall", "small talk top-1")


@dataclass(frozen=True)
class Comparison:
    """How the held-out wordings were understood before and after."""

    before: list[Reading]
    after: list[Reading]

    @property
    def is_worse(self) -> bool:
        return self._right(self.after) < self._right(self.before)

    @staticmethod
    def _right(readings: list[Reading]) -> int:
        return sum(reading.handled_rightly for reading in readings)

    def table(self) -> str:
        """Returns the figures side by side, and the intents of which more or fewer wordings are handled rightly now."""
        lines = [f"{'held-out wordings':<34} {'before':>7} {'after':>7}"]
        total = len(self.before)
        lines.append(f"{f'handled rightly, of {total}':<34} {self._right(self.before):>7} {self._right(self.after):>7}")
        for name in SHOWN:
            lines.append(f"{name:<34} {evaluate.MEASURES[name](self.before):>7.3f} {evaluate.MEASURES[name](self.after):>7.3f}")
        changed: Counter[str] = Counter()
        for before, after in zip(self.before, self.after):
            changed[before.intent] += after.handled_rightly - before.handled_rightly
        for word, sign in (("better", 1), ("worse", -1)):
            intents = [f"{intent} ({count:+d})" for intent, count in sorted(changed.items()) if count * sign > 0]
            lines.append(f"{word}: {', '.join(intents) or 'none'}")
        return "\n".join(lines)


def inserted(text: str, additions: Additions) -> str:
    """Returns the text of an NLU file with examples added below the last one of their intent; all else stays as it is, to the byte.

    Raises:
        ProblemsError: an intent has no examples in the file, or the file's layout is one that this cannot add to.
    """
    lines = text.splitlines(keepends=True)
    document = _document(text)
    examples = check.examples_by_intent(document)
    wanted: dict[str, list[str]] = {}
    for intent, wording in additions:
        wanted.setdefault(intent, []).append(wording)
    places: dict[int, list[str]] = {}
    for intent, wordings in wanted.items():
        if not examples.get(intent):
            raise ProblemsError([Problem("data/nlu.yml", 1, f"intent '{intent}' has no examples. Add an entry for it first.")])
        last = min(examples[intent][-1][0], len(lines)) - 1
        places[last] = [lines[last][: len(lines[last]) - len(lines[last].lstrip())] + f"- {wording}\n" for wording in wordings]
    made = []
    for number, line in enumerate(lines):
        made.append(line)
        if number in places:
            if not line.endswith("\n"):
                made.append("\n")
            made += places[number]
    result = "".join(made)
    try:
        found = check.examples_by_intent(_document(result))
    except ProblemsError:
        found = {}
    for intent, rows in examples.items():
        if [text for _, text in found.get(intent, [])] != [text for _, text in rows] + wanted.get(intent, []):
            raise ProblemsError([Problem("data/nlu.yml", rows[0][0], f"examples cannot be added to '{intent}' as it is laid out. Add them by hand.")])
    return result


def _document(text: str) -> strict_yaml.Document:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nlu.yml"
        file.write_bytes(text.encode())
        return strict_yaml.read(file, "data/nlu.yml")


def apply(additions: Additions, progress: Callable[[str], None] = lambda line: None) -> Comparison:
    """Adds the examples, trains and compares; if it got worse, or was broken off, examples and model are as before.

    Args:
        progress: is told what is done now.
    Raises:
        ProblemsError: the examples cannot be added.
        TrainingError: Rasa could not train.
    """
    model = training.ensure_model()
    progress("Reading the held-out wordings without the new examples ...")
    before = read(model)
    old = NLU.read_bytes().decode()
    new = inserted(old, additions)
    with _model_kept() as put_model_back:
        try:
            _write(new)
            model = training.ensure_model()
            progress("Reading the held-out wordings with them ...")
            comparison = Comparison(before, read(model))
        except BaseException:
            _write(old)
            put_model_back()
            raise
        if comparison.is_worse:
            _write(old)
            put_model_back()
    return comparison


def read(model: Path) -> list[Reading]:
    """Returns how a model reads the held-out wordings."""
    from rasa.core.agent import Agent

    from bot.server import InProcessActionEndpoint

    agent = Agent.load(str(model), action_endpoint=InProcessActionEndpoint())
    return evaluate.read(agent, yaml.safe_load(evaluate.UTTERANCES.read_text(encoding="utf-8")))


@contextmanager
def _model_kept() -> Iterator[Callable[[], None]]:
    """Keeps the model while another is trained, which would take its place; gives what puts it back."""
    model = training.model_path()
    with tempfile.TemporaryDirectory(dir=training.MODELS) as folder:
        kept = Path(folder) / model.name
        shutil.copy2(model, kept)

        def put_back() -> None:
            os.replace(kept, model)
            for other in training.MODELS.glob("assistant-*.tar.gz"):
                if other != model:
                    other.unlink()

        yield put_back


def _write(text: str) -> None:
    """Puts the text in the file's place at once, so that nobody reads half of it."""
    new = NLU.with_name(NLU.name + ".new")
    new.write_bytes(text.encode())
    shutil.copymode(NLU, new)
    os.replace(new, NLU)
