"""Trains the assistant, if what it is trained on has changed."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path

from bot import knowledge
from bot.knowledge import ROOT

MODELS = ROOT / "models"
TRAINED_FROM = ("config.yml", "domain.yml", "data/*.yml", "bot/nlu/*.py", "requirements.txt")


class TrainingError(RuntimeError):
    """Rasa could not train the assistant."""


def model_path() -> Path:
    """Returns where the model trained on the files as they are now is kept; its name is their hash."""
    digest = hashlib.sha256(knowledge.load().training_fingerprint.encode())
    for pattern in TRAINED_FROM:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return MODELS / f"assistant-{digest.hexdigest()[:16]}.tar.gz"


def ensure_model() -> Path:
    """Returns the model for the files as they are now, trained first if there is none.

    Raises:
        TrainingError: Rasa could not train.
    """
    path = model_path()
    if path.is_file():
        return path
    print("Training the assistant on data/ and knowledge/; a minute or two, only when they changed.", flush=True)
    started = time.monotonic()
    _show_steps()
    import rasa

    result = rasa.train(
        domain=str(ROOT / "domain.yml"),
        config=str(ROOT / "config.yml"),
        training_files=str(ROOT / "data"),
        output=str(MODELS),
        fixed_model_name=path.name.removesuffix(".tar.gz"),
    )
    if not result.model or not path.is_file():
        raise TrainingError("Training failed; the lines above say why. Correct the file they name and run `make train` again.")
    for old in MODELS.glob("assistant-*.tar.gz"):  # `rasa run` takes the newest: let there be no other
        if old != path:
            old.unlink()
    print(f"Trained in {time.monotonic() - started:.0f} s: {path.relative_to(ROOT)}", flush=True)
    return path


def _show_steps() -> None:
    """Prints a line for each component as Rasa starts to train it."""
    steps = logging.getLogger("rasa.engine.training.hooks")
    steps.setLevel(logging.INFO)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("  %(message)s"))
    steps.addHandler(handler)
    steps.propagate = False
