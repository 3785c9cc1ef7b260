"""The sentence encoder in 8 and in 32 bits, its time and what it costs in accuracy: `python -m benchmarks.encoder FOLDER` (of the data sets)."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

import numpy as np
import yaml

from benchmarks import document, nlu
from bot import without_tensorflow
from bot.evaluate import UTTERANCES
from bot.knowledge import ROOT
from bot.nlu import sentence_encoder
from bot.nlu.sentence_encoder import SentenceEncoder

FOLDER = ROOT / "var" / "benchmark" / "encoder"  # apart from the project's own, which keeps the vectors of its examples
WORDS = 10  # of a question
KINDS = {"8 bits, as used": True, "32 bits": False}
ALL_TEXTS = 20_000  # texts kept while accuracy is measured: each seed asks the same


def main(folder: Path) -> None:
    """Measures, prints the table and writes it into the document."""
    without_tensorflow.apply()
    logging.disable(logging.WARNING)
    files = {kind: sentence_encoder.compiled(FOLDER, quantized) for kind, quantized in KINDS.items()}
    times = {kind: question_times(file, questions()) for kind, file in files.items()}
    accuracies = {kind: accuracy(file, folder) for kind, file in files.items()}
    lost = np.mean(accuracies["32 bits"]) - np.mean(accuracies["8 bits, as used"])
    rows = [["", *KINDS]]
    rows.append(
        [
            f"a question of {WORDS} words, one core: p50 / p99, ms",
            *(f"{np.median(new):.2f} / {np.percentile(new, 99):.2f}" for new, _ in times.values()),
        ]
    )
    rows.append(["the same question again: p50, ms", *(f"{np.median(again):.4f}" for _, again in times.values())])
    rows.append(["compiled file, MB", *(f"{file.stat().st_size / 1e6:.0f}" for file in files.values())])
    rows.append([f"BANKING77 {nlu.SHOTS}-shot, mean of {len(nlu.SEEDS)} seeds, %", *(f"{np.mean(of):.2f}" for of in accuracies.values())])
    rows.append(["each seed, %", *(", ".join(f"{figure:.2f}" for figure in of) for of in accuracies.values())])
    said = f"Lost to 32 bits: {lost:.2f} points of accuracy; times as fast: {np.median(times['32 bits'][0]) / np.median(times['8 bits, as used'][0]):.1f}."
    text = f"{document.table(rows)}\n\n{said}\n\n{document.note('python -m benchmarks.encoder FOLDER')}"
    print(text)
    document.write("encoder", text)


def questions() -> list[str]:
    """Returns the held-out questions of WORDS words."""
    wordings = yaml.safe_load(UTTERANCES.read_text(encoding="utf-8"))
    return [text for texts in wordings.values() for text in texts if len(text.split()) == WORDS]


def question_times(file: Path, texts: list[str]) -> tuple[list[float], list[float]]:
    """Returns the milliseconds of each text at first and when it comes again, on one core."""
    encoder, cores = SentenceEncoder(file), os.sched_getaffinity(0)

    def milliseconds(text: str) -> float:
        started = time.perf_counter()
        encoder.encode(text)
        return (time.perf_counter() - started) * 1000

    os.sched_setaffinity(0, {min(cores)})
    try:
        encoder.encode("what is made at the first text is no text's cost")
        return [milliseconds(text) for text in texts], [milliseconds(text) for text in texts]
    finally:
        os.sched_setaffinity(0, cores)


def accuracy(file: Path, folder: Path) -> list[float]:
    """Returns the accuracy on BANKING77 of the pipeline with this encoder, in %, for each seed."""
    sentence_encoder.CACHED_TEXTS = ALL_TEXTS
    encoder = SentenceEncoder(file)
    sentence_encoder.shared_encoder = lambda: encoder  # type: ignore[assignment]
    train, test = nlu.banking77(folder)
    figures = []
    for seed in nlu.SEEDS:
        figures.append(nlu.accuracy(nlu.draw(train, nlu.SHOTS, seed), test)[0])
        print(f"  {file.stem}, BANKING77 {nlu.SHOTS}-shot, seed {seed}: {figures[-1]:.2f}", flush=True)
    return figures


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m benchmarks.encoder FOLDER, the folder that holds banking77/")
    main(Path(sys.argv[1]))
