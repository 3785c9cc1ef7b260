"""Trains the assistant, if what it is trained on has changed."""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import time
from pathlib import Path

import yaml

from bot import knowledge
from bot.knowledge import HOME, ROOT

MODELS = HOME / "models"
TRAINED_FROM = ((ROOT, "config.yml"), (HOME, "domain.yml"), (HOME, "data/*.yml"), (ROOT, "bot/nlu/*.py"), (ROOT, "requirements.txt"))


class TrainingError(RuntimeError):
    """Rasa could not train the assistant."""


def model_path() -> Path:
    """Returns where the model trained on the files as they are now is kept; its name is their hash."""
    digest = hashlib.sha256(knowledge.load().training_fingerprint.encode())
    for folder, pattern in TRAINED_FROM:
        for path in sorted(folder.glob(pattern)):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return MODELS / f"assistant-{digest.hexdigest()[:16]}.tar.gz"


def ensure_model() -> Path:
    """Returns the model for the files as they are now, trained first if there is none.

    Raises:
        TrainingError: Rasa could not train.
    """
    path = model_path()
    if path.is_file():
        return path
    MODELS.mkdir(exist_ok=True)
    if not os.access(MODELS, os.W_OK):
        raise TrainingError(
            "models/ has no model of data/, knowledge/ and the code as they are now, and cannot be written. Build the image anew: it trains one."
        )
    print("Training the assistant on data/ and knowledge/; some minutes, only when they changed.", flush=True)
    started = time.monotonic()
    import rasa

    from bot import rasa_patches

    _check_config()
    _show_steps()
    rasa_patches.apply_to_training()

    result = rasa.train(
        domain=str(HOME / "domain.yml"),
        config=str(ROOT / "config.yml"),
        training_files=str(HOME / "data"),
        output=str(MODELS),
        fixed_model_name=path.name.removesuffix(".tar.gz"),
    )
    if not result.model or not path.is_file():
        raise TrainingError("Training failed; the lines above say why. Correct the file they name and run `make train` again.")
    for old in MODELS.glob("assistant-*.tar.gz"):  # `rasa run` takes the newest: let there be no other
        if old != path:
            old.unlink()
    print(f"Trained in {time.monotonic() - started:.0f} s: {path.relative_to(HOME)}", flush=True)
    return path


def _check_config() -> None:
    """Refuses unknown keys of our components before any is trained; Rasa makes a component only when the ones before it are done.

    Raises:
        InvalidConfigException: a key that the component does not have.
    """
    from bot.nlu.component import complete_config

    for entry in yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8")).get("pipeline") or []:
        module, _, name = entry["name"].rpartition(".")
        if module.startswith("bot."):
            complete_config(getattr(importlib.import_module(module), name), {key: value for key, value in entry.items() if key != "name"})


def _show_steps() -> None:
    """Prints a line for each component as Rasa starts to train it."""
    steps = logging.getLogger("rasa.engine.training.hooks")
    steps.setLevel(logging.INFO)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("  %(message)s"))
    steps.addHandler(handler)
    steps.propagate = False
