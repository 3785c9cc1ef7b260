"""Tries a change of a career's files: trains with it, compares how held-out wordings are understood, and puts all back unless it is kept."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot import evaluate, topic_files, training
from bot.evaluate import MEASURES, Reading
from bot.knowledge import ROOT

SHOWN = (
    "in-scope top-1", "in-scope answered rightly", "in-scope asked which is meant", "in-scope refused", "out-of-scope recall", "small talk top-1",
)  # fmt: skip
MARKS = {1: "better", 0: "neither better nor worse", -1: "worse"}


class UndoneError(RuntimeError):
    """The files were put back as they were; the text says why."""


@dataclass(frozen=True)
class Comparison:
    """How the held-out wordings were understood before and after."""

    before: list[Reading]
    after: list[Reading]

    @property
    def is_worse(self) -> bool:
        """Whether fewer wordings are handled rightly."""
        return self._right(self.after) < self._right(self.before)

    @staticmethod
    def _right(readings: list[Reading]) -> int:
        return sum(reading.handled_rightly for reading in readings)

    def table(self) -> str:
        """Returns the figures, and what is read otherwise by number: who writes examples is not to see the wordings."""
        lines = [f"{f'{len(self.before)} held-out wordings':<30} {'before':>7} {'after':>7}"]
        lines.append(f"{'handled rightly':<30} {self._right(self.before):>7} {self._right(self.after):>7}")
        for name in SHOWN:
            old, new = MEASURES[name](self.before), MEASURES[name](self.after)
            if old == old and new == new:  # neither is NaN, as where there are none of the kind
                lines.append(f"{name:<30} {old:>7.3f} {new:>7.3f}")
        changed = Counter(
            (one.intent, one.acted_on, other.acted_on, other.handled_rightly - one.handled_rightly)
            for one, other in zip(self.before, self.after)
            if one.acted_on != other.acted_on
        )
        for (intent, was, now, gain), times in changed.most_common():
            lines.append(f"{times} of {intent}: read as {was} before, as {now} now ({MARKS[gain]})")
        return "\n".join(lines if changed else [*lines, "None is read otherwise than before."])


@contextmanager
def tried(texts: dict[str, str]) -> Iterator[tuple[Comparison, Any]]:
    """Writes the texts and trains; gives what changed, and the agent. Files and model are put back if the block raises anything, Ctrl-C included.

    Args:
        texts: of files, by their path in the folder of the career.
    Raises:
        TrainingError: Rasa could not train on the files as they are.
        UndoneError: nor with the change.
    """
    from bot.ask import assistant

    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed window is a Ctrl-C
        signal.signal(number, signal.default_int_handler)
    held_out = yaml.safe_load(evaluate.UTTERANCES.read_text(encoding="utf-8")) or {}
    model = training.ensure_model()
    print("Reading the held-out wordings with the assistant as it is ...", flush=True)
    with assistant(model) as agent:
        before = evaluate.read(agent, held_out)
    with _kept(model), topic_files.written(texts):
        print("Training ...", flush=True)
        if subprocess.run([sys.executable, "-m", "bot", "train"], cwd=ROOT).returncode:
            raise UndoneError("Training failed; the lines above say why. The files are as they were.")
        print("Reading the wordings with the assistant as it is now ...", flush=True)
        with assistant(training.model_path()) as agent:
            yield Comparison(before, evaluate.read(agent, held_out)), agent


@contextmanager
def _kept(model: Path) -> Iterator[None]:
    """Puts the trained model back in place of a newer one if anything goes wrong in the block."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(model, folder)
        try:
            yield
        except BaseException:
            for made in training.MODELS.glob("assistant-*.tar.gz"):
                if made != model:
                    made.unlink()
            if not model.exists():
                shutil.copy(copy, model)
            raise
